"""What is written once and used several times: defaults, extends, matrix; and `smp explain`, which says where a value came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from framework.cli import smp

if TYPE_CHECKING:
    from tests.conftest import Project

CLUSTER = "ProcessingResources.ClusterConfig"


def prep_type(project: Project) -> Any:
    outcome = project.compile()
    assert outcome.texts == []
    return outcome.at("prep", f"{CLUSTER}.InstanceType")


def test_the_nearest_default_wins(project: Project) -> None:
    project.model["preprocess"].pop("instance_type", None)
    assert prep_type(project) == "ml.m5.2xlarge"
    project.conf["conf"]["defaults"] = {"Processing": {"instance_type": "ml.m5.large"}}
    assert prep_type(project) == "ml.m5.large"
    project.conf["conf"]["defaults"]["preprocess"] = {"instance_type": "ml.m5.xlarge"}
    assert prep_type(project) == "ml.m5.xlarge"
    project.pipeline["defaults"] = {"Processing": {"instance_type": "ml.c5.xlarge"}}
    assert prep_type(project) == "ml.c5.xlarge"
    project.model["defaults"] = {"preprocess": {"instance_type": "ml.c5.2xlarge"}}
    assert prep_type(project) == "ml.c5.2xlarge"
    project.model["preprocess"]["instance_type"] = "ml.r5.large"
    assert prep_type(project) == "ml.r5.large"
    project.step("prep")["instance_type"] = "ml.r5.xlarge"
    assert prep_type(project) == "ml.r5.xlarge"


def test_defaults_are_merged_key_by_key_and_know_other_names(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"train": {"volume_size": 99, "env": {"A": "1", "B": "1"}}}
    project.model["train"]["env"] = {"B": "2"}
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("fit", "ResourceConfig.VolumeSizeInGB") == 99
    assert outcome.at("fit", "Environment") == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ({"trian": {"instance_count": 1}},
         'SMP116 warning: the defaults for "trian" have no effect: no section or step class is called so. Try: train.'),
        ({"train": {"instance_cuont": 1}}, 'SMP103 unknown key "instance_cuont" in models.churn.train. Try: instance_count.'),
    ],
)  # fmt: skip
def test_defaults_that_cannot_be(project: Project, defaults: Any, said: str) -> None:
    project.conf["conf"]["defaults"] = defaults
    [text] = project.compile().texts
    assert text.partition(" ")[2] == said


def test_a_section_extends_another(project: Project) -> None:
    project.model["clean"] = {"extends": "preprocess", "instance_type": "ml.c5.xlarge", "env": {"A": "1"}}
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.insert(1, {"step_name": "again", "step_class": "Processing", "step_type": "clean"})
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("again", f"{CLUSTER}.InstanceType") == "ml.c5.xlarge"
    assert outcome.at("again", "AppSpecification") == outcome.at("prep", "AppSpecification")


def test_a_model_extends_another(project: Project) -> None:
    project.conf["conf"]["models"]["leavers"] = {"extends": "churn", "train": {"hyperparameters": {"depth": 9}}}
    project.pipeline["models"]["leavers"] = {
        "steps": [{"step_name": "fit-2", "step_class": "Training", "chain_input_source_step": "prep"}]
    }
    outcome = project.compile()
    own = outcome.at("fit-2", "HyperParameters")
    assert own["depth"] == "9"
    assert {**own, "depth": None} == {**outcome.at("fit", "HyperParameters"), "depth": None}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"a": {"extends": "preproces"}}, 'SMP121 churn.a extends "preproces", which is no section. Try: preprocess.'),
        (
            {"a": {"extends": "b"}, "b": {"extends": "a"}},
            "SMP121 churn.b extends itself, by way of churn.a. Try: break the circle.",
        ),
        ({"a": {"extends": "a"}}, "SMP121 churn.a extends itself, by way of churn.a. Try: break the circle."),
    ],
)
def test_what_cannot_be_extended(project: Project, sections: Any, said: str) -> None:
    project.model.update(sections)
    assert said in [text.partition(" ")[2] for text in project.compile().texts]


def matrix(project: Project) -> None:
    unit = project.pipeline["models"]["churn"]
    unit["matrix"] = {"depth": [4, 8], "shop": ["north", "south"]}
    unit["steps"] = [
        {"step_name": "prep", "step_class": "Processing"},
        {"step_name": "fit-${matrix.depth}-${matrix.shop}", "step_class": "Training", "chain_input_source_step": ["prep"]},
    ]
    project.model["train"]["hyperparameters"] = {"depth": "${matrix.depth}", "from": "${steps.prep.outputs.train}"}
    project.model["preprocess"]["env"] = {"SHOP": "${matrix.shop}"}
    project.pipeline["dependencies"] = ["prep >> tell"]
    function = "arn:aws:lambda:eu-west-1:111122223333:function:tell"
    project.pipeline["steps"] = [{"step_name": "tell", "step_class": "Lambda", "function_arn": function}]
    for section in ("transform", "evaluate", "registry"):
        del project.model[section]


def test_a_matrix_makes_a_unit_of_each_combination(project: Project) -> None:
    matrix(project)
    outcome = project.compile()
    assert outcome.texts == []
    names = [f"{depth}-{shop}" for depth in (4, 8) for shop in ("north", "south")]
    assert sorted(outcome.steps) == sorted([*(f"prep-{name}" for name in names), *(f"fit-{name}" for name in names), "tell"])
    assert outcome.at("prep-8-south", "Environment") == {"SHOP": "south"}
    hyperparameters = outcome.at("fit-8-south", "HyperParameters")
    assert hyperparameters["depth"] == "8"
    assert hyperparameters["from"] == {"Get": "Steps.prep-8-south.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
    channels = [channel["ChannelName"] for channel in outcome.at("fit-8-south", "InputDataConfig")]
    assert "prep-8-south-train" in channels
    assert outcome.steps["tell"]["DependsOn"] == [f"prep-{name}" for name in names]


def test_dependencies_within_a_matrix_stay_within_a_combination(project: Project) -> None:
    matrix(project)
    project.pipeline["models"]["churn"]["steps"][1] = {"step_name": "fit", "step_class": "Processing"}
    project.pipeline["dependencies"] = ["prep >> fit"]
    del project.model["train"]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.steps["fit-4-north"]["DependsOn"] == ["prep-4-north"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 4}, "SMP122 the matrix of churn must give a list of values for each key. Try: write matrix: {KEY: [VALUE, …]}."),
        ({}, "SMP122 the matrix of churn must give a list of values for each key. Try: write matrix: {KEY: [VALUE, …]}."),
        ({"a": list(range(11)), "b": list(range(10))},
         "SMP122 the matrix of churn makes 110 units; 100 is the most. Try: make it smaller."),
    ],
)  # fmt: skip
def test_a_matrix_that_cannot_be(project: Project, given: Any, said: str) -> None:
    project.pipeline["models"]["churn"]["matrix"] = given
    assert said in [text.partition(" ")[2] for text in project.compile().texts]


def smp_explain(project: Project, *words: str) -> Any:
    project.save()
    return CliRunner().invoke(smp, ["--root", str(project.root), "explain", *words], env=project.variables)


def test_explain_tells_every_layer(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"Processing": {"instance_type": "ml.m5.large"}}
    project.model["preprocess"]["instance_type"] = "ml.m5.xlarge"
    result = smp_explain(project, "prep.instance_type", "--set", "models.churn.preprocess.instance_type=ml.c5.xlarge")
    first, *below = result.output.splitlines()
    assert result.exit_code == 0
    assert first == (
        "prep.instance_type = ml.c5.xlarge  (--set models.churn.preprocess.instance_type)"
        "  → Arguments.ProcessingResources.ClusterConfig.InstanceType"
    )
    assert [line.split("  (")[0] for line in below] == ["    over ml.m5.xlarge", "    over ml.m5.large"]
    assert all("churn/conf/conf.yaml:" in line for line in below)


def test_explain_tells_a_default_of_the_tool(project: Project) -> None:
    project.model["preprocess"].pop("volume_size_in_gb", None)
    assert smp_explain(project, "prep.volume_size_in_gb").output == (
        "prep.volume_size_in_gb = 32  (default)  → Arguments.ProcessingResources.ClusterConfig.VolumeSizeInGB\n"
    )


def test_explain_of_a_whole_step_for_a_program(project: Project) -> None:
    project.model["preprocess"]["env"] = {"API_KEY": "abc", "STAGE": "test"}
    result = smp_explain(project, "--format", "json", "prep")
    told = json.loads(result.output)
    values = {value["key"]: value for value in told["values"]}
    assert (told["step"], told["section"]) == ("prep", "preprocess")
    assert values["env.STAGE"]["becomes"] == "Arguments.Environment.STAGE"
    assert values["env.API_KEY"]["value"] == "(hidden)"
    assert "abc" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("perp", "explain SMP304 there is no step perp. Try: prep."),
        ("prep.instance_tpye", "prep has no value instance_tpye. Try: "),
    ],
)
def test_explain_says_what_is_not_there(project: Project, words: str, said: str) -> None:
    result = smp_explain(project, words)
    assert result.exit_code == 1
    assert said in result.output
