"""Event patterns: what EventBridge takes is taken, and whatever else is written is answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.checks.event_patterns import pattern_faults

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
KEYS = st.sampled_from(["a", "b", "$or", "prefix", "suffix", "numeric", "exists", "anything-but", "cidr", "wildcard"])
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12)


@given(st.dictionaries(KEYS, TREES, max_size=3))
def test_anything_is_answered(pattern: dict[str, Any]) -> None:
    for path, message, hint in pattern_faults(pattern):
        assert all((message, hint))
        value: Any = pattern
        for part in path:
            value = value[part]


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.lists(SCALARS, min_size=1, max_size=3), min_size=1))
def test_lists_of_values_are_patterns(pattern: dict[str, Any]) -> None:
    assert list(pattern_faults({"detail": pattern})) == []


@pytest.mark.parametrize("count", [2000, 6000])
def test_a_pattern_has_a_length(count: int) -> None:
    faults = list(pattern_faults({"source": ["x" * count]}))
    assert faults == ([] if count < 4000 else [((), "has 6,015 characters", "at most 4,096: make several triggers of it")])
