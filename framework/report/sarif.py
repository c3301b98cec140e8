"""Findings as SARIF 2.1.0, the format of code scanning.

A finding in a file is a result. One that is in none, about an option or the environment, is a notification about how the tool was
called: GitHub refuses a whole file with a result that has no path, and where such a finding is an error the results are not
complete, so that what an earlier run found must not count as cured.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from framework import __version__
from framework.findings import ERROR, WARNING, Finding, Place, Rule, has_errors, printable
from framework.report import places
from framework.report.text import as_json

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "smpFinding/v1"
_LEVELS = {ERROR: "error", WARNING: "warning"}
_LINE = re.compile(r"(?<=:)\d+:\d+|(?<=line )\d+")
"""A place that a message names: the first of two equal keys, the beginning of what is not closed."""


def as_sarif(findings: Iterable[Finding], rules: Mapping[str, Rule], folder: str = "") -> str:
    """A log of one run.

    Args:
        findings: what was found, in the order of places.
        rules: what is known of rules, by id; one that is missing is described by its id alone.
        folder: the root, as seen from where `smp` was called; paths are relative to that.
    """
    found = list(findings)
    results = [finding for finding in found if places.in_file(finding.place)]
    others = [finding for finding in found if not places.in_file(finding.place)]
    ids = sorted({finding.rule for finding in found})
    invocation: dict[str, Any] = {"executionSuccessful": not has_errors(others)}
    if others:
        invocation["toolConfigurationNotifications"] = [_notification(finding, ids) for finding in others]
    described = [_rule(name, rules.get(name), found) for name in ids]
    run = {
        "tool": {"driver": {"name": "smp", "version": __version__, "rules": described}},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": _results(results, ids, folder),
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(name: str, rule: Rule | None, findings: Iterable[Finding]) -> dict[str, Any]:
    severity = rule.severity if rule else next(finding.severity for finding in findings if finding.rule == name)
    level = _level(severity)
    described: dict[str, Any] = {"id": name}
    if rule:
        texts = {"shortDescription": rule.title, "fullDescription": rule.description or rule.title, "help": rule.cure}
        described |= {member: {"text": text} for member, text in texts.items() if text}
    return {**described, "defaultConfiguration": {"level": level}, "properties": {"problem.severity": level}}


def _results(findings: Sequence[Finding], ids: Sequence[str], folder: str) -> list[dict[str, Any]]:
    alike: Counter[str] = Counter()
    results = []
    for finding in findings:
        mark = _fingerprint(finding, folder)
        alike[mark] += 1
        results.append(
            {
                "ruleId": finding.rule,
                "ruleIndex": ids.index(finding.rule),
                "level": _level(finding.severity),
                "message": {"text": printable(places.sentence(finding))},
                "locations": [{"physicalLocation": _location(finding.place, folder)}],
                "partialFingerprints": {FINGERPRINT: f"{mark}:{alike[mark]}"},
            }
        )
    return results


def _notification(finding: Finding, ids: Sequence[str]) -> dict[str, Any]:
    named = [{"logicalLocations": [{"fullyQualifiedName": printable(finding.place.file)}]}] if finding.place.file else []
    return {
        "associatedRule": {"id": finding.rule, "index": ids.index(finding.rule)},
        "level": _level(finding.severity),
        "message": {"text": printable(places.sentence(finding))},
        "locations": named,
    }


def _location(place: Place, folder: str) -> dict[str, Any]:
    path = places.path(place, folder)
    uri = quote(path, errors="backslashreplace")
    artifact = {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    location: dict[str, Any] = {"artifactLocation": artifact}
    if place.line:
        location["region"] = {"startLine": place.line, "startColumn": max(place.column, 1)}
    return location


def _fingerprint(finding: Finding, folder: str) -> str:
    """What stays the same when lines are inserted above, so that a finding is known again."""
    parts = (finding.rule, places.path(finding.place, folder), _LINE.sub("", finding.message))
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]


def _level(severity: str) -> str:
    return _LEVELS.get(severity, "note")
