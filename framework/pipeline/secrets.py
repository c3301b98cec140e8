"""What is never shown: a value and what it is called in, the value as it may be printed out.

A secret is known by its name, by the flag before it, by the user and password of a URL, or because an environment variable put it
where programs get their secrets: into `env` or `hyperparameters`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.config.expressions import Expression, Join, written
from framework.config.values import pieces_of

HIDDEN = "(hidden)"
_SECRET = re.compile(
    r"secret|passw|passphrase|pass(?![a-z])|pwd|token(?!iz)|credential|api_?key|private_?key|access_?key"
    r"|auth(?!or(?!iz))|conn(?![a-z])|conn(ection)?_?(str|url|uri)|dsn(?![a-z])",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(--?[A-Za-z][\w-]*)(=?)")
_USER = re.compile(r"(://)[^/@\s]+@")
_FOR_PROGRAMS = frozenset({
    "env", "hyperparameters", "Environment", "HyperParameters", "StaticHyperParameters", "parameters", "inputs",
    "container_arguments", "ContainerArguments", "args", "properties", "metadata",
})  # fmt: skip
"""Keys of the configuration and of requests whose values programs get."""


def is_secret(name: str) -> bool:
    """Whether what is called so is not for everybody's eyes."""
    return _SECRET.search(name) is not None


def hidden(values: Mapping[str, str]) -> dict[str, str]:
    """The values, those hidden whose names say that they are secrets."""
    return {name: HIDDEN if is_secret(name) else value for name, value in values.items()}


def shown(value: Any, path: Sequence[str | int]) -> str:
    """A value that stands at a path, as it may be printed: text as it is, everything else as JSON."""
    if any(is_secret(str(part)) for part in path) or (_FOR_PROGRAMS.intersection(path) and _from_variable(value)):
        return HIDDEN
    plain = _plain(value, bool(_FOR_PROGRAMS.intersection(path)))
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def shown_data(value: Any, path: Sequence[str | int]) -> Any:
    """As `shown`, but what is no text stays what it is."""
    if any(is_secret(str(part)) for part in path):
        return HIDDEN
    return _plain(value, False)


def _from_variable(value: Any) -> bool:
    """Whether an environment variable has a part in a text."""
    parts = value.values if isinstance(value, Join) else (value,)
    return any(held for part in parts if isinstance(part, str) for _, held in pieces_of(part))


def _plain(value: Any, for_programs: bool) -> Any:
    if for_programs and _from_variable(value):
        return HIDDEN
    if isinstance(value, dict):
        named = is_secret(str(value.get("Key", "")))
        return {
            key: HIDDEN if is_secret(key) or (named and key == "Value") else _plain(item, for_programs or key in _FOR_PROGRAMS)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return list(_words([_plain(item, for_programs) for item in value]))
    if isinstance(value, (str, Expression)):
        return _USER.sub(rf"\1{HIDDEN}@", written(value))
    return value


def _words(words: Sequence[Any]) -> Iterator[Any]:
    """The elements of a list, those hidden that a flag gives a secret's name to: `--token x`, `--token=x`."""
    secret = False
    for word in words:
        flag = _FLAG.match(word) if isinstance(word, str) else None
        named = flag is not None and is_secret(flag[1])
        if flag is not None and named and flag[2]:
            yield f"{flag[1]}={HIDDEN}"
        else:
            yield HIDDEN if secret and flag is None else word
        secret = named and flag is not None and not flag[2]
