"""SMP306, SMP313, SMP314, SMP315: parameters nobody uses, references to nothing, and property files that nobody writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from framework.checks.paths import step_and_path
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Reference, Subject
from framework.config.expressions import EXECUTION_VARIABLES
from framework.findings import WARNING, Rule, nearest

UNUSED, NOTHING, NO_FILE, NO_OUTPUT = "SMP306", "SMP313", "SMP314", "SMP315"
RULES = (
    Rule(
        UNUSED,
        "Parameter that nothing uses",
        "A parameter of the pipeline is declared and read nowhere, so a start value for it changes nothing. It is often a slip "
        "in the name where it should be read.",
        'Read it with "${parameters.NAME}", or remove it.',
        WARNING,
    ),
    Rule(
        NOTHING,
        "Reference that names nothing",
        'A "Get" written in the definition\'s own notation names no parameter, execution variable or step of the pipeline.',
        "Name one that is there: Parameters.NAME, Execution.PipelineExecutionId, Steps.NAME.PROPERTY.",
        source="pipeline definition schema 2020-12-01; the SDK's ExecutionVariables",
    ),
    Rule(
        NO_FILE,
        "Property file that nobody writes",
        "A condition or an argument reads a property file that its step does not declare, so the execution fails when it gets "
        "there.",
        "Declare it on the step that writes it, under property_files.",
        source="developer guide, build-and-manage-propertyfile",
    ),
    Rule(
        NO_OUTPUT,
        "Property file of an output that is not there",
        "A step declares a property file in an output that it does not have; the service finds no such file.",
        "Name one of the outputs of the step.",
        source="developer guide, build-and-manage-propertyfile",
    ),
)

_ROOTS = ("Execution", "ForEach", "IterationOutput", "Parameters", "Steps")
_FILE = re.compile(r"PropertyFiles\.(.+)\Z", re.DOTALL)


def violations(subject: Subject) -> Iterator[Violation]:
    """All that is wrong with what is referred to by name."""
    used: set[str] = set()
    for reference in subject.references:
        root, _, name = reference.target.partition(".")
        if root == "Parameters":
            used.add(name)
        yield from _file(subject, reference) if reference.is_file else _get(subject, reference, root, name)
    for step in subject.steps:
        yield from _outputs(step)
    looked_up = {request.parameter for request in subject.compiled.model_packages}
    for name, (at, _) in subject.parameters.items():
        if name and name not in used and name not in looked_up:
            hint = f"read it with ${{parameters.{name}}}, or remove it"
            yield Violation(UNUSED, ("Parameters", at), f"nothing uses the parameter {name}", hint, WARNING)


def _get(subject: Subject, reference: Reference, root: str, name: str) -> Iterator[Violation]:
    path, target = path_of(reference.trail), reference.target
    if root not in _ROOTS:
        hint = nearest(root, _ROOTS) if root else "write Parameters.NAME, Execution.NAME or Steps.NAME.PROPERTY"
        yield Violation(NOTHING, path, f'"{target}" refers to nothing', hint)
    elif root == "Parameters" and name not in subject.parameters:
        hint = nearest(name, subject.parameters) or "declare it under sagemakerPipeline.parameters"
        yield Violation(NOTHING, path, f"the pipeline has no parameter {name}", hint)
    elif root == "Execution" and name not in EXECUTION_VARIABLES:
        yield Violation(NOTHING, path, f"an execution has no {name}", nearest(name, EXECUTION_VARIABLES))
    elif root == "Steps" and step_and_path(target) is None:
        yield Violation(NOTHING, path, f'"{target}" refers to nothing', "write Steps.NAME.PROPERTY")


def _file(subject: Subject, reference: Reference) -> Iterator[Violation]:
    named = step_and_path(reference.target)
    match = _FILE.match(named[1]) if named else None
    path = path_of(reference.trail)
    if named is None or match is None:
        yield Violation(NO_FILE, path, f'"{reference.target}" names no property file', "write Steps.NAME.PropertyFiles.FILE")
    elif named[0] in subject.by_name:
        files = [str(file.get("PropertyFileName")) for file in _listed(subject.by_name[named[0]].value, "PropertyFiles")]
        if match[1] not in files:
            hint = nearest(match[1], files) or "declare it under property_files of that step"
            yield Violation(NO_FILE, path, f"{named[0]} writes no property file {match[1]}", hint)


def _outputs(step: PlacedStep) -> Iterator[Violation]:
    """The property files of a Processing step whose output it does not have."""
    config = step.arguments.get("ProcessingOutputConfig")
    given = config.get("Outputs", []) if isinstance(config, Mapping) else config or []
    if step.type != "Processing" or not isinstance(given, list):
        return  # SMP402 says it
    outputs = [output.get("OutputName") for output in given if isinstance(output, Mapping)]
    known = [name for name in outputs if isinstance(name, str)]
    if len(known) < len(outputs):
        return  # a name that is told later may be any
    for at, file in enumerate(_listed(step.value, "PropertyFiles")):
        name = file.get("OutputName")
        if isinstance(name, str) and name not in known:
            message = f"{step.name} has no output {name}, in which its property file {file.get('PropertyFileName')} should lie"
            hint = nearest(name, known) or "put one out first"
            yield Violation(NO_OUTPUT, path_of(step.at("PropertyFiles", at)), message, hint)


def _listed(owner: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    listed = owner.get(key)
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
