"""Step classes against the SageMaker SDK: the same step built by both is the same JSON, but for what differs on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.sdk import REGION, ROLE, assert_same, differences, normal

if TYPE_CHECKING:
    from tests.conformance.sdk import Sdk
    from tests.conftest import Project

IMAGE = f"111122223333.dkr.ecr.{REGION}.amazonaws.com/churn:1"
DATASET = "s3://lake/d.csv"
CHECK_JOB = {"image_uri": IMAGE, "dataset": DATASET, "output_path": "s3://lake/out", "max_runtime_seconds": 1200}
HOW_DATA_ARRIVES = "we say what the service takes by default: all of the data to each instance, not compressed"
NETWORK = "traffic between containers is encrypted unless `arguments` say otherwise"
ONE_CHECK_INPUT = {
    "Arguments.ProcessingInputs.baseline_dataset_input.S3Input.S3CompressionType": HOW_DATA_ARRIVES,
    "Arguments.ProcessingInputs.baseline_dataset_input.S3Input.S3DataDistributionType": HOW_DATA_ARRIVES,
    "Arguments.NetworkConfig": NETWORK,
}
CLARIFY_INPUTS = {
    f"Arguments.ProcessingInputs.{name}.S3Input.{member}": HOW_DATA_ARRIVES
    for name in ("analysis_config", "dataset")
    for member in ("S3CompressionType", "S3DataDistributionType")
} | {"Arguments.NetworkConfig": NETWORK}
CONFIG = {
    "dataset_type": "text/csv",
    "headers": ["y", "age"],
    "label": "y",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "age", "value_or_threshold": [40]}],
    "methods": {"pre_training_bias": {"methods": "all"}},
}
METRICS = [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]


def ours(project: Project, step_class: str, **keys: Any) -> dict[str, Any]:
    """The step `it` as we build it, beside a step that makes data."""
    project.pipeline["parameters"] = {"Skip": False}
    project.pipeline["models"]["churn"]["steps"] = [
        {"step_name": "prep", "step_class": "Processing"},
        {"step_name": "it", "step_class": step_class, **keys},
    ]
    outcome = project.compile()
    assert outcome.compiled is not None, outcome.texts
    return outcome.steps["it"]


def test_joins_and_uploads_have_one_form() -> None:
    get = {"Get": "Execution.PipelineExecutionId"}
    nested = {"Std:Join": {"On": "/", "Values": [{"Std:Join": {"On": "", "Values": ["s3:/", "/b"]}}, get, "x"]}}
    assert normal(nested) == normal({"Std:Join": {"On": "", "Values": ["s3://b/", get, "/x"]}})
    assert normal(f"s3://b/p/code/{'a' * 64}/f.py") == "UPLOAD/f.py"
    assert differences({"a": 1, "b": True}, {"a": 1, "b": 1}) == {"b": (True, 1)}


def test_a_difference_needs_a_reason_and_a_reason_a_difference() -> None:
    with pytest.raises(AssertionError):
        assert_same({"a": 1}, {"a": 2}, {})
    with pytest.raises(AssertionError, match="the same after all"):
        assert_same({"a": 1}, {"a": 1}, {"a": "no reason"})
    assert_same({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": "below it counts"})


def check_job(sdk: Sdk) -> Any:
    from sagemaker.mlops.workflow.check_job_config import CheckJobConfig

    return CheckJobConfig(role=ROLE, max_runtime_in_seconds=1200, sagemaker_session=sdk.session)


def theirs(image: str, step: dict[str, Any]) -> dict[str, Any]:
    """The SDK's step with our image: it looks up Model Monitor's and Clarify's by itself."""
    step["Arguments"]["AppSpecification"]["ImageUri"] = image
    return step


