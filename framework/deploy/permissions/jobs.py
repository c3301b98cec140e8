"""What jobs do with the role that they are given: S3, KMS, images, networks, logs and metrics. A step in, statements out."""

from __future__ import annotations

from collections.abc import Iterable

from framework.deploy.live.steps import StepAt
from framework.deploy.permissions.calls import of, use_key
from framework.deploy.permissions.facts import Facts, Place
from framework.deploy.permissions.policy import ANY, Draft

LOGS = {
    "AutoML": ("Endpoints/*", "ProcessingJobs", "TrainingJobs", "TransformJobs"),
    "ClarifyCheck": ("ProcessingJobs",),
    "Endpoint": ("Endpoints/*",),
    "InferenceComponent": ("InferenceComponents/*",),
    "Processing": ("ProcessingJobs",),
    "QualityCheck": ("ProcessingJobs",),
    "Training": ("TrainingJobs",),
    "Transform": ("TransformJobs",),
    "Tuning": ("TrainingJobs",),
}
"""By step type, the log groups of its jobs below /aws/sagemaker/ (page "logging-cloudwatch" of the guide)."""

PULLS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
NETWORK = (
    "CreateNetworkInterface", "CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission",
)  # fmt: skip
LOOKS = ("DescribeDhcpOptions", "DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")


class Jobs:
    """What the jobs of the steps that run with one role need."""

    def __init__(self, facts: Facts, draft: Draft) -> None:
        self._facts, self._draft, self._where = facts, draft, draft.where
        self._read: set[Place] = set()
        self._written: set[Place] = set()
        self._listed: set[Place] = set()

    def allow(self, at: StepAt) -> None:
        """Allow what the jobs of a step do."""
        read, kept = list(self._facts.reads(at)), list(self._facts.checkpoints(at))
        written = list(self._facts.writes(at))
        self._read.update(read, kept)
        self._listed.update(place for place in (*read, *kept) if not place.exact)
        self._written.update(written)
        if at.name in self._facts.looked_at:  # what it writes another one reads
            self._read.update(written)
            self._listed.update(written)
        if at.type != "RegisterModel":  # which runs nothing
            self._images(at)
        for key, volume in self._facts.keys(at):
            self.key(key, volume)
        self._networks(at)
        self._logs(at)

    def key(self, key: str, volume: bool) -> None:
        """Allow the use of a KMS key for volumes, or for what lies in S3."""
        if volume:
            use_key("VolumeKeys", ("CreateGrant", "DescribeKey"), key, self._draft)
        else:
            use_key("StorageKeys", ("Decrypt", "Encrypt", "GenerateDataKey"), key, self._draft)

    def finish(self) -> None:
        """Allow what is read, written and listed by all of them."""
        stored = self._where.stored
        self._draft.allow("ReadObjects", of("s3", "GetObject"), [stored(each.bucket, each.pattern) for each in self._read])
        self._draft.allow("WriteObjects", of("s3", "PutObject"), [stored(each.bucket, each.pattern) for each in self._written])
        list_buckets(self._listed, self._draft)

    def _images(self, at: StepAt) -> None:
        pulled = [
            self._where.arn("ecr", f"repository/{name}", registry, region) for registry, region, name in self._facts.images(at)
        ]
        if pulled:
            self._draft.allow("PullImages", of("ecr", *PULLS), pulled)
            # GetAuthorizationToken cannot be limited to repositories.
            self._draft.allow("SignInToImages", of("ecr", "GetAuthorizationToken"), ANY)

    def _networks(self, at: StepAt) -> None:
        for subnets, groups in self._facts.networks(at):
            interfaces = self._where.arn("ec2", "network-interface/*")
            # The subnets of a shared VPC belong to the account that shares it.
            parts = [self._where.arn("ec2", f"subnet/{name}", "*") for name in subnets]
            parts += [self._where.arn("ec2", f"security-group/{name}", "*") for name in groups]
            self._draft.allow("NetworkInterfaces", of("ec2", *NETWORK), [interfaces])
            self._draft.allow("NetworkInterfacesInVpc", of("ec2", "CreateNetworkInterface"), parts)
            # What only looks at networks cannot be limited to some.
            self._draft.allow("Networks", of("ec2", *LOOKS), ANY)

    def _logs(self, at: StepAt) -> None:
        groups = LOGS.get(at.type, ())
        names = [f"/aws/sagemaker/{group}" for group in groups]
        log_groups(names, "Logs", ("CreateLogGroup", "DescribeLogStreams"), ("CreateLogStream", "PutLogEvents"), self._draft)
        if groups:
            # PutMetricData cannot be limited to metrics, but to namespaces.
            condition = {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}}
            self._draft.allow("Metrics", of("cloudwatch", "PutMetricData"), ANY, condition)


def log_groups(names: Iterable[str], sid: str, of_groups: Iterable[str], of_streams: Iterable[str], draft: Draft) -> None:
    """Allow what is done to log groups, and to their streams."""
    for name in names:
        # Whether the ARN of a group ends in ":*" is not the same for all actions.
        groups = [draft.where.arn("logs", f"log-group:{name}{ending}") for ending in ("", ":*")]
        draft.allow(sid, of("logs", *of_groups), groups)
        draft.allow(f"{sid}Streams", of("logs", *of_streams), [draft.where.arn("logs", f"log-group:{name}:log-stream:*")])


def list_buckets(places: set[Place], draft: Draft) -> None:
    """Allow buckets to be listed, as far as keys begin as they do in these places."""
    for number, bucket in enumerate(sorted({place.bucket for place in places}), 1):
        keys = sorted({place.pattern for place in places if place.bucket == bucket})
        patterns = [key for key in keys if not any(other != key and key.startswith(other[:-1]) for other in keys)]
        folders = [pattern[:-2] for pattern in patterns if pattern.endswith("/*")]  # a folder is listed without its slash, too
        condition = {"StringLike": {"s3:prefix": sorted([*patterns, *folders])}}
        draft.allow(f"ListBucket{number}", of("s3", "ListBucket"), [draft.where.stored(bucket)], condition)
