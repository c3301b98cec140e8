"""The notation of dependencies: what each line means, and what is said of a line that means nothing."""

import pytest

from framework.pipeline.dependencies import DependencyError, parse_dependency

LINES = [
    ("a >> b", "ab"),
    ("a>>b", "ab"),
    ("  a\t>>\nb  ", "ab"),
    ("a >> b >> c", "ab bc"),
    ("b << a", "ab"),
    ("c << b << a", "bc ab"),
    ("a >> b << c", "ab cb"),
    ("[a, b] >> c", "ac bc"),
    ("a >> [b, c]", "ab ac"),
    ("[a,b]>>[c,d]", "ac ad bc bd"),
    ("a >> [b, c] >> d", "ab ac bd cd"),
    ("[c, d] << a", "ac ad"),
    ("[a] >> b", "ab"),
    ("a >> b >> a", "ab ba"),
    ("a >> a", "aa"),
    ("[a, a] >> b", "ab"),
    ("a >> b >> a >> b", "ab ba"),
]


@pytest.mark.parametrize(("line", "pairs"), LINES)
def test_a_line_means_these_pairs(line: str, pairs: str) -> None:
    assert parse_dependency(line) == [tuple(pair) for pair in pairs.split()]


def test_names_may_hold_all_that_step_names_hold() -> None:
    assert parse_dependency("Step_1-a>>s-2_B") == [("Step_1-a", "s-2_B")]


@pytest.mark.parametrize(("line", "complaint"), [
    ("", "the line is empty"),
    ("   ", "the line is empty"),
    ("a", "one step alone makes no dependency"),
    ("a >>", "a step name is missing at the end"),
    (">> a", 'a step name is expected before ">>"'),
    ("a >> >> b", 'a step name is expected before ">>"'),
    ("a >>> b", 'a step name is expected before ">"'),
    ("a > b", '">>" or "<<" is expected before ">"'),
    ("a b", '">>" or "<<" is expected before "b"'),
    ("a, b >> c", '">>" or "<<" is expected before ","'),
    ("[a, b >> c", '"[" is not closed'),
    ("[a, b", '"[" is not closed'),
    ("a >> [", '"[" is not closed'),
    ("[] >> a", 'a step name is expected before "]"'),
    ("[a,] >> b", 'a step name is expected before "]"'),
    ("[[a], b] >> c", 'a step name is expected before "["'),
    ("a ] >> b", '">>" or "<<" is expected before "]"'),
])  # fmt: skip
def test_a_line_that_means_nothing(line: str, complaint: str) -> None:
    with pytest.raises(DependencyError) as error:
        parse_dependency(line)
    assert str(error.value) == complaint
