"""Executions that go as a script says: each time one is described, it takes the next frame.

A script is a list of frames, and a frame says what has become of some steps: their status, or the members of their listing, in
which `logs` holds lines for CloudWatch, and `outputs` the S3 URIs of a processing job's outputs. Without a script, all steps run,
and then all have succeeded.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.functional.deploy.faithful.pipelines import Pipeline, Request, Version
from tests.functional.deploy.faithful.refusal import invalid, missing, page
from tests.functional.deploy.faithful.registry import Registry

JOBS = {
    "Processing": ("ProcessingJob", "processing-job"),
    "Training": ("TrainingJob", "training-job"),
    "Transform": ("TransformJob", "transform-job"),
    "Tuning": ("TuningJob", "hyper-parameter-tuning-job"),
    "Model": ("Model", "model"),
    "RegisterModel": ("RegisterModel", "model-package"),
}
"""For a step type its member of Metadata, and the resource in the ARN."""

MADE_AT_THE_END = {"Model", "RegisterModel"}
"""What has no ARN while it is not made."""

LOGS = {
    "ProcessingJob": ("/aws/sagemaker/ProcessingJobs", "algo-1-1767600000"),
    "TrainingJob": ("/aws/sagemaker/TrainingJobs", "algo-1-1767600000"),
    "TransformJob": ("/aws/sagemaker/TransformJobs", "i-0a1b2c3d4e5f60718"),
}
"""For a member of Metadata the log group, and what follows the job's name in the name of the stream."""

ENDED = ("Succeeded", "Failed", "Stopped")
State = dict[str, Any]
PutLogs = Callable[[str, str, Sequence[str]], None]


@dataclass(frozen=True)
class Frame:
    """What DescribePipelineExecution and ListPipelineExecutionSteps tell from now on."""

    steps: Mapping[str, str | State] = field(default_factory=dict)
    status: str = "Executing"
    failure: str | None = None


@dataclass
class Run:
    arn: str
    pipeline: Pipeline
    version: Version
    request: Request
    script: deque[Frame]
    created: datetime
    modified: datetime
    status: str = "Executing"
    failure: str | None = None
    steps: dict[str, State] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]


