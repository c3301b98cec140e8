"""Expressions in the configuration, resolved: what the service calls a step's output or report, of which type a parameter is.

In: every step of the pipeline as the configuration describes it, and sections. Out: the same sections, in which every expression
says what the definition will say; findings for those that name nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from framework.config.expressions import (
    Expression,
    Item,
    Iteration,
    Join,
    JsonGet,
    Output,
    Parameter,
    Ref,
    Report,
    Variable,
    bracketed,
    written,
)
from framework.config.model import (
    AUTO_ML,
    CALLBACK,
    CLARIFY_CHECK,
    CUSTOM,
    EMR,
    FOR_EACH,
    LAMBDA,
    METRICS,
    MONITOR,
    NOTEBOOK_JOB,
    PROCESSING,
    QUALITY_CHECK,
    RAW,
    TRAINING,
    TRANSFORM,
    TUNING,
    PipelineConfig,
    Section,
    StepConfig,
)
from framework.config.steps import EXPRESSIVE
from framework.config.values import Map, Seq
from framework.findings import Finding, Place, nearest
from framework.pipeline.pairs import TRANSFORM_SUFFIX, Pair, property_of
from framework.steps.channels import METRICS_OUTPUT, names_in, output_of
from framework.steps.emr import argument_of
from framework.steps.metrics import REPORT

GENERATED = "-RepackModel"
"""What the names of steps end in that are made while the pipeline is built."""

_CHECKED = {"statistics": "CalculatedBaselineStatistics", "constraints": "CalculatedBaselineConstraints"}
_PROPERTIES = {
    QUALITY_CHECK: _CHECKED,
    CLARIFY_CHECK: {"constraints": _CHECKED["constraints"]},
    AUTO_ML: {"model": "BestCandidate.InferenceContainers[0].ModelDataUrl"},
}
"""For classes whose outputs have fixed names: the properties that hold them."""

Known = tuple[StepConfig, Section | None]


class _NamesNothingError(Exception):
    """An expression that names nothing: rule, message, hint; without them where that has been said."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves the expressions of one pipeline.

    Attributes:
        steps: every step that could be read, and the section that parametrises it (None where there is none).
        inside: for each step of a loop, the loop's name.
        failed: the expressions so far that name nothing.
        pairs: the steps that become two, by name.
    """

    pipeline: PipelineConfig
    steps: Mapping[str, Known]
    inside: Mapping[str, str]
    report: Callable[[Finding], None]
    failed: list[Expression] = field(default_factory=list)
    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def section(self, section: Section, user: StepConfig | None = None) -> Section:
        """The section with its expressions resolved, broken where one names nothing; `user` is the step whose own it is."""
        before = len(self.failed)
        values = self._value(section.values, section.values.place, user)
        broken = section.broken or len(self.failed) > before
        return section if values is section.values and broken == section.broken else replace(section, values=values, broken=broken)

    def values(self, step: StepConfig) -> StepConfig:
        """The step with the expressions in its own keys (role, description, …) resolved; those of its section are the section's."""
        values = self._map(step.values, step, EXPRESSIVE)
        return step if values is step.values else replace(step, values=values)

    def value(self, value: Any, place: Place) -> Any:
        """A setting of the pipeline with its expressions resolved; it is read before any step runs."""
        if isinstance(value, Map):
            result = Map(value.place)
            for key in value:
                result.take(key, value)
                result[key] = self.value(value[key], value.place_of(key))
            return result
        early = next(early_parts(value), None)
        if early is None:
            return self._value(value, place, None)
        message = f"{written(early)} names nothing: settings of the pipeline are read before a step runs"
        self.report(Finding("SMP308", place, message, "use a parameter, or a fact of the execution"))
        return value

    def _value(self, value: Any, place: Place, user: StepConfig | None) -> Any:
        """The value, copied where something in it had to be resolved."""
        if isinstance(value, Map):
            return self._map(value, user)
        if isinstance(value, Seq):
            return self._seq(value, user)
        return self._expression(value, place, user) if isinstance(value, Expression) else value

    def _map(self, given: Map, user: StepConfig | None, keys: Iterable[str] | None = None) -> Map:
        chosen = given.keys() if keys is None else given.keys() & set(keys)
        resolved = {key: self._value(value, given.place_of(key), user) if key in chosen else value for key, value in given.items()}
        if all(resolved[key] is value for key, value in given.items()):
            return given
        result = Map(given.place)
        for key in given:
            result.take(key, given)
            result[key] = resolved[key]
        return result

    def _seq(self, given: Seq, user: StepConfig | None) -> Seq:
        resolved = [self._value(value, given.place_of(index), user) for index, value in enumerate(given)]
        if all(new is old for new, old in zip(resolved, given, strict=True)):
            return given
        result = Seq(given.place)
        for index, value in enumerate(resolved):
            result.add(value, given.place_of(index), given.raw.get(index))
        return result

    def _expression(self, value: Expression, place: Place, user: StepConfig | None) -> Expression:
        try:
            return self._resolved(value, user)
        except _NamesNothingError as error:
            self.failed.append(value)
            if error.args:
                rule, message, hint = error.args
                self.report(Finding(rule, place, f"{written(value)} names nothing: {message}", hint))
            return value

    def _resolved(self, value: Expression, user: StepConfig | None) -> Expression:
        if isinstance(value, Join):
            return Join(
                value.on, tuple(self._resolved(part, user) if isinstance(part, Expression) else part for part in value.values)
            )
        if isinstance(value, Parameter):
            return self._parameter(value)
        if isinstance(value, Output):
            return _output(*self._step(value.step), value)
        if isinstance(value, Report):
            return _report(*self._step(value.step), value)
        if isinstance(value, Ref) and not value.step.endswith(GENERATED):
            self._step(value.step)
            return property_of(value, self.pairs[value.step]) if value.step in self.pairs else value
        if isinstance(value, Item) and user is not None and user.name not in self.inside:
            raise _NamesNothingError("SMP308", f"{user.name} runs in no loop", "put the step under the steps of a ForEach step")
        if isinstance(value, Iteration) and (user is None or user.step_class != FOR_EACH):
            raise _NamesNothingError("SMP308", "only the selector of a ForEach step looks at iterations", "use steps.LOOP.Selected")
        return value

    def _parameter(self, value: Parameter) -> Parameter:
        declared = {parameter.name: parameter for parameter in self.pipeline.parameters}
        if value.name not in declared:
            hint = nearest(value.name, declared) if declared else "declare it under sagemakerPipeline.parameters"
            raise _NamesNothingError("SMP305", f"the pipeline has no parameter {value.name}", hint)
        return replace(value, kind=declared[value.name].kind)

    def _step(self, name: str) -> Known:
        if name in self.steps:
            return self.steps[name]
        if self.pipeline.names(name):
            raise _NamesNothingError
        raise _NamesNothingError("SMP201", f'"{name}" is no step', nearest(name, self.steps))


