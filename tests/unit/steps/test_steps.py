"""What the builders of steps do beyond single keys: encryption, tags, `arguments:`, names that clash, references, places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from framework.config.expressions import Item, Join, JsonGet, Parameter, Ref, Variable
from framework.steps.base import EXECUTION_ID, as_json, as_text, json_text, references

if TYPE_CHECKING:
    from tests.conftest import Project

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
OWN_STORAGE = """
    ml.g4dn.xlarge ml.g5.xlarge ml.g6.xlarge ml.g6e.xlarge ml.g7e.2xlarge ml.p3dn.24xlarge ml.p4d.24xlarge ml.p4de.24xlarge
    ml.p5.48xlarge ml.p5en.48xlarge ml.p6-b200.48xlarge ml.p6e-gb200.36xlarge ml.r5d.large ml.trn1.2xlarge
    ml.trn1n.32xlarge ml.trn2.48xlarge
"""
VOLUMES = (
    "ml.c5.xlarge ml.c5n.xlarge ml.c7i-flex.large ml.m5.xlarge ml.m8i.xlarge ml.r5.large ml.p3.2xlarge ml.t3.large ml.inf2.xlarge"
)
FILES = {"dataFiles": [{"sourceName": "a", "fileName": "x.csv"}, {"sourceName": "a", "fileName": "y.csv"}]}


@pytest.fixture
def encrypted(project: Project) -> Project:
    project.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": {"kms_key": KEY}}})
    return project


# Texts

P, N = Parameter("p", "String"), Parameter("n", "Integer")
COUNT, MODEL, METRIC = Ref("f", "OutputParameters['n']"), Ref("t", "ModelArtifacts.S3ModelArtifacts"), JsonGet("j", "F", "f1")


@pytest.mark.parametrize("value", ["x", P, MODEL, Variable("PipelineName"), Join("", (N,)), Ref("q", "X['a'].S3Output.S3Uri")])
def test_what_is_known_to_be_text_stays_as_it_is(value: Any) -> None:
    assert as_text(value) == value


@pytest.mark.parametrize("value", [N, COUNT, METRIC, Item(), Item("n"), Ref("t", "FinalMetricDataList['loss'].Value")])
def test_what_may_be_a_number_is_made_text(value: Any) -> None:
    assert as_text(value) == Join("", (value,))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"), ([], "[]"), (None, "null"), ({"a": [1, 2.5, True], "b": {"c": "é\n"}}, None),
        ({"a": ["\x00", "\x000\x00", "\x001\x00"]}, None),
        ({"a": ["\x000\x00", P, N]}, Join("", ('{"a": ["\\u00000\\u0000", "', P, '", ', N, "]}"))),
        ([P], Join("", ('["', P, '"]'))), (N, Join("", (N,))),
    ],
)  # fmt: skip
def test_a_value_as_json_in_a_text(value: Any, text: Any) -> None:
    assert json_text(value) == (json.dumps(value) if text is None else text)


# Encryption


@pytest.mark.parametrize(
    ("instance_type", "key"), [*((one, None) for one in OWN_STORAGE.split()), *((one, KEY) for one in VOLUMES.split())]
)
def test_a_volume_has_the_key_unless_the_instance_has_storage_of_its_own(
    encrypted: Project, instance_type: str, key: str | None
) -> None:
    encrypted.model["train"]["instance_type"] = instance_type
    outcome = encrypted.compile()
    assert outcome.at("fit", "ResourceConfig.VolumeKmsKeyId") == key
    assert outcome.at("fit", "OutputDataConfig.KmsKeyId") == KEY


@pytest.mark.parametrize(("section", "step", "path"), [
    ("preprocess", "prep", "ProcessingResources.ClusterConfig"), ("evaluate", "judge", "ProcessingResources.ClusterConfig"),
    ("transform", "score", "TransformResources"),
])  # fmt: skip
def test_no_job_asks_for_a_key_on_storage_of_its_own(encrypted: Project, section: str, step: str, path: str) -> None:
    encrypted.model[section]["instance_type"] = "ml.g5.xlarge"
    outcome = encrypted.compile()
    assert outcome.at(step, path)["InstanceType"] == "ml.g5.xlarge"
    assert "VolumeKmsKeyId" not in outcome.at(step, path)


def test_a_repack_has_the_key_whatever_the_training_runs_on(encrypted: Project) -> None:
    encrypted.model["registry"]["ModelRepack"] = True
    encrypted.model["train"] |= {"instance_type": "ml.g5.xlarge", "instance_count": 4, "env": {"A": "1"}, "base_job_name": "x"}
    outcome = encrypted.compile()
    assert outcome.at("model-RepackModel", "ResourceConfig") == {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 32,
        "VolumeKmsKeyId": KEY,
    }
    assert outcome.at("model-RepackModel", "Environment") is None
    assert outcome.at("model-RepackModel", "TrainingJobName") is None


def test_a_repack_does_not_write_where_the_training_does(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.model["train"]["output_path"] = "s3://lake/models"
    parts = project.compile().at("model-RepackModel", "OutputDataConfig.S3OutputPath.Std:Join.Values")
    assert parts == ["s3:/", "models", "churn-test", {"Get": "Execution.PipelineExecutionId"}, "model-RepackModel", "output"]


# Tags


@pytest.mark.parametrize(("pipeline", "section", "merged"), [
    ({}, {}, None), ({"a": "1"}, {}, {"a": "1"}), ({}, {"a": "1"}, {"a": "1"}), ({"a": "1"}, {"a": "2"}, {"a": "2"}),
    ({"b": "1", "a": "1"}, {"a": "2", "c": "3"}, {"b": "1", "a": "2", "c": "3"}),
])  # fmt: skip
def test_tags_are_merged_by_key(project: Project, pipeline: Any, section: Any, merged: Any) -> None:
    def tags(mapping: dict[str, str]) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in mapping.items()]

    project.pipeline["tags"] = tags(pipeline)
    project.model["train"]["tags"] = tags(section)
    outcome = project.compile()
    assert outcome.at("fit", "Tags") == (tags(merged) if merged else None)
    assert outcome.compiled is not None
    assert [*outcome.compiled.tags] == tags(pipeline)


# arguments:


def test_arguments_are_merged_over_mappings_and_replace_everything_else(project: Project) -> None:
    project.model["train"] |= {
        "env": {"A": "1", "B": "2"},
        "arguments": {
            "Environment": {"B": "3"},
            "AlgorithmSpecification": {"EnableSageMakerMetricsTimeSeries": True},
            "InputDataConfig": [],
        },
    }
    outcome = project.compile()
    assert outcome.at("fit", "Environment") == {"A": "1", "B": "3"}
    assert outcome.at("fit", "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries") is True
    assert outcome.at("fit", "AlgorithmSpecification.TrainingInputMode") == "File"
    assert outcome.at("fit", "InputDataConfig") == []


def test_a_mistake_in_arguments_is_found_where_it_was_written(project: Project) -> None:
    project.model["train"]["arguments"] = {"StoppingCondition": {"MaxRuntime": 1}}
    outcome = project.compile()
    [finding] = outcome.findings
    lines = (project.root / "churn/conf/conf.yaml").read_text().splitlines()
    assert lines[finding.place.line - 1].strip() == "MaxRuntime: 1"


@pytest.mark.parametrize(("arguments", "model", "register"), [
    ({"EnableNetworkIsolation": True}, True, None), ({"SkipModelValidation": "All"}, None, "All"),
    ({"EnableNetworkIsolation": True, "SkipModelValidation": "All"}, True, "All"),
])  # fmt: skip
def test_the_arguments_of_registry_go_to_the_step_whose_request_has_them(
    project: Project, arguments: Any, model: Any, register: Any
) -> None:
    project.model["registry"]["arguments"] = arguments
    outcome = project.compile()
    assert outcome.at("model", "EnableNetworkIsolation") == model
    assert outcome.at("register", "SkipModelValidation") == (register or "None")
    assert outcome.texts == []


def test_arguments_that_no_request_has_are_found_once(project: Project) -> None:
    project.model["registry"]["arguments"] = {"EnableNetworkIsolatoin": True}
    [text] = project.compile().texts
    assert "SMP401 register: CreateModelPackageInput has no member EnableNetworkIsolatoin" in text


def test_a_step_alone_in_its_section_gets_all_the_arguments(project: Project) -> None:
    project.pipeline["models"]["churn"]["steps"].pop()
    project.model["registry"]["arguments"] = {"SkipModelValidation": "All"}
    [text] = project.compile().texts
    assert "SMP401 model: CreateModelInput has no member SkipModelValidation" in text


def test_a_reference_in_arguments_orders_the_steps(project: Project) -> None:
    uri = {"Get": "Steps.judge.ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri"}
    channel = {"ChannelName": "report", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
    project.model["other"] = {**project.model["train"], "arguments": {"InputDataConfig": [channel]}}
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.insert(0, {"step_name": "first", "step_class": "Training", "step_type": "other"})
    names = [*project.compile().steps]
    assert names.index("judge") < names.index("first")


# Names that clash


@pytest.mark.parametrize("name", ["code", "entrypoint"])
def test_no_data_file_may_take_the_name_of_the_code(project: Project, name: str) -> None:
    project.model["preprocess"]["channels"]["train"]["dataFiles"][0]["sourceName"] = name
    [text] = project.compile().texts
    assert f'SMP302 prep has 2 inputs called "{name}" (one of them carries the step\'s code). Try: give each data file' in text


@pytest.mark.parametrize(("section", "step"), [("preprocess", "prep"), ("evaluate", "judge")])
def test_two_inputs_of_one_name(project: Project, section: str, step: str) -> None:
    project.model[section]["channels"] = {"test": FILES}
    texts = project.compile().texts
    assert any(
        f'SMP302 {step} has 2 inputs called "a". Try: give each data file a sourceName of its own.' in text for text in texts
    )


@pytest.mark.parametrize(("changes", "name"), [
    ({"channels": {"model": {"dataFiles": [{"fileName": "x"}]}}, "model_data_uri": "s3://lake/m.tar.gz"}, "model"),
    ({"channels": {"code": {"dataFiles": [{"fileName": "x"}]}}, "launcher": "bootstrap"}, "code"),
    ({"channels": {"prep-train": {"dataFiles": [{"fileName": "x"}]}}}, "prep-train"),
    ({"channels": {"train": {"dataFiles": [{"fileName": "p/x"}, {"fileName": "q/x"}]}}}, "train-x"),
])  # fmt: skip
def test_two_training_channels_of_one_name(project: Project, changes: dict[str, Any], name: str) -> None:
    project.model["train"] |= changes
    assert any(f'SMP302 fit has 2 channels called "{name}"' in text for text in project.compile().texts)


def test_a_step_chained_twice(project: Project) -> None:
    project.step("fit")["chain_input_source_step"] = ["prep", "prep"]
    assert any('SMP302 fit has 2 channels called "prep-train"' in text for text in project.compile().texts)


def test_the_channels_of_the_code_are_files_whatever_the_data_is(project: Project) -> None:
    project.model["train"] |= {
        "launcher": "bootstrap",
        "input_mode": "Pipe",
        "distribution": "ShardedByS3Key",
        "content_type": "a/b",
    }
    channels = {channel["ChannelName"]: channel for channel in project.compile().at("fit", "InputDataConfig")}
    assert {name: channel["InputMode"] for name, channel in channels.items()} == {
        "prep-train": "Pipe",
        "prep-test": "Pipe",
        "code": "File",
        "entrypoint": "File",
    }
    for name in ("code", "entrypoint"):
        assert channels[name]["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"
        assert "ContentType" not in channels[name]


# Scripts


@pytest.mark.parametrize(("section", "entry_point"), [
    ("preprocess", "preproces.py"), ("train", "pkg/train.py"), ("evaluate", "../evaluate.py"), ("train", "Train.py"),
])  # fmt: skip
def test_a_script_that_is_not_in_the_bundle(project: Project, section: str, entry_point: str) -> None:
    project.write("evaluate.py", "")
    project.model[section]["entry_point"] = entry_point
    [text] = project.compile().texts
    hint = "check entry_point, which is relative to source_directory, and .smpignore"
    assert text.endswith(f"SMP701 churn.{section}: there is no {entry_point} in src. Try: {hint}.")


@pytest.mark.parametrize("entry_point", ["step.v2.py", "v1.0/step.py"])
def test_a_processing_script_runs_as_a_module(project: Project, entry_point: str) -> None:
    project.write(f"src/{entry_point}", "")
    project.model["preprocess"]["entry_point"] = project.model["train"]["entry_point"] = entry_point
    [text] = project.compile().texts
    assert f"SMP701 churn.preprocess: {entry_point} runs as a module, whose path can hold no other dots" in text


def test_a_training_without_script_needs_no_source_directory(project: Project) -> None:
    sections = {"train": {"image_uri": project.model["train"]["image_uri"]}}
    project.conf["conf"] = {"models": {"churn": sections}}
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("churn-Training", "HyperParameters") is None
    assert outcome.compiled is not None
    assert outcome.compiled.uploads == ()


def test_a_launcher_without_a_script_launches_nothing(project: Project) -> None:
    project.model["train"]["launcher"] = "bootstrap"
    del project.model["train"]["entry_point"]
    [text] = project.compile().texts
    assert "SMP113 warning: launcher of churn.train has no effect: there is no entry_point to launch" in text


def test_a_transform_that_chains_does_not_read_its_file(project: Project) -> None:
    project.model["transform"]["channels"] = {"test": {"dataFiles": [{"fileName": "x.csv"}]}}
    outcome = project.compile()
    [text] = outcome.texts
    assert "SMP113 warning: score chains from another step, so the data file of its section is not read" in text
    assert outcome.at("score", "TransformInput.DataSource.S3DataSource.S3Uri.Get").startswith("Steps.prep.")


def test_a_model_needs_an_image(project: Project) -> None:
    del project.model["registry"]
    project.pipeline["models"]["churn"]["steps"].pop()
    texts = project.compile().texts
    assert any("SMP105 model needs an image to serve the model churn with. Try: set registry." in text for text in texts)


# References


def test_references_are_found_however_deep() -> None:
    value = {"a": [Ref("x", "p"), {"b": Join("/", (Ref("y", "q"), EXECUTION_ID, Join("", (Ref("z", "r"),))))}], "c": ("d", 1, None)}
    assert [*references(value)] == [Ref("x", "p"), Ref("y", "q"), Ref("z", "r")]


@pytest.mark.parametrize(("value", "found"), [
    ({"Get": "Steps.a.ModelArtifacts.S3ModelArtifacts"}, [Ref("a", "ModelArtifacts.S3ModelArtifacts")]),
    ({"Std:Join": {"On": "/", "Values": [{"Get": "Steps.a.X"}, "b"]}}, [Ref("a", "X")]),
    ({"Get": "Execution.PipelineName"}, []), ({"Get": "Steps.a.X", "other": 1}, []), ({"Get": 1}, []), ("Steps.a.X", []),
])  # fmt: skip
def test_references_in_the_notation_of_the_definition(value: Any, found: list[Ref]) -> None:
    assert [*references(value)] == found


def test_references_in_json() -> None:
    value = {"a": Join("/", ("s3:/", Ref("x", "p.q"), EXECUTION_ID)), "b": [True, 1.5, None, ("t",)]}
    assert json.loads(json.dumps(as_json(value))) == {
        "a": {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Steps.x.p.q"}, {"Get": "Execution.PipelineExecutionId"}]}},
        "b": [True, 1.5, None, ["t"]],
    }


# Places


@pytest.mark.parametrize(("section", "key", "value"), [
    ("preprocess", "instance_type", "ml.m5.wrong"), ("train", "instance_type", "ml.m5.wrong"),
    ("evaluate", "volume_size_in_gb", 99999), ("transform", "base_job_name", "two words"),
    ("preprocess", "instance_count", 1000), ("registry", "ModelPackageGroupName", "a b"),
])  # fmt: skip
def test_what_the_service_refuses_is_found_where_it_was_written(project: Project, section: str, key: str, value: Any) -> None:
    project.model[section][key] = value
    [finding] = project.compile().findings
    lines = (project.root / "churn/conf/conf.yaml").read_text().splitlines()
    assert lines[finding.place.line - 1].strip() == f"{key}: {value}"


def test_what_nobody_wrote_is_found_at_its_section(project: Project) -> None:
    project.pipeline["pipelineName"] = "p" * 70
    [finding] = project.compile().findings
    lines = (project.root / "churn/conf/conf.yaml").read_text().splitlines()
    assert finding.message.startswith("register: ModelPackageGroupName ")
    assert lines[finding.place.line - 1].strip() == "registry:"
