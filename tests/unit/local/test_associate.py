from __future__ import annotations

from typing import Any

import pytest

from framework.local.associate import Association, SelectionError, association, compile_filter

ROW = [10, 11, 12, 13]
MAP = {"id": 1, "features": [5, 6], "a": {"b": 2, "c": 3}, "odd name": 4}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("$", ROW, ROW),
        ("$[0]", ROW, 10),
        ("$[-1]", ROW, 13),
        ("$[1:]", ROW, [11, 12, 13]),
        ("$[:-1]", ROW, [10, 11, 12]),
        ("$[1:3]", ROW, [11, 12]),
        ("$[0,-1]", ROW, [10, 13]),
        ("$[0, 2:]", ROW, [10, 12, 13]),
        ("$.features", MAP, [5, 6]),
        ("$['odd name']", MAP, 4),
        ('$["id"]', MAP, 1),
        ("$['id','features']", MAP, {"id": 1, "features": [5, 6]}),
        ("$.a.b", MAP, 2),
        ("$.a['b', 'c']", MAP, {"b": 2, "c": 3}),
        ("$.a.['b','c']", MAP, {"b": 2, "c": 3}),
        ("$.features[1:]", MAP, [6]),
    ],
)
def test_filters(path: str, value: Any, expected: Any) -> None:
    assert compile_filter(path)(value) == expected


@pytest.mark.parametrize("path", ["", "features", "$..x", "$.*", "$[*]", "$[?(@.x)]", "$[1:4:2]", "$['a", "$[a]", "$.a b"])
def test_filters_outside_of_the_subset(path: str) -> None:
    with pytest.raises(SelectionError, match="the filter"):
        compile_filter(path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("$[4]", ROW, "a record of 4 values has none at 4"),
        ("$[0,-5]", ROW, "a record of 4 values has none at -5"),
        ("$.nope", MAP, "a record has no 'nope'"),
        ("$[0]", MAP, "a record is not a list"),
        ("$.id", ROW, "a record has no 'id'"),
    ],
)
def test_filters_that_find_nothing(path: str, value: Any, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        compile_filter(path)(value)


def plan(kind: str = "text/csv", split: str = "Line", accept: str | None = None, **processing: str) -> Association | None:
    source = {"ContentType": kind, "SplitType": split}
    return association({"TransformInput": source, "TransformOutput": {"Accept": accept}, "DataProcessing": processing})


CSV_ROWS = [b'7,"a,b",1.50\n', b"8,c,2\n"]
JSON_ROWS = [b'{"id": 7, "x": [1, 2]}\n', b'{"id": 8, "x": [3, 4]}\n']


@pytest.mark.parametrize(
    ("wanted", "rows", "sent", "answer", "written"),
    [
        ({"InputFilter": "$[1:]"}, CSV_ROWS, [b'"a,b",1.50\n', b"c,2\n"], None, None),
        ({"JoinSource": "Input"}, CSV_ROWS, CSV_ROWS, b"0.5\n0.6\n", b'7,"a,b",1.50,0.5\n8,c,2,0.6\n'),
        (
            {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
            CSV_ROWS,
            [b'"a,b",1.50\n', b"c,2\n"],
            b"no,0.5\nyes,0.6",
            b"7,0.5\n8,0.6\n",
        ),
        ({"OutputFilter": "$[1]"}, CSV_ROWS, CSV_ROWS, b"no,0.5\nyes,0.6\n", b"0.5\n0.6\n"),
        (
            {
                "kind": "application/jsonlines",
                "InputFilter": "$.x",
                "JoinSource": "Input",
                "OutputFilter": "$['id','SageMakerOutput']",
            },
            JSON_ROWS,
            [b"[1, 2]\n", b"[3, 4]\n"],
            b'{"score": 1}\n{"score": 2}\n',
            b'{"id": 7, "SageMakerOutput": {"score": 1}}\n{"id": 8, "SageMakerOutput": {"score": 2}}\n',
        ),
        (
            {"kind": "application/json", "split": "None", "JoinSource": "Input"},
            [b"[1, 2]"],
            [b"[1, 2]"],
            b"[\n 0.5\n]",
            b'{"SageMakerInput": [1, 2], "SageMakerOutput": [0.5]}\n',
        ),
        (
            {"accept": "application/jsonlines", "OutputFilter": "$.score"},
            CSV_ROWS,
            CSV_ROWS,
            b'{"score": 1}\n{"score": 2}\n',
            b"1\n2\n",
        ),
    ],
)
def test_records_on_their_way(
    wanted: dict[str, str], rows: list[bytes], sent: list[bytes], answer: bytes | None, written: bytes | None
) -> None:
    made = plan(**wanted)
    assert made is not None
    assert [made.to_model(row) for row in rows] == sent
    assert made.changes_output == (answer is not None)
    if answer is not None:
        assert made.to_output(rows, answer) == written


def test_nothing_asked_for_is_no_plan() -> None:
    assert plan("application/octet-stream") is None
    assert plan(InputFilter="$", OutputFilter="$", JoinSource="None") is None


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"kind": "image/png", "JoinSource": "Input"}, "not on image/png"),
        ({"kind": "text/csv", "accept": "application/json", "JoinSource": "Input"}, "of the same format"),
        ({"kind": "text/csv", "split": "None", "InputFilter": "$[1:]"}, "wants SplitType Line"),
        ({"InputFilter": "$[*]"}, "cannot be read"),
    ],
)
def test_plans_that_are_refused_before_the_job(wanted: dict[str, str], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        plan(**wanted)


def test_answers_that_do_not_fit() -> None:
    made = plan(JoinSource="Input")
    assert made is not None
    with pytest.raises(SelectionError, match="answered 1 lines to 2 records"):
        made.to_output(CSV_ROWS, b"0.5,0.6\n")
    made = plan("application/json", JoinSource="Input")
    assert made is not None
    with pytest.raises(SelectionError, match="a record is not json"):
        made.to_output(JSON_ROWS[:1], b"{")
