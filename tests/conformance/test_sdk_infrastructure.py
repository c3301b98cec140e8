"""What is no job, against the SageMaker SDK: a pipeline that both build has the same definition, but for what differs on purpose.

Conditions, loops, functions, queues, parameters, facts of the execution, property files, retries, caches, names, experiments and
MLflow; endpoints, inference components, lineage, cleanup and EMR.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.on_purpose import told
from tests.conformance.sdk import BUCKET, REGION, ROLE, differences, normal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.sdk import Sdk
    from tests.conftest import Project

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:tell"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
TRACKING = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-tracking-server/t"
JOB = {"encrypted traffic", "time limit"}


@dataclass(frozen=True)
class Built:
    """What the SDK makes a pipeline of."""

    steps: list[Any]
    parameters: list[Any] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=dict)


def job(sdk: Sdk, name: str, env: Any = None, outputs: Any = (), files: Any = (), **more: Any) -> Any:
    from sagemaker.core.processing import Processor
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
    from sagemaker.mlops.workflow.steps import ProcessingStep

    processor = Processor(
        role=ROLE, image_uri=IMAGE, instance_count=1, instance_type="ml.m5.xlarge", env=env, sagemaker_session=sdk.session
    )
    given = [
        ProcessingOutput(
            output_name=output,
            s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"/opt/ml/processing/output/{output}", s3_upload_mode="EndOfJob"),
        )
        for output, uri in outputs
    ]
    return ProcessingStep(name, step_args=processor.run(outputs=given), property_files=list(files), **more)


PROCESSING = {"step_class": "Processing", "image_uri": IMAGE, "instance_type": "ml.m5.xlarge", "volume_size_in_gb": 30}
NO_OUTPUT = {**PROCESSING, "arguments": {"ProcessingOutputConfig": None}}
REPORT = {**PROCESSING, "step_name": "judge", "channels": {"out": {"output_uri": "s3://models/out"}},
          "property_files": [{"name": "Scores", "output": "out", "path": "scores.json"}]}  # fmt: skip


def report(sdk: Sdk) -> tuple[Any, Any]:
    from sagemaker.core.workflow.properties import PropertyFile

    file = PropertyFile(name="Scores", output_name="out", path="scores.json")
    return job(sdk, "judge", outputs=[("out", "s3://models/out")], files=[file]), file


def parameters(sdk: Sdk) -> Built:
    from sagemaker.core.workflow.execution_variables import ExecutionVariables as Execution
    from sagemaker.core.workflow.functions import Join
    from sagemaker.core.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString

    declared = [
        ParameterString("Text", default_value="a", enum_values=["a", "b"]), ParameterInteger("Count", default_value=2),
        ParameterFloat("Rate", default_value=0.5), ParameterBoolean("Flag", default_value=False), ParameterString("Needed"),
    ]  # fmt: skip
    text, count, rate, flag, needed = declared
    env = {
        "TEXT": text, "COUNT": count.to_string(), "RATE": rate.to_string(), "FLAG": flag.to_string(), "NEEDED": needed,
        "PATH": Join(on="/", values=["s3:/", "b", text, count, Execution.PIPELINE_EXECUTION_ID]),
        "START": Execution.START_DATETIME, "NOW": Execution.CURRENT_DATETIME, "PIPE": Execution.PIPELINE_NAME,
        "PIPE_ARN": Execution.PIPELINE_ARN, "RUN_ARN": Execution.PIPELINE_EXECUTION_ARN,
    }  # fmt: skip
    return Built([job(sdk, "all", env)], declared)


OUR_PARAMETERS = {
    "parameters": {
        "Text": {"default": "a", "enum": ["a", "b"]}, "Count": 2, "Rate": 0.5, "Flag": False, "Needed": {"type": "String"},
    },
    "steps": [{"step_name": "all", **NO_OUTPUT, "env": {
        "TEXT": "${parameters.Text}", "COUNT": "${parameters.Count}", "RATE": "${parameters.Rate}", "FLAG": "${parameters.Flag}",
        "NEEDED": "${parameters.Needed}", "PATH": "s3://b/${parameters.Text}/${parameters.Count}/${execution.PipelineExecutionId}",
        "START": "${execution.StartDateTime}", "NOW": "${execution.CurrentDateTime}", "PIPE": "${execution.PipelineName}",
        "PIPE_ARN": "${execution.PipelineArn}", "RUN_ARN": "${execution.PipelineExecutionArn}"}}],
}  # fmt: skip


def conditions(sdk: Sdk) -> Built:
    from sagemaker.core.workflow import conditions as c
    from sagemaker.core.workflow.functions import Join, JsonGet
    from sagemaker.core.workflow.parameters import ParameterInteger, ParameterString
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep

    text, count = ParameterString("Text", default_value="a"), ParameterInteger("Count", default_value=2)
    judge, file = report(sdk)
    score = JsonGet(step_name="judge", property_file=file, json_path="f1['test set'].values[0]")
    either = c.ConditionOr(conditions=[c.ConditionEquals(left=text, right="x"), c.ConditionNot(c.ConditionIn(count, [1, 2]))])
    inner = ConditionStep("inner", conditions=[either], if_steps=[FailStep("worst", error_message="x")])
    tests = [
        c.ConditionGreaterThanOrEqualTo(left=score, right=0.8), c.ConditionGreaterThan(left=count, right=1),
        c.ConditionLessThan(left=count, right=9), c.ConditionLessThanOrEqualTo(left=count, right=8),
        c.ConditionNot(c.ConditionEquals(left=text, right="b")), c.ConditionIn(text, ["a", text]),
    ]  # fmt: skip
    message = Join(on="", values=["only ", score])
    outer = ConditionStep("outer", conditions=tests, if_steps=[inner], else_steps=[FailStep("bad", error_message=message)])
    return Built([judge, outer], [text, count])


OUR_CONDITIONS = {
    "parameters": {"Text": "a", "Count": 2},
    "steps": [
        REPORT,
        {"step_name": "outer", "step_class": "Condition",
         "conditions": ["${steps.judge.report.f1['test set'].values[0]} >= 0.8 and ${parameters.Count} > 1",
                        "${parameters.Count} < 9", "${parameters.Count} <= 8", "not ${parameters.Text} == 'b'",
                        "${parameters.Text} in ['a', ${parameters.Text}]"],
         "if_steps": ["inner"],
         "else_steps": [{"step_name": "bad", "step_class": "Fail",
                         "error_message": "only ${steps.judge.report.f1['test set'].values[0]}"}]},
        {"step_name": "inner", "step_class": "Condition",
         "conditions": ["${parameters.Text} == 'x' or ${parameters.Count} not in [1, 2]"],
         "if_steps": [{"step_name": "worst", "step_class": "Fail", "error_message": "x"}]},
    ],
}  # fmt: skip


def loops(sdk: Sdk) -> Built:
    from sagemaker.core.lambda_helper import Lambda
    from sagemaker.mlops.workflow.for_each_step import CurrentItem, ForEachSelector, ForEachStep, IterationOutput
    from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep

    outputs = [LambdaOutput("score", LambdaOutputTypeEnum.Float)]
    body = LambdaStep("score", lambda_func=Lambda(function_arn=ARN), inputs={"item": CurrentItem()}, outputs=outputs)
    field_ = IterationOutput(body).OutputParameters["score"]
    selector = ForEachSelector(pick="MaxBy", field=field_)
    loop = ForEachStep("loop", iterable_items=["a", "b"], max_concurrency=3, for_each_body=[body], selector=selector)
    return Built([loop])


OUR_LOOPS = {"steps": [
    {"step_name": "loop", "step_class": "ForEach", "items": ["a", "b"], "max_concurrency": 3,
     "selector": {"pick": "MaxBy", "field": "${iteration.score.outputs.score}"},
     "steps": [{"step_name": "score", "step_class": "Lambda", "function_arn": ARN, "inputs": {"item": "${item}"},
                "outputs": {"score": "Float"}}]},
]}  # fmt: skip


def calls(sdk: Sdk) -> Built:
    from sagemaker.core.lambda_helper import Lambda
    from sagemaker.mlops.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
    from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
    from sagemaker.mlops.workflow.steps import CacheConfig

    cache = CacheConfig(enable_caching=True, expire_after="P7D")
    kinds = LambdaOutputTypeEnum
    outputs = [LambdaOutput(kind, getattr(kinds, kind)) for kind in ("String", "Integer", "Float", "Boolean")]
    ask = LambdaStep("ask", lambda_func=Lambda(function_arn=ARN), inputs={"n": 1, "deep": {"a": [1]}}, outputs=outputs,
                     cache_config=cache, display_name="Ask it", description="asks")  # fmt: skip
    wait = CallbackStep("wait", sqs_queue_url=QUEUE, inputs={"answer": ask.properties.Outputs["String"]},
                        outputs=[CallbackOutput("done", CallbackOutputTypeEnum.Boolean)], depends_on=[ask])  # fmt: skip
    return Built([ask, wait])


OUR_CALLS = {"steps": [
    {"step_name": "ask", "step_class": "Lambda", "function_arn": ARN, "inputs": {"n": 1, "deep": {"a": [1]}},
     "outputs": {"String": "String", "Integer": "Integer", "Float": "Float", "Boolean": "Boolean"},
     "enable_cache": True, "cache_expire_after": "P7D", "display_name": "Ask it", "description": "asks"},
    {"step_name": "wait", "step_class": "Callback", "sqs_queue_url": QUEUE, "inputs": {"answer": "${steps.ask.outputs.String}"},
     "outputs": {"done": "Boolean"}, "depends_on": "ask"},
]}  # fmt: skip


def settings(sdk: Sdk) -> Built:
    from sagemaker.core.shapes.shapes import MlflowConfig
    from sagemaker.core.workflow.execution_variables import ExecutionVariables
    from sagemaker.mlops.workflow import retry
    from sagemaker.mlops.workflow.pipeline_experiment_config import PipelineExperimentConfig
    from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition
    from sagemaker.mlops.workflow.steps import CacheConfig

    policies = [
        retry.StepRetryPolicy([retry.StepExceptionTypeEnum.THROTTLING], backoff_rate=1.5, interval_seconds=7, max_attempts=4),
        retry.SageMakerJobStepRetryPolicy(
            exception_types=[retry.SageMakerJobExceptionTypeEnum.CAPACITY_ERROR], expire_after_mins=60
        ),
    ]
    cache = CacheConfig(enable_caching=True, expire_after="P30D")
    first = job(sdk, "first", retry_policies=policies, cache_config=cache, display_name="The first", description="of two")
    second = job(sdk, "second", depends_on=[StepDependency(first, TriggerCondition.FAILED)])
    experiment = PipelineExperimentConfig("forecasts", ExecutionVariables.START_DATETIME)
    mlflow = MlflowConfig(mlflow_resource_arn=TRACKING, mlflow_experiment_name="churn")
    return Built([first, second], [], {"pipeline_experiment_config": experiment, "mlflow_config": mlflow})


OUR_SETTINGS = {
    "experiment": {"name": "forecasts", "trial": "${execution.StartDateTime}"},
    "mlflow": {"resource_arn": TRACKING, "experiment_name": "churn"},
    "steps": [
        {"step_name": "first", **NO_OUTPUT, "enable_cache": True, "cache_expire_after": "P30D", "display_name": "The first",
         "description": "of two",
         "retry_policies": [{"exceptions": "Step.THROTTLING", "backoff_rate": 1.5, "interval_seconds": 7, "max_attempts": 4},
                            {"exceptions": "SageMaker.CAPACITY_ERROR", "expire_after_minutes": 60}]},
        {"step_name": "second", **NO_OUTPUT, "depends_on": [{"step": "first", "trigger": "Failed"}]},
    ],
}  # fmt: skip


def no_experiment(sdk: Sdk) -> Built:
    from sagemaker.mlops.workflow.fail_step import FailStep

    return Built([FailStep("stop", error_message="no")], [], {"pipeline_experiment_config": None})


OUR_NO_EXPERIMENT = {"experiment": False, "steps": [{"step_name": "stop", "step_class": "Fail", "error_message": "no"}]}
CAPTURE = {"EnableCapture": True, "InitialSamplingPercentage": 10, "DestinationS3Uri": "s3://models/seen",
           "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]}  # fmt: skip


def endpoints(sdk: Sdk) -> Built:
    from sagemaker.core.helper.session_helper import production_variant
    from sagemaker.mlops.workflow.endpoint_step import EndpointConfigStep, EndpointStep
    from sagemaker.mlops.workflow.inference_component_step import InferenceComponentStep
    from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy

    session = sdk.session
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variants = [
        production_variant("m", "ml.m5.xlarge", initial_instance_count=2, variant_name="blue", initial_weight=3),
        production_variant("n", variant_name="green", serverless_inference_config=serverless),
    ]
    config = EndpointConfigStep(
        "config",
        step_args=session.create_endpoint_config("v1", variants, data_capture_config_dict=CAPTURE),
        retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.THROTTLING], max_attempts=3)],
    )
    deployed = session.create_endpoint("churn", config.properties.EndpointConfigName, tags=[{"Key": "team", "Value": "risk"}])
    serve = EndpointStep("serve", step_args=deployed)
    specification = {"ModelName": "m", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 512, "NumberOfCpuCoresRequired": 1}}
    component = session.create_inference_component("copy", serve.properties.EndpointName, "blue", specification, {"CopyCount": 2})
    return Built([config, serve, InferenceComponentStep("component", step_args=component)])


OUR_ENDPOINTS = {"steps": [
    {"step_name": "config", "step_class": "EndpointConfig", "endpoint_config_name": "v1",
     "variants": [{"name": "blue", "model_name": "m", "instance_type": "ml.m5.xlarge", "instance_count": 2, "weight": 3},
                  {"name": "green", "model_name": "n", "weight": 1,
                   "serverless": {"memory_size_in_mb": 2048, "max_concurrency": 5}}],
     "data_capture": {"sampling_percentage": 10, "destination_s3_uri": "s3://models/seen"},
     "retry_policies": [{"exceptions": "Step.THROTTLING", "max_attempts": 3}]},
    {"step_name": "serve", "step_class": "Endpoint", "endpoint_name": "churn", "tags": [{"Key": "team", "Value": "risk"}]},
    {"step_name": "component", "step_class": "InferenceComponent", "inference_component_name": "copy", "variant_name": "blue",
     "model_name": "m", "min_memory_in_mb": 512, "cpu_cores": 1, "copy_count": 2},
]}  # fmt: skip


def lineage(sdk: Sdk) -> Built:
    from sagemaker.core.lineage.action import Action
    from sagemaker.core.lineage.artifact import Artifact
    from sagemaker.core.lineage.context import Context
    from sagemaker.mlops.workflow.lineage_step import LineageAssociation, LineageEntityReference, LineageStep

    given = {"sagemaker_session": sdk.session, "source_uri": "s3://models/x"}
    data = LineageEntityReference(name="data", type="Artifact")
    run = LineageEntityReference(name="run", type="Action")
    return Built([
        LineageStep(
            "trace",
            actions=Action.create(action_name="run", action_type="Run", **given),
            artifacts=[Artifact.create(artifact_name="data", artifact_type="DataSet", **given)],
            contexts=[Context.create(context_name="risk", context_type="Project", **given)],
            associations=[LineageAssociation(data, run, "ContributedTo"),
                          LineageAssociation(run, LineageEntityReference(arn="arn:aws:sagemaker:eu-west-1:1:context/x"))],
        )
    ])  # fmt: skip


SOURCE = {"Source": {"SourceUri": "s3://models/x"}}
OUR_LINEAGE = {"steps": [{
    "step_name": "trace", "step_class": "Lineage",
    "actions": [{"ActionName": "run", "ActionType": "Run", **SOURCE}],
    "artifacts": [{"ArtifactName": "data", "ArtifactType": "DataSet", **SOURCE}],
    "contexts": [{"ContextName": "risk", "ContextType": "Project", **SOURCE}],
    "associations": [{"Source": {"Name": "data", "Type": "Artifact"}, "Destination": {"Name": "run", "Type": "Action"},
                      "AssociationType": "ContributedTo"},
                     {"Source": {"Name": "run", "Type": "Action"},
                      "Destination": {"Arn": "arn:aws:sagemaker:eu-west-1:1:context/x"}}],
}]}  # fmt: skip


def cleanup(sdk: Sdk) -> Built:
    from sagemaker.mlops.workflow.cleanup_step import CleanupStep, S3CleanupSource
    from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

    judge, _ = report(sdk)
    other = job(sdk, "other", outputs=[("out", "s3://models/other")])
    sources = [S3CleanupSource("judge", ["s3://models/out/a"]), S3CleanupSource("other", ["s3://models/other/b"])]
    return Built([judge, other, CleanupStep("clean", sources, depends_on=[StepDependency("judge", TriggerCondition.ANY)])])


OUR_CLEANUP = {"steps": [
    REPORT,
    {**PROCESSING, "step_name": "other", "channels": {"out": {"output_uri": "s3://models/other"}}},
    {"step_name": "clean", "step_class": "Cleanup", "depends_on": [{"step": "judge", "trigger": "Any"}],
     "s3": [{"step": "judge", "uris": ["s3://models/out/a"]}, {"step": "other", "uris": ["s3://models/other/b"]}]},
]}  # fmt: skip
CLUSTER = {"Instances": {"InstanceFleets": [{"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}]}, "ReleaseLabel": "emr-7"}
APPLICATION = {"releaseLabel": "emr-7.0.0", "type": "SPARK"}
DRIVER = {"sparkSubmit": {"entryPoint": "s3://models/job.py"}}
OVERRIDES = {"monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": "s3://models/logs"}}}


def emr(sdk: Sdk) -> Built:
    from sagemaker.core.workflow.functions import Join
    from sagemaker.mlops.workflow.emr_serverless_step import EMRServerlessJobConfig, EMRServerlessStep
    from sagemaker.mlops.workflow.emr_step import EMRStep, EMRStepConfig

    there = EMRStep("there", "d", "e", "j-1", EMRStepConfig("command-runner.jar", args=["spark-submit", "s3://models/job.py"],
                    output_args={"out": "s3://models/out"}), execution_role_arn=ROLE)  # fmt: skip
    properties = [{"Key": "a", "Value": "b"}]
    own = EMRStep("own", "d", "e", None, EMRStepConfig("x.jar", main_class="com.x.Main", properties=properties),
                  cluster_config=CLUSTER)  # fmt: skip
    config = EMRServerlessJobConfig(DRIVER, ROLE, OVERRIDES, 30, "nightly", {"team": "risk"})
    job_ = EMRServerlessStep("job", "d", "e", config, application_config=APPLICATION)
    told_ = job(sdk, "reader", {"X": Join(on="/", values=[there.emr_outputs["out"], "part"])})
    return Built([there, own, job_, told_])


OUR_EMR = {"steps": [
    {"step_name": "there", "step_class": "EMR", "display_name": "d", "description": "e", "cluster_id": "j-1",
     "jar": "command-runner.jar", "args": ["spark-submit", "s3://models/job.py"], "outputs": {"out": "s3://models/out"},
     "execution_role": ROLE},
    {"step_name": "own", "step_class": "EMR", "display_name": "d", "description": "e", "cluster_config": CLUSTER, "jar": "x.jar",
     "main_class": "com.x.Main", "properties": {"a": "b"}},
    {"step_name": "job", "step_class": "EMRServerless", "display_name": "d", "description": "e", "application_config": APPLICATION,
     "job_driver": DRIVER, "configuration_overrides": OVERRIDES, "execution_timeout_minutes": 30, "job_name": "nightly",
     "tags": [{"Key": "team", "Value": "risk"}]},
    {"step_name": "reader", **NO_OUTPUT, "env": {"X": "${steps.there.outputs.out}/part"}},
]}  # fmt: skip

CASES: dict[str, tuple[Callable[[Sdk], Built], dict[str, Any], set[str]]] = {
    "parameters": (parameters, OUR_PARAMETERS, JOB),
    "conditions": (conditions, OUR_CONDITIONS, JOB),
    "loops": (loops, OUR_LOOPS, set()),
    "calls": (calls, OUR_CALLS, set()),
    "settings": (settings, OUR_SETTINGS, JOB),
    "no experiment": (no_experiment, OUR_NO_EXPERIMENT, set()),
    "endpoints": (endpoints, OUR_ENDPOINTS, set()),
    "lineage": (lineage, OUR_LINEAGE, set()),
    "cleanup": (cleanup, OUR_CLEANUP, JOB),
    "emr": (emr, OUR_EMR, JOB),
}
"""For each case: what the SDK builds, what the configuration says, and the names of what differs on purpose."""


@pytest.mark.parametrize("name", CASES)
def test_both_build_the_same(name: str, sdk: Sdk, tmp_path: Path, new_project: type[Project]) -> None:
    from sagemaker.mlops.workflow.pipeline import Pipeline

    build, configured, expected = CASES[name]
    built = build(sdk)
    pipeline = Pipeline(
        "churn-test", parameters=built.parameters, steps=built.steps, sagemaker_session=sdk.session, **built.settings
    )
    project = new_project(tmp_path)
    project.conf["conf"] = {"sagemakerPipeline": {"pipelineName": "churn-test", **configured}, "models": {}}
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.compiled is not None
    assert (outcome.compiled.bucket, outcome.compiled.region) == (BUCKET, REGION)
    theirs = json.loads(pipeline.definition())
    assert told(differences(normal(dict(outcome.compiled.definition)), normal(theirs))) == expected
