"""Where the configuration says what the parts of a pipeline are to be: a part in, the place of its line out.

Parts are called as the changes of plans call them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.lines import line_of
from framework.checks.places import Path
from framework.config.values import Map, Seq, entries, place_at
from framework.findings import Place
from framework.pipeline.build import Pipeline
from framework.pipeline.triggers import notification_name
from framework.steps.create_model import package_parameter
from framework.steps.register_model import group_name

_ANCHOR = "sagemakerPipeline"
_SETTINGS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("role", "RoleArn"): ("sagemakerNetworkSecurity", "role"),
    ("description", "Description"): (_ANCHOR, "description"),
    ("display name", "DisplayName"): (_ANCHOR, "display_name"),
    ("parallelism", "MaxParallelExecutionSteps"): (_ANCHOR, "parallelism"),
    ("definition", "PipelineExperimentConfig"): (_ANCHOR, "experiment"),
    ("definition", "MlflowConfig"): (_ANCHOR, "mlflow"),
}
"""For kinds and names of parts, the keys of the configuration."""

_MEMBERS = {
    "ExperimentName": "name",
    "MlflowExperimentName": "experiment_name",
    "MlflowResourceArn": "resource_arn",
    "TrialName": "trial",
}
_OF_PARAMETERS = {"DefaultValue": "default", "EnumValues": "enum", "Type": "type"}


def place_of_part(what: str, name: str, path: Path, definition: Mapping[str, Any], pipeline: Pipeline) -> Place:
    """Where the configuration says of a part of the pipeline what it is to be.

    Args:
        what: its kind: "role", "tag", "step", …
        name: which one.
        path: where in the definition it stands; empty where it does not.
        definition: what the pipeline compiled to.
        pipeline: the pipeline.
    """
    if what == "step":
        return line_of(path, definition, pipeline)
    if what == "parameter":
        return _of_parameter(name, path[2:], pipeline)
    if what == "model package group":
        return _of_group(name, pipeline)
    if what in {"trigger", "notification", "bucket"}:
        return _of_trigger(what, name, pipeline)
    keys = _tag(name, "Value" if path else "Key", pipeline) if what == "tag" else _SETTINGS.get((what, name), ())
    keys = (*keys, *(_MEMBERS[str(part)] for part in path[1:2] if part in _MEMBERS)) if keys else ()
    found = place_at(pipeline.config.values, keys) if keys else pipeline.settings.place
    return found if found.file else pipeline.settings.place


def _tag(name: str, member: str, pipeline: Pipeline) -> tuple[str | int, ...]:
    tags = pipeline.config.values.get(_ANCHOR, {}).get("tags") or ()
    found = [index for index, tag in enumerate(tags) if isinstance(tag, dict) and tag.get("Key") == name]
    return (_ANCHOR, "tags", found[0], member) if found else ()


def _of_parameter(name: str, path: Path, pipeline: Pipeline) -> Place:
    """Where a parameter, or what is said of it, is declared; for one that stands for a registered model, where that is named."""
    for step in pipeline.steps.values():
        package = step.spec.values.get("model_package")
        if isinstance(package, Map) and package_parameter(package) == name:
            return step.spec.place_of("model_package")
    keys = [_OF_PARAMETERS.get(str(part), "") for part in path[:1]]
    found = place_at(pipeline.config.values, (_ANCHOR, "parameters", name, *keys), key=not keys)
    return found if found.file else pipeline.settings.place


def _of_group(name: str, pipeline: Pipeline) -> Place:
    for step in pipeline.steps.values():
        if "ModelPackageGroupDescription" in step.spec.values and group_name(step.spec, pipeline.name) == name:
            return step.spec.place_of("ModelPackageGroupDescription")
    return pipeline.settings.place


def _of_trigger(what: str, name: str, pipeline: Pipeline) -> Place:
    """Where a trigger or a notification is declared; for a bucket, the first trigger that its objects start."""
    settings = pipeline.settings
    if what == "notification":
        found = [each.place for each in settings.notifications if notification_name(each) == name]
    elif what == "bucket":
        found = [each.place for each in settings.triggers if name in map(str, _texts(each.values))]
    else:
        found = [each.place for each in settings.triggers if each.name == name]
    return found[0] if found else settings.place


def _texts(tree: Any) -> Iterator[Any]:
    """Every value below a mapping or list that is neither."""
    for _, value in entries(tree):
        if isinstance(value, (Map, Seq)):
            yield from _texts(value)
        else:
            yield value
