"""Conditions: `${steps.evaluate.report.f1} >= 0.8 and not ${parameters.DryRun}`, read by a small parser; nothing is evaluated.

In: the text of a condition, its expressions already in their places. Out: the condition as the definition has it, or a
`ConditionError` that says what is wrong.

    or     = and ("or" and)*
    and    = not ("and" not)*
    not    = "not" not | "(" or ")" | test
    test   = operand (("==" | "!=" | ">" | ">=" | "<" | "<=") operand | ["not"] "in" "[" operand ("," operand)* "]")?
    operand = an expression, a number, true, false, or a text in quotes; what an environment variable holds
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framework.config.expressions import Expression, Join, written
from framework.config.values import pieces_of

Condition = dict[str, Any]

TYPES = {
    "==": "Equals",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEqualTo",
    "<": "LessThan",
    "<=": "LessThanOrEqualTo",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<operator>==|!=|>=|<=|>|<)|(?P<mark>[()\[\],])|(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?![\w.])"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<word>[A-Za-z_][\w.-]*)|(?P<other>\S))"
)
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_TRUTHS = {"true": True, "false": False}
_DEEPEST = 100
"""How many parentheses may be open at a time: they nest, and the parser with them."""
_DIGITS = 40
"""How long a number may be: more than any that can be told apart from others."""
_WORDS = frozenset({"and", "or", "not", "in"})

Token = tuple[str, Any]
_END: Token = ("end", None)


class ConditionError(ValueError):
    """A condition that cannot be read; says why."""


def read_conditions(value: Any) -> list[Condition]:
    """The conditions that a text with expressions stands for; they must hold together.

    Raises:
        ConditionError: it cannot be read.
    """
    parts = value.values if isinstance(value, Join) else (value,)
    reader = _Reader(list(_tokens(parts)))
    conditions = reader.together()
    if reader.peek()[0] == "or":
        conditions = [reader.alternatives(conditions)]
    if reader.peek() != _END:
        raise ConditionError(f"{_shown(reader.peek())} is not expected there")
    return conditions


@dataclass(slots=True)
class _Quoted:
    """A text in quotes that is being read; `mark` is the quote that opened it, "" when none is open."""

    mark: str = ""
    content: str = ""


def _tokens(parts: Sequence[Any]) -> Iterator[Token]:
    """The tokens of texts and expressions. What a variable held is one operand, or stands between the quotes around it."""
    quoted = _Quoted()
    for part, held in _pieces(parts):
        if isinstance(part, Expression) and quoted.mark:
            raise ConditionError(f"{written(part)} stands in quotes: expressions stand without them")
        if isinstance(part, Expression):
            yield ("operand", part)
        elif held and quoted.mark:
            quoted.content += part
        elif held:
            yield ("operand", _constant(part))
        else:
            yield from _of_text(part, quoted)
    if quoted.mark:
        raise ConditionError(f"{quoted.mark} is not closed")


def _of_text(text: str, quoted: _Quoted) -> Iterator[Token]:
    """The tokens of a piece of text; a quote that it opens, or has open from the pieces before, may end in a later one."""
    position = 0
    if quoted.mark:
        content, closed, _ = text.partition(quoted.mark)
        quoted.content += content
        if not closed:
            return
        yield ("operand", quoted.content)
        position, quoted.mark = len(content) + 1, ""
    while match := _TOKEN.match(text, position):
        position = match.end()
        kind = str(match.lastgroup)
        if kind == "other" and match[kind] in "'\"":
            quoted.mark, quoted.content = match[kind], text[position:]
            return
        yield _token(kind, match[kind])


def _pieces(parts: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
    for part in parts:
        yield from pieces_of(part) if isinstance(part, str) else ((part, False),)


def _constant(text: str) -> Any:
    """What a variable held: a number, true, false, or a text."""
    word = text.strip()
    if _NUMBER.fullmatch(word):
        return _number(word)
    return _TRUTHS.get(word.lower(), text)


def _token(kind: str, text: str) -> Token:
    if kind == "number":
        return ("operand", _number(text))
    if kind in {"single", "double"}:
        return ("operand", text)
    if kind == "word" and text.lower() in _TRUTHS:
        return ("operand", _TRUTHS[text.lower()])
    if kind == "word" and text.lower() in _WORDS:
        return (text.lower(), text)
    if kind == "word":
        raise ConditionError(f"the word {text} stands for nothing: write texts in quotes, and values as ${{…}}")
    if kind == "other":
        raise ConditionError(f"{text} is no part of a condition")
    return (text, text)


def _number(text: str) -> int | float:
    number = float(text) if len(text) <= _DIGITS else math.inf
    if not math.isfinite(number):
        raise ConditionError(f"the number {text[:12]}… is out of range")
    return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else number


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0

    def peek(self) -> Token:
        return self.tokens[self.position] if self.position < len(self.tokens) else _END

    def take(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def expect(self, kind: str) -> None:
        token = self.take()
        if token[0] != kind:
            raise ConditionError(f'"{kind}" is expected before {_shown(token)}')

    def alternatives(self, first: list[Condition] | None = None) -> Condition:
        found = [both(first or self.together())]
        while self.peek()[0] == "or":
            self.take()
            found.append(both(self.together()))
        return found[0] if len(found) == 1 else {"Type": "Or", "Conditions": found}

    def together(self) -> list[Condition]:
        found = [self.negation()]
        while self.peek()[0] == "and":
            self.take()
            found.append(self.negation())
        return found

    def negation(self) -> Condition:
        negated = False
        while self.peek()[0] == "not":
            self.take()
            negated = not negated
        condition = self.group() if self.peek()[0] == "(" else self.test()
        return opposite(condition) if negated else condition

    def group(self) -> Condition:
        self.expect("(")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ConditionError(f"more than {_DEEPEST} parentheses stand inside each other")
        condition = self.alternatives()
        self.expect(")")
        self.depth -= 1
        return condition

    def test(self) -> Condition:
        left = self.operand()
        kind = self.peek()[0]
        if kind in TYPES or kind == "!=":
            self.take()
            condition = {"Type": TYPES.get(kind, "Equals"), "LeftValue": left, "RightValue": self.operand()}
            return opposite(condition) if kind == "!=" else condition
        if kind in {"in", "not"}:
            if kind == "not":
                self.take()
            self.expect("in")
            condition = {"Type": "In", "QueryValue": left, "Values": self.choices()}
            return opposite(condition) if kind == "not" else condition
        if not isinstance(left, (Expression, bool)):
            raise ConditionError(f"{_shown(('operand', left))} is compared with nothing")
        return {"Type": "Equals", "LeftValue": left, "RightValue": True}

    def choices(self) -> list[Any]:
        self.expect("[")
        found = [self.operand()]
        while self.peek()[0] == ",":
            self.take()
            found.append(self.operand())
        self.expect("]")
        return found

    def operand(self) -> Any:
        token = self.take()
        if token[0] != "operand":
            raise ConditionError(
                f"a value is expected before {_shown(token)}" if token != _END else "a value is missing at the end"
            )
        return token[1]


def opposite(condition: Condition) -> Condition:
    """The condition that holds where another does not."""
    inner = condition.get("Condition")
    return inner if condition["Type"] == "Not" and inner else {"Type": "Not", "Condition": condition}


def both(conditions: Sequence[Condition]) -> Condition:
    """All of these: the definition has no And below its list of conditions, but not (not a or not b) says the same."""
    if len(conditions) == 1:
        return conditions[0]
    return opposite({"Type": "Or", "Conditions": [opposite(condition) for condition in conditions]})


def _shown(token: Token) -> str:
    if token == _END:
        return "the end"
    if token[0] != "operand":
        return str(token[1])
    return written(token[1]) if isinstance(token[1], Expression) else json.dumps(token[1], ensure_ascii=False)
