"""Step classes EndpointConfig, Endpoint, InferenceComponent, Lineage, Cleanup, EMR and EMRServerless: every key and its effect."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest

from framework.config.schema import definition

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

EXECUTION_ID = {"Get": "Execution.PipelineExecutionId"}
MODEL = {"Get": "Steps.model.ModelName"}
TAGS = [{"Key": "team", "Value": "risk"}]
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
ROLE, OTHER_ROLE = "arn:aws:iam::111122223333:role/pipelines", "arn:aws:iam::111122223333:role/spark"
TRAINED = {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"}
DRIVER = {"sparkSubmit": {"entryPoint": "s3://lake/job.py"}}
CLUSTER = {"Instances": {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceCount": 1, "InstanceType": "m5.xlarge"}]}}
ACTION = {"ActionName": "scoring", "ActionType": "Run", "Source": {"SourceUri": "s3://lake/x"}}
ARTIFACT = {"ArtifactName": "data", "ArtifactType": "DataSet", "Source": {"SourceUri": "s3://lake/x"}}
CONTEXT = {"ContextName": "risk", "ContextType": "Project", "Source": {"SourceUri": "s3://lake/x"}}
ASSOCIATION = {"Source": {"Name": "scoring", "Type": "Action"}, "Destination": {"Arn": "arn:x"}, "AssociationType": "Produced"}

STEPS: dict[str, dict[str, Any]] = {
    "EndpointConfig": {"step_name": "config"},
    "Endpoint": {"step_name": "serve", "endpoint_name": "churn"},
    "InferenceComponent": {"step_name": "component", "inference_component_name": "churn-copy", "min_memory_in_mb": 1024},
    "Lineage": {"step_name": "trace", "actions": [ACTION]},
    "Cleanup": {"step_name": "clean", "s3": [{"step": "fit"}]},
    "EMR": {"step_name": "spark", "cluster_id": "j-1", "jar": "command-runner.jar"},
    "EMRServerless": {"step_name": "job", "application_id": "00a", "job_driver": DRIVER},
}
KINDS = {
    "EndpointConfig": "endpoint_config", "Endpoint": "endpoint", "InferenceComponent": "inference_component", "Lineage": "lineage",
    "Cleanup": "cleanup", "EMR": "emr", "EMRServerless": "emr_serverless",
}  # fmt: skip
VARIANT, JAR = "ProductionVariants.0", "StepConfig.HadoopJarStep"
SERVERLESS = {"memory_size_in_mb": 2048, "max_concurrency": 5, "provisioned_concurrency": 2}
OUTPUT = {"Std:Join": {"On": "/", "Values": ["s3:/", "models", "churn-test", EXECUTION_ID, "config", "output"]}}
HEADERS = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}

# class, key (dots between), value (None takes it away), path in the Arguments, what is expected there
KEYS: list[tuple[str, str, Any, str, Any]] = [
    ("EndpointConfig", "endpoint_config_name", "v1", "EndpointConfigName", "v1"),
    ("EndpointConfig", "variants.0.name", "blue", f"{VARIANT}.VariantName", "blue"),
    ("EndpointConfig", "variants.0.model_name", "old", f"{VARIANT}.ModelName", "old"),
    ("EndpointConfig", "variants.0.model_name", "${steps.model.ModelName}", f"{VARIANT}.ModelName", MODEL),
    ("EndpointConfig", "variants.0.instance_type", "ml.c5.xlarge", f"{VARIANT}.InstanceType", "ml.c5.xlarge"),
    ("EndpointConfig", "variants.0.instance_count", 2, f"{VARIANT}.InitialInstanceCount", 2),
    ("EndpointConfig", "variants.0.weight", 0.5, f"{VARIANT}.InitialVariantWeight", 0.5),
    ("EndpointConfig", "variants.0.serverless", SERVERLESS, VARIANT,
     {"VariantName": "AllTraffic", "ModelName": MODEL,
      "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}}),
    ("EndpointConfig", "variants.0.volume_size_in_gb", 40, f"{VARIANT}.VolumeSizeInGB", 40),
    ("EndpointConfig", "variants.0.model_data_download_timeout_in_seconds", 600,
     f"{VARIANT}.ModelDataDownloadTimeoutInSeconds", 600),
    ("EndpointConfig", "variants.0.container_startup_health_check_timeout_in_seconds", 90,
     f"{VARIANT}.ContainerStartupHealthCheckTimeoutInSeconds", 90),
    ("EndpointConfig", "variants.0.arguments", {"EnableSSMAccess": True}, f"{VARIANT}.EnableSSMAccess", True),
    ("EndpointConfig", "model_package", {"group": "risk"}, f"{VARIANT}.ModelName", {"Get": "Steps.config-Model.ModelName"}),
    ("EndpointConfig", "shadow_variants", [{"name": "shadow"}], "ShadowProductionVariants.0",
     {"VariantName": "shadow", "ModelName": MODEL, "InitialInstanceCount": 1, "InstanceType": "ml.m5.2xlarge"}),
    ("EndpointConfig", "inference_components", True, "ExecutionRoleArn", ROLE),
    ("EndpointConfig", "inference_components", True, f"{VARIANT}.ModelName", None),
    ("EndpointConfig", "data_capture", {}, "DataCaptureConfig",
     {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": OUTPUT,
      "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]}),
    ("EndpointConfig", "data_capture",
     {"enabled": False, "sampling_percentage": 5, "destination_s3_uri": "s3://lake/seen", "capture": "Input",
      "csv_content_types": "text/csv", "json_content_types": ["application/json"]}, "DataCaptureConfig",
     {"EnableCapture": False, "InitialSamplingPercentage": 5, "DestinationS3Uri": "s3://lake/seen",
      "CaptureOptions": [{"CaptureMode": "Input"}], "CaptureContentTypeHeader": HEADERS}),
    ("EndpointConfig", "async_inference", {}, "AsyncInferenceConfig", {"OutputConfig": {"S3OutputPath": OUTPUT}}),
    ("EndpointConfig", "async_inference",
     {"output_path": "s3://lake/a", "failure_path": "s3://lake/f", "max_concurrent_invocations_per_instance": 4},
     "AsyncInferenceConfig",
     {"OutputConfig": {"S3OutputPath": "s3://lake/a", "S3FailurePath": "s3://lake/f"},
      "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4}}),
    ("EndpointConfig", "tags", TAGS, "Tags", TAGS),
    ("EndpointConfig", "arguments", {"EnableNetworkIsolation": True}, "EnableNetworkIsolation", True),
    ("Endpoint", "endpoint_name", "other", "EndpointName", "other"),
    ("Endpoint", "endpoint_config_name", "v1", "EndpointConfigName", "v1"),
    ("Endpoint", "deployment", {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                                                        "WaitIntervalInSeconds": 60}},
     "DeploymentConfig.RollingUpdatePolicy.WaitIntervalInSeconds", 60),
    ("Endpoint", "tags", TAGS, "Tags", TAGS),
    ("Endpoint", "arguments", {"EndpointConfigName": "v2"}, "EndpointConfigName", "v2"),
    ("InferenceComponent", "inference_component_name", "other", "InferenceComponentName", "other"),
    ("InferenceComponent", "endpoint_name", "elsewhere", "EndpointName", "elsewhere"),
    ("InferenceComponent", "variant_name", "blue", "VariantName", "blue"),
    ("InferenceComponent", "model_name", "old", "Specification.ModelName", "old"),
    ("InferenceComponent", "base_inference_component_name", "base", "Specification.BaseInferenceComponentName", "base"),
    ("InferenceComponent", "base_inference_component_name", "base", "VariantName", None),
    ("InferenceComponent", "specification", {"Container": {"Image": "i"}}, "Specification",
     {"Container": {"Image": "i"}, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}),
    ("InferenceComponent", "copy_count", 3, "RuntimeConfig", {"CopyCount": 3}),
    ("InferenceComponent", "cpu_cores", 2, "Specification.ComputeResourceRequirements.NumberOfCpuCoresRequired", 2),
    ("InferenceComponent", "accelerators", 1, "Specification.ComputeResourceRequirements.NumberOfAcceleratorDevicesRequired", 1),
    ("InferenceComponent", "min_memory_in_mb", 256, "Specification.ComputeResourceRequirements.MinMemoryRequiredInMb", 256),
    ("InferenceComponent", "max_memory_in_mb", 4096, "Specification.ComputeResourceRequirements.MaxMemoryRequiredInMb", 4096),
    ("InferenceComponent", "tags", TAGS, "Tags", TAGS),
    ("InferenceComponent", "arguments", {"RuntimeConfig": {"CopyCount": 9}}, "RuntimeConfig.CopyCount", 9),
    ("Lineage", "actions", [ACTION], "Actions", [ACTION]),
    ("Lineage", "artifacts", [{**ARTIFACT, "Source": {"SourceUri": "${steps.fit.outputs.model}"}}],
     "Artifacts.0.Source.SourceUri", TRAINED),
    ("Lineage", "contexts", [CONTEXT], "Contexts", [CONTEXT]),
    ("Lineage", "associations", [ASSOCIATION], "Associations", [ASSOCIATION]),
    ("Lineage", "arguments", {"Contexts": [CONTEXT]}, "Contexts", [CONTEXT]),
    ("Cleanup", "s3", [{"step": "prep", "uris": ["s3://models/prep/x.csv"]}], "Resources.S3",
     [{"StepName": "prep", "S3Uris": ["s3://models/prep/x.csv"]}]),
    ("Cleanup", "s3", [{"step": "fit"}], "Resources", {"S3": [{"StepName": "fit"}]}),
    ("Cleanup", "arguments", {"Resources": {"S3": [{"StepName": "score"}]}}, "Resources.S3.0.StepName", "score"),
    ("EMR", "cluster_id", "j-2", "ClusterId", "j-2"),
    ("EMR", "jar", "s3://lake/x.jar", f"{JAR}.Jar", "s3://lake/x.jar"),
    ("EMR", "args", ["spark-submit", 7], f"{JAR}.Args", ["spark-submit", "7"]),
    ("EMR", "args", ["${steps.fit.outputs.model}"], f"{JAR}.Args", [TRAINED]),
    ("EMR", "main_class", "com.x.Main", f"{JAR}.MainClass", "com.x.Main"),
    ("EMR", "properties", {"a": "b", "n": 1}, f"{JAR}.Properties", [{"Key": "a", "Value": "b"}, {"Key": "n", "Value": "1"}]),
    ("EMR", "outputs", {"out": "s3://lake/out"}, f"{JAR}.Args", ["--out", "s3://lake/out"]),
    ("EMR", "execution_role", OTHER_ROLE, "ExecutionRoleArn", OTHER_ROLE),
    ("EMR", "arguments", {"ClusterId": "j-3"}, "ClusterId", "j-3"),
    ("EMRServerless", "application_id", "00b", "ApplicationId", "00b"),
    ("EMRServerless", "application_id", "00b", "JobConfig.applicationId", "00b"),
    ("EMRServerless", "job_driver", {"hive": {"query": "s3://lake/q.sql"}}, "JobConfig.jobDriver.hive.query", "s3://lake/q.sql"),
    ("EMRServerless", "configuration_overrides", {"monitoringConfiguration": {}},
     "JobConfig.configurationOverrides", {"monitoringConfiguration": {}}),
    ("EMRServerless", "execution_timeout_minutes", 30, "JobConfig.executionTimeoutMinutes", 30),
    ("EMRServerless", "execution_role", OTHER_ROLE, "ExecutionRoleArn", OTHER_ROLE),
    ("EMRServerless", "execution_role", OTHER_ROLE, "JobConfig.executionRoleArn", OTHER_ROLE),
    ("EMRServerless", "job_name", "nightly", "JobConfig.name", "nightly"),
    ("EMRServerless", "tags", TAGS, "JobConfig.tags", {"team": "risk"}),
    ("EMRServerless", "arguments", {"JobConfig": {"name": "x"}}, "JobConfig.name", "x"),
]  # fmt: skip

# class, path in the Arguments, what stands there when nothing is said
DEFAULTS: list[tuple[str, str, Any]] = [
    ("EndpointConfig", "EndpointConfigName", {"Std:Join": {"On": "-", "Values": ["config", EXECUTION_ID]}}),
    ("EndpointConfig", "ProductionVariants",
     [{"VariantName": "AllTraffic", "ModelName": MODEL, "InitialInstanceCount": 1, "InstanceType": "ml.m5.2xlarge"}]),
    ("EndpointConfig", "KmsKeyId", None),
    ("EndpointConfig", "ExecutionRoleArn", None),
    ("Endpoint", "EndpointConfigName", {"Get": "Steps.config.EndpointConfigName"}),
    ("InferenceComponent", "EndpointName", {"Get": "Steps.serve.EndpointName"}),
    ("InferenceComponent", "VariantName", "AllTraffic"),
    ("InferenceComponent", "Specification.ModelName", MODEL),
    ("InferenceComponent", "RuntimeConfig", {"CopyCount": 1}),
    ("Lineage", "", {"Actions": [ACTION]}),
    ("EMR", "", {"StepConfig": {"HadoopJarStep": {"Jar": "command-runner.jar"}}, "ClusterId": "j-1"}),
    ("EMRServerless", "",
     {"ExecutionRoleArn": ROLE, "JobConfig": {"executionRoleArn": ROLE, "jobDriver": DRIVER, "applicationId": "00a"},
      "ApplicationId": "00a"}),
]  # fmt: skip

OWN_TEST = {
    ("EMR", "cluster_config"): "test_a_cluster_of_its_own",
    ("EMRServerless", "application_config"): "test_an_application_of_its_own",
}


@pytest.fixture
def infra(project: Project) -> Project:
    for step_class, step in STEPS.items():
        project.pipeline["models"]["churn"]["steps"].append({**step, "step_class": step_class})
    return project


def step_of(project: Project, step_class: str) -> dict[str, Any]:
    return project.step(STEPS[step_class]["step_name"])


def put(step: dict[str, Any], key: str, value: Any) -> None:
    first, *rest = key.split(".")
    if rest:
        step[first] = [{rest[1]: value}]
    else:
        step[first] = value


def look(outcome: Outcome, step_class: str, path: str) -> Any:
    return outcome.at(STEPS[step_class]["step_name"], path)


@pytest.mark.parametrize(("step_class", "key", "value", "path", "expected"), KEYS)
def test_a_key_has_its_effect(infra: Project, step_class: str, key: str, value: Any, path: str, expected: Any) -> None:
    put(step_of(infra, step_class), key, value)
    outcome = infra.compile()
    assert outcome.texts == []
    assert look(outcome, step_class, path) == expected


@pytest.mark.parametrize(("step_class", "path", "expected"), DEFAULTS)
def test_a_key_has_its_default(infra: Project, step_class: str, path: str, expected: Any) -> None:
    assert look(infra.compile(), step_class, path) == expected


@pytest.mark.parametrize(("step_class", "kind"), KINDS.items())
def test_every_key_has_a_row_here(step_class: str, kind: str) -> None:
    rows = {key.split(".")[0] for name, key, *_ in KEYS if name == step_class}
    assert set(definition(kind)["properties"]) - rows == {key for name, key in OWN_TEST if name == step_class}
    if kind == "endpoint_config":
        variant = {key.split(".")[2] for name, key, *_ in KEYS if name == step_class and key.startswith("variants.")}
        assert set(definition(kind)["properties"]["variants"]["items"]["properties"]) == variant


def test_a_cluster_of_its_own(infra: Project) -> None:
    step = step_of(infra, "EMR")
    del step["cluster_id"]
    step["cluster_config"] = CLUSTER
    outcome = infra.compile()
    assert outcome.texts == []
    assert look(outcome, "EMR", "ClusterConfig") == CLUSTER
    assert look(outcome, "EMR", "ClusterId") is None


def test_an_application_of_its_own(infra: Project) -> None:
    step = step_of(infra, "EMRServerless")
    del step["application_id"]
    step["application_config"] = {"releaseLabel": "emr-7.0.0", "type": "SPARK"}
    outcome = infra.compile()
    assert look(outcome, "EMRServerless", "ApplicationConfig.type") == "SPARK"
    assert "applicationId" not in look(outcome, "EMRServerless", "JobConfig")


def test_the_outputs_of_a_cluster_step_can_be_chained(infra: Project) -> None:
    step_of(infra, "EMR").update({"args": ["a"], "outputs": {"one": "s3://lake/1", "two": "s3://lake/2"}})
    infra.model["evaluate"]["env"] = {"X": "${steps.spark.outputs.two}"}
    outcome = infra.compile()
    assert outcome.at("judge", "Environment.X") == {"Get": "Steps.spark.Config.Args[4]"}
    assert outcome.at("spark", "StepConfig.HadoopJarStep.Args.4") == "s3://lake/2"


def test_an_unknown_output_of_a_cluster_step(infra: Project) -> None:
    step_of(infra, "EMR")["outputs"] = {"one": "s3://lake/1"}
    infra.model["evaluate"]["env"] = {"X": "${steps.spark.outputs.on}"}
    [text] = infra.compile().texts
    assert text.endswith("SMP301 ${steps.spark.outputs.on} names nothing: spark puts out one. Try: one.")


def test_volumes_are_encrypted_where_they_can_be(infra: Project) -> None:
    infra.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": {"kms_key": KEY}}})
    step = step_of(infra, "EndpointConfig")
    assert infra.compile().at("config", "KmsKeyId") == KEY
    step["variants"] = [{"instance_type": "ml.g5.xlarge"}]
    assert infra.compile().at("config", "KmsKeyId") is None
    step["variants"] = [{"serverless": {"memory_size_in_mb": 2048, "max_concurrency": 1}}]
    step["data_capture"] = {}
    assert infra.compile().at("config", "KmsKeyId") is None
    assert infra.compile().at("config", "DataCaptureConfig.KmsKeyId") == KEY


def test_inference_components_run_in_the_network_of_the_framework(infra: Project) -> None:
    infra.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": {"subnets": "subnet-1", "security_groups_id": "sg-1"}}})
    infra.pipeline["models"]["churn"]["steps"].remove(step_of(infra, "Cleanup"))
    step = step_of(infra, "EndpointConfig")
    assert infra.compile().at("config", "VpcConfig") is None
    step["inference_components"] = True
    assert infra.compile().at("config", "VpcConfig") == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def test_cleanup_waits_for_the_steps_it_cleans_up_after(infra: Project) -> None:
    step = step_of(infra, "Cleanup")
    step["s3"] = [{"step": "fit"}, {"step": "prep", "uris": ["s3://models/a"]}]
    step["depends_on"] = [{"step": "fit", "trigger": "Any"}]
    assert infra.compile().steps["clean"]["DependsOn"] == ["prep", {"Step": "fit", "Trigger": "Any"}]


def test_steps_of_a_service_can_be_cached(infra: Project) -> None:
    for step_class in ("EMR", "EMRServerless", "EndpointConfig", "Endpoint"):
        step_of(infra, step_class)["enable_cache"] = True
    steps = infra.compile().steps
    assert {name for name, step in steps.items() if "CacheConfig" in step} == {"spark", "job", "config", "serve"}


@pytest.mark.parametrize("step_class", ["Lineage", "Cleanup", "InferenceComponent"])
def test_what_is_never_cached_says_so(infra: Project, step_class: str) -> None:
    step_of(infra, step_class)["enable_cache"] = True
    [text] = infra.compile().texts
    assert f"has no effect: the service caches no {step_class} step. Try: remove it." in text


def test_an_endpoint_takes_the_configuration_of_its_own_model(infra: Project) -> None:
    other = {"source_directory": "src", "train": infra.model["train"], "registry": infra.model["registry"]}
    infra.conf["conf"]["models"]["other"] = other
    steps = [{"step_name": "fit2", "step_class": "Training"}, {"step_name": "model2", "step_class": "CreateModel"},
             {"step_name": "config2", "step_class": "EndpointConfig"}]  # fmt: skip
    infra.pipeline["models"] = {"other": {"steps": steps}, **infra.pipeline["models"]}
    outcome = infra.compile()
    assert outcome.at("serve", "EndpointConfigName") == {"Get": "Steps.config.EndpointConfigName"}
    assert outcome.at("config2", "ProductionVariants.0.ModelName") == {"Get": "Steps.model2.ModelName"}
    infra.pipeline["models"]["churn"]["steps"].remove(step_of(infra, "EndpointConfig"))
    assert infra.compile().at("serve", "EndpointConfigName") == {"Get": "Steps.config2.EndpointConfigName"}


def test_a_configuration_in_a_loop_has_a_name_for_each_iteration(infra: Project) -> None:
    infra.pipeline["steps"] = [
        {"step_name": "loop", "step_class": "ForEach", "items": ["a", "b"], "steps": [
            {"step_name": "each", "step_class": "EndpointConfig", "variants": [{"model_name": "${item}"}]}]},
    ]  # fmt: skip
    body = infra.compile().steps["loop"]["Arguments"]["ForEachBody"]
    name = reduce(lambda tree, key: tree[key], ["Arguments", "EndpointConfigName", "Std:Join", "Values"], body[0])
    assert name == ["each", {"Get": "ForEach.CurrentItem"}, EXECUTION_ID]


def test_what_stands_inside_a_raw_step_is_checked_and_said_at_its_line(infra: Project) -> None:
    inner = {"Name": "inner", "Type": "Endpoint", "Arguments": {"EndpointName": "e"}}
    infra.pipeline["steps"] = [
        {"step_name": "raw", "step_class": "Raw", "type": "Condition",
         "arguments": {"Conditions": [], "IfSteps": [inner], "ElseSteps": []}},
    ]  # fmt: skip
    [text] = infra.compile().texts
    assert "SMP403 raw: Arguments lacks EndpointConfigName, which CreateEndpointInput requires" in text


def test_steps_inside_a_raw_step_may_refer_to_each_other(infra: Project) -> None:
    config = {"Name": "a", "Type": "EndpointConfig", "Arguments": {"EndpointConfigName": "c", "ProductionVariants": [
        {"VariantName": "v", "ModelName": {"Get": "Steps.model.ModelName"}}]}}  # fmt: skip
    named = {"EndpointName": "e", "EndpointConfigName": {"Get": "Steps.a.EndpointConfigName"}}
    branch = [config, {"Name": "b", "Type": "Endpoint", "Arguments": named}]
    infra.pipeline["steps"] = [
        {"step_name": "raw", "step_class": "Raw", "type": "Condition",
         "arguments": {"Conditions": [], "IfSteps": branch, "ElseSteps": []}},
    ]  # fmt: skip
    outcome = infra.compile()
    assert outcome.texts == []
    assert list(outcome.steps).index("raw") > list(outcome.steps).index("model")
