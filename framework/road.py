"""The road that every command goes, as far as it needs: configuration, pipeline, definition, findings."""

from __future__ import annotations

from collections.abc import Mapping

from framework.checks import check
from framework.checks.catalogue import RULES
from framework.checks.settling import settle
from framework.config.load import Sources, load_config
from framework.config.model import Config
from framework.findings import Finding, FindingsError, has_errors, sort_findings
from framework.pipeline.build import build_pipeline
from framework.pipeline.compiled import CompiledPipeline, LocalSettings
from framework.pipeline.definition import as_local_settings, compile_pipeline

Findings = tuple[Finding, ...]


def travel(sources: Sources, environment: Mapping[str, str]) -> tuple[CompiledPipeline | None, Findings]:
    """From files to what SageMaker gets, and all that is wrong on the way; nothing is compiled where there are errors before it."""
    config = load_config(sources, environment)
    pipeline = build_pipeline(config)
    if has_errors(pipeline.findings):
        return None, _settled(pipeline.findings, config, whole=False)
    compiled = compile_pipeline(pipeline)
    return compiled, _settled(check(pipeline, compiled), config, whole=True)


def _settled(findings: Findings, config: Config, whole: bool) -> Findings:
    return sort_findings(settle(findings, config.checks, config.ignores, RULES, whole))


def local_settings(sources: Sources, environment: Mapping[str, str]) -> LocalSettings:
    """What the configuration says of local runs, for a definition that did not come from it; nothing where there is none."""
    try:
        return as_local_settings(load_config(sources, environment).local)
    except FindingsError:
        return LocalSettings()


def arrive(sources: Sources, environment: Mapping[str, str]) -> tuple[CompiledPipeline, Findings]:
    """The compiled pipeline and its warnings.

    Raises:
        FindingsError: with every finding, when there are errors.
    """
    compiled, findings = travel(sources, environment)
    if compiled is None or has_errors(findings):
        raise FindingsError(findings)
    return compiled, findings
