from __future__ import annotations

import copy
import json
import pickle

import pytest

from framework.deploy.fields import ABSENT, FieldChange, at, below, canonical, field_changes, in_order, value_at
from framework.findings import Place

CASES = [
    ({}, {}, []),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
    ({"b": 1, "a": 1}, {"b": 2, "a": 2}, [("a", 1, 2), ("b", 1, 2)]),
    ({"a": {"b": {"c": "x"}}}, {"a": {"b": {"c": "y"}}}, [("a.b.c", "x", "y")]),
    ({"a": {"sagemaker:x y": 1}}, {"a": {"sagemaker:x y": 2}}, [("a['sagemaker:x y']", 1, 2)]),
    ({}, {"a": None}, [("a", ABSENT, None)]),
    ({"a": None}, {}, [("a", None, ABSENT)]),
    ({"a": "(absent)"}, {}, [("a", "(absent)", ABSENT)]),
    ({"a": 1}, {"a": True}, [("a", 1, True)]),
    ({"a": 1}, {"a": 1.0}, [("a", 1, 1.0)]),
    ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
    ({"a": [1, 2]}, {"a": [1, 3]}, [("a[1]", 2, 3)]),
    ({"a": [1, 2]}, {"a": [1]}, [("a", [1, 2], [1])]),
    ({"a": ["x"]}, {"a": "x"}, [("a", ["x"], "x")]),
    ({"a": []}, {"a": [{"Name": "x"}]}, [("a", [], [{"Name": "x"}])]),
    (
        {"Inputs": [{"InputName": "code", "Uri": "1"}, {"InputName": "data", "Uri": "1"}]},
        {"Inputs": [{"InputName": "code", "Uri": "2"}, {"InputName": "more"}]},
        [
            ("Inputs['code'].Uri", "1", "2"),
            ("Inputs['data']", {"InputName": "data", "Uri": "1"}, ABSENT),
            ("Inputs['more']", ABSENT, {"InputName": "more"}),
        ],
    ),
    (
        {"L": [{"Name": "a"}, {"Name": "b", "v": 1}]},
        {"L": [{"Name": "b", "v": 2}, {"Name": "a"}]},
        [("L (order)", ["a", "b"], ["b", "a"]), ("L['b'].v", 1, 2)],
    ),
    (  # the order of tags means nothing
        {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]},
        {"Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]},
        [("Tags['b'].Value", "1", "2")],
    ),
    ({"L": [{"Name": "a"}, {"Name": "a"}]}, {"L": [{"Name": "a"}, {"Name": "b"}]}, [("L[1].Name", "a", "b")]),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_what_differs_in_nothing_is_the_same_in_order(before, after, expected):
    assert (canonical(in_order(before)) == canonical(in_order(after))) == (not expected)


def test_tags_in_another_order():
    tags = [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": [{"Key": "d"}, {"Key": "c"}]}]
    assert in_order({"Tags": tags, "L": [2, 1]}) == {
        "Tags": [{"Key": "a", "Value": [{"Key": "c"}, {"Key": "d"}]}, {"Key": "b", "Value": "1"}],
        "L": [2, 1],
    }


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_field_changes(before, after, expected):
    found = [(each.path, each.before, each.after) for each in field_changes(before, after)]

    assert [(path, json.dumps(old), json.dumps(new)) for path, old, new in found] == [
        (path, json.dumps(old), json.dumps(new)) for path, old, new in expected
    ]
    assert [(old is ABSENT, new is ABSENT) for _, old, new in found] == [(old is ABSENT, new is ABSENT) for _, old, new in expected]


def test_absent_survives_copies_and_json():
    assert copy.deepcopy(ABSENT) is ABSENT
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT
    assert json.dumps(ABSENT) == '"(absent)"'


BEFORE = {"L": [{"Name": "a"}, {"Name": "b", "v": {"x y": 1}}], "M": [1, 2], "gone": 0}
AFTER = {"L": [{"Name": "b", "v": {"x y": 2}}, {"Name": "c"}], "M": [1, 3]}


def test_each_change_says_where_it_stands_on_both_sides():
    found = {each.path: (each.old, each.new) for each in field_changes(BEFORE, AFTER)}

    assert found == {
        "L['a']": (("L", 0), ("L",)),
        "L['b'].v['x y']": (("L", 1, "v", "x y"), ("L", 0, "v", "x y")),
        "L['c']": (("L",), ("L", 1)),
        "M[1]": (("M", 1), ("M", 1)),
        "gone": (("gone",), ("gone",)),
    }
    for each in field_changes(BEFORE, AFTER):
        assert each.before is ABSENT or at(BEFORE, each.old) == each.before
        assert each.after is ABSENT or at(AFTER, each.new) == each.after


def test_seen_from_further_out_the_keys_begin_there():
    seen = below(FieldChange("a", 1, 2, ("a",), ("b",)), ("Steps", 0), ("Steps", 4))

    assert (seen.old, seen.new) == (("Steps", 0, "a"), ("Steps", 4, "b"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("L['b'].v['x y']", 1),
        ("L[1].Name", "b"),
        ("M[0]", 1),
        ("", BEFORE),
        ("L['z']", ABSENT),
        ("L.b", ABSENT),
        ("M['a']", ABSENT),
        ("M[9]", ABSENT),
        ("M[0].x", ABSENT),
        ("L[", ABSENT),
        ("gone!", ABSENT),
    ],
)
def test_what_stands_at_a_path(path, value):
    expected = {"Name": "b", "v": {"x y": 1}} if path == "L.b" else value
    found = value_at(BEFORE, path)

    assert (found is ABSENT) == (expected is ABSENT)
    assert found == expected


def test_a_field_as_json_tells_its_line_where_it_has_one():
    assert FieldChange("a", ABSENT, None).to_json() == {"path": "a", "after": None}
    placed = FieldChange("a", 1, ABSENT, place=Place("c.yaml", 3, 5))
    assert placed.to_json() == {"path": "a", "before": 1, "file": "c.yaml", "line": 3, "column": 5}
