"""Notebook jobs: a Training step whose container's entry point is SageMaker's notebook scheduler, which papermill replaces here.

Everything but the command is a training job's: the notebook arrives in a channel, parameters are hyperparameters, what is written
to /opt/ml/output/data becomes output.tar.gz. So `training` asks here only for the command. The arguments are those that the SDK's
NotebookJobStep emits; papermill and the initialization script are named on the page "Constraints and considerations" of the
developer guide's chapter on notebook jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENTRY_POINT = "amazon_sagemaker_scheduler"
PROGRAM = Path(__file__).parents[1] / "programs" / "notebook.py"
DEFAULT_INPUT = "/opt/ml/input/data/sagemaker_headless_execution"
SCRIPT = """
set -e
cd "${SM_EXECUTION_INPUT_PATH:=$0}"
export SM_EXECUTION_INPUT_PATH
if [ -n "$SM_LCC_INIT_SCRIPT" ]; then sh "$SM_EXECUTION_INPUT_PATH/$SM_LCC_INIT_SCRIPT"; fi
if [ -n "$SM_INIT_SCRIPT" ]; then . "$SM_EXECUTION_INPUT_PATH/$SM_INIT_SCRIPT"; fi
exec "$@"
"""
"""The initialization script is sourced, so that the notebook sees the variables it sets; the other one is not."""


def is_notebook_job(arguments: Mapping[str, Any]) -> bool:
    """Whether the arguments of CreateTrainingJob are those of a notebook job."""
    entry = (arguments.get("AlgorithmSpecification") or {}).get("ContainerEntrypoint") or ()
    return list(entry) == [ENTRY_POINT]


def command() -> list[str]:
    """What runs here in place of the scheduler; it reads the same variables and files of the job."""
    return ["/bin/bash", "-c", SCRIPT, DEFAULT_INPUT, "python", str(PROGRAM)]
