"""Configured steps that become two steps of the definition: a batch transform, and the check of what goes in or comes out.

In: the steps of a pipeline as the configuration describes them. Out: the same steps, those of class MonitorBatchTransform replaced
by `{name}-transform` and `{name}-monitoring`. What waits for NAME waits for the later of the two, what NAME waits for lets the
earlier one start, and what reads NAME reads the transform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from framework.config.expressions import Expression, Ref
from framework.config.model import MONITOR, TRANSFORM, Section, StepConfig
from framework.config.values import Map
from framework.findings import Finding

TRANSFORM_SUFFIX, CHECK_SUFFIX = "-transform", "-monitoring"
_NAME_LIMIT = 64
_ORDERING = ("depends_on", "retry_policies")
"""Keys of the step that are those of one of the two only."""

_OF_CHECK = ("BaselineUsedForDriftCheck", "CalculatedBaseline")
"""What the properties of a check step begin with."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two steps that one configured step becomes, in the order in which they run."""

    first: str
    last: str
    transform: str
    check: str


def pairs_of(steps: Iterable[StepConfig], report: Callable[[Finding], None]) -> dict[str, Pair]:
    """The pairs among the steps, by the names that the configuration gives them."""
    pairs = {}
    for step in steps:
        if step.step_class == MONITOR:
            transform, check = step.name + TRANSFORM_SUFFIX, step.name + CHECK_SUFFIX
            before = step.given is not None and step.given.values.get("monitor_before_transform") is True
            pairs[step.name] = Pair(check, transform, transform, check) if before else Pair(transform, check, transform, check)
            if len(check) > _NAME_LIMIT:
                message = f"{check} has {len(check)} characters, and a step's name at most {_NAME_LIMIT}"
                report(
                    Finding(
                        "SMP104", step.place, message, f"give it a name of at most {_NAME_LIMIT - len(CHECK_SUFFIX)} characters"
                    )
                )
    return pairs


def expanded(step: StepConfig, pairs: Mapping[str, Pair]) -> Iterator[StepConfig]:
    """The steps that a configured step becomes: itself, or its two; pairs in its branches are named by both of their names."""
    branches = {member: tuple(name for given in names for name in _both(given, pairs)) for member, names in step.branches.items()}
    chain = tuple(pairs[name].transform if name in pairs else name for name in step.chain)
    step = replace(step, branches=branches, chain=chain)
    pair = pairs.get(step.name)
    if pair is None or step.step_class != MONITOR:
        yield step
        return
    given = step.given or Section(step.section, step.values, broken=True)
    monitor = given.values.get("monitor")
    settings = monitor if isinstance(monitor, Map) else Map(step.place)
    check_class = str(settings.get("step_class") or "")
    transform = replace(step, name=pair.transform, step_class=TRANSFORM, given=replace(given, values=_of_transform(given.values)))
    check = replace(
        step,
        name=pair.check,
        step_class=check_class,
        section="",
        chain=(),
        prefix="",
        given=Section("monitor", settings, given.broken),
    )
    transform = replace(transform, values=_values(step, TRANSFORM_SUFFIX, () if pair.first == pair.transform else ("depends_on",)))
    check = replace(check, values=_values(step, CHECK_SUFFIX, _ORDERING if pair.last == pair.check else ("retry_policies",)))
    yield from (transform, check) if check_class else (transform,)


def _both(name: str, pairs: Mapping[str, Pair]) -> tuple[str, ...]:
    return (pairs[name].first, pairs[name].last) if name in pairs else (name,)


def _of_transform(values: Map) -> Map:
    """The keys of the section that are a transform's."""
    result = Map(values.place)
    for key in values:
        if not key.startswith("monitor"):
            result.take(key, values)
    return result


def _values(step: StepConfig, suffix: str, without: Iterable[str]) -> Map:
    """The keys of the step that are also those of one of its two."""
    values = Map(step.values.place)
    for key in step.values:
        if key not in without:
            values.take(key, step.values)
    title = values.get("display_name")
    if isinstance(title, str):
        values["display_name"] = title + suffix
    return values


def property_of(value: Ref, pair: Pair) -> Expression:
    """The property of one of the two that a property of the configured step is."""
    return replace(value, step=pair.check if value.path.startswith(_OF_CHECK) else pair.transform)
