"""A definition of any JSON is answered with findings, never with a traceback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from framework.findings import FindingsError
from framework.local.backend import LocalBackend
from framework.local.digests import MISSING, Digests
from framework.local.files import json_bytes, remove_tree, walk
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline

TRAINS_NOT = (
    "there is neither ContainerEntrypoint nor the hyperparameter sagemaker_program, "
    "and the algorithm of the image  cannot run without the image"
)
FAIL = {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}


def condition(**arguments: Any) -> dict[str, Any]:
    return {"Name": "C", "Type": "Condition", "Arguments": arguments}


def nested(depth: int) -> Any:
    inner: Any = "x"
    for _ in range(depth):
        inner = [inner]
    return {"a": inner}


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        ({"A": 1}, ["Steps is not a list"]),
        ("A", ["Steps is not a list"]),
        ([FAIL, "A", None], ["the step at place 1 is not an object", "the step at place 2 is not an object"]),
        ([{**FAIL, "Arguments": ["x"]}], ["Arguments of step F is not an object"]),
        (
            [{**FAIL, "DependsOn": "A", "CacheConfig": True}],
            ["CacheConfig of step F is not an object", "DependsOn of step F is not a list"],
        ),
        ([{**FAIL, "Name": 5}, {**FAIL, "Type": {}}], ["Name of step 5 is not a text", "Type of step F is not a text"]),
        (
            [FAIL, {**FAIL, "Name": "G", "DependsOn": [{"Step": "F", "Trigger": []}]}],
            ["step G depends on F with the unknown trigger []"],
        ),
        ([{**FAIL, "Arguments": nested(198)}], ["more than 200 lists and objects stand in one another"]),
        ([{**FAIL, "Arguments": nested(100_000)}], ["more than 200 lists and objects stand in one another"]),
        ([{**FAIL, "PropertyFiles": ["r.json"]}], ["PropertyFiles of step F is not a list of objects"]),
        ([condition(Conditions=[1])], ["Conditions of step C is not a list of objects, each with what its Type needs"]),
        (
            [condition(Conditions=[{"Type": "Not", "Condition": "x"}])],
            ["Conditions of step C is not a list of objects, each with what its Type needs"],
        ),
        (
            [condition(Conditions=[{"Type": "Or", "Conditions": {"Type": "Equals"}}])],
            ["Conditions of step C is not a list of objects, each with what its Type needs"],
        ),
        ([condition(Conditions=[], IfSteps=FAIL)], ["IfSteps of step C is not a list"]),
        ([condition(Conditions=[], ElseSteps=[7])], ["the step at place 0 is not an object"]),
        ([{"Name": "L", "Type": "ForEach", "Arguments": {"ForEachBody": "A"}}], ["ForEachBody of step L is not a list"]),
    ],
)
def test_what_is_no_definition_is_refused(tmp_path: Path, steps: Any, messages: list[str]) -> None:
    with pytest.raises(FindingsError) as caught:
        LocalBackend(tmp_path / ".smp").run(CompiledPipeline("pipe", {"Steps": steps}), {})
    assert [finding.message for finding in caught.value.findings] == messages


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (
            "Processing",
            {"AppSpecification": "x"},
            "no ContainerEntrypoint is given, and that of the image  cannot run without the image",
        ),
        ("Training", {"AlgorithmSpecification": "x", "HyperParameters": "x"}, TRAINS_NOT),
        ("Tuning", {"TrainingJobDefinitions": ["x"]}, TRAINS_NOT),
    ],
)
def test_arguments_of_other_types_say_nothing_of_how_a_step_runs(
    tmp_path: Path, kind: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(FindingsError) as caught:
        LocalBackend(tmp_path).check(CompiledPipeline("pipe", {"Steps": [{"Name": "S", "Type": kind, "Arguments": arguments}]}), {})
    assert [finding.message for finding in caught.value.findings] == [f"step S cannot run here: {message}"]


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (
            "EMR",
            {"StepConfig": {"HadoopJarStep": {"Jar": "x", "Args": 5}}},
            "only steps of command-runner.jar that call spark-submit run",
        ),
        ("EMR", {"StepConfig": "x"}, "only steps of command-runner.jar that call spark-submit run"),
        ("EMRServerless", {"JobConfig": {"jobDriver": "x"}}, "only jobs of the driver sparkSubmit run"),
    ],
)
def test_arguments_of_other_types_are_recorded(tmp_path: Path, kind: str, arguments: dict[str, Any], message: str) -> None:
    pipeline = CompiledPipeline("pipe", {"Steps": [{"Name": "S", "Type": kind, "Arguments": arguments}]})
    LocalBackend(tmp_path).check(pipeline, {})
    with pytest.raises(FindingsError, match=f"step S would only be recorded: {message}"):
        LocalBackend(tmp_path).check(pipeline, {}, strict=True)


def test_a_control_step_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    """What is wrong deeper inside fails the step, with a reason; the run ends in good order."""
    loop = {"Name": "L", "Type": "ForEach", "Arguments": {"IterableItems": "[]", "MaxConcurrency": [], "ForEachBody": [FAIL]}}
    loop["Arguments"]["ForEachBody"] = [{"Name": "M", "Type": "Model", "Arguments": {}}]  # type: ignore[index]
    picks = {"Name": "S", "Type": "ForEach", "Arguments": {"IterableItems": "[1]", "Selector": 5, "ForEachBody": []}}
    picks["Arguments"]["ForEachBody"] = [{"Name": "N", "Type": "Model", "Arguments": {"PrimaryContainer": {"Image": "i"}}}]  # type: ignore[index]
    backend = LocalBackend(tmp_path / ".smp")
    done = backend.run(CompiledPipeline("pipe", {"Steps": [loop, picks]}), {}, keep_going=True)
    reasons = {state["StepName"]: state.get("FailureReason", "") for state in done.steps}
    assert reasons["L"].startswith("ClientError: a string or a number was expected")
    assert reasons["S"].startswith("InternalServerError: AttributeError")
    assert done.status == "Failed"
    assert backend.log_tail(done, "S")[0].startswith("Traceback")


def test_names_of_other_bytes_than_utf_8_count(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    store = LocalStore(tmp_path / "s3", [("s3://b/in", str(tmp_path / "data"))])
    digests = Digests(store, tmp_path / "digests")
    found = set()
    for name in (b"a\xff", b"a\xfe"):
        path = tmp_path / "data" / name.decode(errors="surrogateescape")
        path.write_text("1")
        found.add(digests.of_uri("s3://b/in"))
        path.unlink()
    assert len(found - {MISSING}) == 2


def test_a_data_folder_that_is_not_there_is_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "old-secret").write_text("1")
    store = LocalStore(tmp_path / "s3", [("s3://b/in", str(tmp_path / "old"))])
    with pytest.raises(Exception, match=r"nothing is in .*/old \(conf.local.data\)"):
        store.find("s3://b/in")
    store.put("s3://b/in/x", b"1")
    assert [name for name, _ in store.find("s3://b/in")] == ["x"]


def test_json_of_any_text() -> None:
    assert json_bytes({"ä": 1}, indent=None) == '{"ä": 1}\n'.encode()
    assert json_bytes({"ä": "\ud800"}, indent=None) == b'{"\\u00e4": "\\ud800"}\n'


def test_a_tree_that_its_owner_locked_is_removed(tmp_path: Path) -> None:
    (tmp_path / "t/a/b").mkdir(parents=True)
    (tmp_path / "t/a/b/x").touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "t/link").symlink_to(tmp_path / "out")
    (tmp_path / "t/a/b").chmod(0)
    (tmp_path / "t/a").chmod(0)
    mode = (tmp_path / "out").stat().st_mode
    remove_tree(tmp_path / "t")
    assert not (tmp_path / "t").exists()
    assert (tmp_path / "out").stat().st_mode == mode, "what a link leads to is left alone"
    remove_tree(tmp_path / "t")


def test_a_walk_leaves_out_what_is_no_file_unless_the_whole_is_wanted(tmp_path: Path) -> None:

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x").touch()
    assert [name for name, _ in walk(tmp_path)] == ["x"]
    with pytest.raises(Exception, match="pipe failed: it is neither a file nor a folder"):
        walk(tmp_path, whole=True)
