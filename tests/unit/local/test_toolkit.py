from __future__ import annotations

import json
from typing import Any

import pytest

from framework.local import toolkit

HYPERPARAMETERS = {
    "epochs": "10",
    "lr": "0.001",
    "name": '"net"',
    "plain": "gbdt",
    "flag": "true",
    "layers": "[1, 2]",
    "map": '{"b": 1, "a": "x"}',
    "n": "null",
    "sagemaker_program": '"train.py"',
    "sagemaker_submit_directory": '"s3://b/code/sourcedir.tar.gz"',
    "sagemaker_container_log_level": "20",
    "sagemaker_region": '"eu-west-1"',
    "sagemaker_parameter_server_enabled": "false",
}
RESOURCES = {
    "current_instance_type": "ml.m5.large",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1"],
    "network_interface_name": "lo",
}
CHANNELS = {"train": {"TrainingInputMode": "File"}, "lgbm-Pre-x": {"TrainingInputMode": "File"}}


def variables() -> dict[str, str]:
    return toolkit.variables(toolkit.decode(HYPERPARAMETERS), CHANNELS, RESOURCES, "job")


def test_arguments_are_those_of_the_toolkit() -> None:
    own = toolkit.user_parameters(toolkit.decode(HYPERPARAMETERS))
    assert toolkit.arguments(own) == [
        *("--epochs", "10", "--flag", "True", "--layers", "[1, 2]", "--lr", "0.001", "--map", "a=x,b=1"),
        *("-n", "", "--name", "net", "--plain", "gbdt"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SM_MODEL_DIR", "/opt/ml/model"),
        ("SM_INPUT_DIR", "/opt/ml/input"),
        ("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config"),
        ("SM_OUTPUT_DIR", "/opt/ml/output"),
        ("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"),
        ("SM_CHANNELS", '["lgbm-Pre-x","train"]'),
        ("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"),
        ("SM_CHANNEL_LGBM-PRE-X", "/opt/ml/input/data/lgbm-Pre-x"),
        ("SM_HP_EPOCHS", "10"),
        ("SM_HP_NAME", "net"),
        ("SM_HP_FLAG", "true"),
        ("SM_HP_LAYERS", "[1,2]"),
        ("SM_HP_N", ""),
        ("SM_HOSTS", '["algo-1"]'),
        ("SM_CURRENT_HOST", "algo-1"),
        ("SM_MODULE_NAME", "train"),
        ("SM_MODULE_DIR", "s3://b/code/sourcedir.tar.gz"),
        ("SM_USER_ENTRY_POINT", "train.py"),
        ("SM_LOG_LEVEL", "20"),
        ("SM_NETWORK_INTERFACE_NAME", "lo"),
        ("SM_FRAMEWORK_PARAMS", '{"sagemaker_parameter_server_enabled":false}'),
        ("SM_INPUT_DATA_CONFIG", '{"lgbm-Pre-x":{"TrainingInputMode":"File"},"train":{"TrainingInputMode":"File"}}'),
    ],
)
def test_variables(name: str, value: str) -> None:
    assert variables()[name] == value


def test_variables_that_hold_json() -> None:
    found = variables()
    assert json.loads(found["SM_HPS"])["map"] == {"a": "x", "b": 1}
    assert "sagemaker_program" not in json.loads(found["SM_HPS"])
    assert json.loads(found["SM_USER_ARGS"])[:2] == ["--epochs", "10"]
    assert json.loads(found["SM_RESOURCE_CONFIG"]) == RESOURCES
    assert json.loads(found["SM_TRAINING_ENV"])["channel_input_dirs"]["train"] == "/opt/ml/input/data/train"
    assert int(found["SM_NUM_CPUS"]) >= 1
    assert int(found["SM_NUM_GPUS"]) >= 0


@pytest.mark.parametrize(
    ("program", "expected"),
    [("train.py", ["python", "train.py", "--a", "1"]), ("go.sh", [*toolkit.RUN_SCRIPT, "./go.sh", "--a", "1"])],
)
def test_commands(program: str, expected: list[Any]) -> None:
    assert toolkit.command(program, ["--a", "1"]) == expected
