"""What is never shown: a value and what it is called in, the value as it may be printed out.

A secret is known by its name, by the flag before it, by the user and password of a URL, or because an environment variable put it
where programs get their secrets: into `env` or `hyperparameters`.
"""

from __future__ import annotations

import json
import math
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
_GIVES = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|(?:api|private|access|account|encryption|shared|signing)[_-]?key"
    r"|connection[_-]?string|dsn)\Z",
    re.IGNORECASE,
)
_WORDS_OF_MODELS = re.compile(
    r"(?:pad|eos|bos|unk|mask|sep|cls|stop|start|end|special|begin|image|num|max|min|new)[_-]?token\Z", re.IGNORECASE
)
_CREDENTIALS = {
    "aws": ("an AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    "private": ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "github": ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{30,})"),
    "gitlab": ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "slack": ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "face": ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
    "google": ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    "sk": ("an API key", r"\bsk[-_](?:[a-z]+[-_])*[A-Za-z0-9_-]{20,}"),
    "jwt": ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."),
    "url": ("a URL with a password", r"://[^/@\s:]*:[^/@\s]+@"),
}
_CREDENTIAL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, (_, pattern) in _CREDENTIALS.items()))
_RANDOM = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
LEAST_ENTROPY = 4.5
"""Of a key, in bits a letter; the limit that detect-secrets takes for base64."""

_FLAG = re.compile(r"(--?[A-Za-z][\w-]*)(=?)")
_USER = re.compile(r"(://)[^/@\s]+@")
_FOR_PROGRAMS = frozenset({
    "env", "hyperparameters", "Environment", "HyperParameters", "StaticHyperParameters", "parameters", "inputs",
    "container_arguments", "ContainerArguments", "args", "properties", "metadata",
})  # fmt: skip
"""Keys of the configuration and of requests whose values programs get."""

_NAMES = ("Key", "Name", "ParameterName")
_VALUES = ("Value", "DefaultValue", "EnumValues")
"""What things that are named and have a value call the two."""


def is_secret(name: str) -> bool:
    """Whether what is called so is not for everybody's eyes."""
    return _SECRET.search(name) is not None


def gives_secret(name: str) -> bool:
    """Whether the value of what is called so is a secret itself: not its name or place, and no word of a language model."""
    return _GIVES.search(name) is not None and _WORDS_OF_MODELS.search(name) is None


def credential_in(text: str) -> str:
    """What kind of credential a text holds, as far as its form tells: "an AWS access key", …; "" for none."""
    match = _CREDENTIAL.search(text)
    return _CREDENTIALS[str(match.lastgroup)][0] if match else ""


def looks_random(text: str) -> bool:
    """Whether a text is one word of the kind that keys are made of: long, of all kinds of letters, and without a pattern."""
    if not _RANDOM.fullmatch(text) or not all(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdigit)):
        return False
    counts = [text.count(letter) / len(text) for letter in set(text)]
    return -sum(share * math.log2(share) for share in counts) >= LEAST_ENTROPY


def hidden(values: Mapping[str, str]) -> dict[str, str]:
    """The values, those hidden whose names say that they are secrets."""
    return {name: HIDDEN if is_secret(name) else value for name, value in values.items()}


def is_for_programs(path: Sequence[str | int]) -> bool:
    """Whether programs get what stands at a path."""
    return bool(_FOR_PROGRAMS.intersection(path))


def shown(value: Any, path: Sequence[str | int]) -> str:
    """A value that stands at a path, as it may be printed: text as it is, everything else as JSON."""
    if any(is_secret(str(part)) for part in path) or (is_for_programs(path) and _from_variable(value)):
        return HIDDEN
    plain = _plain(value, is_for_programs(path))
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
        named = any(is_secret(str(value.get(key, ""))) for key in _NAMES)
        return {
            key: HIDDEN if is_secret(key) or (named and key in _VALUES) else _plain(item, for_programs or key in _FOR_PROGRAMS)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return list(_words([_plain(item, for_programs) for item in value]))
    if isinstance(value, (str, Expression)):
        return _USER.sub(rf"\1{HIDDEN}@", written(value))
    return value


def flagged(words: Sequence[Any]) -> Iterator[int]:
    """The indices of the words of a command line that are secrets by the flag before them, or that they begin with."""
    secret = False
    for at, word in enumerate(words):
        flag = _FLAG.match(word) if isinstance(word, str) else None
        if flag is None and secret and isinstance(word, str):
            yield at
        secret = flag is not None and gives_secret(flag[1])
        if flag is not None and secret and flag[2]:
            yield at
            secret = False


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
