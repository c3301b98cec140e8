"""Projects made from the schema of the configuration: sections and steps of every class, their keys by the schema, their values by
the schema, by what the seeds have under the same key, or odd.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from framework.config.model import STEP_CLASSES
from framework.config.schema import definition
from framework.config.schema_wording import Schema
from tests.fuzz import odd
from tests.fuzz.trees import copied, owners

SECTIONS = {
    "preprocess": "processing",
    "train": "train",
    "transform": "transform",
    "evaluate": "evaluate",
    "registry": "registry",
    "tune": "tune",
}
NOTHING = object()
OF_STEPS = frozenset({"chain_input_source_step", "depends_on", "if_steps", "else_steps", "step", "steps"})
"""Keys whose values name steps."""

FILES = {"entry_point": "train.py", "input_notebook": "train.ipynb"}
"""Keys whose values are files of the source directory."""

NEEDED = frozenset({"max_jobs", "monitor", "cluster_id", "application_id", "max_attempts"})
"""Keys that are needed though the schema does not say so, because others could stand for them."""

WORKS_RARELY = (
    "image", "if_steps", "else_steps", "selector", "chain_input_additional_prefix", "cache_expire_after", "framework_version",
    "parameters", "mlflow", "model_package", "applicationName", "specification", "base_inference_component_name", "defaults",
    "dependencies", "input_paths", "max_wait_seconds", "depends_on", "property_files", "model_metrics",
    "drift_check_baselines", "containers",
)  # fmt: skip
"""Keys that need others, or that stand in the way of others."""

_STEP = re.compile(r"\$\{(steps|iteration)\.[\w-]+")
_OTHER = re.compile(r"\$\{(matrix|item|iteration)[^}]*\}")
_PARAMETER = re.compile(r"\$\{parameters\.([A-Za-z0-9_-]+)\}")

_PLAIN = (
    "x",
    "a-b",
    "b",
    "a/b",
    "1",
    "s3://b/k",
    "text/csv",
    "ml.m5.large",
    "P3D",
    "eu-west-1",
    "Epochs",
    "arn:aws:iam::111122223333:role/r",
)
_TYPICAL = tuple(text for text in (*odd.TEXTS, *odd.EXPRESSIONS) if text.isprintable() and len(text) < 80)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of a type that a schema lets through."""
    kinds = schema.get("type", ())
    types = tuple(kind for word in ([kinds] if isinstance(kinds, str) else kinds) for kind in _TYPES[word])
    return (not types or isinstance(value, types)) and ("enum" not in schema or value in schema["enum"])


_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "null": (type(None),),
}  # fmt: skip


