"""SMP705: lines of a requirements.txt that pip cannot read; SMP706: bundles of code that are very large."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from framework.checks.entry_points import entry_points, source_place
from framework.checks.requirement_lines import decoded, lines, read
from framework.findings import WARNING, Finding, Place, Rule
from framework.pipeline.build import Pipeline

LINE, SIZE = "SMP705", "SMP706"
RULES = (
    Rule(
        LINE,
        "Requirement that pip cannot read",
        "A line of a requirements.txt is no requirement, option or path that pip knows, or includes a file that the bundle does "
        "not hold, so the job fails before its script begins.",
        'Write "NAME", "NAME==VERSION", "NAME[EXTRA]>=VERSION", a URL, or an option such as "-r FILE".',
        source="pip, requirements file format; PEP 508",
    ),
    Rule(
        SIZE,
        "Very large bundle",
        "The source directory of a model is uploaded whole with each change of it, and unpacked by each job. Data, models and "
        "environments do not belong there.",
        "Name what is not code in .smpignore, or raise conf.checks.max_bundle_mb.",
        WARNING,
    ),
)

_MOST_NAMED = 3


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """What is wrong with the requirements of the scripts, and with the sizes of the source directories."""
    seen: set[Path] = set()
    for entry in entry_points(pipeline):
        todo = [entry.requirements] if entry.requirements else []
        while todo:
            name = todo.pop()
            if entry.files[name] not in seen:
                seen.add(entry.files[name])
                included: list[str] = []
                yield from _lines(name, entry.files, pipeline.config.root, included)
                todo += included
    for source in sorted({entry.source for entry in entry_points(pipeline)}):
        yield from _size(source, pipeline.sources[source], pipeline)


def _lines(name: str, files: Mapping[str, Path], root: Path, included: list[str]) -> Iterator[Finding]:
    """What is wrong with the lines of a file; what it includes is put into a list."""
    path = files[name]
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    try:
        text = decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError, LookupError):
        yield Finding(LINE, Place(shown), "the file is no text that pip can read", "save it as UTF-8")
        return
    for number, line in lines(text):
        reading = read(line, posixpath.dirname(name), files)
        included += [reading.includes] if reading.includes else []
        if reading.fault:
            yield Finding(LINE, Place(shown, number, 1), reading.fault, reading.hint)


def _size(source: Path, files: Mapping[str, Path], pipeline: Pipeline) -> Iterator[Finding]:
    limit = pipeline.config.checks.max_bundle_mb
    sizes = sorted(((path.stat().st_size, name) for name, path in files.items()), key=lambda each: (-each[0], each[1]))
    total = sum(size for size, _ in sizes)
    if total > limit * 1e6:
        place = source_place(pipeline, source)
        largest = ", ".join(f"{name} ({_mb(size)})" for size, name in sizes[:_MOST_NAMED])
        message = f"the bundle of this source directory holds {_mb(total)}, more than {limit:g} MB; its largest files are {largest}"
        yield Finding(SIZE, place, message, "name what is not code in .smpignore", WARNING)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
