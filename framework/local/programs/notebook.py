"""Runs a notebook as a SageMaker notebook job does, with papermill. A program, started for a Training step that is one.

In: SM_EXECUTION_INPUT_PATH (the working directory), SM_INPUT_NOTEBOOK_NAME, SM_OUTPUT_NOTEBOOK_NAME, SM_KERNEL_NAME; parameters,
all of them strings, in /opt/ml/input/config/hyperparameters.json. Out: the notebook as it came and as it ran in
/opt/ml/output/data; where a cell fails, its number and error in /opt/ml/output/failure. SMP_ML_PREFIX names another /opt/ml.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

ML = Path(os.environ.get("SMP_ML_PREFIX", "/opt/ml"))
PARAMETERS, OUTPUT, FAILURE = ML / "input/config/hyperparameters.json", ML / "output/data", ML / "output/failure"
DEFAULT_KERNEL, PYTHON = "python3", "python"
NOTEBOOK = ".ipynb"

if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this program, which is named like a package that others import


def fail(reason: str) -> NoReturn:
    """Says why the job fails, and ends."""
    FAILURE.write_text(reason, encoding="utf-8")
    print(reason, file=sys.stderr)
    sys.exit(1)


try:
    import ipykernel  # noqa: F401 - papermill starts it, by name
    import nbformat
    import papermill  # type: ignore[import-untyped]
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    from papermill.exceptions import PapermillExecutionError  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    fail(f"a notebook job needs the package {error.name}: pip install 'sagemaker-pipelines-framework[local]'")


def output_name(wanted: str) -> str:
    """The name of the notebook as it ran: SageMaker allows a dot or a colon nowhere but before the extension."""
    return wanted.removesuffix(NOTEBOOK).replace(".", "-").replace(":", "-").rstrip("-") + NOTEBOOK


def notebook_name(variables: Mapping[str, str], name: str) -> str:
    """A variable that names a file.

    Fails where it is missing, or names something else.
    """
    value = variables.get(name, "")
    if not value or "/" in value or value.startswith("."):
        fail(f"the variable {name} is {value!r}, not the name of a notebook")
    return value


def read_metadata(source: Path) -> Mapping[str, Any]:
    """The metadata of a notebook.

    Fails where the file is none.
    """
    try:
        return dict(nbformat.read(source, as_version=4).metadata)  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        fail(f"{source.name} is not a notebook that can be read: {str(error).partition(chr(10))[0]}")


def kernel(wanted: str, metadata: Mapping[str, Any]) -> tuple[str, str]:
    """The kernel that is wanted and its language; Python's where an image's own name for it is not known on this machine.

    Fails where there is none for the notebook.
    """
    try:
        return wanted, KernelSpecManager().get_kernel_spec(wanted).language or PYTHON
    except NoSuchKernel:
        about = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    language = str(about or PYTHON)
    if language.lower() != PYTHON:
        fail(f"there is no kernel {wanted} on this machine for the notebook's language {language}")
    print(f"[local run] there is no kernel {wanted} on this machine; {DEFAULT_KERNEL} stands for it", flush=True)
    return DEFAULT_KERNEL, PYTHON


def run(source: Path, target: Path, kernel_name: str, language: str, parameters: Mapping[str, str]) -> None:
    """Runs the notebook; what its cells print goes to the job's log.

    Fails where a cell does.
    """
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(parameters),
            kernel_name=kernel_name,
            language=language,
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
        )
    except PapermillExecutionError as error:
        fail(f"cell {error.exec_count} of {source.name}: {error.ename}: {error.evalue}")


def main() -> None:
    """Runs the notebook job."""
    folder = Path(os.environ.get("SM_EXECUTION_INPUT_PATH") or ".")
    source = folder / notebook_name(os.environ, "SM_INPUT_NOTEBOOK_NAME")
    target = OUTPUT / output_name(notebook_name(os.environ, "SM_OUTPUT_NOTEBOOK_NAME"))
    if not source.is_file():
        fail(f"there is no notebook {source}")
    if os.environ.get("SM_OUTPUT_FORMATS"):
        print("[local run] SM_OUTPUT_FORMATS is not applied; the notebook is written as a notebook only", flush=True)
    shutil.copy(source, OUTPUT)
    wanted = os.environ.get("SM_KERNEL_NAME") or DEFAULT_KERNEL
    run(source, target, *kernel(wanted, read_metadata(source)), json.loads(PARAMETERS.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
