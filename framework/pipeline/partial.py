"""The rules of running a part of a pipeline: the chosen steps run, what they need of others comes from an earlier execution.

In: the steps of a definition and the chosen names. Out: the names of the steps that run, and of those whose results are needed; or
findings (rule SMP803). The rules are those of the guide's page "pipelines-selective-ex" and of the API's SelectiveExecutionConfig:
no step on a way between two chosen ones is left out, and steps after them do not run. A chosen condition takes its branches with
it, a chosen loop its body. SageMaker and the local engine run parts by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.step_graph import Step, Waits, branches, flat, waits

RULE = "SMP803"
PLACE = Place("selection")
GUARDS = {"True", "False"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a pipeline, in the order of the definition.

    Attributes:
        steps: those that run; what stands in the body of a loop is not named.
        needed: other steps, whose results they use or whose end they wait for.
        whole: whether nothing of the pipeline is left out.
    """

    steps: tuple[str, ...]
    needed: tuple[str, ...] = ()
    whole: bool = False


def part(steps: Sequence[Step], chosen: Iterable[str]) -> Part:
    """The part of a pipeline that consists of the chosen steps.

    Raises:
        FindingsError: a name is unknown, or a step between two chosen ones is not chosen.
    """
    every = waits(steps)
    asked = list(dict.fromkeys(chosen))
    unknown = [name for name in asked if name not in every]
    if unknown:
        raise FindingsError(Finding(RULE, PLACE, f"there is no step {name}", nearest(name, every)) for name in unknown)
    inside = {str(step["Name"]): step for step, _ in flat(steps)}
    taken = {inner for name in asked for inner in _with_branches(inside[name])}
    between = sorted(_after(every, taken) & _before(every, taken) - taken)
    if between:
        raise FindingsError(
            Finding(RULE, PLACE, f"step {name} lies between chosen steps and is not chosen", f"choose {name} too")
            for name in between
        )
    needed = {other for name in taken for other, ends in every[name] if not ends & GUARDS} - taken
    run = tuple(name for name in every if name in taken)
    return Part(run, tuple(name for name in every if name in needed), len(run) == len(every))


def _with_branches(step: Step) -> set[str]:
    return {step["Name"], *(name for _, inner in branches(step) for name in _with_branches(inner))}


def _after(every: Mapping[str, Waits], start: set[str]) -> set[str]:
    """Everything that waits for one of the steps."""
    waiting: dict[str, set[str]] = {}
    for name, others in every.items():
        for other, _ in others:
            waiting.setdefault(other, set()).add(name)
    return _reached({name: waiting.get(name, set()) for name in every}, start)


def _before(every: Mapping[str, Waits], start: set[str]) -> set[str]:
    """Everything that one of the steps waits for."""
    return _reached({name: {other for other, _ in others} for name, others in every.items()}, start)


def _reached(graph: Mapping[str, set[str]], start: set[str]) -> set[str]:
    found: set[str] = set()
    front = set(start)
    while front:
        front = {other for name in front for other in graph[name]} - found
        found |= front
    return found
