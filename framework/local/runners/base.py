"""What every runner is to the steps: it takes a `Command` and gives a `Running` process, and its `Traits` say what it can do.

Nothing here starts anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ML = "/opt/ml"


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start.

    Attributes:
        words: the program, looked up on the PATH of `environment`, and its arguments.
        ml: the folder that stands for /opt/ml.
        environment: the whole environment of the process; in a container, what is added to the image's.
        folder: the working directory, as the process sees it.
        log: the file that output and errors are appended to.
        image: the container image that would run on SageMaker; counts where the runner runs images.
        entry_point: `words` are arguments of the image's own entry point; only for runners that run images.
        port: the port of this machine's loopback that must lead to the server in a container; 0 for none.
        streams: the file descriptors of its standard input, output and errors; None for no input, and the log.
        terminal: the streams are a terminal, which is to be the command's own.
    """

    words: Sequence[str]
    ml: Path
    environment: Mapping[str, str]
    folder: str
    log: Path
    image: str = ""
    entry_point: bool = False
    port: int = 0
    streams: tuple[int, int, int] | None = None
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What a runner can do.

    Attributes:
        name: as `choose_runner` takes it.
        limits: what it cannot isolate, in sentences to show to the user once.
        runs_images: whether it runs a command's real image, so that the image's Python and entry point are there.
        private: whether the job sees its folder as /opt/ml; else paths are rewritten.
    """

    name: str
    limits: tuple[str, ...] = ()
    runs_images: bool = False
    private: bool = True


class StartError(Exception):
    """The program of a command does not exist or cannot be executed."""


class Running(Protocol):
    """A process that was started. One thread may wait for it while another stops it."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, 128 and the signal's number where one ended it; None when it still runs after `timeout` seconds."""

    def stop(self, grace: float = 0.0) -> None:
        """Ends the process and everything it started: asked first when `grace` seconds are given, killed after them."""


class Runner(Protocol):
    """A way to start a command with its own /opt/ml."""

    def start(self, command: Command) -> Running:
        """Starts it.

        Raises:
            StartError: the program cannot be executed.
            BackendError: the machine refuses what the runner needs.
        """


def traits(runner: object) -> Traits:
    """What a runner can do; of a runner that wraps another in its attribute `runner`, what that one can do."""
    while not isinstance(found := getattr(runner, "traits", None), Traits):
        runner = getattr(runner, "runner", None)
        if runner is None:
            return Traits("unknown")
    return found
