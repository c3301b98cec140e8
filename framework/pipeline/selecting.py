"""Selecting steps of a pipeline: a definition and what --select and --exclude say in, the steps that are meant out.

Pure: what was deployed before and how steps ended is asked for through functions, and only where the selection speaks of it. The
grammar is that of `framework.pipeline.selectors`. A loop runs as a whole, and so does a condition: whoever selects a step in the
body of a loop selects the loop, and whoever selects either selects what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from framework.config.model import STEP_CLASSES
from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.compiled import Definition, StepOrigin
from framework.pipeline.execution import StepState
from framework.pipeline.listing import TYPES, Listed, listed, upstream
from framework.pipeline.modified import modified, new
from framework.pipeline.partial import RULE
from framework.pipeline.selectors import (
    CLASS,
    MODEL,
    MODIFIED,
    NAME,
    NEW,
    RESULT,
    STATE,
    TYPE,
    UNMODIFIED,
    Term,
    finding,
    read,
)
from framework.pipeline.step_graph import FOR_EACH

SELECT, EXCLUDE = "--select", "--exclude"


def _nothing() -> Definition | None:
    return None


def _no_results() -> Sequence[StepState]:
    return ()


@dataclass(frozen=True)
class Subject:
    """What is selected from.

    Attributes:
        definition: the pipeline.
        origins: what the configuration says of its steps; None for a definition that did not come from one.
        before: tells the definition that `state:` compares with; None when there is none, and every step is new.
        results: tells how the steps ended that `result:` speaks of.
    """

    definition: Definition
    origins: Sequence[StepOrigin] | None = None
    before: Callable[[], Definition | None] = _nothing
    results: Callable[[], Sequence[StepState]] = _no_results
    steps: Mapping[str, Listed] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", listed(self.definition, self.origins or ()))

    @cached_property
    def states(self) -> Mapping[str, frozenset[str]]:
        """For each word of `state:`, the steps that are so."""
        before = self.before()
        added, changed = new(self.definition, before), modified(self.definition, before)
        return {NEW: added, MODIFIED: changed, UNMODIFIED: frozenset(self.steps) - changed}

    @cached_property
    def ended(self) -> Mapping[str, frozenset[str]]:
        """For each word of `result:`, the steps that ended so; a step of a loop, and the loop, where one iteration did."""
        found: dict[str, set[str]] = {}
        for state in self.results():
            names, context = {str(state.get("StepName", ""))}, state.get("IterationContext")
            if context:
                names = {name.removesuffix(f"-{context.get('Index')}") for name in names} | {str(context.get("ParentStepName"))}
            found.setdefault(str(state.get("StepStatus", "")).lower(), set()).update(names)
        return {word: frozenset(names & self.steps.keys()) for word, names in found.items()}

    @cached_property
    def before_each(self) -> Mapping[str, frozenset[str]]:
        """For each step, those that lie directly before it."""
        return upstream(self.steps)

    @cached_property
    def after_each(self) -> Mapping[str, frozenset[str]]:
        """For each step, those that lie directly behind it."""
        found: dict[str, set[str]] = {name: set() for name in self.steps}
        for name, others in self.before_each.items():
            for other in others:
                found[other].add(name)
        return {name: frozenset(others) for name, others in found.items()}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The steps that are meant, in topological order.

    Attributes:
        steps: for each, the step that it runs with because that runs as a whole; "" where it is selected itself.
        runs: those of them that do not stand in the body of a loop: what a run of a part is told.
        every: whether nothing of the pipeline is left out.
    """

    steps: Mapping[str, str]
    runs: tuple[str, ...]
    every: bool


def choose(subject: Subject, select: Sequence[str], exclude: Sequence[str] = ()) -> Chosen:
    """The steps that are meant; all of them where nothing is selected.

    Raises:
        FindingsError: what was given cannot be read, names what is not there, or tears apart what runs as a whole.
    """
    findings: list[Finding] = []
    wanted, unwanted = read(select, SELECT, findings.append), read(exclude, EXCLUDE, findings.append)
    findings += [wrong for group in (*wanted, *unwanted) for term in group for wrong in _unknown(term, subject)]
    if findings:
        raise FindingsError(findings)
    out = _union(unwanted, subject)
    selected = (_union(wanted, subject) if select else set(subject.steps)) - out
    return _whole(selected, out, subject)


