"""Modeling units: what the sections of a model become without steps, which step builds on which, and the repack steps."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

FILE = {"dataFiles": [{"fileName": "x.csv"}]}


def default_unit(project: Project, sections: str, **changes: Any) -> Outcome:
    """The outcome for a model with these sections and no steps; `changes` replace sections."""
    model = {"source_directory": "src", **{name: project.model[name] for name in sections.split()}, **changes}
    project.conf["conf"] = {"models": {"churn": model}}
    return project.compile()


def chains(outcome: Outcome) -> dict[str, list[str]]:
    """The steps whose outputs each step reads."""
    return {
        name: sorted({word.split(".")[1] for word in _gets(step["Arguments"]) if "Outputs[" in word or ".TransformOutput." in word})
        for name, step in outcome.steps.items()
    }


def _gets(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["Get"]] if set(value) == {"Get"} else [get for item in value.values() for get in _gets(item)]
    return [get for item in value for get in _gets(item)] if isinstance(value, list) else []


# The default unit


@pytest.mark.parametrize(("sections", "steps"), [
    ("train", "Training"),
    ("preprocess", "Preprocessing"),
    ("preprocess train", "Preprocessing Training"),
    ("train registry", "Training CreateModel Register"),
    ("preprocess train registry", "Preprocessing Training CreateModel Register"),
    ("preprocess train transform registry", "Preprocessing Training CreateModel Transform Register"),
    ("preprocess train transform evaluate registry", "Preprocessing Training CreateModel Transform Metrics Register"),
    ("preprocess train evaluate registry", "Preprocessing Training CreateModel Metrics Register"),
])  # fmt: skip
def test_the_sections_make_the_steps_whatever_their_order(project: Project, sections: str, steps: str) -> None:
    names = [f"churn-{step}" for step in steps.split()]
    outcome = default_unit(project, " ".join(reversed(sections.split())))
    assert [*outcome.steps] == names
    assert [step.get("DependsOn", []) for step in outcome.steps.values()] == [[], *([name] for name in names[:-1])]


def test_a_default_unit_without_registry_creates_its_model_for_the_transform(project: Project) -> None:
    transform = {"image_uri": project.model["train"]["image_uri"], "channels": {"test": FILE}}
    outcome = default_unit(project, "train", transform=transform)
    assert [*outcome.steps] == [
        "churn-Training",
        "churn-CreateModel-RepackModel",
        "churn-CreateModel",
        "churn-Transform",
    ]


def test_default_steps_chain_from_the_preprocessing(project: Project) -> None:
    outcome = default_unit(project, "preprocess train transform evaluate registry")
    assert chains(outcome) == {
        "churn-Preprocessing": [],
        "churn-Training": ["churn-Preprocessing"],
        "churn-CreateModel": [],
        "churn-Transform": ["churn-Preprocessing"],
        "churn-Metrics": ["churn-Preprocessing", "churn-Transform"],
        "churn-Register": ["churn-Metrics"],
    }


@pytest.mark.parametrize(("section", "step", "expected"), [
    ("train", "churn-Training", []), ("transform", "churn-Transform", []), ("evaluate", "churn-Metrics", ["churn-Transform"]),
])  # fmt: skip
def test_a_section_with_files_of_its_own_does_not_chain_from_the_preprocessing(
    project: Project, section: str, step: str, expected: list[str]
) -> None:
    project.model[section]["channels"] = {"test": FILE}
    assert chains(default_unit(project, "preprocess train transform evaluate registry"))[step] == expected


def test_metrics_whose_channel_the_preprocessing_lacks_read_the_transform_alone(project: Project) -> None:
    project.model["evaluate"]["channels"] = "own"
    assert chains(default_unit(project, "preprocess train transform evaluate registry"))["churn-Metrics"] == ["churn-Transform"]


def test_a_registry_without_training_cannot_make_a_unit(project: Project) -> None:
    [text] = default_unit(project, "preprocess registry").texts
    assert text.endswith(
        'SMP206 churn-Register needs a Training step before it in the unit of "churn". Try: add a step of class Training above it.'
    )


def test_a_model_with_neither_steps_nor_sections(project: Project) -> None:
    texts = default_unit(project, "").texts
    message = (
        'SMP208 the model "churn" has neither steps nor sections to make them from. Try: add sections such as train and registry'
    )
    assert any(message in text for text in texts)


@pytest.mark.parametrize(("model", "stem"), [
    ("cal.housing v2", "cal-housing-v2"), ("my_model", "my_model"), ("m" * 70, "m" * 55),
])  # fmt: skip
def test_default_steps_have_legal_names(project: Project, model: str, stem: str) -> None:
    sections = {"source_directory": "src", "train": project.model["train"]}
    project.conf["conf"] = {"models": {model: sections}, "sagemakerPipeline": {"pipelineName": "p", "models": {model: None}}}
    assert [*project.compile().steps] == [f"{stem}-Training"]


def test_a_default_unit_beside_one_with_steps(project: Project) -> None:
    project.conf["conf"]["models"]["price"] = {"source_directory": "src", "train": project.model["train"]}
    project.pipeline["models"]["price"] = None
    project.pipeline["dependencies"] = ["price-Training >> prep"]
    assert [*project.compile().steps][:2] == ["price-Training", "prep"]


# What steps build on


@pytest.mark.parametrize(("kept", "message"), [
    (["model"], 'model needs a Training step before it in the unit of "churn". Try: add a step of class Training above it.'),
    (["register"], 'register needs a Training step before it in the unit of "churn". Try: add a step of class Training above it.'),
    (["score"], 'score needs a CreateModel step before it in the unit of "churn". Try: add a step of class CreateModel above it.'),
])  # fmt: skip
def test_a_step_that_has_nothing_to_build_on(project: Project, kept: list[str], message: str) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[:] = [step for step in steps if step["step_name"] in kept]
    assert any(text.endswith(f"SMP206 {message}") for text in project.compile().texts)


def test_a_training_of_another_unit_is_none_to_build_on(project: Project) -> None:
    model = {"source_directory": "src", "registry": project.model["registry"]}
    project.conf["conf"]["models"]["price"] = model
    project.pipeline["models"]["price"] = {"steps": [{"step_name": "price-register", "step_class": "RegisterModel"}]}
    [text] = project.compile().texts
    assert 'SMP206 price-register needs a Training step before it in the unit of "price"' in text


def test_two_steps_of_one_name_are_a_finding_naming_the_other(project: Project) -> None:
    project.pipeline["models"]["churn"]["steps"].append({"step_name": "fit", "step_class": "Training"})
    [finding] = project.compile().findings
    lines = (project.root / "churn/conf/conf.yaml").read_text().splitlines()
    first, second = [number for number, line in enumerate(lines, 1) if line.strip() == "- step_name: fit"]
    file = "churn/conf/conf.yaml"
    assert str(finding) == (
        f'{file}:{second}:11 SMP202 there are two steps called "fit"; the other is at {file}:{first}:11. '
        "Try: give each step a name of its own."
    )


@pytest.mark.parametrize(("step", "section", "step_class"), [
    ("fit", "preprocess", "Training"), ("prep", "train", "Processing"), ("score", "evaluate", "Transform"),
    ("judge", "registry", "Metrics"), ("register", "train", "RegisterModel"),
])  # fmt: skip
def test_a_section_that_cannot_parametrise_the_step(project: Project, step: str, section: str, step_class: str) -> None:
    project.step(step)["step_type"] = section
    message = f'SMP205 {step} is a {step_class} step, which the section "{section}" cannot parametrise'
    assert any(message in text for text in project.compile().texts)


@pytest.mark.parametrize(("step", "section"), [("prep", "evaluate"), ("judge", "preprocess")])
def test_processing_and_metrics_may_share_a_section(project: Project, step: str, section: str) -> None:
    project.step(step)["step_type"] = section
    assert not any("SMP205" in text for text in project.compile().texts)


@pytest.mark.parametrize(("older", "today"), [("metrics", "evaluate"), ("create", "registry")])
def test_older_names_of_sections(project: Project, older: str, today: str) -> None:
    plain = project.compile()
    project.step("judge" if today == "evaluate" else "model")["step_type"] = older
    assert project.compile() == plain


def test_a_broken_section_is_said_once_and_not_built_from(project: Project) -> None:
    project.model["train"]["instance_count"] = "many"
    [text] = project.compile().texts
    assert "SMP104" in text


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(("section", "value"), [("preprocess", 5), ("train", 5), ("transform", "a b"), ("evaluate", [[1]])])
def test_channels_that_cannot_be_read_are_said_once(project: Project, section: str, value: Any, listed: bool) -> None:
    project.model[section]["channels"] = value
    if not listed:
        project.pipeline["models"]["churn"] = None
    [text] = project.compile().texts
    assert "SMP104" in text


# Repacking


def repack_steps(outcome: Outcome) -> list[str]:
    return [name for name in outcome.steps if name.endswith("RepackModel")]


@pytest.fixture
def repacked(project: Project) -> Project:
    project.model["registry"]["ModelRepack"] = True
    return project


def test_one_repack_serves_all_steps_that_use_the_same_model(repacked: Project) -> None:
    outcome = repacked.compile()
    assert repack_steps(outcome) == ["model-RepackModel"]
    assert [*outcome.steps].index("model-RepackModel") == [*outcome.steps].index("model") - 1
    assert outcome.steps["model-RepackModel"]["Description"] == "Packs inference.py and its neighbours into the model of fit"


def test_without_a_create_model_step_the_registration_repacks(repacked: Project) -> None:
    steps = repacked.pipeline["models"]["churn"]["steps"]
    steps[:] = [step for step in steps if step["step_name"] in {"fit", "register"}]
    del repacked.step("fit")["chain_input_source_step"]
    assert repack_steps(repacked.compile()) == ["register-RepackModel"]


def test_two_trainings_have_a_repack_each(repacked: Project) -> None:
    steps = repacked.pipeline["models"]["churn"]["steps"]
    steps[3:] = [{"step_name": "refit", "step_class": "Training"}, repacked.step("register")]
    outcome = repacked.compile()
    assert repack_steps(outcome) == ["model-RepackModel", "register-RepackModel"]
    sources = [
        outcome.at(name, "InputDataConfig.0.DataSource.S3DataSource.S3Uri.Get").split(".")[1] for name in repack_steps(outcome)
    ]
    assert sources == ["fit", "refit"]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_repack_is_cached_like_its_training(repacked: Project, enabled: bool) -> None:
    repacked.step("fit")["enable_cache"] = enabled
    assert ("CacheConfig" in repacked.compile().steps["model-RepackModel"]) is enabled


def test_the_name_of_a_repack_may_not_be_taken(repacked: Project) -> None:
    repacked.step("prep")["step_name"] = "model-RepackModel"
    texts = repacked.compile().texts
    message = 'SMP202 the name "model-RepackModel" is needed for the step that repacks the model. Try: rename this step.'
    assert any(text.endswith(message) for text in texts)


@pytest.mark.parametrize("length", [52, 53, 64])
def test_names_of_repacks_keep_to_the_limit_and_stay_apart(repacked: Project, length: int) -> None:
    names = ["x" * (length - 1) + last for last in "ab"]
    steps = repacked.pipeline["models"]["churn"]["steps"]
    steps[2:] = [
        {"step_name": names[0], "step_class": "CreateModel"},
        {"step_name": "refit", "step_class": "Training"},
        {"step_name": names[1], "step_class": "RegisterModel"},
    ]
    found = repack_steps(repacked.compile())
    assert len(set(found)) == 2
    assert {len(name) for name in found} == {64}
    if length > 52:
        digests = [hashlib.sha256(name.encode()).hexdigest()[:8] for name in names]
        assert found == [f"{name[:43]}-{digest}-RepackModel" for name, digest in zip(names, digests, strict=True)]


def test_a_dependency_may_name_a_repack(repacked: Project) -> None:
    repacked.pipeline["dependencies"] = ["prep >> model-RepackModel"]
    assert repacked.compile().steps["model-RepackModel"]["DependsOn"] == ["prep"]
