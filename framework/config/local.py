"""What the configuration says of local runs, `conf.local`, given types and absolute paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framework.config.model import Local
from framework.config.paths import is_file
from framework.config.values import Map


def local_runs(given: Any, root: Path) -> Local:
    """The settings that `conf.local` makes; what is not of the right type has been said by its schema and is passed over."""
    local = _map(given)
    return Local(
        data=tuple(sorted((prefix, str(root / _text(folder))) for prefix, folder in _map(local.get("data")).items())),
        images=tuple((pattern, _stand_in(_map(entry), root)) for pattern, entry in _map(local.get("images")).items()),
        lambdas=tuple((pattern, str(root / _text(handler))) for pattern, handler in _map(local.get("lambdas")).items()),
        environment=tuple(_texts(local.get("environment"))),
    )


def _stand_in(given: Map, root: Path) -> dict[str, Any]:
    """What stands for an image: an interpreter with a slash in it is a path, one without is looked up on the PATH.

    Commands run in an empty folder, so a word of theirs that is the path of a project's file is made absolute.
    """
    python = _text(given.get("python"))
    commands = {name: tuple(_word(text, root) for text in _texts(given.get(name))) for name in ("process", "train", "serve")}
    environment = tuple((name, _text(value)) for name, value in _map(given.get("environment")).items())
    return {"python": str(root / python) if "/" in python else python, **commands, "environment": environment}


def _word(text: str, root: Path) -> str:
    return str(root / text) if "/" in text and is_file(root / text) else text


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
