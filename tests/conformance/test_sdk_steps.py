"""Step classes against the SageMaker SDK: the same step built by both is the same JSON, but for what differs on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.sdk import differences, normal

if TYPE_CHECKING:
    from tests.conformance.sdk import Sdk


def test_joins_and_uploads_have_one_form() -> None:
    get = {"Get": "Execution.PipelineExecutionId"}
    nested = {"Std:Join": {"On": "/", "Values": [{"Std:Join": {"On": "", "Values": ["s3:/", "/b"]}}, get, "x"]}}
    assert normal(nested) == normal({"Std:Join": {"On": "", "Values": ["s3://b/", get, "/x"]}})
    assert normal(f"s3://b/p/code/{'a' * 64}/f.py") == "UPLOAD/f.py"
    assert differences({"a": 1, "b": True}, {"a": 1, "b": 1}) == {"b": (True, 1)}


def test_the_sdk_builds_offline(sdk: Sdk) -> None:
    from sagemaker.mlops.workflow.fail_step import FailStep

    assert sdk.steps(FailStep("f", error_message="no"))["f"]["Arguments"] == {"ErrorMessage": "no"}
