"""Small generated projects: compiling twice gives the same bytes, and so does any order of files and of the keys in them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from framework.pipeline.compiled import CompiledPipeline

if TYPE_CHECKING:
    from tests.conftest import Project

SETTINGS = settings(max_examples=30)
IMAGE = "111122223333.dkr.ecr.SMP_REGION.amazonaws.com/base:1"
CHANNELS = st.lists(st.sampled_from(["train", "test", "validation"]), min_size=1, max_size=3, unique=True)
KEYS = st.fixed_dictionaries(
    {},
    optional={
        "instance_type": st.sampled_from(["ml.m5.large", "ml.g5.xlarge"]),
        "instance_count": st.integers(1, 3),
        "env": st.dictionaries(st.sampled_from("ABC"), st.text("xyz-ä", max_size=4), max_size=2),
        "tags": st.just([{"Key": "a", "Value": "b"}]),
        "base_job_name": st.just("job"),
    },
)
Model = dict[str, Any]


@st.composite
def models(draw: st.DrawFn, name: str) -> Model:
    """A model with a preprocessing, a training and, maybe, a registration; and the steps that build them."""
    channels = draw(CHANNELS)
    files = [{"sourceName": f"file {number}", "fileName": f"s3://lake/{number}"} for number in range(draw(st.integers(0, 2)))]
    preprocess = {
        "image_uri": IMAGE,
        "entry_point": "preprocess.py",
        "channels": dict.fromkeys(channels) | {channels[0]: {"dataFiles": files}},
    }
    model = {
        "source_directory": "src",
        "preprocess": preprocess | draw(KEYS),
        "train": {"image_uri": IMAGE, "entry_point": "train.py"} | draw(KEYS),
    }
    steps = [
        {"step_name": f"{name}-prep", "step_class": "Processing", "step_type": "preprocess", "enable_cache": draw(st.booleans())},
        {"step_name": f"{name}-fit", "step_class": "Training", "chain_input_source_step": [f"{name}-prep"]},
    ]
    if draw(st.booleans()):
        specification = {
            "image_uri": IMAGE,
            "supported_content_types": ["text/csv"],
            "supported_response_MIME_types": ["text/csv"],
            "approval_status": "Approved",
        }
        model["registry"] = {"ModelRepack": draw(st.booleans()), "InferenceSpecification": specification}
        steps.append({"step_name": f"{name}-register", "step_class": "RegisterModel"})
    return {"model": model, "steps": steps}


@st.composite
def projects(draw: st.DrawFn) -> dict[str, Any]:
    """The files of a project: one for each model, the anchor's with the pipeline."""
    names = draw(st.lists(st.sampled_from(["churn", "price", "risk"]), min_size=1, max_size=3, unique=True))
    made = {name: draw(models(name)) for name in names}
    pipeline: dict[str, Any] = {"pipelineName": "generated", "models": {name: {"steps": made[name]["steps"]} for name in names}}
    pairs = draw(st.lists(st.sampled_from([(one, two) for one in names for two in names if one < two] or [None]), max_size=2))
    pipeline["dependencies"] = [f"{pair[0]}-fit >> {pair[1]}-prep" for pair in pairs if pair]
    files = {name: {"conf": {"models": {name: made[name]["model"]}}} for name in names}
    files[draw(st.sampled_from(names))]["conf"]["sagemakerPipeline"] = pipeline
    return files


@contextmanager
def written(new_project: type[Project], files: dict[str, Any]) -> Iterator[Project]:
    with TemporaryDirectory() as folder:
        project = new_project(Path(folder))
        for name, content in files.items():
            project.write(f"{name}/conf/conf.yaml", content)
        project.write("env.env", "".join(f'export {name}="{value}"\n' for name, value in project.variables.items()))
        project.save = lambda: None  # type: ignore[method-assign]
        yield project


def compiled(new_project: type[Project], files: dict[str, Any]) -> CompiledPipeline:
    with written(new_project, files) as project:
        outcome = project.compile()
        assert outcome.compiled is not None, outcome.texts
        return outcome.compiled


def shuffled(value: Any, shuffler: random.Random, depth: int) -> Any:
    """The keys of a mapping in another order, and those of the mappings in it, down to `depth`."""
    if not isinstance(value, dict) or depth == 0:
        return value
    keys = list(value)
    shuffler.shuffle(keys)
    return {key: shuffled(value[key], shuffler, depth - 1) for key in keys}


@SETTINGS
@given(files=projects())
def test_compiling_twice_gives_the_same_bytes(new_project: type[Project], files: dict[str, Any]) -> None:
    first = compiled(new_project, files)
    second = compiled(new_project, files)
    assert first.definition_text() == second.definition_text()
    assert first == second


@SETTINGS
@given(files=projects(), names=st.permutations(["a", "b", "c"]))
def test_the_names_and_order_of_the_files_change_nothing(
    new_project: type[Project], files: dict[str, Any], names: list[str]
) -> None:
    renamed = dict(zip(names, files.values(), strict=False))
    assert compiled(new_project, renamed).definition_text() == compiled(new_project, files).definition_text()


@SETTINGS
@given(files=projects(), shuffler=st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(new_project: type[Project], files: dict[str, Any], shuffler: random.Random) -> None:
    """The keys of a file, of a model and of its sections; in channels, environments and pipelines the order is the user's."""
    other = {}
    for name, content in files.items():
        conf = content["conf"] | {"models": shuffled(content["conf"]["models"], shuffler, 3)}
        other[name] = {"conf": shuffled(conf, shuffler, 1)}
    assert compiled(new_project, other).definition_text() == compiled(new_project, files).definition_text()


@SETTINGS
@given(files=projects(), shuffler=st.randoms(use_true_random=False))
def test_the_order_of_a_steps_keys_changes_nothing(
    new_project: type[Project], files: dict[str, Any], shuffler: random.Random
) -> None:
    other = json.loads(json.dumps(files))
    for content in other.values():
        for unit in content["conf"].get("sagemakerPipeline", {"models": {}})["models"].values():
            unit["steps"] = [shuffled(step, shuffler, 1) for step in unit["steps"]]
    assert compiled(new_project, other).definition_text() == compiled(new_project, files).definition_text()


@SETTINGS
@given(files=projects())
def test_every_reference_leads_to_an_earlier_step(new_project: type[Project], files: dict[str, Any]) -> None:
    steps = compiled(new_project, files).definition["Steps"]
    seen: set[str] = set()
    for step in steps:
        text = json.dumps(step["Arguments"])
        named = {name for name in (other["Name"] for other in steps) if f'"Steps.{name}.' in text}
        assert named | set(step.get("DependsOn", ())) <= seen
        seen.add(step["Name"])
