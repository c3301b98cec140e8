"""Two machines, and the projects that are deployed from them; both stand until the last test is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.functional.deploy.drill.machine import Machine
from tests.functional.deploy.drill.scenarios import project, write_projects
from tests.functional.deploy.drill.state import empty


@pytest.fixture(scope="package")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drill")
    write_projects(folder)
    return folder


@pytest.fixture(scope="package")
def machines(projects: Path) -> Iterator[list[Machine]]:
    old, new = project(projects, "before"), project(projects, "after")
    warm = [["deploy", *old], ["deploy", *new], ["delete", "--yes", *new]]
    with ExitStack() as stack:
        yield [stack.enter_context(Machine(projects / f"home-{number}", warm, empty)) for number in (1, 2)]
