"""The scripts of a pipeline's steps: a pipeline in, each script with its owner and its source directory out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from framework.pipeline.build import Pipeline
from framework.steps.scripts import script_path


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A script that a step runs.

    Attributes:
        owner: what runs it, as messages call it: model and section.
        script: its path in the source directory.
        files: the files of the source directory that go into its bundle, by their paths in it.
    """

    owner: str
    script: str
    files: Mapping[str, Path]


def entry_points(pipeline: Pipeline) -> Iterator[EntryPoint]:
    """The scripts that are there, each once for each section that names it, in the order of the steps."""
    seen: set[tuple[str, str, str]] = set()
    for step in pipeline.steps.values():
        spec, model = step.spec, step.spec.model
        files = pipeline.sources.get(pipeline.config.root / (model.source_directory or ""), {})
        for section in (spec.section, *([spec.jobs] if spec.jobs else [])):
            given = section.values.get("entry_point")
            script = script_path(given) if isinstance(given, str) else ""
            key = (model.name, section.name, script)
            if script in files and script.endswith(".py") and key not in seen:
                seen.add(key)
                yield EntryPoint(f"{model.name}.{section.name}", script, files)
