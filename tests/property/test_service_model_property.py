"""Whatever stands in Arguments, the check answers with violations of what stands there; it never fails."""

import json
from functools import reduce
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from framework.checks.service_model import OPERATIONS, check_arguments

MEMBERS = [
    "AlgorithmSpecification", "AppSpecification", "ClusterConfig", "Containers", "Environment", "Get", "HyperParameters", "IfSteps",
    "InputDataConfig", "InstanceCount", "InstanceType", "ModelName", "PrimaryContainer", "ProcessingInputs", "ProcessingResources",
    "ResourceConfig", "RoleArn", "S3Input", "S3Uri", "Std:Join", "Tags", "TransformInput", "VpcConfig",
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)
TYPES = st.sampled_from([*OPERATIONS, "Condition", "ForEach", "Lambda"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.fixed_dictionaries({"Name": SCALARS, "Type": TYPES | SCALARS, "Arguments": JSON}), max_size=3))
def test_any_json_is_answered(steps: list[dict[str, Any]]) -> None:
    definition = {"Version": "2020-12-01", "Steps": steps}
    before = json.dumps(definition)
    found = check_arguments(definition)
    assert json.dumps(definition) == before
    assert found == check_arguments(definition)
    for violation in found:
        reduce(lambda owner, key: owner[key], violation.path, definition)  # every path leads somewhere
        assert violation.message
        assert violation.hint


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_any_json_in_place_of_the_steps_is_passed_over_or_answered(steps: Any) -> None:
    check_arguments({"Steps": steps})
