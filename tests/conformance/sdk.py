"""The SageMaker SDK as an oracle: it builds a step offline, and what it emits is compared with what we emit.

In: steps of `sagemaker.mlops.workflow`, built with the session of an `Sdk`. Out: their JSON, and the differences from ours after
both have been brought into one form. What differs on purpose stands in a table with its reason; an idle reason fails.

Nothing of the SDK is imported when this module is: that takes seconds. The fixture `sdk` (conftest.py) makes one `Sdk` for all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from framework.checks import check_definition
from framework.findings import ERROR
from framework.pipeline.compiled import CompiledPipeline
from tests.conformance.on_purpose import explained

BUCKET, REGION, ROLE = "models", "eu-west-1", "arn:aws:iam::111122223333:role/pipelines"
"""Those of the project that tests/conftest.py makes, too."""

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": os.devnull,
    "SAGEMAKER_USER_CONFIG_OVERRIDE": os.devnull,
    "SAGEMAKER_VALIDATE_ROLE": "false",
}
"""What the SDK needs to import and to build without asking anybody."""

NAMES = ("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "Key")
_UPLOAD = re.compile(r"s3://[^\"{}]*?/(?:[0-9a-f]{64}|[A-Za-z0-9-]*-\d{10,}[a-z0-9-]*|input-[0-9-]{10,})(?=/|$)")


class Client:
    """A client of an AWS service that takes every call and answers nothing, but that a model which is asked for is there."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: {"ModelName": kwargs["ModelName"]} if name == "describe_model" else {}


class Resource:
    """A resource of boto3 whose parts are resources and whose actions do nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: Resource()


class Boto(boto3.session.Session):
    """A session of boto3 that reaches nobody."""

    def client(self, *args: Any, **options: Any) -> Any:
        return Client()

    def resource(self, *args: Any, **options: Any) -> Any:
        return Resource()

    def get_credentials(self) -> None:
        return None


class Sdk:
    """The SDK with a session that is good for building steps only."""

    def __init__(self) -> None:
        from sagemaker.core.workflow.pipeline_context import PipelineSession

        self.session = PipelineSession(boto_session=Boto(region_name=REGION), sagemaker_client=Client(), default_bucket=BUCKET)

    def definition(self, *steps: Any, name: str = "churn-test", parameters: list[Any] | None = None) -> dict[str, Any]:
        """The definition of a pipeline of these steps. Our checks find no error in it but references to steps that are left out."""
        from sagemaker.mlops.workflow.pipeline import Pipeline

        pipeline = Pipeline(name, parameters=parameters or [], steps=list(steps), sagemaker_session=self.session)
        definition = dict(json.loads(pipeline.definition()))
        found = check_definition(CompiledPipeline(name=name, definition=definition))
        assert [each for each in found if each.severity == ERROR and each.rule != "SMP201"] == []
        return definition

    def steps(self, *steps: Any, parameters: list[Any] | None = None) -> dict[str, dict[str, Any]]:
        """The steps' JSON, by name."""
        return {step["Name"]: step for step in self.definition(*steps, parameters=parameters)["Steps"]}


def normal(value: Any) -> Any:
    """A part of a definition in one form, whoever made it.

    Joins are one flat Join on "", texts in it grown together; places of uploads are UPLOAD; lists of named things are mappings.
    """
    if isinstance(value, dict) and set(value) == {"Std:Join"}:
        return _joined(list(_parts(value)))
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return _by_name([normal(item) for item in value])
    return _UPLOAD.sub("UPLOAD", value) if isinstance(value, str) else value


def _parts(value: Any) -> Iterator[Any]:
    """The parts of a Join and of those inside it, as if all were on ""."""
    if not (isinstance(value, dict) and set(value) == {"Std:Join"}):
        yield normal(value)
        return
    for index, item in enumerate(value["Std:Join"]["Values"]):
        if index and value["Std:Join"].get("On"):
            yield value["Std:Join"]["On"]
        yield from _parts(item)


def _joined(parts: list[Any]) -> Any:
    grown: list[Any] = []
    for part in parts:
        if grown and isinstance(part, str) and isinstance(grown[-1], str):
            grown[-1] += part
        else:
            grown.append(part)
    return grown[0] if len(grown) == 1 and isinstance(grown[0], str) else {"Std:Join": {"On": "", "Values": grown}}


def _by_name(items: list[Any]) -> Any:
    for key in NAMES:
        names = [item.get(key) if isinstance(item, dict) else None for item in items]
        if names and None not in names and len(set(map(str, names))) == len(names):
            return {str(item[key]): item for item in items}
    return items


def differences(ours: Any, theirs: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Where two normal values differ: dotted path → ours, theirs. What one of them does not have is None there."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in sorted({*ours, *theirs}):
            found |= differences(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
        return found
    return {} if ours == theirs and type(ours) is type(theirs) else {path: (ours, theirs)}


def assert_same(ours: Any, theirs: Any, on_purpose: Mapping[str, str]) -> None:
    """Two steps are the same but for what differs on purpose.

    Args:
        ours, theirs: the JSON of the steps.
        on_purpose: for a dotted path, why what stands there or below it differs.
    """
    found = differences(normal(ours), normal(theirs))
    unexplained = {path: pair for path, pair in found.items() if not any(_below(path, known) for known in on_purpose)}
    assert unexplained == {}, unexplained
    unlisted = explained(f"Steps.it.{path}" for path in found if path.startswith("Arguments."))[1]
    assert unlisted == set(), "list it in on_purpose.py and docs/conformance.md"
    idle = [known for known in on_purpose if not any(_below(path, known) for path in found)]
    assert idle == [], f"the same after all: {idle}"


def _below(path: str, known: str) -> bool:
    return path == known or path.startswith(f"{known}.")
