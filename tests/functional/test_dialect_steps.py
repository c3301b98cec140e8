"""Every key of the classes Tuning, QualityCheck, ClarifyCheck, AutoML and NotebookJob, as in test_dialect.py.

A row is a statement of the configuration format: a key on the step, and where its effect shows in the definition.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from framework.config.schema import definition

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

OTHER = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/other:2"
TAGS = [{"Key": "team", "Value": "risk"}]
CLUSTER, RESOURCES = "ProcessingResources.ClusterConfig", "ResourceConfig"
CONFIG, JOB = "HyperParameterTuningJobConfig", "TrainingJobDefinition"
CRITERIA, GENERATION = "AutoMLJobConfig.CompletionCriteria", "AutoMLJobConfig.CandidateGenerationConfig"
METRICS = [{"Name": "loss", "Regex": "loss=(.*)"}]
BIAS = {"dataset_type": "text/csv", "label": "y", "methods": {"pre_training_bias": {"methods": "all"}}}
MOST = {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Most"}]}}
SHAP = {"dataset_type": "text/csv", "methods": {"shap": {"num_samples": 5}}}

BASE: dict[str, dict[str, Any]] = {
    "Tuning": {
        "objective_metric_name": "loss",
        "metric_definitions": METRICS,
        "hyperparameter_ranges": {"lr": {"min": 0.01, "max": 0.1}},
        "max_jobs": 4,
    },
    "QualityCheck": {"check_type": "DATA_QUALITY", "dataset": "s3://lake/d.csv", "image_uri": OTHER},
    "ClarifyCheck": {"check_type": "DATA_BIAS", "dataset": "s3://lake/d.csv", "image_uri": OTHER, "analysis_config": BIAS},
    "AutoML": {"dataset": "s3://lake/d.csv", "target_attribute": "y"},
    "NotebookJob": {"input_notebook": "note.ipynb", "image_uri": OTHER},
}
KINDS = {"Tuning": "tune", "QualityCheck": "quality_check", "ClarifyCheck": "clarify_check", "AutoML": "auto_ml",
         "NotebookJob": "notebook_job"}  # fmt: skip
QUALITY = {
    "check_type": "MODEL_QUALITY",
    "problem_type": "Regression",
    "inference_attribute": "p",
    "ground_truth_attribute": "y",
}
CHECK_JOB: list[tuple[str, Any, str, Any]] = [
    ("dataset", "s3://lake/x", "DATA.S3Input.S3Uri", "s3://lake/x"),
    ("dataset", "${steps.prep.outputs.test}", "DATA.S3Input.S3Uri",
     {"Get": "Steps.prep.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"}),
    ("model_package_group", "leavers", "step:ModelPackageGroupName", "leavers"),
    ("skip_check", True, "step:SkipCheck", True),
    ("skip_check", "${parameters.First}", "step:SkipCheck", {"Get": "Parameters.First"}),
    ("fail_on_violation", "false", "step:FailOnViolation", False),
    ("register_new_baseline", True, "step:RegisterNewBaseline", True),
    ("supplied_baseline_constraints", "s3://lake/c.json", "step:SuppliedBaselineConstraints", "s3://lake/c.json"),
    ("image_uri", "i", "AppSpecification.ImageUri", "i"),
    ("base_job_name", "look", "ProcessingJobName", "look"),
    ("instance_count", 2, f"{CLUSTER}.InstanceCount", 2),
    ("instance_type", "ml.c5.xlarge", f"{CLUSTER}.InstanceType", "ml.c5.xlarge"),
    ("volume_size_in_gb", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("volume_size", 64, f"{CLUSTER}.VolumeSizeInGB", 64),
    ("max_runtime_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("max_runtime_in_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("output_path", "s3://lake/o", "ProcessingOutputConfig.Outputs.0.S3Output.S3Uri", "s3://lake/o"),
    ("env", {"LEVEL": 3}, "Environment.LEVEL", "3"),
    ("tags", TAGS, "Tags", TAGS),
    ("arguments", {"StoppingCondition": {"MaxRuntimeInSeconds": 7}}, "StoppingCondition.MaxRuntimeInSeconds", 7),
]  # fmt: skip

# class, key, value, path in the step's Arguments ("step:" for a member of the step), what is expected there
KEYS: list[tuple[str, str, Any, str, Any]] = [
    *[("QualityCheck", key, value, path.replace("DATA", "ProcessingInputs.0"), said) for key, value, path, said in CHECK_JOB],
    *[("ClarifyCheck", key, value, path.replace("DATA", "ProcessingInputs.1"), said) for key, value, path, said in CHECK_JOB],
    ("QualityCheck", "check_type", "DATA_QUALITY", "step:CheckType", "DATA_QUALITY"),
    ("QualityCheck", "check_type", "data_quality", "step:CheckType", "DATA_QUALITY"),
    ("QualityCheck", "dataset_format", {"json": {"lines": False}}, "Environment.dataset_format", '{"json": {"lines": false}}'),
    ("QualityCheck", "dataset_format", {"csv": {"header": False}}, "Environment.dataset_format",
     '{"csv": {"header": false, "output_columns_position": "START"}}'),
    ("QualityCheck", "supplied_baseline_statistics", "s3://lake/s.json", "step:SuppliedBaselineStatistics", "s3://lake/s.json"),
    ("QualityCheck", "QUALITY", QUALITY, "step:CheckType", "MODEL_QUALITY"),
    ("QualityCheck", "QUALITY", QUALITY, "Environment.analysis_type", "MODEL_QUALITY"),
    ("QualityCheck", "QUALITY", QUALITY, "Environment.problem_type", "Regression"),
    ("QualityCheck", "QUALITY", QUALITY, "Environment.inference_attribute", "p"),
    ("QualityCheck", "QUALITY", QUALITY, "Environment.ground_truth_attribute", "y"),
    ("QualityCheck", "QUALITY", {**QUALITY, "probability_attribute": "0", "probability_threshold_attribute": 0.5},
     "Environment.probability_attribute", "0"),
    ("QualityCheck", "QUALITY", {**QUALITY, "probability_attribute": "0", "probability_threshold_attribute": 0.5},
     "Environment.probability_threshold_attribute", "0.5"),
    ("ClarifyCheck", "check_type", "DATA_BIAS", "step:CheckType", "DATA_BIAS"),
    ("ClarifyCheck", "SHAP", {"check_type": "MODEL_EXPLAINABILITY", "analysis_config": SHAP, "model_name": "m"},
     "step:ModelName", "m"),
    ("ClarifyCheck", "SHAP", {"check_type": "MODEL_EXPLAINABILITY", "analysis_config": SHAP},
     "step:ModelName", {"Get": "Steps.model.ModelName"}),
    ("ClarifyCheck", "SHAP", {"check_type": "MODEL_EXPLAINABILITY",
                              "analysis_config": {**SHAP, "predictor": {"model_name": "${steps.model.ModelName}"}}},
     "step:ModelName", {"Get": "Steps.model.ModelName"}),
    ("Tuning", "train", "train", f"{JOB}.AlgorithmSpecification.TrainingImage",
     "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1"),
    ("Tuning", "image_uri", OTHER, f"{JOB}.AlgorithmSpecification.TrainingImage", OTHER),
    ("Tuning", "base_job_name", "search", "HyperParameterTuningJobName", "search"),
    ("Tuning", "strategy", "Random", f"{CONFIG}.Strategy", "Random"),
    ("Tuning", "metric_definitions", [*METRICS, {"Name": "f1", "Regex": "f1=(.*)"}],
     f"{JOB}.AlgorithmSpecification.MetricDefinitions.1.Name", "f1"),
    ("Tuning", "objective_metric_name", "${parameters.Metric}", f"{CONFIG}.HyperParameterTuningJobObjective.MetricName",
     {"Get": "Parameters.Metric"}),
    ("Tuning", "objective_type", "Maximize", f"{CONFIG}.HyperParameterTuningJobObjective",
     {"Type": "Maximize", "MetricName": "loss"}),
    ("Tuning", "max_jobs", 9, f"{CONFIG}.ResourceLimits", {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 1}),
    ("Tuning", "max_parallel_jobs", 3, f"{CONFIG}.ResourceLimits.MaxParallelTrainingJobs", 3),
    ("Tuning", "max_runtime_in_seconds", 900, f"{CONFIG}.ResourceLimits.MaxRuntimeInSeconds", 900),
    ("Tuning", "max_runtime_seconds", 900, f"{CONFIG}.ResourceLimits.MaxRuntimeInSeconds", 900),
    ("Tuning", "early_stopping_type", "Auto", f"{CONFIG}.TrainingJobEarlyStoppingType", "Auto"),
    ("Tuning", "random_seed", 7, f"{CONFIG}.RandomSeed", 7),
    ("Tuning", "tags", TAGS, "Tags", TAGS),
    ("Tuning", "arguments", {"WarmStartConfig": {"WarmStartType": "TransferLearning",
                                                 "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "old"}]}},
     "WarmStartConfig.WarmStartType", "TransferLearning"),
    ("Tuning", "hyperparameter_ranges", {"n": {"min": 1, "max": "9"}, "lr": {"min": "1e-4", "max": 1, "scaling": "logarithmic"}},
     f"{CONFIG}.ParameterRanges", {
         "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "9", "ScalingType": "Auto"}],
         "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.0001", "MaxValue": "1", "ScalingType": "Logarithmic"}]}),
    ("Tuning", "hyperparameter_ranges", {"opt": {"values": ["adam", 2, True]}},
     f"{CONFIG}.ParameterRanges.CategoricalParameterRanges", [{"Name": "opt", "Values": ['"adam"', "2", "true"]}]),
    ("Tuning", "hyperparameter_ranges", {"n": {"min": 1, "max": "${parameters.Most}"}},
     f"{CONFIG}.ParameterRanges.IntegerParameterRanges.0.MaxValue", MOST),
    ("AutoML", "dataset", "s3://lake/x", "InputDataConfig.0.DataSource.S3DataSource.S3Uri", "s3://lake/x"),
    ("AutoML", "dataset", "s3://lake/x", "InputDataConfig.0.ChannelType", "training"),
    ("AutoML", "validation_dataset", "s3://lake/v", "InputDataConfig.1.DataSource.S3DataSource.S3Uri", "s3://lake/v"),
    ("AutoML", "channels", {"validation": {"dataFiles": [{"fileName": "v.csv"}]}},
     "InputDataConfig.1.DataSource.S3DataSource.S3Uri", "s3://models/v.csv"),
    ("AutoML", "target_attribute", "z", "InputDataConfig.0.TargetAttributeName", "z"),
    ("AutoML", "PROBLEM", {"problem_type": "Regression", "objective": "MSE"}, "ProblemType", "Regression"),
    ("AutoML", "PROBLEM", {"problem_type": "Regression", "objective": "MSE"}, "AutoMLJobObjective", {"MetricName": "MSE"}),
    ("AutoML", "mode", "ensembling", "AutoMLJobConfig.Mode", "ENSEMBLING"),
    ("AutoML", "content_type", "text/csv;header=present", "InputDataConfig.0.ContentType", "text/csv;header=present"),
    ("AutoML", "compression_type", "Gzip", "InputDataConfig.0.CompressionType", "Gzip"),
    ("AutoML", "sample_weight_attribute", "w", "InputDataConfig.0.SampleWeightAttributeName", "w"),
    ("AutoML", "validation_fraction", 0.25, "AutoMLJobConfig.DataSplitConfig", {"ValidationFraction": 0.25}),
    ("AutoML", "feature_specification_uri", "s3://lake/f.json", f"{GENERATION}.FeatureSpecificationS3Uri", "s3://lake/f.json"),
    ("AutoML", "algorithms", "xgboost, linear-learner", f"{GENERATION}.AlgorithmsConfig",
     [{"AutoMLAlgorithms": ["xgboost", "linear-learner"]}]),
    ("AutoML", "max_candidates", 5, f"{CRITERIA}.MaxCandidates", 5),
    ("AutoML", "max_runtime_per_training_job_seconds", 5, f"{CRITERIA}.MaxRuntimePerTrainingJobInSeconds", 5),
    ("AutoML", "max_runtime_seconds", 90, f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds", 90),
    ("AutoML", "max_runtime_in_seconds", 90, f"{CRITERIA}.MaxAutoMLJobRuntimeInSeconds", 90),
    ("AutoML", "base_job_name", "auto", "AutoMLJobName", "auto"),
    ("AutoML", "output_path", "s3://lake/o", "OutputDataConfig.S3OutputPath", "s3://lake/o"),
    ("AutoML", "tags", TAGS, "Tags", TAGS),
    ("AutoML", "arguments", {"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 3}}}, f"{CRITERIA}.MaxCandidates", 3),
    ("NotebookJob", "input_notebook", "more/other.ipynb", "Environment.SM_INPUT_NOTEBOOK_NAME", "other.ipynb"),
    ("NotebookJob", "image_uri", "i", "AlgorithmSpecification.TrainingImage", "i"),
    ("NotebookJob", "kernel_name", "conda", "Environment.SM_KERNEL_NAME", "conda"),
    ("NotebookJob", "initialization_script", "more/init.sh", "Environment.SM_INIT_SCRIPT", "init.sh"),
    ("NotebookJob", "parameters", {"n": 3, "who": "${parameters.Metric}", "many": "${parameters.Most}"}, "HyperParameters",
     {"n": "3", "who": {"Get": "Parameters.Metric"}, "many": MOST}),
    ("NotebookJob", "base_job_name", "note-1", "TrainingJobName", "note-1"),
    ("NotebookJob", "base_job_name", "note-1", "Environment.SM_OUTPUT_NOTEBOOK_NAME", "note-1.ipynb"),
    ("NotebookJob", "instance_type", "ml.c5.xlarge", RESOURCES,
     {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.c5.xlarge"}),
    ("NotebookJob", "volume_size_in_gb", 64, f"{RESOURCES}.VolumeSizeInGB", 64),
    ("NotebookJob", "volume_size", 64, f"{RESOURCES}.VolumeSizeInGB", 64),
    ("NotebookJob", "max_runtime_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("NotebookJob", "max_runtime_in_seconds", 60, "StoppingCondition.MaxRuntimeInSeconds", 60),
    ("NotebookJob", "max_retry_attempts", 2, "RetryStrategy.MaximumRetryAttempts", 2),
    ("NotebookJob", "output_path", "s3://lake/o", "OutputDataConfig.S3OutputPath", "s3://lake/o"),
    ("NotebookJob", "env", {"LEVEL": 3}, "Environment.LEVEL", "3"),
    ("NotebookJob", "tags", TAGS, "Tags.0", TAGS[0]),
    ("NotebookJob", "arguments", {"StoppingCondition": {"MaxRuntimeInSeconds": 7}}, "StoppingCondition.MaxRuntimeInSeconds", 7),
]  # fmt: skip

# class, path, what stands there when the step does not say
DEFAULTS: list[tuple[str, str, Any]] = [
    ("QualityCheck", CLUSTER, {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}),
    ("QualityCheck", "StoppingCondition.MaxRuntimeInSeconds", 3600),
    ("QualityCheck", "Environment.dataset_format", '{"csv": {"header": true, "output_columns_position": "START"}}'),
    ("QualityCheck", "Environment.analysis_type", None),
    ("ClarifyCheck", CLUSTER, {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}),
    ("ClarifyCheck", "Environment", None),
    ("Tuning", f"{CONFIG}.Strategy", "Bayesian"),
    ("Tuning", f"{CONFIG}.HyperParameterTuningJobObjective.Type", "Minimize"),
    ("Tuning", f"{CONFIG}.TrainingJobEarlyStoppingType", "Off"),
    ("Tuning", f"{CONFIG}.RandomSeed", None),
    ("AutoML", "AutoMLJobConfig", {"SecurityConfig": {"EnableInterContainerTrafficEncryption": True}, "Mode": "ENSEMBLING"}),
    ("NotebookJob", "Environment.SM_KERNEL_NAME", "python3"),
    ("NotebookJob", "Environment.SM_OUTPUT_NOTEBOOK_NAME", "note-it.ipynb"),
    ("NotebookJob", "StoppingCondition.MaxRuntimeInSeconds", 172800),
]

ELSEWHERE = {
    ("ClarifyCheck", "analysis_config"): "test_the_analysis_configuration_is_uploaded",
    ("ClarifyCheck", "model_name"): "KEYS",
    ("NotebookJob", "additional_dependencies"): "test_a_notebook_and_its_neighbours_lie_in_one_folder",
    **{(name, "image"): "tests/functional/test_images.py" for name in BASE},
    **{("QualityCheck", key): "KEYS" for key in QUALITY},
    ("QualityCheck", "probability_attribute"): "KEYS",
    ("QualityCheck", "probability_threshold_attribute"): "KEYS",
    ("AutoML", "problem_type"): "KEYS",
    ("AutoML", "objective"): "KEYS",
}


@pytest.fixture
def project(project: Project) -> Project:
    project.offer(First=False, Metric="loss", Most=9)
    for name in ("note.ipynb", "more/other.ipynb", "more/init.sh"):
        project.write(f"src/{name}", "{}")
    return project


def build(project: Project, step_class: str, **keys: Any) -> Outcome:
    """The project with a step `it` of a class, behind the CreateModel step."""
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[:] = [step for step in steps if step["step_name"] != "it"]
    place = next(index for index, step in enumerate(steps) if step["step_name"] == "model") + 1
    own = {key: value for key, value in {**BASE[step_class], **keys}.items() if value is not None}
    steps.insert(place, {"step_name": "it", "step_class": step_class, **own})
    return project.compile()


@pytest.mark.parametrize(("step_class", "key", "value", "path", "expected"), KEYS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_key_has_its_effect(project: Project, step_class: str, key: str, value: Any, path: str, expected: Any) -> None:
    outcome = build(project, step_class, **(value if key.isupper() else {key: value}))
    assert outcome.texts == []
    where = outcome.steps["it"].get(path[5:]) if path.startswith("step:") else outcome.at("it", path)
    assert where == expected


@pytest.mark.parametrize(("step_class", "path", "expected"), DEFAULTS)
def test_a_key_has_its_default(project: Project, step_class: str, path: str, expected: Any) -> None:
    assert build(project, step_class).at("it", path) == expected


@pytest.mark.parametrize("step_class", BASE)
def test_every_key_has_a_row_here(step_class: str) -> None:
    rows = {key for name, key, *_ in KEYS if name == step_class} | {key for name, key in ELSEWHERE if name == step_class}
    properties = definition(KINDS[step_class])["properties"]
    names = {alias for key, prop in properties.items() for alias in (key, *prop.get("x-aliases", ()))}
    assert names - rows == set()


@pytest.mark.parametrize("step_class", BASE)
def test_all_that_is_built_is_what_the_service_takes(project: Project, step_class: str) -> None:
    """The check of arguments against the service's model finds nothing, with network, encryption and tags too."""
    security = {"subnets": "subnet-12345678", "security_groups_id": "sg-12345678", "kms_key": "key"}
    project.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": security}})
    project.pipeline["tags"] = TAGS
    outcome = build(project, step_class, enable_cache=True)
    assert outcome.texts == []
    step = outcome.steps["it"]
    assert step["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P10D"}
    text = json.dumps(step["Arguments"])
    assert '"subnet-12345678"' in text
    assert '"key"' in text
    assert {"Key": "team", "Value": "risk"} in step["Arguments"]["Tags"]


