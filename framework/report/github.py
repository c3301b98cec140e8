"""Findings as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.

A command ends with its line, and its properties with commas and colons; what would end them is escaped, as GitHub documents it.
"""

from __future__ import annotations

from collections.abc import Iterable

from framework.findings import ERROR, WARNING, Finding, printable
from framework.report import places

_COMMANDS = {ERROR: "error", WARNING: "warning"}
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def as_github(findings: Iterable[Finding], folder: str = "") -> str:
    """A command for each finding, a line each. `folder` is the root, as seen from the repository's top."""
    return "".join(f"{_command(finding, folder)}\n" for finding in findings)


def _command(finding: Finding, folder: str) -> str:
    place = finding.place
    properties: dict[str, str] = {}
    said = places.sentence(finding)
    if places.in_file(place):
        properties["file"] = places.path(place, folder)
    elif place.file:
        said = f"{place}: {said}"
    if place.line:
        properties |= {"line": str(place.line), "col": str(place.column)}
    properties["title"] = finding.rule
    written = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{_COMMANDS.get(finding.severity, 'notice')} {written}::{_escaped(said, _DATA)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return printable("".join(escapes.get(char, char) for char in text))
