"""Steps that act on services, in pipelines that really run here: Lambda, Callback, EMR, Lineage, InferenceComponent."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from framework.findings import FindingsError
from framework.local import callbacks, step_types
from framework.local.backend import LocalBackend
from framework.local.step_types import callback, cleanup, emr, emr_serverless, inference_component, lambda_, lineage
from framework.pipeline.compiled import CompiledPipeline, LocalSettings
from framework.pipeline.execution import Execution

MINE = {
    "Callback": callback.STEP_TYPE,
    "Cleanup": cleanup.STEP_TYPE,
    "EMR": emr.STEP_TYPE,
    "EMRServerless": emr_serverless.STEP_TYPE,
    "InferenceComponent": inference_component.STEP_TYPE,
    "Lambda": lambda_.STEP_TYPE,
    "Lineage": lineage.STEP_TYPE,
}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:split-data:7"
HANDLER = """
import os, sys
from beside import double

def handler(event, context):
    print("called with", event, os.environ["AWS_LAMBDA_FUNCTION_NAME"], context.get_remaining_time_in_millis() // 100000)
    assert "SECRET_OF_THE_CALLER" not in os.environ
    about = [context.function_name, context.function_version, len(context.aws_request_id)]
    return {"text": 200, "count": double(event["n"]), "rate": 2, "good": True, "nested": {"about": about}, "extra": None}

def fails(event, context):
    raise ValueError("no such file")

def leaves(event, context):
    sys.exit(3)

def sleeps(event, context):
    import time
    time.sleep(60)

def returns(event, context):
    return event["returned"]

def unwritable(event, context):
    return {"text": {1, 2}}
"""
SPARK = """#!/bin/sh
echo "spark got: $*"
echo "env: $PYSPARK_PYTHON $SECRET_OF_THE_CALLER"
for word in "$@"; do last=$word; previous=$before; before=$word; done
test -f "$previous/in.csv" || { echo "no input at $previous"; exit 7; }
mkdir -p "$last" && cp "$previous/in.csv" "$last/part-0"
"""
TYPES = {"text": "String", "count": "Integer", "rate": "Float", "good": "Boolean"}

Run = Callable[..., Execution]


@pytest.fixture(autouse=True)
def types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_types, "STEP_TYPES", {**step_types.STEP_TYPES, **MINE})
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "do-not-leak")


@pytest.fixture
def handlers(tmp_path: Path) -> Path:
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    (folder / "beside.py").write_text("def double(x): return 2 * x\n")
    return folder / "app.py"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def go(*steps: Mapping[str, Any], settings: LocalSettings | None = None, **options: Any) -> Execution:
        backend = LocalBackend(tmp_path / "state", settings=settings)
        return backend.run(CompiledPipeline("services", {"Version": "2020-12-01", "Steps": list(steps)}), {}, **options)

    return go


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def function(name: str, outputs: Mapping[str, str], /, **arguments: Any) -> dict[str, Any]:
    types = [{"OutputName": each, "OutputType": kind} for each, kind in outputs.items()]
    return {"Name": name, "Type": "Lambda", "Arguments": arguments, "FunctionArn": FUNCTION, "OutputParameters": types}


def stands(file: Path, name: str) -> LocalSettings:
    return LocalSettings(
        lambdas=(("*:other", "/nowhere.py:f"), ("arn:*:function:split-data*", f"{file}:{name}"), ("*", "/late.py:f"))
    )


def described(tmp_path: Path, execution: Execution, step: str) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "state" / "runs" / execution.id / "steps" / step / "description.json").read_bytes()))


def log(tmp_path: Path, execution: Execution, step: str) -> str:
    return (tmp_path / "state" / "runs" / execution.id / "steps" / step / "log.txt").read_text()


def state_of(execution: Execution, step: str) -> dict[str, Any]:
    [state] = [state for state in execution.steps if state["StepName"] == step]
    return dict(state)


def test_a_handler_is_called_and_its_answer_goes_on(tmp_path: Path, run: Run, handlers: Path) -> None:
    first = function("First", {**TYPES, "nested": "String"}, n=21, name="x", e=get("Execution.PipelineExecutionId"))
    second = function("Second", {"count": "Integer"}, n=get("Steps.First.OutputParameters['count']"))
    execution = run(first, second, settings=stands(handlers, "handler"))
    assert execution.status == "Succeeded", execution.steps
    outputs = described(tmp_path, execution, "First")["OutputParameters"]
    nested = outputs.pop("nested")
    assert outputs == {"text": "200", "count": 42, "rate": 2.0, "good": True}
    assert isinstance(outputs["rate"], float)
    assert json.loads(nested) == {"about": ["split-data", "7", 36]}
    assert described(tmp_path, execution, "Second")["OutputParameters"] == {"count": 84}
    assert f"called with {{'n': 21, 'name': 'x', 'e': '{execution.id}'}} split-data 5" in log(tmp_path, execution, "First")
    assert state_of(execution, "First")["Metadata"] == {"Lambda": {"Arn": FUNCTION}}
    assert "Simulated" not in state_of(execution, "First")
    assert sorted(path.name for path in handlers.parent.iterdir()) == ["app.py", "beside.py"]


@pytest.mark.parametrize(
    ("name", "outputs", "returned", "reason"),
    [
        ("fails", {}, None, f"ClientError: the function {FUNCTION} failed: ValueError: no such file"),
        ("leaves", {}, None, f"ClientError: the function {FUNCTION} failed: SystemExit: 3"),
        ("missing", {}, None, f"ClientError: the function {FUNCTION} failed: ImportError: app.py has no function missing"),
        ("unwritable", {}, None, "what it returned cannot be written as JSON"),
        ("returns", {"count": "Integer"}, {}, "ClientError: the function returned no count, which the step declares as an output"),
        ("returns", {"count": "Integer"}, [1], "ClientError: the function returned list; it must return a dict"),
        (
            "returns",
            {"count": "Integer"},
            {"count": "3"},
            "ClientError: the output parameter count is 3, which is not of type Integer",
        ),
        ("returns", {"count": "Integer"}, {"count": True}, "count is true, which is not of type Integer"),
        ("returns", {"rate": "Float"}, {"rate": False}, "rate is false, which is not of type Float"),
        ("returns", {"good": "Boolean"}, {"good": 1}, "good is 1, which is not of type Boolean"),
        ("returns", {"text": "String"}, {"text": None}, "text is null, which is not of type String"),
        ("returns", {"text": "String"}, {"text": "x" * 1025}, "text has 1025 characters, and at most 1024 are allowed"),
    ],
)
def test_what_fails_a_lambda_step(run: Run, handlers: Path, name: str, outputs: dict[str, str], returned: Any, reason: str) -> None:
    execution = run(function("F", outputs, returned=returned), settings=stands(handlers, name))
    assert execution.status == "Failed"
    assert reason in state_of(execution, "F")["FailureReason"]


def test_a_handler_that_takes_too_long(run: Run, handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_, "LIMIT_SECONDS", 0.5)
    begin = time.monotonic()
    execution = run(function("F", {}), settings=stands(handlers, "sleeps"))
    assert "took longer than the 0 seconds that a Lambda step may take" in state_of(execution, "F")["FailureReason"]
    assert time.monotonic() - begin < 20


def test_a_handler_that_is_not_there(run: Run, handlers: Path) -> None:
    execution = run(function("F", {}), settings=stands(handlers.with_name("gone.py"), "handler"))
    assert "there is no file" in state_of(execution, "F")["FailureReason"]


def test_without_a_handler_the_call_is_recorded(tmp_path: Path, run: Run) -> None:
    execution = run(function("F", TYPES, n=1))
    assert execution.status == "Succeeded"
    assert described(tmp_path, execution, "F")["OutputParameters"] == {"text": "", "count": 0, "rate": 0.0, "good": False}
    why = f"conf.local.lambdas names no handler for {FUNCTION}, so that nothing was called and every output parameter is empty"
    assert state_of(execution, "F")["Simulated"] == why
    assert why in log(tmp_path, execution, "F")


def test_strict_runs_refuse_what_would_only_be_recorded(run: Run, handlers: Path) -> None:
    component = {"Name": "I", "Type": "InferenceComponent", "Arguments": {"EndpointName": "e"}}
    spark = {"Name": "S", "Type": "EMR", "Arguments": {"StepConfig": {"HadoopJarStep": {"Jar": "s3://b/mine.jar"}}}}
    hive = {"Name": "H", "Type": "EMRServerless", "Arguments": {"JobConfig": {"jobDriver": {"hive": {"query": "x"}}}}}
    with pytest.raises(FindingsError) as error:
        run(function("F", {}), component, spark, hive, strict=True)
    assert [finding.message.partition(" would")[0] for finding in error.value.findings] == ["step F", "step H", "step I", "step S"]
    assert run(function("F", {}, returned=None), settings=stands(handlers, "returns"), strict=True).status == "Succeeded"


def test_a_callback_is_answered_while_the_pipeline_waits(tmp_path: Path, run: Run, handlers: Path) -> None:
    outputs = [{"OutputName": "n", "OutputType": "Integer"}]
    ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": "q", "Arguments": {"a": 1}, "OutputParameters": outputs}
    use = function("Use", {"count": "Integer"}, n=get("Steps.Ask.OutputParameters['n']"))

    def answer() -> None:
        limit = time.monotonic() + 20
        while not (found := callbacks.list(tmp_path / "state")) and time.monotonic() < limit:
            time.sleep(0.02)
        callbacks.answer(tmp_path / "state", found[0].token, True, {"n": "4"})

    person = threading.Thread(target=answer)
    person.start()
    execution = run(ask, use, settings=stands(handlers, "handler"))
    person.join(20)
    assert execution.status == "Succeeded"
    assert described(tmp_path, execution, "Use")["OutputParameters"] == {"count": 8}
    message = json.loads(next((tmp_path / "state" / "callbacks").glob("??????????.json")).read_bytes())["message"]
    assert message["pipelineExecutionArn"] == execution.description["PipelineExecutionArn"]


@pytest.fixture
def spark_submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "spark-submit").write_text(SPARK)
    (folder / "spark-submit").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    source = tmp_path / "state" / "s3" / "b" / "in"
    source.mkdir(parents=True)
    (source / "in.csv").write_text("1,2\n")
    return folder


def emr_step(*words: str, jar: str = "command-runner.jar", **arguments: Any) -> dict[str, Any]:
    config = {"HadoopJarStep": {"Jar": jar, "Args": list(words), "Properties": [{"Key": "k", "Value": "v"}]}}
    return {"Name": "Emr", "Type": "EMR", "Arguments": {"StepConfig": config, **(arguments or {"ClusterId": "j-1ABCDEFGHIJK"})}}


def test_spark_submit_really_runs(tmp_path: Path, run: Run, spark_submit: Path, handlers: Path) -> None:
    words = ("spark-submit", "--deploy-mode", "cluster", "--master", "yarn", "s3://b/job.py", "--in", "s3://b/in/", "s3://b/out/")
    after = function("After", {"count": "String"}, returned={"count": get("Steps.Emr.Config.Args[8]")})
    execution = run(emr_step(*words), after, settings=stands(handlers, "returns"), strict=True)
    assert execution.status == "Succeeded", execution.steps
    store = tmp_path / "state" / "s3" / "b"
    assert (store / "out" / "part-0").read_text() == "1,2\n"
    written = log(tmp_path, execution, "Emr")
    assert f"spark got: --master local[*] --deploy-mode client {store}/job.py --in {store}/in {store}/out\n" in written
    assert "env: python \n" in written
    about = described(tmp_path, execution, "Emr")
    assert about["ClusterId"] == "j-1ABCDEFGHIJK"
    assert about["Config"] == {"Jar": "command-runner.jar", "Args": list(words), "Properties": {"k": "v"}}
    assert about["Status"]["State"] == "COMPLETED"
    assert described(tmp_path, execution, "After")["OutputParameters"] == {"count": "s3://b/out/"}


def test_spark_submit_that_fails(tmp_path: Path, run: Run, spark_submit: Path) -> None:
    execution = run(emr_step("spark-submit", "s3://b/job.py", "s3://b/none", "s3://b/out"))
    missing = tmp_path / "state" / "s3" / "b" / "none"
    assert state_of(execution, "Emr")["FailureReason"] == f"AlgorithmError: no input at {missing}, exit code: 7"


def test_emr_serverless_runs_spark_submit(tmp_path: Path, run: Run, spark_submit: Path) -> None:
    driver = {
        "entryPoint": "s3://b/job.py",
        "entryPointArguments": ["s3://b/in", "s3://b/out"],
        "sparkSubmitParameters": '--conf "a=b c" --py-files s3://b/x.zip',
    }
    config = {"executionRoleArn": "arn:role", "jobDriver": {"sparkSubmit": driver}, "applicationId": "00abc", "name": "n"}
    step = {"Name": "S", "Type": "EMRServerless", "Arguments": {"ApplicationId": "00abc", "JobConfig": config}}
    execution = run(step, strict=True)
    assert execution.status == "Succeeded", execution.steps
    store = tmp_path / "state" / "s3" / "b"
    assert (store / "out" / "part-0").is_file()
    assert f"--conf a=b c --py-files {store}/x.zip {store}/job.py {store}/in {store}/out\n" in log(tmp_path, execution, "S")
    job = described(tmp_path, execution, "S")["jobRun"]
    assert (job["applicationId"], job["state"], job["name"], job["jobDriver"]) == ("00abc", "SUCCESS", "n", {"sparkSubmit": driver})


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (emr_step("spark-submit", "s3://b/x.py"), "there is no spark-submit on the PATH"),
        (emr_step("hadoop-streaming", "-input"), "only steps of command-runner.jar that call spark-submit run"),
        (emr_step("spark-submit", jar="s3://b/mine.jar"), "s3://b/mine.jar was not started"),
    ],
)
def test_other_steps_of_emr_are_recorded(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, step: dict[str, Any], why: str
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    step["Arguments"].pop("ClusterId")
    execution = run(step)
    assert execution.status == "Succeeded"
    assert why in state_of(execution, "Emr")["Simulated"]
    assert described(tmp_path, execution, "Emr")["ClusterId"].startswith("j-")


def test_an_inference_component_is_recorded(tmp_path: Path, run: Run) -> None:
    arguments = {"InferenceComponentName": "ic", "EndpointName": "ep", "VariantName": "v", "RuntimeConfig": {"CopyCount": 2}}
    execution = run({"Name": "I", "Type": "InferenceComponent", "Arguments": arguments})
    about = described(tmp_path, execution, "I")
    assert about["InferenceComponentArn"] == "arn:aws:sagemaker:local:000000000000:inference-component/ic"
    assert about["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 0}
    assert "no copy of the inference component runs" in state_of(execution, "I")["Simulated"]


def lineage_step(*associations: Mapping[str, Any], name: str = "train-1") -> dict[str, Any]:
    arguments = {
        "Actions": [{"ActionName": name, "ActionType": "Training", "Source": {"SourceUri": "git"}, "Status": "Completed"}],
        "Artifacts": [
            {"ArtifactName": "data", "ArtifactType": "DataSet", "Source": {"SourceUri": get("Parameters.uri")}},
            {"ArtifactType": "Model", "Source": {"SourceUri": "s3://b/m"}},
        ],
        "Associations": list(associations),
    }
    return {"Name": "L", "Type": "Lineage", "Arguments": arguments}


def test_lineage_is_kept(tmp_path: Path) -> None:
    used = {"Source": {"Name": "data", "Type": "Artifact"}, "Destination": {"Name": "train-1", "Type": "Action"}}
    made = {"Source": {"Arn": "arn:else"}, "Destination": {"Name": "train-1", "Type": "Action"}, "AssociationType": "Produced"}
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "uri", "Type": "String", "DefaultValue": "s3://b/d"}],
        "Steps": [lineage_step(used, made)],
    }
    backend = LocalBackend(tmp_path / "state")
    executions = [backend.run(CompiledPipeline("p", definition), {}, strict=True) for _ in range(2)]
    assert [execution.status for execution in executions] == ["Succeeded", "Succeeded"]
    first, second = (described(tmp_path, execution, "L") for execution in executions)
    action, artifact = first["ActionArns"]["train-1"], first["ArtifactArns"]["data"]
    assert action == "arn:aws:sagemaker:local:000000000000:action/train-1"
    assert first["ContextArns"] == {}
    assert first["Associations"] == [
        {"SourceArn": artifact, "DestinationArn": action},
        {"SourceArn": "arn:else", "DestinationArn": action, "AssociationType": "Produced"},
    ]
    assert second["ArtifactArns"] == first["ArtifactArns"]
    folder = tmp_path / "state" / "lineage"
    kept = json.loads((folder / "artifact" / f"{artifact.rpartition('/')[2]}.json").read_bytes())
    assert kept["Source"] == {"SourceUri": "s3://b/d"}
    assert kept["ArtifactArn"] == artifact
    assert kept["CreationTime"] < kept["LastModifiedTime"]
    counts = {name: len(list((folder / name).iterdir())) for name in ("action", "artifact", "associations")}
    assert counts == {"action": 1, "artifact": 2, "associations": 2}


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (
            lineage_step({"Source": {"Name": "data", "Type": "Context"}, "Destination": {"Arn": "a"}}),
            "ClientError: the Source of an association, Context data, is nothing that this step creates",
        ),
        (lineage_step(name="../escape"), "ClientError: ActionName '../escape' is not a name"),
        ({"Name": "L", "Type": "Lineage", "Arguments": {}}, "ClientError: the step has neither entities nor associations"),
    ],
)
def test_lineage_that_cannot_be_kept(tmp_path: Path, run: Run, step: dict[str, Any], reason: str) -> None:
    for artifact in step["Arguments"].get("Artifacts", ()):
        artifact["Source"] = {"SourceUri": "s3://b/d"}
    execution = run(step)
    assert reason in state_of(execution, "L")["FailureReason"]
    assert not (tmp_path / "state" / "lineage").exists()
