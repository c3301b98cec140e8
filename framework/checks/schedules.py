"""Schedule expressions of EventBridge Scheduler, read without asking it: cron(…), rate(…), at(…), and time zones.

In: a text. Out: what is wrong with it and what to write, or None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from framework.findings import nearest

Fault = tuple[str, str]
"""What is wrong, which goes on behind the name of what is wrong, and a hint."""

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_UNITS = ("minute", "minutes", "hour", "hours", "day", "days")
_FORMS = "write cron(0 3 * * ? *), rate(12 hours) or at(2030-01-31T12:00:00)"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a cron expression: what its values are, and the words that it has beside them."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)
    words: str = ""

    def number(self, text: str) -> int | None:
        """The value that a text stands for; None where it stands for none."""
        value = self.names.get(text, int(text) if re.fullmatch("[0-9]{1,4}", text) else -1)
        return value if self.low <= value <= self.high else None

    @property
    def legal(self) -> str:
        """What may stand there, in words."""
        names = f" or {' to '.join([*self.names][:: len(self.names) - 1])}" if self.names else ""
        return f"{self.low} to {self.high}{names}, lists (1,2), ranges (1-5), steps (*/5)"


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31, words=r"\?|L|LW|L-[0-9]{1,2}|(?P<near>[0-9]{1,2})W"),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(
        "day of the week",
        1,
        7,
        {name: number for number, name in enumerate(_DAYS, 1)},
        r"\?|L|(?P<last>[1-7]|[A-Z]{3})L|(?P<nth>[1-7]|[A-Z]{3})#[1-5]",
    ),
    _Field("year", 1970, 2199),
)
_MONTH_DAY, _MONTH, _WEEK_DAY = 2, 3, 4


def schedule_fault(text: str) -> Fault | None:
    """What is wrong with a schedule expression."""
    match = re.fullmatch(r"(cron|rate|at)\((.*)\)", text, re.DOTALL)
    if match is None:
        cron = len(text.split()) in {5, 6} and re.fullmatch(r"[0-9A-Za-z*?/,#\s-]+", text)
        return "is no schedule", _as_cron(text.split()) if cron else _FORMS
    return {"cron": _cron, "rate": _rate, "at": _at}[match[1]](match[2])


def timezone_fault(name: str) -> Fault | None:
    """What is wrong with the name of a time zone. Where this machine has no list of them, nothing is."""
    import zoneinfo  # 4 ms: only for configurations that name a time zone

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        return ("is no time zone", nearest(name, known) or "a name such as Europe/Vienna, or UTC") if known else None
    return None


def _rate(body: str) -> Fault | None:
    match = re.fullmatch(r"([0-9]+) +([a-z]+)", body)
    if match is None or match[2] not in _UNITS:
        return "is no rate", f"write a number and {', '.join(_UNITS[1::2][:2])} or {_UNITS[-1]}, such as rate(12 hours)"
    return ("has a rate of nothing", "a number of at least 1") if int(match[1]) == 0 else None


def _at(body: str) -> Fault | None:
    hint = "write at(2030-01-31T12:00:00); the time zone goes into timezone"
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", body):
        return "is no point in time", hint
    try:
        datetime.strptime(body, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return "is no point in time", hint
    return None


def _cron(body: str) -> Fault | None:
    fields = body.upper().split()
    if len(fields) != len(_FIELDS):
        missing = f"has {len(fields)} field{'s' if len(fields) != 1 else ''}, and not six"
        return missing, _as_cron(body.split()) if len(fields) == 5 else "write cron(minutes hours day month weekday year)"
    for kind, text in zip(_FIELDS, fields, strict=True):
        wrong = _field(kind, text)
        if wrong:
            return wrong
    return _days(fields)


def _field(kind: _Field, text: str) -> Fault | None:
    parts = text.split(",")
    for part in parts:
        if kind.words and (word := re.fullmatch(kind.words, part)):
            named = next((value for value in word.groupdict().values() if value), None)
            if (named is None or kind.number(named) is not None) and (len(parts) == 1 or part == "L"):
                continue
            return f'has "{part}" as {kind.name}', f"{kind.legal}; {part} stands alone"
        if not _plain(kind, part):
            return f'has "{part}" as {kind.name}', kind.legal
    return None


def _plain(kind: _Field, part: str) -> bool:
    """Whether a part is a value, a range or all, with or without steps."""
    start, slash, step = part.partition("/")
    if slash and not (re.fullmatch("[0-9]{1,4}", step) and 1 <= int(step) <= kind.high):
        return False
    low, dash, high = start.partition("-")
    if not dash:
        return start == "*" or kind.number(start) is not None
    first, last = kind.number(low), kind.number(high)
    return first is not None and last is not None and (first <= last or bool(kind.names))


def _days(fields: Sequence[str]) -> Fault | None:
    """What is wrong with the days together: one of the two must be said, and there must be such a day."""
    unsaid = [fields[at] for at in (_MONTH_DAY, _WEEK_DAY)].count("?")
    if unsaid == 0:
        return "says both the day of the month and the day of the week", "put ? in place of one of them"
    if unsaid == 2:
        return "says neither the day of the month nor the day of the week", "put * in place of one ?"
    days, months = fields[_MONTH_DAY].split(","), [_FIELDS[_MONTH].number(part) for part in fields[_MONTH].split(",")]
    if all(day.isdigit() for day in days) and all(months):
        longest = max(_LONGEST[month - 1] for month in months if month)
        if min(map(int, days)) > longest:
            return "means a day that no such month has", f"a day of at most {longest}"
    return None


def _as_cron(fields: Sequence[str]) -> str:
    """What the fields of another cron are here, where that is certain: its days of the week have other numbers."""
    if len(fields) == 6:
        return f"write cron({' '.join(fields)})"
    if len(fields) == 5 and fields[4] in {"*", "?"}:
        return f"write cron({' '.join(fields[:4])} ? *)"
    if len(fields) == 5 and fields[2] == "*" and not re.search("[0-9]", fields[4]):
        return f"write cron({fields[0]} {fields[1]} ? {fields[3]} {fields[4].upper()} *)"
    return "write cron(minutes hours day month weekday year), with ? for the one of the days that is not said and 1 for Sunday"
