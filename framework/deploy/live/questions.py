"""What a pipeline needs to find in the account: a compiled pipeline in, a question for each distinct thing out, with who needs it.

Pure: nothing is asked here. What is known only when the pipeline runs is no question, and neither is what the pipeline itself or
its deployment makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from framework.deploy.live.order import waiting_for
from framework.deploy.live.steps import Member, Path, StepAt, beginning, every_step, literal, members
from framework.pipeline.compiled import CompiledPipeline

__all__ = ["Image", "Network", "Path", "Questions", "Role", "Stored", "Use", "Uses", "to_ask"]

SAGEMAKER = "sagemaker.amazonaws.com"
EMR_SERVERLESS = "emr-serverless.amazonaws.com"

OF_SAGEMAKER = frozenset({
    "AutoML", "ClarifyCheck", "Endpoint", "EndpointConfig", "InferenceComponent", "Model", "Processing", "QualityCheck",
    "RegisterModel", "Training", "Transform", "Tuning",
})  # fmt: skip
"""Step types whose Arguments are a request of SageMaker; what the others send means something to them alone."""

UNKNOWN_OUTPUTS = frozenset({"Callback", "EMR", "EMRServerless", "Lambda"})
"""Step types that may write anywhere without the definition saying so."""

ROLES = ("RoleArn", "ExecutionRoleArn")
ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")
IMAGE = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[^:@\s]+)(?::(?P<tag>[^:@/\s]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
BUCKET = re.compile(r"s3://(?P<bucket>[^/:]+)(?P<rest>/.*)?", re.DOTALL)

# The members of the API that are read and written, as in botocore's model of it.
READ = ("S3Input", "S3DataSource", "AdditionalS3DataSource")
"""Members with an S3Uri that is read, and an S3DataType that says how."""
READ_OBJECTS = (
    "ArtifactUrl", "FeatureSpecificationS3Uri", "ManifestS3Uri", "ModelDataUrl", "SamplePayloadUrl", "ShapBaselineUri",
    "SuppliedBaselineConstraints", "SuppliedBaselineStatistics",
)  # fmt: skip
"""Members that are the URI of an object."""
OBJECT_TYPES = ("ManifestFile", "AugmentedManifestFile", "S3Object")
"""Values of S3DataType by which the URI is that of an object, and not of all that begins so."""
WRITTEN = ("S3Output", "CheckpointConfig")
"""Members with an S3Uri below which is written."""
WRITTEN_URIS = ("DestinationS3Uri", "OutputS3Uri", "S3FailurePath", "S3OutputPath")


@dataclass(frozen=True, slots=True)
class Use:
    """Who needs an answer: the path of a value, and that of the step it is in; () stands for the pipeline as a whole."""

    path: Path = ()
    step: Path = ()


Uses = list[Use]
"""In the order of the definition; never empty."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role, and the service that must be able to assume it."""

    arn: str
    partition: str
    account: str
    name: str
    service: str = SAGEMAKER


@dataclass(frozen=True, slots=True)
class Stored:
    """What is read from S3; `exact` where the URI is that of one object."""

    uri: str
    exact: bool = False

    @property
    def bucket(self) -> str:
        """The bucket that it lies in."""
        return self.uri.removeprefix("s3://").partition("/")[0]

    @property
    def key(self) -> str:
        """Its key in the bucket."""
        return self.uri.removeprefix("s3://").partition("/")[2]


@dataclass(frozen=True, slots=True)
class Image:
    """A container image in ECR; without tag and digest, `latest` is meant."""

    uri: str
    registry: str
    region: str
    repository: str
    tag: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """The subnets and the security groups of a job, each sorted."""

    subnets: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """Everything to ask, each once, in the order of the definition.

    Attributes:
        roles, buckets, stored, images, networks, keys: what must be there; buckets are those that are written to.
        fed: paths of the steps that wait for one which may write what they read.
    """

    roles: dict[Role, Uses] = field(default_factory=dict)
    buckets: dict[str, Uses] = field(default_factory=dict)
    stored: dict[Stored, Uses] = field(default_factory=dict)
    images: dict[Image, Uses] = field(default_factory=dict)
    networks: dict[Network, Uses] = field(default_factory=dict)
    keys: dict[str, Uses] = field(default_factory=dict)
    fed: frozenset[Path] = frozenset()