def early_parts(value: Any) -> Iterator[Expression]:
    """The parts of a value that no step has told yet when the execution starts."""
    if isinstance(value, Join):
        for part in value.values:
            yield from early_parts(part)
    elif isinstance(value, Expression) and not isinstance(value, (Parameter, Variable)):
        yield value


def _output(step: StepConfig, section: Section | None, value: Output) -> Expression:
    """The property that holds what a step puts out under a name."""
    if section is None or section.broken:  # which was said
        raise _NamesNothingError
    kind, name = step.step_class, value.name
    if kind in {PROCESSING, METRICS}:
        _among(name, [METRICS_OUTPUT] if kind == METRICS else names_in(section), step)
        return output_of(step.name, kind, name)
    if kind in {LAMBDA, CALLBACK}:
        _among(name, list(section.values.get("outputs") or {}), step)
        return Ref(step.name, f"OutputParameters{bracketed(name)}", str(section.values["outputs"][name]))
    if kind == EMR:
        _among(name, list(section.values.get("outputs") or {}), step)
        return argument_of(step.name, section.values, name)
    if kind in {TRAINING, TUNING, TRANSFORM}:
        return output_of(step.name, kind, name)
    if kind == MONITOR:
        return output_of(step.name + TRANSFORM_SUFFIX, TRANSFORM, name)
    if kind in _PROPERTIES:
        _among(name, list(_PROPERTIES[kind]), step)
        return Ref(step.name, _PROPERTIES[kind][name])
    if kind == NOTEBOOK_JOB:
        _among(name, ["data"], step)
        place = (Ref(step.name, "OutputDataConfig.S3OutputPath"), Ref(step.name, "TrainingJobName"))
        return Join("/", (*place, "output/output.tar.gz"))
    raise _NamesNothingError("SMP301", f"a {kind} step has no outputs", f"name a property of it: steps.{step.name}.PROPERTY")


def _report(step: StepConfig, section: Section | None, value: Report) -> Expression:
    """The value in a property file of a step."""
    if section is None or section.broken:  # which was said
        raise _NamesNothingError
    if step.step_class in {CUSTOM, RAW} and value.file:  # what it writes is known when it is built
        return JsonGet(step.name, value.file, value.path)
    declared = section.values.get("property_files") or ()
    files = [REPORT.name] if step.step_class == METRICS else [str(file["name"]) for file in declared]
    if not files:
        message = f"{step.name} writes no property file"
        raise _NamesNothingError("SMP301", message, "declare it: property_files: [{name: …, output: …, path: …}]")
    if not value.file and len(files) > 1:
        message = f"{step.name} writes {len(files)} property files"
        raise _NamesNothingError("SMP301", message, f"name one of them: steps.{step.name}.reports.{files[0]}.{value.path}")
    name = value.file or files[0]
    if name not in files:
        raise _NamesNothingError("SMP301", f'{step.name} writes no property file called "{name}"', nearest(name, files))
    return JsonGet(step.name, name, value.path)


def _among(name: str, legal: list[str], step: StepConfig) -> None:
    if name not in legal:
        puts_out = f"puts out {', '.join(legal)}" if legal else "puts out nothing"
        raise _NamesNothingError("SMP301", f"{step.name} {puts_out}", nearest(name, legal))
