"""The rules SMP401 to SMP406 over a small API of our own, so that every message can be asserted whatever botocore is installed."""

import pytest

from framework.checks.shapes import Checkers, Found, Violation, walk

SIZES = [f"ml.c{generation}.{size}" for generation in (5, 6) for size in ("large", "xlarge", "2xlarge", "4xlarge", "9xlarge")]
SHAPES = {
    "Request": {
        "type": "structure",
        "required": ["Role"],
        "members": {
            "Args": "Args",
            "Count": "Count",
            "Env": "Env",
            "Filter": "Filter",
            "Flag": "Flag",
            "InstanceType": "InstanceType",
            "Mode": "Mode",
            "Odd": "Odd",
            "Rate": "Rate",
            "Resources": "Resources",
            "Role": "Role",
            "Secret": "Secret",
            "Seed": "Seed",
            "Total": "Total",
            "When": "When",
        },
    },
    "Args": {"type": "list", "member": "Arg", "min": 1, "max": 2},
    "Arg": {"type": "string", "max": 5, "pattern": ".*"},
    "Count": {"type": "integer", "min": 1, "max": 100},
    "Env": {"type": "map", "key": "EnvKey", "value": "Arg", "max": 1},
    "EnvKey": {"type": "string", "pattern": "[A-Z]+"},
    "Filter": {"type": "structure", "members": {"All": "Filters", "Name": "Text"}},
    "Filters": {"type": "list", "member": "Filter"},
    "Flag": {"type": "boolean"},
    "InstanceType": {"type": "string", "enum": SIZES},
    "Mode": {"type": "string", "enum": ["File", "Pipe", "FastFile"]},
    "Odd": {"type": "string", "pattern": r"[\p{Han}]{2}"},
    "Rate": {"type": "float", "min": 0, "max": 1},
    "Resources": {
        "type": "structure",
        "required": ["Count", "Mode"],
        "members": {"Count": "Count", "Mode": "Mode", "Total": "Total"},
    },
    "Role": {"type": "string", "min": 5, "max": 99, "pattern": "arn:.+"},
    "Secret": {"type": "string", "max": 3, "sensitive": True},
    "Seed": {"type": "long"},
    "Text": {"type": "string"},
    "Total": {"type": "integer", "min": 1},
    "When": {"type": "timestamp"},
}
CHECKERS = Checkers(SHAPES)
ROLE = {"Role": "arn:role"}
REFERENCES = [
    {"Get": "Parameters.X"},
    {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.X"}]}},
    {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.R"}, "Path": "a.b"}},
]


def run(arguments: object) -> list[Violation]:
    found = Found()
    walk(CHECKERS["Request"], arguments, (None, "Arguments"), found)
    return found.violations


@pytest.mark.parametrize(
    ("arguments", "rule", "path", "message", "hint"),
    [
        # SMP401
        ({"InstanceTyp": 1}, "SMP401", ["InstanceTyp"], "Request has no member InstanceTyp", "use InstanceType"),
        (
            {"Qqq": {"Get": "Parameters.X"}},
            "SMP401",
            ["Qqq"],
            "Request has no member Qqq",
            "leave it out, or look up the members of Request in the API reference",
        ),
        ({"Filter": {"Xyzzy": 1}}, "SMP401", ["Filter", "Xyzzy"], "Filter has no member Xyzzy", "use one of All, Name"),
        # SMP402
        ({"Count": "1"}, "SMP402", ["Count"], 'Count is the string "1", but Count is a whole number', "write 1 without quotes"),
        (
            {"Count": "many"},
            "SMP402",
            ["Count"],
            'Count is the string "many", but Count is a whole number',
            "write a whole number from 1 to 100",
        ),
        ({"Total": True}, "SMP402", ["Total"], "Total is true, but Total is a whole number", "write a whole number of at least 1"),
        ({"Count": 30.0}, "SMP402", ["Count"], "Count is the number 30.0, but Count is a whole number", "write 30"),
        ({"Rate": "0.5"}, "SMP402", ["Rate"], 'Rate is the string "0.5", but Rate is a number', "write 0.5 without quotes"),
        ({"Rate": False}, "SMP402", ["Rate"], "Rate is false, but Rate is a number", "write a number from 0 to 1"),
        ({"Flag": "True"}, "SMP402", ["Flag"], 'Flag is the string "True", but Flag is true or false', "write true without quotes"),
        ({"Flag": 0}, "SMP402", ["Flag"], "Flag is the number 0, but Flag is true or false", "write true or false"),
        ({"Args": [3]}, "SMP402", ["Args", 0], "Args[0] is the number 3, but Arg is a string", 'write "3" with quotes'),
        ({"Mode": 3}, "SMP402", ["Mode"], "Mode is the number 3, but Mode is a string", "write one of File, Pipe, FastFile"),
        (
            {"InstanceType": ["a"]},
            "SMP402",
            ["InstanceType"],
            "InstanceType is a list, but InstanceType is a string",
            "write a value of InstanceType",
        ),
        ({"Args": "x"}, "SMP402", ["Args"], 'Args is the string "x", but Args is a list', "write a list of 1 to 2 elements"),
        ({"Env": []}, "SMP402", ["Env"], "Env is a list, but Env is a mapping", "write a mapping of at most 1 entry"),
        (
            {"Resources": None},
            "SMP402",
            ["Resources"],
            "Resources is null, but Resources is a mapping",
            "leave it out, or write a mapping with Count, Mode",
        ),
        (
            {"Secret": 12},
            "SMP402",
            ["Secret"],
            "Secret is a value that is not shown, but Secret is a string",
            "write a string of at most 3 characters",
        ),
        # SMP403
        (
            {"Resources": {"Mode": "Pipe"}},
            "SMP403",
            ["Resources"],
            "Resources lacks Count, which Resources requires",
            "add Count, a whole number from 1 to 100",
        ),
        (
            {"Resources": {"Count": 1}},
            "SMP403",
            ["Resources"],
            "Resources lacks Mode, which Resources requires",
            "add Mode, one of File, Pipe, FastFile",
        ),
        # SMP404
        (
            {"Mode": "file"},
            "SMP404",
            ["Mode"],
            'Mode is "file", which is no value of Mode',
            "use File (legal: File, Pipe, FastFile)",
        ),
        ({"Mode": "Zq"}, "SMP404", ["Mode"], 'Mode is "Zq", which is no value of Mode', "use one of FastFile, File, Pipe"),
        (
            {"InstanceType": "ml.c5.xlage"},
            "SMP404",
            ["InstanceType"],
            'InstanceType is "ml.c5.xlage", which is no value of InstanceType',
            "use ml.c5.xlarge; a value newer than the installed boto3 needs a newer boto3",
        ),
        (
            {"InstanceType": "Q"},
            "SMP404",
            ["InstanceType"],
            'InstanceType is "Q", which is no value of InstanceType',
            "look up the values of InstanceType in the API reference; a value newer than the installed boto3 needs a newer boto3",
        ),
        # SMP405
        (
            {"Env": {"lower": "x"}},
            "SMP405",
            ["Env", "lower"],
            'Key lower of Env is "lower", which does not match the pattern of EnvKey',
            "write it so that all of it matches [A-Z]+",
        ),
        (
            {"Env": {"A": "a\nb"}},
            "SMP405",
            ["Env", "A"],
            'A is "a\\nb", which does not match the pattern of Arg',
            "write it without line breaks",
        ),
        (
            {"Role": "an arn:role"},
            "SMP405",
            ["Role"],
            'Role is "an arn:role", which does not match the pattern of Role',
            "write it so that all of it matches arn:.+",
        ),
        # SMP406
        ({"Count": 0}, "SMP406", ["Count"], "Count is 0, but Count takes 1 to 100", "write a whole number from 1 to 100"),
        ({"Rate": 1.5}, "SMP406", ["Rate"], "Rate is 1.5, but Rate takes 0 to 1", "write a number from 0 to 1"),
        ({"Total": -1}, "SMP406", ["Total"], "Total is -1, but Total takes at least 1", "write a whole number of at least 1"),
        (
            {"Count": 10**70},
            "SMP406",
            ["Count"],
            "Count is a huge number, but Count takes 1 to 100",
            "write a whole number from 1 to 100",
        ),
        (
            {"Role": "arn"},
            "SMP406",
            ["Role"],
            "Role has 3 characters, but Role takes 5 to 99 characters",
            "write a string of 5 to 99 characters",
        ),
        (
            {"Args": ["a", "abcdef"]},
            "SMP406",
            ["Args", 1],
            "Args[1] has 6 characters, but Arg takes at most 5 characters",
            "write a string of at most 5 characters",
        ),
        (
            {"Args": []},
            "SMP406",
            ["Args"],
            "Args has 0 elements, but Args takes 1 to 2 elements",
            "write a list of 1 to 2 elements",
        ),
        (
            {"Env": {"A": "", "B": ""}},
            "SMP406",
            ["Env"],
            "Env has 2 entries, but Env takes at most 1 entry",
            "write a mapping of at most 1 entry",
        ),
    ],
)
def test_one_mistake_is_one_violation(
    arguments: dict[str, object], rule: str, path: list[str | int], message: str, hint: str
) -> None:
    lacks = message.split()[2].rstrip(",") if rule == "SMP403" else ""
    assert run(ROLE | arguments) == [Violation(rule, ("Arguments", *path), message, hint, lacks=lacks)]


def test_a_long_value_is_shortened() -> None:
    (found,) = run({"Role": "x" * 80})
    assert found.message == f'Role is "{"x" * 60}…", which does not match the pattern of Role'


def test_a_required_member_under_a_wrong_name_is_said_once() -> None:
    assert [(v.rule, v.hint) for v in run({"role": "arn:role"})] == [("SMP401", "use Role")]


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_stands_for_any_value(reference: object) -> None:
    assert run(dict.fromkeys(SHAPES["Request"]["members"], reference)) == []
    assert run(ROLE | {"Args": [reference], "Env": {"A": reference}, "Filter": {"All": [reference]}}) == []


def test_what_only_looks_like_a_reference_is_none() -> None:
    found = run(ROLE | {"Count": {"Get": "Parameters.X", "On": "/"}, "Role": {"Fn": "x"}})
    assert [(v.rule, v.path[-1], v.message) for v in found] == [
        ("SMP402", "Role", "Role is a mapping, but Role is a string"),
        ("SMP402", "Count", "Count is a mapping, but Count is a whole number"),
    ]


def test_legal_values() -> None:
    legal = {"Count": 1, "Rate": 1, "Seed": -(2**40), "Flag": False, "Mode": "Pipe", "Args": [""], "Env": {"A": "ab"}, "When": 5}
    assert run(ROLE | legal | {"Rate": 0.5, "InstanceType": SIZES[0], "Filter": {}}) == []


def test_a_pattern_that_python_cannot_read_is_skipped() -> None:
    assert run(ROLE | {"Odd": "anything"}) == []


def test_a_recursive_shape_is_checked_however_deep() -> None:
    arguments: dict[str, object] = {"Name": 1}
    for _ in range(5_000):
        arguments = {"All": [arguments]}
    (found,) = run(ROLE | {"Filter": arguments})
    assert found.path == ("Arguments", "Filter", *("All", 0) * 5_000, "Name")
    assert found.message == "Name is the number 1, but Text is a string"


def test_violations_come_in_the_order_of_the_definition() -> None:
    arguments = {"Zzz": 1, "Env": {"a": 1}, "Args": [1, "ok", 2], "Yyy": 2, "Count": 0}
    tails = [v.path[1:] for v in run(arguments)]
    assert tails == [(), ("Zzz",), ("Env", "a"), ("Env", "a"), ("Args",), ("Args", 0), ("Args", 2), ("Yyy",), ("Count",)]
