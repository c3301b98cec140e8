"""Environment variables: which words of a configuration are variables, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from framework.config.environment import read_env_file, substitute
from framework.config.values import place_at
from framework.findings import Place

VARIABLES = {"SMP_A": "1", "SMP_B_2": "two", "OTHER": "x", "SMP_EMPTY": "", "_u": "under", "SMP_NESTED": "${OTHER} SMP_A"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", "plain"),
        ("SMP_A", "1"),
        ("SMP_A.dkr.ecr.SMP_B_2.amazonaws.com/img:tag", "1.dkr.ecr.two.amazonaws.com/img:tag"),
        ("s3://SMP_A/SMP_B_2/x", "s3://1/two/x"),
        ("s3://bucket/SMP_A", "s3://bucket/1"),
        ("SMP_A,SMP_B_2", "SMP_A,SMP_B_2"),
        ("s3://SMP_A.SMP_B_2/x", "s3://SMP_A.SMP_B_2/x"),
        ("SMP_A/x", "SMP_A/x"),
        ("smp_a.SMP_.SMP_a.XSMP_A", "smp_a.SMP_.SMP_a.XSMP_A"),
        ("${SMP_A}", "1"),
        ("a${SMP_A}b-${OTHER}${_u}", "a1b-xunder"),
        ("${MISSING:-}", ""),
        ("${MISSING:-a:-b c}", "a:-b c"),
        ("${SMP_EMPTY:-default}", "default"),
        ("${OTHER:-default}", "x"),
        ("${MISSING:-SMP_A}", "SMP_A"),
        ("$${OTHER}", "${OTHER}"),
        ("$${", "${"),
        ("$$${OTHER}", "$${OTHER}"),
        ("$$ $OTHER $", "$$ $OTHER $"),
        ("a}b{c", "a}b{c"),
        ("SMP_A.${OTHER}.SMP_B_2", "1.x.two"),
        ("s3://SMP_A/${OTHER}/SMP_B_2", "s3://1/x/two"),
        ("${SMP_NESTED}", "${OTHER} SMP_A"),
        ("SMP_NESTED", "${OTHER} SMP_A"),
        (5, 5),
        (None, None),
        (True, True),
    ],
)
def test_variables_are_replaced(tree: Any, written: Any, value: Any) -> None:
    root = tree("conf: {a: x}")
    root["conf"]["a"] = written
    result = substitute(root, VARIABLES)
    assert result.tree == {"conf": {"a": value}}
    assert not [finding for finding in result.findings if finding.rule != "SMP115"]
    assert result.unresolved == frozenset()


def test_they_are_replaced_wherever_they_stand_and_places_stay(tree: Any) -> None:
    root = tree("conf:\n  SMP_A: [SMP_A, {b: '${OTHER}', c: 1.10}]\n  s3://SMP_A/k: s3://SMP_A/v\n")
    result = substitute(root, VARIABLES).tree
    assert result == {"conf": {"SMP_A": ["1", {"b": "x", "c": 1.1}], "s3://1/k": "s3://1/v"}}
    assert place_at(result, ["conf", "SMP_A", 1, "b"]) == Place("f.yaml", 2, 22)
    assert place_at(result, ["conf", "s3://1/k"], key=True) == Place("f.yaml", 3, 3)
    assert result["conf"]["SMP_A"][1].raw == {"c": "1.10"}
    assert root["conf"]["SMP_A"][0] == "SMP_A"


def test_a_value_can_never_change_the_structure(tree: Any) -> None:
    root = tree("conf: {a: SMP_X}")
    assert substitute(root, {"SMP_X": "]}\nb: [${OTHER}, 5"}).tree == {"conf": {"a": "]}\nb: [${OTHER}, 5"}}


@pytest.mark.parametrize("written", ["SMP_GONE", "${SMP_GONE}", "x.SMP_GONE", "s3://SMP_GONE/x", "SMP_A.SMP_GONE", "SMP_EMPTY"])
def test_what_is_not_set_is_said_and_stays_as_it_was_written(tree: Any, written: str) -> None:
    name = "SMP_EMPTY" if "EMPTY" in written else "SMP_GONE"
    result = substitute(tree(f"conf: {{a: '{written}'}}"), VARIABLES)
    assert result.tree == {"conf": {"a": written}}
    assert result.unresolved == {Place("f.yaml", 1, 11)}
    assert [str(finding) for finding in result.findings] == [
        f"f.yaml:1:11 SMP109 the environment variable {name} is not set. "
        f'Try: export {name}="…", or give a default: ${{{name}:-value}}.'
    ]


@pytest.mark.parametrize(("count", "others"), [(1, ""), (2, "; 1 more value needs it"), (3, "; 2 more values need it")])
def test_a_variable_that_is_not_set_is_said_once(tree: Any, count: int, others: str) -> None:
    values = "".join(f"\n  - x.SMP_GONE.{number}" for number in range(count))
    result = substitute(tree(f"conf:{values}"), VARIABLES)
    [finding] = result.findings
    assert finding.place == Place("f.yaml", 2, 5)
    assert finding.message == f"the environment variable SMP_GONE is not set{others}"
    assert len(result.unresolved) == count


def test_what_aliases_repeat_is_counted_once(tree: Any) -> None:
    result = substitute(tree("conf:\n  a: &a {b: SMP_GONE}\n  c: *a\n"), VARIABLES)
    assert [finding.message for finding in result.findings] == ["the environment variable SMP_GONE is not set"]


@pytest.mark.parametrize("key", ["subnets", "security_groups_id", "kms_key"])
def test_settings_that_are_optional_are_left_out(tree: Any, key: str) -> None:
    text = f"conf: {{sagemakerNetworkSecurity: {{{key}: SMP_GONE}}}}"
    result = substitute(tree(text), VARIABLES)
    assert result.tree == {"conf": {"sagemakerNetworkSecurity": {key: None}}}
    assert (result.findings, result.unresolved) == ((), frozenset())


def test_elements_that_are_optional_are_left_out(tree: Any) -> None:
    result = substitute(tree("conf: {sagemakerNetworkSecurity: {subnets: [SMP_GONE, 1.10, SMP_A, ~]}}"), VARIABLES)
    subnets = result.tree["conf"]["sagemakerNetworkSecurity"]["subnets"]
    assert subnets == [1.1, "1", None]
    assert subnets.raw == {0: "1.10", 2: "~"}
    assert result.findings == ()


@pytest.mark.parametrize(
    ("written", "stray"),
    [
        ("x-SMP_A", "SMP_A"),
        ("SMP_A/SMP_B_2", "SMP_A"),
        ("$SMP_A", "SMP_A"),
        ("s3://b/x.SMP_A", "SMP_A"),
        ("${OTHER}SMP_A", "SMP_A"),
    ],
)
def test_a_token_that_is_no_whole_part_is_a_warning(tree: Any, written: str, stray: str) -> None:
    [finding] = substitute(tree(f"conf: {{a: '{written}'}}"), VARIABLES).findings
    assert str(finding) == (
        f'f.yaml:1:11 SMP115 warning: {stray} is not a whole part of "{written}" and stays as it is. Try: write ${{{stray}}}.'
    )


@pytest.mark.parametrize("written", ["SMP_a", "XSMP_A", "SMP_Ab", "{SMP_A}", "${MISSING:-x SMP_A}", "smp"])
def test_what_is_no_token_is_no_warning(tree: Any, written: str) -> None:
    assert substitute(tree(f"conf: {{a: '{written}'}}"), VARIABLES).findings == ()


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("x${OTHER", '"${" without "}" in "x${OTHER"'),
        ("${}", '"${}" names no environment variable in "${}"'),
        ("${ OTHER }", '"${ OTHER }" names no environment variable in "${ OTHER }"'),
        ("${OTHER-x}", '"${OTHER-x}" names no environment variable in "${OTHER-x}"'),
        ("${OTHER} ${", '"${" without "}" in "${OTHER} ${"'),
        ("y" * 70 + "${", f'"${{" without "}}" in "{"y" * 57}..."'),
    ],
)
def test_expressions_that_are_none(tree: Any, written: str, reason: str) -> None:
    result = substitute(tree(f"conf: {{a: '{written}'}}"), VARIABLES)
    assert result.tree == {"conf": {"a": written}}
    assert result.unresolved == {Place("f.yaml", 1, 11)}
    [finding] = result.findings
    assert (finding.rule, finding.message, finding.hint) == ("SMP110", reason, "write ${NAME}, or $${ for a literal ${")


ENV_FILE = """\
\ufeff# a comment
   \

  # another
