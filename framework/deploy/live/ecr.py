"""ECR: whether the images exist, and in the region of the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.cures import DENIED
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import Image, Uses
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import code_of, member, told
from framework.findings import WARNING

RULE = "SMP904"
NO_REPOSITORY, NO_IMAGE = "RepositoryNotFoundException", "ImageNotFoundException"
NO_SUCH = ("ImageNotFound", "ImageTagDoesNotMatchDigest")
MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)


def asks(images: Mapping[Image, Uses], clients: Clients, where: Where) -> Iterator[Ask]:
    """The questions about images."""
    for image, uses in images.items():
        service = f"ecr in {image.region}"
        yield Ask(service, f"the image {image.uri}", "images", partial(_image, image, uses, clients, where))


def _image(image: Image, uses: Uses, clients: Clients, where: Where) -> Iterator[LiveViolation]:
    missing = _missing(image, clients)
    if missing:
        message = f"the image {image.uri} does not exist: {missing}"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), "push it, or correct the URI")
    elif image.region != where.region:
        message = f"the image {image.uri} is in {image.region}, and the pipeline runs in {where.region}"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), f"use the one in {where.region}", WARNING)


def _missing(image: Image, clients: Clients) -> str:
    """What there is not, in words; "" where the image exists."""
    client = clients.ecr(image.region)
    identifier = {"imageTag": image.tag or ("" if image.digest else "latest"), "imageDigest": image.digest or ""}
    request = {
        "registryId": image.registry,
        "repositoryName": image.repository,
        "imageIds": [{key: value for key, value in identifier.items() if value}],
    }
    call = "DescribeImages", f"image {image.uri}"
    with told(*call):
        try:
            member(client.describe_images(**request), "imageDetails", *call)
        except ClientError as error:
            code = _by_pulling(image, client, request) if code_of(error) in DENIED else code_of(error)
            if code == NO_REPOSITORY:
                return f"registry {image.registry} has no repository {image.repository} in {image.region}"
            if code == NO_IMAGE:
                return f"the repository {image.repository} has no {' '.join(filter(None, _names(image)))}"
            if code is not None:
                raise
    return ""


def _by_pulling(image: Image, client: Any, request: Mapping[str, Any]) -> str | None:
    """The code of what is missing, None where nothing is.

    Who may not look into a registry may often pull from it: so it is with those of AWS.
    """
    call = "BatchGetImage", f"image {image.uri}"
    with told(*call):
        try:
            answer = client.batch_get_image(**request, acceptedMediaTypes=list(MANIFESTS))
        except ClientError as error:
            if code_of(error) == NO_REPOSITORY:
                return NO_REPOSITORY
            raise
    failures = member(answer, "failures", *call)
    return NO_IMAGE if any(failure.get("failureCode") in NO_SUCH for failure in failures) else None


def _names(image: Image) -> tuple[str, ...]:
    tag = image.tag or ("" if image.digest else "latest")
    return (f"tag {tag}" if tag else "", "of" if tag and image.digest else "", f"digest {image.digest}" if image.digest else "")
