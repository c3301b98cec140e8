"""What every step class shares: references, the step itself, and the unit it is built in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from framework.config.expressions import Expression, Item, Iteration, Join, JsonGet, Parameter, Ref, Variable
from framework.config.model import Config, Model, Section, StepConfig
from framework.config.values import Map, Text, pieces_of, place_at
from framework.findings import Finding, Place

Arguments = dict[str, Any]

Origins = Mapping[tuple[str, ...], tuple[str, ...]]
"""For paths of a step's arguments, the keys of its section that they came from."""


LONGEST_NAME = 64
"""Of a step: StepName in the API."""

EXECUTION_ID = Variable("PipelineExecutionId")


@dataclass(frozen=True, slots=True)
class PropertyFile:
    """A JSON file among a processing step's outputs whose content other steps may look into."""

    name: str
    output: str
    path: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A step that another waits for without looking at anything of it; `place` is that of the step itself where it is None."""

    step: str
    place: Place | None = None
    trigger: str = "Completed"


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A step that is to be built: its configuration, and its neighbours in the unit.

    Attributes:
        section: what parametrises it.
        training: the last Training or Tuning step before this one in the unit.
        create_model, metrics: likewise the last CreateModel and Metrics steps before it.
        repack: name of the step that packs the inference script into the model, if one does.
        jobs: for a Tuning step, the section of its training jobs.
    """

    config: StepConfig
    model: Model
    section: Section
    training: StepSpec | None = None
    create_model: StepSpec | None = None
    metrics: StepSpec | None = None
    repack: str | None = None
    jobs: Section | None = None

    @property
    def as_training(self) -> StepSpec:
        """The step as its training jobs see it: itself, or a Tuning step with the section of its jobs."""
        return self if self.jobs is None else replace(self, section=self.jobs, jobs=None)

    @property
    def name(self) -> str:
        """The step's name."""
        return self.config.name

    @property
    def step_class(self) -> str:
        """The step's class, as the configuration calls it."""
        return self.config.step_class

    @property
    def values(self) -> Map:
        """The section's values, defaults filled in."""
        return self.section.values

    def place_of(self, *keys: str | int) -> Place:
        """Where a value of the section was written; where the step was, when nothing of it was."""
        place = place_at(self.section.values, keys)
        return place if place.file else self.config.place


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the pipeline, ready for the definition.

    Attributes:
        name, type: as in the definition.
        arguments: the request to the SageMaker API; references stand in it as objects.
        spec: what it was built from.
        origins: for paths of `arguments`, the keys of the section that they came from.
        cached: whether the service may reuse an earlier result.
        members: what the definition has of the step beside its arguments, such as FunctionArn.
        waits: steps that it waits for by what it is.
    """

    name: str
    type: str
    arguments: Arguments
    spec: StepSpec
    origins: Origins = field(default_factory=dict)
    cached: bool = False
    property_files: tuple[PropertyFile, ...] = ()
    description: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    waits: tuple[Wait, ...] = ()

    @property
    def given(self) -> Mapping[str, Any]:
        """The keys of the configured step beside its section's; nothing for a step that is made for another."""
        return self.spec.config.values if self.name == self.spec.name else {}

    def origin(self, path: Sequence[str | int]) -> Place:
        """Where the configuration set what stands at `path` of the arguments."""
        keys = self.configured(path)
        return self.spec.config.place if keys is None else self.spec.place_of(*keys)

    def configured(self, path: Sequence[str | int]) -> tuple[str | int, ...] | None:
        """The keys of the section that set what stands at `path` of the arguments; None where none does."""
        if path and _holds(self.spec.values.get("arguments"), path):
            return ("arguments", *path)
        named = [at for at, part in enumerate(path) if isinstance(part, str)]
        for length in range(len(named), -1, -1):
            keys = self.origins.get(tuple(str(path[at]) for at in named[:length]))
            if keys is not None:
                rest = path[named[length - 1] + 1 :] if length else path
                return tuple(_as_configured(self.spec.values, (*keys, *rest)))
        return None


