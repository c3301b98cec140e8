"""What `sagemakerPipeline.triggers` and `.notifications` declare, given types: what sets the pipeline off, and who is told of it.

In: their mappings, in the shape of the schema. Out: one `TriggerConfig` or `NotificationConfig` for each, and findings for what
cannot stand together in one. What a schedule, a pattern or a value must be like is checked with the compiled pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.config.expressions import Event
from framework.config.schema import definition
from framework.config.schema_wording import constants
from framework.config.values import Map, Seq
from framework.findings import Finding, Place

RULE = "SMP310"
SCHEDULE, S3, CODECOMMIT, MODEL_PACKAGE, EVENT_PATTERN = "schedule", "s3", "codecommit", "model_package_group", "event_pattern"
KINDS: Mapping[str, tuple[str, ...]] = {
    SCHEDULE: ("timezone", "window_minutes"),
    S3: (),
    CODECOMMIT: (),
    MODEL_PACKAGE: ("status",),
    EVENT_PATTERN: ("event_bus",),
}
"""The keys that say what sets a trigger off, each with those that go with it alone."""

Say = Callable[[Iterable[Finding]], Any]

_PATH = ("conf", "sagemakerPipeline")


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """A trigger. `kind` is the key of `KINDS` that it has; "" for one that is broken. `values` keeps the places of its keys."""

    name: str
    kind: str
    values: Map
    place: Place


@dataclass(frozen=True, slots=True)
class NotificationConfig:
    """A notification. `name` is "" where none is given; `values` keeps the places of its keys."""

    name: str
    values: Map
    place: Place


def read_triggers(declared: Any, say: Say) -> tuple[TriggerConfig, ...]:
    """The triggers in the order they are written; `say` takes what of them excludes each other or is not known when compiling."""
    triggers: list[TriggerConfig] = []
    for name, values in declared.items() if isinstance(declared, Map) else ():
        if isinstance(values, Map):
            place = declared.key_place_of(name)
            kinds = [kind for kind in KINDS if kind in values]
            say(_choice(name, kinds, values, place))
            say(_unknown_values(values, (*_PATH, "triggers", name), "parameters"))
            triggers.append(TriggerConfig(name, kinds[0] if len(kinds) == 1 else "", values, place))
    return tuple(triggers)


def read_notifications(declared: Any, say: Say) -> tuple[NotificationConfig, ...]:
    """The notifications in the order they are written; `say` takes what of them is not known when compiling."""
    notifications: list[NotificationConfig] = []
    for index, values in enumerate(declared if isinstance(declared, Seq) else ()):
        if isinstance(values, Map):
            say(_unknown_values(values, (*_PATH, "notifications", index), "text"))
            name = values.get("name")
            notifications.append(NotificationConfig(name if isinstance(name, str) else "", values, declared.place_of(index)))
    return tuple(notifications)


def _choice(name: str, kinds: list[str], values: Map, place: Place) -> Iterator[Finding]:
    listed = f"{', '.join(list(KINDS)[:-1])} or {list(KINDS)[-1]}"
    if len(kinds) > 1:
        message = f"the trigger {name} has {' and '.join(kinds)}; it takes exactly one of {listed}"
        yield Finding(RULE, values.key_place_of(kinds[-1]), message, "make two triggers of it")
    elif not kinds and values.keys() <= _known():
        yield Finding(RULE, place, f"the trigger {name} needs exactly one of {listed}", f"set {listed}")
    for kind, companions in KINDS.items() if len(kinds) == 1 else ():
        for key in companions:
            if key in values and kind not in kinds:
                message = f"the trigger {name} has {key}, which goes with {kind} alone"
                yield Finding(RULE, values.key_place_of(key), message, f"remove {key}, or set {kind} in place of {kinds[0]}")


def _known() -> set[str]:
    """The keys of a trigger. One that is none may be a misspelt one of `KINDS`, and is said to be unknown."""
    return set(definition("trigger")["properties"])


def _unknown_values(values: Map, path: tuple[str | int, ...], eventful: str) -> Iterator[Finding]:
    """Findings for what is not known when compiling; what stands below `eventful` may name parts of the event."""
    for key, value in values.items():
        yield from constants(value, (*path, key), values.place_of(key), (Event,) if key == eventful else ())
