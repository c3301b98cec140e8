"""Channels: where a step's data comes from, and what a step gives to those that chain from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.config.expressions import Expression, Join, Ref, written
from framework.config.model import METRICS, PROCESSING, TRAINING, TRANSFORM, TUNING, Section
from framework.findings import WARNING, Finding, nearest
from framework.steps.base import StepSpec, Surroundings, bucket_name

DEFAULT_CHANNEL = "train"
METRICS_OUTPUT = "model_evaluation_metrics"
_CHAINABLE = (PROCESSING, TRAINING, TUNING, TRANSFORM, METRICS)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One static input: the channel it hangs on, its name (may be empty), its fileName as it was written, and its S3 URI.

    The URI is an expression where the fileName is one.
    """

    channel: str
    name: str
    written: str
    uri: Any
    keys: tuple[str | int, ...]


def channels_of(section: Section) -> Mapping[str, Any]:
    """The channels of a section; none where the section is broken."""
    return {} if section.broken else section.values.get("channels") or {}


def channel_names(spec: StepSpec) -> list[str]:
    """The channels of a step's section; `train` where it names none."""
    return names_in(spec.as_training.section)


def names_in(section: Section) -> list[str]:
    """The channels of a section; `train` where it names none."""
    return list(channels_of(section)) or [DEFAULT_CHANNEL]


def data_files(spec: StepSpec, around: Surroundings) -> list[DataFile]:
    """Every data file of every channel, in the order they are written; what looks like a path of this machine is a warning."""
    files = [file for name, settings in channels_of(spec.section).items() for file in _files(name, settings or {}, around)]
    for file in files:
        if file.written.startswith(("/", "./", "../", "~")):
            message = f'"{file.written}" looks like a path of this machine, and is read as {file.uri}'
            hint = "write the s3:// URI; in a local run conf.local.data says which folder stands for it"
            around.report(Finding("SMP113", spec.place_of(*file.keys, "fileName"), message, hint, WARNING))
    if spec.step_class in {PROCESSING, TRAINING, TUNING}:
        _report_idle(spec, files, around)
    return files


def _report_idle(spec: StepSpec, files: list[DataFile], around: Surroundings) -> None:
    """Report buckets and prefixes of channels without a file that is looked for there."""
    used = {file.channel for file in files if not file.written.startswith("s3://")}
    for name, settings in channels_of(spec.section).items():
        for key in ("s3Bucket", "s3InputPrefix"):
            if key in (settings or {}) and name not in used:
                message = f"{key} of the channel {name} has no effect: no data file of it is a key below it"
                around.report(Finding("SMP113", spec.place_of("channels", name, key), message, "remove it", WARNING))


def _files(channel: str, settings: dict[str, Any], around: Surroundings) -> Iterator[DataFile]:
    for index, entry in enumerate(settings.get("dataFiles") or ()):
        keys = ("channels", channel, "dataFiles", index)
        name, given = str(entry.get("sourceName") or ""), entry["fileName"]
        yield DataFile(channel, name, written(given), _uri(given, settings, around), keys)


def _uri(file_name: Any, settings: dict[str, Any], around: Surroundings) -> Any:
    """The URI of a file; what begins with an expression, or with s3://, is one already."""
    if isinstance(file_name, Join) and isinstance(file_name.values[0], str):
        return Join(file_name.on, (_uri(file_name.values[0], settings, around), *file_name.values[1:]))
    if isinstance(file_name, Expression) or file_name.startswith("s3://"):
        return file_name
    bucket = bucket_name(str(settings.get("s3Bucket") or around.config.bucket))
    prefix = str(settings.get("s3InputPrefix") or "").strip("/")
    return "/".join(["s3:/", bucket, *([prefix] if prefix else []), file_name.lstrip("/")])


def report_clashes(spec: StepSpec, around: Surroundings, kind: str, names: Iterable[str]) -> None:
    """Report the names that several inputs of one job have."""
    for name, count in Counter(names).items():
        if count > 1:
            own = " (one of them carries the step's code)" if name in {"code", "entrypoint"} else ""
            message = f'{spec.name} has {count} {kind} called "{name}"{own}'
            around.report(Finding("SMP302", spec.place_of("channels"), message, "give each data file a sourceName of its own"))


def output_names(spec: StepSpec) -> list[str]:
    """The names under which a step's results can be chained: its channels; for Metrics its one report."""
    return [METRICS_OUTPUT] if spec.step_class == METRICS else channel_names(spec)


def chained(source: StepSpec, channel: str) -> Ref | Join:
    """What a chain input reads of its source step."""
    return output_of(source.name, source.step_class, channel)


def output_of(step: str, step_class: str, channel: str) -> Ref | Join:
    """What a step that puts out data, or a model, puts out in a channel."""
    if step_class == TRAINING:
        return Ref(step, "ModelArtifacts.S3ModelArtifacts")
    if step_class == TUNING:
        return best_model(step)
    if step_class == TRANSFORM:
        return Ref(step, "TransformOutput.S3OutputPath")
    return Ref(step, f"ProcessingOutputConfig.Outputs['{channel}'].S3Output.S3Uri")


def best_model(step: str) -> Join:
    """The model of a Tuning step's best training job."""
    place = Ref(step, "TrainingJobDefinition.OutputDataConfig.S3OutputPath")
    return Join("/", (place, Ref(step, "BestTrainingJob.TrainingJobName"), "output/model.tar.gz"))


def chain_sources(spec: StepSpec, around: Surroundings) -> list[StepSpec]:
    """The steps this one chains from; unknown or unsuitable ones are findings."""
    sources = []
    for name in spec.config.chain:
        source = around.specs.get(name)
        place = spec.config.values.place_of("chain_input_source_step")
        if source is None:
            if around.config.pipeline is None or not around.config.pipeline.names(name):
                message = f'{spec.name} chains from "{name}", which is no step'
                others = [other for other in around.specs if other != spec.name]
                around.report(Finding("SMP201", place, message, nearest(name, others)))
        elif source.step_class not in _CHAINABLE:
            message = f"{spec.name} chains from {name}, a {source.step_class} step, which puts out no data"
            around.report(Finding("SMP207", place, message, f"chain from a step of class {', '.join(_CHAINABLE)}"))
        else:
            sources.append(source)
    return sources


def chosen_output(spec: StepSpec, source: StepSpec, around: Surroundings) -> str | None:
    """For a step that reads one channel of its source: which one. None after a finding, or where the source is broken.

    It is the channel its own section names; where the section names none, `train`, or the only one the source has.
    """
    if source.step_class in {TRAINING, TUNING, TRANSFORM}:
        return DEFAULT_CHANNEL
    if source.section.broken:
        return None
    legal = output_names(source)
    wanted = channel_names(spec)[0]
    if wanted in legal:
        return wanted
    if len(legal) == 1 and (not spec.values.get("channels") or source.step_class == METRICS):
        return legal[0]
    place = spec.config.values.place_of("chain_input_source_step")
    message = f'{spec.name} reads the channel "{wanted}" of {source.name}, which puts out {", ".join(legal)}'
    hint = f"name one of them as the channel of {spec.model.name}.{spec.section.name}"
    around.report(Finding("SMP301", place, message, hint))
    return None
