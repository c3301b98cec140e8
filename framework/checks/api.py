"""Which operations of SageMaker's API the step types stand for, and the shapes that those take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from framework.checks.botocore_model import ServiceModel, load_model


@dataclass(frozen=True, slots=True)
class Operation:
    """What SageMaker runs for a step type.

    Attributes:
        name: the operation of the API.
        filled: the member that SageMaker fills in; it may stand in the definition as a prefix (custom job prefixes).
        refused: the member that the API has and a pipeline definition must not have.
    """

    name: str
    filled: str = ""
    refused: str = ""


_PROCESSING = Operation("CreateProcessingJob", filled="ProcessingJobName")

# Step types as in the developer guide, "build-and-manage-steps". `filled` and `refused` are what the SageMaker SDK takes out of its
# requests; of CertifyForMarketplace it says (ModelStep.arguments) that SageMaker rejects a definition that has it.
OPERATIONS: Mapping[str, Operation] = {
    "Processing": _PROCESSING,
    "QualityCheck": _PROCESSING,
    "ClarifyCheck": _PROCESSING,
    "Training": Operation("CreateTrainingJob", filled="TrainingJobName"),
    "Tuning": Operation("CreateHyperParameterTuningJob", filled="HyperParameterTuningJobName"),
    "Model": Operation("CreateModel", filled="ModelName"),
    "RegisterModel": Operation("CreateModelPackage", filled="ModelPackageName", refused="CertifyForMarketplace"),
    "Transform": Operation("CreateTransformJob", filled="TransformJobName"),
    "AutoML": Operation("CreateAutoMLJob", filled="AutoMLJobName"),
    "EndpointConfig": Operation("CreateEndpointConfig"),
    "Endpoint": Operation("CreateEndpoint"),
    "InferenceComponent": Operation("CreateInferenceComponent"),
}
PARTS: Mapping[str, Mapping[str, Operation]] = {
    "Lineage": {
        "Actions": Operation("CreateAction"),
        "Artifacts": Operation("CreateArtifact"),
        "Contexts": Operation("CreateContext"),
    },
}
"""Step types whose Arguments hold lists of requests, by member."""

DESCRIBED: Mapping[str, tuple[str, ...]] = {
    "Processing": ("DescribeProcessingJob",),
    "Training": ("DescribeTrainingJob",),
    "Tuning": ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
    "Model": ("DescribeModel",),
    "RegisterModel": ("DescribeModelPackage",),
    "Transform": ("DescribeTransformJob",),
    "AutoML": ("DescribeAutoMLJob",),
    "EndpointConfig": ("DescribeEndpointConfig",),
    "Endpoint": ("DescribeEndpoint",),
    "InferenceComponent": ("DescribeInferenceComponent",),
}
"""For step types that run a job: the operations of SageMaker whose answers they tell."""


@cache
def sagemaker_model() -> ServiceModel:
    """The shapes of all these operations, read once.

    Raises:
        BackendError: botocore, whose model of the API is read, is missing or damaged.
    """
    parts = (operation for members in PARTS.values() for operation in members.values())
    taken = {operation.name for operation in (*OPERATIONS.values(), *parts)}
    return load_model(sorted(taken), sorted({operation for operations in DESCRIBED.values() for operation in operations}))
