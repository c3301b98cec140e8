"""A plan as anybody may read it: the plan in, data that holds no secret out, neither one that was nor one that will be.

What the configuration hides is hidden on both sides. Of a value that programs get and that goes away nobody knows any more where it
came from: it is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from framework.config.reader import read_value
from framework.findings import Place
from framework.pipeline.secrets import HIDDEN, credential_in, is_for_programs, is_secret, looks_random, shown_data

if TYPE_CHECKING:
    from framework.deploy.fields import FieldChange
    from framework.deploy.plan import Change, Plan

_IN_DEFINITION = ("definition", "parameter", "step")
_ORDER = " (order)"
_WORD = re.compile(r"[^.\[\]']+")


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan in JSON types, secrets hidden."""
    old = shown_data(plan.deployed.definition, ()) if plan.deployed else {}
    new = shown_data(plan.pipeline.definition, ())
    changes = [
        {**change.to_json(), "fields": [_field(each, change, old, new) for each in change.fields]} for change in plan.changes
    ]
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
    shown = _bare(shown_data(value, words), is_for_programs(words))
    return text if shown == value and not findings else f"{name}{equals}{HIDDEN}"


def _field(field: FieldChange, change: Change, old: Any, new: Any) -> dict[str, Any]:
    from framework.deploy.fields import ABSENT, at, canonical

    data = field.to_json()
    words = [*_WORD.findall(field.path), *([change.name] if change.what in {"parameter", "tag"} else [])]
    if any(map(is_secret, words)):
        return {key: HIDDEN if key in {"before", "after"} else value for key, value in data.items()}
    programs = is_for_programs(words)
    for side, keys, whole in (("before", field.old, old), ("after", field.new, new)):
        found = at(whole, keys) if change.what in _IN_DEFINITION and not field.path.endswith(_ORDER) else ABSENT
        if side in data:
            data[side] = _bare(shown_data(data[side], words) if found is ABSENT else found, programs)
    gone = field.after is ABSENT
    if programs and "before" in data and (gone or canonical(data["after"]) != canonical(field.after)):
        data["before"] = HIDDEN
    return data


def _bare(value: Any, programs: bool) -> Any:
    """The value without what looks like a credential."""
    if isinstance(value, Mapping):
        return {key: _bare(item, programs) for key, item in value.items()}
    if isinstance(value, list):
        return [_bare(item, programs) for item in value]
    if isinstance(value, str) and (credential_in(value) or (programs and looks_random(value))):
        return HIDDEN
    return value
