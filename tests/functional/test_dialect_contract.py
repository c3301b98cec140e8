"""The container contract: what users' scripts rely on, row by row."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

ARTIFACT = {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"}
PREDICTIONS = {"Get": "Steps.score.TransformOutput.S3OutputPath"}
REPACKED = {"Get": "Steps.model-RepackModel.ModelArtifacts.S3ModelArtifacts"}
FIT = {"step_name": "fit", "step_class": "Training"}
SERVING = {
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_REQUIREMENTS": "requirements.txt",
}


def output_of(step: str, channel: str) -> dict[str, str]:
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{channel}'].S3Output.S3Uri"}


def inputs(outcome: Outcome, step: str) -> list[tuple[str, Any, str]]:
    """Name, source and folder of each processing input but the two that carry the code."""
    given = outcome.at(step, "ProcessingInputs")
    assert [one["InputName"] for one in given[-2:]] == ["code", "entrypoint"]
    return [(one["InputName"], one["S3Input"]["S3Uri"], one["S3Input"]["LocalPath"]) for one in given[:-2]]


def training_channels(outcome: Outcome, step: str = "fit") -> list[tuple[str, Any]]:
    given = outcome.at(step, "InputDataConfig") or []
    return [(one["ChannelName"], one["DataSource"]["S3DataSource"]["S3Uri"]) for one in given]


def names_in(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]


def test_processing_static_input(project: Project) -> None:
    files = [{"sourceName": "raw data", "fileName": "s3://lake/a.csv"}, {"sourceName": "more", "fileName": "s3://lake/b.csv"}]
    project.model["preprocess"]["channels"] = {"train": {"dataFiles": files[:1]}, "test": {"dataFiles": files[1:]}}
    assert inputs(project.compile(), "prep") == [
        ("raw data", "s3://lake/a.csv", "/opt/ml/processing/input/raw data"),
        ("more", "s3://lake/b.csv", "/opt/ml/processing/input/more"),
    ]


@pytest.mark.parametrize(("source", "expected"), [
    ("prep", {"train": output_of("prep", "train"), "test": output_of("prep", "test")}),
    ("fit", {"train": ARTIFACT}),
    ("score", {"test": PREDICTIONS}),
    ("judge", {"model_evaluation_metrics": output_of("judge", "model_evaluation_metrics")}),
])  # fmt: skip
def test_processing_chain_input(project: Project, source: str, expected: dict[str, Any]) -> None:
    project.model["after"] = {key: value for key, value in project.model["preprocess"].items() if key != "channels"}
    step = {"step_name": "last", "step_class": "Processing", "step_type": "after", "chain_input_source_step": [source]}
    project.pipeline["models"]["churn"]["steps"].append(step)
    assert inputs(project.compile(), "last") == [
        (f"{source}-input-{channel}", uri, f"/opt/ml/processing/input/{source}-input-{channel}")
        for channel, uri in expected.items()
    ]


def test_processing_outputs(project: Project) -> None:
    project.model["preprocess"]["channels"] = {"train": None, "validation": None, "test": None}
    outputs = project.compile().at("prep", "ProcessingOutputConfig.Outputs")
    assert [(output["OutputName"], output["S3Output"]["LocalPath"]) for output in outputs] == [
        (name, f"/opt/ml/processing/output/{name}") for name in ("train", "validation", "test")
    ]


def test_training_static_input(project: Project) -> None:
    project.model["train"]["channels"] = {
        "train": {"dataFiles": [{"fileName": "s3://lake/a.csv"}]},
        "validation": {"dataFiles": [{"sourceName": "any name", "fileName": "s3://lake/b.csv"}]},
    }
    assert training_channels(project.compile())[:2] == [("train", "s3://lake/a.csv"), ("validation", "s3://lake/b.csv")]


def test_training_chain_input(project: Project) -> None:
    assert training_channels(project.compile()) == [
        ("prep-train", output_of("prep", "train")),
        ("prep-test", output_of("prep", "test")),
    ]


@pytest.mark.parametrize(("channels", "channel"), [("test", "test"), ("train", "train"), (None, "train")])
def test_metrics_chain_input(project: Project, channels: Any, channel: str) -> None:
    project.model["evaluate"]["channels"] = channels
    assert inputs(project.compile(), "judge") == [
        ("prep-input", output_of("prep", channel), f"/opt/ml/processing/input/prep-{channel}"),
        ("score-input", PREDICTIONS, f"/opt/ml/processing/input/score-{channel}"),
    ]


@pytest.mark.parametrize(("step", "sections"), [("score", ["transform"]), ("judge", ["evaluate", "transform"])])
def test_the_only_output_of_a_source_is_read_where_no_channel_is_named(project: Project, step: str, sections: list[str]) -> None:
    project.model["preprocess"]["channels"] = "cleaned"
    for section in ("evaluate", "transform"):
        project.model[section]["channels"] = None if section in sections else "cleaned"
    outcome = project.compile()
    assert outcome.texts == []
    if step == "judge":
        assert inputs(outcome, "judge")[0] == ("prep-input", output_of("prep", "cleaned"), "/opt/ml/processing/input/prep-train")
    assert outcome.at("score", "TransformInput.DataSource.S3DataSource.S3Uri") == output_of("prep", "cleaned")


def test_the_report_of_other_metrics_is_read_whatever_the_channel(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.append({"step_name": "again", "step_class": "Metrics", "chain_input_source_step": ["judge"]})
    report = output_of("judge", "model_evaluation_metrics")
    assert inputs(project.compile(), "again") == [("judge-input", report, "/opt/ml/processing/input/judge-test")]


def test_metrics_output(project: Project) -> None:
    outcome = project.compile()
    [output] = outcome.at("judge", "ProcessingOutputConfig.Outputs")
    assert (output["OutputName"], output["S3Output"]["LocalPath"]) == ("model_evaluation_metrics", "/opt/ml/processing/output/")
    assert outcome.steps["judge"]["PropertyFiles"] == [
        {
            "PropertyFileName": "EvaluationReport",
            "OutputName": "model_evaluation_metrics",
            "FilePath": "model_evaluation_metrics.json",
        }
    ]


@pytest.mark.parametrize(("source", "uri"), [("fit", ARTIFACT), ("score", PREDICTIONS), ("prep", output_of("prep", "test"))])
def test_what_is_chained_from_training_transform_and_processing(project: Project, source: str, uri: Any) -> None:
    project.step("judge")["chain_input_source_step"] = [source]
    assert [given[1] for given in inputs(project.compile(), "judge")] == [uri]


def test_metrics_needs_a_transform_only_when_it_chains_from_one(project: Project) -> None:
    project.step("judge")["chain_input_source_step"] = ["prep", "fit"]
    del project.model["transform"]
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[:] = [step for step in steps if step["step_name"] not in {"model", "score"}]
    outcome = project.compile()
    assert outcome.texts == []
    assert [*outcome.steps] == ["prep", "fit", "judge", "register"]


@pytest.mark.parametrize(("sources", "message"), [
    (["prep", "fit"], "score chains from 2 steps; a transform reads exactly one source. Try: keep one of them."),
    ([], "score has no data file; a transform reads exactly one source"),
])  # fmt: skip
def test_transform_reads_exactly_one_source(project: Project, sources: list[str], message: str) -> None:
    project.step("score")["chain_input_source_step"] = sources
    outcome = project.compile()
    assert outcome.compiled is None
    assert f"SMP207 {message}" in outcome.texts[0]


def test_transform_with_one_data_file(project: Project) -> None:
    del project.step("score")["chain_input_source_step"]
    project.model["transform"]["channels"] = {"test": {"dataFiles": [{"fileName": "x.csv"}], "s3Bucket": "lake"}}
    outcome = project.compile()
    assert outcome.at("score", "TransformInput.DataSource.S3DataSource.S3Uri") == "s3://lake/x.csv"
    assert outcome.at("score", "TransformOutput.S3OutputPath.Std:Join.Values.1") == "lake"


# Scripts. That these start scripts do what they say is shown by running them: tests/unit/steps/test_container.py.


@pytest.mark.parametrize(("entry_point", "files", "installed"), [
    ("preprocess.py", [], "''"),
    ("preprocess.py", ["requirements.txt"], "requirements.txt"),
    ("./preprocess.py", ["requirements.txt"], "requirements.txt"),
    ("pkg/preprocess.py", ["requirements.txt"], "requirements.txt"),
    ("pkg/preprocess.py", ["requirements.txt", "pkg/requirements.txt"], "pkg/requirements.txt"),
    ("pkg/preprocess.py", ["other/requirements.txt"], "''"),
])  # fmt: skip
def test_the_requirements_of_a_processing_script(project: Project, entry_point: str, files: list[str], installed: str) -> None:
    for file in [*files, "pkg/preprocess.py"]:
        project.write(f"src/{file}", "")
    project.model["preprocess"]["entry_point"] = entry_point
    outcome = project.compile()
    code, start = [given["S3Input"] for given in outcome.at("prep", "ProcessingInputs")[-2:]]
    assert f"requirements={installed}\n" in outcome.upload(start["S3Uri"]).decode()
    assert f'-m {"pkg." if entry_point.startswith("pkg") else ""}preprocess "$@"' in outcome.upload(start["S3Uri"]).decode()
    assert names_in(outcome.upload(code["S3Uri"])).keys() >= {"preprocess.py", "train.py", *files}


@pytest.mark.parametrize("launcher", ["toolkit", "bootstrap"])
def test_the_requirements_of_a_training_script_lie_at_the_top_of_its_bundle(project: Project, launcher: str) -> None:
    project.write("src/pkg/train.py", "")
    project.write("src/pkg/requirements.txt", "own\n")
    project.write("src/requirements.txt", "common\n")
    project.model["train"] |= {"entry_point": "pkg/train.py", "launcher": launcher}
    outcome = project.compile()
    if launcher == "toolkit":
        [uri] = [outcome.at("fit", "HyperParameters.sagemaker_submit_directory").strip('"')]
    else:
        [uri] = [uri for name, uri in training_channels(outcome) if name == "code"]
    assert names_in(outcome.upload(uri))["requirements.txt"] == b"own\n"
    code = outcome.at("prep", "ProcessingInputs")[-2]["S3Input"]["S3Uri"]
    assert names_in(outcome.upload(code))["requirements.txt"] == b"common\n"


def test_a_model_that_is_not_repacked(project: Project) -> None:
    outcome = project.compile()
    for container in (outcome.at("model", "PrimaryContainer"), outcome.at("register", "InferenceSpecification.Containers.0")):
        assert container["Environment"] == SERVING
        assert container["ModelDataUrl"] == ARTIFACT


def test_the_program_of_a_model_is_the_entry_point_of_transform(project: Project) -> None:
    project.model["transform"]["entry_point"] = "serve/handler.py"
    assert project.compile().at("model", "PrimaryContainer.Environment.SAGEMAKER_PROGRAM") == "serve.handler"


def test_a_model_that_is_repacked(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = "True"
    project.model["transform"]["entry_point"] = "serve/handler.py"
    project.write("src/serve/handler.py", "serve")
    project.write("src/serve/requirements.txt", "own\n")
    outcome = project.compile()
    assert [*outcome.steps] == ["prep", "fit", "model-RepackModel", "model", "score", "judge", "register"]
    assert outcome.at("model", "PrimaryContainer.ModelDataUrl") == REPACKED
    assert outcome.at("register", "InferenceSpecification.Containers.0.ModelDataUrl") == REPACKED
    [model, code] = training_channels(outcome, "model-RepackModel")
    assert model == ("model", ARTIFACT)
    packed = names_in(outcome.upload(code[1]))
    assert packed.keys() >= {"serve/handler.py", "train.py"}
    assert packed["requirements.txt"] == b"own\n"
    assert outcome.at("model-RepackModel", "AlgorithmSpecification.ContainerEntrypoint") == ["/bin/bash", "-c"]


def test_a_script_that_is_not_there_cannot_be_repacked(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.model["transform"]["entry_point"] = "serve.py"
    [text] = set(project.compile().texts)
    assert " SMP701 model packs serve.py into the model, but there is no serve.py in src. Try: set transform.entry_point" in text


def test_a_built_in_algorithm_serves_itself(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    del project.model["train"]["entry_point"]
    outcome = project.compile()
    assert outcome.at("model", "PrimaryContainer") == {"Image": project.model["train"]["image_uri"], "ModelDataUrl": ARTIFACT}
    assert "model-RepackModel" not in outcome.steps


def test_register_model_has_the_metrics_of_its_unit_and_the_arn_of_the_execution(project: Project) -> None:
    outcome = project.compile()
    report = {"On": "/", "Values": [output_of("judge", "model_evaluation_metrics"), "model_evaluation_metrics.json"]}
    assert outcome.at("register", "ModelMetrics") == {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": {"Std:Join": report}}}
    }
    assert outcome.at("register", "CustomerMetadataProperties") == {"PIPELINE_ARN": {"Get": "Execution.PipelineExecutionArn"}}


def test_metrics_below_the_registration_are_missed_with_a_warning(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[4], steps[5] = steps[5], steps[4]
    outcome = project.compile()
    [text] = outcome.texts
    assert text.endswith(
        " SMP206 warning: register registers its model without the metrics of judge, which stands below it. "
        "Try: list it above register."
    )
    assert outcome.at("register", "ModelMetrics") is None


def test_later_steps_take_the_last_of_several_trainings_before_them(project: Project) -> None:
    project.pipeline["models"]["churn"]["steps"] = [
        FIT,
        {"step_name": "m1", "step_class": "CreateModel"},
        {"step_name": "s1", "step_class": "Transform", "chain_input_source_step": ["fit"]},
        {"step_name": "refit", "step_class": "Training"},
        {"step_name": "m2", "step_class": "CreateModel"},
        {"step_name": "s2", "step_class": "Transform", "chain_input_source_step": ["refit"]},
        {"step_name": "r", "step_class": "RegisterModel"},
    ]
    project.model["transform"] = {}
    del project.model["preprocess"], project.model["evaluate"]
    outcome = project.compile()
    refitted = {"Get": "Steps.refit.ModelArtifacts.S3ModelArtifacts"}
    assert outcome.at("m1", "PrimaryContainer.ModelDataUrl") == ARTIFACT
    assert outcome.at("m2", "PrimaryContainer.ModelDataUrl") == refitted
    assert outcome.at("r", "InferenceSpecification.Containers.0.ModelDataUrl") == refitted
    assert [outcome.at(step, "ModelName") for step in ("s1", "s2")] == [
        {"Get": "Steps.m1.ModelName"},
        {"Get": "Steps.m2.ModelName"},
    ]
