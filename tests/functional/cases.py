"""Configurations written down in YAML files, to be made in a folder and sent on the road that every command goes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from framework.checks.catalogue import OF_COMMANDS, RULES
from framework.config import reader
from framework.config.load import Sources
from framework.findings import Finding, FindingsError
from framework.pipeline.compiled import CompiledPipeline
from framework.road import travel

VARIABLES = {
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
    "SMP_REGION": "eu-west-1",
}

STOPPED = "what is sent, files and the policy are checked when these errors are mended\n"
"""What `validate` says on stderr where nothing could be compiled."""

WRITTEN = [name for name in RULES if name[3] in "1234567" and name not in {*OF_COMMANDS, "SMP502"}]
"""The rules that the corpora must have cases of: all that `validate` can find broken. SMP502 is about a million characters, which
tests/unit/checks/test_limits.py makes."""


@dataclass(frozen=True)
class Case:
    """One configuration.

    Attributes:
        files: what the project holds, below its root.
        says: every finding, line by line; PYTHON is the Python that runs the tests.
        rule: the rule that it is about, where it is about one.
        links: symbolic links, and where they lead.
        run: options of the command line, as `Sources` calls them.
        variables: environment variables; None takes one away.
        limits: limits of the reader, set lower.
        sdk: the version of the SageMaker SDK that seems to be installed, higher than that of a real one.
        spoil: a text of a file, an option or a variable, and the one that breaks the rule in its place.
    """

    name: str
    files: Mapping[str, bytes]
    says: str = ""
    rule: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    sdk: str = ""
    spoil: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return self.name

    def spoilt(self) -> Case:
        """The case with its rule broken."""
        old, new = self.spoil
        told = [*(content.decode() for content in self.files.values()), *map(str, [*self.run.values(), *self.variables.values()])]
        assert sum(text.count(old) for text in told) == 1, f"{old!r} does not stand in exactly one place"
        return replace(
            self,
            files={name: content.decode().replace(old, new).encode() for name, content in self.files.items()},
            run={name: _replaced(value, old, new) for name, value in self.run.items()},
            variables={name: value and value.replace(old, new) for name, value in self.variables.items()},
        )

    def write(self, root: Path) -> None:
        """Make the project's files."""
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, target in self.links.items():
            (root / name).symlink_to(target)


def _replaced(value: str | tuple[str, ...], old: str, new: str) -> str | tuple[str, ...]:
    return value.replace(old, new) if isinstance(value, str) else tuple(word.replace(old, new) for word in value)


def read_cases(folder: Path) -> list[Case]:
    """The cases of all YAML files of a folder."""
    paths = sorted(folder.glob("*.yaml"))
    return [_case(path.stem, entry) for path in paths for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _case(theme: str, entry: dict[str, Any]) -> Case:
    files = entry.pop("files", {})
    if "model" in entry:
        files["model.yaml"] = entry.pop("model")
    content = {name: text.encode() for name, text in files.items()}
    run = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.pop("run", {}).items()}
    spoil = tuple(entry.pop("spoil", ("", "")))
    entry["says"] = entry.get("says", "").replace("PYTHON", f"Python {sys.version_info[0]}.{sys.version_info[1]}")
    return Case(f"{theme}: {entry.pop('case')}", content, run=run, spoil=spoil, **entry)


def travelled(case: Case, root: Path, patch: pytest.MonkeyPatch) -> tuple[CompiledPipeline | None, tuple[Finding, ...]]:
    """What a case compiles to, and all that is said about it."""
    case.write(root)
    variables = {name: value for name, value in {**VARIABLES, **case.variables}.items() if value is not None}
    for name, limit in case.limits.items():
        patch.setattr(reader, name, limit)
    if case.sdk:
        installed = root / ".venv"
        (installed / f"sagemaker-{case.sdk}.dist-info").mkdir(parents=True)
        patch.setattr(sys, "path", [*sys.path, str(installed)])
    try:
        return travel(Sources(root, **{"patterns": ("*.yaml",), **case.run}), variables)
    except FindingsError as error:
        return None, error.findings