def test_data_quality(sdk: Sdk, project: Project) -> None:
    from sagemaker.core.workflow.parameters import ParameterBoolean
    from sagemaker.mlops.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep
    from sagemaker.mlops.workflow.steps import CacheConfig

    skip = ParameterBoolean(name="Skip", default_value=False)
    config = DataQualityCheckConfig(
        DATASET, {"csv": {"header": True, "output_columns_position": "START"}}, output_s3_uri="s3://lake/out"
    )
    cache = CacheConfig(enable_caching=True, expire_after="P30D")
    keys = {"skip_check": skip, "register_new_baseline": True, "model_package_group_name": "g", "cache_config": cache}
    step = QualityCheckStep("it", config, check_job(sdk), supplied_baseline_statistics="s3://lake/s.json", **keys)
    mine = ours(
        project,
        "QualityCheck",
        **CHECK_JOB,
        check_type="DATA_QUALITY",
        skip_check="${parameters.Skip}",
        register_new_baseline=True,
        model_package_group="g",
        supplied_baseline_statistics="s3://lake/s.json",
        enable_cache=True,
        cache_expire_after="P30D",
    )
    assert_same(mine, theirs(IMAGE, sdk.steps(step, parameters=[skip])["it"]), ONE_CHECK_INPUT)


def test_model_quality(sdk: Sdk, project: Project) -> None:
    from sagemaker.mlops.workflow.quality_check_step import ModelQualityCheckConfig, QualityCheckStep

    attributes = {"problem_type": "BinaryClassification", "inference_attribute": "p", "ground_truth_attribute": "y",
                  "probability_attribute": "0", "probability_threshold_attribute": "0.5"}  # fmt: skip
    config = ModelQualityCheckConfig(DATASET, {"json": {"lines": True}}, output_s3_uri="s3://lake/out", **attributes)
    step = QualityCheckStep("it", config, check_job(sdk), fail_on_violation=False)
    mine = ours(
        project,
        "QualityCheck",
        **CHECK_JOB,
        **attributes,
        check_type="MODEL_QUALITY",
        dataset_format={"json": {"lines": True}},
        fail_on_violation=False,
    )
    assert_same(mine, theirs(IMAGE, sdk.steps(step)["it"]), ONE_CHECK_INPUT)


def data_config(**more: Any) -> Any:
    from sagemaker.core.clarify import DataConfig

    places = {
        "s3_data_input_path": DATASET,
        "s3_output_path": "s3://lake/out",
        "s3_analysis_config_output_path": "s3://lake/input-1795200534",
    }
    return DataConfig(**places, label="y", headers=["y", "age"], dataset_type="text/csv", **more)


def test_data_bias(sdk: Sdk, project: Project) -> None:
    from sagemaker.core.clarify import BiasConfig
    from sagemaker.mlops.workflow.clarify_check_step import ClarifyCheckStep, DataBiasCheckConfig

    bias = BiasConfig(label_values_or_threshold=[1], facet_name="age", facet_values_or_threshold=[40])
    step = ClarifyCheckStep("it", DataBiasCheckConfig(data_config=data_config(), data_bias_config=bias), check_job(sdk))
    mine = ours(project, "ClarifyCheck", **CHECK_JOB, check_type="DATA_BIAS", analysis_config=CONFIG)
    assert_same(mine, theirs(IMAGE, sdk.steps(step)["it"]), CLARIFY_INPUTS)


def test_model_explainability(sdk: Sdk, project: Project) -> None:
    from sagemaker.core.clarify import ModelConfig, SHAPConfig
    from sagemaker.mlops.workflow.clarify_check_step import ClarifyCheckStep, ModelExplainabilityCheckConfig

    model = ModelConfig(model_name="m", instance_count=1, instance_type="ml.m5.large")
    shap = SHAPConfig(baseline=[[1]], num_samples=5, agg_method="mean_abs")
    config = ModelExplainabilityCheckConfig(data_config=data_config(), model_config=model, explainability_config=shap)
    step = ClarifyCheckStep("it", config, check_job(sdk), supplied_baseline_constraints="s3://lake/c.json")
    mine = ours(
        project,
        "ClarifyCheck",
        **CHECK_JOB,
        check_type="MODEL_EXPLAINABILITY",
        analysis_config={"methods": {"shap": {"num_samples": 5}}, "predictor": {"model_name": "m"}},
        supplied_baseline_constraints="s3://lake/c.json",
    )
    assert_same(mine, theirs(IMAGE, sdk.steps(step)["it"]), CLARIFY_INPUTS)


