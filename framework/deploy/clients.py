"""The boto3 clients of the deploy room: a region in, the clients of SageMaker and S3 out, each made when it is first asked for.

boto3 and the heavy parts of botocore are imported here alone and only then, so that commands which never call AWS never pay for it.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from framework import __version__
from framework.deploy.refusals import told
from framework.errors import BackendError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

ATTEMPTS = 5


class Clients:
    """Clients of one region; credentials and endpoints are found as boto3 always finds them.

    Args:
        region: None leaves it to AWS_DEFAULT_REGION, the profile and AWS_REGION, in this order.
    """

    def __init__(self, region: str | None = None) -> None:
        self._region = region

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

        return Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra=f"smp/{__version__}",
        )

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        """The client of SageMaker. Raises BackendError where none can be made."""
        with told("Signing in", "SageMaker"):
            return self.session.client("sagemaker", config=self.config)

    @cached_property
    def s3(self) -> S3Client:
        """The client of S3, safe to share between threads. Raises BackendError where none can be made."""
        from botocore.config import Config

        usual: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
        with told("Signing in", "S3"):
            client = self.session.client("s3", config=self.config)
            aws = self.session.client("s3", config=self.config.merge(Config(**usual)))
            if client.meta.endpoint_url == aws.meta.endpoint_url:
                return client
            # A server of one's own seldom answers to bucket.host: there the bucket goes into the path.
            return self.session.client("s3", config=self.config.merge(Config(s3={"addressing_style": "path"})))