# Tuning


def tuned(project: Project) -> Project:
    """The project whose Training step tunes instead."""
    project.step("fit").update({"step_class": "Tuning", "step_type": "tune"})
    project.model["tune"] = BASE["Tuning"]
    project.model["train"]["hyperparameters"] = {"lr": 0.5, "epochs": 3, "kind": "tree"}
    return project


BEST = {"Std:Join": {"On": "/", "Values": [
    {"Get": "Steps.fit.TrainingJobDefinition.OutputDataConfig.S3OutputPath"}, {"Get": "Steps.fit.BestTrainingJob.TrainingJobName"},
    "output/model.tar.gz"]}}  # fmt: skip


def test_a_training_job_of_a_tuning_step_is_that_of_a_training_step(project: Project) -> None:
    project.model["train"]["hyperparameters"] = {"epochs": 3}
    plain = project.compile().steps["fit"]["Arguments"]
    outcome = tuned(project).compile()
    assert outcome.texts == []
    job = outcome.at("fit", JOB)
    assert job.pop("StaticHyperParameters") == {**plain.pop("HyperParameters"), "kind": '"tree"'}, "what is tuned is not static"
    assert job["AlgorithmSpecification"].pop("MetricDefinitions") == METRICS
    assert job == plain


def test_later_steps_take_the_best_model(project: Project) -> None:
    outcome = tuned(project).compile()
    assert outcome.at("model", "PrimaryContainer.ModelDataUrl") == BEST
    assert outcome.at("register", "InferenceSpecification.Containers.0.ModelDataUrl") == BEST


