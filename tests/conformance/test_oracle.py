"""Each definition that the SDK made for a small pipeline can be written as a configuration which compiles to an equivalent one.

The configurations stand in the folder `oracle`, the definitions in `definitions`; what differs on purpose is named, case by case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framework.config.load import Sources
from framework.road import arrive
from tests.conformance.on_purpose import told
from tests.conformance.sdk import differences, normal

HERE = Path(__file__).parent
VARIABLES = {
    "SMP_S3BUCKETNAME": "oracle-bucket",
    "SMP_REGION": "us-east-1",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerRole",
}
SCRIPTS = ("preprocess", "train", "inference", "evaluate")

UNIT = {"time limit", "code of processing jobs", "start of training scripts", "model environment", "origin of a model version",
        "empty members"}  # fmt: skip
BOOTSTRAP = {"truth values of hyperparameters"}

CASES: dict[str, set[str]] = {
    "c01_unit": UNIT | BOOTSTRAP,
    "c01b_unit_min": UNIT | {"encrypted traffic", "hyperparameters of the toolkit"},
    "c01c_output_without_uri": {"encrypted traffic", "time limit"},
    "c02_condition": UNIT | BOOTSTRAP,
    "c02b_conditions_all": UNIT | BOOTSTRAP | {"encrypted traffic"},
    "c03_params": UNIT | BOOTSTRAP | {"encrypted traffic", "parameters that are numbers"},
    "c04_automl": {"encrypted traffic"},
    "c04_emr": set(),
    "c04_emr_serverless": set(),
    "c04_lambda_callback": {"encrypted traffic", "time limit"},
    "c04_quality_clarify": {"encrypted traffic", "defaults of inputs", "analysis configuration"},
    "c04_tuning": {
        "encrypted traffic",
        "start of training scripts",
        "hyperparameters of the toolkit",
        "model environment",
        "defaults of inputs",
        "best training job",
    },
    "c05b_repack_skmodel": {
        "model environment",
        "origin of a model version",
        "debugger",
        "encrypted traffic",
        "defaults of inputs",
    },
    "c06_pipeline_model": {"empty members", "origin of a model version", "model environment"},
    "c06_new_v3_steps": {"encrypted traffic", "time limit", "items of loops"},
    "c07_script_processors": {"encrypted traffic", "time limit", "code of processing jobs", "start of processing scripts"},
    "c08_custom_job_prefix": {"encrypted traffic", "time limit", "debugger", "model environment", "content type of transforms"},
    "c09_builtin_algo": {"encrypted traffic", "truth values of hyperparameters", "parameters that are numbers"},
    "c10_endpoint": {"empty members"},
}
"""For each case, the names of all that differs on purpose."""


def theirs(name: str) -> dict[str, Any]:
    """The SDK's definition: that of SDK 3 where it can build the case, else that of SDK 2."""
    files = [HERE / "definitions" / version / f"{name}.json" for version in ("sdk-v3", "sdk-v2")]
    return dict(json.loads(next(file for file in files if file.is_file()).read_text(encoding="utf-8")))


@pytest.fixture
def ours(name: str, tmp_path: Path) -> dict[str, Any]:
    for script in SCRIPTS:
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / f"{script}.py").write_text("")
    (tmp_path / "model.yaml").write_bytes((HERE / "oracle" / f"{name}.yaml").read_bytes())
    compiled, findings = arrive(Sources(tmp_path, patterns=("model.yaml",)), VARIABLES)
    assert [str(finding) for finding in findings] == []
    return dict(compiled.definition)


@pytest.mark.parametrize("name", CASES)
def test_a_configuration_compiles_to_an_equivalent_definition(name: str, ours: dict[str, Any]) -> None:
    assert told(differences(normal(ours), normal(theirs(name)))) == CASES[name]


@pytest.mark.parametrize("name", CASES)
def test_the_steps_stand_in_an_order_in_which_they_can_run(name: str, ours: dict[str, Any]) -> None:
    assert [step["Name"] for step in ours["Steps"]] == [step["Name"] for step in theirs(name)["Steps"]]


def test_every_configuration_is_a_case() -> None:
    assert {path.stem for path in (HERE / "oracle").glob("*.yaml")} == set(CASES)
