"""A plan as text, in the manner of Terraform: the plan's data in, lines out, which are coloured on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TextIO

from framework.findings import Place, printable
from framework.report.plan_values import pair, short
from framework.report.text import size

Data = Mapping[str, Any]
SIGNS = {"add": "+", "change": "~", "move": ">", "remove": "-"}
STYLES = {"add": "green", "change": "yellow", "move": "cyan", "remove": "red", "run": "yellow", "reuse": "green"}
NEXT = {"run": ("runs", "run"), "reuse": ("reuses its result", "reuse their results")}
"""What one step does, and what several do."""

NAMED = 8
"""Of more steps that share a reason, so many are named."""

_SINGLE = ("role", "description", "display name", "parallelism")
"""What there is one of: its name says no more than what it is."""

_WORDS = ("add", "change", "remove")


class Line(NamedTuple):
    """A line, and what it is about: an action, a verdict, or ""."""

    text: str
    about: str = ""


def print_plan(data: Data, out: TextIO) -> None:
    """The plan; in colours where that is wanted."""
    if not out.isatty():
        out.writelines(f"{line.text}\n" for line in plan_lines(data))
        return
    from rich.console import Console  # 50 ms, for terminals only
    from rich.text import Text

    console = Console(file=out, highlight=False, soft_wrap=True)
    for line in plan_lines(data):
        console.print(Text(line.text, style=STYLES.get(line.about, "")))


def print_changes(changes: Iterable[Data], out: TextIO) -> None:
    """Changes without what they come to: how the one of two definitions becomes the other."""
    out.writelines(f"{line.text}\n" for change in changes for line in _change_lines(change))


def plan_lines(data: Data) -> list[Line]:
    """The plan as lines; the last one is its summary."""
    lines = [Line(heading(data)), *_block(line for change in data["changes"] for line in _change_lines(change))]
    lines += _block(_next_lines(data))
    lines += _block(Line(f"  {text}") for text in beside(data))
    return [*lines, Line(""), Line(summary(data))]


def heading(data: Data) -> str:
    """What the plan is about, as a sentence without a full stop."""
    done = {"create": "does not exist yet: it will be created", "update": "will be updated", "unchanged": "is as configured"}
    return printable(f"pipeline {data['pipeline']} {done[data['action']]}")


def summary(data: Data) -> str:
    """The plan in one sentence."""
    if not data["changes"] and not missing(data):
        return "No changes: the account is as the configuration says."
    counts = Counter(change["action"] for change in data["changes"])
    parts = [f"{counts[word]} to {word}" for word in _WORDS] + ([f"{counts['move']} to move"] if counts["move"] else [])
    next_run = Counter(step["verdict"] for step in data["nextRun"])
    again = "" if data["action"] == "create" else " again"
    runs = f"1 step runs{again}" if next_run["run"] == 1 else f"{next_run['run']} steps run{again}"
    reuses = "1 reuses its result" if next_run["reuse"] == 1 else f"{next_run['reuse']} reuse their results"
    absent = missing(data)
    sends = f"; {len(absent)} upload{'s' * (len(absent) > 1)} to send" if absent else ""
    return f"Plan: {', '.join(parts)}{sends}; {runs}, {reuses}."


def outlook(data: Data) -> list[tuple[str, list[str], str]]:
    """What becomes of the steps in the next execution: verdict, names of steps, and the reason that they share."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in data["nextRun"]:
        if step["verdict"] != "control":
            found.setdefault((step["verdict"], step["why"]), []).append(step["name"])
    return [(verdict, names, why) for (verdict, why), names in found.items()]


def missing(data: Data) -> list[Data]:
    """The uploads that are not in S3 yet."""
    return [upload for upload in data["uploads"] if upload.get("present", True) is False]


def beside(data: Data) -> list[str]:
    """What goes with the pipeline: uploads and registered models, as lines."""
    absent = missing(data)
    lines = []
    if data["uploads"]:
        sent = f", {size(sum(upload['bytes'] for upload in absent))}" if absent else ""
        unseen = sum(upload.get("present", True) is None for upload in data["uploads"])
        hidden = f"; whether {unseen} are there cannot be seen (allow s3:GetObject and s3:ListBucket)" if unseen else ""
        lines.append(f"uploads: {len(absent)} of {len(data['uploads'])} to send{sent}{hidden}")
    lines += [f"registered model {name}: {arn}" for name, arn in data["modelPackages"].items()]
    lines += [f"warning: {note}" for note in data.get("notes", ())]
    return [printable(line) for line in lines]


def title(change: Data) -> str:
    """What a change is about, in words."""
    if change["what"] in _SINGLE:
        return str(change["what"])
    kind = f" ({change['type']})" if change.get("type") else ""
    within = f" in {change['within']}" if change.get("within") and "movedFrom" not in change else ""
    return printable(f"{change['what']} {change['name']}{kind}{within}{_moved(change)}{_renamed(change)}")


def place_of(data: Data) -> str:
    """The line of the configuration behind a change or a field of one; "" where none is known."""
    return str(Place(data["file"], data["line"], data["column"])) if data.get("file") else ""


def field_parts(field: Data) -> tuple[str, str, str]:
    """A field as people read it: the action, the path, and the value or both values."""
    path = printable(field["path"])
    if "before" not in field:
        return "add", path, short(field["after"])
    if "after" not in field:
        return "remove", path, short(field["before"])
    return "change", path, " → ".join(pair(field["before"], field["after"]))


def _moved(change: Data) -> str:
    if "movedFrom" not in change:
        return ""
    return f", moved from {change['movedFrom'] or 'the pipeline'} into {change.get('within') or 'the pipeline'}"


def _renamed(change: Data) -> str:
    if not change.get("renamed"):
        return ""
    return f", which was called {change['renamed']}" if change["action"] == "add" else f", which will be called {change['renamed']}"


def _change_lines(change: Data) -> Iterator[Line]:
    action, fields = change["action"], change["fields"]
    if change["what"] in (*_SINGLE, "tag") and len(fields) == 1:
        _, _, value = field_parts(fields[0])
        yield Line(_with_place(f"  {SIGNS[action]} {title(change)}: {value}", {**fields[0], **change}), action)
        return
    yield Line(_with_place(f"  {SIGNS[action]} {title(change)}", change), action)
    for field in fields:
        kind, path, value = field_parts(field)
        yield Line(_with_place(f"      {SIGNS[kind]} {path}: {value}", field), kind)


def _with_place(text: str, data: Data) -> str:
    place = printable(place_of(data))
    return f"{text}  ({place})" if place else text


def _next_lines(data: Data) -> Iterator[Line]:
    told = outlook(data) if data["changes"] else []
    if told:
        yield Line("  the next execution:")
    for verdict, names, why in told:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        verb = NEXT[verdict][len(names) > 1]
        yield Line(printable(f"    {', '.join(names[:NAMED])}{more} {verb}: {why}"), verdict)


def _block(lines: Iterable[Line]) -> list[Line]:
    found = list(lines)
    return [Line(""), *found] if found else []
