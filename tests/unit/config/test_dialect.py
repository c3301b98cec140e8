"""Older spellings become the one form that the schema describes."""

from __future__ import annotations

from typing import Any

import pytest

from framework.config.dialect import normalise
from framework.config.values import place_at
from framework.findings import Place


def test_models_that_nest_in_a_container(tree: Any) -> None:
    root = tree("conf:\n  models:\n    modelContainer:\n      m: {train: {}}\n    n: {train: {}}\n")
    assert normalise(root) == []
    assert root["conf"]["models"] == {"n": {"train": {}}, "m": {"train": {}}}
    assert place_at(root, ["conf", "models", "m"], key=True) == Place("f.yaml", 4, 7)


def test_a_model_may_be_called_model_container(tree: Any) -> None:
    root = tree("conf: {models: {modelContainer: {source_directory: s, train: {}}}}")
    assert normalise(root) == []
    assert list(root["conf"]["models"]) == ["modelContainer"]


def test_names_of_the_project_and_the_model(tree: Any) -> None:
    root = tree("conf: {models: {projectName: p, modelName: , m: {}}}")
    assert [str(finding) for finding in normalise(root)] == [
        "f.yaml:1:17 SMP113 warning: models.projectName has no effect: models are found by their own names. Try: remove it.",
        "f.yaml:1:33 SMP113 warning: models.modelName has no effect: models are found by their own names. Try: remove it.",
    ]
    assert root == {"conf": {"models": {"m": {}}}}


def test_a_model_may_be_called_project_name(tree: Any) -> None:
    root = tree("conf: {models: {projectName: {train: {}}}}")
    assert normalise(root) == []
    assert root == {"conf": {"models": {"projectName": {"train": {}}}}}


@pytest.mark.parametrize(
    ("written", "channels"),
    [
        ("train", {"train": None}),
        ("' train '", {"train": None}),
        ("[train, test]", {"train": None, "test": None}),
        ("{train: {s3Bucket: b}}", {"train": {"s3Bucket": "b"}}),
        ("{train: }", {"train": None}),
        ("", None),
        ("''", None),
        ("' '", None),
        ("[]", []),
        ("[train, 5]", ["train", 5]),
        ("5", 5),
    ],
)
def test_channels(tree: Any, written: str, channels: Any) -> None:
    root = tree(f"conf: {{models: {{m: {{train: {{channels: {written}}}}}}}}}")
    assert normalise(root) == []
    assert root["conf"]["models"]["m"]["train"]["channels"] == channels


def test_channels_keep_their_places(tree: Any) -> None:
    root = tree("conf:\n  models: {m: {train: {channels: [a, b]}, other: {channels: c}}}\n")
    normalise(root)
    assert place_at(root, ["conf", "models", "m", "train", "channels", "b"], key=True) == Place("f.yaml", 2, 38)
    assert place_at(root, ["conf", "models", "m", "other", "channels", "c"], key=True) == Place("f.yaml", 2, 61)


def test_models_and_sections_with_nothing_behind_their_names(tree: Any) -> None:
    root = tree("conf:\n  models:\n    m:\n    n: {train: , name: , source_directory: }\n")
    assert normalise(root) == []
    assert root["conf"]["models"] == {"m": {}, "n": {"train": {}, "name": None, "source_directory": None}}
    assert root["conf"]["models"]["m"].place == Place("f.yaml", 3, 5)
    assert root["conf"]["models"]["n"]["train"].place == Place("f.yaml", 4, 9)


@pytest.mark.parametrize(
    "text",
    [
        "{evaluate: {image_uri: i}, metrics: {model_quality: {Statistics: {ContentType: text/x}}}}",
        "{evaluate: {image_uri: i, metrics: {ModelQuality: {Statistics: {ContentType: text/x}}}}}",
    ],
)
def test_the_content_type_of_the_metrics(tree: Any, text: str) -> None:
    root = tree(f"conf: {{models: {{m: {text}}}}}")
    assert normalise(root) == []
    assert root == {"conf": {"models": {"m": {"evaluate": {"image_uri": "i", "content_type": "text/x"}}}}}


def test_a_content_type_of_its_own_counts_more(tree: Any) -> None:
    root = tree("conf: {models: {m: {evaluate: {content_type: a/b}, metrics: {model_quality: {Statistics: {ContentType: c/d}}}}}}")
    normalise(root)
    assert root["conf"]["models"]["m"] == {"evaluate": {"content_type": "a/b"}}


@pytest.mark.parametrize(
    ("written", "step_class"), [("preprocessing", "Processing"), ("Preprocessing", "Processing"), ("training", "training")]
)
def test_older_step_classes(tree: Any, written: str, step_class: str) -> None:
    root = tree(f"conf: {{sagemakerPipeline: {{models: {{m: {{steps: [{{step_class: {written}}}, x]}}}}}}}}")
    assert normalise(root) == []
    assert root["conf"]["sagemakerPipeline"]["models"]["m"]["steps"] == [{"step_class": step_class}, "x"]


@pytest.mark.parametrize(
    "text", ["{}", "conf: 5", "conf: {models: [m]}", "conf: {models: {m: 5}}", "conf: {models: {m: {train: 5, metrics: [1]}}}",
             "conf: {models: {modelContainer: 5}}", "conf: {sagemakerPipeline: 5}", "conf: {sagemakerPipeline: {models: [m]}}",
             "conf: {sagemakerPipeline: {models: {m: 5, n: {steps: 5}, o: {steps: [{step_class: 5}]}}}}"]
)  # fmt: skip
def test_what_is_not_of_the_dialect_is_left_for_the_schema(tree: Any, text: str) -> None:
    root = tree(text)
    assert normalise(root) == []
    assert root == tree(text)


def test_what_an_alias_repeats_is_rewritten_once(tree: Any) -> None:
    root = tree("conf: {models: {m: {train: &t {channels: a}, more: *t}}}")
    assert normalise(root) == []
    assert normalise(root) == []
    assert root["conf"]["models"]["m"] == {"train": {"channels": {"a": None}}, "more": {"channels": {"a": None}}}
