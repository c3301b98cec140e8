"""All checks of a definition against definitions that work: they find nothing in them, and what is put in wrong they find.

The definitions are those that the SageMaker SDK and the original framework made, those of the examples, and what the configurations
in the folder `oracle` compile to. A mistake of one kind in one member of a step type is tried in the first three places of it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from framework.checks import check_definition
from framework.config.load import Sources
from framework.findings import ERROR
from framework.pipeline.compiled import CompiledPipeline
from framework.road import arrive
from tests.conformance.mistakes import Mistake, mistakes, put_in
from tests.conformance.test_oracle import SCRIPTS, VARIABLES

HERE = Path(__file__).parent
KEPT = [*sorted(HERE.glob("definitions/*/*.json")), *sorted((HERE.parent / "golden").glob("*.json"))]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def said(definition: dict[str, Any]) -> list[str]:
    return [f"{each.rule} {each.message}" for each in check_definition(CompiledPipeline(name="kept", definition=definition))]


@pytest.mark.parametrize("path", KEPT, ids=name_of)
def test_nothing_is_found_in_a_definition_that_works(path: Path) -> None:
    assert said(read(path)) == []


@pytest.mark.parametrize("path", sorted(HERE.glob("oracle/*.yaml")), ids=lambda path: path.stem)
def test_nothing_is_found_in_what_a_configuration_of_the_oracle_compiles_to(path: Path, tmp_path: Path) -> None:
    for script in SCRIPTS:
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / f"{script}.py").write_text("")
    (tmp_path / "model.yaml").write_bytes(path.read_bytes())
    compiled, findings = arrive(Sources(tmp_path, patterns=("model.yaml",)), VARIABLES)
    assert [f"{finding.rule} {finding.message}" for finding in findings if finding.rule != "SMP113"] == []
    assert said(dict(compiled.definition)) == []


MISSED = {
    r"a key of a property that is misspelt: Condition Arguments\.Conditions\.LeftValue\.Get":
        "which metrics a training job tells is known only when it has run",
    r"a key of a property that is misspelt: Model Arguments\.PrimaryContainer\.Environment\.\w+\.Get":
        "so is the environment of the best model of an AutoML job",
    r"a number that is a text: (EMR|EMRServerless) Arguments\..+": "requests to EMR are not checked",
    r"an instance type that is misspelt: EMR Arguments\..+": "nor are its instance types, which are those of EC2",
    r"a number that is a text: Condition Arguments\.Conditions\..+": "what a report holds, and a job tells, may be a text",
    r"a required member that is gone: \w+ Arguments\.\w+Name": "SageMaker names the jobs and models of a pipeline itself",
    r"PropertyFileName of a property file that is misspelt: Processing PropertyFiles\.PropertyFileName":
        "a file that nothing reads may be called anything",
}  # fmt: skip
"""The mistakes that may be missed, and why."""


PLACES = 3


def first_of_each() -> list[tuple[Path, Mistake]]:
    """The mistakes of all definitions, each kind in a few places for each member of a step type."""
    found: dict[str, list[tuple[Path, Mistake]]] = {}
    for path in KEPT:
        for mistake in mistakes(read(path)):
            places = found.setdefault(str(mistake), [])
            if len(places) < PLACES:
                places.append((path, mistake))
    return [place for places in found.values() for place in places]


@pytest.fixture(scope="module")
def tried() -> dict[str, bool]:
    """For each mistake, whether an error is found wherever it is tried."""
    definitions = {path: read(path) for path in KEPT}
    result: dict[str, bool] = {}
    for path, mistake in first_of_each():
        with put_in(definitions[path], mistake):
            compiled = CompiledPipeline(name="kept", definition=definitions[path])
            found = any(each.severity == ERROR for each in check_definition(compiled))
            result[str(mistake)] = found and result.get(str(mistake), True)
    assert {path: read(path) for path in KEPT} == definitions
    return result


def test_what_is_wrong_is_found(tried: dict[str, bool]) -> None:
    missed = [mistake for mistake, found in tried.items() if not found]
    assert [mistake for mistake in missed if not any(re.fullmatch(pattern, mistake) for pattern in MISSED)] == []
    assert len(tried) > 1500


@pytest.mark.parametrize("pattern", MISSED)
def test_what_may_be_missed_is_missed_somewhere(tried: dict[str, bool], pattern: str) -> None:
    """An exception that has become needless is to be taken out."""
    assert any(re.fullmatch(pattern, mistake) for mistake, found in tried.items() if not found)


def test_every_kind_of_mistake_is_tried(tried: dict[str, bool]) -> None:
    assert sorted({mistake.partition(":")[0] for mistake in tried}) == [
        "OutputName of a property file that is misspelt",
        "PropertyFileName of a property file that is misspelt",
        "a cycle",
        "a duration that is none",
        "a key of a property that is misspelt",
        "a member of a property that is misspelt",
        "a member of a step that is misspelt",
        "a member that is misspelt",
        "a name behind Execution that is misspelt",
        "a name behind Parameters that is misspelt",
        "a name that another step has",
        "a number that is a text",
        "a property file that is misspelt",
        "a required member that is gone",
        "a step of a reference that is misspelt",
        "a step that others need and that is gone",
        "a step to wait for that is misspelt",
        "a step without a name",
        "a step without a type",
        "a text of the execution where none can stand",
        "a truth value that is a text",
        "a type of a condition that is misspelt",
        "a type that is misspelt",
        "a value of another type",
        "a value that is not listed",
        "an exception that is misspelt",
        "an instance type that is misspelt",
        "the root of a reference that is misspelt",
    ]
