"""The training jobs of a tuning job: each a real one, with a folder, a name and hyperparameters of its own.

In: the tuning step, and the function that runs a training step. Out: outcomes. The log of each job ends up in the step's log.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from framework.local.job import StepError, StepRun
from framework.local.names import LONGEST_JOB_NAME, arn, now
from framework.local.tuning.plan import Recipe
from framework.local.tuning.search import Proposal
from framework.local.tuning.stop import StopSign, TrialStoppedError, WatchedRunner

COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
Train = Callable[[StepRun], dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What came of one training job.

    Attributes:
        number: its place in the order of the search, from 1.
        name: the training job's name.
        recipe, proposal: what it was made of.
        status: Completed, Failed or Stopped.
        objective: the metric's last value; None when there is none.
        reason: why it did not complete.
        begin, end: when.
        seconds: how long it took.
    """

    number: int
    name: str
    recipe: Recipe
    proposal: Proposal
    status: str
    objective: float | None
    reason: str
    begin: str
    end: str
    seconds: float

    def summary(self, tuning_job: str) -> dict[str, Any]:
        """As HyperParameterTrainingJobSummary."""
        objective = self.recipe.objective
        metric = {"MetricName": objective.metric, "Type": "Minimize" if objective.minimize else "Maximize", "Value": self.objective}
        return {
            **({"TrainingJobDefinitionName": self.recipe.name} if self.recipe.name else {}),
            "TrainingJobName": self.name,
            "TrainingJobArn": arn("training-job", self.name),
            "TuningJobName": tuning_job,
            "CreationTime": self.begin,
            "TrainingStartTime": self.begin,
            "TrainingEndTime": self.end,
            "TrainingJobStatus": self.status,
            "TunedHyperParameters": dict(self.proposal.values),
            **({"FailureReason": self.reason} if self.reason else {}),
            **({} if self.objective is None else {"FinalHyperParameterTuningJobObjectiveMetric": metric}),
            "ObjectiveStatus": "Failed" if self.objective is None else "Succeeded",
        }


def trial_name(tuning_job: str, number: int) -> str:
    """The name of a training job: its tuning job's, a number, and a hash that makes it unique even where the name had to be cut."""
    digest = hashlib.sha256(f"{tuning_job}/{number}".encode()).hexdigest()[:8]
    end = f"-{number:03}-{digest}"
    return tuning_job[: LONGEST_JOB_NAME - len(end)].rstrip("-") + end


class Launcher:
    """Runs training jobs; may be called by several threads at once.

    Args:
        step: the tuning step.
        train: runs a training step to its end.
        sign: ends what runs.
    """

    def __init__(self, step: StepRun, train: Train, sign: StopSign) -> None:
        self._step, self._train, self._sign = step, train, sign
        self._log = threading.Lock()

    def note(self, line: str) -> None:
        """Writes a line of ours to the step's log."""
        with self._log:
            self._step.note(line)

    def launch(self, number: int, recipe: Recipe, proposal: Proposal) -> Outcome | None:
        """Runs one training job to its end; None when it was too late to begin.

        Raises:
            BackendError: this machine refuses, or its data is nowhere; no other training job would fare better.
        """
        if self._sign.reason:
            return None
        run = self._prepare(number, recipe, proposal)
        self.note(f"training job {run.job_name} begins with {_shown(proposal.values)}")
        begin, clock = now(), time.monotonic()
        status, objective, reason = self._run(run, recipe)
        outcome = Outcome(number, run.job_name, recipe, proposal, status, objective, reason, begin, now(), time.monotonic() - clock)
        self._keep_log(run, outcome)
        return outcome

    def _prepare(self, number: int, recipe: Recipe, proposal: Proposal) -> StepRun:
        name = trial_name(self._step.job_name, number)
        folder = self._step.folder / "trials" / f"{number:03}"
        folder.mkdir(parents=True, exist_ok=True)
        site = self._step.site
        return replace(
            self._step,
            arguments={**recipe.arguments, "HyperParameters": recipe.hyperparameters(proposal.values)},
            job_name=name,
            job_arn=arn("training-job", name),
            folder=folder,
            site=replace(site, runner=WatchedRunner(site.runner, self._sign, site.grace)),
        )

    def _run(self, run: StepRun, recipe: Recipe) -> tuple[str, float | None, str]:
        """The status, the objective and the reason of a failure."""
        try:
            description = self._train(run)
        except TrialStoppedError as error:
            return STOPPED, None, str(error)
        except StepError as error:
            return FAILED, None, str(error)
        return COMPLETED, _objective(description, recipe.objective.metric), ""

    def _keep_log(self, run: StepRun, outcome: Outcome) -> None:
        """Adds the job's log to the step's; of a job that completed nothing else is kept."""
        with self._log, self._step.log.open("ab") as target:
            target.write(f"[local run] training job {outcome.name}, {_ended(outcome)}; its log:\n".encode())
            if run.log.is_file():
                with run.log.open("rb") as source:
                    shutil.copyfileobj(source, target)
                if not _ends_a_line(run.log):
                    target.write(b"\n")
        if outcome.status == COMPLETED:
            shutil.rmtree(run.folder, ignore_errors=True)


def _ends_a_line(path: Path) -> bool:
    """Whether the file is empty or its last line has an end."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _objective(description: Mapping[str, Any], metric: str) -> float | None:
    for entry in description.get("FinalMetricDataList") or ():
        if entry["MetricName"] == metric and math.isfinite(entry["Value"]):
            return float(entry["Value"])
    return None


def _shown(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _ended(outcome: Outcome) -> str:
    if outcome.reason:
        return f"{outcome.status} ({outcome.reason})"
    metric = outcome.recipe.objective.metric
    return (
        f"{outcome.status} with {metric} = {outcome.objective}"
        if outcome.objective is not None
        else f"{outcome.status} without {metric}"
    )
