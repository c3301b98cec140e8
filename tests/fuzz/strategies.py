"""Strategies of hypothesis for the small languages: expressions, conditions and dependencies as people may write them."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b-1", "prep_2", "outputs", "report", "reports", "parameters", "0", "and", "é"])
KEYS = st.text(alphabet="ab.' \"-é[\n", min_size=1, max_size=5)
ROOTS = st.sampled_from(["parameters", "execution", "steps", "item", "iteration"])


def _quoted(key: str) -> str:
    return f'["{key}"]' if "'" in key else f"['{key}']"


SEGMENTS = NAMES.map(".{}".format) | st.integers(0, 12).map("[{}]".format) | KEYS.map(_quoted)
EXPRESSIONS = st.builds(lambda root, path: root + "".join(path), ROOTS, st.lists(SEGMENTS, max_size=5))
"""What stands in `${…}`: well formed as a path, whether or not it means anything."""

OPERANDS = EXPRESSIONS.map("${{{}}}".format) | st.sampled_from(["1", "-2.5e3", "'a b'", '"x"', "true", "${X}", "word", "''"])
COMPARISONS = st.builds("{} {} {}".format, OPERANDS, st.sampled_from(["==", "!=", ">", ">=", "<", "<="]), OPERANDS) | st.builds(
    "{} in [{}]".format, OPERANDS, st.lists(OPERANDS, max_size=3).map(", ".join)
)
CONDITIONS = st.recursive(
    COMPARISONS | OPERANDS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner) | inner.map("not {}".format),
    max_leaves=6,
)

STEPS = st.sampled_from(["a", "b", "prep-1", "fit_2", "é"])
TERMS = STEPS | st.lists(STEPS, min_size=1, max_size=3).map(lambda names: f"[{', '.join(names)}]")
DEPENDENCIES = st.builds(
    lambda first, rest: first + "".join(f" {operator} {term}" for operator, term in rest),
    TERMS,
    st.lists(st.tuples(st.sampled_from([">>", "<<"]), TERMS), min_size=1, max_size=4),
)
"""Lines of `dependencies` that can be read."""
