"""Environment variables in configuration values, substituted after parsing.

Two ways to write one: `${NAME}` anywhere (`${NAME:-default}` gives a default, `$${` is a literal `${`), and the older bare token
`SMP_NAME` standing as a whole part of a value, parts being separated by `/` in s3:// values and by `.` elsewhere.
A variable that is set to nothing counts as unset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.config.values import Map, Seq
from framework.config.values import Path as ValuePath
from framework.findings import WARNING, Finding, Place

OPTIONAL = frozenset(("conf", "sagemakerNetworkSecurity", key) for key in ("subnets", "security_groups_id", "kms_key"))
"""Values that are left out of the definition when their variable is unset."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_TOKEN = re.compile(r"SMP_[A-Z0-9_]+\Z")
_STRAY_TOKEN = re.compile(r"(?<![A-Za-z0-9_{$])SMP_[A-Z0-9_]+")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z")


class UnsetError(Exception):
    """A variable that has no value; carries its name."""


class MalformedError(Exception):
    """A `${` that is not an expression; carries the reason."""


def substitute(tree: Map, environment: Mapping[str, str]) -> tuple[Map, list[Finding]]:
    """The tree with its variables replaced, and a finding for each that is unset or malformed.

    Places stay those of the values as they were written. Keys are substituted only where they are s3:// URIs.
    """
    work = _Substitution(environment)
    result = work.container(tree, ())
    assert isinstance(result, Map)
    return result, work.findings


class _Substitution:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.findings: list[Finding] = []

    def container(self, tree: Map | Seq, path: ValuePath) -> Map | Seq:
        if isinstance(tree, Seq):
            items = Seq(tree.place)
            for index, item in enumerate(tree):
                place = tree.place_of(index)
                items.add(self.value(item, (*path, index), place), place, tree.raw.get(index))
            return items
        result = Map(tree.place)
        for key, value in tree.items():
            name = str(self.value(key, path, tree.key_place_of(key))) if key.startswith("s3://") else key
            place = tree.place_of(key)
            result.put(name, self.value(value, (*path, key), place), tree.key_place_of(key), place, tree.raw.get(key))
        return result

    def value(self, value: Any, path: ValuePath, place: Place) -> Any:
        if isinstance(value, (Map, Seq)):
            return self.container(value, path)
        if not isinstance(value, str) or ("$" not in value and "SMP_" not in value):
            return value
        try:
            return self._tokens(value, place) if "$" not in value else _expressions(value, self._lookup)
        except UnsetError as unset:
            return None if path[:3] in OPTIONAL else self._unset(str(unset), place)
        except MalformedError as malformed:
            self.findings.append(
                Finding("SMP110", place, f"{malformed} in {_quoted(value)}", "write ${NAME}, or $${ for a literal ${")
            )
            return value

    def _lookup(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not value:
            raise UnsetError(name)
        return value

    def _tokens(self, value: str, place: Place) -> str:
        separator = "/" if value.startswith("s3://") else "."
        parts = value.split(separator)
        replaced = [self._lookup(part) if _TOKEN.match(part) else part for part in parts]
        stray = next((match.group() for part in parts if not _TOKEN.match(part) for match in _STRAY_TOKEN.finditer(part)), None)
        if stray:
            message = f"{stray} is not a whole part of {_quoted(value)} and stays as it is"
            self.findings.append(Finding("SMP115", place, message, f"write ${{{stray}}}", WARNING))
        return separator.join(replaced)

    def _unset(self, name: str, place: Place) -> None:
        message = f"the environment variable {name} is not set"
        self.findings.append(Finding("SMP109", place, message, f'export {name}="…", or give a default: ${{{name}:-value}}'))


def _quoted(value: str) -> str:
    return f'"{value if len(value) <= 60 else value[:57] + "..."}"'


def _expressions(value: str, lookup: Any) -> str:
    """Replace each `${…}` of `value`; raises `UnsetError` or `MalformedError`."""
    out: list[str] = []
    position = 0
    while (start := value.find("${", position)) >= 0:
        if value[start - 1 : start] == "$" and start > position:
            out.append(value[position : start - 1] + "${")
            position = start + 2
            continue
        end = value.find("}", start)
        if end < 0:
            raise MalformedError('"${" without "}"')
        out.append(value[position:start])
        out.append(_expression(value[start + 2 : end], lookup))
        position = end + 1
    return "".join([*out, value[position:]])


def _expression(body: str, lookup: Any) -> str:
    name, has_default, default = body.partition(":-")
    if not _NAME.match(name):
        raise MalformedError(f'"${{{body}}}" names no environment variable')
    try:
        return str(lookup(name))
    except UnsetError:
        if has_default:
            return default
        raise


def read_env_file(path: Path, name: str) -> tuple[dict[str, str], list[Finding]]:
    """The variables of a file of `export NAME="value"` lines, as a shell would set them (no expansion), and findings."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        return {}, [Finding("SMP100", Place(name), f"the file cannot be read: {reason}", "check the path given to --env-file")]
    variables: dict[str, str] = {}
    findings = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _ASSIGNMENT.match(line)
        value = _unquoted(match[2].strip()) if match else None
        if match is None or value is None:
            findings.append(Finding("SMP110", Place(name, number, 1), "not an assignment", 'write export NAME="value"'))
        else:
            variables[match[1]] = value
    return variables, findings


def _unquoted(text: str) -> str | None:
    """The value of an assignment; None when its quotes are not closed or something follows them."""
    if text[:1] not in {'"', "'"}:
        return re.split(r"\s+#", text, maxsplit=1)[0].strip()
    quote = text[0]
    end = text.find(quote, 1)
    rest = text[end + 1 :].strip()
    return text[1:end] if end > 0 and (not rest or rest.startswith("#")) else None
