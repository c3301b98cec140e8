"""Where findings point to, as programs outside the project see it: paths from where `smp` was called."""

from __future__ import annotations

import posixpath
import re

from framework.findings import Finding, Place

_NO_FILE = re.compile(r"-.*|[^./]*", re.DOTALL)


def in_file(place: Place) -> bool:
    """Whether a place is one in a file; else it is an option of the command line, the environment, or nothing."""
    return bool(place.line) or not _NO_FILE.fullmatch(place.file)


def path(place: Place, folder: str) -> str:
    """The path of the file of a place.

    Args:
        place: where a value was written; its file is relative to the root.
        folder: the root, as seen from where `smp` was called; "" when that is the same.
    """
    return posixpath.normpath(posixpath.join(folder, place.file))


def sentence(finding: Finding) -> str:
    """What is wrong, and what to do."""
    return f"{finding.message}." + (f" Try: {finding.hint}." if finding.hint else "")