def test_monitored_transform(sdk: Sdk, project: Project) -> None:
    from sagemaker.core.transformer import Transformer
    from sagemaker.mlops.workflow.monitor_batch_transform_step import MonitorBatchTransformStep
    from sagemaker.mlops.workflow.quality_check_step import DataQualityCheckConfig

    output = {"output_path": "s3://lake/scores", "accept": "text/csv"}
    transformer = Transformer("m", 1, "ml.m5.2xlarge", sagemaker_session=sdk.session, **output)
    arguments = transformer.transform(DATASET, content_type="text/csv")
    config = DataQualityCheckConfig(
        DATASET, {"csv": {"header": True, "output_columns_position": "START"}}, output_s3_uri="s3://lake/out"
    )
    pair = MonitorBatchTransformStep("it", arguments, config, check_job(sdk), monitor_before_transform=True, display_name="Scores")
    project.pipeline["models"]["churn"]["steps"] = [
        {
            "step_name": "it",
            "step_class": "MonitorBatchTransform",
            "display_name": "Scores",
            "model_name": "m",
            "channels": {"test": {"dataFiles": [{"fileName": DATASET}]}},
            "arguments": {"TransformOutput": {"S3OutputPath": "s3://lake/scores"}},
            "monitor_before_transform": True,
            "monitor": {"step_class": "QualityCheck", "check_type": "DATA_QUALITY", **CHECK_JOB},
        }
    ]
    mine, their = project.compile().steps, sdk.steps(*pair.steps)
    assert_same(mine["it-monitoring"], theirs(IMAGE, their["it-monitoring"]), ONE_CHECK_INPUT)
    assert_same(mine["it-transform"], their["it-transform"], {})


def test_tuning(sdk: Sdk, project: Project) -> None:
    from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
    from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, StoppingCondition
    from sagemaker.mlops.workflow.steps import TuningStep
    from sagemaker.train import ModelTrainer
    from sagemaker.train.tuner import HyperparameterTuner

    trainer = ModelTrainer(
        training_image=IMAGE,
        role=ROLE,
        sagemaker_session=sdk.session,
        compute=Compute(instance_type="ml.m5.2xlarge", instance_count=1, volume_size_in_gb=32),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3000),
        output_data_config=OutputDataConfig(s3_output_path="s3://lake/models"),
        hyperparameters={"epochs": "3"},
        base_job_name="learn",
    )
    ranges = {
        "lr": ContinuousParameter(0.001, 0.1, scaling_type="Logarithmic"),
        "units": IntegerParameter(8, 64),
        "opt": CategoricalParameter(["adam", "sgd"]),
    }
    tuner = HyperparameterTuner(
        trainer, "loss", ranges, METRICS, objective_type="Minimize", max_jobs=4, max_parallel_jobs=2, early_stopping_type="Auto",
        random_seed=5,
    )  # fmt: skip
    step = TuningStep("it", step_args=tuner.tune(inputs=[InputData(channel_name="train", data_source=DATASET)]))
    project.model["train"] = {
        "image_uri": IMAGE,
        "output_path": "s3://lake/models",
        "hyperparameters": {"epochs": 3, "lr": 0.5},
        "channels": {"train": {"dataFiles": [{"fileName": DATASET}]}},
    }
    mine = ours(
        project,
        "Tuning",
        objective_metric_name="loss",
        metric_definitions=METRICS,
        hyperparameter_ranges={
            "lr": {"min": 0.001, "max": 0.1, "scaling": "Logarithmic"},
            "units": {"min": 8, "max": 64},
            "opt": {"values": ["adam", "sgd"]},
        },
        max_jobs=4,
        max_parallel_jobs=2,
        early_stopping_type="Auto",
        random_seed=5,
    )
    on_purpose = {
        "Arguments.TrainingJobDefinition.InputDataConfig.train.InputMode": "each channel says how it is read, as in Training steps",
        "Arguments.TrainingJobDefinition.EnableInterContainerTrafficEncryption": NETWORK,
        "Arguments.TrainingJobDefinition.OutputDataConfig.CompressionType": "the service compresses unless it is told not to",
    }
    assert_same(mine, sdk.steps(step)["it"], on_purpose)