export SMP_A="a b"
export   SMP_B='c "d" # e'   # and a comment
SMP_C=plain   # a comment
  SMP_D=x#y
SMP_E=
SMP_F=""
export SMP_G=a=b
SMP_H="${SMP_A}"
SMP_A="again"
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_of_variables(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "env.env"
    path.write_bytes(ENV_FILE.replace("\n", newline).encode())
    variables, findings = read_env_file(path, "env.env")
    assert findings == []
    assert variables == {
        "SMP_A": "again",
        "SMP_B": 'c "d" # e',
        "SMP_C": "plain",
        "SMP_D": "x#y",
        "SMP_E": "",
        "SMP_F": "",
        "SMP_G": "a=b",
        "SMP_H": "${SMP_A}",
    }


def test_the_good_lines_of_a_file_of_variables_count(tmp_path: Path) -> None:
    path = tmp_path / "env.env"
    path.write_text("SMP_A=1\nset -e\nSMP_B='2\nSMP_C=3\n", encoding="utf-8")
    variables, findings = read_env_file(path, "env.env")
    assert variables == {"SMP_A": "1", "SMP_C": "3"}
    assert [str(finding) for finding in findings] == [
        'env.env:2:1 SMP110 not an assignment. Try: write export NAME="value".',
        'env.env:3:1 SMP110 the quotes do not enclose the whole value. Try: write export NAME="value".',
    ]


def test_only_line_breaks_end_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "env.env"
    path.write_bytes('A="x\x0cy\u2028z"\r\nB=1\n?\n'.encode())
    variables, [finding] = read_env_file(path, "env.env")
    assert variables == {"A": "x\x0cy\u2028z", "B": "1"}
    assert finding.place == Place("env.env", 3, 1)


@pytest.mark.parametrize(("content", "reason"), [(b"\xff\xfe", "it is not UTF-8 text"), (None, "Is a directory")])
def test_a_file_of_variables_that_cannot_be_read(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "env.env"
    path.mkdir() if content is None else path.write_bytes(content)
    variables, findings = read_env_file(path, "env.env")
    assert variables == {}
    assert [str(finding) for finding in findings] == [
        f"env.env SMP100 the file cannot be read: {reason}. Try: check the path given to --env-file."
    ]
