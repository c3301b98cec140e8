"""What the tests of the configuration share: trees from text, and projects from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from framework.config.load import Sources, load_config
from framework.config.model import Config
from framework.config.reader import read_text
from framework.config.values import Map

VARIABLES = {
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
    "SMP_REGION": "eu-west-1",
    "SMP_MODEL_CONFIGPATH": "*/conf/conf.yaml",
}

Tree = Callable[..., Map]
Load = Callable[..., Config]


@pytest.fixture(scope="session")
def tree() -> Tree:
    """The tree of a text with nothing wrong in it."""

    def make(text: str, name: str = "f.yaml") -> Map:
        result = read_text(text, name)
        assert result.findings == []
        assert result.tree is not None
        return result.tree

    return make


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The configuration that files below a new root make; options as `Sources` calls them."""

    def make(files: Mapping[str, str], variables: Mapping[str, str] | None = None, **sources: Any) -> Config:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_config(Sources(tmp_path, **sources), {**VARIABLES, **(variables or {})})

    return make
