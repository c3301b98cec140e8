"""SMP705: lines of a requirements.txt that pip cannot read; SMP706: bundles of code that are very large."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from framework.findings import WARNING, Finding, Place, Rule, nearest
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

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_FOR_ONE = re.compile(r"\s+--(?:hash|config-settings?|global-option|install-option)\b.*$")
_URL = re.compile(r"(?:[a-z]+\+)?[a-z]+://|\$\{", re.IGNORECASE)
_PATH = re.compile(r"(?:\.{0,2}/|.*\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)(?:\[[^\]]*\])?\Z)")
_OPTION = re.compile(r"(-[a-zA-Z]|--[a-z-]+)(?:[ =]?\s*(.*))?\Z")
_OPTIONS = frozenset({
    "-i", "--index-url", "--pypi-url", "--extra-index-url", "--no-index", "-c", "--constraint", "-r", "--requirement",
    "-e", "--editable", "-f", "--find-links", "--no-binary", "--only-binary", "--prefer-binary",
    "--require-hashes", "--pre", "--trusted-host", "--use-feature", "--process-dependency-links",
})  # fmt: skip
_MOST_NAMED = 3


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """What is wrong with the requirements and the sizes of the source directories."""
    for source, files in pipeline.sources.items():
        for name in sorted(files):
            if name == "requirements.txt" or name.endswith("/requirements.txt"):
                yield from _lines(name, files, pipeline.config.root)
        yield from _size(source, files, pipeline)


def _lines(name: str, files: Mapping[str, Path], root: Path) -> Iterator[Finding]:
    path = files[name]
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        yield Finding(LINE, Place(shown), "the file is no text that pip can read", "save it as UTF-8")
        return
    for number, line in _joined(text):
        fault = _fault(line, name, files)
        if fault:
            yield Finding(LINE, Place(shown, number, 1), *fault)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments, those that end in a backslash joined with the next; each with its number."""
    begun, parts = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or number
        bare = _COMMENT.sub("", line)
        if bare.endswith("\\"):
            parts += bare[:-1]
            continue
        if (parts + bare).strip():
            yield begun, (parts + bare).strip()
        begun, parts = 0, ""
    if parts.strip():
        yield begun, parts.strip()


def _fault(line: str, name: str, files: Mapping[str, Path]) -> tuple[str, str] | None:
    """What is wrong with a line, and what to do."""
    option = _OPTION.match(line)
    if option:
        return _of_option(option[1], (option[2] or "").strip(), name, files)
    bare = _FOR_ONE.sub("", line)
    if _URL.match(bare) or _PATH.match(bare):
        return None
    from packaging.requirements import InvalidRequirement, Requirement  # 20 ms: only where there are requirements

    try:
        Requirement(bare)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        return f'pip cannot read "{_short(bare)}": {reason[:1].lower()}{reason[1:]}', "write NAME, or NAME==VERSION"
    return None


def _of_option(option: str, value: str, name: str, files: Mapping[str, Path]) -> tuple[str, str] | None:
    if option not in _OPTIONS:
        return f"pip knows no option {_short(option)} in a requirements file", nearest(option, _OPTIONS)
    if option in {"-r", "--requirement", "-c", "--constraint"} and not _URL.match(value):
        included = f"{name.rpartition('/')[0]}/{value}".lstrip("/").removeprefix("./")
        if included not in files:
            return f"{_short(value) or 'the file that it names'} is not in the bundle", "check the path, and .smpignore"
    return None


def _short(text: str) -> str:
    shown = re.sub(r"(://)[^/@\s]+@", r"\1…@", text)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _size(source: Path, files: Mapping[str, Path], pipeline: Pipeline) -> Iterator[Finding]:
    limit = pipeline.config.checks.max_bundle_mb
    sizes = sorted(((path.stat().st_size, name) for name, path in files.items()), key=lambda each: (-each[0], each[1]))
    total = sum(size for size, _ in sizes)
    if total > limit * 1e6:
        owners = [model for model in pipeline.config.models.values() if model.source_directory]
        place = min(model.source_place for model in owners if pipeline.config.root / str(model.source_directory) == source)
        largest = ", ".join(f"{name} ({_mb(size)})" for size, name in sizes[:_MOST_NAMED])
        message = f"the bundle of this source directory holds {_mb(total)}, more than {limit:g} MB; its largest files are {largest}"
        yield Finding(SIZE, place, message, "name what is not code in .smpignore", WARNING)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
