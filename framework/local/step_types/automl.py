"""AutoML: a small scikit-learn search stands in for Autopilot, and says so; its model can really be served.

The search is the program `automl`. The description has the shape of DescribeAutoMLJobResponse, and BestCandidateProperties, which
pipelines know beside it. What the container answers follows the developer guide's page "Configure inference output in generated
containers".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.local.archives import pack
from framework.local.files import read_json
from framework.local.functions import text
from framework.local.job import ML, Job, StepError, StepRun, s3_prefix
from framework.local.names import now
from framework.local.step_types.base import StepType
from framework.local.store import join_uri

PROGRAM = Path(__file__).parents[1] / "programs" / "automl.py"
SIMULATED = "a small scikit-learn search stands in for Autopilot: candidates, scores and reports are its own"
IMAGE = "sagemaker-pipelines-framework/automl-stand-in"
PROBLEMS = ("Regression", "BinaryClassification", "MulticlassClassification")
CHANNELS = ("training", "validation")
OUTPUT = f"{ML}/output/automl"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Sums then come out the same whatever the number of cores, and other steps run undisturbed."""
FINISHING_SECONDS = 300
"""What fitting the best candidate and the reports may take beyond MaxAutoMLJobRuntimeInSeconds."""


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    begin = now()
    channels = _channels(step.arguments)
    spec = _specification(step, channels)
    job = Job(step, limit=spec["seconds"] and spec["seconds"] + FINISHING_SECONDS)
    job.note(SIMULATED)
    for line in _notes(step.arguments, spec):
        job.note(line)
    for name, channel in channels.items():
        source = (channel.get("DataSource") or {}).get("S3DataSource") or {}
        step.site.store.download(s3_prefix(source, f"channel {name}"), job.path(f"{ML}/input/data/{name}"))
    job.folder(f"{ML}/output")
    job.write(f"{ML}/input/config/automl.json", spec)
    job.execute(["python", str(PROGRAM)], ONE_THREAD)
    result = read_json(job.path(f"{OUTPUT}/result.json"))
    places = _upload(job, step, result["candidates"][0]["name"])
    return _description(step, result, places, begin)