def _as_configured(tree: Any, path: Sequence[str | int]) -> Iterator[str | int]:
    """A path of the arguments as far as the configuration has it, which may call InstanceType instance_type."""
    for part in path:
        key = part
        if isinstance(tree, dict) and part not in tree:
            key = snake(str(part))
        if not _holds(tree, [key]):
            return
        yield key
        tree = tree[key]


def snake(member: str) -> str:
    """A member of the API as a key of the configuration would be called: InstanceType is instance_type."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", member).lower()


def _holds(tree: Any, path: Sequence[str | int]) -> bool:
    """Whether a tree of mappings and lists has a value at a path."""
    for part in path:
        if not (part in tree if isinstance(tree, dict) else isinstance(tree, list) and isinstance(part, int) and part < len(tree)):
            return False
        tree = tree[part]
    return True


class CodeStore(Protocol):
    """Where builders leave what must lie in S3; what is left twice is uploaded once."""

    def bundle(self, spec: StepSpec, requirements: str | None = None) -> str:
        """The URI of an archive of the model's source directory, `requirements` (a path in it) also at its top."""

    def text(self, name: str, content: str) -> str:
        """The URI of a file called `name` with this content."""

    def folder(self, spec: StepSpec, paths: Sequence[str]) -> str:
        """The URI of a folder of these files and folders of the model's source directory, each under its last name."""

    def has(self, spec: StepSpec, path: str, or_folder: bool = False) -> bool:
        """Whether the bundle holds a file, or a folder, where that is asked; true where there is no source directory."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a builder may look at beside its own step.

    Attributes:
        specs: every step of the pipeline by name.
        report: takes a finding.
        items: for each step of a loop, what tells its iterations apart.
    """

    config: Config
    pipeline_name: str
    specs: Mapping[str, StepSpec]
    code: CodeStore
    report: Callable[[Finding], None]
    items: Mapping[str, Item] = field(default_factory=dict)

    def output_uri(self, step_name: str, *parts: str, bucket: str | None = None, prefix: str | None = None) -> Join:
        """The place for outputs of one step of one execution; no two steps, iterations or executions share one."""
        item = [self.items[step_name]] if step_name in self.items else []
        head = ("s3:/", bucket_name(bucket or self.config.bucket), (prefix or "").strip("/") or self.pipeline_name)
        return Join("/", (*head, EXECUTION_ID, step_name, *item, "output", *parts))

    def role(self, spec: StepSpec) -> Any:
        """ARN of the role that a step's job runs as."""
        return spec.config.values.get("role") or self.config.network.role

    def missing(self, spec: StepSpec, keys: Sequence[str | int], message: str, hint: str, rule: str = "SMP205") -> None:
        """Report a finding at a key of the step's section."""
        self.report(Finding(rule, spec.place_of(*keys), message, hint))


Builder = Callable[[StepSpec, Surroundings], Step]


def shortened(name: str, suffix: str) -> str:
    """What the step that is made for the step called `name` is called; cut names stay apart by a digest."""
    room = LONGEST_NAME - len(suffix)
    short = name if len(name) <= room else f"{name[: room - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return short + suffix


def bucket_name(bucket: str) -> str:
    """A bucket's bare name; the configuration may give it as s3://name/ too."""
    return bucket.removeprefix("s3://").strip("/")


def references(value: Any) -> Iterator[Ref]:
    """Every reference to another step within a value, those that `arguments:` writes in the definition's notation included."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, JsonGet):
        yield Ref(value.step, f"PropertyFiles.{value.file}")
    elif isinstance(value, dict) and set(value) == {"Get"} and str(value["Get"]).startswith("Steps."):
        _, step, *path = str(value["Get"]).split(".", 2)
        yield Ref(step, "".join(path))
    elif isinstance(value, Join):
        yield from references(value.values)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references(item)


def as_json(value: Any) -> Any:
    """A value as it stands in the definition: expressions in the definition's own notation, everything else plain JSON."""
    if isinstance(value, Expression):
        return _function(value)
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value


