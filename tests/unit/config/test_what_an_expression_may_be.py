"""An expression is one value: it stands for texts, numbers and truth values, and never for a list, a mapping or a list of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

T = "${parameters.T}"
HINT = "Try: write it out: an expression is one value, and may stand inside for one."


def texts(project: Project) -> list[str]:
    project.pipeline["parameters"] = {"T": "t"}
    return [text.partition(" ")[2] for text in project.compile().texts]


@pytest.mark.parametrize(
    ("section", "key", "kind"),
    [
        ("preprocess", "env", "a mapping"),
        ("preprocess", "tags", "a list"),
        ("preprocess", "arguments", "a mapping"),
        ("preprocess", "container_arguments", "a list"),
        ("preprocess", "property_files", "a list"),
        ("preprocess", "location", "a mapping"),
        ("train", "hyperparameters", "a mapping"),
        ("train", "metric_definitions", "a list"),
        ("registry", "InferenceSpecification", "a mapping"),
        ("registry", "containers", "a list"),
    ],
)
def test_no_expression_for_what_holds_others(project: Project, section: str, key: str, kind: str) -> None:
    project.model[section][key] = T
    assert f'SMP104 models.churn.{section}.{key} must be {kind}, not "{T}". {HINT}' in texts(project)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"property_files": [T]}, "property_files[0] must be a mapping"),
        ({"channels": {"train": T}}, "channels.train must be a mapping or empty"),
        ({"channels": {"train": {"dataFiles": T}}}, "channels.train.dataFiles must be a list"),
        ({"channels": {"train": {"dataFiles": [T]}}}, "channels.train.dataFiles[0] must be a mapping"),
    ],
)
def test_no_expression_for_an_element_that_holds_others(project: Project, change: dict[str, Any], shown: str) -> None:
    project.model["preprocess"].update(change)
    assert texts(project) == [f'SMP104 models.churn.preprocess.{shown}, not "{T}". {HINT}']


@pytest.mark.parametrize("key", ["supported_content_types", "SupportedTransformInstanceTypes"])
def test_no_expression_for_a_list_in_a_mapping(project: Project, key: str) -> None:
    project.model["registry"]["InferenceSpecification"][key] = T
    assert texts(project) == [f'SMP104 models.churn.registry.InferenceSpecification.{key} must be a list, not "{T}". {HINT}']


CALL = {"step_class": "Lambda", "function_arn": "arn:aws:lambda:eu-west-1:111122223333:function:f"}
LOOP = {"step_class": "ForEach", "items": ["a"], "steps": ["register"]}


@pytest.mark.parametrize(
    ("step", "key", "kind"),
    [
        (CALL, "inputs", "a mapping"),
        (CALL, "outputs", "a mapping"),
        (LOOP, "selector", "a mapping"),
        ({"step_class": "Raw", "type": "Fail"}, "arguments", "a mapping"),
        ({"step_class": "Raw", "type": "Fail"}, "members", "a mapping"),
    ],
)
def test_no_expression_on_a_step_for_what_holds_others(project: Project, step: dict[str, Any], key: str, kind: str) -> None:
    project.pipeline["steps"] = [{"step_name": "x", **step, key: T}]
    assert f'SMP104 x.{key} must be {kind}, not "{T}". {HINT}' in texts(project)


def test_the_items_of_a_loop_may_be_an_expression(project: Project) -> None:
    body = {"step_name": "body", **CALL}
    project.pipeline["parameters"] = {"T": "[1]"}
    project.pipeline["steps"] = [{"step_name": "x", "step_class": "ForEach", "items": T, "steps": [body]}]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("x", "IterableItems") == {"Get": "Parameters.T"}


@pytest.mark.parametrize("text", ["${steps.judge.report.f1} >= 0.8", "1 > 0"])
def test_a_single_condition_is_a_list_of_one(project: Project, text: str) -> None:
    stop = {"step_name": "stop", "step_class": "Fail", "error_message": "no"}
    check = {"step_name": "check", "step_class": "Condition", "if_steps": [stop]}
    project.pipeline["steps"] = [{**check, "conditions": text}]
    single = project.compile()
    project.pipeline["steps"] = [{**check, "conditions": [text]}]
    assert single.texts == []
    assert single.steps == project.compile().steps


def test_a_single_condition_in_the_definitions_form(project: Project) -> None:
    own = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    project.pipeline["steps"] = [{"step_name": "check", "step_class": "Condition", "conditions": own}]
    assert project.compile().at("check", "Conditions") == [own]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (1.5, "SMP104 conf.sagemakerPipeline.models.churn.steps[0].chain_input_source_step must be a list, not 1.5."),
        (T, "SMP119 conf.sagemakerPipeline.models.churn.steps[0].chain_input_source_step must be known when the pipeline is "
         'compiled, and "${parameters.T}" is known only when it runs. Try: write the value itself, or take it from '
         "an environment variable."),
    ],
)  # fmt: skip
def test_a_chain_is_a_list(project: Project, given: Any, said: str) -> None:
    project.step("prep")["chain_input_source_step"] = given
    assert texts(project) == [said]