def to_ask(compiled: CompiledPipeline) -> Questions:
    """What the pipeline needs to find in the account."""
    found = Questions(fed=waiting_for(compiled.definition, UNKNOWN_OUTPUTS))
    _role(compiled.role, Use(), found)
    if compiled.bucket:
        _note(found.buckets, compiled.bucket, Use())
    if compiled.kms_key:
        _note(found.keys, compiled.kms_key, Use())
    made: set[str] = set()
    for at in every_step(compiled.definition):
        for member in members(at):
            if at.type in OF_SAGEMAKER:
                _of_sagemaker(at, member, found, made)
            elif at.type == "EMRServerless" and member.path == (*at.path, "Arguments", "ExecutionRoleArn"):
                _role(member.value, Use(member.path, at.path), found, EMR_SERVERLESS)
    uploads = [upload.uri for upload in compiled.uploads]
    for stored in [each for each in found.stored if _will_be_there(each.uri, uploads, made)]:
        del found.stored[stored]
    return found


def _of_sagemaker(at: StepAt, member: Member, found: Questions, made: set[str]) -> None:
    """Note what one member of a request asks for."""
    value, use = member.value, Use(member.path, at.path)
    if member.key in ROLES:
        _role(value, use, found)
    elif member.key.endswith("KmsKeyId") and isinstance(value, str) and value:
        _note(found.keys, value, use)
    elif member.key == "VpcConfig":
        _network(value, use, found)
    elif isinstance(value, str) and (match := IMAGE.fullmatch(value)):
        _note(found.images, Image(value, **match.groupdict()), use)
    for stored, path in _reads(member):
        _note(found.stored, stored, Use(path, at.path))
    for uri, path in _writes(member):
        if (text := literal(uri)) is not None:
            made.add(text)
        if bucket := _bucket(uri):
            _note(found.buckets, bucket, Use(path, at.path))


def _role(value: Any, use: Use, found: Questions, service: str = SAGEMAKER) -> None:
    if isinstance(value, str) and (match := ROLE.fullmatch(value)):
        _note(found.roles, Role(value, **match.groupdict(), service=service), use)


def _network(value: Any, use: Use, found: Questions) -> None:
    subnets, groups = _texts(value, "Subnets"), _texts(value, "SecurityGroupIds")
    if subnets or groups:
        _note(found.networks, Network(subnets, groups), use)


def _reads(member: Member) -> Iterator[tuple[Stored, Path]]:
    """What the member says is read."""
    value, path, exact = member.value, member.path, member.holder.get("Mode") != "MultiModel"
    if member.key in READ and isinstance(value, Mapping):
        exact = value.get("S3DataType") in OBJECT_TYPES
        value, path = value.get("S3Uri"), (*path, "S3Uri")
    elif member.key not in READ_OBJECTS:
        return
    uri = literal(value)
    if uri is not None and BUCKET.fullmatch(uri):
        yield Stored(uri, exact), path


def _writes(member: Member) -> Iterator[tuple[Any, Path]]:
    """Where the member says is written to."""
    if member.key in WRITTEN and isinstance(member.value, Mapping):
        yield member.value.get("S3Uri"), (*member.path, "S3Uri")
    elif member.key in WRITTEN_URIS:
        yield member.value, member.path


def _bucket(uri: Any) -> str:
    """The bucket of a URI; "" where it is not known before the pipeline runs."""
    match = BUCKET.fullmatch(beginning(uri))
    return str(match["bucket"]) if match and (match["rest"] or literal(uri)) else ""


def _will_be_there(uri: str, uploads: Iterable[str], made: Iterable[str]) -> bool:
    """Whether the deployment puts something at a URI or below it, or a step writes to it or to a folder that it is in."""
    return any(_within(upload, uri) for upload in uploads) or any(_within(uri, folder) for folder in made)


def _within(uri: str, folder: str) -> bool:
    return f"{uri.rstrip('/')}/".startswith(f"{folder.rstrip('/')}/")


def _texts(value: Any, key: str) -> tuple[str, ...]:
    texts = value.get(key) if isinstance(value, Mapping) else None
    return tuple(sorted({text for text in texts if isinstance(text, str)})) if isinstance(texts, list) else ()


def _note(uses: dict[Any, Uses], question: Any, use: Use) -> None:
    uses.setdefault(question, []).append(use)
