"""SMP704, SMP707: scripts that Python cannot read, and modules that hide Python's own. Scripts are parsed, never run."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from framework.checks.entry_points import EntryPoint, entry_points
from framework.findings import WARNING, Finding, Place, Rule
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
    "antigravity", "idlelib", "test", "this", "turtledemo",
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap",
    "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
})  # fmt: skip
"""Modules that nothing a job imports needs, and those that Python 3.12 and 3.13 no longer have (PEP 594)."""

_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """What is wrong with the scripts of the steps, and with what they import from their source directory."""
    read: dict[Path, ast.Module | SyntaxError | None] = {}
    said: set[Path] = set()
    for entry in entry_points(pipeline):
        todo, seen = [entry.script], {entry.script}
        while todo:
            name = todo.pop()
            path = entry.files[name]
            if path not in read:
                read[path] = _parsed(path)
            module = read[path]
            if isinstance(module, SyntaxError):
                if path not in said:
                    yield _finding(entry, name, path, module, pipeline.config.root)
                said.add(path)
            elif module is not None:
                new = [found for found in _imported(module, name, entry) if found not in seen]
                seen.update(new)
                todo += new
    for source, files in pipeline.sources.items():
        yield from _hiding(source, files, pipeline)


def _parsed(path: Path) -> ast.Module | SyntaxError | None:
    """The syntax tree of a script, or why there is none; None for one that cannot be looked at."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the script does; only whether it can be read is asked
            return ast.parse(path.read_bytes())
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
    severity = {} if name == entry.script else {"severity": WARNING}
    return Finding(SYNTAX, place, message, "correct the script", **severity)


def _imported(module: ast.Module, name: str, entry: EntryPoint) -> Iterator[str]:
    """The files of the source directory that a script imports, as far as its text tells."""
    folders = ["", posixpath.dirname(entry.script)]
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
            roots = folders
        elif isinstance(node, ast.ImportFrom):
            dotted = [node.module or "", *(f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names)]
            above = posixpath.dirname(name)
            for _ in range(node.level - 1):
                above = posixpath.dirname(above)
            roots = [above] if node.level else folders
        else:
            continue
        for root in roots:
            for each in dotted:
                path = posixpath.join(root, *each.split("."))
                yield from (file for file in (f"{path}.py", f"{path}/__init__.py") if each and file in entry.files)


def _hiding(source: Path, files: Mapping[str, Path], pipeline: Pipeline) -> Iterator[Finding]:
    for name in sorted(files):
        module = name.removesuffix(".py") if name.endswith(".py") else name.removesuffix("/__init__.py")
        if module != name and module in sys.stdlib_module_names - _HARMLESS:
            places = [model.source_place for model in pipeline.config.models.values() if model.source_directory]
            used = [
                model.source_place
                for model in pipeline.config.models.values()
                if model.source_directory and pipeline.config.root / model.source_directory == source
            ]
            place = min(used or places)
            yield Finding(HIDES, place, f"{name} hides the module {module} of Python itself", "rename the file", WARNING)
