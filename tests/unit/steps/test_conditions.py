"""Conditions in text: what each becomes in the definition, and what is said of one that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.config.expressions import Join, Parameter
from framework.config.values import Text
from framework.steps.conditions import ConditionError, read_conditions

A, B = Parameter("a"), Parameter("b")


def text(*parts: Any) -> Any:
    return Join("", parts)


def held(value: str) -> Any:
    """A text in the place of an environment variable."""
    return Text([(value, True)])


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def negated(condition: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Not", "Condition": condition}


ONE, TWO, THREE = compare("Equals", A, 1), compare("GreaterThan", B, 2), compare("LessThan", A, 3)

CASES: list[tuple[Any, list[dict[str, Any]]]] = [
    (text(A, " == 1"), [ONE]),
    (text(A, " >= -0.5"), [compare("GreaterThanOrEqualTo", A, -0.5)]),
    (text(A, ">", B), [compare("GreaterThan", A, B)]),
    (text("1e3 < ", A), [compare("LessThan", 1000.0, A)]),
    (text(A, " <= .5"), [compare("LessThanOrEqualTo", A, 0.5)]),
    (text(A, " == 'it is'"), [compare("Equals", A, "it is")]),
    (text(A, ' == "and"'), [compare("Equals", A, "and")]),
    (text(A, " == True"), [compare("Equals", A, True)]),
    (text(A, " != 1"), [negated(ONE)]),
    (text("not ", A, " != 1"), [ONE]),
    (text("not not ", A, " == 1"), [ONE]),
    (A, [compare("Equals", A, True)]),
    (text("not ", A), [negated(compare("Equals", A, True))]),
    (text(A, " in ['x', 'y', ", B, "]"), [{"Type": "In", "QueryValue": A, "Values": ["x", "y", B]}]),
    (text(A, " not in [1]"), [negated({"Type": "In", "QueryValue": A, "Values": [1]})]),
    (text(A, " == 1 and ", B, " > 2"), [ONE, TWO]),
    (text(A, " == 1 or ", B, " > 2"), [{"Type": "Or", "Conditions": [ONE, TWO]}]),
    (text(A, " == 1 OR ", B, " > 2 or ", A, " < 3"), [{"Type": "Or", "Conditions": [ONE, TWO, THREE]}]),
    (text("(", A, " == 1 or ", B, " > 2) and ", A, " < 3"), [{"Type": "Or", "Conditions": [ONE, TWO]}, THREE]),
    (
        text(A, " == 1 and ", B, " > 2 or ", A, " < 3"),
        [{"Type": "Or", "Conditions": [negated({"Type": "Or", "Conditions": [negated(ONE), negated(TWO)]}), THREE]}],
    ),
    (text("not (", A, " == 1)"), [negated(ONE)]),
    (text("not " * 5001, A, " == 1"), [negated(ONE)]),
    (text(" or ".join(["(1 == 1)"] * 60)), [{"Type": "Or", "Conditions": [compare("Equals", 1, 1)] * 60}]),
    (text(A, " == 12345678901"), [compare("Equals", A, 12345678901)]),
    (text(A, " > ", held("0.8")), [compare("GreaterThan", A, 0.8)]),
    (text(A, " == ", held("TRUE")), [compare("Equals", A, True)]),
    (text(A, " == ", held("'x' or 1 == 1")), [compare("Equals", A, "'x' or 1 == 1")]),
    (Text([("'", False), ("a' == 'a", True), ("' == '", False), ("b", True), ("'", False)]), [compare("Equals", "a' == 'a", "b")]),
    (Text([("0 == 0 or 1", True), (" == 3", False)]), [compare("Equals", "0 == 0 or 1", 3)]),
]


@pytest.mark.parametrize(("given_text", "conditions"), CASES)
def test_what_a_condition_becomes(given_text: Any, conditions: list[dict[str, Any]]) -> None:
    assert read_conditions(given_text) == conditions


@pytest.mark.parametrize(
    ("given_text", "message"),
    [
        (text(A, " =="), "a value is missing at the end"),
        (text(A, " = 1"), "= is no part of a condition"),
        (text("== ", A), "a value is expected before =="),
        (text(A, " == 1 ", B), "${parameters.b} is not expected there"),
        (text(A, " == yes"), "the word yes stands for nothing: write texts in quotes, and values as ${…}"),
        (text("(", A, " == 1"), '")" is expected before the end'),
        (text(A, " in 1"), '"[" is expected before 1'),
        (text(A, " in [1"), '"]" is expected before the end'),
        (text(A, " not 1"), '"in" is expected before 1'),
        ("1", "1 is compared with nothing"),
        ("", "a value is missing at the end"),
        (text("(" * 101, A), "more than 100 parentheses stand inside each other"),
        (text(A, " < ", "9" * 5000), "the number 999999999999… is out of range"),
        (text(A, " < 1e999"), "the number 1e999… is out of range"),
        (text("'a-", B, "' == 'a'"), "${parameters.b} stands in quotes: expressions stand without them"),
        (text(A, " == 'a"), "' is not closed"),
        (held("0 == 0 or 1"), '"0 == 0 or 1" is compared with nothing'),
    ],
)
def test_what_is_said_of_one_that_cannot_be_read(given_text: Any, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        read_conditions(given_text)
    assert str(caught.value) == message


PIECES = st.sampled_from(
    [A, B, " and ", " or ", " not ", " in ", "(", ")", "[", "]", ",", "==", "!=", "<", " 1 ", "'x'", '"', "'", "x", "\0"]
)


@given(st.lists(PIECES, max_size=14))
def test_whatever_is_written_is_read_or_refused(parts: list[Any]) -> None:
    try:
        conditions = read_conditions(text(*parts))
    except ConditionError as error:
        assert str(error)
    else:
        assert conditions
        assert all(condition["Type"] for condition in conditions)