def _union(groups: Iterable[tuple[Term, ...]], subject: Subject) -> set[str]:
    return {name for group in groups for name in set.intersection(*(_meant(term, subject) for term in group))}


def _meant(term: Term, subject: Subject) -> set[str]:
    """The steps of a term, and those before and behind it that it asks for."""
    own = _matching(term, subject)
    return own | _reached(own, subject.before_each, term.before) | _reached(own, subject.after_each, term.after)


def _matching(term: Term, subject: Subject) -> set[str]:
    if term.method == STATE:
        return set(subject.states[term.value])
    if term.method == RESULT:
        return set(subject.ended.get(term.value, ()))
    return {name for name, step in subject.steps.items() if _matches(term, _value(term.method, step))}


def _matches(term: Term, value: str) -> bool:
    if term.method in (CLASS, TYPE):  # files of the older dialect write classes in any case
        return bool(value) and fnmatchcase(value.lower(), term.value.lower())
    return bool(value) and (fnmatchcase(value, term.value) if term.is_glob else value == term.value)


def _value(method: str, step: Listed) -> str:
    return {NAME: step.name, MODEL: step.model, CLASS: step.step_class, TYPE: step.type}[method]


def _reached(start: set[str], graph: Mapping[str, frozenset[str]], depth: int) -> set[str]:
    """The steps that lie at most so far from the first ones."""
    found: set[str] = set()
    front = start
    while front and depth > 0:
        front = {other for name in front for other in graph[name]} - found
        found |= front
        depth -= 1
    return found


def _unknown(term: Term, subject: Subject) -> list[Finding]:
    """What is wrong with the value of a term: a pattern may match nothing, a name must be one."""
    if term.method in (STATE, RESULT):
        return []
    offset = term.offset + (0 if term.method == NAME else len(term.method) + 1)
    if subject.origins is None and term.method in (MODEL, CLASS):
        message = f"the definition does not say of which {term.method} a step is"
        return [finding(term.option, term.text, term.offset, message, "select by names, or by type:")]
    if term.is_glob:
        return []
    present = {value for step in subject.steps.values() if (value := _value(term.method, step))}
    legal = present | {CLASS: set(STEP_CLASSES), TYPE: set(TYPES)}.get(term.method, set())
    if any(_matches(term, value) for value in legal):
        return []
    what = {NAME: "step", TYPE: "step type", CLASS: "step class"}.get(term.method, term.method)
    near = nearest(term.value, legal) or nearest(term.value, present)
    return [finding(term.option, term.text, offset, f"there is no {what} {term.value}", near)]


def _whole(selected: set[str], out: set[str], subject: Subject) -> Chosen:
    """The selected steps, and those that run with them."""
    steps = subject.steps
    roots = selected | {loop for name in selected if (loop := _loop(name, steps))}
    found: dict[str, str] = {}
    for name, step in steps.items():
        holder = next((each for each in step.holders if each in roots), "")
        if name in selected:
            found[name] = ""
        elif name in roots:
            found[name] = next(each for each in steps if each in selected and name in steps[each].holders)
        elif holder:
            found[name] = holder
    torn = [name for name, holder in found.items() if name in out and holder]
    if torn:
        raise FindingsError(_torn(name, found[name], steps[name]) for name in torn)
    runs = tuple(name for name in found if not _loop(name, steps))
    return Chosen(found, runs, len(found) == len(steps))


def _torn(name: str, other: str, step: Listed) -> Finding:
    if other in step.holders:
        message = f"{name} is excluded, and stands in {other}, which is selected and runs as a whole"
    else:
        message = f"{name} is excluded, and runs as a whole with {other}, which stands in it and is selected"
    return Finding(RULE, Place(EXCLUDE), message, f"exclude {other} too, or let {name} run")


def _loop(name: str, steps: Mapping[str, Listed]) -> str:
    """The outermost loop that a step stands in; "" where it stands in none."""
    return next((each for each in steps[name].holders if steps[each].type == FOR_EACH), "")
