"""What the steps of a pipeline read, write and use, as far as it is known before it runs: a compiled pipeline in, facts out.

A parameter stands for its default. What is known only when the pipeline runs is told in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.live.questions import IMAGE, OBJECT_TYPES, READ, READ_OBJECTS, ROLES, WRITTEN, WRITTEN_URIS
from framework.deploy.live.steps import StepAt, beginning, every_step, is_reference, literal, members
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.step_graph import references

PARAMETER = "Parameters."


@dataclass(frozen=True, slots=True)
class Place:
    """What of a bucket is read or written: an object, or all whose keys begin so."""

    bucket: str
    key: str
    exact: bool = False

    @property
    def pattern(self) -> str:
        """The keys, as a pattern of IAM."""
        return self.key if self.exact else f"{self.key}*"

    @property
    def folder(self) -> Place:
        """The keys below the key, where it is that of a folder."""
        return Place(self.bucket, f"{self.key.rstrip('/')}/" if self.key else "")


class Facts:
    """What is known of a pipeline's steps.

    Args:
        compiled: the pipeline.
        note: is told what is not known.
    """

    def __init__(self, compiled: CompiledPipeline, note: Callable[[str], None]) -> None:
        self._compiled, self._note = compiled, note
        declared = compiled.definition.get("Parameters")
        self._defaults = {
            f"{PARAMETER}{each.get('Name')}": str(each["DefaultValue"])
            for each in (declared if isinstance(declared, list) else ())
            if isinstance(each, Mapping) and each.get("DefaultValue") is not None
        }
        self.steps = list(every_step(compiled.definition))
        self.by_name = {at.name: at for at in self.steps}
        self.looked_at = {name for at in self.steps for name in references(at.step)}
        self.looked_up = {request.parameter: request.group for request in compiled.model_packages}
        self.code = Place(compiled.bucket, f"{compiled.name}/code/")

    def text(self, value: Any) -> str | None:
        """A text, if it is known before."""
        return literal(self._filled(value))

    def name(self, at: StepAt, member: str, otherwise: str) -> str:
        """What a member of a step's Arguments names; "*" where that is not known, `otherwise` where there is no such member."""
        value = at.arguments.get(member)
        if value is None:
            return otherwise
        return self.text(value) or f"{beginning(self._filled(value))}*"

    def roles(self, at: StepAt) -> list[str]:
        """The roles that a step hands to its jobs; of one whose jobs run a model, those of the model."""
        found = [role for each in members(at) if each.key in ROLES and (role := self.text(each.value))]
        if found or at.type != "Transform":
            return found
        model = next(references(at.arguments.get("ModelName")), "")
        return self.roles(self.by_name[model]) if model in self.by_name and model != at.name else []

    def uploads(self) -> Iterator[Place]:
        """What the deployment puts into S3; of the code, all that ever is."""
        for upload in self._compiled.uploads:
            bucket, _, key = upload.uri.removeprefix("s3://").partition("/")
            yield self.code if self._is_code(bucket, key) else Place(bucket, key, exact=True)

    def reads(self, at: StepAt) -> Iterator[Place]:
        """What a step's jobs read; what another step wrote is told of that one."""
        for each in members(at):
            if each.key in READ and isinstance(each.value, Mapping):
                exact = each.value.get("S3DataType") in OBJECT_TYPES
                yield from self._places(at, each.key, each.value.get("S3Uri"), exact)
            elif each.key in READ_OBJECTS:
                yield from self._places(at, each.key, each.value, each.holder.get("Mode") != "MultiModel")
            elif each.key in ("AthenaDatasetDefinition", "RedshiftDatasetDefinition"):
                self._note(f"{at.name} reads through {each.key}: what that needs is not in the policy")

    def writes(self, at: StepAt) -> Iterator[Place]:
        """The folders that a step's jobs write to."""
        for each in members(at):
            if each.key in WRITTEN and isinstance(each.value, Mapping):
                yield from self._folders(at, each.key, each.value.get("S3Uri"))
            elif each.key in WRITTEN_URIS:
                yield from self._folders(at, each.key, each.value)

    def checkpoints(self, at: StepAt) -> Iterator[Place]:
        """The folders that a step's jobs keep their state in, and read it from when they are started again."""
        for each in members(at):
            if each.key == "CheckpointConfig" and isinstance(each.value, Mapping):
                yield from self._folders(at, each.key, each.value.get("S3Uri"))

    def images(self, at: StepAt) -> Iterator[tuple[str, str, str]]:
        """The registry, the region and the repository of each image of a step."""
        for each in members(at):
            text = self.text(each.value) if each.key.endswith(("Image", "ImageUri")) else None
            if text and (match := IMAGE.fullmatch(text)):
                yield match["registry"], match["region"], match["repository"]
            elif each.key.endswith(("Image", "ImageUri")) and is_reference(each.value):
                self._note(f"{each.key} of {at.name} is known only when the pipeline runs: its repository is not in the policy")

    def keys(self, at: StepAt) -> Iterator[tuple[str, bool]]:
        """The KMS keys of a step, each with whether it encrypts volumes; the others encrypt what is put into S3."""
        for each in members(at):
            if each.key.endswith("KmsKeyId") and (key := self.text(each.value)):
                yield key, each.key == "VolumeKmsKeyId" or (at.type == "EndpointConfig" and each.path[-2] == "Arguments")

    def networks(self, at: StepAt) -> Iterator[tuple[list[str], list[str]]]:
        """The subnets and the security groups that a step's jobs run in."""
        for each in members(at):
            if each.key == "VpcConfig" and isinstance(each.value, Mapping):
                pair = [[self.text(one) or "*" for one in each.value.get(key) or ()] for key in ("Subnets", "SecurityGroupIds")]
                if pair[0] or pair[1]:
                    yield pair[0], pair[1]

    def _folders(self, at: StepAt, key: str, value: Any) -> Iterator[Place]:
        whole = self.text(value) is not None
        for place in self._places(at, key, value, exact=False):
            yield place.folder if whole else place

    def _places(self, at: StepAt, key: str, value: Any, exact: bool) -> Iterator[Place]:
        """The place of a URI; a place in the code is the code as a whole, whose keys change with every change of it."""
        if value is None or self._is_of_a_step(value):
            return
        filled = self._filled(value)
        start = beginning(filled)
        bucket, slash, rest = start.removeprefix("s3://").partition("/")
        if not start.startswith("s3://") or not bucket or not (slash or literal(filled)):
            self._note(f"{key} of {at.name} is known only when the pipeline runs: its place in S3 is not in the policy")
        elif self._is_code(bucket, rest):
            yield self.code
        else:
            yield Place(bucket, rest, exact and literal(filled) is not None)

    def _is_code(self, bucket: str, key: str) -> bool:
        return bucket == self.code.bucket and key.startswith(self.code.key)

    def _is_of_a_step(self, value: Any) -> bool:
        """Whether a URI is one that another step tells, or begins with it."""
        join = value.get("Std:Join") if isinstance(value, Mapping) else None
        if isinstance(join, Mapping) and isinstance(join.get("Values"), list):
            return bool(join["Values"]) and self._is_of_a_step(join["Values"][0])
        return isinstance(value, Mapping) and str(value.get("Get")).startswith("Steps.")

    def _filled(self, value: Any) -> Any:
        """The value with the defaults of parameters, and the pipeline's name, in their places."""
        if not is_reference(value):
            return value
        target = str(value.get("Get"))
        if target == "Execution.PipelineName":
            return self._compiled.name
        if target in self._defaults:
            self._note(f"of the parameter {target.removeprefix(PARAMETER)} the default alone is in the policy")
            return self._defaults[target]
        join = value.get("Std:Join")
        if isinstance(join, Mapping) and isinstance(join.get("Values"), list):
            return {"Std:Join": {**join, "Values": [self._filled(each) for each in join["Values"]]}}
        return value
