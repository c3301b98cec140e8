"""The road that every command goes, as far as it needs: configuration, pipeline, definition, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from framework.checks import Violated, check, check_definition
from framework.checks.catalogue import RULES
from framework.checks.parts import place_of_part
from framework.checks.settling import settle
from framework.checks.shapes import UNKNOWN
from framework.config.ignores import Ignore, ignores_in
from framework.config.load import Sources, load_config
from framework.config.model import Checks, Config
from framework.config.reader import BEGIN, read_file
from framework.config.values import Map, Seq, place_at
from framework.findings import Finding, FindingsError, Place, has_errors, sort_findings
from framework.pipeline.build import Pipeline, build_pipeline
from framework.pipeline.compiled import CompiledPipeline, Definition, LocalSettings
from framework.pipeline.definition import as_local_settings, compile_pipeline
from framework.pipeline.inputs import inputs

Findings = tuple[Finding, ...]
Ask = Callable[[CompiledPipeline], Iterable[Violated]]


def travel(sources: Sources, environment: Mapping[str, str], ask: Ask | None = None) -> tuple[CompiledPipeline | None, Findings]:
    """From files to what SageMaker gets, and all that is wrong on the way; nothing is compiled where there are errors before it.

    Args:
        sources: where the configuration comes from.
        environment: the variables that it may name.
        ask: asks elsewhere, too, what is wrong with what was compiled.
    """
    _, compiled, findings = _travelled(sources, environment, ask)
    return compiled, findings


def _travelled(
    sources: Sources, environment: Mapping[str, str], ask: Ask | None = None
) -> tuple[Pipeline, CompiledPipeline | None, Findings]:
    config = load_config(sources, environment)
    pipeline = build_pipeline(config)
    if has_errors(pipeline.findings):
        return pipeline, None, _settled(pipeline.findings, config, whole=False)
    compiled = compile_pipeline(pipeline)
    return pipeline, compiled, _settled(check(pipeline, compiled, ask(compiled) if ask else ()), config, whole=True)


def inspect(path: Path, ask: Ask | None = None) -> Findings:
    """All that is wrong with a definition that came from elsewhere, in the file at `path`."""
    file = read_file(path, str(path))
    if file.tree is None:
        no_mapping = "it must be a mapping of Version, Parameters and Steps"
        return sort_findings(replace(each, hint=no_mapping) if each.hint == BEGIN else each for each in file.findings)
    compiled = CompiledPipeline("", file.tree)
    violations = [*check_definition(compiled), *(ask(compiled) if ask else ())]
    found = [_in_file(each, file.tree) for each in violations]
    return sort_findings(settle([*file.findings, *found], Checks(), {str(path): file.ignores}, RULES, whole=True))


def _in_file(violation: Violated, tree: Map) -> Finding:
    """The finding for a violation of a definition, at its place in the file, and with the name of the step that it is in."""
    value, name = cast(Any, tree), ""
    for part in violation.path:
        has = part in value if isinstance(value, Map) else isinstance(value, Seq) and isinstance(part, int) and part < len(value)
        value = value[part] if has else None
        if isinstance(part, int) and isinstance(value, Map) and "Arguments" in value and isinstance(value.get("Name"), str):
            name = value["Name"]
    said = not name or name in violation.message
    place = place_at(tree, violation.path, key=violation.rule == UNKNOWN)
    message = violation.message if said else f"{name}: {violation.message}"
    return Finding(violation.rule, place, message, violation.hint, violation.severity)


def _settled(findings: Findings, config: Config, whole: bool) -> Findings:
    others = {finding.place.file for finding in findings} - config.ignores.keys()
    comments = {**config.ignores, **{name: _comments(config.root / name, name) for name in sorted(others)}}
    return sort_findings(settle(findings, config.checks, comments, RULES, whole))


def _comments(path: Path, name: str) -> tuple[Ignore, ...]:
    """The comments that take findings back in a script or a requirements.txt; none where the name is no file's."""
    try:
        return ignores_in(path.read_text(encoding="utf-8", errors="replace"), name, is_yaml=False) if path.is_file() else ()
    except OSError:
        return ()


def local_settings(sources: Sources, environment: Mapping[str, str]) -> LocalSettings:
    """What the configuration says of local runs, for a definition that did not come from it; nothing where there is none."""
    try:
        return as_local_settings(load_config(sources, environment).local)
    except FindingsError:
        return LocalSettings()


def definition_of(sources: Sources, environment: Mapping[str, str], name: str) -> Definition | None:
    """What the configuration of a pipeline, by its name in any case, compiles to, unchecked; None where there is none."""
    try:
        pipeline = build_pipeline(load_config(sources, environment))
    except FindingsError:
        return None
    return None if pipeline.name.lower() != name.lower() or has_errors(pipeline.findings) else compile_pipeline(pipeline).definition


def arrive(sources: Sources, environment: Mapping[str, str]) -> tuple[CompiledPipeline, Findings]:
    """The compiled pipeline and its warnings.

    Raises:
        FindingsError: with every finding, when there are errors.
    """
    compiled, findings = travel(sources, environment)
    if compiled is None or has_errors(findings):
        raise FindingsError(findings)
    return compiled, findings


@dataclass(frozen=True, slots=True)
class Arrival:
    """The end of the road, with the way back.

    Attributes:
        compiled: the pipeline.
        warnings: what was found.
        pipeline: what it was compiled from.
    """

    compiled: CompiledPipeline
    warnings: Findings
    pipeline: Pipeline

    def where(self, what: str, name: str, path: Sequence[str | int]) -> Place:
        """The line of the configuration behind a part of what was compiled; arguments as of `place_of_part`."""
        return place_of_part(what, name, path, self.compiled.definition, self.pipeline)

    def inputs(self) -> dict[str, str]:
        """The SHA-256 of every file that was read, by its name. Raises BackendError where one can no longer be read."""
        return inputs(self.pipeline)


def arrive_with_places(sources: Sources, environment: Mapping[str, str]) -> Arrival:
    """The compiled pipeline, and where the configuration says what is in it; errors as of `arrive`."""
    pipeline, compiled, findings = _travelled(sources, environment)
    if compiled is None or has_errors(findings):
        raise FindingsError(findings)
    return Arrival(compiled, findings, pipeline)
