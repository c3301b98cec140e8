"""Images by name: pinned by `smp lock`, put in from smp.lock, and what is said where they are not there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from framework.cli import smp

if TYPE_CHECKING:
    from tests.conftest import Project

SKLEARN = {"framework": "sklearn", "version": "1.2-1", "py_version": "py3"}
KEY = "sklearn:1.2-1 py_version=py3 cpu eu-west-1"
URI = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def named(project: Project, section: str = "preprocess", image: Any = None) -> None:
    del project.model[section]["image_uri"]
    project.model[section]["image"] = image or SKLEARN


def pin(project: Project, **images: str) -> None:
    project.write("smp.lock", json.dumps({"images": {KEY: URI, **images}, "sagemaker": ""}))


def call(project: Project, *words: str) -> Any:
    project.save()
    return CliRunner().invoke(smp, ["--root", str(project.root), *words], env=project.variables)


def test_a_pinned_image_becomes_its_uri(project: Project) -> None:
    named(project)
    pin(project)
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("prep", "AppSpecification.ImageUri") == URI


def test_an_image_of_the_inference_specification(project: Project) -> None:
    inference = project.model["registry"]["InferenceSpecification"]
    del inference["image_uri"]
    inference["image"] = SKLEARN
    pin(project, **{"sklearn:1.2-1 py_version=py3 scope=inference cpu eu-west-1": URI})
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("model", "PrimaryContainer.Image") == URI


def test_a_monitored_transform_takes_an_image_for_inference(project: Project) -> None:
    monitor = {"step_class": "QualityCheck", "check_type": "DATA_QUALITY", "image_uri": "u:monitor"}
    project.step("score").update(step_class="MonitorBatchTransform", image=SKLEARN, monitor=monitor)
    project.pipeline["dependencies"] = []
    texts = project.compile().texts
    assert any(
        "SMP123 the image sklearn:1.2-1 py_version=py3 scope=inference cpu eu-west-1 is not pinned" in text for text in texts
    )


def test_the_instance_type_decides_between_images(project: Project) -> None:
    named(project)
    pin(project)
    project.model["preprocess"]["instance_type"] = "ml.g5.xlarge"
    [text] = project.compile().texts
    assert text.endswith(
        "SMP123 the image sklearn:1.2-1 py_version=py3 g eu-west-1 is not pinned in smp.lock. "
        "Try: run smp lock, which asks the SageMaker SDK, and keep the file."
    )


def test_a_parameter_that_is_the_instance_type_counts_by_its_default(project: Project) -> None:
    project.pipeline["parameters"] = {"Type": "ml.g5.xlarge"}
    named(project)
    project.model["preprocess"]["instance_type"] = "${parameters.Type}"
    pin(project, **{"sklearn:1.2-1 py_version=py3 g eu-west-1": "u:gpu"})
    assert project.compile().at("prep", "AppSpecification.ImageUri") == "u:gpu"


def test_the_image_of_a_section_wins_over_the_uri_of_its_defaults(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"preprocess": {"image_uri": "u:default"}}
    named(project)
    pin(project)
    assert project.compile().at("prep", "AppSpecification.ImageUri") == URI


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"image": SKLEARN, "image_uri": "u"}, "SMP106 image and image_uri say the same thing twice. Try: keep one of the two."),
        ({"image": {"version": "1"}},
         "SMP105 models.churn.preprocess.image needs framework. Try: add framework (as the SDK calls it: "
         "sklearn, xgboost, pytorch)."),
        ({"image": {"framework": "sklearn", "verison": "1"}},
         'SMP103 unknown key "verison" in models.churn.preprocess.image. Try: version.'),
    ],
)  # fmt: skip
def test_an_image_that_cannot_be(project: Project, section: dict[str, Any], said: str) -> None:
    del project.model["preprocess"]["image_uri"]
    project.model["preprocess"].update(section)
    assert [text.partition(" ")[2] for text in project.compile().texts] == [said]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"images": 3}', "[" * 100_000])
def test_a_file_that_is_no_lock(project: Project, content: str) -> None:
    named(project)
    project.write("smp.lock", content)
    assert "smp.lock SMP123 the file is not a lock of images. Try: make it again: smp lock." in project.compile().texts


def test_a_region_is_needed(project: Project) -> None:
    named(project)
    project.variables["SMP_REGION"] = ""
    [text] = [text.partition(" ")[2] for text in project.compile().texts]
    assert text == "SMP105 an image by name needs to know the region it runs in. Try: set conf.region, or SMP_REGION."


def test_lock_says_what_is_wrong(project: Project) -> None:
    named(project, image={"framework": "sklearn", "verison": 1})
    result = call(project, "lock")
    assert result.exit_code == 1
    assert 'SMP103 unknown key "verison" in models.churn.preprocess.image' in result.output
    project.model["preprocess"]["image"] = SKLEARN
    project.variables["SMP_REGION"] = ""
    result = call(project, "lock", "--check")
    assert result.exit_code == 1
    assert "SMP105 an image by name needs to know the region it runs in" in result.output
    assert not (project.root / "smp.lock").exists()


def test_steps_with_keys_of_their_own_share_an_image_by_name(project: Project) -> None:
    named(project)
    pin(project, **{"sklearn:1.2-1 py_version=py3 g eu-west-1": "u:gpu"})
    more = {"step_class": "Processing", "model": "churn"}
    project.pipeline["steps"] = [
        {"step_name": "two", "instance_count": 2, **more},
        {"step_name": "gpu", "instance_type": "ml.g5.xlarge", **more},
    ]
    outcome = project.compile()
    assert outcome.texts == []
    images = {name: outcome.at(name, "AppSpecification.ImageUri") for name in ("prep", "two", "gpu")}
    assert images == {"prep": URI, "two": URI, "gpu": "u:gpu"}


def test_a_lock_of_another_sdk_is_stale(project: Project) -> None:
    pytest.importorskip("sagemaker", reason="the SageMaker SDK is not installed")
    named(project)
    project.write("smp.lock", json.dumps({"images": {KEY: URI}, "sagemaker": "3.0.0"}))
    [text] = project.compile().texts
    assert text.startswith("smp.lock SMP124 warning: smp.lock was made with sagemaker 3.0.0, and 3.")


def test_the_sdk_is_asked_once_and_its_answer_kept(project: Project) -> None:
    pytest.importorskip("sagemaker", reason="the SageMaker SDK is not installed")
    named(project)
    assert call(project, "lock", "--check").exit_code == 3
    result = call(project, "lock")
    assert (result.exit_code, result.stdout) == (0, f"pinned  {KEY}  {URI}\n")
    assert json.loads((project.root / "smp.lock").read_text())["images"] == {KEY: URI}
    assert project.compile().at("prep", "AppSpecification.ImageUri") == URI
    assert call(project, "lock", "--check").exit_code == 0


def test_what_another_configuration_pinned_stays_unless_it_is_pruned(project: Project) -> None:
    pytest.importorskip("sagemaker", reason="the SageMaker SDK is not installed")
    named(project)
    pin(project, other="u")
    call(project, "lock")
    assert "other" in json.loads((project.root / "smp.lock").read_text())["images"]
    call(project, "lock", "--prune")
    assert "other" not in json.loads((project.root / "smp.lock").read_text())["images"]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ({"framework": "sklaern"}, "SMP123 the SageMaker SDK knows no image sklaern cpu eu-west-1: there is no framework sklaern"),
        ({"framework": "xgboost", "version": "9"}, "SMP123 the SageMaker SDK knows no image xgboost:9 cpu eu-west-1: Unsupported"),
    ],
)
def test_an_image_that_the_sdk_does_not_know(project: Project, image: Any, said: str) -> None:
    pytest.importorskip("sagemaker", reason="the SageMaker SDK is not installed")
    named(project, image=image)
    result = call(project, "lock")
    assert result.exit_code == 1
    assert said in result.output
    assert not (project.root / "smp.lock").exists()
