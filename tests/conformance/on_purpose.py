"""What we emit otherwise than the SageMaker SDK, on purpose: each difference has a name, the places where it shows, and a reason.

docs/conformance.md is this table for readers; a test keeps the two the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A difference on purpose.

    Attributes:
        where: patterns of dotted paths of a normalised definition; `*` stands for any part of one.
        ours, theirs: what each of the two emits.
        reason: why ours is not theirs.
    """

    where: tuple[str, ...]
    ours: str
    theirs: str
    reason: str


ON_PURPOSE: Mapping[str, Difference] = {
    "encrypted traffic": Difference(
        ("*.Arguments.NetworkConfig", "*.EnableInterContainerTrafficEncryption"),
        "EnableInterContainerTrafficEncryption: true on every job",
        "only where it is asked for",
        "traffic between the instances of a job is encrypted unless `arguments` says otherwise",
    ),
    "time limit": Difference(
        ("*.Arguments.StoppingCondition",),
        "StoppingCondition on every job: max_runtime_seconds, or its default",
        "none on processing jobs unless given",
        "a job that hangs ends after the time that the configuration format has always had, not after a day",
    ),
    "code of processing jobs": Difference(
        ("*.Arguments.ProcessingInputs.code.S3Input.S3Uri",),
        "one archive, its key made of its content",
        "a folder whose name has the time of the build",
        "equal code has equal addresses, so that the step cache hits and compiling twice gives the same bytes",
    ),
    "start of processing scripts": Difference(
        (
            "*.A.Arguments.AppSpecification.ContainerEntrypoint",
            "*.A.Arguments.ProcessingInputs.code.S3Input.LocalPath",
            "*.A.Arguments.ProcessingInputs.entrypoint",
        ),
        "a start script that unpacks the source directory, installs requirements.txt and runs the script as a module",
        "a ScriptProcessor runs the one file with python3",
        "every script can import its neighbours; the SDK does the same with a FrameworkProcessor",
    ),
    "start of training scripts": Difference(
        (
            "*.Arguments.AlgorithmSpecification.ContainerArguments",
            "*.Arguments.AlgorithmSpecification.ContainerEntrypoint",
            "*.Arguments.InputDataConfig.code",
            "*.Arguments.InputDataConfig.entrypoint",
            "*.InputDataConfig.sm_drivers",
        ),
        "the image's training toolkit, or with `launcher: bootstrap` the channels code and entrypoint",
        "the channels code and sm_drivers, uploaded anew by every build",
        "the toolkit is the documented contract of the framework images, and takes none of the twenty channels; "
        "addresses are made of content",
    ),
    "hyperparameters of the toolkit": Difference(
        ("*HyperParameters.sagemaker_*", "*.Arguments.HyperParameters.name", "*.CategoricalParameterRanges.opt.Values"),
        "sagemaker_program and sagemaker_submit_directory, and all values in JSON",
        "none of these on training steps, and plain texts",
        "this is how the training toolkit is told what to run; SDK 2 does the same",
    ),
    "truth values of hyperparameters": Difference(
        ("*.Arguments.HyperParameters.flag", "*.Arguments.HyperParameters.fixedb"),
        "True, False where no toolkit reads them",
        "true, false",
        "as SDK 2 writes them, and what built-in algorithms and argparse scripts have been given so far",
    ),
    "parameters that are numbers": Difference(
        (
            "*.Arguments.HyperParameters.epochs.*",
            "*.Arguments.HyperParameters.lr.*",
            "*.Arguments.HyperParameters.flag.*",
            "*.Arguments.HyperParameters.n.*",
        ),
        'Std:Join on "" around the parameter',
        "the bare parameter",
        "hyperparameters are texts, and a join makes a text of a number; SDK 2 does the same",
    ),
    "items of loops": Difference(
        ("*.ForEachBody.Body.Arguments.Environment",),
        'Std:Join on "" around the item',
        "the bare item",
        "variables are texts, and an item may be a number",
    ),
    "model environment": Difference(
        ("*.Arguments.PrimaryContainer.Environment", "*.Arguments.InferenceSpecification.Containers"),
        "SAGEMAKER_SUBMIT_DIRECTORY=/opt/ml/model/code, SAGEMAKER_PROGRAM, SAGEMAKER_REQUIREMENTS",
        "what the model class of the SDK sets, an empty SAGEMAKER_SUBMIT_DIRECTORY among it",
        "the inference toolkits read these, and the code lies in the model archive",
    ),
    "origin of a model version": Difference(
        ("*.Arguments.CustomerMetadataProperties",),
        "PIPELINE_ARN: the execution that registered it",
        "nothing",
        "part of the contract of the original framework",
    ),
    "empty members": Difference(
        (
            "*.Arguments.Containers",
            "*.Arguments.ModelMetrics.Bias",
            "*.Arguments.ModelMetrics.Explainability",
            "*.Arguments.Tags",
        ),
        "left out",
        "{} or []",
        "an empty member says nothing, and shows as a difference in plans",
    ),
    "debugger": Difference(
        ("*.Arguments.DebugHookConfig", "*.Arguments.ProfilerConfig"),
        "left out",
        "SDK 2 switches the profiler and an empty debug hook on",
        "SDK 3 has dropped them; `arguments` can set them",
    ),
    "defaults of inputs": Difference(
        (
            "*.ProcessingInputs.*.S3Input.S3CompressionType",
            "*.ProcessingInputs.*.S3Input.S3DataDistributionType",
            "*.InputDataConfig.*.InputMode",
        ),
        "written out on every input of every job",
        "written out on the inputs of some steps only",
        "one form for all jobs; the values are the service's defaults",
    ),
    "compression of models": Difference(
        ("*.TrainingJobDefinition.OutputDataConfig.CompressionType",),
        "left out",
        "GZIP, where the trainer sets it",
        "the service compresses unless it is told not to",
    ),
    "outputs of notebooks": Difference(
        ("*.Arguments.OutputDataConfig.S3OutputPath",),
        "a folder of the execution and the step",
        "a folder of the step",
        "no two executions share a path",
    ),
    "analysis configuration": Difference(
        ("*.ProcessingInputs.analysis_config.S3Input.S3Uri",),
        "an address made of its content",
        "an address that the caller names",
        "equal configurations have equal addresses, and none is overwritten",
    ),
    "best training job": Difference(
        ("*.PrimaryContainer.ModelDataUrl",),
        "BestTrainingJob, below the output path that the tuning job tells",
        "the first of TrainingJobSummaries, below a fixed path",
        "it is what the service calls the best, and an output path that each execution has of its own works too",
    ),
    "content type of transforms": Difference(
        ("*.Arguments.TransformInput.ContentType", "*.Arguments.TransformOutput.Accept"),
        "content_type, text/csv unless set",
        "left out unless given",
        "the default of the configuration format",
    ),
}


def explained(paths: Iterable[str]) -> tuple[set[str], set[str]]:
    """The names of the differences that show at these paths, and the paths that none of them explains."""
    names: set[str] = set()
    unexplained: set[str] = set()
    for path in paths:
        found = {name for name, difference in ON_PURPOSE.items() if any(_matches(path, where) for where in difference.where)}
        names |= found
        if not found:
            unexplained.add(path)
    return names, unexplained


def _matches(path: str, where: str) -> bool:
    return fnmatchcase(path, where) or fnmatchcase(path, f"{where}.*")


def told(differences: Mapping[str, tuple[Any, Any]]) -> set[str]:
    """The names of the differences on purpose among these; every other one fails.

    Args:
        differences: dotted path → ours, theirs.
    """
    names, unexplained = explained(differences)
    assert {path: differences[path] for path in sorted(unexplained)} == {}
    return names
