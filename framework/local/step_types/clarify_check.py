"""ClarifyCheck: bias of a dataset or of a model, and what a model's scores come from, compared with a baseline.

A program of our own does what Clarify's image does. The model is served here, in a job beside the program's, where SageMaker would
make an endpoint for the time of the analysis.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from framework.local import baselines
from framework.local.baselines import CONSTRAINTS, METADATA, Settings
from framework.local.files import read_json
from framework.local.invoker import Invoker
from framework.local.job import ML, Job, StepError, StepRun, own_environment, s3_prefix, time_limit
from framework.local.serving import container_of, prepare
from framework.local.step_types import processing
from framework.local.step_types.base import StepType
from framework.local.step_types.transform import DEFAULT_TIMEOUT

SECTIONS = {"DATA_BIAS": "pre_training_bias", "MODEL_BIAS": "post_training_bias", "MODEL_EXPLAINABILITY": "shap"}
"""By check type, the method that it is about."""

FILES = {CONSTRAINTS: "analysis.json"}
PROGRAM = "framework.local.programs.clarify"
SPECIFICATION = f"{ML}/config/clarify.json"
CONFIG, DATASET = "analysis_config", "dataset"
NAMED = ("dataset_uri", "facet_dataset_uri", "predicted_label_dataset_uri")
"""Members of the configuration that name data in S3 beside the inputs."""

NOTE = "this tool's own code computes metrics, attributions and violations, after Clarify's documentation"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    settings = baselines.read_settings(step, SECTIONS)
    baseline = baselines.previous_baseline(step, settings)
    job = Job(step, str((step.arguments.get("AppSpecification") or {}).get("ImageUri", "")), time_limit(step.arguments))
    if job.in_container:  # the image would ask SageMaker for an endpoint
        job = Job(step, limit=time_limit(step.arguments))
    job.note(NOTE)
    processing._prepare(job, step)
    path, config = _configuration(job, step)
    outputs = processing._outputs(step.arguments)
    if not outputs:
        raise StepError("ClientError: a check needs an output")
    placed = {} if settings.skip else baselines.place(job, step, baseline)
    specification = {
        "section": SECTIONS[settings.check_type],
        "config": path,
        "dataset": _input(step, DATASET, needed=not config.get("dataset_uri")),
        "output": outputs[0]["LocalPath"],
        "baseline": placed.get(CONSTRAINTS),
        "files": _fetched(job, step, config),
        "timeout": DEFAULT_TIMEOUT,
    }
    with _model(step, settings, config) as port:
        job.write(SPECIFICATION, {**specification, "port": port})
        environment = {**own_environment(step.arguments), "PYTHONPATH": str(baselines.ROOT)}
        job.execute(["python", "-m", PROGRAM, SPECIFICATION], environment, message=processing.MESSAGE)
    stand_in = job.path(outputs[0]["LocalPath"]) / "stand_in.json"
    simulated = {"Simulated": read_json(stand_in)["reason"]} if stand_in.is_file() else {}
    return {**baselines.conclude(job, settings, baseline, outputs[0], FILES), **simulated}


def _input(step: StepRun, name: str, needed: bool = True) -> str:
    """The LocalPath of an input; empty when it is not there and need not be."""
    for other, source in processing._inputs(step.arguments):
        if other == name:
            return str(source.get("LocalPath"))
    if needed:
        raise StepError(f"ClientError: there is no input named {name}")
    return ""


def _configuration(job: Job, step: StepRun) -> tuple[str, Mapping[str, Any]]:
    """The path of the analysis configuration as the job sees it, and its content."""
    folder = _input(step, CONFIG).rstrip("/")
    files = sorted(path for path in job.path(folder).rglob("*") if path.is_file())
    if len(files) != 1:
        raise StepError(f"ClientError: the input {CONFIG} is of {len(files)} files; it must be one, analysis_config.json")
    try:
        config = json.loads(files[0].read_bytes())
    except ValueError as error:
        raise StepError(f"ClientError: the analysis configuration is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise StepError("ClientError: the analysis configuration is not a JSON object")
    return f"{folder}/{files[0].relative_to(job.path(folder)).as_posix()}", config


def _fetched(job: Job, step: StepRun, config: Mapping[str, Any]) -> dict[str, str]:
    """Where the job sees the data in S3 that the configuration names, by URI."""
    shap = (config.get("methods") or {}).get("shap") or {}
    uris = [config.get(name) for name in NAMED] + [shap.get("baseline")]
    places: dict[str, str] = {}
    for uri in uris:
        if isinstance(uri, str) and uri not in places:
            places[uri] = f"{ML}/config/data/{len(places)}"
            step.site.store.download(s3_prefix({"S3Uri": uri}, uri), job.path(places[uri]))
    return places


@contextlib.contextmanager
def _model(step: StepRun, settings: Settings, config: Mapping[str, Any]) -> Iterator[int]:
    """Serves the model as long as it is needed; its port, 0 where the analysis needs no model."""
    methods = config.get("methods") or {}
    predicted = config.get("predicted_label") is not None
    if not (methods.get("shap") or (methods.get("post_training_bias") and not predicted)):
        yield 0
        return
    name = settings.model or str((config.get("predictor") or {}).get("model_name") or "")
    if not name:
        raise StepError("ClientError: the analysis configuration asks for a model's predictions, and the step has no ModelName")
    container = container_of(step, name, "analyses")
    archive = step.site.store.object(str(container["ModelDataUrl"]))
    job = Job(_beside(step), str(container.get("Image", "")))
    server = prepare(job, archive, container, {})
    with Server(job, server.environment, DEFAULT_TIMEOUT, server.words) as running:
        yield running.port


def _beside(step: StepRun) -> StepRun:
    """The same step with a folder of its own for the model, and one log."""
    folder = step.folder / "model"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / step.log.name
    log.unlink(missing_ok=True)
    log.symlink_to(Path("..") / step.log.name)
    return replace(step, folder=folder)


class Server(Invoker):
    """An inference server that somebody else sends requests to."""

    def __enter__(self) -> Server:
        super().__enter__()
        return self

    @property
    def port(self) -> int:
        """Where it answers on loopback."""
        if self._connection is None or self._connection.port is None:
            raise RuntimeError("the server runs inside of a with statement only")
        return self._connection.port


STEP_TYPE = StepType("ClarifyCheck", "processing-job", "ProcessingJobName", "CheckJobArn", run, also_metadata=METADATA)