def test_notebook_job(sdk: Sdk, project: Project, tmp_path: Path) -> None:
    from sagemaker.mlops.workflow.notebook_job_step import NotebookJobStep

    notebook = project.write("src/note.ipynb", "{}")
    script = project.write("src/init.sh", "")
    step = NotebookJobStep(
        name="it",
        input_notebook=str(notebook),
        image_uri=IMAGE,
        kernel_name="python3",
        notebook_job_name="notes",
        role=ROLE,
        initialization_script=str(script),
        parameters={"n": "3"},
        environment_variables={"LEVEL": "3"},
        tags=[{"Key": "team", "Value": "risk"}],
    )
    mine = ours(
        project,
        "NotebookJob",
        input_notebook="note.ipynb",
        image_uri=IMAGE,
        initialization_script="init.sh",
        base_job_name="notes",
        parameters={"n": 3},
        env={"LEVEL": 3},
        tags=[{"Key": "team", "Value": "risk"}],
    )
    channel = "Arguments.InputDataConfig.sagemaker_headless_execution_pipelinestep"
    on_purpose = {
        f"{channel}.InputMode": "each channel says how it is read, as in Training steps",
        "Arguments.OutputDataConfig.S3OutputPath": "outputs of all steps lie below {execution}/{step}/output",
    }
    assert_same(mine, sdk.steps(step)["it"], on_purpose)


def test_model_package(sdk: Sdk, project: Project) -> None:
    """The classes that the SDK has for model metrics and drift check baselines make what our sections make."""
    from sagemaker.core.drift_check_baselines import DriftCheckBaselines
    from sagemaker.core.model_life_cycle import ModelLifeCycle
    from sagemaker.core.model_metrics import FileSource, MetricsSource, ModelMetrics

    def source(name: str) -> Any:
        return MetricsSource("application/json", f"s3://lake/{name}.json")

    def file(name: str) -> str:
        return f"s3://lake/{name}.json"

    their_metrics = ModelMetrics(
        model_statistics=source("a"), model_constraints=source("b"), model_data_statistics=source("c"),
        model_data_constraints=source("d"), bias=source("e"), explainability=source("f"), bias_pre_training=source("g"),
        bias_post_training=source("h"),
    )  # fmt: skip
    their_baselines = DriftCheckBaselines(
        model_statistics=source("a"), model_constraints=source("b"), model_data_statistics=source("c"),
        model_data_constraints=source("d"), bias_config_file=FileSource(file("e"), content_type="application/json"),
        bias_pre_training_constraints=source("f"), bias_post_training_constraints=source("g"),
        explainability_constraints=source("h"),
        explainability_config_file=FileSource(file("i"), content_type="application/json"),
    )  # fmt: skip
    quality = {"model_quality": {"statistics": file("a"), "constraints": file("b")},
               "model_data_quality": {"statistics": file("c"), "constraints": file("d")}}  # fmt: skip
    project.model["registry"] |= {
        "model_metrics": {
            **quality,
            "bias": {"report": file("e"), "pre_training_report": file("g"), "post_training_report": file("h")},
            "explainability": {"report": file("f")},
        },
        "drift_check_baselines": {
            **quality,
            "bias": {"config_file": file("e"), "pre_training_constraints": file("f"), "post_training_constraints": file("g")},
            "explainability": {"constraints": file("h"), "config_file": file("i")},
        },
        "life_cycle": {"stage": "Development", "status": "InProgress", "description": "new"},
    }
    mine = project.compile().steps["register"]["Arguments"]
    assert mine["ModelMetrics"] == their_metrics._to_request_dict()
    assert mine["DriftCheckBaselines"] == their_baselines._to_request_dict()
    assert mine["ModelLifeCycle"] == ModelLifeCycle("Development", "InProgress", "new")._to_request_dict()