def _channels(arguments: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    channels: dict[str, Mapping[str, Any]] = {}
    for channel in arguments.get("InputDataConfig") or ():
        kind = str(channel.get("ChannelType") or CHANNELS[0])
        content = str(channel.get("ContentType") or "text/csv;header=present").replace(" ", "").lower()
        if kind not in CHANNELS or kind in channels:
            raise StepError(f"ClientError: a channel of ChannelType {kind} is unknown, or there twice")
        if content not in ("text/csv", "text/csv;header=present"):
            raise StepError(f"ClientError: the channel {kind} is of ContentType {content}; the stand-in reads CSV with a header")
        channels[kind] = channel
    if CHANNELS[0] not in channels:
        raise StepError("ClientError: there is no channel of ChannelType training")
    return channels


def _specification(step: StepRun, channels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the program is told."""
    config = step.arguments.get("AutoMLJobConfig") or {}
    criteria, generation = config.get("CompletionCriteria") or {}, config.get("CandidateGenerationConfig") or {}
    problem, objective = step.arguments.get("ProblemType"), step.arguments.get("AutoMLJobObjective") or {}
    if bool(problem) != bool(objective.get("MetricName")):
        raise StepError("ClientError: ProblemType and AutoMLJobObjective are given together or not at all")
    if problem and problem not in PROBLEMS:
        raise StepError(f"ClientError: the ProblemType {problem} is none of {', '.join(PROBLEMS)}")
    weights = {
        str(channel["SampleWeightAttributeName"]) for channel in channels.values() if channel.get("SampleWeightAttributeName")
    }
    return {
        "target": text(channels[CHANNELS[0]].get("TargetAttributeName") or ""),
        "problem": problem,
        "metric": objective.get("MetricName"),
        "candidates": _whole(criteria.get("MaxCandidates")),
        "seconds": _whole(criteria.get("MaxAutoMLJobRuntimeInSeconds")),
        "validation_fraction": (config.get("DataSplitConfig") or {}).get("ValidationFraction"),
        "gzip": [kind for kind, channel in channels.items() if channel.get("CompressionType") == "Gzip"],
        "left_out": sorted(weights),
        **_feature_specification(step, generation.get("FeatureSpecificationS3Uri")),
    }


def _whole(value: Any) -> int | None:
    return None if value is None else int(text(value))


def _feature_specification(step: StepRun, uri: str | None) -> dict[str, list[str]]:
    """The features that are wanted, none for all of them, and those that are not numbers."""
    if not uri:
        return {"features": [], "categorical": []}
    try:
        content = json.loads(step.site.store.object(uri).read_bytes())
        types = content.get("FeatureDataTypes") or {}
        categorical = [name for name, kind in types.items() if kind != "numeric"]
        return {"features": list(content.get("FeatureAttributeNames") or ()), "categorical": categorical}
    except (ValueError, AttributeError) as error:
        raise StepError(f"ClientError: the feature specification {uri} cannot be read: {error}") from None


def _notes(arguments: Mapping[str, Any], spec: Mapping[str, Any]) -> list[str]:
    config = arguments.get("AutoMLJobConfig") or {}
    given = {
        "SampleWeightAttributeName": spec["left_out"],
        "MaxRuntimePerTrainingJobInSeconds": (config.get("CompletionCriteria") or {}).get("MaxRuntimePerTrainingJobInSeconds"),
        "AlgorithmsConfig": (config.get("CandidateGenerationConfig") or {}).get("AlgorithmsConfig"),
        "ModelDeployConfig": arguments.get("ModelDeployConfig"),
    }
    return [f"{name} is not applied" for name, value in given.items() if value]


def _upload(job: Job, step: StepRun, best: str) -> dict[str, str]:
    """Puts the model and the reports to S3; returns their URIs."""
    base = join_uri(str(step.arguments["OutputDataConfig"]["S3OutputPath"]), step.job_name)
    places = {
        "model": join_uri(base, "sagemaker-automl-candidates", "model", best, "model.tar.gz"),
        "analysis": join_uri(base, "documentation", "explainability", "output", best, "analysis.json"),
        "statistics": join_uri(base, "documentation", "model_monitor", "output", best, "statistics.json"),
        "leaderboard": join_uri(base, "leaderboard.json"),
    }
    pack(job.path(f"{ML}/model"), step.site.store.path(places["model"]), job.ml)
    for name in ("analysis", "statistics", "leaderboard"):
        step.site.store.put(places[name], job.path(f"{OUTPUT}/{name}.json").read_bytes())
    return places


def _description(step: StepRun, result: Mapping[str, Any], places: Mapping[str, str], begin: str) -> dict[str, Any]:
    objective = {"MetricName": result["metric"]}
    return {
        **step.arguments,
        "Simulated": SIMULATED,
        "AutoMLJobName": step.job_name,
        "AutoMLJobArn": step.job_arn,
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": result["status"],
        "CreationTime": begin,
        "LastModifiedTime": now(),
        "EndTime": now(),
        "ResolvedAttributes": {"ProblemType": result["problem"], "AutoMLJobObjective": objective},
        "BestCandidate": _candidate(result, places, begin),
        "BestCandidateProperties": {
            "ModelInsightsJsonReportPath": places["statistics"],
            "ExplainabilityJsonReportPath": places["analysis"],
        },
    }


def _candidate(result: Mapping[str, Any], places: Mapping[str, str], begin: str) -> dict[str, Any]:
    best, metric = result["candidates"][0], result["metric"]
    values = {name: found["value"] for name, found in best["metrics"].items()}
    final = {"MetricName": metric, "StandardMetricName": metric, "Type": result["direction"], "Value": values[metric]}
    container = {"Image": IMAGE, "ModelDataUrl": places["model"], "Environment": _environment(best["name"], result["problem"])}
    return {
        "CandidateName": best["name"],
        "CandidateStatus": "Completed",
        "CandidateSteps": [],
        "ObjectiveStatus": "Succeeded",
        "FinalAutoMLJobObjectiveMetric": final,
        "InferenceContainers": [container],
        "CandidateProperties": {
            "CandidateArtifactLocations": {
                "Explainability": places["analysis"].rpartition("/")[0],
                "ModelInsights": places["statistics"].rpartition("/")[0],
            },
            "CandidateMetrics": [
                {"MetricName": name, "StandardMetricName": name, "Value": value, "Set": "Validation"}
                for name, value in values.items()
            ],
        },
        "CreationTime": begin,
        "EndTime": now(),
        "LastModifiedTime": now(),
    }


def _environment(name: str, problem: str) -> dict[str, str]:
    supported = "predicted_label" if problem == PROBLEMS[0] else "predicted_label,probability,probabilities,labels"
    return {
        "MODEL_NAME": name,
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
        "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
        "SAGEMAKER_INFERENCE_SUPPORTED": supported,
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": f"{ML}/model/code",
    }


STEP_TYPE = StepType("AutoMLJob", "automl-job", "AutoMLJobName", "AutoMLJobArn", run, simulated=lambda _step, _settings: SIMULATED)
