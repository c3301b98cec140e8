"""Findings as JUnit XML, as test reports of CodeBuild, GitLab and Jenkins read it.

A test case is a rule in a file, so that its name stays the same when lines move and a report can be compared with an earlier one;
GitLab leaves out all but the first of several cases with one name. A rule that found errors has failed. One that found only
warnings is skipped: what a passed case has to say is shown nowhere, a skipped one is counted and shown with its message, and
neither fails a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby

from framework.findings import ERROR, Finding, Rule, has_errors, printable
from framework.report import places

SUITE = "smp validate"


def as_junit(findings: Iterable[Finding], rules: Mapping[str, Rule], folder: str = "") -> str:
    """One test suite. `folder` is the root, as seen from where `smp` was called."""
    ordered = sorted(findings, key=_case)
    cases = [(name, rule, list(group)) for (name, rule), group in groupby(ordered, key=_case)]
    failed = sum(has_errors(group) for _, _, group in cases)
    counts = {"tests": max(1, len(cases)), "failures": failed, "errors": 0, "skipped": len(cases) - failed, "time": 0}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", f"<testsuite{_attributes({'name': SUITE, **counts})}>"]
    lines += [_written(name, rule, group, rules, folder) for name, rule, group in cases]
    if not cases:
        lines.append(f"<testcase{_attributes({'classname': SUITE, 'name': 'no findings', 'time': 0})}/>")
    return "\n".join([*lines, "</testsuite>", "</testsuites>", ""])


def _case(finding: Finding) -> tuple[str, str]:
    return finding.place.file, finding.rule


def _written(file: str, rule: str, findings: Sequence[Finding], rules: Mapping[str, Rule], folder: str) -> str:
    """One test case. What was found stands in the text of its element: GitLab reads no message from an attribute."""
    about = rules.get(rule)
    place = findings[0].place
    shown = places.path(place, folder) if places.in_file(place) else file or SUITE
    case = {"classname": shown, "name": f"{rule} {about.title}" if about else rule, "time": 0}
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    first = min(findings, key=lambda finding: finding.severity != ERROR)
    result = {"message": f"{first.message}{more}", "type": rule}
    element = "failure" if first.severity == ERROR else "skipped"
    told = "\n".join(escape(str(finding)) for finding in findings)
    return f"<testcase{_attributes(case)}>\n<{element}{_attributes(result)}>{told}</{element}>\n</testcase>"


def _attributes(values: Mapping[str, object]) -> str:
    """Attributes as XML; characters that XML cannot hold, escaped or not, are no printable ones."""
    return "".join(f' {name}="{escape(printable(str(value)))}"' for name, value in values.items())
