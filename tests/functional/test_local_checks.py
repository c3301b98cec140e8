"""QualityCheck and ClarifyCheck on this machine: real jobs, real files, a real model behind a real server."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.job import Site, StepError, StepRun
from framework.local.registry import Registry
from framework.local.state import read_description
from framework.local.step_types import STEP_TYPES, clarify_check, quality_check
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import Execution

for package in ("pandas", "sklearn"):
    pytest.importorskip(package)

INPUT = "/opt/ml/processing/input"
HEADER = '{"csv": {"header": true, "output_columns_position": "START"}}'
INFERENCE = """
import math, os
def model_fn(model_dir):
    print("serving", os.path.exists("/opt/ml/processing"))
def input_fn(body, content_type):
    return [line.split(",") for line in body.splitlines()]
def predict_fn(rows, model):
    return [3 * float(age) + (30 if sex == "m" else 0) for age, sex, noise in rows]
def output_fn(scores, accept):
    return "".join(f"{1 / (1 + math.exp(100 - score))},{score}\\n" for score in scores)
"""


def rows(count: int = 120, shift: int = 0) -> str:
    """Ages, sexes, noise; who is accepted."""
    lines = []
    for i in range(count):
        age, sex = 20 + shift + (i * 7) % 40, "f" if i % 3 else "m"
        lines.append(f"{age},{sex},{(i * 13) % 5},{int(age + (i * 11) % 9 > 40)}")
    return "age,sex,noise,label\n" + "\n".join(lines) + "\n"


def join(*values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": "/", "Values": ["s3:/", *values]}}


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def source(name: str, uri: Any, path: str) -> dict[str, Any]:
    where = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", "S3CompressionType": "None"}
    return {"InputName": name, "AppManaged": False, "S3Input": where}


def arguments(image: str, inputs: list[Any], output: Any, **environment: str) -> dict[str, Any]:
    target = {"S3Uri": output, "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    return {
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}},
        "AppSpecification": {"ImageUri": f"156813124566.dkr.ecr.us-east-1.amazonaws.com/{image}"},
        "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "AppManaged": False, "S3Output": target}]},
        **({"Environment": environment} if environment else {}),
    }


def quality(output: Any, kind: str = "DATA_QUALITY", dataset_format: str = HEADER, **keys: Any) -> dict[str, Any]:
    """A QualityCheck step as the SDK emits it."""
    environment = {
        "output_path": "/opt/ml/processing/output",
        "publish_cloudwatch_metrics": "Disabled",
        "dataset_format": dataset_format,
        "dataset_source": f"{INPUT}/baseline_dataset_input",
    }
    if kind == "MODEL_QUALITY":
        names = {"problem_type": "BinaryClassification", "inference_attribute": "p", "ground_truth_attribute": "y"}
        environment |= {"analysis_type": kind, **names}
    data = source("baseline_dataset_input", "s3://b/data/d.csv", f"{INPUT}/baseline_dataset_input")
    given = arguments("sagemaker-model-monitor-analyzer", [data], output, **environment)
    unset = {"SuppliedBaselineStatistics": None, "SuppliedBaselineConstraints": None, "ModelPackageGroupName": None}
    return {"Name": "Q", "Type": "QualityCheck", "Arguments": given, "CheckType": kind, **unset, **keys}


def clarify(name: str, kind: str, output: Any, **keys: Any) -> dict[str, Any]:
    """A ClarifyCheck step as the SDK emits it; its configuration lies at s3://b/config/<name>.json."""
    inputs = [
        source("analysis_config", f"s3://b/config/{name}/analysis_config.json", f"{INPUT}/config"),
        source("dataset", "s3://b/data/d.csv", f"{INPUT}/data"),
    ]
    given = arguments("sagemaker-clarify-processing:1.0", inputs, output)
    unset = {"SuppliedBaselineConstraints": None, "ModelPackageGroupName": None}
    return {"Name": name, "Type": "ClarifyCheck", "Arguments": given, "CheckType": kind, **unset, **keys}


