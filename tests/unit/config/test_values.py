"""Map and Seq: a dict and a list that know where their contents were written."""

from __future__ import annotations

from copy import deepcopy

import pytest

from framework.config.values import Map, Seq, Text, dotted, entries, pieces_of, place_at
from framework.findings import NOWHERE, Place

HERE, KEY, VALUE, OTHER = (Place("f", line, 1) for line in range(1, 5))


def test_a_value_is_put_with_its_places_and_its_text() -> None:
    values = Map(HERE)
    values.put("a", 1.1, KEY, VALUE, "1.10")
    assert (values.key_place_of("a"), values.place_of("a"), values.raw) == (KEY, VALUE, {"a": "1.10"})
    values.put("a", "text", KEY, OTHER)
    assert (values.place_of("a"), values.raw) == (OTHER, {})


def test_what_is_not_known_stands_where_the_container_begins() -> None:
    assert Map(HERE).place_of("a") == Map(HERE).key_place_of("a") == Seq(HERE).place_of(0) == HERE
    assert place_at(Map(HERE), ["a", 1]) == HERE
    assert place_at("text", ["a"]) == NOWHERE


def test_an_entry_is_taken_under_another_name() -> None:
    source, target = Map(), Map()
    source.put("a", 1, KEY, VALUE, "1")
    target.take("b", source, "a")
    assert target == {"b": 1}
    assert (target.key_place_of("b"), target.place_of("b"), target.raw) == (KEY, VALUE, {"b": "1"})


def test_nothing_is_left_of_what_is_dropped() -> None:
    values = Map(HERE)
    values.put("a", 1, KEY, VALUE, "1")
    values.drop("a")
    assert values == {}
    assert (values.place_of("a"), values.key_place_of("a"), values.raw) == (HERE, HERE, {})


def test_an_element_is_replaced_with_its_place_and_its_text() -> None:
    values = Seq(HERE)
    values.add(1, VALUE, "1")
    values.add("x", VALUE)
    values.replace(0, "y", OTHER)
    values.replace(1, 2, OTHER, "0x2")
    assert values == ["y", 2]
    assert (values.place_of(0), values.place_of(1), values.raw) == (OTHER, OTHER, {1: "0x2"})


def test_entries_of_both_kinds() -> None:
    values = Map()
    values.put("a", Seq(), KEY, VALUE)
    values["a"].add("x", OTHER)
    assert list(entries(values)) == [("a", ["x"])]
    assert list(entries(values["a"])) == [(0, "x")]
    assert place_at(values, ["a", 0]) == OTHER
    assert place_at(values, ["a", "x"]) == place_at(values, ["a", 1]) == place_at(values, ["a", "0", "x"]) == VALUE


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("models", "m", "steps", 0, "step_name"), "models.m.steps[0].step_name"), ((0, "a"), "[0].a")],
)
def test_paths_are_written_as_people_write_them(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


def test_a_text_remembers_what_of_it_variables_held() -> None:
    text = Text([("a-", False), ("b", True)])
    assert text == "a-b"
    assert pieces_of(deepcopy(text)) == (("a-", False), ("b", True))
    assert pieces_of("a-b") == (("a-b", False),)
