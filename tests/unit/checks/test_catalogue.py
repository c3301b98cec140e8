"""The catalogue: it has every rule that the framework's source names and no other, in texts that can be read and shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from framework.checks.catalogue import GROUPS, MODULES, OF_COMMANDS, RULES, beginning_with, grouped, rule, why_kept
from framework.cli import smp
from framework.findings import ERROR, WARNING, Rule

ROOT = Path(__file__).resolve().parents[3]
FRAMEWORK = ROOT / "framework"
FOLDER = FRAMEWORK / "checks" / "rules"
ALL = tuple(RULES.values())

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    def run(*words: str) -> Result:
        return CliRunner().invoke(smp, ["rules", *words])

    return run


def _named_in_the_source() -> Iterator[str]:
    for path in FRAMEWORK.rglob("*.py"):
        if FOLDER not in path.parents and path.name not in {"catalogue.py", "rules.py"}:
            yield from re.findall(r"SMP[0-9]{3}", path.read_text(encoding="utf-8"))
    for module in MODULES:
        if hasattr(module, "violations") or hasattr(module, "findings"):
            yield from (each.id for each in module.RULES)


def test_it_has_the_rules_that_findings_are_made_of_and_no_others() -> None:
    assert sorted(RULES) == sorted(set(_named_in_the_source()))


def test_every_module_of_rules_is_collected() -> None:
    names = {path.stem for path in FOLDER.glob("*.py") if "RULES = (" in path.read_text(encoding="utf-8")}
    assert {module.__name__.rpartition(".")[2] for module in MODULES} == names


def test_ids_are_unique_and_in_order() -> None:
    ids = [each.id for module in MODULES for each in module.RULES]
    assert list(RULES) == sorted(ids)
    assert all(name == each.id and re.fullmatch(r"SMP[1-9][0-9]{2}", name) for name, each in RULES.items())


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_texts_are_whole_sentences(each: Rule) -> None:
    assert each.title
    assert each.title[0].isupper()
    assert not each.title.endswith(".")
    assert not each.source.endswith(".")
    assert each.severity in {ERROR, WARNING}
    for text in (each.description, each.cure):
        assert text[0].isupper() or text.startswith('"')
        assert text.endswith(".")
        assert "  " not in text
        assert text.isprintable()


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)
def test_what_is_no_plain_text_stands_in_quotes(each: Rule) -> None:
    for text in (each.title, each.description, each.cure, each.source):
        assert text.count('"') % 2 == 0
        assert not set(re.sub(r'"[^"]+"', "", text)) & set("`$*<>[]{}|#\\")


def test_what_only_warns_blocks_nothing() -> None:
    assert [each.id for each in ALL if each.severity == WARNING and each.blocking] == []


def test_what_is_checked_in_the_compiled_definition_blocks_nothing() -> None:
    assert [each.id for each in beginning_with("SMP4") if each.blocking] == []
    assert {why_kept(each) for each in beginning_with("SMP4")} == {""}


def test_what_commands_find_cannot_be_ignored() -> None:
    assert sorted(OF_COMMANDS) == ["SMP303", "SMP304", "SMP801", "SMP802", "SMP803", "SMP804"]
    assert {why_kept(rule(name)) for name in OF_COMMANDS} == {"a command that finds it ends there"}


def test_every_rule_has_a_group() -> None:
    assert [each for _, members in grouped(ALL) for each in members] == list(ALL)
    assert list(GROUPS) == [f"SMP{number}" for number in range(1, 10)]


def test_a_rule_is_found_by_its_id() -> None:
    assert rule("SMP203").title == "Cycle of steps"
    with pytest.raises(KeyError):
        rule("SMP000")


def test_the_page_is_what_the_command_prints(call: Call) -> None:
    result = call("--markdown")
    assert result.exit_code == 0
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == result.stdout, "smp rules --markdown > docs/rules.md"


LIST = """\
SMP7xx Code and files
  SMP701  error    Script or notebook that is not there, or cannot run
  SMP702  error    No source directory
  SMP703  error    Link in the source directory
  SMP704  error    Script that is no valid Python
  SMP705  error    Requirement that pip cannot read
  SMP706  warning  Very large bundle
  SMP707  warning  Module that hides one of Python's own
"""

EXPLAINED = """\
SMP204 error: Dependency that cannot be read

A line of "dependencies" does not follow the notation: names of steps, joined by ">>" or "<<",
several at once in brackets. Were it left out, a step could begin too early.

Try: Write "a >> b", "b << a" or "[a, b] >> c", the last in quotes.

It cannot be ignored: nothing is compiled where it is an error.
"""


def test_a_list_of_those_that_begin_so(call: Call) -> None:
    result = call("SMP7")
    assert (result.exit_code, result.stdout, result.stderr) == (0, LIST, "")


def test_one_that_is_explained_however_it_is_written(call: Call) -> None:
    assert call("SMP204").stdout == call("smp204").stdout == EXPLAINED


def test_one_that_warns_says_so_and_where_it_comes_from(call: Call) -> None:
    lines = call("SMP124").stdout.splitlines()
    assert lines[0] == "SMP124 warning: Lock of another SDK"
    assert lines[-3:] == ["Source: SageMaker Python SDK, image_uris.", "", "It can be ignored."]


def test_the_list_of_all_has_each_on_a_line(call: Call) -> None:
    lines = call().stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(RULES)
    assert [line for line in lines if line and not line.startswith("  ")] == [heading for heading, _ in grouped(ALL)]


def test_programs_get_the_same(call: Call) -> None:
    one: dict[str, Any] = json.loads(call("SMP116", "--format", "json").stdout)
    assert list(one) == ["id", "severity", "title", "description", "cure", "source", "can_be_ignored"]
    assert one["severity"] == "warning"
    assert one["can_be_ignored"] is True
    some = json.loads(call("SMP1", "--format", "json").stdout)["rules"]
    assert one in some
    assert [each["id"] for each in some] == [each.id for each in beginning_with("SMP1")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["SPM301"], "Error: Invalid value for RULE: there is no rule SPM301. Try: SMP301."),
        (["204"], "Error: Invalid value for RULE: there is no rule 204. Try: SMP204."),
        (["what"], "Error: Invalid value for RULE: there is no rule what."),
        (["--markdown", "SMP1"], "Error: --markdown goes without a rule and without --format json: the page holds them all"),
        (
            ["--markdown", "--format", "json"],
            "Error: --markdown goes without a rule and without --format json: the page holds them all",
        ),
    ],
)
def test_what_cannot_be_asked_for(call: Call, words: list[str], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == said