def test_the_best_model_is_repacked(project: Project) -> None:
    tuned(project).model["registry"]["ModelRepack"] = True
    outcome = project.compile()
    assert outcome.at("model-RepackModel", "InputDataConfig.0.DataSource.S3DataSource.S3Uri") == BEST
    assert outcome.at("model-RepackModel", "AlgorithmSpecification.TrainingImage") == project.model["train"]["image_uri"]
    packed = {"Get": "Steps.model-RepackModel.ModelArtifacts.S3ModelArtifacts"}
    assert outcome.at("model", "PrimaryContainer.ModelDataUrl") == packed


def test_chain_inputs_and_expressions_read_the_best_model(project: Project) -> None:
    steps = tuned(project).pipeline["models"]["churn"]["steps"]
    steps.append({"step_name": "next", "step_class": "Processing", "step_type": "preprocess", "chain_input_source_step": ["fit"],
                  "env": {"MODEL": "${steps.fit.outputs.model}"}})  # fmt: skip
    outcome = project.compile()
    inputs = {given["InputName"]: given["S3Input"]["S3Uri"] for given in outcome.at("next", "ProcessingInputs")}
    assert inputs["fit-input-train"] == BEST
    assert outcome.at("next", "Environment.MODEL") == BEST


def test_what_is_joined_behind_an_output_path_has_one_slash(project: Project) -> None:
    tuned(project).model["train"]["output_path"] = "s3://lake/models/"
    assert project.compile().at("fit", f"{JOB}.OutputDataConfig.S3OutputPath") == "s3://lake/models"


