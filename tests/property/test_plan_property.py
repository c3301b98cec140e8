"""Plans of generated projects: empty right after a deploy, and after a change of one line about nothing but that line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.commands.planning import carry_out, prepare
from framework.config.load import Sources
from framework.deploy.backend import SageMakerBackend
from framework.deploy.fields import ABSENT
from framework.deploy.mark import SAME, drift
from framework.deploy.plan import Deployed, Plan, diff, expected, placed
from framework.findings import FindingsError
from framework.road import Arrival, arrive_with_places
from tests.functional.deploy.conftest import aws as aws
from tests.functional.deploy.faithful import Faithful

if TYPE_CHECKING:
    from tests.conftest import Project

MODEL_FILE, FRAMEWORK_FILE = "churn/conf/conf.yaml", "conf/conf.yaml"
FRAMEWORK = {
    "s3Bucket": "models",
    "region": "eu-west-1",
    "sagemakerNetworkSecurity": {
        "role": "arn:aws:iam::111122223333:role/pipelines",
        "subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
        "security_groups_id": ["sg-0a1b2c3d"],
        "kms_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    },
}
JOB = {
    "instance_type": st.sampled_from(["ml.m5.large", "ml.c5.xlarge"]),
    "instance_count": st.integers(1, 3),
    "env": st.dictionaries(st.sampled_from(["STAGE", "ZONE", "MODE"]), st.text("xyz-ä", min_size=1, max_size=4), min_size=1),
}
TAG_KEYS = st.lists(st.sampled_from("abc"), unique=True, min_size=1)
TAGS = TAG_KEYS.map(lambda keys: [{"Key": key, "Value": f"v{key}"} for key in keys])
PARAMETERS = st.dictionaries(st.sampled_from(["depth", "eta", "objective"]), st.integers(1, 9) | st.just("${parameters.Rate}"))
RETRY = {"exceptions": ["Step.THROTTLING"], "interval_seconds": 5, "backoff_rate": 2.0, "max_attempts": 4}


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


SECTIONS = {
    "preprocess": optional(**JOB, volume_size_in_gb=st.integers(10, 20), max_runtime_seconds=st.integers(600, 900), tags=TAGS),
    "train": optional(
        **JOB,
        hyperparameters=PARAMETERS,
        input_mode=st.just("File"),
        tags=TAGS,
    ),
    "transform": optional(**JOB, strategy=st.just("MultiRecord"), max_payload=st.integers(1, 9), content_type=st.just("text/csv")),
    "evaluate": optional(**JOB, max_runtime_in_seconds=st.integers(600, 900)),
    "registry": optional(ModelPackageDescription=st.just("what it is"), ModelPackageGroupName=st.just("churners")),
}
PIPELINE = optional(
    description=st.just("who leaves"),
    display_name=st.just("Churn"),
    parallelism=st.integers(1, 5),
    tags=TAGS,
    experiment=st.just({"name": "churning", "trial": "first"}),
)
STEP = optional(
    enable_cache=st.just(True), cache_expire_after=st.just("P5D"), retry_policies=st.just([RETRY]), description=st.just("a step")
)
OTHERS = {
    "ml.m5.large": "ml.m5.xlarge", "ml.c5.xlarge": "ml.c5.2xlarge", "File": "Pipe", "MultiRecord": "SingleRecord", "P5D": "P6D",
    "text/csv": "application/json", "Step.THROTTLING": "Step.SERVICE_FAULT", "PendingManualApproval": "Approved",
}  # fmt: skip
NAMES = frozenset({
    "ModelRepack", "chain_input_source_step", "entry_point", "pipelineName", "region", "source_directory", "step_class",
    "step_name",
})  # fmt: skip
"""Keys of which another value is another thing."""

ELSEWHERE = frozenset({"s3Bucket"})
"""The bucket is in the addresses of the code, too, which have lines of their own."""

WITHOUT_EFFECT = frozenset({"ModelPackageGroupDescription", "cache_expire_after"})
"""What nothing comes of where the group exists, or where enable_cache is off."""


@st.composite
def drawn(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "sections": {name: draw(strategy) for name, strategy in SECTIONS.items()},
        "pipeline": draw(PIPELINE),
        "steps": {name: draw(STEP) for name in ("prep", "fit", "score", "judge")},
        "after": draw(st.sampled_from([[], ["prep >> register"], ["fit >> judge", "model >> judge"]])),
    }


def fill(project: Project, made: dict[str, Any]) -> None:
    for name, values in made["sections"].items():
        project.model[name].update(values)
    for name, values in made["steps"].items():
        project.step(name).update(values)
    project.pipeline.update(made["pipeline"], parameters={"Rate": {"type": "Float", "default": 0.5}}, dependencies=made["after"])


def arrive(project: Project) -> Arrival:
    return arrive_with_places(Sources(project.root, patterns=(MODEL_FILE,)), project.variables)


def deployed(arrival: Arrival) -> Deployed:
    return expected(arrival.compiled, Deployed("arn", {}, "", "", (), ""))


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))
        elif value is not None and key not in NAMES and not NAMES.intersection(map(str, path)):
            yield (*path, key)


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return OTHERS.get(value, f"{value[:-1]}2" if value.endswith(":1") else f"{value}x")


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def write(project: Project, framework: dict[str, Any]) -> None:
    project.write(FRAMEWORK_FILE, {"conf": framework})
    project.save()


def changed_line(before: str, after: str) -> int:
    [line] = [
        number for number, pair in enumerate(zip(before.splitlines(), after.splitlines(), strict=True), 1) if pair[0] != pair[1]
    ]
    return line


def lines_of(plan: Plan) -> set[tuple[str, int]]:
    """The lines that a plan names."""
    places = [place for change in plan.changes for place in (change.place, *(field.place for field in change.fields))]
    return {(place.file, place.line) for place in places if place.file}


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(made=drawn())
def test_right_after_a_deploy_the_plan_is_empty(new_project: type[Project], aws: Faithful, made: dict[str, Any]) -> None:
    """Over HTTP; each deploy but the first updates what the one before it left."""
    with TemporaryDirectory() as folder:
        project = new_project(Path(folder))
        fill(project, made)
        write(project, FRAMEWORK)
        compiled = arrive(project).compiled
    backend = SageMakerBackend()

    carry_out(backend, prepare(backend, compiled))
    plan = prepare(backend, compiled).plan

    assert (plan.action, plan.changes, plan.missing) == ("unchanged", (), ())
    assert drift(plan.deployed).state == SAME
    verdicts = {step.name: step.verdict for step in plan.next_run}
    assert verdicts["prep"] == ("reuse" if made["steps"]["prep"].get("enable_cache") else "run")


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(made=drawn(), data=st.data())
def test_a_change_of_one_line_names_that_line_and_no_other(
    new_project: type[Project], made: dict[str, Any], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        project = new_project(Path(folder))
        fill(project, made)
        framework = json.loads(json.dumps(FRAMEWORK))
        write(project, framework)
        before = deployed(arrive(project))
        trees = {MODEL_FILE: project.conf["conf"], FRAMEWORK_FILE: framework}
        choices = [(name, path) for name, tree in trees.items() for path in leaves(tree) if path[-1] not in ELSEWHERE]
        for name, path in data.draw(st.lists(st.sampled_from(choices), min_size=8, max_size=8, unique=True)):
            check_one_line(project, framework, before, name, path, trees[name])


def check_one_line(
    project: Project, framework: dict[str, Any], before: Deployed, name: str, path: tuple[Any, ...], tree: Any
) -> None:
    holder, key = at(tree, path[:-1]), path[-1]
    value, text = holder[key], (project.root / name).read_text()
    holder[key] = other(value)
    write(project, framework)
    line = changed_line(text, (project.root / name).read_text())
    try:
        arrival = arrive(project)
        plan = placed(diff(arrival.compiled, before), arrival.where)
        told = (field for change in plan.changes for field in change.fields)
        new = path[-1] == "enable_cache" or any(field.after is not ABSENT for field in told)
        assert lines_of(plan) == ({(name, line)} if new else set()), f"{path}: {value} → {holder[key]}"
        assert plan.changes or path[-1] in WITHOUT_EFFECT, f"{path}: nothing changed"
    except FindingsError:
        pass  # no configuration: not everything may be everything
    finally:
        holder[key] = value
        write(project, framework)


@pytest.mark.parametrize("name", [MODEL_FILE, FRAMEWORK_FILE])
def test_every_line_of_a_rich_project(new_project: type[Project], tmp_path: Path, name: str) -> None:
    """Each in turn; most of them can be changed, and each of these is named."""
    project = new_project(tmp_path)
    everything = {
        "sections": {
            "preprocess": {"instance_type": "ml.m5.large", "instance_count": 1, "env": {"STAGE": "x", "ZONE": "y"},
                           "volume_size_in_gb": 30, "max_runtime_seconds": 600,
                           "tags": [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": "2"}]},
            "train": {"instance_type": "ml.m5.large", "instance_count": 1, "env": {"STAGE": "x"}, "input_mode": "File",
                      "hyperparameters": {"depth": 6, "rate": "${parameters.Rate}"}},
            "transform": {"instance_type": "ml.m5.large", "strategy": "MultiRecord", "max_payload": 5, "content_type": "text/csv"},
            "evaluate": {"instance_type": "ml.m5.large", "env": {"A": "b"}, "max_runtime_in_seconds": 700},
            "registry": {"ModelPackageDescription": "what", "ModelPackageGroupName": "churners"},
        },
        "pipeline": {"description": "d", "display_name": "n", "parallelism": 3, "tags": [{"Key": "team", "Value": "a"}],
                     "experiment": {"name": "churning", "trial": "first"}},
        "steps": {"prep": {"enable_cache": True, "cache_expire_after": "P5D", "retry_policies": [RETRY]},
                  "fit": {"enable_cache": True, "display_name": "Fit", "description": "fits"}},
        "after": ["prep >> register"],
    }  # fmt: skip
    fill(project, everything)
    framework = json.loads(json.dumps(FRAMEWORK))
    write(project, framework)
    before = deployed(arrive(project))
    tree = project.conf["conf"] if name == MODEL_FILE else framework
    paths = [path for path in leaves(tree) if path[-1] not in ELSEWHERE]
    assert len(paths) > (40 if name == MODEL_FILE else 4)
    for path in paths:
        check_one_line(project, framework, before, name, path, tree)
