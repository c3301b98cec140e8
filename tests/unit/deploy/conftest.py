from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from framework.deploy.plan import Deployed
from framework.pipeline.compiled import CompiledPipeline

ROLE = "arn:aws:iam::123456789012:role/pipelines"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"


@pytest.fixture(scope="session")
def compiled() -> Callable[..., CompiledPipeline]:
    """A compiled pipeline with these steps and parameters; keywords replace its other members, `root` those of the definition."""

    def build(*steps: Any, parameters: Any = (), root: Any = (), **members: Any) -> CompiledPipeline:
        definition = {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": list(parameters),
            "Steps": list(steps),
            **dict(root),
        }
        return CompiledPipeline("churn", definition, **{"role": ROLE, "bucket": "models", **members})

    return build


@pytest.fixture(scope="session")
def as_deployed() -> Callable[[CompiledPipeline], Deployed]:
    """The pipeline as the service tells it after it was created."""

    def build(pipeline: CompiledPipeline) -> Deployed:
        definition = json.loads(pipeline.definition_body())
        tags = tuple(sorted(pipeline.tags, key=lambda tag: tag["Key"]))
        told = (ARN, definition, pipeline.role, pipeline.description or "", tags, "2026-01-02T03:04:05+00:00")
        return Deployed(*told, pipeline.display_name or "", pipeline.parallelism)

    return build