def test_arguments_of_the_train_section_reach_the_jobs_that_can_take_them(project: Project) -> None:
    given = {"EnableNetworkIsolation": True, "ExperimentConfig": {"TrialName": "t"}, "HyperParameters": {"extra": "1"}}
    tuned(project).model["train"]["arguments"] = given
    job = project.compile().at("fit", JOB)
    assert job["EnableNetworkIsolation"] is True
    assert "ExperimentConfig" not in job
    assert job["StaticHyperParameters"]["extra"] == "1"


def test_an_algorithm_of_the_image_gets_its_hyperparameters_plain(project: Project) -> None:
    tuned(project).model["train"].pop("entry_point")
    project.model["tune"] = {**BASE["Tuning"], "hyperparameter_ranges": {"kind": {"values": ["tree", 2]}}}
    outcome = project.compile()
    assert outcome.at("fit", f"{JOB}.StaticHyperParameters") == {"lr": "0.5", "epochs": "3"}
    assert outcome.at("fit", f"{CONFIG}.ParameterRanges.CategoricalParameterRanges.0.Values") == ["tree", "2"]


@pytest.mark.parametrize(("keys", "said"), [
    ({"objective_metric_name": None},
     "SMP105 it needs objective_metric_name. "
     "Try: add objective_metric_name (the metric that says which training job is the best)."),
    ({"hyperparameter_ranges": None},
     "SMP105 it needs hyperparameter_ranges. Try: add hyperparameter_ranges (what is tuned, and between which values)."),
    ({"max_jobs": None},
     "SMP105 it needs max_jobs. Try: add max_jobs (how many training jobs there are; only a Grid search ends by itself)."),
    ({"train": "trian"}, 'SMP205 it tunes the section "trian" of the model "churn", which has none. Try: train.'),
    ({"objective_metric_name": "los"},
     'SMP205 it looks for the metric "los", which no metric_definitions define. Try: loss.'),
    ({"metric_definitions": None},
     'SMP205 it looks for the metric "loss", which no metric_definitions define. '
     "Try: add metric_definitions: [{Name: …, Regex: …}], which find it in the log."),
    ({"hyperparameter_ranges": {"lr": {"min": 0.1}}},
     "SMP104 the range of lr in it has no max. Try: write {min: 0.01, max: 0.1} or {values: [a, b]}."),
    ({"hyperparameter_ranges": {"lr": {"min": 2, "max": 1}}},
     "SMP104 the range of lr in it ends below its beginning: 2 to 1. Try: write {min: 0.01, max: 0.1} or {values: [a, b]}."),
    ({"hyperparameter_ranges": {"lr": {"min": 2, "values": [1]}}},
     "SMP104 the range of lr in it has both values and ends. Try: write {min: 0.01, max: 0.1} or {values: [a, b]}."),
    ({"hyperparameter_ranges": {"lr": {"min": "low", "max": 1}}},
     'SMP104 it.hyperparameter_ranges.lr.min cannot be "low". Try: a number.'),
])  # fmt: skip
def test_a_search_that_cannot_be(project: Project, keys: dict[str, Any], said: str) -> None:
    [text] = build(project, "Tuning", **keys).texts
    assert text.partition(" ")[2] == said


