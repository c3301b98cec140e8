"""The statements about files, environment and `sagemakerPipeline`, as far as they decide what is built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

CLASSES = {
    "Processing": "prep",
    "Training": "fit",
    "CreateModel": "model",
    "Transform": "score",
    "Metrics": "judge",
    "RegisterModel": "register",
}
OLDER = {
    "Processing": ["preprocessing", "PreProcessing", "processing"],
    "Training": ["training", "TRAINING"],
    "CreateModel": ["createmodel", "createModel"],
    "Transform": ["transform"],
    "Metrics": ["metrics"],
    "RegisterModel": ["registermodel", "Registermodel"],
}
SECURITY = {"subnets": "SMP_SUBNETS", "security_groups_id": "SMP_SECURITYGROUPS"}
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}


# Files and environment


@pytest.mark.parametrize("file", ["conf/conf.yaml", "framework/conf/conf.yaml"])
def test_the_framework_configuration_names_variables(project: Project, file: str) -> None:
    project.variables["OTHER_BUCKET"] = "other-bucket"
    project.write(file, {"conf": {"s3Bucket": "${OTHER_BUCKET}", "sagemakerNetworkSecurity": {"role": "SMP_ROLE"}}})
    outcome = project.compile()
    assert outcome.at("fit", "OutputDataConfig.S3OutputPath.Std:Join.Values.1") == "other-bucket"
    assert outcome.at("fit", "RoleArn") == project.variables["SMP_ROLE"]


def test_conf_conf_yaml_comes_before_the_older_place(project: Project) -> None:
    project.variables["SMP_MODEL_CONFIGPATH"] = "churn/conf/conf.yaml"
    project.write("conf/conf.yaml", {"conf": {"s3Bucket": "new-bucket"}})
    project.write("framework/conf/conf.yaml", {"conf": {"s3Bucket": "old-bucket"}})
    compiled = project.compile().compiled
    assert compiled is not None
    assert compiled.bucket == "new-bucket"


@pytest.mark.parametrize(("subnets", "groups"), [("subnet-1,subnet-2", "sg-1"), (["subnet-1", "subnet-2"], ["sg-1"])])
def test_subnets_and_security_groups_are_a_string_or_a_list(project: Project, subnets: Any, groups: Any) -> None:
    project.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": {"subnets": subnets, "security_groups_id": groups}}})
    assert project.compile().at("model", "VpcConfig") == VPC


def test_subnets_and_security_groups_from_the_environment(project: Project) -> None:
    project.variables |= {"SMP_SUBNETS": "subnet-1, subnet-2", "SMP_SECURITYGROUPS": "sg-1"}
    assert project.compile().at("model", "VpcConfig") == VPC


def test_every_file_that_matches_is_joined_into_one_pipeline(project: Project) -> None:
    price = {"source_directory": "src", "train": {"image_uri": project.model["train"]["image_uri"], "entry_point": "train.py"}}
    project.write("price/conf/conf.yaml", {"conf": {"models": {"price": price}}})
    project.pipeline["models"]["price"] = {"steps": [{"step_name": "price-fit", "step_class": "Training"}]}
    assert [*project.compile().steps] == [*CLASSES.values(), "price-fit"]


def test_a_model_configuration_may_be_json(project: Project) -> None:
    plain = project.compile()
    project.write("churn/conf/conf.json", json.dumps(project.conf))
    assert project.compile(patterns=("churn/conf/conf.json",)).steps == plain.steps


def test_tokens_are_whole_parts_of_values(project: Project) -> None:
    project.variables |= {"SMP_ACCOUNTID": "444455556666", "SMP_REGION": "eu-north-1"}
    project.model["train"]["image_uri"] = "SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/img:1"
    project.model["train"]["output_path"] = "s3://SMP_S3BUCKETNAME/SMP_S3BUCKETNAME/out"
    outcome = project.compile()
    assert outcome.at("fit", "AlgorithmSpecification.TrainingImage") == "444455556666.dkr.ecr.eu-north-1.amazonaws.com/img:1"
    assert outcome.at("fit", "OutputDataConfig.S3OutputPath") == "s3://models/models/out"


def test_the_source_directory_of_older_files_comes_from_the_environment(project: Project) -> None:
    del project.model["source_directory"]
    project.variables["SMP_SOURCE_DIR_PATH"] = "src"
    assert project.compile().texts == []


def test_models_may_be_nested_under_model_container(project: Project) -> None:
    plain = project.compile()
    project.conf["conf"]["models"] = {"modelContainer": project.conf["conf"]["models"]}
    assert project.compile().steps == plain.steps


# sagemakerPipeline


def test_the_pipeline_has_its_name(project: Project) -> None:
    project.pipeline["pipelineName"] = "churn-prod"
    compiled = project.compile().compiled
    assert compiled is not None
    assert compiled.name == "churn-prod"


@pytest.mark.parametrize(("today", "word"), [(today, word) for today, words in OLDER.items() for word in words])
def test_step_class_in_any_case_and_older_words(project: Project, today: str, word: str) -> None:
    plain = project.compile()
    project.step(CLASSES[today])["step_class"] = word
    assert project.compile().steps == plain.steps


@pytest.mark.parametrize(("step", "section"), [
    ("prep", "preprocess"), ("fit", "train"), ("score", "transform"), ("judge", "evaluate"), ("register", "registry"),
    ("model", "registry"),
])  # fmt: skip
def test_step_type_names_the_section(project: Project, step: str, section: str) -> None:
    plain = project.compile()
    project.step(step)["step_type"] = section
    assert project.compile().steps == plain.steps


def test_two_steps_of_one_class_with_sections_of_their_own(project: Project) -> None:
    project.model["clean"] = project.model["preprocess"] | {"base_job_name": "clean"}
    project.pipeline["models"]["churn"]["steps"].insert(0, {"step_name": "c", "step_class": "Processing", "step_type": "clean"})
    outcome = project.compile()
    assert outcome.at("c", "ProcessingJobName") == "clean"
    assert outcome.at("prep", "ProcessingJobName") is None


@pytest.mark.parametrize("value", ["True", "true", True])
@pytest.mark.parametrize("step", ["prep", "fit", "score", "judge"])
def test_enable_cache(project: Project, step: str, value: Any) -> None:
    project.step(step)["enable_cache"] = value
    steps = project.compile().steps
    assert {name: given.get("CacheConfig") for name, given in steps.items() if "CacheConfig" in given} == {
        step: {"Enabled": True, "ExpireAfter": "P10D"}
    }


@pytest.mark.parametrize("value", ["False", False, None])
def test_nothing_is_cached_unless_asked_for(project: Project, value: Any) -> None:
    project.step("fit")["enable_cache"] = value
    assert "CacheConfig" not in project.compile().steps["fit"]


@pytest.mark.parametrize("key", ["chain_input_source_step", "chain_input_source_steps"])
@pytest.mark.parametrize("value", [["prep", "score"], "prep, score"])
def test_a_chain_is_a_list_of_steps_under_either_key(project: Project, key: str, value: Any) -> None:
    plain = project.compile()
    del project.step("judge")["chain_input_source_step"]
    project.step("judge")[key] = value
    assert project.compile().steps == plain.steps


@pytest.mark.parametrize("prefix", ["part/x.csv", "/part/x.csv/"])
def test_the_additional_prefix_is_appended_to_the_source(project: Project, prefix: str) -> None:
    project.step("score")["chain_input_additional_prefix"] = prefix
    source = {"Get": "Steps.prep.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"}
    uri = project.compile().at("score", "TransformInput.DataSource.S3DataSource.S3Uri")
    assert uri == {"Std:Join": {"On": "/", "Values": [source, "part/x.csv"]}}


@pytest.mark.parametrize(("step", "key", "value", "reason"), [
    ("fit", "chain_input_additional_prefix", "x", "only a Transform step reads below a prefix"),
    ("judge", "chain_input_additional_prefix", "x", "only a Transform step reads below a prefix"),
    ("model", "chain_input_source_step", ["fit"], "the model is that of the Training step before it"),
    ("register", "chain_input_source_step", ["fit"], "the model is that of the Training step before it"),
    ("model", "enable_cache", True, "the service caches no CreateModel step"),
    ("register", "enable_cache", True, "the service caches no RegisterModel step"),
])  # fmt: skip
def test_a_key_of_a_step_without_effect_is_a_warning(project: Project, step: str, key: str, value: Any, reason: str) -> None:
    plain = project.compile()
    project.step(step)[key] = value
    outcome = project.compile()
    [text] = outcome.texts
    assert text.endswith(f" SMP113 warning: {key} of {step} has no effect: {reason}. Try: remove it.")
    assert outcome.steps == plain.steps


def test_dependencies_order_the_steps(project: Project) -> None:
    project.pipeline["dependencies"] = ["prep >> fit >> model >> score >> judge >> register"]
    waits = {name: step.get("DependsOn") for name, step in project.compile().steps.items()}
    assert waits == {
        "prep": None,
        "fit": ["prep"],
        "model": ["fit"],
        "score": ["model"],
        "judge": ["score"],
        "register": ["judge"],
    }


def test_dependencies_may_cross_models(project: Project) -> None:
    project.conf["conf"]["models"]["price"] = {"source_directory": "src", "train": project.model["train"]}
    project.pipeline["models"]["price"] = {"steps": [{"step_name": "price-fit", "step_class": "Training"}]}
    project.pipeline["dependencies"] = ["price-fit >> prep"]
    outcome = project.compile()
    assert [*outcome.steps][:2] == ["price-fit", "prep"]
    assert outcome.steps["prep"]["DependsOn"] == ["price-fit"]


@pytest.mark.parametrize("dependencies", [None, []])
def test_without_dependencies_the_data_orders_the_steps(project: Project, dependencies: Any) -> None:
    project.pipeline["dependencies"] = dependencies
    project.pipeline["models"]["churn"]["steps"].insert(0, project.pipeline["models"]["churn"]["steps"].pop(4))
    outcome = project.compile()
    assert [*outcome.steps] == ["prep", "fit", "model", "score", "judge", "register"]
    assert not any("DependsOn" in step for step in outcome.steps.values())
