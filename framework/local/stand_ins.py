"""What stands for an image on this machine: the first entry of conf.local.images whose glob matches, and its interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from framework.local.interpreters import Interpreter, InterpreterError, interpreter
from framework.pipeline.compiled import StandIn


def stand_in(image: str, images: Sequence[tuple[str, StandIn]]) -> StandIn:
    """What stands for an image; one without anything of its own where nothing is named.

    Args:
        image: its URI.
        images: pairs of a glob and what stands for the images it matches.
    """
    return next((about for glob, about in images if fnmatchcase(image, glob)), StandIn())


def python_of(about: StandIn, image: str) -> Interpreter:
    """The interpreter of a stand-in.

    Raises:
        InterpreterError: it is not there, or does not run; the message says for which image it was to stand.
    """
    try:
        return interpreter(about.python)
    except InterpreterError as error:
        raise InterpreterError(
            f"the interpreter that stands for the image {image} in conf.local.images cannot run: {error}"
        ) from None