def test_a_grid_needs_no_limit(project: Project) -> None:
    assert build(project, "Tuning", max_jobs=None, strategy="Grid").texts == []


def test_the_start_script_of_our_own_cannot_be_tuned(project: Project) -> None:
    tuned(project).model["train"]["launcher"] = "bootstrap"
    [text] = project.compile().texts
    assert "SMP205 fit tunes churn.train, which starts its container with a command of its own" in text


# Checks


def test_the_members_of_a_check_are_those_of_the_sdk(project: Project) -> None:
    quality = build(project, "QualityCheck").steps["it"]
    clarify = build(project, "ClarifyCheck").steps["it"]
    unset = {"SkipCheck": False, "FailOnViolation": True, "RegisterNewBaseline": False, "ModelPackageGroupName": None}
    assert {name: quality[name] for name in unset} == {name: clarify[name] for name in unset} == unset
    assert quality["SuppliedBaselineStatistics"] is quality["SuppliedBaselineConstraints"] is None
    assert "SuppliedBaselineStatistics" not in clarify
    assert "ModelName" not in clarify


def test_the_analysis_configuration_is_uploaded(project: Project) -> None:
    config = {**SHAP, "predictor": {"model_name": "${steps.model.ModelName}", "instance_type": "ml.m5.xlarge"}}
    outcome = build(project, "ClarifyCheck", check_type="MODEL_EXPLAINABILITY", analysis_config=config)
    uri = outcome.at("it", "ProcessingInputs.0.S3Input.S3Uri")
    assert uri.endswith("/analysis_config.json")
    assert json.loads(outcome.upload(uri)) == {**SHAP, "predictor": {"instance_type": "ml.m5.xlarge"}}


