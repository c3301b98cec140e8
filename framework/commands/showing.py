"""How findings are shown: with the lines that they point at, read from the project's files, and without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TextIO

import click

from framework.commands import options
from framework.config.reader import MAX_BYTES
from framework.findings import Finding

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Where YAML begins a new line."""


def report(ctx: click.Context, findings: Sequence[Finding], out: TextIO | None = None) -> str:
    """Findings in the format that was asked for, for a stream or for a file."""
    if options.style(ctx) == "text":
        return for_people(ctx, findings, out)
    from framework.checks.catalogue import RULES
    from framework.report.findings import for_programs

    return for_programs(options.style(ctx), findings, RULES, _seen_from_here(options.root(ctx)))


def for_people(ctx: click.Context, findings: Sequence[Finding], out: TextIO | None = None) -> str:
    """Findings as text, in colour and as wide as the window on a terminal."""
    if not findings:
        return ""
    from framework.pipeline.masking import mask  # 10 ms, with the others, that a command without findings has no use for
    from framework.report import live
    from framework.report.findings import WIDTH, Look, as_text

    colour = out is not None and live.wanted(out, os.environ)
    return as_text(findings, Look(ProjectLines(options.root(ctx)), cache(mask), _columns(out, WIDTH), colour))


def _columns(out: TextIO | None, otherwise: int) -> int:
    """How wide the window is that a stream goes to."""
    if out is None or not out.isatty():
        return otherwise
    try:
        return os.get_terminal_size(out.fileno()).columns or otherwise
    except (OSError, ValueError):
        return otherwise


def _seen_from_here(root: Path) -> str:
    """The root as a path from the current folder; "" where it does not lie below that."""
    here, there = Path.cwd(), Path(os.path.normpath(root.absolute()))
    return there.relative_to(here).as_posix() if there != here and there.is_relative_to(here) else ""


class ProjectLines:
    """The lines of the project's files, each file read once. What a line above says to be a secret is hidden.

    Args:
        root: folder that the files of findings are relative to; what is not there was given on the command line, from here.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def __call__(self, file: str, number: int) -> str | None:
        """A line, counted from 1, without its break; None where there is none."""
        from framework.pipeline.masking import within

        if file not in self._files:
            self._files[file] = _lines(self._root / file) or _lines(Path(file))
        lines = self._files[file]
        return within(lines, number - 1) if 0 < number <= len(lines) else None


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return []
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return []
    return _BREAK.split(text)
