"""What the service knows a step by when it looks for an earlier result: a step in, the attributes of it that count out.

The tables are the guide's page "pipelines-default-keys". Everything else of a step, its outputs, resources, tags, names and
network, may change without another run of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHECK = ("ProcessingInputs", "AppSpecification", "Environment")
CHECK_KEYS = ("CheckType", "SkipCheck", "RegisterNewBaseline", "ModelPackageGroupName", "SuppliedBaselineConstraints")
ATTRIBUTES: Mapping[str, tuple[str, ...] | None] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
    "AutoML": ("AutoMLJobConfig", "AutoMLJobObjective", "InputDataConfig", "ProblemType"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
    "ClarifyCheck": CHECK,
    "QualityCheck": CHECK,
    "EMR": ("ClusterId", "StepConfig"),
    "Lambda": None,
    "Callback": None,
}
"""The arguments that count, by step type; None for all. Steps of other types are never reused."""

STEP_KEYS: Mapping[str, tuple[str, ...]] = {
    "ClarifyCheck": CHECK_KEYS,
    "QualityCheck": (*CHECK_KEYS, "SuppliedBaselineStatistics"),
    "Lambda": ("FunctionArn", "OutputParameters"),
    "Callback": ("SqsQueueUrl", "OutputParameters"),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "TrainingJobDefinition": (
        "AlgorithmSpecification",
        "HyperParameterRanges",
        "InputDataConfig",
        "StaticHyperParameters",
        "TuningObjective",
    ),
    "AutoMLJobConfig": ("CompletionCriteria", "CandidateGenerationConfig", "DataSplitConfig", "Mode"),
}
"""Of these arguments only these members count."""

FRESH = frozenset({
    "CurrentDateTime", "PipelineExecutionArn", "PipelineExecutionId", "ProcessingJobName", "StartDateTime", "TrainingJobName",
})  # fmt: skip
"""The execution variables that have another value in every execution."""


def attributes(kind: str, step: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a step that count.

    Args:
        kind: its type, one of ATTRIBUTES.
        step: the step.
        arguments: its Arguments.
    """
    names = ATTRIBUTES[kind]
    found = {name: arguments[name] for name in (arguments if names is None else names) if name in arguments}
    found |= {name: step[name] for name in STEP_KEYS.get(kind, ()) if name in step}
    for name, members in PARTS.items():
        if isinstance(found.get(name), Mapping):
            found[name] = {member: found[name][member] for member in members if member in found[name]}
    return found
