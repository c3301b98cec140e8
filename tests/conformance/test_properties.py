"""What steps tell, held against the SageMaker SDK: every property that it knows is known here, and a misspelt one is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from framework.checks.properties import NoPropertyError, kind_of
from framework.checks.subject import PlacedStep
from tests.conformance.sdk import Sdk

SHAPES: dict[str, dict[str, Any]] = {
    "Processing": {"shape_name": "DescribeProcessingJobResponse"},
    "Training": {"shape_name": "DescribeTrainingJobResponse"},
    "Tuning": {"shape_names": ["DescribeHyperParameterTuningJobResponse", "ListTrainingJobsForHyperParameterTuningJobResponse"]},
    "Model": {"shape_name": "DescribeModelOutput"},
    "RegisterModel": {"shape_name": "DescribeModelPackageOutput"},
    "Transform": {"shape_name": "DescribeTransformJobResponse"},
    "AutoML": {"shape_name": "DescribeAutoMLJobResponse"},
    "EndpointConfig": {"shape_name": "DescribeEndpointConfigOutput"},
    "Endpoint": {"shape_name": "DescribeEndpointOutput"},
    "InferenceComponent": {"shape_name": "DescribeInferenceComponentOutput"},
    "EMR": {"shape_name": "Step", "service_name": "emr"},
}
"""What the step classes of the SDK make their properties of."""

OTHERS = {
    "QualityCheck": (
        "CalculatedBaselineConstraints", "CalculatedBaselineStatistics", "BaselineUsedForDriftCheckConstraints",
        "BaselineUsedForDriftCheckStatistics",
    ),
    "ClarifyCheck": ("CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"),
    "AutoML": ("BestCandidateProperties.ModelInsightsJsonReportPath", "BestCandidateProperties.ExplainabilityJsonReportPath"),
    "EMR": ("ClusterId", "ExecutionRoleArn", "ClusterConfig.Name"),
    "Condition": ("Outcome",),
    "Lineage": ("ActionArns['a']", "ArtifactArns['a']", "ContextArns['a']", "Associations"),
    "ForEach": ("Selected", "Selected.Name", "IterationOutputs['a'].Name"),
}  # fmt: skip
"""What they add."""


def placed(kind: str) -> PlacedStep:
    return PlacedStep({"Name": "it", "Type": kind, "Arguments": {}}, None)


def known(properties: Any, depth: int) -> Iterator[str]:
    """The paths of properties that the SDK knows, those of lists at their first element, of maps at a key."""
    from sagemaker.core.workflow.properties import Properties, PropertiesList, PropertiesMap

    if isinstance(properties, (PropertiesList, PropertiesMap)):
        children = [properties[0] if isinstance(properties, PropertiesList) else properties["key"]]
    else:
        children = [value for value in vars(properties).values() if isinstance(value, Properties)]
    for child in children if depth else ():
        yield child.path
        yield from known(child, depth - 1)


@pytest.mark.parametrize("kind", SHAPES)
def test_what_the_sdk_knows_is_known(sdk: Sdk, kind: str) -> None:
    from sagemaker.core.workflow.properties import Properties

    paths = list(known(Properties(step_name="it", **SHAPES[kind]), 4))
    assert len(paths) > 5
    for path in paths:
        assert kind_of(placed(kind), path), path
        if not path.endswith("]"):
            with pytest.raises(NoPropertyError):
                kind_of(placed(kind), f"{path}x")


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in OTHERS.items() for path in paths])
def test_what_its_step_classes_add(kind: str, path: str) -> None:
    assert kind_of(placed(kind), path)


def test_what_a_loop_counts(sdk: Sdk) -> None:
    from sagemaker.mlops.workflow.for_each_step import ForEachStep

    for member in ForEachStep._AGGREGATE_PROPERTY_MEMBERS:
        assert kind_of(placed("ForEach"), member) in {"String", "Integer"}
        with pytest.raises(NoPropertyError):
            kind_of(placed("ForEach"), f"{member}x")


def test_types_of_steps_are_those_of_the_sdk(sdk: Sdk) -> None:
    from sagemaker.mlops.workflow.steps import StepTypeEnum

    from framework.checks.rules.definition_steps import TYPES

    assert {kind.value for kind in StepTypeEnum} >= TYPES
