"""Older spellings of the dialect, rewritten into the one form that the schema describes. Places are kept.

- models nested under `models.modelContainer`, and `models.projectName` / `models.modelName` of old framework files;
- models and sections with nothing behind their names: they are empty mappings;
- `channels` given as a bare name or a list of names, in sections, in defaults and on steps;
- `metrics.model_quality.Statistics.ContentType`, today `evaluate.content_type`;
- `step_class: preprocessing`, and `Model`, as the service calls what the dialect calls CreateModel;
- parameters given as their default alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from framework.config.values import Map, Seq
from framework.findings import WARNING, Finding

MODEL_KEYS = frozenset({"source_directory", "name", "defaults", "extends"})
"""The keys of a model that are not sections."""

_LEGACY_MODEL_KEYS = ("projectName", "modelName")
_LEGACY_CLASSES = {"preprocessing": "Processing", "model": "CreateModel"}


def normalise(tree: Map) -> list[Finding]:
    """Rewrite the tree of one file in place; findings for what is read and has no effect."""
    conf = tree.get("conf")
    if not isinstance(conf, Map):
        return []
    findings = []
    models = conf.get("models")
    if isinstance(models, Map):
        findings = list(_lift_models(models))
        for name, model in models.items():
            if model is None:
                models[name] = Map(models.key_place_of(name))
            elif isinstance(model, Map):
                _normalise_model(model)
    pipeline = conf.get("sagemakerPipeline")
    if isinstance(pipeline, Map) and isinstance(pipeline.get("parameters"), Map):
        _normalise_parameters(pipeline["parameters"])
    for step in _steps(pipeline):
        kind = step.get("step_class")
        if isinstance(kind, str) and kind.lower() in _LEGACY_CLASSES:
            step["step_class"] = _LEGACY_CLASSES[kind.lower()]
        _normalise_channels(step)
    for holder in (conf, pipeline, *(models.values() if isinstance(models, Map) else ())):
        _normalise_defaults(holder)
    return findings


def _lift_models(models: Map) -> Iterator[Finding]:
    container = models.get("modelContainer")
    if isinstance(container, Map) and "source_directory" not in container:
        models.drop("modelContainer")
        for name in container:
            if name in models:
                message = f'the model "{name}" stands twice; the other is at {models.key_place_of(name)}'
                yield Finding("SMP102", container.key_place_of(name), message, "keep one of them")
            else:
                models.take(name, container)
    for key in _LEGACY_MODEL_KEYS:
        if isinstance(models.get(key), str) or (key in models and models[key] is None):
            message = f"models.{key} has no effect: models are found by their own names"
            yield Finding("SMP113", models.key_place_of(key), message, "remove it", WARNING)
            models.drop(key)


def _normalise_parameters(parameters: Map) -> None:
    for name, value in parameters.items():
        if not isinstance(value, (Map, Seq)):
            parameter = Map(parameters.place_of(name))
            if value is not None:
                parameter.take("default", parameters, name)
            parameters[name] = parameter
            parameters.raw.pop(name, None)


def _normalise_model(model: Map) -> None:
    for name, section in model.items():
        if section is None and name not in MODEL_KEYS:
            model[name] = Map(model.key_place_of(name))
        else:
            _normalise_channels(section)
    evaluate = model.get("evaluate")
    holders = [(model, "metrics")]
    if isinstance(evaluate, Map):
        holders.append((evaluate, "metrics"))
    for holder, key in holders:
        statistics = _descend(holder.get(key), ("model_quality", "ModelQuality"), ("Statistics",))
        if isinstance(evaluate, Map) and isinstance(statistics, Map) and "ContentType" in statistics:
            if "content_type" not in evaluate:
                evaluate.take("content_type", statistics, "ContentType")
            holder.drop(key)


def _normalise_defaults(holder: Any) -> None:
    defaults = holder.get("defaults") if isinstance(holder, Map) else None
    for section in defaults.values() if isinstance(defaults, Map) else ():
        _normalise_channels(section)


def _normalise_channels(section: Any) -> None:
    if isinstance(section, Map) and "channels" in section:
        section["channels"] = _channels(section, section["channels"])


def _channels(section: Map, channels: Any) -> Any:
    """`channels` as a mapping from name to (maybe empty) settings."""
    place = section.place_of("channels")
    names: Any = Seq(place) if not isinstance(channels, Seq) else channels
    if isinstance(channels, str) and channels.strip():
        names.add(channels.strip(), place)
    if not names or not all(isinstance(name, str) for name in names):
        return None if isinstance(channels, str) else channels
    result = Map(place)
    for index, name in enumerate(names):
        result.put(name, None, names.place_of(index), names.place_of(index))
    return result


def _descend(value: Any, *levels: tuple[str, ...]) -> Any:
    for names in levels:
        if not isinstance(value, Map):
            return None
        value = next((value[name] for name in names if name in value), None)
    return value


def _steps(pipeline: Any) -> Iterator[Map]:
    """Every step, those written inside others too."""
    units = pipeline.get("models") if isinstance(pipeline, Map) else None
    todo = [pipeline.get("steps")] if isinstance(pipeline, Map) else []
    todo += [unit.get("steps") for unit in units.values() if isinstance(unit, Map)] if isinstance(units, Map) else []
    while todo:
        listed = todo.pop()
        for step in listed if isinstance(listed, Seq) else ():
            if isinstance(step, Map):
                yield step
                todo += [step.get(key) for key in ("steps", "if_steps", "else_steps")]
