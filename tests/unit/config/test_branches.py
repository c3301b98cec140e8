"""The lists of steps inside a condition or a loop: what may stand in them, and where they may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

FAIL = {"step_name": "stop", "step_class": "Fail", "error_message": "no"}
CHECK = {"step_name": "check", "step_class": "Condition", "conditions": ["1 > 0"]}
STEP = "SMP104 conf.sagemakerPipeline.steps[0]"
AWAY = "SMP104 {} holds steps, which stand on the step itself. Try: move it to the step."


def said(project: Project, step: dict[str, Any]) -> list[str]:
    project.pipeline["dependencies"] = []
    project.pipeline["steps"] = [step]
    return [text.partition(" ")[2] for text in project.compile().texts]


def test_a_name_alone_is_a_list_of_names(project: Project) -> None:
    assert said(project, {**CHECK, "if_steps": "register"}) == []
    outcome = project.compile()
    assert "register" not in outcome.steps
    assert [step["Name"] for step in outcome.at("check", "IfSteps")] == ["register"]


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (FAIL, [f"{STEP}.if_steps must be a list, not a mapping."]),
        ([5, None], [f"{STEP}.if_steps[0] must be text or a mapping, not 5.",
                     f"{STEP}.if_steps[1] must be text or a mapping, not null."]),
        (["${execution.PipelineName}"],
         ["SMP119 conf.sagemakerPipeline.steps[0].if_steps[0] must be known when the pipeline is compiled, and "
          '"${execution.PipelineName}" is known only when it runs. Try: write the value itself, or take it from an environment '
          "variable."]),
        ("${execution.PipelineName}",
         ["SMP119 conf.sagemakerPipeline.steps[0].if_steps must be known when the pipeline is compiled, and "
          '"${execution.PipelineName}" is known only when it runs. Try: write the value itself, or take it from an environment '
          "variable."]),
    ],
)  # fmt: skip
def test_what_cannot_stand_in_a_branch(project: Project, given: Any, texts: list[str]) -> None:
    assert said(project, {**CHECK, "if_steps": given}) == texts


def test_a_loop_needs_a_step(project: Project) -> None:
    loop = {"step_name": "loop", "step_class": "ForEach", "items": ["a"], "steps": []}
    assert said(project, loop) == [f"{STEP}.steps must have at least 1 element."]


def test_no_branches_in_a_section(project: Project) -> None:
    project.model["fn"] = {"conditions": ["1 > 0"], "if_steps": ["register"]}
    step = {"step_name": "check", "step_class": "Condition", "step_type": "fn", "model": "churn"}
    assert said(project, step) == [AWAY.format("if_steps")]
    assert said(project, {**step, "else_steps": [FAIL]}) == [AWAY.format("if_steps")]


def test_no_branches_in_defaults(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"Condition": {"else_steps": ["register"]}}
    assert said(project, {**CHECK, "if_steps": [FAIL]}) == [AWAY.format("else_steps")]