def _function(value: Expression) -> Arguments:
    if isinstance(value, Join):
        return {"Std:Join": {"On": value.on, "Values": [as_json(item) for item in value.values]}}
    if isinstance(value, JsonGet):
        return {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{value.step}.PropertyFiles.{value.file}"}, "Path": value.path}}
    if isinstance(value, Ref):
        return {"Get": f"Steps.{value.step}.{value.path}"}
    if isinstance(value, Variable):
        return {"Get": f"Execution.{value.name}"}
    if isinstance(value, Parameter):
        return {"Get": f"Parameters.{value.name}"}
    if isinstance(value, Iteration):
        return {"Get": f"IterationOutput.{value.step}.{value.path}"}
    assert isinstance(value, Item)
    separator = "" if not value.path or value.path.startswith("[") else "."
    return {"Get": f"ForEach.CurrentItem{separator}{value.path}"}


def as_text(value: Any) -> Any:
    """A value where the API takes only text: what may be of another type becomes text when the pipeline runs."""
    return Join("", (value,)) if isinstance(value, Expression) and not _is_text(value) else value


def _is_text(value: Expression) -> bool:
    """Whether an expression is known to stand for a text."""
    if isinstance(value, Parameter):
        return value.kind in {"", "String"}
    if isinstance(value, Ref):
        return value.kind == "String" or _TEXTS.search(value.path) is not None
    return isinstance(value, (Join, Variable))


_TEXTS = re.compile(r"(?:Uri|Url|Path|Artifacts|Name|Arn|Image|Status|Id|Statistics|Constraints|Environment\['[^']*'\])\Z")
"""What the names of properties end in that are texts."""


def json_text(value: Any) -> Any:
    """A value as JSON in a text; expressions in it become parts of the text: numbers and truth values bare, the rest in quotes."""
    if isinstance(value, Expression):
        return as_text(value)
    parts: list[Any] = []
    for part in _json_parts(value):
        if parts and isinstance(part, str) and isinstance(parts[-1], str):
            parts[-1] = _text((*pieces_of(parts[-1]), *pieces_of(part)))
        else:
            parts.append(part)
    return parts[0] if len(parts) == 1 else Join("", tuple(parts))


def _json_parts(value: Any) -> Iterator[str | Expression]:
    """The texts and expressions that a value in JSON is made of."""
    if isinstance(value, Expression):
        bare = isinstance(value, Parameter) and value.kind not in {"", "String"}
        yield from (value,) if bare else ('"', value, '"')
    elif isinstance(value, dict):
        for index, (key, item) in enumerate(value.items()):
            yield f"{', ' if index else '{'}{json.dumps(key)}: "
            yield from _json_parts(item)
        yield "}" if value else "{}"
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield ", " if index else "["
            yield from _json_parts(item)
        yield "]" if value else "[]"
    elif isinstance(value, Text):
        yield _text((('"', False), *((json.dumps(piece)[1:-1], held) for piece, held in value.pieces), ('"', False)))
    else:
        yield json.dumps(value)


def _text(pieces: Sequence[tuple[str, bool]]) -> str:
    """The pieces joined; it stays known which of them an environment variable held."""
    return Text(pieces) if any(held for _, held in pieces) else "".join(piece for piece, _ in pieces)


def within(value: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at a path of mappings; an empty one where something else stands, of which the check of the request speaks."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def with_overrides(arguments: Arguments, spec: StepSpec, foreign: Set[str] = frozenset()) -> Arguments:
    """The arguments with the section's `arguments:` merged over them, less those that are not this step's.

    Mappings are merged, everything else is replaced; a member that is given as null is left out.
    """
    given = spec.values.get("arguments") or {}
    return _merged(arguments, {key: value for key, value in given.items() if key not in foreign})


def _merged(base: Arguments, top: Mapping[str, Any]) -> Arguments:
    result = dict(base)
    for key, value in top.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
            continue
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
