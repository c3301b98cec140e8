"""One session of the SageMaker SDK for all tests; they are skipped where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.conformance.sdk import ENVIRONMENT, Sdk


@pytest.fixture(scope="session")
def sdk() -> Iterator[Sdk]:
    if find_spec("sagemaker") is None:
        pytest.skip("the extra sdk is not installed")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield Sdk()