@pytest.mark.parametrize(("step_class", "keys", "said"), [
    ("ClarifyCheck", {"analysis_config": {**BIAS, "label": "${parameters.Metric}"}},
     'SMP119 it.analysis_config.label must be known when the pipeline is compiled, and "${parameters.Metric}" is known only when '
     "it runs. Try: write the value itself, or take it from an environment variable."),
    ("ClarifyCheck", {"analysis_config": {"label": "y"}},
     "SMP105 the analysis_config of it has no methods.pre_training_bias, which a check of type DATA_BIAS is about. "
     "Try: add methods: {pre_training_bias: {…}}."),
    ("ClarifyCheck", {"model_name": "m"},
     "SMP113 warning: model_name of it has no effect: a check of type DATA_BIAS asks no model. Try: remove it."),
    ("QualityCheck", {"problem_type": "Regression"},
     "SMP113 warning: problem_type of it has no effect: only a check of type MODEL_QUALITY looks at predictions. Try: remove it."),
    ("QualityCheck", {**QUALITY, "problem_type": None},
     "SMP105 it needs problem_type to check a model's predictions. Try: add problem_type."),
    ("QualityCheck", {**QUALITY, "inference_attribute": None},
     "SMP105 it needs inference_attribute or probability_attribute to check a model's predictions. Try: add inference_attribute."),
    ("QualityCheck", {"check_type": "DATA_BIAS"},
     'SMP104 it.check_type cannot be "DATA_BIAS". Try: one of DATA_QUALITY, MODEL_QUALITY.'),
    ("QualityCheck", {"dataset": None}, "SMP105 it needs dataset. Try: add dataset (s3 URI of the data)."),
    ("AutoML", {"problem_type": "Regression"},
     "SMP105 it has problem_type but no objective: they go together. Try: add objective."),
    ("AutoML", {"dataset": None},
     "SMP207 it has no source of training data; an AutoML job reads exactly one. "
     "Try: give one dataset, data file or chain_input_source_step."),
    ("AutoML", {"channels": {"trian": {"dataFiles": [{"fileName": "x"}]}}},
     'SMP104 an AutoML job has no channel "trian". Try: training.'),
    ("NotebookJob", {"input_notebook": "nowhere.ipynb"},
     "SMP701 it: there is no nowhere.ipynb in src. "
     "Try: check input_notebook, which is relative to source_directory, and .smpignore."),
    ("NotebookJob", {"additional_dependencies": ["more/note.ipynb", "more"]},
     "SMP701 it: there is no more/note.ipynb in src. "
     "Try: check additional_dependencies, which is relative to source_directory, and .smpignore."),
    ("NotebookJob", {"input_notebook": "note.py"},
     'SMP104 it.input_notebook cannot be "note.py". Try: the path of an .ipynb file, relative to source_directory.'),
])  # fmt: skip
def test_what_a_step_cannot_be(project: Project, step_class: str, keys: dict[str, Any], said: str) -> None:
    texts = build(project, step_class, **keys).texts
    assert [text.partition(" ")[2] for text in texts] == [said]


