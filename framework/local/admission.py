"""Whether an execution may begin: parameters that fit, a part that hangs together, steps that can run here; every finding at once.

In: a definition, the strings it is started with, how it is to run. Out: typed values and the part to run, or findings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from framework.findings import Finding, FindingsError
from framework.local import step_types
from framework.local.problems import lacks, problems, simulations
from framework.local.runners.containers import ENGINES
from framework.local.selection import Selection, select
from framework.local.state import RunOptions
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.parameters import resolve_parameters
from framework.pipeline.step_graph import Step


def admitted(
    pipeline: CompiledPipeline, parameters: Mapping[str, str], options: RunOptions, chosen: Collection[str]
) -> tuple[dict[str, Any], Selection]:
    """The typed parameter values, and the part to run.

    Args:
        pipeline: what is to run.
        parameters: what it is started with, as strings.
        options: how it is to run.
        chosen: the steps to run; all of them when empty.

    Raises:
        FindingsError: it may not begin.
    """
    steps = pipeline.definition.get("Steps") or []
    findings = problems(steps, step_types.STEP_TYPES)
    broken, values, part = bool(findings), {}, Selection({})
    try:
        values = resolve_parameters(pipeline.definition, parameters, pipeline.rules)
    except FindingsError as error:
        findings += error.findings
    if not broken:
        try:
            part = select(steps, chosen)
        except FindingsError as error:
            findings += error.findings
        findings += refusals([node.step for node in part.nodes.values()], values, options)
    if findings:
        raise FindingsError(findings)
    return values, part


def refusals(steps: Sequence[Step], values: Mapping[str, Any], options: RunOptions) -> list[Finding]:
    """Why steps would not run here, or not really.

    Args:
        steps: those to run; those inside of conditions stand in the list themselves.
        values: the typed values of the parameters, as far as they are known.
        options: how they are to run.
    """
    lacking = [] if options.runner in ENGINES else lacks(steps, step_types.STEP_TYPES, options.settings, values)
    recorded = simulations(steps, step_types.STEP_TYPES, options.settings) if options.strict else []
    return [*lacking, *recorded]
