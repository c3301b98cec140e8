"""What is never shown: a value and what it is called in, the value as it may be printed out.

A secret is known by its name, by the flag before it, by the user and password of a URL, or because an environment variable put it
where programs get their secrets: into `env` or `hyperparameters`.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.config.expressions import Expression, Join, written
from framework.config.values import pieces_of

HIDDEN = "(hidden)"
_SECRET = re.compile(
    r"secret|passw|passphrase|pass(?![a-z])|pwd|(?<!clientrequest)token(?!iz)|credential|api_?key|private_?key|access_?key"
    r"|auth(?!or(?!iz))|conn(?![a-z])|conn(ection)?_?(str|url|uri)|dsn(?![a-z])",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|(?<![a-z])pass|secret|token|credentials?|authorization|connection[_-]?string|dsn"
    r"|(?:api|private|access|account|encryption|shared|signing|secret|master)[_-]?key)\Z",
    re.IGNORECASE,
)
_WORDS_OF_MODELS = re.compile(
    r"(?:pad|eos|bos|unk|unknown|mask|sep|cls|stop|start|end|special|begin|image|audio|video|num|max|min|new|next|first|last|per"
    r"|prompt|response|instruction|user|assistant|system|tool|query|doc|document|label|lang|language|context|blank|prefix|suffix"
    r"|middle|separator|delimiter|word|text|target|source|sub)[_-]?token\Z",
    re.IGNORECASE,
)
_MEANT = r"(?![$<{*]|%[s(])"
"""What does not begin like something that a program puts a password into: $PASSWORD, {password}, <password>, %s."""

_CREDENTIALS = {
    "aws": ("an AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    "private": ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "github": ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{30,})"),
    "gitlab": ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "slack": ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "face": ("a Hugging Face token", r"\bhf_(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{30,}"),
    "google": ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    "sk": ("an API key", r"\bsk-(?:[A-Za-z0-9]{32,}|(?:proj|svcacct|admin|ant|or|lf)-[A-Za-z0-9_-]{32,})"),
    "stripe": ("an API key", r"\b[rs]k_(?:live|test)_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}"),
    "databricks": ("a Databricks token", r"\bdapi[0-9a-f]{32}"),
    "pypi": ("a PyPI token", r"\bpypi-AgEI[A-Za-z0-9_-]{40,}"),
    "jwt": ("a JSON web token", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\."),
    "azure": ("an account key", r"\bAccountKey=[A-Za-z0-9+/]{40,}"),
    "url": ("a URL with a password", rf"://[^/@\s:?#]*:{_MEANT}[^/@\s?#]+@(?!sha256:)"),
    "connection": ("a connection string with a password", rf"[;?&](?i:password|pwd)={_MEANT}[^;&\s]{{4,}}"),
}
_CREDENTIAL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, (_, pattern) in _CREDENTIALS.items()))
_MARKS = re.compile(
    r"AKIA|ASIA|PRIVATE|gh[pousr]_|github_pat_|glpat-|xox|hf_|AIza|sk-|k_[lt]|dapi|pypi-|eyJ|AccountKey|@|[;?&][pP]"
)
"""What one of them holds at least, which is found faster."""

_RANDOM = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
LEAST_ENTROPY = 4.5
"""Of a key, in bits a letter; the limit that detect-secrets takes for base64."""

_WORD = re.compile(r"[A-Z]?(?=[a-z]*[aeiouy])[a-z]{3,}")
_MOST_WORDS, _MOST_ORDER = 0.35, 0.4
"""How much of a key may by chance look like words, or like a piece of the alphabet. Of 19 in 20 keys of 40 letters less does."""


_FLAG = re.compile(r"(--?[A-Za-z][\w-]*)(=?)")
_USER = re.compile(r"(://)[^/@\s]+@")
_FOR_PROGRAMS = frozenset({
    "env", "hyperparameters", "Environment", "HyperParameters", "StaticHyperParameters", "parameters", "inputs",
    "container_arguments", "ContainerArguments", "args", "properties", "metadata", "PipelineParameterList", "PipelineParameters",
    "DefaultValue", "EnumValues",
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
    match = _CREDENTIAL.search(text) if _MARKS.search(text) else None
    return _CREDENTIALS[str(match.lastgroup)][0] if match else ""


def credentials(line: str) -> Iterator[tuple[int, int]]:
    """Where in a line a credential stands, or a word that looks like one, begin and end; what URLs hold is not looked at."""
    yield from (match.span() for match in _CREDENTIAL.finditer(line) if match.lastgroup != "url")
    yield from (match.span() for match in _RANDOM.finditer(line) if looks_random(match[0]))


def looks_random(text: str) -> bool:
    """Whether a text is one word of the kind that keys are made of: long, of all kinds of letters, and without a pattern."""
    if not _RANDOM.fullmatch(text) or not all(any(map(kind, text)) for kind in (str.islower, str.isupper, str.isdigit)):
        return False
    counts = [text.count(letter) / len(text) for letter in set(text)]
    in_words = sum(len(word) for word in _WORD.findall(text)) / len(text)
    in_order = sum(ord(second) - ord(first) == 1 for first, second in itertools.pairwise(text)) / len(text)
    disorder = -sum(share * math.log2(share) for share in counts)
    return disorder >= LEAST_ENTROPY and in_words < _MOST_WORDS and in_order < _MOST_ORDER and not decoded(text)


def decoded(text: str) -> str:
    """The text that base64 stands for; "" where it is no base64, or stands for something else than text."""
    if not _RANDOM.fullmatch(text):
        return ""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("ascii")
    except ValueError:  # binascii.Error and UnicodeDecodeError are such, and so is what text beyond ASCII gives
        return ""
    return plain if all(letter.isprintable() or letter.isspace() for letter in plain) else ""


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of parameters, without those that are secrets by their names or by what they look like."""
    return {name: HIDDEN if is_secret(name) else bare(_plain(value, False), True) for name, value in values.items()}


def bare(value: Any, for_programs: bool) -> Any:
    """A value without what looks like a credential, and where programs get it without what looks like a key."""
    if isinstance(value, Mapping):
        return {key: bare(item, for_programs) for key, item in value.items()}
    if isinstance(value, list):
        return [bare(item, for_programs) for item in value]
    if isinstance(value, str) and (credential_in(value) or (for_programs and looks_random(value))):
        return HIDDEN
    return value


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
    return _plain(value, is_for_programs(path))


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


def flagged(words: Sequence[Any]) -> Iterator[tuple[int, str, str]]:
    """The words of a command line that a flag names: the index, the flag, and what it gives (`--token x`, `--token=x`)."""
    before = ""
    for at, word in enumerate(words):
        flag = _FLAG.match(word) if isinstance(word, str) else None
        if flag is not None and flag[2]:
            yield at, flag[1], word[flag.end() :]
        elif flag is None and before and isinstance(word, str):
            yield at, before, word
        before = flag[1] if flag is not None and not flag[2] else ""


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
