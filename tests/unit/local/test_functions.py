from __future__ import annotations

import json
from typing import Any

import pytest

from framework.local.functions import Resolver, UnresolvedError, look_up, parse_path, text

DESCRIPTIONS: dict[str, dict[str, Any]] = {
    "Pre-1": {
        "ProcessingInputs": [{"InputName": "raw data", "S3Input": {"S3Uri": "s3://b/raw"}}],
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
                {"OutputName": "x.y", "S3Output": {"S3Uri": "s3://b/xy"}},
            ]
        },
        "Environment": {"A-B": "env"},
        "PropertyFiles": {"Report": {"a": {"b c": [{"d": 0.5}]}, "list": [1, [2, 3]]}},
    },
    "Train": {
        "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv"}],
        "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.25}],
        "TrainingJobSummaries": [{"TrainingJobName": "first"}, {"TrainingJobName": "second"}],
    },
}
RESOLVER = Resolver(
    parameters={"Text": "t", "Count": 3, "Rate": 0.5, "Flag": True},
    execution={"PipelineName": "pipe", "PipelineExecutionId": "local0000001"},
    descriptions=DESCRIPTIONS,
    read=lambda uri: json.dumps({"uri": uri}).encode(),
)


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(on: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def json_get(path: str, file: str = "Steps.Pre-1.PropertyFiles.Report") -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get(file), "Path": path}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (get("Parameters.Text"), "t"),
        (get("Parameters.Count"), 3),
        (get("Parameters.Flag"), True),
        (get("Execution.PipelineName"), "pipe"),
        (get("Steps.Pre-1.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"), "s3://b/train"),
        (get("Steps.Pre-1.ProcessingOutputConfig.Outputs['x.y'].S3Output.S3Uri"), "s3://b/xy"),
        (get("Steps.Pre-1.ProcessingInputs['raw data'].S3Input.S3Uri"), "s3://b/raw"),
        (get("Steps.Pre-1.Environment['A-B']"), "env"),
        (get("Steps.Train.InputDataConfig['train'].ContentType"), "text/csv"),
        (get("Steps.Train.FinalMetricDataList['loss'].Value"), 0.25),
        (get("Steps.Train.TrainingJobSummaries[1].TrainingJobName"), "second"),
        (join("/", "s3:/", "b", get("Execution.PipelineExecutionId"), "x"), "s3://b/local0000001/x"),
        (join("", get("Parameters.Count")), "3"),
        (join(",", get("Parameters.Rate"), get("Parameters.Flag"), 1), "0.5,true,1"),
        (join("-", join("+", "a", "b"), json_get("a['b c'][0].d")), "a+b-0.5"),
        (json_get("list[1][0]"), 2),
        ({"Std:JsonGet": {"S3Uri": join("/", "s3:/", "b", "r.json"), "Path": "uri"}}, "s3://b/r.json"),
        ({"a": [{"b": get("Parameters.Text")}, 1], "Get": 5}, {"a": [{"b": "t"}, 1], "Get": 5}),
    ],
)
def test_functions_become_values(value: Any, expected: Any) -> None:
    assert RESOLVER.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (get("Parameters.Nope"), "{'Get': 'Parameters.Nope'} leads nowhere: there is no parameter Nope"),
        (get("Execution.Nope"), "{'Get': 'Execution.Nope'} leads nowhere: there is no execution variable Nope"),
        (get("Steps.Late.ModelName"), "{'Get': 'Steps.Late.ModelName'} leads nowhere: no step Late has run before this one"),
        (
            get("Steps.Pre-1.ProcessingOutputConfig.Outputs['trian'].S3Output"),
            "{'Get': \"Steps.Pre-1.ProcessingOutputConfig.Outputs['trian'].S3Output\"} leads nowhere: "
            "there is no trian at ProcessingOutputConfig.Outputs; there is train",
        ),
        (
            get("Steps.Train.TrainingJobSummaries[2].TrainingJobName"),
            "{'Get': 'Steps.Train.TrainingJobSummaries[2].TrainingJobName'} leads nowhere: "
            "there is no element 2 at TrainingJobSummaries",
        ),
        (get("Nothing"), "{'Get': 'Nothing'} leads nowhere: it begins with none of Parameters., Execution., Steps.<name>."),
        (json_get("a.x"), "Std:JsonGet finds no a.x in Steps.Pre-1.PropertyFiles.Report: there is no x at a; there is b c"),
        ({"Std:Join": {"Values": 5}}, "the Values of a Std:Join are not a list"),
        (
            {"Std:JsonGet": {"PropertyFile": "x", "Path": "a"}},
            "{'Get': ''} leads nowhere: it begins with none of Parameters., Execution., Steps.<name>.",
        ),
        (join("/", ["list"]), 'a string or a number was expected, not ["list"]'),
    ],
)
def test_what_leads_nowhere_says_so(value: Any, message: str) -> None:
    with pytest.raises(UnresolvedError) as caught:
        RESOLVER.resolve(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b['c d'][0]", ["a", "b", "c d", 0]),
        ("['a'].b", ["a", "b"]),
        ('a["b"].c', ["a", "b", "c"]),
        ("metric-1.value", ["metric-1", "value"]),
    ],
)
def test_paths(path: str, parts: list[str | int]) -> None:
    assert parse_path(path) == parts


@pytest.mark.parametrize("path", ["a..b", "a[", "a['b", "a[b]", "a b]"])
def test_paths_that_cannot_be_read(path: str) -> None:
    with pytest.raises(UnresolvedError, match="is not a path"):
        parse_path(path)


def test_text_of_scalars_is_that_of_json() -> None:
    assert [text(value) for value in ("x", 1, 1.5, True)] == ["x", "1", "1.5", "true"]


def test_look_up_finds_by_map_before_by_name() -> None:
    assert look_up({"Outputs": {"a": 1}}, "Outputs.a") == 1
