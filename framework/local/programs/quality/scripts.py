"""The user's own scripts of a check: functions of a file, as the page "Preprocessing and Postprocessing" describes them."""

from __future__ import annotations

import importlib.util
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framework.local.programs.quality.refusal import RefusalError


def load_handler(script: str, name: str) -> Callable[..., Any]:
    """A function of a script; where it takes a logger after its other parameters, it gets one.

    Raises:
        RefusalError: there is no such script or function.
    """
    path = Path(script)
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or specification is None or specification.loader is None:
        raise RefusalError(f"there is no script {script}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    function: Callable[..., Any] | None = getattr(module, name, None)
    if function is None:
        raise RefusalError(f"the script {path.name} has no function {name}")
    if "logger" in inspect.signature(function).parameters:
        logging.basicConfig(level=logging.INFO)
        return lambda *arguments: function(*arguments, logging.getLogger(path.stem))
    return function