class Grammar:
    """Makes one project.

    Args:
        rng: chooses.
        seen: for each key, values that good configurations have under it.
        careful: whether to make what may well be right; else some values are odd, and names are of nothing.
    """

    def __init__(self, rng: random.Random, seen: Mapping[str, Sequence[Any]], careful: bool) -> None:
        self.rng, self.seen, self.careful = rng, seen, careful
        self.odds = 0.0 if careful else 0.04
        self.names = [f"s{number}" for number in range(rng.choice((1, 2, 3, 5, 8)))]
        self.classes = {name: rng.choice(list(STEP_CLASSES)) for name in self.names}
        if careful:  # what others need comes before them
            first = rng.choice((("Processing", "Training", "CreateModel"), ("Training", "CreateModel", "Metrics"), ()))
            self.classes |= dict(zip(self.names, first, strict=False))

    def project(self) -> dict[str, Any]:
        """The tree of its one file."""
        rng, names = self.rng, self.names
        models = ["m", "n"][: rng.choice((1, 1, 1, 2))]
        steps = [self._step(name, names[:at]) for at, name in enumerate(names)]
        settings = definition("")["properties"]["conf"]
        pipeline = self._some(settings["properties"]["sagemakerPipeline"], 0.15, ("models", "steps"))
        if self.careful or rng.random() < 0.8:
            shares = {model: steps[at :: len(models)] for at, model in enumerate(models)}
            pipeline["models"] = {model: {"steps": share} for model, share in shares.items() if share}
        else:
            pipeline["steps"] = steps
        if rng.random() < 0.3 and len(names) > 1:
            lines = [odd.dependency(rng, names) for _ in range(rng.randint(1, 3))]
            pipeline["dependencies"] = [" >> ".join(names)] if self.careful else lines
        conf = {"models": {model: self._model(steps) for model in models}, "sagemakerPipeline": pipeline}
        if rng.random() < 0.15:
            conf |= self._some(settings, 0.2, ("models", "sagemakerPipeline", "modelConfigFilePath"))
        return {"conf": self._mended(conf) if self.careful else conf}

    def _mended(self, conf: dict[str, Any]) -> dict[str, Any]:
        """The same, its names and expressions about steps and parameters that there are."""
        rng, names = self.rng, self.names
        for owner, key in list(owners(conf)):
            value = owner[key]
            if isinstance(value, str) and "${" in value:
                value = _STEP.sub(lambda match: f"${{{match[1]}.{rng.choice(names)}", value)
                owner[key] = _OTHER.sub("x", value)
            elif (key in OF_STEPS and isinstance(value, (str, dict))) or (
                isinstance(owner, list) and isinstance(value, dict) and "step" in value
            ):
                owner[key] = rng.choice(names)
            elif key in OF_STEPS and isinstance(value, list) and all(isinstance(each, str) for each in value):
                owner[key] = [rng.choice(names)]
        known = sorted(set(_PARAMETER.findall(json.dumps(conf))))
        conf["sagemakerPipeline"]["parameters"] = {name: rng.choice((1, 2.5, "x", True, {"type": "String"})) for name in known}
        return conf

    def _model(self, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        rng = self.rng
        model: dict[str, Any] = {"source_directory": "src"} if self.careful or rng.random() < 0.9 else {}
        for section, kind in SECTIONS.items():
            if rng.random() < 0.35 or any(STEP_CLASSES[name].section == section for name in self.classes.values()):
                model[section] = self._some(definition(kind))
        for step in steps:
            if isinstance(section := step.get("step_type"), str) and rng.random() < 0.8:
                model.setdefault(section, self._some(definition(STEP_CLASSES[self.classes[step["step_name"]]].kind)))
        return model

    def _step(self, name: str, before: Sequence[str]) -> dict[str, Any]:
        about, own = STEP_CLASSES[self.classes[name]], definition("step")
        step = {"step_name": name, "step_class": self.classes[name]}
        step |= self._some(own, 0.12, ("step_name", "step_class", "step_type", "model"), before)
        if not self.careful and self.rng.random() < 0.3:
            step["step_type"] = self.rng.choice((*SECTIONS, "other", f"of_{name}"))
        elif about.section not in SECTIONS or self.rng.random() < 0.2:
            of_class = self._some(definition(about.kind), 0.3, (), before)
            step |= {key: value for key, value in of_class.items() if key not in own["properties"]}
        return step

    def _some(
        self, schema: Schema, often: float = 0.25, without: Sequence[str] = (), names: Sequence[str] = (), depth: int = 0
    ) -> dict[str, Any]:
        """A mapping with the keys that it must have, mostly, and some of the others."""
        made: dict[str, Any] = {}
        without = (*without, *WORKS_RARELY) if self.careful and depth == 0 else without
        for key, prop in schema.get("properties", {}).items():
            needed = key in schema.get("required", ()) or key in NEEDED
            if key not in without and self.rng.random() < (1 - self.odds if needed else often):
                aliases = prop.get("x-aliases", ()) if isinstance(prop, dict) else ()
                made[self.rng.choice((key, key, *aliases))] = self._value(key, prop, names, depth)
        return made

    def _value(self, key: str, schema: Any, names: Sequence[str], depth: int) -> Any:
        """A value for a key: one that is seen there, one by the schema, or an odd one."""
        rng = self.rng
        if not isinstance(schema, dict):
            return copied(odd.value(rng, names))
        made = self._careful_value(key, schema, names) if self.careful else self._careless_value(key, names)
        return self._by_schema(schema, names, depth) if made is NOTHING else made

    def _careful_value(self, key: str, schema: Schema, names: Sequence[str]) -> Any:
        fitting = [value for value in self.seen.get(key, ()) if _fits(value, schema)]
        if key in FILES:
            return FILES[key]
        if fitting and self.rng.random() < 0.8:
            return copied(self.rng.choice(fitting))
        return self._names(names) if key in OF_STEPS else NOTHING

    def _careless_value(self, key: str, names: Sequence[str]) -> Any:
        which = self.rng.random()
        if which < self.odds:
            return copied(odd.value(self.rng, names))
        if which < 0.1:
            return odd.expression(self.rng, names)
        if key in OF_STEPS and which < 0.9:
            return self._names(names)
        return copied(self.rng.choice(self.seen[key])) if which < 0.5 and self.seen.get(key) else NOTHING

    def _names(self, names: Sequence[str]) -> Any:
        one = self.rng.choice(names or ["x"])
        return self.rng.choice((one, [one], list(names[:2]))) if names else []

    def _by_schema(self, schema: Schema, names: Sequence[str], depth: int) -> Any:
        rng = self.rng
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kinds = schema.get("type", "string")
        kind = kinds if isinstance(kinds, str) else rng.choice(kinds)
        if kind == "object":
            return self._mapping(schema, names, depth + 1) if depth < 6 else {}
        if kind == "array":
            count = rng.choice((schema.get("minItems", 1), 1, 2)) if depth < 6 else 0
            return [self._value("", schema.get("items", {}), names, depth + 1) for _ in range(min(count, 3))]
        if kind in ("integer", "number"):
            return rng.choice((schema.get("minimum", 1), schema.get("maximum", 5), 1, 3, 2.5 if kind == "number" else 4))
        if kind == "string":
            return rng.choice(_texts(schema.get("pattern", ""), self.careful))
        return rng.choice((True, False)) if kind == "boolean" else None

    def _mapping(self, schema: Schema, names: Sequence[str], depth: int) -> dict[str, Any]:
        made, other = self._some(schema, 0.3, (), names, depth), schema.get("additionalProperties")
        if "properties" not in schema or isinstance(other, dict):
            keys = _texts(schema.get("propertyNames", {}).get("pattern", ""), self.careful)
            for _ in range(self.rng.choice((0, 1, 2))):
                made[self.rng.choice(keys)] = self._value(
                    "", other if isinstance(other, dict) else {"type": "string"}, names, depth
                )
        return made


@cache
def _texts(pattern: str, careful: bool) -> Sequence[str]:
    """Texts that a pattern lets through; any, where none of those that are known does."""
    known = _PLAIN if careful else _TYPICAL
    return [text for text in known if re.search(pattern, text)] or known
