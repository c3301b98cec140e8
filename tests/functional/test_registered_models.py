"""`model_package`: a batch pipeline that uses the newest approved version of what another pipeline registered."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.registry import Registry
from framework.local.store import LocalStore
from framework.pipeline.compiled import PackageRequest
from framework.pipeline.packages import with_packages

if TYPE_CHECKING:
    from tests.conftest import Project

SCRIPT = """
def model_fn(folder):
    with open(folder + "/weight") as file:
        return float(file.read())

def input_fn(body, content_type):
    return [float(line) for line in (body.decode() if isinstance(body, bytes) else body).split()]

def predict_fn(data, model):
    return [value * model for value in data]

def output_fn(predictions, accept):
    return "".join(f"{value}\\n" for value in predictions)
"""


def scoring(project: Project, **package: Any) -> None:
    """A pipeline of one transform over a registered model."""
    section = {"model_package": {"group": "churn-scores", **package}, "instance_type": "ml.m5.large"}
    section["channels"] = {"new": {"dataFiles": [{"fileName": "s3://models/new/x.csv"}]}}
    project.conf = {
        "conf": {
            "models": {"batch": {"transform": section}},
            "sagemakerPipeline": {
                "pipelineName": "scoring",
                "models": {"batch": {"steps": [{"step_name": "score", "step_class": "Transform"}]}},
            },
        }
    }


def test_a_model_step_stands_for_the_version(project: Project) -> None:
    scoring(project)
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.compiled is not None
    assert outcome.compiled.definition["Parameters"] == [{"Name": "ChurnScoresModelPackage", "Type": "String"}]
    assert outcome.compiled.model_packages == (PackageRequest("ChurnScoresModelPackage", "churn-scores"),)
    assert list(outcome.steps) == ["score-Model", "score"]
    assert outcome.at("score-Model", "PrimaryContainer") == {"ModelPackageName": {"Get": "Parameters.ChurnScoresModelPackage"}}
    assert outcome.at("score", "ModelName") == {"Get": "Steps.score-Model.ModelName"}


@pytest.mark.parametrize(
    ("package", "request_"),
    [
        ({"version": 3}, PackageRequest("ChurnScoresModelPackageVersion3", "churn-scores", "Approved", 3)),
        ({"status": "PendingManualApproval"},
         PackageRequest("ChurnScoresModelPackagePendingManualApproval", "churn-scores", "PendingManualApproval")),
    ],
)  # fmt: skip
def test_another_version(project: Project, package: Any, request_: PackageRequest) -> None:
    scoring(project, **package)
    compiled = project.compile().compiled
    assert compiled is not None
    assert compiled.model_packages == (request_,)


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ({"group": None}, "SMP105 models.batch.transform.model_package needs group. Try: add group (the model package group)."),
        ({"version": "newest"},
         'SMP104 models.batch.transform.model_package.version cannot be "newest". Try: latest, or the number of a version.'),
        ({"status": "approvd"}, 'SMP104 models.batch.transform.model_package.status cannot be "approvd". Try: Approved.'),
        ({"group": "${parameters.G}"},
         "SMP119 models.batch.transform.model_package.group must be known when the pipeline is compiled, and "
         '"${parameters.G}" is known only when it runs. Try: write the value itself, or take it from an environment variable.'),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be(project: Project, package: Any, said: str) -> None:
    scoring(project, **package)
    assert said in [text.partition(" ")[2] for text in project.compile().texts]


def two(project: Project, first: Any, second: Any) -> list[str]:
    scoring(project)
    section = project.conf["conf"]["models"]["batch"]["transform"]
    project.conf["conf"]["models"]["other"] = {"transform": {**section, **second}}
    section.update(first)
    project.pipeline["models"]["other"] = {"steps": [{"step_name": "again", "step_class": "Transform"}]}
    return [text.partition(" ")[2] for text in project.compile().texts]


def test_two_groups_never_share_a_parameter(project: Project) -> None:
    [said] = two(project, {"model_package": {"group": "churn-model"}}, {"model_package": {"group": "ChurnModel"}})
    assert said == (
        "SMP202 the parameter ChurnModelModelPackage would stand for the newest Approved of model package group ChurnModel and for "
        "the newest Approved of model package group churn-model. Try: rename one of the two."
    )


def test_two_steps_share_a_version(project: Project) -> None:
    assert two(project, {}, {}) == []


def test_a_parameter_of_the_users_own_is_none_of_a_model_package(project: Project) -> None:
    scoring(project)
    project.pipeline["parameters"] = {"ChurnScoresModelPackage": "x"}
    [text] = project.compile().texts
    assert "SMP202 the parameter ChurnScoresModelPackage would stand for the newest Approved" in text


def test_a_model_and_a_package_are_one_too_many(project: Project) -> None:
    scoring(project)
    project.conf["conf"]["models"]["batch"]["transform"]["model_name"] = "x"
    [text] = project.compile().texts
    assert text.endswith(
        "SMP104 score names a model and a model package, and can use one of the two. Try: keep model_name or model_package."
    )


def test_the_model_step_of_a_long_name_has_a_legal_one(project: Project) -> None:
    scoring(project)
    project.pipeline["models"]["batch"]["steps"][0]["step_name"] = "s" * 64
    names = list(project.compile().steps)
    assert len(names[0]) == 64
    assert names[0].endswith("-Model")


def test_in_a_branch_the_model_step_goes_along(project: Project) -> None:
    scoring(project)
    condition = {"step_name": "check", "step_class": "Condition", "conditions": ["${parameters.Go}"], "if_steps": ["score"]}
    project.pipeline["parameters"] = {"Go": True}
    project.pipeline["steps"] = [condition]
    outcome = project.compile()
    assert outcome.texts == []
    assert [step["Name"] for step in outcome.at("check", "IfSteps")] == ["score-Model", "score"]


def register(state: Path, weight: str, status: str) -> str:
    """A version of the model that multiplies by a weight."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in (("weight", weight), ("code/inference.py", SCRIPT)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    uri = f"s3://models/{weight}/model.tar.gz"
    LocalStore(state / "s3").put(uri, archive.getvalue())
    containers = [{"Image": "python", "ModelDataUrl": uri, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}]
    request = {"InferenceSpecification": {"Containers": containers}, "ModelApprovalStatus": status}
    return str(Registry(state / "registry").register("churn-scores", request)["ModelPackageArn"])


def test_the_newest_approved_version_runs_here(project: Project, tmp_path: Path) -> None:
    state = tmp_path / "state"
    register(state, "2", "Approved")
    newest = register(state, "3", "Approved")
    register(state, "5", "PendingManualApproval")
    LocalStore(state / "s3").put("s3://models/new/x.csv", b"1\n2\n")
    scoring(project)
    compiled = project.compile().compiled
    assert compiled is not None
    backend = LocalBackend(state)

    found = with_packages(compiled, backend.model_package)
    execution = backend.run(found, {})

    assert found.definition["Parameters"][0]["DefaultValue"] == newest
    assert execution.status == "Succeeded", execution.description
    [(_, path)] = list(LocalStore(state / "s3").objects(f"s3://models/scoring/{execution.id}/score/output"))
    assert path.read_text().split() == ["3.0", "6.0"]


def test_without_an_approved_version_nothing_starts(project: Project, tmp_path: Path) -> None:
    register(tmp_path, "5", "PendingManualApproval")
    scoring(project)
    compiled = project.compile().compiled
    assert compiled is not None
    with pytest.raises(
        BackendError, match="newest Approved of model package group churn-scores failed: there is none on this mach"
    ):
        with_packages(compiled, LocalBackend(tmp_path).model_package)
