from __future__ import annotations

import copy
from typing import Any

import pytest

from framework.pipeline.modified import modified, new

BEFORE: dict[str, Any] = {
    "Parameters": [{"Name": "Depth", "Type": "Integer", "DefaultValue": 6}, {"Name": "Unused", "Type": "String"}],
    "Steps": [
        {"Name": "a", "Type": "Training", "Arguments": {"HyperParameters": {"depth": {"Get": "Parameters.Depth"}}}},
        {"Name": "b", "Type": "Model", "Arguments": {"x": [1, 2]}, "DependsOn": ["a", {"Step": "c"}]},
        {"Name": "c", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [{"Name": "d", "Type": "Fail"}]}},
        {"Name": "l", "Type": "ForEach", "Arguments": {"ForEachBody": [{"Name": "e", "Type": "Lambda", "Arguments": {"k": 1}}]}},
    ],
}


def change(path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(BEFORE)
    *holders, last = [int(key) if key.isdigit() else key for key in path.split("/")]
    place: Any = changed
    for key in holders:
        place = place[key]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEFORE, set()),
        (change("Steps/1/Arguments/x", [2, 1]), {"b"}),
        (change("Steps/1/DependsOn", [{"Step": "c"}, "a"]), set()),
        (change("Steps/1/DependsOn", ["a"]), {"b"}),
        (change("Steps/0/CacheConfig", {"Enabled": True}), {"a"}),
        (change("Parameters/0/DefaultValue", 7), {"a"}),
        (change("Parameters/1/DefaultValue", "x"), set()),
        (change("Parameters", []), {"a"}),
        (change("Metadata", {"x": 1}), set()),
        (change("Steps/2/Arguments/IfSteps/0/Arguments", {"ErrorMessage": "x"}), {"d"}),
        (change("Steps/2/Arguments/IfSteps", []), {"c"}),
        (change("Steps/2/Arguments/ElseSteps", [{"Name": "f", "Type": "Fail"}]), {"c", "f"}),
        (change("Steps/3/Arguments/ForEachBody/0/Arguments/k", 1.0), {"e"}),
        (change("Steps/3/Arguments/MaxConcurrency", 2), {"l"}),
    ],
)
def test_what_is_not_as_it_was(now: dict[str, Any], expected: set[str]) -> None:
    assert modified(now, BEFORE) == expected


def test_what_was_not_there_is_modified_and_new() -> None:
    added = {**BEFORE, "Steps": [*BEFORE["Steps"], {"Name": "z", "Type": "Fail"}]}
    assert modified(added, BEFORE) == new(added, BEFORE) == {"z"}
    assert modified(BEFORE, added) == new(BEFORE, added) == set()
    assert modified(BEFORE, None) == new(BEFORE, None) == set("abcdel")


def test_moving_steps_changes_only_what_they_were_in() -> None:
    moved = copy.deepcopy(BEFORE)
    moved["Steps"].append(moved["Steps"][2]["Arguments"]["IfSteps"].pop())
    moved["Steps"].reverse()
    assert modified(moved, BEFORE) == {"c"}
