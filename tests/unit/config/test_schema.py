"""The schema: what the many spellings of the dialect become, what is filled in, and how what is wrong is worded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from framework.config import schema_wording
from framework.config.schema import Shaper, check, definition, same_keys
from framework.config.sections import KINDS
from framework.config.values import Map
from framework.findings import Place

SECTIONS = sorted(set(KINDS.values()))


def shaped(root: Map, name: str) -> tuple[Any, list[str]]:
    """A tree in the shape of a definition, and the findings made on the way."""
    shaper = Shaper()
    values = shaper.shape(root, definition(name), ("s",), Place("f.yaml"))
    return values, [str(finding) for finding in (*shaper.findings, *check(values, name, ("s",)))]


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within a schema."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(item)


DOCUMENT = json.loads(files("framework.config").joinpath("schema.json").read_text(encoding="utf-8"))
PROPERTIES = [prop for part in parts(DOCUMENT) for prop in part.get("properties", {}).values()]
WITH_DEFAULTS = [
    part
    for name in DOCUMENT["$defs"]
    for part in parts(definition(name))
    if "default" in part and not isinstance(part["default"], dict)
]


def test_the_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(DOCUMENT)
    for name in ("", *DOCUMENT["$defs"]):
        assert "$ref" not in json.dumps(definition(name))


@pytest.mark.parametrize("prop", WITH_DEFAULTS, ids=str)
def test_every_default_is_legal(prop: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    assert Draft202012Validator(prop).is_valid(prop["default"])


@pytest.mark.parametrize("pattern", sorted({part["pattern"] for part in parts(DOCUMENT) if isinstance(part.get("pattern"), str)}))
def test_every_pattern_is_put_into_words(pattern: str) -> None:
    assert not schema_wording.pattern_hint({"pattern": pattern}).startswith("a value that matches")


def test_every_key_that_does_nothing_says_why() -> None:
    reasons = [prop["x-no-effect"] for prop in PROPERTIES if "x-no-effect" in prop]
    assert len(reasons) == 7
    assert all(reason and not reason.endswith(".") for reason in reasons)


def test_an_alias_is_no_key_of_the_same_mapping() -> None:
    for part in parts(DOCUMENT):
        properties = {key: prop for key, prop in part.get("properties", {}).items() if isinstance(prop, dict)}
        aliases = [alias for prop in properties.values() for alias in prop.get("x-aliases", ())]
        assert len(set(aliases)) == len(aliases)
        assert not set(aliases) & set(properties)


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        (
            "processing",
            {
                "instance_count": 1,
                "instance_type": "ml.m5.2xlarge",
                "volume_size_in_gb": 32,
                "max_runtime_seconds": 3000,
                "s3_data_distribution_type": "FullyReplicated",
                "s3_data_type": "S3Prefix",
                "s3_input_mode": "File",
                "s3_upload_mode": "EndOfJob",
            },
        ),
        (
            "train",
            {
                "instance_count": 1,
                "instance_type": "ml.m5.2xlarge",
                "volume_size_in_gb": 32,
                "max_runtime_seconds": 3000,
                "input_mode": "File",
                "distribution": "FullyReplicated",
                "launcher": "toolkit",
            },
        ),
        (
            "transform",
            {"instance_count": 1, "instance_type": "ml.m5.2xlarge", "entry_point": "inference.py", "content_type": "text/csv"},
        ),
        (
            "evaluate",
            {
                "instance_count": 1,
                "instance_type": "ml.m5.2xlarge",
                "volume_size_in_gb": 50,
                "max_runtime_seconds": 3600,
                "s3_data_distribution_type": "FullyReplicated",
                "s3_data_type": "S3Prefix",
                "s3_input_mode": "File",
                "s3_upload_mode": "EndOfJob",
                "content_type": "application/json",
            },
        ),
        ("registry", {"ModelRepack": True}),
        (
            "tune",
            {
                "train": "train",
                "strategy": "Bayesian",
                "objective_type": "Minimize",
                "max_parallel_jobs": 1,
                "early_stopping_type": "Off",
            },
        ),
        ("step", {"enable_cache": False}),
    ],
)
def test_the_defaults_are_those_of_the_dialect(tree: Any, name: str, defaults: dict[str, Any]) -> None:
    assert shaped(tree("{}"), name)[0] == defaults


def test_the_defaults_of_the_registry_reach_its_specification(tree: Any) -> None:
    values, _ = shaped(tree("InferenceSpecification: {}"), "registry")
    assert values["InferenceSpecification"] == {
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.2xlarge"],
        "SupportedTransformInstanceTypes": ["ml.m5.2xlarge"],
    }


@pytest.mark.parametrize(
    ("name", "written", "key", "value"),
    [
        ("train", "base_image_uri: i", "image_uri", "i"),
        ("train", "hyperparams: {a: 1}", "hyperparameters", {"a": 1}),
        ("train", "volume_size: 5", "volume_size_in_gb", 5),
        ("train", "max_runtime_in_seconds: 5", "max_runtime_seconds", 5),
        ("processing", "volume_size: 5", "volume_size_in_gb", 5),
        ("processing", "max_runtime_in_seconds: 5", "max_runtime_seconds", 5),
        ("evaluate", "volume_size: 5", "volume_size_in_gb", 5),
        ("evaluate", "max_runtime_in_seconds: 5", "max_runtime_seconds", 5),
        ("tune", "max_runtime_seconds: 5", "max_runtime_in_seconds", 5),
        ("step", "chain_input_source_steps: [a]", "chain_input_source_step", ["a"]),
        (
            "train",
            "channels: {c: {s3BucketName: b, inputBucketPrefix: p}}",
            "channels",
            {"c": {"s3Bucket": "b", "s3InputPrefix": "p"}},
        ),
        (
            "evaluate",
            "channels: {c: {OuputLocalFilepath: /opt/ml/processing/x}}",
            "channels",
            {"c": {"OutputLocalFilepath": "/opt/ml/processing/x"}},
        ),
    ],
)
def test_other_names_of_a_key(tree: Any, name: str, written: str, key: str, value: Any) -> None:
    values, _ = shaped(tree(written), name)
    assert values[key] == value
    assert values.key_place_of(key) == Place("f.yaml", 1, 1)


def test_the_names_of_one_key_are_known_together() -> None:
    assert same_keys()["hyperparams"] == {"hyperparams", "hyperparameters"}
    assert same_keys()["volume_size"] == {"volume_size", "volume_size_in_gb"}
    assert same_keys()["max_runtime_seconds"] == {"max_runtime_seconds", "max_runtime_in_seconds"}
    assert "train" not in same_keys()


def test_two_names_of_one_key(tree: Any) -> None:
    _, findings = shaped(tree("image_uri: i\nvolume_size: 5\nvolume_size_in_gb: 6\n"), "train")
    assert findings == [
        'f.yaml:2:1 SMP106 "volume_size" and "volume_size_in_gb" are two names of one key and have different values in s. '
        "Try: keep volume_size_in_gb."
    ]


@pytest.mark.parametrize("other", ["5", "", "''"])
def test_two_names_of_one_key_that_do_not_disagree(tree: Any, other: str) -> None:
    for text in (f"volume_size: 5\nvolume_size_in_gb: {other}", f"volume_size: {other}\nvolume_size_in_gb: 5"):
        values, findings = shaped(tree(f"image_uri: i\n{text}\n"), "train")
        assert (values["volume_size_in_gb"], findings) == (5, [])


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("ModelRepack", '"True"', True),
        ("ModelRepack", '"False"', False),
        ("ModelRepack", "False", False),
        ("ModelRepack", "yes", True),
        ("ModelRepack", "OFF", False),
        ("ModelRepack", "' true '", True),
        ("ModelRepack", "", True),
        ("ModelRepack", "maybe", "maybe"),
        ("ModelRepack", "1", 1),
        ("instance_count", '"2"', 2),
        ("instance_count", "' +2 '", 2),
        ("instance_count", "2.0", 2),
        ("instance_count", "2e0", 2),
        ("instance_count", "002", 2),
        ("instance_count", "2.5", 2.5),
        ("instance_count", '"2.0"', "2.0"),
        ("instance_count", '"+-2"', "+-2"),
        ("instance_count", "'²'", "²"),
        ("instance_count", "'" + "9" * 5000 + "'", "9" * 5000),
        ("instance_count", "true", True),
        ("instance_count", "", 1),
        ("instance_type", "5", "5"),
        ("content_type", "1.10", "1.10"),
        ("image_uri", "012345678901", "012345678901"),
        ("image_uri", "True", "True"),
        ("input_mode", "file", "File"),
        ("input_mode", "FASTFILE", "FastFile"),
        ("input_mode", "other", "other"),
        ("assemble_with", "None", "None"),
        ("split_type", "line", "Line"),
    ],
)
def test_scalars_become_what_the_schema_asks_for(tree: Any, name: str, written: str, value: Any) -> None:
    section = next(section for section in ("train", "transform", "registry") if name in definition(section)["properties"])
    values, _ = shaped(tree(f"{name}: {written}\n"), section)
    assert values[name] == value
    assert type(values[name]) is type(value)


def test_texts_in_env_and_tags_are_as_they_were_written(tree: Any) -> None:
    root = tree("env: {A: 012345678901, B: 1.10, C: True, D: ~, E: , F: text, G: 0x10}\ntags: [{Key: 1, Value: 1.10}]\n")
    values, _ = shaped(root, "train")
    assert values["env"] == {"A": "012345678901", "B": "1.10", "C": "True", "D": "", "E": "", "F": "text", "G": "0x10"}
    assert values["tags"] == [{"Key": "1", "Value": "1.10"}]


def test_hyperparameters_and_arguments_keep_their_types(tree: Any) -> None:
    root = tree("hyperparameters: {a: 1, b: 1.5, c: true, d: [1], e: '1', f: }\narguments: {A: {B: 1}}\n")
    values, _ = shaped(root, "train")
    assert values["hyperparameters"] == {"a": 1, "b": 1.5, "c": True, "d": [1], "e": "1", "f": None}
    assert values["arguments"] == {"A": {"B": 1}}


@pytest.mark.parametrize(
    ("written", "value"), [("'a, b,,c '", ["a", "b", "c"]), ("[a, b]", ["a", "b"]), ("a", ["a"]), ("[5]", ["5"])]
)
def test_lists_may_be_written_as_text(tree: Any, written: str, value: list[str]) -> None:
    values, findings = shaped(tree(f"step_name: s\nstep_class: Training\nchain_input_source_step: {written}\n"), "step")
    assert (values["chain_input_source_step"], findings) == (value, [])


def test_keys_without_effect_are_warned_of_and_taken_out(tree: Any) -> None:
    values, findings = shaped(tree("volume_size: 5\nmax_runtime_seconds: 5\n"), "transform")
    assert "volume_size" not in values
    assert findings == [
        "f.yaml:1:1 SMP113 warning: s.volume_size has no effect: a batch transform job chooses the size of its volume itself. "
        "Try: remove it.",
        "f.yaml:2:1 SMP113 warning: s.max_runtime_seconds has no effect: a batch transform job has no time limit of its own. "
        "Try: remove it.",
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_names_its_unknown_keys(tree: Any, section: str) -> None:
    _, findings = shaped(tree("no_such_key_at_all: 1\n"), section)
    assert [f for f in findings if f.startswith('f.yaml:1:1 SMP103 unknown key "no_such_key_at_all" in s.')]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_checks_its_type(tree: Any, section: str) -> None:
    for key, prop in definition(section)["properties"].items():
        if "x-no-effect" not in prop:
            wrong = "[[]]" if prop.get("type") != "array" else "{a: b}"
            _, findings = shaped(tree(f"{key}: {wrong}\n"), section)
            assert any(finding.startswith(f"f.yaml:1:{len(key) + 3} SMP104 s.{key} ") for finding in findings), key


def test_a_misspelt_key_is_one_mistake(tree: Any) -> None:
    assert shaped(tree("imageuri: i\n"), "train")[1] == ['f.yaml:1:1 SMP103 unknown key "imageuri" in s. Try: image_uri.']


def test_a_hint_begins_with_a_small_letter_unless_it_is_a_name(tree: Any) -> None:
    _, findings = shaped(tree("{}"), "evaluate")
    assert [finding.partition(" Try: ")[2] for finding in sorted(findings)] == [
        "add entry_point (path of the script, relative to source_directory).",
        "add image_uri (URI of the container image in ECR).",
    ]


@pytest.mark.parametrize(
    ("section", "written", "complaint"),
    [
        ("train", "env: {A: [secret]}", "s.env.A must be text, not a list"),
        ("train", "env: secret", "s.env must be a mapping, not text"),
        ("train", "hyperparameters: 12345", "s.hyperparameters must be a mapping, not a number or a truth value"),
        ("train", f"instance_count: {'9' * 100}x", f's.instance_count must be a whole number, not "{"9" * 57}..."'),
        ("train", f"input_mode: {'9' * 100}", "s.input_mode cannot be a number of many digits"),
        ("train", "instance_count: 0", "s.instance_count must be at least 1, not 0"),
        ("transform", "channels: {a: , b: }", "s.channels must have at most 1 element"),
        ("evaluate", "channels: {}", "s.channels must have at least 1 element"),
        ("train", "channels: {a b: }", 's.channels cannot have the key "a b"'),
        ("train", "channels: {a: 5}", "s.channels.a must be a mapping or empty, not 5"),
        ("train", "channels: {a: {dataFiles: [{fileName: ''}]}}", "s.channels.a.dataFiles[0] needs fileName"),
    ],
)
def test_complaints(tree: Any, section: str, written: str, complaint: str) -> None:
    _, findings = shaped(tree(f"image_uri: i\nentry_point: e.py\n{written}\n"), section)
    said = [finding.split(" ", 2)[2].split(". Try:")[0].removesuffix(".") for finding in findings]
    assert complaint in said
