"""The scripts of a pipeline's steps: a pipeline in, each script with its owner and its source directory out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from framework.config.model import CREATE_MODEL, REGISTER_MODEL
from framework.findings import Place
from framework.pipeline.build import Pipeline
from framework.steps.base import StepSpec
from framework.steps.create_model import brings_model, inference_script
from framework.steps.scripts import script_path


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A script that a step runs.

    Attributes:
        owner: what runs it, as messages call it: model and section.
        script: its path in the source directory.
        source: the source directory.
        files: the files of the source directory that go into its bundle, by their paths in it.
    """

    owner: str
    script: str
    source: Path
    files: Mapping[str, Path]

    @property
    def requirements(self) -> str:
        """The file of requirements that is installed for it: beside it, else at the top; "" where there is none."""
        beside = posixpath.join(posixpath.dirname(self.script), "requirements.txt")
        return next((path for path in (beside, "requirements.txt") if path in self.files), "")


def entry_points(pipeline: Pipeline) -> Iterator[EntryPoint]:
    """The scripts that are there, each once for each section that names it, in the order of the steps."""
    seen: set[tuple[str, str]] = set()
    for step in pipeline.steps.values():
        model = step.spec.model
        source = pipeline.config.root / (model.source_directory or "")
        files = pipeline.sources.get(source, {})
        for section, script in _scripts(step.spec):
            owner = f"{model.name}.{section}"
            if script in files and (owner, script) not in seen:
                seen.add((owner, script))
                yield EntryPoint(owner, script, source, files)


def _scripts(spec: StepSpec) -> Iterator[tuple[str, str]]:
    """The Python scripts that a step names, or that are packed into its model, with the sections that say so."""
    named = [(section.name, section.values.get("entry_point")) for section in (spec.section, *([spec.jobs] if spec.jobs else []))]
    if spec.step_class in {CREATE_MODEL, REGISTER_MODEL} and not brings_model(spec.values):
        named.append((spec.section.name, inference_script(spec)))
    for section, given in named:
        if isinstance(given, str) and given.endswith(".py"):
            yield section, script_path(given)


def source_place(pipeline: Pipeline, source: Path) -> Place:
    """Where the configuration names a source directory; the first place of several."""
    models = {step.spec.model.name: step.spec.model for step in pipeline.steps.values()}
    named = [model for model in models.values() if model.source_directory]
    return min(model.source_place for model in named if pipeline.config.root / str(model.source_directory) == source)
