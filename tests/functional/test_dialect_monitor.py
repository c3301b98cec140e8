"""MonitorBatchTransform: one configured step that is two of the definition, which everything else knows by one name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

OTHER = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/other:2"
MONITORED = {"step_name": "score", "step_class": "MonitorBatchTransform", "chain_input_source_step": ["prep"],
             "monitor": {"step_class": "QualityCheck", "check_type": "DATA_QUALITY", "image_uri": OTHER}}  # fmt: skip
SCORED = {"Get": "Steps.score-transform.TransformOutput.S3OutputPath"}


@pytest.fixture
def project(project: Project) -> Project:
    project.offer(Most=9)
    return project


def monitored(project: Project, **keys: Any) -> Outcome:
    project.step("score").clear()
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[3] = {**MONITORED, **keys}
    return project.compile()


def waits(outcome: Outcome, name: str) -> list[Any]:
    return list(outcome.steps[name].get("DependsOn", []))


def test_a_monitored_transform_is_two_steps(project: Project) -> None:
    plain = project.compile().steps["score"]["Arguments"]
    outcome = monitored(project, display_name="Scores", enable_cache=True)
    assert outcome.texts == []
    transform, check = outcome.steps["score-transform"], outcome.steps["score-monitoring"]
    text = json.dumps(transform["Arguments"]).replace("score-transform", "score")
    assert json.loads(text) == plain
    assert [transform["Type"], check["Type"]] == ["Transform", "QualityCheck"]
    assert [transform["DisplayName"], check["DisplayName"]] == ["Scores-transform", "Scores-monitoring"]
    assert "CacheConfig" in transform
    assert "CacheConfig" in check
    assert waits(outcome, "score-monitoring") == ["score-transform"]
    assert check["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] == SCORED, "what comes out is checked"


def test_what_chains_from_the_pair_reads_the_transform(project: Project) -> None:
    outcome = monitored(project)
    inputs = {given["InputName"]: given["S3Input"]["S3Uri"] for given in outcome.at("judge", "ProcessingInputs")}
    assert inputs["score-transform-input"] == SCORED


def test_dependencies_know_the_pair_by_its_name(project: Project) -> None:
    project.pipeline["dependencies"] = ["fit >> score >> judge"]
    project.step("register")["depends_on"] = ["score"]
    outcome = monitored(project, depends_on=["prep"])
    assert waits(outcome, "score-transform") == ["prep", "fit"]
    assert waits(outcome, "score-monitoring") == ["score-transform"]
    assert waits(outcome, "judge") == ["score-monitoring"]
    assert waits(outcome, "register") == ["score-monitoring"]


def test_the_check_may_come_first(project: Project) -> None:
    project.pipeline["dependencies"] = ["fit >> score >> judge"]
    monitor = {**MONITORED["monitor"], "dataset": "${steps.prep.outputs.test}"}
    outcome = monitored(project, monitor=monitor, monitor_before_transform=True, depends_on=["prep"])
    assert outcome.texts == []
    assert waits(outcome, "score-monitoring") == ["prep", "fit"]
    assert waits(outcome, "score-transform") == ["score-monitoring"]
    assert waits(outcome, "judge") == ["score-transform"]


def test_a_check_before_needs_a_dataset(project: Project) -> None:
    [text] = monitored(project, monitor_before_transform=True).texts
    assert "SMP105 score.monitor needs dataset" in text


def test_expressions_read_the_one_or_the_other(project: Project) -> None:
    names = ("outputs.data", "TransformOutput.S3OutputPath", "CalculatedBaselineConstraints")
    project.model["evaluate"]["env"] = {f"X{at}": f"${{steps.score.{name}}}" for at, name in enumerate(names)}
    outcome = monitored(project)
    assert outcome.texts == []
    constraints = {"Get": "Steps.score-monitoring.CalculatedBaselineConstraints"}
    assert outcome.at("judge", "Environment") == {"X0": SCORED, "X1": SCORED, "X2": constraints}


def test_the_pair_stands_in_a_branch_together(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    del steps[4:], project.model["evaluate"]
    steps.append({"step_name": "check", "step_class": "Condition", "conditions": ["${parameters.Most} > 3"], "if_steps": ["score"]})
    outcome = monitored(project)
    assert outcome.texts == []
    branch = outcome.at("check", "IfSteps")
    assert [step["Name"] for step in branch] == ["score-transform", "score-monitoring"]
    assert branch[1]["DependsOn"] == ["score-transform"]


def test_a_loop_holds_the_pair(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    del steps[4:], project.model["evaluate"]
    steps.append({"step_name": "loop", "step_class": "ForEach", "items": ["a", "b"], "steps": ["score"]})
    outcome = monitored(project)
    assert outcome.texts == []
    body = outcome.at("loop", "ForEachBody")
    assert [step["Name"] for step in body] == ["score-transform", "score-monitoring"]
    assert {"Get": "ForEach.CurrentItem"} in body[0]["Arguments"]["TransformOutput"]["S3OutputPath"]["Std:Join"]["Values"]


@pytest.mark.parametrize(("keys", "said"), [
    ({"monitor": {"check_type": "DATA_QUALITY"}}, "SMP104 score.monitor needs a step_class, QualityCheck or ClarifyCheck"),
    ({"monitor": {**MONITORED["monitor"], "datset": "x"}}, 'SMP103 unknown key "datset" in score.monitor. Try: dataset.'),
    ({"monitor": None}, "SMP105 score needs monitor."),
    ({"step_name": "s" * 60}, "-monitoring has 71 characters, and a step's name at most 64"),
])  # fmt: skip
def test_a_pair_that_cannot_be(project: Project, keys: dict[str, Any], said: str) -> None:
    for step in project.pipeline["models"]["churn"]["steps"]:
        if step["step_name"] == "judge":
            step["chain_input_source_step"] = ["prep"]
    texts = monitored(project, **keys).texts
    assert any(said in text for text in texts), texts
    assert len(texts) == 1


def test_the_names_of_the_pair_are_taken(project: Project) -> None:
    project.pipeline["models"]["churn"]["steps"].append({"step_name": "score-transform", "step_class": "Training"})
    [text] = monitored(project).texts
    assert 'SMP202 there are two steps called "score-transform"' in text
