"""A build machine that reaches the faithful server, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.ci.machine import Machine, make_python
from tests.functional.deploy.conftest import BUCKET, REGION, ROLE
from tests.functional.deploy.faithful import Faithful, Frame

INSTALL = "python -m pip install --disable-pip-version-check --quiet ."
SETTINGS = {"SMP_S3BUCKETNAME": BUCKET, "SMP_ROLE": ROLE}
STEPS = ("Preprocessing", "Training", "CreateModel", "Transform", "Metrics", "Register")
SUCCEEDED = Frame({f"lgbm-{name}": "Succeeded" for name in STEPS}, "Succeeded")
FAILED = Frame(
    {"lgbm-Preprocessing": {"StepStatus": "Failed", "FailureReason": "No such key", "logs": ["reading", "no such key"]}},
    "Failed",
    "Step failure: One or multiple steps failed.",
)


@pytest.fixture
def aws():
    with Faithful() as server:
        server.s3.buckets[BUCKET] = {}
        yield server
    server.verify()


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which the command of both files has installed the project. That takes most of the time, so it is done once."""
    home = tmp_path_factory.mktemp("first")
    make_python(home / "python")
    done = Machine(home, home / "python").run(INSTALL, {}, "bash")
    assert done.status == 0, done.errors
    return home / "python"


@pytest.fixture
def machine(aws: Faithful, python: Path, tmp_path: Path) -> Machine:
    """One whose every call of AWS goes to the server. The project is installed there, and pip only says whether it could be."""
    return Machine(
        tmp_path,
        python,
        {
            "PIP_DRY_RUN": "1",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "dummy-access-key",
            "AWS_SECRET_ACCESS_KEY": "dummy-secret-key",
            "AWS_EC2_METADATA_DISABLED": "true",
            **SETTINGS,
        },
    )
