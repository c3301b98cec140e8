from __future__ import annotations

from typing import Any

import pytest

from tests.functional.deploy.live.account import furnish


@pytest.fixture
def account(cloud: Any) -> Any:
    """An account in which nothing is missing."""
    furnish(cloud)
    return cloud
