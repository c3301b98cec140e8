"""Every key of every section of a model: its effect in the definition, its default, or the warning that it has none.

A row is a statement of the configuration format; other statements stand in test_dialect_pipeline.py (steps, dependencies, files),
test_dialect_contract.py (what scripts rely on) and test_dialect_differences.py (where the original is wrong or silent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from framework.config.schema import definition

if TYPE_CHECKING:
    from tests.conftest import Project

STEPS = {"preprocess": "prep", "train": "fit", "transform": "score", "evaluate": "judge", "registry": "register"}
OTHER = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/other:2"
TAGS = [{"Key": "team", "Value": "risk"}]
CLUSTER, RESOURCES = "ProcessingResources.ClusterConfig", "ResourceConfig"
INPUT, OUTPUT, STATIC = "ProcessingInputs.0.S3Input", "ProcessingOutputConfig.Outputs.0", "InputDataConfig.0"
ONE_FILE = {"train": {"dataFiles": [{"fileName": "s3://lake/x.csv"}]}}
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
REPORT = ["s3:/", "bucket", "churn", {"Get": "Execution.PipelineExecutionId"}, "judge", "output", "model_evaluation_metrics"]
TRAINED = {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"}
REPACKED = {"Get": "Steps.model-RepackModel.ModelArtifacts.S3ModelArtifacts"}

FILES = {"statistics": {"uri": "s3://lake/s", "content_type": "text/csv"}, "constraints": "s3://lake/c"}
SOURCES = {
    "Statistics": {"ContentType": "text/csv", "S3Uri": "s3://lake/s"},
    "Constraints": {"ContentType": "application/json", "S3Uri": "s3://lake/c"},
}
TWO = [
    {"image_uri": OTHER, "model_data_uri": "s3://lake/a.tar.gz", "env": {"LEVEL": 3}, "hostname": "first"},
    {"image_uri": OTHER, "model_data_uri": "${steps.fit.outputs.model}"},
]
BOTH = [
    {"ContainerHostname": "first", "Image": OTHER, "ModelDataUrl": "s3://lake/a.tar.gz", "Environment": {"LEVEL": "3"}},
    {"Image": OTHER, "ModelDataUrl": TRAINED},
]

# section, key (dots between), value, path in the step's Arguments ("step:path" for another step), what is expected there
KEYS: list[tuple[str, str, Any, str, Any]] = [
    ("preprocess", "image_uri", OTHER, "AppSpecification.ImageUri", OTHER),
    ("preprocess", "base_job_name", "clean", "ProcessingJobName", "clean"),
    ("preprocess", "instance_count", 2, f"{CLUSTER}.InstanceCount", 2),
    ("preprocess", "instance_count", "2", f"{CLUSTER}.InstanceCount", 2),
    ("preprocess", "instance_type", "ml.c5.xlarge", f"{CLUSTER}.InstanceType", "ml.c5.xlarge"),
    ("preprocess", "volume_size_in_gb", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("preprocess", "volume_size", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("preprocess", "max_runtime_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("preprocess", "max_runtime_in_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("preprocess", "tags", TAGS, "Tags", TAGS),
    ("preprocess", "env", {"STAGE": "test", "ROUNDS": 3}, "Environment", {"STAGE": "test", "ROUNDS": "3"}),
    ("preprocess", "s3_data_distribution_type", "ShardedByS3Key", f"{INPUT}.S3DataDistributionType", "ShardedByS3Key"),
    ("preprocess", "s3_data_type", "ManifestFile", f"{INPUT}.S3DataType", "ManifestFile"),
    ("preprocess", "s3_input_mode", "Pipe", f"{INPUT}.S3InputMode", "Pipe"),
    ("preprocess", "s3_upload_mode", "Continuous", f"{OUTPUT}.S3Output.S3UploadMode", "Continuous"),
    ("preprocess", "location.outputLocalFilepath", "/opt/ml/processing/o/",
     f"{OUTPUT}.S3Output.LocalPath", "/opt/ml/processing/o/train"),
    ("preprocess", "location.inputLocalFilepath", "/opt/ml/processing/i/", f"{INPUT}.LocalPath", "/opt/ml/processing/i/raw"),
    ("preprocess", "inputLocalFilepath", "/opt/ml/processing/i", f"{INPUT}.LocalPath", "/opt/ml/processing/i/raw"),
    ("preprocess", "channels", {"one": None, "train": None, "test": None}, f"{OUTPUT}.OutputName", "one"),
    ("preprocess", "input_paths", {"raw": "/opt/ml/processing/in"}, f"{INPUT}.LocalPath", "/opt/ml/processing/in"),
    ("preprocess", "arguments", {"StoppingCondition": None}, "StoppingCondition", None),
    ("preprocess", "channels", {"train": {"output_uri": "s3://lake/latest"}, "test": None}, f"{OUTPUT}.S3Output.S3Uri", "s3://lake/latest"),
    ("preprocess", "container_arguments", ["--days", 7], "AppSpecification.ContainerArguments", ["--days", "7"]),
    ("preprocess", "arguments", {"StoppingCondition": {"MaxRuntimeInSeconds": 7}}, "StoppingCondition", {"MaxRuntimeInSeconds": 7}),
    ("train", "image_uri", OTHER, "AlgorithmSpecification.TrainingImage", OTHER),
    ("train", "base_image_uri", OTHER, "AlgorithmSpecification.TrainingImage", OTHER),
    ("train", "entry_point", "evaluate.py", "HyperParameters.sagemaker_program", '"evaluate.py"'),
    ("train", "entry_point", None, "HyperParameters", None),
    ("train", "base_job_name", "learn", "TrainingJobName", "learn"),
    ("train", "instance_count", 3, f"{RESOURCES}.InstanceCount", 3),
    ("train", "instance_type", "ml.c5.xlarge", f"{RESOURCES}.InstanceType", "ml.c5.xlarge"),
    ("train", "volume_size_in_gb", 64, f"{RESOURCES}.VolumeSizeInGB", 64),
    ("train", "volume_size", 64, f"{RESOURCES}.VolumeSizeInGB", 64),
    ("train", "max_runtime_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("train", "max_runtime_in_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("train", "tags", TAGS, "Tags", TAGS),
    ("train", "env", {"STAGE": "test"}, "Environment", {"STAGE": "test"}),
    ("train", "hyperparameters", {"depth": 4}, "HyperParameters.depth", "4"),
    ("train", "hyperparams", {"loss": "log"}, "HyperParameters.loss", '"log"'),
    ("train", "model_data_uri", "s3://lake/m.tar.gz", "InputDataConfig.2.DataSource.S3DataSource.S3Uri", "s3://lake/m.tar.gz"),
    ("train", "model_data_uri", "s3://lake/m.tar.gz", "InputDataConfig.2.ChannelName", "model"),
    ("train", "model_data_uri", "s3://lake/m.tar.gz", "InputDataConfig.2.ContentType", "application/x-sagemaker-model"),
    ("train", "output_path", "s3://lake/models", "OutputDataConfig.S3OutputPath", "s3://lake/models"),
    ("train", "content_type", "text/csv", f"{STATIC}.ContentType", "text/csv"),
    ("train", "input_mode", "FastFile", "AlgorithmSpecification.TrainingInputMode", "FastFile"),
    ("train", "input_mode", "pipe", f"{STATIC}.InputMode", "Pipe"),
    ("train", "distribution", "ShardedByS3Key", f"{STATIC}.DataSource.S3DataSource.S3DataDistributionType", "ShardedByS3Key"),
    ("train", "launcher", "bootstrap", "AlgorithmSpecification.ContainerArguments", ["train.py"]),
    ("train", "channels", ONE_FILE, f"{STATIC}.DataSource.S3DataSource.S3Uri", "s3://lake/x.csv"),
    ("train", "channels", ONE_FILE, f"{STATIC}.ChannelName", "train"),
    ("train", "metric_definitions", [{"Name": "loss", "Regex": "loss=(.*)"}],
     "AlgorithmSpecification.MetricDefinitions", [{"Name": "loss", "Regex": "loss=(.*)"}]),
    ("train", "use_spot_instances", True, "EnableManagedSpotTraining", True),
    ("train", "checkpoint_s3_uri", "s3://lake/points", "CheckpointConfig", {"S3Uri": "s3://lake/points"}),
    ("train", "arguments", {"EnableManagedSpotTraining": True}, "EnableManagedSpotTraining", True),
    ("transform", "entry_point", "serve.py", "model:PrimaryContainer.Environment.SAGEMAKER_PROGRAM", "serve.py"),
    ("transform", "model_name", "other-model", "ModelName", "other-model"),
    ("transform", "model_name", "${steps.model.ModelName}", "ModelName", {"Get": "Steps.model.ModelName"}),
    ("transform", "base_job_name", "predict", "TransformJobName", "predict"),
    ("transform", "instance_count", 2, "TransformResources.InstanceCount", 2),
    ("transform", "instance_type", "ml.c5.xlarge", "TransformResources.InstanceType", "ml.c5.xlarge"),
    ("transform", "strategy", "MultiRecord", "BatchStrategy", "MultiRecord"),
    ("transform", "assemble_with", "Line", "TransformOutput.AssembleWith", "Line"),
    ("transform", "join_source", "Input", "DataProcessing.JoinSource", "Input"),
    ("transform", "split_type", "Line", "TransformInput.SplitType", "Line"),
    ("transform", "content_type", "text/plain", "TransformInput.ContentType", "text/plain"),
    ("transform", "content_type", "text/plain", "TransformOutput.Accept", "text/plain"),
    ("transform", "accept", "application/json", "TransformOutput.Accept", "application/json"),
    ("transform", "max_payload", 6, "MaxPayloadInMB", 6),
    ("transform", "input_filter", "$[1:]", "DataProcessing.InputFilter", "$[1:]"),
    ("transform", "output_filter", "$[0]", "DataProcessing.OutputFilter", "$[0]"),
    ("transform", "output_path", "s3://lake/p", "TransformOutput.S3OutputPath", "s3://lake/p"),
    ("transform", "tags", TAGS, "Tags", TAGS),
    ("transform", "env", {"STAGE": "test"}, "Environment", {"STAGE": "test"}),
    ("transform", "channels", "train", "TransformInput.DataSource.S3DataSource.S3Uri",
     {"Get": "Steps.prep.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}),
    ("transform", "arguments", {"MaxConcurrentTransforms": 4}, "MaxConcurrentTransforms", 4),
    ("evaluate", "image_uri", OTHER, "AppSpecification.ImageUri", OTHER),
    ("evaluate", "base_job_name", "judge", "ProcessingJobName", "judge"),
    ("evaluate", "instance_count", 2, f"{CLUSTER}.InstanceCount", 2),
    ("evaluate", "instance_type", "ml.c5.xlarge", f"{CLUSTER}.InstanceType", "ml.c5.xlarge"),
    ("evaluate", "volume_size_in_gb", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("evaluate", "volume_size", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("evaluate", "max_runtime_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("evaluate", "max_runtime_in_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("evaluate", "tags", TAGS, "Tags", TAGS),
    ("evaluate", "env", {"STAGE": "test"}, "Environment", {"STAGE": "test"}),
    ("evaluate", "s3_data_distribution_type", "ShardedByS3Key", f"{INPUT}.S3DataDistributionType", "ShardedByS3Key"),
    ("evaluate", "s3_input_mode", "Pipe", f"{INPUT}.S3InputMode", "Pipe"),
    ("evaluate", "s3_upload_mode", "Continuous", f"{OUTPUT}.S3Output.S3UploadMode", "Continuous"),
    ("evaluate", "location.outputLocalFilepath", "/opt/ml/processing/o", f"{OUTPUT}.S3Output.LocalPath", "/opt/ml/processing/o/"),
    ("evaluate", "location.inputLocalFilepath", "/opt/ml/processing/i", f"{INPUT}.LocalPath", "/opt/ml/processing/i/prep-test"),
    ("evaluate", "inputLocalFilepath", "/opt/ml/processing/i", f"{INPUT}.LocalPath", "/opt/ml/processing/i/prep-test"),
    ("evaluate", "content_type", "text/csv", "register:ModelMetrics.ModelQuality.Statistics.ContentType", "text/csv"),
    ("evaluate", "channels", "train", f"{INPUT}.LocalPath", "/opt/ml/processing/input/prep-train"),
    ("evaluate", "channels.test.s3BucketName", "bucket", f"{OUTPUT}.S3Output.S3Uri.Std:Join.Values.1", "bucket"),
    ("evaluate", "channels.test.s3Bucket", "bucket", f"{OUTPUT}.S3Output.S3Uri.Std:Join.Values.1", "bucket"),
    ("evaluate", "channels.test", {"s3Bucket": "s3://bucket/", "bucket_prefix": "/churn/"},
     f"{OUTPUT}.S3Output.S3Uri.Std:Join.Values", REPORT),
    ("evaluate", "channels.test.bucket_prefix", "/", f"{OUTPUT}.S3Output.S3Uri.Std:Join.Values.2", "churn-test"),
    ("evaluate", "channels.test.InputLocalFilepath", "/opt/ml/processing/i/",
     f"{INPUT}.LocalPath", "/opt/ml/processing/i/prep-test"),
    ("evaluate", "channels.test.OuputLocalFilepath", "/opt/ml/processing/o",
     f"{OUTPUT}.S3Output.LocalPath", "/opt/ml/processing/o/"),
    ("evaluate", "channels.test.OutputLocalFilepath", "/opt/ml/processing/o",
     f"{OUTPUT}.S3Output.LocalPath", "/opt/ml/processing/o/"),
    ("evaluate", "channels.test.dataFiles", [{"fileName": "y.csv"}], f"{INPUT}.S3Uri", "s3://models/y.csv"),
    ("evaluate", "channels.test.s3InputPrefix", "p", f"{INPUT}.LocalPath", "/opt/ml/processing/input/prep-test"),
    ("evaluate", "metrics", {"model_quality": {"Statistics": {"ContentType": "text/csv"}}},
     "register:ModelMetrics.ModelQuality.Statistics.ContentType", "text/csv"),
    ("evaluate", "container_arguments", ["--strict"], "AppSpecification.ContainerArguments", ["--strict"]),
    ("evaluate", "arguments", {"StoppingCondition": {"MaxRuntimeInSeconds": 7}}, "StoppingCondition", {"MaxRuntimeInSeconds": 7}),
    ("registry", "ModelRepack", "False", "model:PrimaryContainer.ModelDataUrl", TRAINED),
    ("registry", "ModelRepack", False, "model:PrimaryContainer.ModelDataUrl", TRAINED),
    ("registry", "ModelRepack", "True", "model:PrimaryContainer.ModelDataUrl", REPACKED),
    ("registry", "ModelRepack", True, "InferenceSpecification.Containers.0.ModelDataUrl", REPACKED),
    ("registry", "ModelPackageDescription", "Who leaves", "ModelPackageDescription", "Who leaves"),
    ("registry", "ModelPackageGroupName", "leavers", "ModelPackageGroupName", "leavers"),
    ("registry", "InferenceSpecification.image_uri", OTHER, "InferenceSpecification.Containers.0.Image", OTHER),
    ("registry", "InferenceSpecification.image_uri", OTHER, "model:PrimaryContainer.Image", OTHER),
    ("registry", "InferenceSpecification.supported_content_types", ["a/b"],
     "InferenceSpecification.SupportedContentTypes", ["a/b"]),
    ("registry", "InferenceSpecification.supported_response_MIME_types", ["a/b"],
     "InferenceSpecification.SupportedResponseMIMETypes", ["a/b"]),
    ("registry", "InferenceSpecification.approval_status", "Approved", "ModelApprovalStatus", "Approved"),
    ("registry", "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes", ["ml.c5.xlarge"],
     "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes", ["ml.c5.xlarge"]),
    ("registry", "InferenceSpecification.SupportedTransformInstanceTypes", ["ml.c5.xlarge"],
     "InferenceSpecification.SupportedTransformInstanceTypes", ["ml.c5.xlarge"]),
    ("registry", "image_uri", IMAGE, "InferenceSpecification.Containers.0.Image", IMAGE),
    ("registry", "model_data_uri", "s3://lake/m.tar.gz", "model:PrimaryContainer.ModelDataUrl", "s3://lake/m.tar.gz"),
    ("registry", "model_data_uri", "s3://lake/m.tar.gz", "InferenceSpecification.Containers.0.ModelDataUrl", "s3://lake/m.tar.gz"),
    ("registry", "model_data_uri", "s3://lake/m.tar.gz", "model:PrimaryContainer.Environment", None),
    ("registry", "env", {"LEVEL": 3}, "model:PrimaryContainer.Environment.LEVEL", "3"),
    ("registry", "env", {"LEVEL": 3}, "InferenceSpecification.Containers.0.Environment.LEVEL", "3"),
    ("registry", "containers", TWO, "model:Containers", BOTH),
    ("registry", "containers", TWO, "model:PrimaryContainer", None),
    ("registry", "containers", TWO, "InferenceSpecification.Containers", BOTH),
    ("registry", "model_metrics.model_quality", FILES, "ModelMetrics.ModelQuality", SOURCES),
    ("registry", "model_metrics.model_quality.constraints", "s3://lake/c", "ModelMetrics.ModelQuality.Statistics.S3Uri",
     {"Std:Join": {"On": "/", "Values": [
         {"Get": "Steps.judge.ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri"},
         "model_evaluation_metrics.json"]}}),
    ("registry", "model_metrics.model_data_quality", FILES, "ModelMetrics.ModelDataQuality", SOURCES),
    ("registry", "model_metrics.bias", {"report": "s3://lake/c"}, "ModelMetrics.Bias", {"Report": SOURCES["Constraints"]}),
    ("registry", "model_metrics.bias", {"pre_training_report": "s3://lake/c", "post_training_report": "s3://lake/c"},
     "ModelMetrics.Bias", {"PreTrainingReport": SOURCES["Constraints"], "PostTrainingReport": SOURCES["Constraints"]}),
    ("registry", "model_metrics.explainability.report", "s3://lake/c",
     "ModelMetrics.Explainability", {"Report": SOURCES["Constraints"]}),
    ("registry", "drift_check_baselines.model_quality", FILES, "DriftCheckBaselines", {"ModelQuality": SOURCES}),
    ("registry", "drift_check_baselines.model_data_quality", FILES, "DriftCheckBaselines", {"ModelDataQuality": SOURCES}),
    ("registry", "drift_check_baselines.bias", {"config_file": "s3://lake/c", "pre_training_constraints": "s3://lake/c"},
     "DriftCheckBaselines.Bias", {"ConfigFile": SOURCES["Constraints"], "PreTrainingConstraints": SOURCES["Constraints"]}),
    ("registry", "drift_check_baselines.bias.post_training_constraints", "s3://lake/c",
     "DriftCheckBaselines.Bias", {"PostTrainingConstraints": SOURCES["Constraints"]}),
    ("registry", "drift_check_baselines.explainability", {"config_file": "s3://lake/c", "constraints": "s3://lake/c"},
     "DriftCheckBaselines.Explainability", {"ConfigFile": SOURCES["Constraints"], "Constraints": SOURCES["Constraints"]}),
    ("registry", "metadata", {"owner": "risk", "year": 2026},
     "CustomerMetadataProperties", {"PIPELINE_ARN": {"Get": "Execution.PipelineExecutionArn"}, "owner": "risk", "year": "2026"}),
    ("registry", "life_cycle", {"stage": "Development", "status": "InProgress", "description": "new"},
     "ModelLifeCycle", {"Stage": "Development", "StageStatus": "InProgress", "StageDescription": "new"}),
    ("registry", "tags", TAGS, "model:Tags", TAGS),
    ("registry", "arguments", {"SkipModelValidation": "All"}, "SkipModelValidation", "All"),
    ("registry", "arguments", {"EnableNetworkIsolation": True}, "model:EnableNetworkIsolation", True),
]  # fmt: skip

# section, path in the step's Arguments, what stands there when the section does not say
DEFAULTS: list[tuple[str, str, Any]] = [
    ("preprocess", CLUSTER, {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 32}),
    ("preprocess", "StoppingCondition.MaxRuntimeInSeconds", 3000),
    ("preprocess", f"{INPUT}.S3DataDistributionType", "FullyReplicated"),
    ("preprocess", f"{INPUT}.S3DataType", "S3Prefix"),
    ("preprocess", f"{INPUT}.S3InputMode", "File"),
    ("preprocess", f"{OUTPUT}.S3Output.S3UploadMode", "EndOfJob"),
    ("preprocess", f"{INPUT}.LocalPath", "/opt/ml/processing/input/raw"),
    ("preprocess", f"{OUTPUT}.S3Output.LocalPath", "/opt/ml/processing/output/train"),
    ("preprocess", "Environment", None),
    ("preprocess", "Tags", None),
    ("preprocess", "ProcessingJobName", None),
    ("train", RESOURCES, {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 32}),
    ("train", "StoppingCondition.MaxRuntimeInSeconds", 3000),
    ("train", "AlgorithmSpecification.TrainingInputMode", "File"),
    ("train", f"{STATIC}.DataSource.S3DataSource.S3DataDistributionType", "FullyReplicated"),
    ("train", f"{STATIC}.ContentType", None),
    ("transform", "TransformResources", {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1}),
    ("transform", "TransformInput.ContentType", "text/csv"),
    ("transform", "BatchStrategy", None),
    ("transform", "DataProcessing", None),
    ("transform", "model:PrimaryContainer.Environment.SAGEMAKER_PROGRAM", "inference.py"),
    ("evaluate", CLUSTER, {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}),
    ("evaluate", "StoppingCondition.MaxRuntimeInSeconds", 3600),
    ("evaluate", "register:ModelMetrics.ModelQuality.Statistics.ContentType", "application/json"),
    ("registry", "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes", ["ml.m5.2xlarge"]),
    ("registry", "InferenceSpecification.SupportedTransformInstanceTypes", ["ml.m5.2xlarge"]),
    ("registry", "ModelPackageDescription", None),
]

# section, key, value, the warning
WITHOUT_EFFECT: list[tuple[str, str, Any, str]] = [
    ("preprocess", "framework_version", "1.2-1", "models.churn.preprocess.framework_version has no effect: image_uri says"),
    ("evaluate", "framework_version", "1.2-1", "models.churn.evaluate.framework_version has no effect: image_uri says"),
    ("evaluate", "strategy", "MultiRecord", "models.churn.evaluate.strategy has no effect: an evaluation is a processing job"),
    ("evaluate", "max_payload", 6, "models.churn.evaluate.max_payload has no effect: an evaluation is a processing job"),
    ("transform", "volume_size", 50, "models.churn.transform.volume_size has no effect: a batch transform job"),
    ("transform", "volume_size_in_gb", 50, "models.churn.transform.volume_size_in_gb has no effect: a batch transform job"),
    ("transform", "max_runtime_in_seconds", 60, "models.churn.transform.max_runtime_in_seconds has no effect: a batch"),
    ("transform", "max_runtime_seconds", 60, "models.churn.transform.max_runtime_seconds has no effect: a batch"),
    ("transform", "image_uri", OTHER, "transform.image_uri has no effect: churn is served with registry.InferenceSpecification"),
]

# keys whose effect lies outside the Arguments of one step; the test that shows it
ELSEWHERE = {
    **{(section, "image"): "test_images.py" for section in STEPS},
    ("registry", "InferenceSpecification.image"): "test_images.py",
    ("transform", "model_package"): "test_registered_models.py",
    ("preprocess", "property_files"): "test_a_property_file_is_named_in_the_step",
    ("preprocess", "entry_point"): "test_the_start_script_runs_the_entry_point_as_a_module",
    ("evaluate", "entry_point"): "test_the_start_script_runs_the_entry_point_as_a_module",
    ("evaluate", "s3_data_type"): "test_a_manifest_is_a_static_input",
    ("evaluate", "channels"): "KEYS",
    ("registry", "ModelPackageGroupDescription"): "test_the_group_description_goes_with_the_compiled_pipeline",
    ("train", "max_wait_seconds"): "test_a_spot_job_waits_for_capacity",
}


def put(model: dict[str, Any], section: str, key: str, value: Any) -> None:
    *parents, last = [section, *key.split(".")]
    for part in parents:
        if not isinstance(model.get(part), dict):
            model[part] = {}
        model = model[part]
    if value is None:
        model.pop(last, None)
    else:
        model[last] = value


def replaced(model: dict[str, Any], section: str, key: str) -> None:
    """A key under another name stands in place of the first."""
    for name, alias in (("image_uri", "base_image_uri"),):
        if key == alias:
            del model[section][name]


def look(outcome: Any, section: str, path: str) -> Any:
    step, colon, rest = path.partition(":")
    return outcome.at(step, rest) if colon and step in outcome.steps else outcome.at(STEPS[section], path)


@pytest.mark.parametrize(("section", "key", "value", "path", "expected"), KEYS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_key_has_its_effect(project: Project, section: str, key: str, value: Any, path: str, expected: Any) -> None:
    replaced(project.model, section, key)
    put(project.model, section, key, value)
    outcome = project.compile()
    assert look(outcome, section, path) == expected
    assert outcome.texts == []


@pytest.mark.parametrize(("section", "path", "expected"), DEFAULTS)
def test_a_key_has_its_default(project: Project, section: str, path: str, expected: Any) -> None:
    outcome = project.compile()
    assert look(outcome, section, path) == expected


def test_model_repack_is_the_default(project: Project) -> None:
    del project.model["registry"]["ModelRepack"]
    assert "model-RepackModel" in project.compile().steps


@pytest.mark.parametrize(("section", "key", "value", "warning"), WITHOUT_EFFECT)
def test_a_key_without_effect_is_a_warning(project: Project, section: str, key: str, value: Any, warning: str) -> None:
    plain = project.compile()
    put(project.model, section, key, value)
    outcome = project.compile()
    [text] = outcome.texts
    assert "churn/conf/conf.yaml:" in text
    assert f" SMP113 warning: {warning}" in text
    assert outcome.steps == plain.steps


@pytest.mark.parametrize(("section", "kind"), [("preprocess", "processing"), *((name, name) for name in list(STEPS)[1:])])
def test_every_key_of_a_section_has_a_row_here(section: str, kind: str) -> None:
    rows = {key.split(".")[0] for name, key, *_ in [*KEYS, *WITHOUT_EFFECT] if name == section}
    rows |= {key for name, key in ELSEWHERE if name == section}
    properties = definition(kind)["properties"]
    names = {alias for key, prop in properties.items() for alias in (key, *prop.get("x-aliases", ()))}
    if section == "registry":
        rows.add("InferenceSpecification")
    assert names - rows == set()


@pytest.mark.parametrize(("section", "key", "value"), [
    ("preprocess", "image_uri", None), ("train", "image_uri", None),
    ("evaluate", "image_uri", None), ("evaluate", "entry_point", None), ("registry", "InferenceSpecification", None),
    ("registry", "InferenceSpecification.approval_status", None),
    ("registry", "InferenceSpecification.supported_content_types", None),
    ("registry", "InferenceSpecification.supported_response_MIME_types", None),
])  # fmt: skip
def test_a_starred_key_is_required(project: Project, section: str, key: str, value: Any) -> None:
    put(project.model, section, key, value)
    outcome = project.compile()
    parent = ".".join(["models.churn", section, *key.split(".")[:-1]])
    assert f"SMP105 {parent} needs {key.split('.')[-1]}" in outcome.texts[0]
    assert outcome.compiled is None


@pytest.mark.parametrize(("section", "step", "module"), [("preprocess", "prep", "a.b"), ("evaluate", "judge", "a.b")])
def test_the_start_script_runs_the_entry_point_as_a_module(project: Project, section: str, step: str, module: str) -> None:
    project.write("src/a/b.py", "")
    project.model[section]["entry_point"] = "a/b.py"
    outcome = project.compile()
    script = outcome.upload(outcome.at(step, "ProcessingInputs")[-1]["S3Input"]["S3Uri"]).decode()
    assert f'exec "$python" -m {module} "$@"' in script


def test_a_property_file_is_named_in_the_step(project: Project) -> None:
    project.model["preprocess"]["property_files"] = [{"name": "Counts", "output": "test", "path": "counts.json"}]
    named = [{"PropertyFileName": "Counts", "OutputName": "test", "FilePath": "counts.json"}]
    assert project.compile().steps["prep"]["PropertyFiles"] == named


def test_a_property_file_lies_in_an_output_of_the_step(project: Project) -> None:
    project.model["preprocess"]["property_files"] = [{"name": "Counts", "output": "tests", "path": "counts.json"}]
    [text] = project.compile().texts
    assert text.endswith(
        'SMP301 the property file Counts of prep lies in the output "tests", which the step does not have. Try: test.'
    )


def test_a_manifest_is_a_static_input(project: Project) -> None:
    project.model["evaluate"] |= {"s3_data_type": "ManifestFile", "channels": {"test": {"dataFiles": [{"fileName": "m.json"}]}}}
    kinds = [given["S3Input"]["S3DataType"] for given in project.compile().at("judge", "ProcessingInputs")]
    assert kinds == ["ManifestFile", "S3Prefix", "S3Prefix", "S3Prefix", "S3Prefix"]


def test_the_group_description_goes_with_the_compiled_pipeline(project: Project) -> None:
    project.model["registry"]["ModelPackageGroupDescription"] = "All churn models"
    compiled = project.compile().compiled
    assert compiled is not None
    assert [(group.name, group.description) for group in compiled.package_groups] == [("churn-test-churn", "All churn models")]


def test_any_other_section_name_may_be_a_step_type(project: Project) -> None:
    project.model["clean"] = project.model.pop("preprocess") | {"base_job_name": "clean"}
    project.step("prep")["step_type"] = "clean"
    outcome = project.compile()
    assert outcome.at("prep", "ProcessingJobName") == "clean"
    assert outcome.texts == []


def test_the_image_of_transform_serves_a_model_without_registry(project: Project) -> None:
    del project.model["registry"]
    project.model["transform"]["image_uri"] = OTHER
    project.pipeline["models"]["churn"]["steps"].pop()
    assert project.compile().at("model", "PrimaryContainer.Image") == OTHER


def test_tune_is_a_template_that_no_step_uses(project: Project) -> None:
    project.model["tune"] = {"strategy": "Bayesian", "max_jobs": 4, "objective_metric_name": "auc"}
    [text] = project.compile().texts
    assert 'SMP116 warning: no step of the model "churn" uses its section "tune"' in text


def test_the_name_of_a_model_names_nothing(project: Project) -> None:
    plain = project.compile()
    project.model["name"] = "something-else"
    assert project.compile() == plain


HYPERPARAMETERS = {"depth": 4, "rate": 0.05, "loss": "log", "verbose": True, "layers": [8, 4], "nested": {"a": 1}}


def test_hyperparameters_are_json_for_a_script(project: Project) -> None:
    project.model["train"]["hyperparams"] = HYPERPARAMETERS
    given = project.compile().at("fit", "HyperParameters")
    shown = {name: value for name, value in given.items() if not name.startswith("sagemaker_")}
    assert shown == {"depth": "4", "rate": "0.05", "loss": '"log"', "verbose": "true", "layers": "[8, 4]", "nested": '{"a": 1}'}


@pytest.mark.parametrize("settings", [{"entry_point": None}, {"launcher": "bootstrap"}])
def test_hyperparameters_are_plain_text_without_the_toolkit(project: Project, settings: dict[str, Any]) -> None:
    project.model["train"] |= {"hyperparams": HYPERPARAMETERS, **settings}
    given = project.compile().at("fit", "HyperParameters")
    assert given == {"depth": "4", "rate": "0.05", "loss": "log", "verbose": "True", "layers": "[8, 4]", "nested": '{"a": 1}'}


CHANNELS: list[tuple[Any, list[str], list[tuple[str, str]]]] = [
    ({"train": {"dataFiles": [{"sourceName": "a b", "fileName": "s3://lake/a.csv"}]}}, ["train"], [("a b", "s3://lake/a.csv")]),
    ({"train": {"dataFiles": [{"fileName": "a.csv"}], "s3Bucket": "other"}}, ["train"], [("train", "s3://other/a.csv")]),
    ({"train": {"dataFiles": [{"fileName": "a.csv"}], "s3BucketName": "s3://other/"}}, ["train"], [("train", "s3://other/a.csv")]),
    ({"train": {"dataFiles": [{"fileName": "a.csv"}], "s3InputPrefix": "/p/q/"}}, ["train"], [("train", "s3://models/p/q/a.csv")]),
    ({"train": {"dataFiles": [{"fileName": "a.csv"}], "inputBucketPrefix": "p"}}, ["train"], [("train", "s3://models/p/a.csv")]),
    ({"train": None, "test": None}, ["train", "test"], []),
    ("train", ["train"], []),
    (["train", "test"], ["train", "test"], []),
    (None, ["train"], []),
]


@pytest.mark.parametrize(("channels", "outputs", "inputs"), CHANNELS)
def test_channels(project: Project, channels: Any, outputs: list[str], inputs: list[tuple[str, str]]) -> None:
    project.model["preprocess"]["channels"] = channels
    project.model["transform"]["channels"] = project.model["evaluate"]["channels"] = "train"
    outcome = project.compile()
    given = [(one["InputName"], one["S3Input"]["S3Uri"]) for one in outcome.at("prep", "ProcessingInputs")[:-2]]
    assert [one["OutputName"] for one in outcome.at("prep", "ProcessingOutputConfig.Outputs")] == outputs
    assert given == inputs
    assert outcome.texts == []


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        (
            "input_paths",
            {"row": "/opt/ml/processing/in"},
            'input_paths of prep names "row", which is no input of the step. Try: raw.',
        ),
    ],
)
def test_inputs_and_outputs_are_named_as_they_are(project: Project, key: str, given: Any, said: str) -> None:
    project.model["preprocess"][key] = given
    [text] = project.compile().texts
    assert text.endswith(f"SMP301 {said}")


@pytest.mark.parametrize("channels", ["one", ["one"], {"one": None}])
def test_channels_have_their_short_forms_on_a_step_too(project: Project, channels: Any) -> None:
    project.step("fit").pop("chain_input_source_step")
    project.step("prep")["channels"] = channels
    project.step("score").pop("chain_input_source_step")
    project.model["transform"]["channels"] = {"x": {"dataFiles": [{"fileName": "s3://lake/x"}]}}
    project.step("judge")["chain_input_source_step"] = ["score"]
    outcome = project.compile()
    assert [output["OutputName"] for output in outcome.at("prep", "ProcessingOutputConfig.Outputs")] == ["train", "test", "one"]
    assert outcome.texts == []
