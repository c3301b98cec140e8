"""Tuning: many training jobs, each with other hyperparameters; the best by the objective comes first.

The search is `framework.local.tuning`; each training job is run by `training`. Rules of the developer guide's pages "Understand the
hyperparameter tuning strategies", "Track and set completion criteria for your tuning job" and of the API's
HyperParameterTrainingJobSummary.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Any

from framework.local.environment import cores
from framework.local.job import StepError, StepRun
from framework.local.shapes import object_at
from framework.local.step_types import training
from framework.local.step_types.base import Lack, StepType
from framework.local.tuning.plan import Plan, Recipe, read_plan
from framework.local.tuning.search import Proposal, Search, make_search
from framework.local.tuning.stop import StopSign
from framework.local.tuning.trials import COMPLETED, FAILED, STOPPED, Launcher, Outcome
from framework.pipeline.compiled import LocalSettings

IMPROVEMENT = 0.01
"""What BestObjectiveNotImproving counts as better."""


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    plan = read_plan(step.arguments)
    sign = StopSign(plan.seconds)
    launcher = Launcher(step, training.run, sign)
    for line in plan.notes:
        launcher.note(line)
    ranked = best_first(Tuner(plan, launcher, sign).run(), plan)
    launcher.note(f"the best of {len(ranked)} training jobs is {ranked[0].name}")
    return _description(step, ranked)


def lacking(arguments: Mapping[str, Any], settings: LocalSettings) -> Lack | None:
    """See `StepType.lacking`."""
    several = arguments.get("TrainingJobDefinitions")
    definitions = [arguments.get("TrainingJobDefinition"), *(several if isinstance(several, list) else ())]
    return next((lack for each in definitions if each and (lack := training.lacking(object_at(each), settings))), None)


class Tuner:
    """The loop of a tuning job.

    A new training job is chosen knowing the results of all but the latest MaxParallelTrainingJobs, told in their order: so the
    same seed chooses the same ones, whichever ends first and however many cores there are.

    Args:
        plan: what to do.
        launcher: runs training jobs.
        sign: says when time is up.
    """

    def __init__(self, plan: Plan, launcher: Launcher, sign: StopSign) -> None:
        self._plan, self._launcher, self._sign = plan, launcher, sign
        budget = None if plan.jobs is None else -(-plan.jobs // len(plan.recipes))
        self._searches = [
            make_search(plan.strategy, recipe.space, plan.minimize, plan.seed + place, budget)
            for place, recipe in enumerate(plan.recipes)
        ]
        self._done: list[Outcome] = []

    def run(self) -> list[Outcome]:
        """Runs training jobs until a limit is reached; their outcomes in order."""
        proposals = self._proposals()
        waiting: deque[tuple[Search, Proposal, Future[Outcome | None]]] = deque()
        with ThreadPoolExecutor(min(self._plan.parallel, cores())) as pool:
            try:
                while True:
                    while len(waiting) < self._plan.parallel and (chosen := next(proposals, None)):
                        number, recipe, search, proposal = chosen
                        waiting.append((search, proposal, pool.submit(self._launcher.launch, number, recipe, proposal)))
                    if not waiting:
                        return self._done
                    self._take(*waiting.popleft())
            except BaseException:
                self._sign.raise_now()
                raise

    def _take(self, search: Search, proposal: Proposal, future: Future[Outcome | None]) -> None:
        outcome = future.result()
        search.tell(proposal, outcome.objective if outcome else None)
        if outcome:
            self._done.append(outcome)

    def _proposals(self) -> Iterator[tuple[int, Recipe, Search, Proposal]]:
        """The recipes take turns, less those whose search is at its end; ends when a limit is reached."""
        pairs = deque(zip(self._plan.recipes, self._searches, strict=True))
        for number in count(1):
            proposal = None
            while pairs and not self._enough(number) and (proposal := pairs[0][1].ask()) is None:
                pairs.popleft()
            if proposal is None:
                return
            yield number, *pairs[0], proposal
            pairs.rotate(-1)

    def _enough(self, number: int) -> bool:
        plan = self._plan
        if (plan.jobs is not None and number > plan.jobs) or self._sign.reason:
            return True
        values = [
            -value if plan.minimize else value for value in (outcome.objective for outcome in self._done) if value is not None
        ]
        if not values:
            return False
        if plan.target is not None and max(values) >= (-plan.target if plan.minimize else plan.target):
            return True
        return plan.patience is not None and _since_better(values) >= plan.patience


def _since_better(values: Sequence[float]) -> int:
    """How many values in a row, the last ones, are not better by a hundredth than what came before them; more is better."""
    best, since = values[0], 0
    for value in values[1:]:
        better = value - best >= IMPROVEMENT * abs(best) and value > best
        best, since = (value, 0) if better else (best, since + 1)
    return since


def best_first(outcomes: Sequence[Outcome], plan: Plan) -> list[Outcome]:
    """The outcomes by their objective; those that have none come last.

    Raises:
        StepError: none has one.
    """
    measured = [(outcome, outcome.objective) for outcome in outcomes if outcome.objective is not None]
    if not measured:
        raise StepError(_why_none(outcomes, plan))
    measured.sort(key=lambda pair: pair[1] if plan.minimize else -pair[1])
    return [*(outcome for outcome, _ in measured), *(outcome for outcome in outcomes if outcome.objective is None)]


def _why_none(outcomes: Sequence[Outcome], plan: Plan) -> str:
    if any(outcome.status == COMPLETED for outcome in outcomes):
        metrics = " or ".join(dict.fromkeys(recipe.objective.metric for recipe in plan.recipes))
        return f"ClientError: none of {len(outcomes)} training jobs wrote the objective metric {metrics} to its log"
    failed = [outcome for outcome in outcomes if outcome.status == FAILED]
    if not failed:
        return f"MaxRuntimeExceeded: no training job ended within MaxRuntimeInSeconds = {plan.seconds}"
    kind, _, reason = failed[0].reason.partition(": ")
    how = f"all {len(outcomes)} training jobs failed" if failed == outcomes else f"none of {len(outcomes)} training jobs completed"
    return f"{kind}: {how}; {failed[0].name}: {reason}"


def _description(step: StepRun, ranked: Sequence[Outcome]) -> dict[str, Any]:
    summaries = [outcome.summary(step.job_name) for outcome in ranked]
    statuses = Counter(outcome.status for outcome in ranked)
    measured = sum(outcome.objective is not None for outcome in ranked)
    return {
        **step.arguments,
        "HyperParameterTuningJobName": step.job_name,
        "HyperParameterTuningJobArn": step.job_arn,
        "HyperParameterTuningJobStatus": "Completed",
        "TrainingJobStatusCounters": {
            "Completed": statuses[COMPLETED],
            "InProgress": 0,
            "RetryableError": 0,
            "NonRetryableError": statuses[FAILED],
            "Stopped": statuses[STOPPED],
        },
        "ObjectiveStatusCounters": {"Succeeded": measured, "Pending": 0, "Failed": len(ranked) - measured},
        "BestTrainingJob": summaries[0],
        "TrainingJobSummaries": summaries,
        "ConsumedResources": {"RuntimeInSeconds": round(sum(outcome.seconds for outcome in ranked))},
    }


STEP_TYPE = StepType(
    "TuningJob",
    "hyper-parameter-tuning-job",
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    run,
    lacking=lacking,
)
