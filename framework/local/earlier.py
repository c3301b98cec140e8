"""What an earlier execution has for a part of a pipeline that is to run on its results.

In: the state folder, and what is needed or what has failed. Out: the execution to take results from, or how to run a failed step
again.
"""

from __future__ import annotations

from dataclasses import dataclass

from framework.findings import Finding, FindingsError
from framework.local.selection import Selection, select
from framework.local.state import StateFolder, read_file, shown
from framework.pipeline.execution import SUCCEEDED, Execution, StepState
from framework.pipeline.partial import PLACE, RULE


@dataclass(frozen=True)
class Rerun:
    """How a step is run again by itself.

    Attributes:
        step: the step to choose: the failed one, or the loop that it belongs to.
        source: the id of the execution that has what it needs; "" when it needs nothing.
    """

    step: str
    source: str


def executions(state: StateFolder, pipeline: str | None = None) -> list[Execution]:
    """The executions, newest first: of one pipeline, or of all."""
    found = [shown(state.run(run_id)) for run_id in state.ids()]
    return [execution for execution in found if pipeline is None or _is_of(execution, pipeline)]


def earlier(state: StateFolder, pipeline: str, part: Selection, run_id: str | None = None) -> Execution | None:
    """The execution of the pipeline in which everything succeeded that a part of it needs; None when it needs nothing.

    Args:
        state: the state folder.
        pipeline: the pipeline's name.
        part: the part.
        run_id: the execution that it must be; the newest that will do when None.

    Raises:
        BackendError: there is no such execution.
        FindingsError: it does not have all that is needed, or none does.
    """
    if not part.needed:
        return None
    found = executions(state, pipeline) if run_id is None else [shown(state.existing(run_id))]
    for execution in found:
        if _is_of(execution, pipeline) and _succeeded(execution).issuperset(part.needed):
            return execution
    missing = ", ".join(part.needed)
    who = f"no earlier execution of {pipeline} here" if run_id is None else f"{run_id}"
    verb = "has" if run_id is None else f"is not an execution of {pipeline} that has"
    message = f"the chosen steps need results of {missing}, and {who} {verb} them"
    raise FindingsError([Finding(RULE, PLACE, message, "run the whole pipeline first, or choose these steps too")])


def rerun(state: StateFolder, execution: Execution, step: StepState) -> Rerun | None:
    """How a failed step can be run again on the results of its execution; None when those are not enough.

    Raises:
        BackendError: the execution's files cannot be read.
    """
    name = str((step.get("IterationContext") or {}).get("ParentStepName") or step["StepName"])
    definition = read_file(state.run(execution.id) / "definition.json")
    try:
        part = select(definition.get("Steps") or [], [name])
    except FindingsError:
        return None
    if not _succeeded(execution).issuperset(part.needed):
        return None
    return Rerun(name, execution.id if part.needed else "")


def _is_of(execution: Execution, pipeline: str) -> bool:
    return str(execution.description["PipelineArn"]).endswith(f":pipeline/{pipeline.lower()}")


def _succeeded(execution: Execution) -> set[str]:
    return {str(state["StepName"]) for state in execution.steps if state["StepStatus"] == SUCCEEDED}
