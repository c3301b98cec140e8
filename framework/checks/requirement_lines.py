"""A requirements file as pip reads it: its bytes in; its lines, what is wrong with each, and what it includes out.

pip's own parser is no library. This does what it does, and nothing is fetched: what lies elsewhere is taken to be there.
"""

from __future__ import annotations

import codecs
import posixpath
import re
import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from optparse import OptionParser, Values
from typing import Any, NoReturn

from framework.findings import nearest
from framework.pipeline.masking import mask

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_URL = re.compile(r"(?:https?|file|ftp|ssh|sftp|git|hg|bzr|svn|(?:git|hg|bzr|svn)\+[a-z]+):", re.IGNORECASE)
_VERSION_CONTROL = re.compile(r"(?:ssh|sftp|git|hg|bzr|svn|(?:git|hg|bzr|svn)\+[a-z]+):", re.IGNORECASE)
_ARCHIVE = re.compile(r".*\.(?:zip|whl|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))", re.IGNORECASE)
_EXTRAS = re.compile(r"(.+)\[[^\]]+\]")
_HASH = re.compile(r"sha(?:256|384|512):.*")
_ONE_EQUALS = re.compile(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*=[^=]")
_USER = re.compile(r"[^\s/@]*:[^\s/@]+@|(?<=://)[^\s/@]+@")
_PROJECT = ("setup.py", "pyproject.toml")

_FLAGS = (("--no-index",), ("--prefer-binary",), ("--require-hashes",), ("--pre",))
_VALUED = (
    ("-i", "--index-url", "--pypi-url"), ("--extra-index-url",), ("-c", "--constraint"), ("-r", "--requirement"),
    ("-e", "--editable"), ("-f", "--find-links"), ("--no-binary",), ("--only-binary",), ("--trusted-host",), ("--use-feature",),
    ("--global-option",), ("--install-option",), ("--hash",), ("-C", "--config-settings"),
)  # fmt: skip
OPTIONS = frozenset(name for names in (*_FLAGS, *_VALUED) for name in names)
"""What pip, of some version that images have, knows in a requirements file."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What pip makes of a line: what is wrong and what to do about it, or the file that it includes; "" for what there is not."""

    fault: str = ""
    hint: str = ""
    includes: str = ""


def decoded(data: bytes) -> str:
    """The text of a requirements file.

    Raises:
        UnicodeDecodeError: pip cannot read it.
        LookupError: it names an encoding that does not exist.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    for line in data.split(b"\n")[:2]:
        named = _CODING.search(line) if line.startswith(b"#") else None
        if named:
            return data.decode(named[1].decode("ascii"))
    return data.decode()


def lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments, those that end in a backslash joined with the next; each with its number."""
    for number, line in _joined(enumerate(text.splitlines(), 1)):
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield number, bare


def _joined(numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    begun, parts = 0, list[str]()
    for number, line in numbered:
        comment = _COMMENT.match(line) is not None
        begun = begun if parts else number
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        yield begun, "".join([*parts, f" {line}" if comment else line])
        parts = []
    if parts:
        yield begun, "".join(parts)


def read(line: str, folder: str, files: Collection[str]) -> Reading:
    """What pip makes of a line.

    Args:
        line: one of `lines`.
        folder: where its file lies in the bundle; "" for the top.
        files: the files of the bundle. pip runs at its top.
    """
    if _VARIABLE.search(line):
        return Reading()  # the variable is put in where the job runs
    words = line.split(" ")
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    named = " ".join(words[:first]).strip()
    try:
        options = _parser().parse_args(shlex.split(" ".join(words[first:])), _defaults())[0]
    except _OptionError as error:
        return Reading(f"{_shown(line)}: {error}", _cure(str(error)))
    except ValueError:
        return Reading(f"{_shown(line)}: a quote is not closed", "close it")
    if named:
        return _named(named, files)
    if options.editable:
        return _editable(options.editable[0], files)
    return _including([*options.requirement, *options.constraint], folder, files)


def _including(paths: list[str], folder: str, files: Collection[str]) -> Reading:
    if not paths or _URL.match(paths[0]) or paths[0].startswith("/"):
        return Reading()
    path = posixpath.normpath(posixpath.join(folder, paths[0]))
    return Reading(includes=path) if path in files else Reading(f"{_short(paths[0])} {_NOT_THERE[0]}", _NOT_THERE[1])


_NOT_THERE = ("is not in the bundle", "check the path, and .smpignore")


def _named(text: str, files: Collection[str]) -> Reading:
    """A requirement: a URL, an archive, a folder, or a name with what goes with it."""
    if _URL.match(text):
        return Reading()
    name, _, marker = (part.strip() for part in text.partition(";"))
    extras = _EXTRAS.fullmatch(name)
    path = extras[1] if extras else name
    place = posixpath.normpath(path)
    is_path = "/" in name or name.startswith(".")
    if path.startswith("/"):
        return Reading()
    if is_path and _is_folder(place, files):
        return _project(place, path, files)
    before = name.partition("@")[0]
    if _ARCHIVE.fullmatch(path) and not ("@" in name and "/" not in before and not before.startswith(".")):
        return Reading() if place in files else Reading(f"{_short(path)} {_NOT_THERE[0]}", _NOT_THERE[1])
    if _is_requirement(text if marker else name):
        return Reading()
    if is_path and "@" not in name:
        return Reading(f"{_short(path)} {_NOT_THERE[0]}", _NOT_THERE[1])
    if ";" in text and _is_requirement(name):
        return Reading(
            f"{_shown(text)}: what stands behind the semicolon is no marker", 'write one such as python_version < "3.12"'
        )
    cure = "write == for an exact version" if _ONE_EQUALS.match(name) else "write NAME, NAME==VERSION, or NAME @ URL"
    return Reading(f"{_shown(text)}: it is no requirement", cure)


def _is_requirement(text: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement  # 20 ms: only where there are requirements

    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _editable(given: str, files: Collection[str]) -> Reading:
    extras = _EXTRAS.fullmatch(given)
    path = extras[1] if extras else given
    place = posixpath.normpath(path)
    if _VERSION_CONTROL.match(path) or path.lower().startswith("file:") or path.startswith("/"):
        return Reading()
    if _is_folder(place, files):
        return _project(place, path, files)
    if "/" in path or path.startswith("."):
        return Reading(f"{_short(path)} {_NOT_THERE[0]}", _NOT_THERE[1])
    return Reading(f"{_short(path)} is no folder and no repository, which -e takes", "write -e ./FOLDER, or leave -e out")


def _is_folder(place: str, files: Collection[str]) -> bool:
    return place == "." or any(name.startswith(f"{place}/") for name in files)


def _project(place: str, path: str, files: Collection[str]) -> Reading:
    if any(posixpath.normpath(f"{place}/{name}") in files for name in _PROJECT):
        return Reading()
    return Reading(f"{_short(path)} holds no setup.py and no pyproject.toml", "name a folder that pip can install")


class _OptionError(Exception):
    """An option that pip does not know, or cannot read."""


class _Parser(OptionParser):
    def error(self, msg: str) -> NoReturn:
        raise _OptionError(msg)


@cache
def _parser() -> _Parser:
    parser = _Parser(add_help_option=False)
    for flag in _FLAGS:
        parser.add_option(*flag, action="store_true")
    for names in _VALUED:
        dest = max(names, key=len).strip("-").replace("-", "_") if len(names) < 3 else "index_url"
        parser.add_option(*names, action="callback", type="str", callback=_take, dest=dest, default=[])
    return parser


def _defaults() -> Values:
    values = _parser().get_default_values()
    for name in vars(values):
        setattr(values, name, [])
    return values


def _take(option: Any, name: str, value: str, parser: Any) -> None:
    if option.dest == "hash" and not _HASH.fullmatch(value):
        raise _OptionError(f"{name} takes sha256:DIGEST, sha384:… or sha512:…")
    if option.dest == "config_settings" and "=" not in value:
        raise _OptionError(f"{name} takes KEY=VALUE")
    getattr(parser.values, option.dest).append(value)


def _cure(error: str) -> str:
    unknown = error.removeprefix("no such option: ")
    return nearest(unknown, OPTIONS) if unknown != error else ""


def _shown(line: str) -> str:
    return f'pip cannot read "{_short(line)}"'


def _short(text: str) -> str:
    shown = _USER.sub("…@", mask(text))
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