FIRST = {"SkipCheck": True, "FailOnViolation": True, "RegisterNewBaseline": True}
BIAS = {
    "dataset_type": "text/csv",
    "headers": ["age", "sex", "noise", "label"],
    "label": "label",
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["f"]}],
}
PRE = {**BIAS, "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}, "report": {"name": "report"}}}
POST = {**BIAS, "methods": {"post_training_bias": {"methods": ["DPPL", "DI"]}}, "predictor": {"probability": 0, "model_name": "m"}}
SHAP = {
    **{name: BIAS[name] for name in ("dataset_type", "headers", "label")},
    "methods": {"shap": {"baseline": [[20, "f", 0]], "num_samples": 50, "agg_method": "mean_abs", "seed": 3}},
    "predictor": {"probability": 1},
}


class Bench:
    """A store, a registry, and steps that run without an engine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = LocalStore(root / "s3")
        self.registry = Registry(root / "registry")
        self.site = Site(self.store, self.registry, choose_runner(root / "probe"), root / "cache", 1.0)
        self.count = 0

    def run(self, step: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        folder = self.root / "runs" / "r" / "steps" / f"{step['Name']}{self.count}"
        folder.mkdir(parents=True)
        run = StepRun(step, step["Arguments"], f"job-{self.count}", "arn:job", folder, None, self.site, {})
        kind = {"QualityCheck": quality_check, "ClarifyCheck": clarify_check}[step["Type"]]
        try:
            return kind.STEP_TYPE.run(run)
        finally:
            self.log = run.log.read_text() if run.log.is_file() else ""

    def json(self, uri: str) -> Any:
        return json.loads(self.store.object(uri).read_bytes())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    try:
        found = Bench(tmp_path)
    except BackendError as error:
        pytest.skip(str(error))
    found.store.put("s3://b/data/d.csv", rows().encode())
    found.store.put("s3://b/config/C/analysis_config.json", json.dumps(PRE).encode())
    return found


@pytest.mark.parametrize(
    ("skip", "register", "checked", "used"),
    [(False, False, True, "old"), (False, True, True, "new"), (True, False, False, "old"), (True, True, False, "new")],
)
def test_the_documented_cases_of_a_quality_check(bench: Bench, skip: bool, register: bool, checked: bool, used: str) -> None:
    """The table of "Baseline calculation, drift detection and lifecycle …"; a check shows by the file of its violations."""
    limits = {"version": 0.0, "features": [{"name": "age", "inferred_type": "Integral", "completeness": 1.0}]}
    bench.store.put("s3://b/old/constraints.json", json.dumps(limits).encode())
    bench.store.put("s3://b/old/statistics.json", b'{"features": []}')
    keys = {"SkipCheck": skip, "RegisterNewBaseline": register, "FailOnViolation": False}
    supplied = {f"SuppliedBaseline{kind}": f"s3://b/old/{kind.lower()}.json" for kind in ("Statistics", "Constraints")}
    told = bench.run(quality("s3://b/new", **keys, **supplied))
    for kind in ("Statistics", "Constraints"):
        assert told[f"CalculatedBaseline{kind}"] == f"s3://b/new/{kind.lower()}.json"
        assert told[f"BaselineUsedForDriftCheck{kind}"] == f"s3://b/{used}/{kind.lower()}.json"
        assert bench.json(told[f"CalculatedBaseline{kind}"])["features"][1]["name"] == "sex"
    report = "s3://b/new/constraint_violations.json"
    assert told.get("ViolationReport") == (report if checked else None)
    assert bench.store.path(report).is_file() is checked
    if checked:
        found = [violation["feature_name"] for violation in bench.json(report)["violations"]]
        assert found == ["sex", "noise", "label"], "columns that the old baseline does not have"


def test_model_quality_below_its_thresholds_fails(bench: Bench) -> None:
    bench.store.put("s3://b/data/d.csv", b"p,y\n1,1\n0,1\n1,1\n0,0\n")
    limits = {name: {"threshold": 0.9, "comparison_operator": "LessThanThreshold"} for name in ("accuracy", "precision")}
    bench.store.put("s3://b/old.json", json.dumps({"binary_classification_constraints": limits}).encode())
    reason = r"found 1 violations .*: accuracy \(LessThanThreshold\): metric accuracy with 0\.75 "
    with pytest.raises(StepError, match=reason):
        bench.run(quality("s3://b/new", "MODEL_QUALITY", SuppliedBaselineConstraints="s3://b/old.json"))
    metrics = bench.json("s3://b/new/statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 1, "1": 0}, "1": {"0": 1, "1": 2}}
    assert bench.json("s3://b/new/constraints.json")["binary_classification_constraints"]["recall"]["threshold"] == 2 / 3


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (quality("s3://b/o", dataset_format='{"avro": {}}', **FIRST), "AlgorithmError: the dataset format avro is not known"),
        (
            clarify("C", "MODEL_BIAS", "s3://b/o", **FIRST),
            "AlgorithmError: the analysis configuration has no methods.post_training",
        ),
        (
            clarify("C", "DATA_BIAS", "s3://b/o", SuppliedBaselineConstraints="s3://b/config/C/analysis_config.json"),
            "AlgorithmError: the baseline's constraints have no pre_training_bias_metrics; they have dataset_type, headers",
        ),
        (clarify("X", "DATA_BIAS", "s3://b/o", **FIRST), "Reading s3://b/config/X/analysis_config.json failed"),
    ],
)
def test_mistakes_have_a_reason_and_no_traceback(bench: Bench, step: dict[str, Any], reason: str) -> None:
    with pytest.raises((StepError, BackendError)) as error:
        bench.run(step)
    assert str(error.value).startswith(reason)
    assert "Traceback" not in bench.log


def test_a_model_that_is_not_here(bench: Bench) -> None:
    bench.store.put("s3://b/config/C/analysis_config.json", json.dumps(POST).encode())
    with pytest.raises(StepError, match="ClientError: there is no model m; a local run knows only models that its own Model steps"):
        bench.run(clarify("C", "MODEL_BIAS", "s3://b/o", ModelName="m", **FIRST))


class Pipeline:
    """A backend, a folder that stands for s3://b/data, a pipeline."""

    def __init__(self, root: Path) -> None:
        self.state, self.data = root / ".smp", root / "data"
        self.data.mkdir()
        self.backend = LocalBackend(self.state, [("s3://b/data", str(self.data))])
        self.store = LocalStore(self.state / "s3")
        for name, config in (("DataBias", PRE), ("ModelBias", POST), ("Explain", SHAP)):
            self.store.put(f"s3://b/config/{name}/analysis_config.json", json.dumps(config).encode())

    def run(self, steps: list[dict[str, Any]], parameters: list[Any], dataset: str, **values: str) -> Execution:
        (self.data / "d.csv").write_text(dataset)
        return self.backend.run(CompiledPipeline("checks", {"Parameters": parameters, "Steps": steps}), values)

    def told(self, execution: Execution, name: str) -> dict[str, Any]:
        run = str(execution.description["PipelineExecutionArn"]).rpartition("/")[2]
        return read_description(self.state / "runs" / run / "steps" / name)

    def log(self, execution: Execution, name: str) -> str:
        return self.backend.log_path(execution, name).read_text()


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    monkeypatch.setitem(STEP_TYPES, "QualityCheck", quality_check.STEP_TYPE)
    monkeypatch.setitem(STEP_TYPES, "ClarifyCheck", clarify_check.STEP_TYPE)
    return Pipeline(tmp_path)


def states(execution: Execution) -> dict[str, str]:
    return {str(state["StepName"]): str(state["StepStatus"]) for state in execution.steps}


def source_of(step: str, kind: str) -> dict[str, Any]:
    return {"ContentType": "application/json", "S3Uri": get(f"Steps.{step}.BaselineUsedForDriftCheck{kind}")}


def test_baselines_live_on_in_the_registry(pipeline: Pipeline) -> None:
    """A first run without a check, a second one against its baselines, a third one that has drifted and registers nothing."""
    parameters = [{"Name": "First", "Type": "Boolean", "DefaultValue": False}]
    keys = {"SkipCheck": get("Parameters.First"), "RegisterNewBaseline": get("Parameters.First"), "ModelPackageGroupName": "group"}
    run = get("Execution.PipelineExecutionId")
    drift = {
        "ModelDataQuality": {kind: source_of("Q", kind) for kind in ("Statistics", "Constraints")},
        "Bias": {"PreTrainingConstraints": source_of("DataBias", "Constraints")},
    }
    package = {"ModelPackageGroupName": "group", "ModelApprovalStatus": "Approved", "DriftCheckBaselines": drift}
    steps = [
        quality(join("b", "quality", run), **keys),
        clarify("DataBias", "DATA_BIAS", join("b", "bias", run), **keys),
        {"Name": "Register", "Type": "RegisterModel", "Arguments": package},
    ]
    first = pipeline.run(steps, parameters, rows(), First="true")
    assert states(first) == {"Q": "Succeeded", "DataBias": "Succeeded", "Register": "Succeeded"}
    baseline = pipeline.told(first, "Q")["CalculatedBaselineConstraints"]
    assert baseline == "s3://b/quality/local0000001/constraints.json"

    second = pipeline.run(steps, parameters, rows())
    assert states(second) == {"Q": "Succeeded", "DataBias": "Succeeded", "Register": "Succeeded"}
    told = pipeline.told(second, "Q")
    assert told["CalculatedBaselineConstraints"] == "s3://b/quality/local0000002/constraints.json"
    assert told["BaselineUsedForDriftCheckConstraints"] == baseline
    assert "0 violations of the baseline" in pipeline.log(second, "Q")
    analysis = json.loads(pipeline.store.object("s3://b/bias/local0000002/analysis.json").read_bytes())
    [group] = analysis["pre_training_bias_metrics"]["facets"]["sex"]
    assert {metric["name"]: metric["value"] for metric in group["metrics"]}["CI"] == pytest.approx(-1 / 3)

    third = pipeline.run(steps, parameters, rows(shift=25))
    assert states(third)["Q"] == "Failed"
    assert "Register" not in states(third)
    reason = next(str(state["FailureReason"]) for state in third.steps if state["StepName"] == "Q")
    assert reason.startswith(f"ClientError: the check DATA_QUALITY found 2 violations of the baseline {baseline}: ")
    assert "age (baseline_drift_check): drift away from the baseline, distance: 0." in reason
    assert "label (baseline_drift_check)" in reason


def archive() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(INFERENCE.encode())
        packed.addfile(member, io.BytesIO(INFERENCE.encode()))
    return stream.getvalue()


def test_a_served_model_is_analysed(pipeline: Pipeline) -> None:
    pytest.importorskip("shap")
    pipeline.store.put("s3://b/model.tar.gz", archive())
    model = {"Name": "M", "Type": "Model", "Arguments": {"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/model.tar.gz"}}}
    keys = {"ModelName": get("Steps.M.ModelName"), **FIRST}
    steps = [
        model,
        clarify("ModelBias", "MODEL_BIAS", "s3://b/post", **keys),
        clarify("Explain", "MODEL_EXPLAINABILITY", "s3://b/explained", **keys),
    ]
    execution = pipeline.run(steps, [], rows(30))
    assert states(execution) == {"M": "Succeeded", "ModelBias": "Succeeded", "Explain": "Succeeded"}, [
        state.get("FailureReason") for state in execution.steps
    ]

    [group] = json.loads(pipeline.store.object("s3://b/post/analysis.json").read_bytes())["post_training_bias_metrics"]["facets"][
        "sex"
    ]
    metrics = {metric["name"]: metric["value"] for metric in group["metrics"]}
    accepted = {"m": 0, "f": 0}
    for line in rows(30).splitlines()[1:]:
        age, sex, *_ = line.split(",")
        accepted[sex] += 3 * int(age) + (30 if sex == "m" else 0) > 100
    assert metrics["DPPL"] == pytest.approx(accepted["m"] / 10 - accepted["f"] / 20)
    assert metrics["DI"] == pytest.approx((accepted["f"] / 20) / (accepted["m"] / 10))

    analysis = json.loads(pipeline.store.object("s3://b/explained/analysis.json").read_bytes())
    ages = [int(line.split(",")[0]) for line in rows(30).splitlines()[1:]]
    label = analysis["explanations"]["kernel_shap"]["label0"]
    assert label["expected_value"] == 60.0
    assert label["global_shap_values"] == pytest.approx(
        {"age": sum(3 * (age - 20) for age in ages) / 30, "sex": 10.0, "noise": 0.0}
    )
    assert pipeline.told(execution, "Explain")["CalculatedBaselineConstraints"] == "s3://b/explained/analysis.json"
    assert "Simulated" not in pipeline.told(execution, "Explain")
    assert len(pipeline.store.object("s3://b/explained/explanations_shap/out.csv").read_text().splitlines()) == 31
    assert "serving False" in pipeline.log(execution, "Explain"), "the model does not see the analysis, and there is one log"
    assert "this tool's own code computes metrics" in pipeline.log(execution, "Explain")
