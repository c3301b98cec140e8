"""Environment variables and expressions in configuration values, put in their places after parsing.

Two ways to write a variable: `${NAME}` anywhere (`${NAME:-default}` gives a default, `$${` is a literal `${`), and the older bare
token `SMP_NAME` standing as a whole part of a value, parts being separated by `/` in s3:// values and by `.` elsewhere.
A variable that is set to nothing counts as unset. `${parameters.…}`, `${steps.…}` and the like become expressions, and text around
them a `Join`. What a variable holds is text and nothing else: it is never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.config.expressions import EVENT, ROOTS, Expression, ExpressionError, Join, is_event, is_expression, parse
from framework.config.values import Map, Seq, Text, is_utf8, pieces_of, quoted
from framework.config.values import Path as ValuePath
from framework.findings import WARNING, Finding, Place, nearest

OPTIONAL = frozenset(("conf", "sagemakerNetworkSecurity", key) for key in ("subnets", "security_groups_id", "kms_key"))
"""Values that are left out of the definition when their variable is unset."""

EVENTFUL = frozenset(("conf", "sagemakerPipeline", key) for key in ("triggers", "notifications"))
"""Where `${event.…}` can stand."""

ENVIRONMENT = Place("environment")
"""The place of variables that no file names: those of the settings that no file sets."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z")


def _variables(separator: str) -> re.Pattern[str]:
    """Everything in a value that is a variable, or looks like one."""
    return re.compile(
        r"(?P<escape>\$\$\{)|\$\{(?P<expression>[^}]*)\}|(?P<unclosed>\$\{)"
        rf"|(?<![^{separator}])(?P<token>SMP_[A-Z0-9_]+)(?![^{separator}])"
        r"|(?<![A-Za-z0-9_{])(?P<stray>SMP_[A-Z0-9_]+)(?![A-Za-z0-9_])"
    )


_IN_URI, _ELSEWHERE = _variables("/"), _variables(".")


class MalformedError(Exception):
    """A `${` that cannot be read; carries the reason, and what to write."""

    def __init__(self, reason: str, hint: str = "write ${NAME}, or $${ for a literal ${") -> None:
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Substituted:
    """A tree with its variables replaced.

    Attributes:
        findings: one for each variable that is unset, and for each value that cannot be read.
        unresolved: where the values stand that could not be replaced; they stay as they were written.
    """

    tree: Map
    findings: tuple[Finding, ...]
    unresolved: frozenset[Place]


def substitute(tree: Map, environment: Mapping[str, str]) -> Substituted:
    """Replace the variables in a tree.

    Places stay those of the values as they were written. Keys are substituted only where they are s3:// URIs.
    """
    work = _Substitution(environment)
    result = work.mapping(tree, ())
    unset = (_unset(name, sorted(places)) for name, places in work.unset.items())
    return Substituted(result, (*work.findings, *unset), frozenset(work.unresolved))


class _Substitution:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.findings: list[Finding] = []
        self.unset: dict[str, set[Place]] = {}
        self.unresolved: set[Place] = set()

    def mapping(self, tree: Map, path: ValuePath) -> Map:
        result = Map(tree.place)
        for key, value in tree.items():
            name = self._key(key, path, tree.key_place_of(key)) if key.startswith("s3://") else key
            place = tree.place_of(key)
            result.put(name, self.value(value, (*path, key), place), tree.key_place_of(key), place, tree.raw.get(key))
        result.replaced = tree.replaced
        return result

    def _key(self, key: str, path: ValuePath, place: Place) -> str:
        name = self.value(key, path, place)
        if isinstance(name, Expression):
            self.findings.append(
                Finding("SMP110", place, f"{quoted(key)} is a key, and a key cannot be an expression", "write it out")
            )
        return name if isinstance(name, str) else key

    def sequence(self, tree: Seq, path: ValuePath) -> Seq:
        result = Seq(tree.place)
        for index, item in enumerate(tree):
            place = tree.place_of(index)
            value = self.value(item, (*path, index), place)
            if value is not None or item is None:
                result.add(value, place, tree.raw.get(index))
        return result

    def value(self, value: Any, path: ValuePath, place: Place) -> Any:
        """The value with its variables replaced; None for one that may be left out and whose variable is unset."""
        if isinstance(value, Map):
            return self.mapping(value, path)
        if isinstance(value, Seq):
            return self.sequence(value, path)
        if not isinstance(value, str) or ("$" not in value and "SMP_" not in value):
            return value
        return self._text(value, path, place)

    def _text(self, value: str, path: ValuePath, place: Place) -> str | Expression | None:
        variables = _IN_URI if value.startswith("s3://") else _ELSEWHERE
        missing: list[str] = []
        try:
            result = _joined(list(self._parts(value, variables, missing, path[:3] in EVENTFUL)))
        except MalformedError as reason:
            self.findings.append(Finding("SMP110", place, f"{reason} in {quoted(value)}", reason.hint))
            self.unresolved.add(place)
            return value
        if missing and path[:3] in OPTIONAL:
            return None
        for name in missing:
            self.unset.setdefault(name, set()).add(place)
            self.unresolved.add(place)
        stray = next((match["stray"] for match in variables.finditer(value) if match["stray"]), None)
        if stray:
            message = f"{stray} is not a whole part of {quoted(value)} and stays as it is"
            self.findings.append(Finding("SMP115", place, message, f"write ${{{stray}}}", WARNING))
        return value if missing else result

    def _parts(self, value: str, variables: re.Pattern[str], missing: list[str], events: bool) -> Iterator[str | Expression]:
        """The texts and expressions that a value is made of."""
        position = 0
        for match in variables.finditer(value):
            yield value[position : match.start()]
            yield self._replacement(match, missing, events)
            position = match.end()
        yield value[position:]

    def _replacement(self, match: re.Match[str], missing: list[str], events: bool) -> str | Expression:
        kind = str(match.lastgroup)
        text = match[kind]
        if kind == "expression" and "${" in text:
            raise MalformedError(
                f'{quoted(f"${{{text}}}")} holds another "${{"', "write the one or the other: nothing can stand within ${…}"
            )
        if kind == "expression":
            known = is_expression(text) or (events and is_event(text))
            return _parsed(text) if known else Text([(self._variable(text, missing), True)])
        if kind == "token":
            return Text([(self._lookup(text, missing), True)])
        if kind == "unclosed":
            raise MalformedError('"${" without "}"')
        return "${" if kind == "escape" else text

    def _variable(self, body: str, missing: list[str]) -> str:
        name, has_default, default = body.partition(":-")
        if not _NAME.match(name):
            raise _no_variable(body)
        return self._held(name) or default if has_default else self._lookup(name, missing)

    def _lookup(self, name: str, missing: list[str]) -> str:
        value = self._held(name)
        if not value:
            missing.append(name)
        return value

    def _held(self, name: str) -> str:
        value = self.environment.get(name, "")
        if not is_utf8(value):
            raise MalformedError(f"what the environment variable {name} holds is not UTF-8 text, and needed", "set it in UTF-8")
        return value


