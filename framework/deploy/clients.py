"""The boto3 clients of the deploy room: a region in, the clients of the services out, each made when it is first asked for.

boto3 and the heavy parts of botocore are imported here alone and only then, so that commands which never call AWS never pay for it.
"""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from framework import __version__
from framework.deploy.refusals import told
from framework.deploy.whole import watch
from framework.errors import BackendError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

ATTEMPTS = 5
NAMES = {
    "sagemaker": "SageMaker",
    "service-quotas": "Service Quotas",
    "events": "EventBridge",
    "scheduler": "EventBridge Scheduler",
    "logs": "CloudWatch Logs",
}
"""What services are called where it is not their identifier in capitals."""


class Clients:
    """Clients of one region, safe to share between threads; credentials and endpoints are found as boto3 always finds them.

    Args:
        region: None leaves it to AWS_DEFAULT_REGION, the profile and AWS_REGION, in this order.
        attempts: how often a call is tried.
        connect_seconds, read_seconds: how long an attempt waits for a connection, and for an answer.
    """

    def __init__(
        self, region: str | None = None, attempts: int = ATTEMPTS, connect_seconds: int = 10, read_seconds: int = 60
    ) -> None:
        self._region = region
        self._patience = attempts, connect_seconds, read_seconds
        self._lock = threading.RLock()  # boto3 makes one client at a time
        self._made: dict[tuple[str, str | None], Any] = {}

    @cached_property
    def session(self) -> boto3.Session:
        """The session. Raises BackendError where no region is known or the profile does not exist."""
        import boto3

        with told("Signing in", "AWS"):
            session = boto3.Session(region_name=self._region)
            # boto3 does not read AWS_REGION, the other SDKs and the AWS runtimes do.
            region = session.region_name or os.environ.get("AWS_REGION")
        if not region:
            raise BackendError(
                "Choosing the region", "none is set", "set SMP_REGION, AWS_REGION or conf.region, for example to eu-west-1"
            )
        return session if session.region_name else boto3.Session(region_name=region)

    @cached_property
    def config(self) -> Config:
        """How every client behaves: how often it tries, how long it waits, what it calls itself."""
        from botocore.config import Config

        attempts, connect_seconds, read_seconds = self._patience
        return Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            user_agent_extra=f"smp/{__version__}",
        )

    @property
    def sagemaker(self) -> SageMakerClient:
        """The client of SageMaker. Raises BackendError where none can be made."""
        return cast("SageMakerClient", self.client("sagemaker"))

    @property
    def s3(self) -> S3Client:
        """The client of S3. Raises BackendError where none can be made."""
        return cast("S3Client", self.client("s3"))

    @property
    def logs(self) -> Any:
        """The client of CloudWatch Logs. Raises BackendError where none can be made."""
        return self.client("logs")

    @property
    def iam(self) -> Any:
        """The client of IAM. Raises BackendError where none can be made."""
        return self.client("iam")

    @property
    def sts(self) -> Any:
        """The client of STS. Raises BackendError where none can be made."""
        return self.client("sts")

    @property
    def ec2(self) -> Any:
        """The client of EC2. Raises BackendError where none can be made."""
        return self.client("ec2")

    @property
    def kms(self) -> Any:
        """The client of KMS. Raises BackendError where none can be made."""
        return self.client("kms")

    @property
    def events(self) -> Any:
        """The client of EventBridge. Raises BackendError where none can be made."""
        return self.client("events")

    @property
    def scheduler(self) -> Any:
        """The client of EventBridge Scheduler. Raises BackendError where none can be made."""
        return self.client("scheduler")

    @cached_property
    def brief(self) -> Clients:
        """Clients of the same session for what may as well stay unknown: they soon give up."""
        clients = Clients(self._region, attempts=2, connect_seconds=3, read_seconds=10)
        clients.session = self.session  # what it has read of the services is not read again
        return clients

    @property
    def quotas(self) -> Any:
        """The client of Service Quotas. Raises BackendError where none can be made."""
        return self.client("service-quotas")

    def ecr(self, region: str) -> Any:
        """The client of ECR in a region, which need not be that of the pipeline. Raises BackendError where none can be made."""
        return self.client("ecr", region)

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service, in another region than the others where one is given.

        Raises:
            BackendError: none can be made.
        """
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._s3() if service == "s3" else self._make(service, self.config, region)
            return self._made[service, region]

    def _make(self, service: str, config: Config, region: str | None = None) -> Any:
        shown = NAMES.get(service, service.upper())
        with told("Signing in", shown):
            try:
                made = self.session.client(service, region_name=region, config=config)  # type: ignore[call-overload]
                return watch(made, self._patience[0])
            except ValueError as error:
                if type(error) is not ValueError:
                    raise
                cure = "correct AWS_ENDPOINT_URL, or the like of it for this service, to https://…, or unset it"
                raise BackendError(f"Signing in on {shown}", str(error), cure) from error

    def _s3(self) -> Any:
        from botocore.config import Config

        usual: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
        client = self._make("s3", self.config)
        aws = self._make("s3", self.config.merge(Config(**usual)))
        if client.meta.endpoint_url == aws.meta.endpoint_url:
            return client
        # A server of one's own seldom answers to bucket.host: there the bucket goes into the path.
        return self._make("s3", self.config.merge(Config(s3={"addressing_style": "path"})))
