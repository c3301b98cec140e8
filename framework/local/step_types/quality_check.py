"""QualityCheck: statistics and constraints of a dataset, or of a model's predictions, and their violations of a baseline.

A program of our own does what Model Monitor's analyzer image does, from the same variables and into the same files.
"""

from __future__ import annotations

from typing import Any

from framework.local import baselines
from framework.local.baselines import CONSTRAINTS, METADATA, STATISTICS
from framework.local.job import Job, StepError, StepRun, own_environment, time_limit
from framework.local.step_types import processing
from framework.local.step_types.base import StepType

CHECK_TYPES = ("DATA_QUALITY", "MODEL_QUALITY")
FILES = {STATISTICS: "statistics.json", CONSTRAINTS: "constraints.json"}
PROGRAM = "framework.local.programs.quality"
NOTE = "this tool's own code computes statistics, constraints and violations, after Model Monitor's documentation"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    settings = baselines.read_settings(step, CHECK_TYPES)
    baseline = baselines.previous_baseline(step, settings)
    source, target = _places(step)
    job = Job(step, str((step.arguments.get("AppSpecification") or {}).get("ImageUri", "")), time_limit(step.arguments))
    processing._prepare(job, step)
    placed = {} if settings.skip else baselines.place(job, step, baseline)
    if placed and settings.check_type == "DATA_QUALITY" and STATISTICS not in placed:
        job.note("the baseline has no statistics: no distributions are compared")
    environment = {
        "dataset_source": source,
        "output_path": target["LocalPath"],
        **own_environment(step.arguments),
        "analysis_type": settings.check_type,
        **{f"baseline_{kind.lower()}": path for kind, path in placed.items()},
    }
    _analyze(job, environment)
    return baselines.conclude(job, settings, baseline, target, FILES)


def _analyze(job: Job, environment: dict[str, str]) -> None:
    """Runs the analyzer: the real image in a container, what the configuration names in its place, else our program."""
    if job.in_container or job.stand_in.process:
        job.execute(job.stand_in.process, environment, message=processing.MESSAGE, entry_point=not job.stand_in.process)
        return
    job.note(NOTE)
    words = ["python", "-m", PROGRAM]
    job.execute(words, {**environment, "PYTHONPATH": str(baselines.ROOT)}, message=processing.MESSAGE)


def _places(step: StepRun) -> tuple[str, dict[str, str]]:
    """The folder of the dataset as the job sees it, and the output that the files go to."""
    inputs = list(processing._inputs(step.arguments))
    outputs = processing._outputs(step.arguments)
    if not inputs or not outputs:
        raise StepError("ClientError: a check needs an input, which is the dataset, and an output")
    path = own_environment(step.arguments).get("output_path", outputs[0]["LocalPath"])
    target = next((output for output in outputs if output["LocalPath"].rstrip("/") == path.rstrip("/")), None)
    if target is None:
        raise StepError(f"ClientError: no output has the LocalPath {path} that the variable output_path names")
    return str(inputs[0][1].get("LocalPath")), target


STEP_TYPE = StepType("QualityCheck", "processing-job", "ProcessingJobName", "CheckJobArn", run, also_metadata=METADATA)
