"""SMP604 to SMP606: public buckets, and jobs that leave out the key or the network that the framework configuration asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from framework.checks.protected import VPC, encrypted, owners
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.findings import WARNING, Rule
from framework.steps.base import bucket_name

PUBLIC, NO_KEY, NO_VPC = "SMP604", "SMP605", "SMP606"
RULES = (
    Rule(
        PUBLIC,
        "Public bucket",
        "Data is read from a bucket of samples that AWS keeps for everybody, which may change or go, or something is written to "
        "a bucket whose name says that it is public.",
        "Copy samples into a bucket of your own; write to a bucket that blocks public access.",
        WARNING,
    ),
    Rule(
        NO_KEY,
        "Output or volume without the KMS key",
        "The framework configuration names a KMS key, and an output or a volume of this step is not encrypted with one. Steps "
        'that this tool builds have it; a Raw or Custom step, or "arguments" that take it away, may not.',
        "Give the step a KMS key in its arguments, or ignore the rule in its line.",
        WARNING,
    ),
    Rule(
        NO_VPC,
        "Job outside the VPC",
        "The framework configuration names subnets and security groups, and the containers of this step run in no VPC, from "
        "where they reach the internet.",
        "Give the step a VpcConfig in its arguments, or ignore the rule in its line.",
        WARNING,
    ),
)

_SAMPLES = re.compile(r"s3://(sagemaker-sample-(?:files|data-[a-z0-9-]+)|sagemaker-example-files-prod-[a-z0-9-]+)(?:/|\Z)")
_OF_BUCKETS = {"asset", "assets", "bucket", "data", "dataset", "datasets", "downloads", "files", "read", "site", "web", "website"}
"""Words that may follow "public" in the name of a bucket that is; public-transport-models is another thing."""

_WRITTEN = frozenset({
    "ProcessingOutputConfig", "OutputDataConfig", "TransformOutput", "OutputConfig", "DataCaptureConfig", "CheckpointConfig",
})  # fmt: skip


def violations(subject: Subject) -> Iterator[Violation]:
    """Public buckets, and what lacks the key or the network that is asked for."""
    yield from _buckets(subject)
    network = subject.network
    if network is not None and network.kms_key:
        for step in subject.steps:
            yield from _without_key(subject, step)
    if network is not None and network.subnets and network.security_groups:
        for step in subject.steps:
            yield from _without_vpc(step)


def _buckets(subject: Subject) -> Iterator[Violation]:
    own, cure = bucket_name(subject.compiled.bucket), "write to a bucket that blocks public access"
    if _says_public(own):
        yield Violation(PUBLIC, ("Bucket",), f"the pipeline writes to {own}, whose name says that it is public", cure, WARNING)
    for text in subject.texts:
        if not text.value.startswith("s3:/"):
            continue
        uri = text.beginning
        samples, bucket = _SAMPLES.match(uri), uri.removeprefix("s3://").partition("/")[0]
        path = path_of(text.trail)
        written = not _WRITTEN.isdisjoint(path)
        if samples and not written:
            message = f"{text.owner.name} reads from {samples[1]}, where AWS keeps samples for everybody"
            yield Violation(PUBLIC, path, message, "copy them into a bucket of your own", WARNING)
        elif written and bucket != own and _says_public(bucket):
            yield Violation(PUBLIC, path, f"{text.owner.name} writes to {bucket}, whose name says that it is public", cure, WARNING)


def _says_public(bucket: str) -> bool:
    words = re.split("[.-]", bucket)
    if words[-1] in _OF_BUCKETS and len(words) > 1 and words[-2] == "public":
        words.pop()
    if words[-1] == "public":
        return words[-2:-1] not in (["non"], ["not"], ["no"])
    return bucket.startswith("www.") or bucket.endswith(("-website", "static-site"))


def _without_key(subject: Subject, step: PlacedStep) -> Iterator[Violation]:
    for encryption, key, path in encrypted(subject, step):
        if key is None:
            message = f"{step.name} does not encrypt {encryption.what} with a KMS key, as the framework configuration asks"
            place, member = (*path_of(step.trail), *path), encryption.member
            yield Violation(NO_KEY, place, message, f"set {member}", WARNING, member)


def _without_vpc(step: PlacedStep) -> Iterator[Violation]:
    if step.type in VPC:
        keys, member = VPC[step.type]
        for owner, path in owners(step, keys):
            if not owner.get(member):
                message = f"{step.name} runs in no VPC, which the framework configuration asks for"
                yield Violation(NO_VPC, (*path_of(step.trail), *path), message, f"set {member}", WARNING, member)
