"""A step's real image, run by Docker, Finch or Podman.

In: commands with an image. Out: containers with the job's folder at /opt/ml, gone when they end. Commands without an image run as
processes of this machine. Variables reach a container through a file that only this user can read, never on a command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from framework.errors import BackendError
from framework.local.runners.base import ML, Command, Runner, Running, StartError, Traits
from framework.local.runners.supervised import PROGRAMS, start_supervised

ROOTLESS = {
    "docker": ("{{json .SecurityOptions}}", "rootless"),
    "finch": ("{{json .SecurityOptions}}", "rootless"),
    "podman": ("{{.Host.Security.Rootless}}", "true"),
}
"""For each engine, what `info --format` is asked, and what stands in the answer of one that runs without root's rights."""

ENGINES = tuple(ROOTLESS)
INFO_SECONDS = 60.0
CLIENT_SECONDS = 10.0
SERVER_PORT = 8080
FAILED_TO_RUN = 125
"""The exit code of the client when it was not the command that failed."""

CLIENT = ("HOME", "PATH", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "LOGNAME", "USER")
CLIENT_PREFIXES = ("DOCKER_", "CONTAINER_", "CONTAINERS_", "FINCH_")
OTHER = "choose another runner"
LIMITS = (
    "Containers reach the network as the engine allows; the isolation of the job is that of the engine.",
    "A container runs as this user, not as root, where the engine would leave files behind that only root can remove.",
)


class ContainerRunner:
    """Starts commands in containers.

    Args:
        engine: one of ENGINES.
        host: starts the commands that have no image.

    Raises:
        BackendError: the engine is not installed, or does not answer.
    """

    def __init__(self, engine: str, host: Runner) -> None:
        program = shutil.which(engine)
        if not program:
            raise BackendError(
                f"Choosing the runner {engine}", f"there is no {engine} on the PATH", f"install {engine}, or {OTHER}"
            )
        self._program, self._host = program, host
        self.traits = Traits(engine, LIMITS, runs_images=True)
        rootless = self._asked(engine)
        self._user = [] if rootless or not sys.platform.startswith("linux") or os.getuid() == 0 else _user()
        self._labels = ["--security-opt", "label=disable"] if engine == "podman" else []

    def _asked(self, engine: str) -> bool:
        """Whether the engine, which must answer, runs without root's rights."""
        form, mark = ROOTLESS[engine]
        what = f"Choosing the runner {engine}"
        try:
            words = [self._program, "info", "--format", form]
            shown = subprocess.run(words, capture_output=True, text=True, timeout=INFO_SECONDS, check=False, env=_client())
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BackendError(what, str(error), f"start {engine}, or {OTHER}") from error
        if shown.returncode != 0:
            why = (shown.stderr.strip() or shown.stdout.strip()).splitlines()[-1:] or ["it does not say why"]
            raise BackendError(what, why[0], f"start {engine}, or {OTHER}")
        return mark in shown.stdout

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        if not command.image:
            return self._host.start(command)
        if ":" in str(command.ml):
            raise BackendError("Mounting /opt/ml", f"{command.ml} has a colon", "move the project to another folder")
        name = f"smp-{uuid.uuid4().hex[:16]}"
        file = command.log.parent / f".{name}.env"
        spec = {
            "words": [self._program, "run", *self._options(command, name, file), *_image_words(command)],
            "environment": {**_client(), **_long_variables(command.environment)},
            "folder": "/",
            "linux": sys.platform.startswith("linux"),
            "control": {
                "term": [self._program, "stop", "-t", "SECONDS", name],
                "kill": [self._program, "kill", name],
            },
            "remove": [str(file)],
        }
        _write_variables(file, command.environment)
        return start_supervised(spec, command, "supervise.py", slack=CLIENT_SECONDS)

    def _options(self, command: Command, name: str, file: Path) -> list[str]:
        inside = command.folder == ML or command.folder.startswith(f"{ML}/")
        return [
            *("--rm", "--init", "--name", name, "-v", f"{command.ml}:{ML}"),
            *(["--interactive"] if command.streams else []),
            *(["--tty"] if command.terminal else []),
            *(["-v", f"{PROGRAMS}:{PROGRAMS}:ro"] if any(Path(word).parent == PROGRAMS for word in command.words) else []),
            *(["-w", command.folder] if inside else []),
            *self._user,
            *self._labels,
            *(["-p", f"127.0.0.1:{command.port}:{SERVER_PORT}"] if command.port else []),
            *("--env-file", str(file)),
            *(word for each in _long_variables(command.environment) for word in ("-e", each)),
        ]


def _user() -> list[str]:
    return ["--user", f"{os.getuid()}:{os.getgid()}"]


def _image_words(command: Command) -> Iterator[str]:
    """The image, and what it runs."""
    if command.image.startswith("-"):
        raise StartError(f"{command.image!r} is not the name of an image")
    words = list(command.words)
    if not command.entry_point and words:
        yield from ("--entrypoint", words.pop(0))
    yield command.image
    yield from words


def _client() -> dict[str, str]:
    """What the engine's client needs of the caller's environment; containers see nothing of it."""
    return {name: value for name, value in os.environ.items() if name in CLIENT or name.startswith(CLIENT_PREFIXES)}


def _long_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of several lines, which a file cannot hold; the client hands them on from its own environment."""
    found = {name: value for name, value in environment.items() if "\n" in value}
    for name in found:
        if name in CLIENT or name.startswith(CLIENT_PREFIXES):
            raise StartError(f"the variable {name} must not have several lines")
    return found


def _write_variables(file: Path, environment: Mapping[str, str]) -> None:
    lines = [f"{name}={value}\n" for name, value in environment.items() if "\n" not in value]
    file.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as target:
        target.writelines(lines)