class SageMaker(Registry):
    """SageMaker, as far as pipelines go.

    Attributes:
        runs: every execution ever started, by ARN.
        jobs: of each processing job the S3 URIs of its outputs, by name.
        scripts: of each pipeline's next executions, by its name.
        put_logs: keeps the lines of a log stream; group, stream, lines.
    """

    put_logs: PutLogs

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.runs: dict[str, Run] = {}
        self.jobs: dict[str, dict[str, str]] = {}
        self.scripts: dict[str, deque[Sequence[Frame]]] = defaultdict(deque)
        self.put_logs = lambda group, stream, lines: None

    def script(self, pipeline: str, *frames: Frame) -> None:
        """What the next execution of a pipeline without a script will do."""
        self.scripts[pipeline].append(frames)

    def run(self, arn: str) -> Run:
        if arn not in self.runs:
            raise missing(f"Pipeline execution '{arn}'")
        return self.runs[arn]

    def StartPipelineExecution(self, request: Request, region: str) -> Request:
        return self.once("StartPipelineExecution", request, lambda: self._start(request, region))

    def _start(self, request: Request, region: str) -> Request:
        pipeline, now = self.pipeline(request["PipelineName"], region), self.now()
        version = self.version(pipeline, request)
        definition = json.loads(version.definition)
        self._check_parameters(definition, request)
        selection = request.get("SelectiveExecutionConfig")
        if selection:
            self._check_selection(definition, selection)
        digest = hashlib.sha256(f"{pipeline.arn} {len(self.runs)}".encode()).hexdigest()[:12]
        arn = f"{pipeline.arn}/execution/{digest}"
        self.runs[arn] = Run(arn, pipeline, version, request, self._frames(pipeline.name, definition, selection), now, now)
        pipeline.last_run, version.last_execution = now, arn
        return {"PipelineExecutionArn": arn}

    def _frames(self, name: str, definition: Mapping[str, Any], selection: Mapping[str, Any] | None = None) -> deque[Frame]:
        if self.scripts[name]:
            return deque(self.scripts[name].popleft())
        chosen = [step["StepName"] for step in selection["SelectedSteps"]] if selection else None
        names = [step["Name"] for step in definition["Steps"] if chosen is None or step["Name"] in chosen]
        return deque([Frame(dict.fromkeys(names, "Executing")), Frame(dict.fromkeys(names, "Succeeded"), "Succeeded")])

    @staticmethod
    def _check_parameters(definition: Mapping[str, Any], request: Request) -> None:
        declared = {one["Name"]: one for one in definition.get("Parameters", [])}
        given = [one["Name"] for one in request.get("PipelineParameters", [])]
        if unknown := [name for name in given if name not in declared]:
            raise invalid(f"Parameters {unknown} are not defined in the pipeline")
        if lacking := [name for name, one in declared.items() if name not in given and "DefaultValue" not in one]:
            raise invalid(f"Parameters {lacking} have no value and no default")

    def _check_selection(self, definition: Mapping[str, Any], selection: Mapping[str, Any]) -> None:
        names = {step["Name"] for step in definition["Steps"]}
        if unknown := [one["StepName"] for one in selection["SelectedSteps"] if one["StepName"] not in names]:
            raise invalid(f"Selected steps {unknown} are not in the pipeline definition")
        if "SourcePipelineExecutionArn" in selection and self.run(selection["SourcePipelineExecutionArn"]).status == "Executing":
            raise invalid("The source pipeline execution is still running")

    def DescribePipelineExecution(self, request: Request, region: str) -> Request:
        run = self.run(request["PipelineExecutionArn"])
        self._advance(run)
        told = {
            "PipelineArn": run.pipeline.arn,
            "PipelineExecutionArn": run.arn,
            "PipelineExecutionDisplayName": run.request.get("PipelineExecutionDisplayName", f"execution-{run.id}"),
            "PipelineExecutionStatus": run.status,
            "PipelineExecutionDescription": run.request.get("PipelineExecutionDescription"),
            "FailureReason": run.failure,
            "CreationTime": run.created,
            "LastModifiedTime": run.modified,
            "ParallelismConfiguration": run.request.get("ParallelismConfiguration"),
            "SelectiveExecutionConfig": run.request.get("SelectiveExecutionConfig"),
            "PipelineVersionId": run.version.id,
        }
        return {key: value for key, value in told.items() if value is not None}

    def _advance(self, run: Run) -> None:
        if not run.script:
            return
        frame = run.script.popleft()
        for name, told in frame.steps.items():
            self._tell(run, name, {"StepStatus": told} if isinstance(told, str) else dict(told))
        if (frame.status, frame.failure) != (run.status, run.failure):
            run.status, run.failure, run.modified = frame.status, frame.failure, self.now()

    def _tell(self, run: Run, name: str, told: State) -> None:
        lines, outputs = told.pop("logs", ()), told.pop("outputs", None)
        known = run.steps.setdefault(name, {"StepName": name, "AttemptCount": 1, "StartTime": self.now()})
        metadata = told.get("Metadata") or self._metadata(run, name)
        if metadata and (told.get("StepStatus") == "Succeeded" or metadata.keys().isdisjoint(MADE_AT_THE_END)):
            known.setdefault("Metadata", metadata)
        known |= told
        if known["StepStatus"] in ENDED:
            known.setdefault("EndTime", self.now())
        for member, about in known.get("Metadata", {}).items():
            if member in LOGS and lines:
                group, stream = LOGS[member]
                self.put_logs(group, f"{about['Arn'].rpartition('/')[2]}/{stream}", lines)
            if member == "ProcessingJob" and outputs is not None:
                self.jobs[about["Arn"].rpartition("/")[2]] = outputs

    def _metadata(self, run: Run, name: str) -> dict[str, Any]:
        kind = next((step["Type"] for step in every_step(json.loads(run.version.definition)["Steps"]) if step["Name"] == name), "")
        if kind not in JOBS:
            return {}
        member, resource = JOBS[kind]
        digest = hashlib.sha256(f"{run.arn} {name}".encode()).hexdigest()[:10]
        region = run.arn.split(":")[3]
        return {member: {"Arn": self.arn(region, f"{resource}/pipelines-{run.id}-{name[:28].strip('-')}-{digest}")}}

    def ListPipelineExecutionSteps(self, request: Request, region: str) -> Request:
        run = self.run(request["PipelineExecutionArn"])
        steps = list(run.steps.values())
        part, more = page(steps if request.get("SortOrder") == "Ascending" else steps[::-1], request, self.page_size)
        return {"PipelineExecutionSteps": part, **more}

    def DescribeProcessingJob(self, request: Request, region: str) -> Request:
        name = request["ProcessingJobName"]
        if name not in self.jobs:
            raise invalid(f"Could not find requested job with name: {name}")
        outputs = [
            {
                "OutputName": output,
                "S3Output": {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{output}", "S3UploadMode": "EndOfJob"},
            }
            for output, uri in self.jobs[name].items()
        ]
        return {
            "ProcessingJobName": name,
            "ProcessingJobArn": self.arn(region, f"processing-job/{name}"),
            "ProcessingJobStatus": "Completed",
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}},
            "AppSpecification": {"ImageUri": "image"},
            "ProcessingOutputConfig": {"Outputs": outputs},
            "CreationTime": self.now(),
        }

    def ListPipelineExecutions(self, request: Request, region: str) -> Request:
        pipeline = self.pipeline(request["PipelineName"], region)
        found = [run for run in self.runs.values() if run.pipeline is pipeline]
        found = [run for run in found if request.get("CreatedAfter", run.created) <= run.created]
        found = [run for run in found if run.created <= request.get("CreatedBefore", run.created)]
        found.sort(key=lambda run: run.created, reverse=request.get("SortOrder", "Descending") == "Descending")
        part, more = page(found, request, self.page_size)
        return {"PipelineExecutionSummaries": [self._execution_summary(run) for run in part], **more}

    @staticmethod
    def _execution_summary(run: Run) -> Request:
        told = {
            "PipelineExecutionArn": run.arn,
            "StartTime": run.created,
            "PipelineExecutionStatus": run.status,
            "PipelineExecutionDisplayName": run.request.get("PipelineExecutionDisplayName", f"execution-{run.id}"),
            "PipelineExecutionFailureReason": run.failure,
        }
        return {key: value for key, value in told.items() if value is not None}

    def ListPipelineParametersForExecution(self, request: Request, region: str) -> Request:
        given = self.run(request["PipelineExecutionArn"]).request.get("PipelineParameters", [])
        part, more = page(given, request, self.page_size)
        return {"PipelineParameters": part, **more}

    def DescribePipelineDefinitionForExecution(self, request: Request, region: str) -> Request:
        run = self.run(request["PipelineExecutionArn"])
        return {"PipelineDefinition": run.version.definition, "CreationTime": run.created}

    def StopPipelineExecution(self, request: Request, region: str) -> Request:
        return self.once("StopPipelineExecution", request, lambda: self._stop(request))

    def _stop(self, request: Request) -> Request:
        run = self.run(request["PipelineExecutionArn"])
        if run.status != "Executing":
            raise invalid(f"Pipeline execution with ARN {run.arn} cannot be stopped: it is {run.status}")
        going = [name for name, step in run.steps.items() if step["StepStatus"] not in ENDED]
        run.script = deque(Frame(dict.fromkeys(going, status), status) for status in ("Stopping", "Stopped"))
        run.status, run.modified = "Stopping", self.now()
        return {"PipelineExecutionArn": run.arn}

    def RetryPipelineExecution(self, request: Request, region: str) -> Request:
        return self.once("RetryPipelineExecution", request, lambda: self._retry(request))

    def _retry(self, request: Request) -> Request:
        run = self.run(request["PipelineExecutionArn"])
        if run.status not in ("Failed", "Stopped"):
            raise invalid(f"Pipeline execution with ARN {run.arn} cannot be retried: it is {run.status}")
        again = [name for name, step in run.steps.items() if step["StepStatus"] != "Succeeded"]
        for name in again:
            run.steps[name]["AttemptCount"] += 1
            run.steps[name].pop("FailureReason", None)
            run.steps[name].pop("EndTime", None)
        run.script = deque([Frame(dict.fromkeys(again, "Executing")), Frame(dict.fromkeys(again, "Succeeded"), "Succeeded")])
        if self.scripts[run.pipeline.name]:
            run.script = deque(self.scripts[run.pipeline.name].popleft())
        run.status, run.failure, run.modified = "Executing", None, self.now()
        return {"PipelineExecutionArn": run.arn}

    def refuse_running(self, pipeline: Pipeline) -> None:
        running = [run.arn for run in self.runs.values() if run.pipeline is pipeline and run.status in ("Executing", "Stopping")]
        if running:
            raise invalid(f"Pipeline '{pipeline.arn}' has running executions: {', '.join(running)}")
        self.runs = {arn: run for arn, run in self.runs.items() if run.pipeline is not pipeline}


def every_step(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found = list(steps)
    for step in steps:
        for branch in ("IfSteps", "ElseSteps", "ForEachBody"):
            inner = (step.get("Arguments") or {}).get(branch)
            found += every_step(inner) if isinstance(inner, list) else []
    return found
