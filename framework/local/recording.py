"""What step types say beside their result: lines of ours in the step's log, and that a step was only recorded.

In: a step and words. Out: a longer log, a description with "Simulated" in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.local.job import Site, StepRun

SIMULATED = "Simulated"


def note(step: StepRun, line: str) -> None:
    """Writes a line of ours to the step's log."""
    step.note(line)


def recorded(step: StepRun, description: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The description of a step that was not really done here.

    Args:
        step: the step; its log says so too.
        description: what its Describe call would tell.
        why: a sentence.
    """
    note(step, f"this step was only recorded: {why}")
    return {**description, SIMULATED: why}


def state_folder(site: Site) -> Path:
    """The folder that everything of this machine's runs is kept in."""
    return site.cache.parent
