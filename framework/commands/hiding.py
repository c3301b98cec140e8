"""A plan as anybody may read it: the plan in, data that holds no secret out, neither one that was nor one that will be.

What the configuration hides is hidden on both sides. Of a value that programs get and that is not in the configuration, or is no
longer, nobody knows where it came from: it is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from framework.config.reader import read_value
from framework.findings import Place
from framework.pipeline.secrets import HIDDEN, bare, is_for_programs, is_secret, shown_data

if TYPE_CHECKING:
    from framework.deploy.elements import Element
    from framework.deploy.fields import FieldChange
    from framework.deploy.plan import Change, Plan

_IN_DEFINITION = ("definition", "parameter", "step")
_ORDER = " (order)"
_WORD = re.compile(r"[^.\[\]']+")


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan of a configuration in JSON types, secrets hidden."""
    old = shown_data(plan.deployed.definition, ()) if plan.deployed else {}
    new = shown_data(plan.pipeline.definition, ())
    return _data(plan, lambda change, field: _field(field, change, old, new))


def found_data(plan: Plan, known: Mapping[str, Any] | None) -> dict[str, Any]:
    """A plan between two definitions of which none was compiled here, in JSON types, secrets hidden.

    Args:
        plan: the plan.
        known: what the configuration compiles to now; None where there is none.
    """
    from framework.deploy.elements import parameters, roots, steps

    shown = shown_data(known, ()) if known else {}
    parts = {"step": steps(shown), "parameter": parameters(shown), "definition": roots(shown)}
    return _data(plan, lambda change, field: _found(field, change, parts.get(change.what, {}).get(change.name)))


def _data(plan: Plan, shown: Callable[[Change, FieldChange], dict[str, Any]]) -> dict[str, Any]:
    changes = [{**change.to_json(), "fields": [shown(change, each) for each in change.fields]} for change in plan.changes]
    data = plan.to_json()
    return {**data, "tags": shown_data(data["tags"], ()), "changes": changes}


def option_data(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the command line as they may be kept, secrets hidden."""
    overrides = [_assignment(each) for each in settings.get("overrides", ())]
    return {key: overrides if key == "overrides" else value for key, value in settings.items()}


def _assignment(text: str) -> str:
    """An assignment of --set, without its value where there is a secret in it."""
    name, equals, given = text.partition("=")
    words = _WORD.findall(name)
    value, _, findings = read_value(given.strip(), Place(f"--set {name.strip()}"))
    shown = bare(shown_data(value, words), is_for_programs(words))
    return text if shown == value and not findings else f"{name}{equals}{HIDDEN}"


def _field(field: FieldChange, change: Change, old: Any, new: Any) -> dict[str, Any]:
    from framework.deploy.fields import ABSENT, at, canonical

    data, words = field.to_json(), _words(field, change)
    if any(map(is_secret, words)) or _is_raw(field):
        return _hidden(data)
    programs = is_for_programs(words)
    for side, keys, whole in (("before", field.old, old), ("after", field.new, new)):
        found = at(whole, keys) if change.what in _IN_DEFINITION and not field.path.endswith(_ORDER) else ABSENT
        if side in data:
            data[side] = bare(_without_json(shown_data(data[side], words)) if found is ABSENT else found, programs)
    gone = field.after is ABSENT
    if programs and "before" in data and (gone or canonical(data["after"]) != canonical(field.after)):
        data["before"] = HIDDEN
    return data


def _found(field: FieldChange, change: Change, known: Element | None) -> dict[str, Any]:
    """A field of which the configuration may know where its values come from."""
    from framework.deploy.fields import ABSENT, value_at

    data, words = field.to_json(), _words(field, change)
    if any(map(is_secret, words)):
        return _hidden(data)
    now = value_at(known.value, field.path) if known else ABSENT
    programs = is_for_programs(words)
    for side in ("before", "after"):
        if side in data:
            data[side] = bare(_vouched(shown_data(data[side], words), now, programs), programs)
    return data


def _vouched(value: Any, now: Any, programs: bool) -> Any:
    """The value without what programs get of which the configuration does not say that it may be seen."""
    from framework.deploy.fields import ABSENT, at

    if isinstance(value, Mapping):
        return {key: _vouched(item, at(now, [key]), programs or is_for_programs([key])) for key, item in value.items()}
    if isinstance(value, list):
        return [_vouched(item, at(now, [index]), programs) for index, item in enumerate(value)]
    return HIDDEN if programs and isinstance(value, str) and now in (ABSENT, HIDDEN) else value


def _words(field: FieldChange, change: Change) -> list[str]:
    return [*_WORD.findall(field.path), *([change.name] if change.what in {"parameter", "tag"} else [])]


def _hidden(data: dict[str, Any]) -> dict[str, Any]:
    return {key: HIDDEN if key in {"before", "after"} else value for key, value in data.items()}


def _is_raw(field: FieldChange) -> bool:
    """Whether a field is a part of the call that a schedule makes: one text, of which nobody knows what its parts come from."""
    from framework.deploy.fields import ABSENT

    texts = [value for value in (field.before, field.after) if isinstance(value, str) and value is not ABSENT]
    return ".Input.PipelineParameters" in f".{field.path}" or (field.path.endswith("Input") and bool(texts))


def _without_json(value: Any) -> Any:
    """The target of a schedule without the values of parameters in its call."""
    if not isinstance(value, Mapping):
        return value
    call = value.get("Input")
    if isinstance(call, Mapping) and "PipelineParameters" in call:
        given = call["PipelineParameters"]
        shown = dict.fromkeys(given, HIDDEN) if isinstance(given, Mapping) else HIDDEN
        return {**value, "Input": {**call, "PipelineParameters": shown}}
    return {key: _without_json(item) for key, item in value.items()}
