"""A plan as a comment of a pull request: the plan's data in, Markdown in GitHub's dialect out.

What users wrote stands in `<code>`, all but letters and digits as character references: none of it is markup, a mention or a link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from framework.findings import printable
from framework.report.plan import NEXT, SIGNS, Data, beside, field_parts, heading, outlook, place_of, summary, title

LONGEST = 60_000
"""Characters; a comment on GitHub holds 65,536."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


def markdown(data: Data) -> str:
    """The plan as Markdown. What a comment has no room for is left out, from the end, and that is said."""
    head = f"### {_text(heading(data))}\n\n**{_text(summary(data))}**\n"
    parts = [part for part in (_changes(data), _next_run(data), _beside(data)) if part]
    details = [_details(change) for change in data["changes"] if change["fields"]]
    room = LONGEST - len(head) - sum(map(len, parts))
    kept: list[str] = []
    for each in details:
        if len(each) > room:
            break
        room -= len(each)
        kept.append(each)
    left = len(details) - len(kept)
    rest = [f"{left} more changes are not shown in detail: `smp plan` shows them.\n"] if left else []
    body = [*parts[:1], *kept, *rest, *parts[1:]]
    whole = "\n".join([head, *body])
    return whole if len(whole) <= LONGEST else f"{head}\nThe plan is too long for a comment: `smp plan` shows it.\n"


def _changes(data: Data) -> str:
    rows = [
        (SIGNS[change["action"]], _code(title(change)), _code(place_of(change) or _places(change))) for change in data["changes"]
    ]
    return _table(("", "What", "Where"), rows)


def _places(change: Data) -> str:
    """The lines that are behind the fields of a change, each once."""
    return ", ".join(dict.fromkeys(place for field in change["fields"] if (place := place_of(field))))


def _details(change: Data) -> str:
    rows = [
        (SIGNS[action], _code(path), _code(value), _code(place_of(field)))
        for field in change["fields"]
        for action, path, value in [field_parts(field)]
    ]
    table = _table(("", "Field", "Value", "Where"), rows)
    return f"<details>\n<summary>{_code(title(change))}</summary>\n\n{table}\n</details>\n"


def _next_run(data: Data) -> str:
    rows = [(NEXT[verdict][len(names) > 1], _code(", ".join(names)), _code(why)) for verdict, names, why in outlook(data)]
    if not rows:
        return ""
    table = _table(("The next execution", "Steps", "Why"), rows)
    return f"<details>\n<summary>The next execution</summary>\n\n{table}\n</details>\n"


def _beside(data: Data) -> str:
    return "".join(f"- {_code(line)}\n" for line in beside(data))


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = list(_rows(columns, rows))
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


def _rows(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    names = list(columns)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(_sign(cell) for cell in row)} |"


def _sign(cell: str) -> str:
    return _text(cell) if cell in SIGNS.values() else cell


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>" if text else ""


def _text(text: str) -> str:
    return "".join(char if char in _PLAIN else f"&#{ord(char)};" for char in printable(text))
