from __future__ import annotations

import copy
import json
import pickle

import pytest

from framework.deploy.fields import ABSENT, field_changes

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
    ({"L": [{"Name": "a"}, {"Name": "a"}]}, {"L": [{"Name": "a"}, {"Name": "b"}]}, [("L[1].Name", "a", "b")]),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_field_changes(before, after, expected):
    found = list(field_changes(before, after))

    assert [(path, json.dumps(old), json.dumps(new)) for path, old, new in found] == [
        (path, json.dumps(old), json.dumps(new)) for path, old, new in expected
    ]
    assert [(old is ABSENT, new is ABSENT) for _, old, new in found] == [(old is ABSENT, new is ABSENT) for _, old, new in expected]


def test_absent_survives_copies_and_json():
    assert copy.deepcopy(ABSENT) is ABSENT
    assert pickle.loads(pickle.dumps(ABSENT)) is ABSENT
    assert json.dumps(ABSENT) == '"(absent)"'
