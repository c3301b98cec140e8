"""SMP704, SMP707: scripts that Python cannot read, and modules that hide Python's own. Scripts are parsed, never run."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from framework.checks.entry_points import EntryPoint, entry_points, source_place
from framework.findings import ERROR, WARNING, Finding, Place, Rule
from framework.pipeline.build import Pipeline

SYNTAX, HIDES = "SMP704", "SMP707"
RULES = (
    Rule(
        SYNTAX,
        "Script that is no valid Python",
        "The script of a step, or a module of the source directory that it imports, cannot be parsed, so the job fails when it "
        "starts. It is parsed with the Python that runs this tool; a script for a newer one may be right. A module that is only "
        "imported is warned of, because the import may be guarded.",
        "Correct the script.",
    ),
    Rule(
        HIDES,
        "Module that hides one of Python's own",
        "Scripts run as modules from the source directory, which Python searches first: a logging.py at its top is imported "
        "wherever the script, or a library, imports logging.",
        "Rename the file.",
        WARNING,
    ),
)

_HARMLESS = frozenset({
    "__hello__", "__phello__", "antigravity", "idlelib", "test", "this", "turtle", "turtledemo",
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap",
    "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
    "annotationlib", "compression", "tomllib",
})  # fmt: skip
"""Modules that nothing a job imports needs, and those that not every Python from 3.10 on has (PEP 594, 680, 749, 784)."""

_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """What is wrong with the scripts of the steps, and with what they import from their source directory."""
    scripts, said = _Scripts(), set[Path]()
    entries = list(entry_points(pipeline))
    imported = ((entry, name) for entry in entries for name in scripts.imported_by(entry))
    for entry, name in chain(((entry, entry.script) for entry in entries), imported):  # a script that is run fails for certain
        path = entry.files[name]
        error = scripts.read(path)
        if isinstance(error, SyntaxError) and path not in said:
            said.add(path)
            yield _finding(entry, name, path, error, pipeline.config.root)
    for source in sorted({entry.source for entry in entries}):
        yield from _hiding(source, pipeline.sources[source], pipeline)


class _Scripts:
    """Reads each script once."""

    def __init__(self) -> None:
        self._read: dict[Path, ast.Module | SyntaxError | None] = {}

    def read(self, path: Path) -> ast.Module | SyntaxError | None:
        """The syntax tree of a script, or why there is none; None for one that cannot be looked at."""
        if path not in self._read:
            self._read[path] = parsed(path)
        return self._read[path]

    def imported_by(self, entry: EntryPoint) -> Iterator[str]:
        """The files of the source directory that a script imports, or what it imports does, as far as their texts tell."""
        todo, seen = [entry.script], {entry.script}
        while todo:
            name = todo.pop()
            module = self.read(entry.files[name])
            if isinstance(module, ast.Module):
                new = sorted({found for found in _imported(module, name, entry) if found in entry.files} - seen)
                seen.update(new)
                todo += new
                yield from new


def parsed(path: Path) -> ast.Module | SyntaxError | None:
    """The syntax tree of a script, or why there is none; None for one that cannot be looked at. Nothing of it is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the script does; only whether it can be read is asked
            tree = ast.parse(path.read_bytes())
            compile(tree, path.name, "exec", dont_inherit=True)  # finds what the grammar allows: a return outside of a function
            return tree
    except SyntaxError as error:
        return error
    except ValueError as error:  # null bytes, before Python 3.12
        return SyntaxError(str(error))
    except (OSError, RecursionError, MemoryError):
        return None


def _finding(entry: EntryPoint, name: str, path: Path, error: SyntaxError, root: Path) -> Finding:
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    place = Place(shown, max(error.lineno or 1, 1), max(error.offset or 1, 1))
    does = "runs" if name == entry.script else f"runs {entry.script}, which may import"
    message = f"{entry.owner} {does} {name}, and Python {_VERSION} cannot read it: {error.msg}"
    return Finding(SYNTAX, place, message, "correct the script", ERROR if name == entry.script else WARNING)


def _imported(module: ast.Module, name: str, entry: EntryPoint) -> Iterator[str]:
    """The files that a script would import: modules, and the packages that they stand in."""
    folders = ["", posixpath.dirname(entry.script)]
    if name == entry.script:  # it runs as a module
        yield from _files("", posixpath.dirname(name).split("/"))
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            dotted, roots = [alias.name for alias in node.names], folders
        elif isinstance(node, ast.ImportFrom):
            above = posixpath.join(posixpath.dirname(name), *[".."] * (node.level - 1))
            dotted = [".".join(filter(None, (node.module, alias.name))) for alias in node.names]
            roots = [posixpath.normpath(above)] if node.level else folders
        else:
            continue
        for root in roots:
            for each in dotted:
                yield from _files(root, each.split("."))


def _files(root: str, parts: Sequence[str]) -> Iterator[str]:
    for length in range(1, len(parts) + 1):
        path = posixpath.normpath(posixpath.join(root, *parts[:length]))
        yield from (f"{path}.py", f"{path}/__init__.py")


def _hiding(source: Path, files: Mapping[str, Path], pipeline: Pipeline) -> Iterator[Finding]:
    for name in sorted(files):
        module = name.removesuffix(".py").removesuffix("/__init__")
        if name.endswith(".py") and module in sys.stdlib_module_names - _HARMLESS:
            message = f"{name} hides the module {module} of Python itself"
            yield Finding(HIDES, source_place(pipeline, source), message, "rename the file", WARNING)
