"""The questions and the demand of any definition, however it is shaped: they are never in the way, and lead to what is there."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from framework.deploy.live.demand import demands
from framework.deploy.live.questions import to_ask
from framework.pipeline.compiled import CompiledPipeline

ROLE = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
WORDS = st.sampled_from(
    ["a", "b", "Failed", ROLE, IMAGE, "s3://lake/raw", "s3://", "alias/key", "ml.m5.xlarge", "Steps.a.X", "Steps."]
)
KEYS = st.sampled_from([
    "Get", "Std:Join", "On", "Values", "S3Uri", "S3Input", "S3DataSource", "S3DataType", "ModelDataUrl", "S3OutputPath",
    "RoleArn", "KmsKeyId", "VpcConfig", "Subnets", "SecurityGroupIds", "ResourceConfig", "InstanceType",
    "InstanceCount", "InstanceGroups", "Step", "ProcessingResources", "ClusterConfig", "TransformResources",
    "TrainingJobDefinitions", "HyperParameterTuningJobConfig", "ResourceLimits", "MaxParallelTrainingJobs",
    "EndpointConfigName", "ProductionVariants", "InitialInstanceCount", "IterableItems", "MaxConcurrency",
    "KeepAlivePeriodInSeconds", "IfSteps", "ElseSteps", "ForEachBody",
])  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.floats(allow_nan=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
TYPES = st.sampled_from(
    ["Training", "Processing", "Transform", "Tuning", "EndpointConfig", "Endpoint", "EMRServerless", "Lambda", "?"]
)


def step(inner: Any) -> Any:
    """A step that holds others, or a plain one; now and then something that is none."""
    name = st.sampled_from(["a", "b", "c"])
    holder = {
        "Condition": st.fixed_dictionaries({}, optional={"IfSteps": inner, "ElseSteps": inner}),
        "ForEach": st.fixed_dictionaries({}, optional={"ForEachBody": inner, "MaxConcurrency": VALUES, "IterableItems": VALUES}),
    }
    plain = st.fixed_dictionaries({"Name": name, "Type": TYPES}, optional={"Arguments": VALUES, "DependsOn": VALUES})
    holding = [
        st.fixed_dictionaries({"Name": name, "Type": st.just(kind), "Arguments": arguments}, optional={"DependsOn": VALUES})
        for kind, arguments in holder.items()
    ]
    return st.one_of(plain, plain, *holding, VALUES)


STEPS = st.recursive(st.one_of(st.just([]), VALUES), lambda inner: st.lists(step(inner), max_size=4), max_leaves=8)
DEFINITIONS = st.fixed_dictionaries({}, optional={"Steps": STEPS, "Parameters": VALUES})


def at(definition: Any, path: Any) -> Any:
    for part in path:
        definition = definition[part]
    return definition


@given(DEFINITIONS, st.sampled_from([None, 1, 3]))
def test_any_definition_is_walked_and_every_path_leads_somewhere(definition: dict[str, Any], parallelism: int | None) -> None:
    asked = to_ask(CompiledPipeline("churn", definition))

    for uses in (asked.roles, asked.buckets, asked.stored, asked.images, asked.networks, asked.keys):
        for several in uses.values():
            assert several
            for use in several:
                assert use.path[: len(use.step)] == use.step
                assert at(definition, use.path) is not None
    for demand in demands(definition, parallelism):
        assert demand.most >= max(share.count for share in demand.shares) > 0
        for share in demand.shares:
            assert at(definition, share.path) is not None