def test_a_model_check_needs_a_model(project: Project) -> None:
    project.pipeline["steps"] = [{"step_name": "free", "step_class": "ClarifyCheck", **BASE["ClarifyCheck"],
                                  "check_type": "MODEL_EXPLAINABILITY", "analysis_config": SHAP}]  # fmt: skip
    [text] = project.compile().texts
    assert "SMP105 free needs a model to ask: neither does it name one, nor does a CreateModel step stand before it." in text


def test_a_member_of_a_step_orders_it_too(project: Project) -> None:
    """A reference beside the Arguments is data that flows, too."""
    outcome = build(project, "QualityCheck", supplied_baseline_constraints="${steps.later.outputs.constraints}")
    assert "SMP201" in outcome.texts[0]
    project.pipeline["steps"] = [{"step_name": "later", "step_class": "QualityCheck", **BASE["QualityCheck"]}]
    outcome = build(project, "QualityCheck", supplied_baseline_constraints="${steps.later.outputs.constraints}")
    names = list(outcome.steps)
    assert names.index("later") < names.index("it")
    assert outcome.steps["it"]["SuppliedBaselineConstraints"] == {"Get": "Steps.later.CalculatedBaselineConstraints"}


# AutoML and notebooks


def test_an_automl_job_chains_from_a_step(project: Project) -> None:
    project.model["preprocess"]["channels"]["validation"] = None
    outcome = build(project, "AutoML", dataset=None, chain_input_source_step=["prep"])
    found = {given["ChannelType"]: given["DataSource"]["S3DataSource"]["S3Uri"] for given in outcome.at("it", "InputDataConfig")}
    assert found == {
        kind: {"Get": f"Steps.prep.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}
        for kind, name in (("training", "train"), ("validation", "validation"))
    }


def test_a_model_of_automl_goes_on_without_a_training_step(project: Project) -> None:
    best = "${steps.it.BestCandidate.InferenceContainers[0]"
    project.model["registry"] = {
        "image_uri": best + ".Image}",
        "model_data_uri": "${steps.it.outputs.model}",
        "env": {"SAGEMAKER_PROGRAM": best + ".Environment['SAGEMAKER_PROGRAM']}"},
    }
    project.pipeline["models"]["churn"]["steps"] = [
        {"step_name": "it", "step_class": "AutoML", **BASE["AutoML"]},
        {"step_name": "model", "step_class": "CreateModel"},
    ]
    for section in ("preprocess", "train", "transform", "evaluate"):
        del project.model[section]
    outcome = project.compile()
    assert outcome.texts == []
    get = "Steps.it.BestCandidate.InferenceContainers[0]"
    assert outcome.at("model", "PrimaryContainer") == {
        "Image": {"Get": f"{get}.Image"},
        "Environment": {"SAGEMAKER_PROGRAM": {"Get": f"{get}.Environment['SAGEMAKER_PROGRAM']"}},
        "ModelDataUrl": {"Get": f"{get}.ModelDataUrl"},
    }


def test_a_notebook_and_its_neighbours_lie_in_one_folder(project: Project) -> None:
    project.write("src/lib/helpers/a.py", "a = 1\n")
    project.write("src/lib/helpers/sub/b.py", "b = 1\n")
    keys = {"initialization_script": "more/init.sh", "additional_dependencies": ["lib/helpers", "more/other.ipynb"]}
    outcome = build(project, "NotebookJob", **keys)
    folder = outcome.at("it", "InputDataConfig.0.DataSource.S3DataSource.S3Uri")
    assert outcome.compiled is not None
    found = {upload.uri.removeprefix(folder + "/") for upload in outcome.compiled.uploads if upload.uri.startswith(folder)}
    assert found == {"note.ipynb", "init.sh", "helpers/a.py", "helpers/sub/b.py", "other.ipynb"}
    project.write("src/lib/helpers/a.py", "a = 2\n")
    assert build(project, "NotebookJob", **keys).at("it", "InputDataConfig.0.DataSource.S3DataSource.S3Uri") != folder


def test_two_files_of_one_name_cannot_lie_beside_a_notebook(project: Project) -> None:
    project.write("src/more/note.ipynb", "{}")
    [text] = build(project, "NotebookJob", additional_dependencies=["more/note.ipynb"]).texts
    assert 'SMP302 it: note.ipynb and more/note.ipynb would both be called "note.ipynb" beside the notebook' in text


def test_a_notebook_outside_of_models_has_no_folder(project: Project) -> None:
    project.pipeline["steps"] = [{"step_name": "free", "step_class": "NotebookJob", **BASE["NotebookJob"]}]
    [text] = project.compile().texts
    assert "SMP702 free belongs to no model, and its scripts must lie somewhere" in text


# Outputs


@pytest.mark.parametrize(("step_class", "output", "expected"), [
    ("QualityCheck", "statistics", {"Get": "Steps.it.CalculatedBaselineStatistics"}),
    ("QualityCheck", "constraints", {"Get": "Steps.it.CalculatedBaselineConstraints"}),
    ("ClarifyCheck", "constraints", {"Get": "Steps.it.CalculatedBaselineConstraints"}),
    ("AutoML", "model", {"Get": "Steps.it.BestCandidate.InferenceContainers[0].ModelDataUrl"}),
    ("NotebookJob", "data", {"Std:Join": {"On": "/", "Values": [
        {"Get": "Steps.it.OutputDataConfig.S3OutputPath"}, {"Get": "Steps.it.TrainingJobName"}, "output/output.tar.gz"]}}),
])  # fmt: skip
def test_outputs_have_names(project: Project, step_class: str, output: str, expected: Any) -> None:
    project.model["evaluate"]["env"] = {"X": f"${{steps.it.outputs.{output}}}"}
    outcome = build(project, step_class)
    assert outcome.texts == []
    assert outcome.at("judge", "Environment.X") == expected


def test_an_output_that_is_none(project: Project) -> None:
    project.model["evaluate"]["env"] = {"X": "${steps.it.outputs.statistics}"}
    [text] = build(project, "ClarifyCheck").texts
    assert "SMP301 ${steps.it.outputs.statistics} names nothing: it puts out constraints" in text


# What has no effect


@pytest.mark.parametrize(("step", "keys", "said"), [
    ("model", {"enable_cache": True}, "enable_cache of model has no effect: the service caches no CreateModel step"),
    ("fit", {"cache_expire_after": "P30D"}, "cache_expire_after of fit has no effect: nothing of this step is cached"),
    ("model", {"retry_policies": [{"exceptions": ["SageMaker.CAPACITY_ERROR"], "max_attempts": 2}]},
     "retry_policies of model has no effect: a CreateModel step starts no job"),
])  # fmt: skip
def test_what_the_service_does_not_do(project: Project, step: str, keys: dict[str, Any], said: str) -> None:
    project.step(step).update(keys)
    outcome = project.compile()
    [text] = outcome.texts
    assert f"SMP113 warning: {said}" in text
    assert not {"CacheConfig", "RetryPolicies"} & outcome.steps[step].keys()


@pytest.mark.parametrize("step_class", ["QualityCheck", "ClarifyCheck"])
def test_a_check_is_not_tried_again(project: Project, step_class: str) -> None:
    policies = [{"exceptions": ["Step.THROTTLING"], "max_attempts": 2}]
    outcome = build(project, step_class, retry_policies=policies)
    assert f"retry_policies of it has no effect: the service retries no {step_class} step" in outcome.texts[0]
    assert "RetryPolicies" not in outcome.steps["it"]


@pytest.mark.parametrize("step_class", ["Tuning", "AutoML", "NotebookJob"])
def test_jobs_are_tried_again(project: Project, step_class: str) -> None:
    policies = [{"exceptions": ["SageMaker.CAPACITY_ERROR", "Step.THROTTLING"], "max_attempts": 2}]
    outcome = build(project, step_class, retry_policies=policies)
    assert outcome.texts == []
    assert outcome.steps["it"]["RetryPolicies"][0]["ExceptionType"] == ["SageMaker.CAPACITY_ERROR", "Step.THROTTLING"]
