"""The command that a step's job started last, kept in the step's folder so that a shell can be opened where it ran.

In: a command. Out: command.json, without the values that came from the caller's variables: those are taken from whoever opens the
shell, and lie on no disk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from framework.errors import BackendError
from framework.local.environment import callers_names
from framework.local.files import disk, read_json, temporary_beside
from framework.local.runners.base import Command

FILE = "command.json"


@dataclass(frozen=True)
class LastCommand:
    """A command as it was kept.

    Attributes:
        words: the program and its arguments.
        environment: the variables that did not come from the caller.
        callers: the names of those that did, or may.
        folder: its working directory, as it saw it.
        image: the container image that it ran in, or that it stood for; "" outside of containers.
        runner: the runner that started it, as `choose_runner` takes it.
        path: the step's folder, or that of one of its training jobs.
    """

    words: tuple[str, ...]
    environment: dict[str, str]
    callers: tuple[str, ...]
    folder: str
    image: str
    runner: str
    path: Path

    def variables(self) -> dict[str, str]:
        """The whole environment, with the values that the caller's variables have now."""
        return {**{name: os.environ[name] for name in self.callers if name in os.environ}, **self.environment}


def keep(folder: Path, command: Command, runner: str, allowed: Collection[str]) -> None:
    """Keeps a command; the disk is not waited for.

    Args:
        folder: the folder of its job.
        command: the command.
        runner: the name of the runner that starts it.
        allowed: names of the caller's variables that the configuration lets through.

    Raises:
        BackendError: the disk refuses.
    """
    names = callers_names(allowed=allowed)
    about = {
        "words": list(command.words),
        "environment": {
            name: value for name, value in command.environment.items() if name not in names or value != os.environ.get(name)
        },
        "callers": sorted(names | set(allowed)),
        "folder": command.folder,
        "image": command.image,
        "runner": runner,
    }
    with disk(f"Writing {folder / FILE}"), temporary_beside(folder / FILE) as path:
        path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        path.replace(folder / FILE)


def read(folder: Path) -> LastCommand | None:
    """The last command of a step, else that of its last training job whose files are kept; None when nothing was started.

    Args:
        folder: the step's folder.

    Raises:
        BackendError: the file cannot be read.
    """
    places = [folder, *sorted(folder.glob("trials/*"), reverse=True)]
    place = next((place for place in places if (place / FILE).is_file()), None)
    if place is None:
        return None
    try:
        kept = read_json(place / FILE)
        return LastCommand(**{**kept, "words": tuple(kept["words"]), "callers": tuple(kept["callers"])}, path=place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendError(f"Reading {place / FILE}", str(error)) from error