def _no_variable(body: str) -> MalformedError:
    """What is wrong with a `${…}` that is neither a variable nor an expression; most likely its first word is misspelt."""
    shown = quoted(f"${{{body}}}")
    root = re.match(r"\s*([A-Za-z]+)\s*[.\[]", body)
    if root is None:
        return MalformedError(f"{shown} names no environment variable")
    if root[1] == "matrix":
        return MalformedError(f"{shown} stands in no unit that has a matrix", "give the unit a matrix, or name a value that it has")
    if root[1] == EVENT:
        hint = "give it to a parameter in a trigger, and write ${parameters.NAME}"
        return MalformedError(f"{shown} is known to triggers and notifications alone", hint)
    hint = nearest(root[1], ROOTS)
    return MalformedError(f"{shown} is no expression", hint if hint.startswith("one of") else f"${{{hint}.…}}")


def _parsed(text: str) -> Expression:
    try:
        return parse(text)
    except ExpressionError as error:
        where = f" (at character {error.offset + 1} of it)" if error.offset else ""
        raise MalformedError(f"{quoted(f'${{{text}}}')} cannot be read: {error}{where}", error.hint) from None


def _joined(parts: Sequence[str | Expression]) -> str | Expression:
    """The parts as one value: a text where all are texts, the expression where it stands alone, else a `Join`."""
    merged: list[str | Expression] = []
    for part in parts:
        last = merged[-1] if merged else None
        if isinstance(part, str) and isinstance(last, str):
            merged[-1] = _both(last, part)
        elif part != "":
            merged.append(part)
    if len(merged) == 1:
        return merged[0]
    return Join("", tuple(merged)) if merged else ""


def _both(one: str, other: str) -> str:
    """Two texts in one, which remembers what of it variables held."""
    if not isinstance(one, Text) and not isinstance(other, Text):
        return one + other
    return Text([piece for piece in (*pieces_of(one), *pieces_of(other)) if piece[0]])


def _unset(name: str, places: list[Place]) -> Finding:
    others = f"; {len(places) - 1} more value{'s' if len(places) > 2 else ''} need{'s' if len(places) == 2 else ''} it"
    message = f"the environment variable {name} is not set{others if len(places) > 1 else ''}"
    default = "" if places[0] == ENVIRONMENT else f", or give a default: ${{{name}:-value}}"
    return Finding("SMP109", places[0], message, f'export {name}="…"{default}')


def read_env_file(path: Path, name: str) -> tuple[dict[str, str], list[Finding]]:
    """The variables of a file of `export NAME="value"` lines, as a shell would set them (no expansion), and findings."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
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
            message = "the quotes do not enclose the whole value" if match else "not an assignment"
            findings.append(Finding("SMP110", Place(name, number, 1), message, 'write export NAME="value"'))
        else:
            variables[match[1]] = value
    return variables, findings


def _unquoted(text: str) -> str | None:
    """The value of an assignment; None when its quotes are not closed or something follows them."""
    if text[:1] not in {'"', "'"}:
        return re.split(r"\s+#", text, maxsplit=1)[0]
    quote = text[0]
    end = text.find(quote, 1)
    rest = text[end + 1 :].strip()
    return text[1:end] if end > 0 and (not rest or rest.startswith("#")) else None
