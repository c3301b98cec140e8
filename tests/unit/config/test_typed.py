"""The types that a merged tree becomes: models, sections, steps, and what is not said twice about them."""

from __future__ import annotations

from typing import Any

import pytest

from framework.config.model import Config, Section, StepConfig
from framework.config.sections import section_of
from framework.config.typed import typed_config
from framework.findings import Place


@pytest.fixture
def typed(tree: Any, tmp_path: Any) -> Any:
    """The configuration of one file's text."""

    def make(text: str, **options: Any) -> Config:
        return typed_config(tree(text), tmp_path, (), {}, **options)

    return make


def said(config: Config) -> list[str]:
    return [str(finding) for finding in config.findings]


STEPS = """
conf:
  models: {m: {train: {image_uri: i}, mine: {image_uri: j}}}
  sagemakerPipeline:
    models:
      m:
        steps:
          - {step_name: t, step_class: Training, chain_input_source_step: "a, b", chain_input_additional_prefix: /x/y/}
          - {step_name: u, step_class: Training, step_type: mine}
          - {step_name: v, step_class: Sorting}
          - {step_class: Training}
          - w
    dependencies: [t >> u, [t], u >> t]
    tags: [{Key: a, Value: 1}, {Key: b}]
"""


def test_whole_steps_are_kept_and_broken_ones_are_counted(typed: Any) -> None:
    [unit] = typed(STEPS).pipeline.units
    assert [step.name for step in unit.steps] == ["t", "u"]
    assert unit.left_out == ("v", "", "")
    first = unit.steps[0]
    assert (first.chain, first.prefix, first.section, first.model) == (("a", "b"), "x/y", "train", "m")
    assert first.place == Place("f.yaml", 8, 14)


def test_a_section_has_the_kind_of_the_step_that_uses_it(typed: Any) -> None:
    config = typed(STEPS)
    assert not config.models["m"].sections["mine"].broken
    assert config.models["m"].sections["mine"].values["input_mode"] == "File"


def test_dependencies_keep_their_own_places(typed: Any) -> None:
    assert typed(STEPS).pipeline.dependencies == (("t >> u", Place("f.yaml", 13, 20)), ("u >> t", Place("f.yaml", 13, 33)))


def test_only_whole_tags_reach_the_jobs(typed: Any) -> None:
    assert typed(STEPS).pipeline.tags == ({"Key": "a", "Value": "1"},)


@pytest.mark.parametrize("steps", ["", "steps: ", "steps: ~"])
def test_a_unit_without_steps_asks_for_the_default_unit(typed: Any, steps: str) -> None:
    [unit] = typed(
        f"conf: {{models: {{m: {{train: {{image_uri: i}}}}}}, sagemakerPipeline: {{models: {{m: {{{steps}}}}}}}}}"
    ).pipeline.units
    assert (unit.steps, unit.left_out) == (None, ())


@pytest.mark.parametrize("unit", ["{steps: []}", "{steps: {a: b}}", "{steps: text}", "[a]", "text"])
def test_a_unit_with_broken_steps_does_not(typed: Any, unit: str) -> None:
    config = typed(f"conf: {{models: {{m: {{train: {{image_uri: i}}}}}}, sagemakerPipeline: {{models: {{m: {unit}}}}}}}")
    [built] = config.pipeline.units
    assert (built.steps, built.left_out) == ((), ("",))
    assert [finding.rule for finding in config.findings] == ["SMP104"]


@pytest.mark.parametrize(
    ("model", "name"),
    [("churn", "churn"), ("my_model", "my-model"), ("a b.c", "a-b-c"), ("_x_", "x"), ("ü", "model"), ("v2", "v2")],
)
def test_a_pipeline_that_nobody_named_has_a_legal_name(typed: Any, model: str, name: str) -> None:
    assert typed(f"conf: {{models: {{{model}: {{train: {{image_uri: i}}}}}}}}").pipeline.name == f"{name}-pipeline"
    text = f"conf: {{models: {{{model}: {{train: {{image_uri: i}}}}}}, sagemakerPipeline: {{models: {{{model}: }}}}}}"
    assert typed(text).pipeline.name == f"{name}-pipeline"


def test_one_model_needs_no_naming(typed: Any) -> None:
    config = typed("conf: {models: {m: {train: {image_uri: i}}}, sagemakerPipeline: {description: d}}")
    assert [unit.model for unit in config.pipeline.units] == ["m"]
    assert (config.pipeline.description, said(config)) == ("d", [])


def test_the_units_stand_in_the_order_of_the_pipeline(typed: Any) -> None:
    config = typed(
        "conf: {models: {a: {train: {image_uri: i}}, b: {train: {image_uri: i}}}, sagemakerPipeline: {models: {b: , a: }}}"
    )
    assert [unit.model for unit in config.pipeline.units] == ["b", "a"]


def test_a_model_that_is_not_configured_keeps_its_steps(typed: Any) -> None:
    text = """
conf:
  models: {m: {train: {image_uri: i}}}
  sagemakerPipeline: {models: {n: {steps: [{step_name: t, step_class: Training}]}}}
"""
    config = typed(text)
    assert [(unit.model, [step.name for step in unit.steps]) for unit in config.pipeline.units] == [("n", ["t"])]
    assert said(config) == ['f.yaml:4:32 SMP201 the pipeline names a model "n" that no file configures. Try: m.']


UNRESOLVED = """
conf:
  models:
    m:
      source_directory: SMP_GONE
      train: {image_uri: i}
    n:
      train: {image_uri: i, entry_point: SMP_GONE, env: {A: [SMP_GONE]}}
      registry: {InferenceSpecification: {}}
  sagemakerPipeline: {models: {m: , n: }}
"""


def test_what_could_not_be_replaced_is_not_said_again_and_not_built(typed: Any) -> None:
    places = {Place("f.yaml", 5, 25), Place("f.yaml", 8, 42), Place("f.yaml", 8, 61), Place("f.yaml", 8, 62)}
    config = typed(UNRESOLVED, unresolved=places)
    assert {(name, key): section.broken for name, model in config.models.items() for key, section in model.sections.items()} == {
        ("m", "train"): True,
        ("n", "train"): True,
        ("n", "registry"): True,
    }
    assert {finding.place.line for finding in config.findings} == {9}


@pytest.mark.parametrize(
    "text",
    [
        "conf: {s3Bucket: bucket}",
        "conf: {sagemakerPipeline: {models: {m: }}}",
        "conf: {models: {m: {train: {image_uri: i}}}}",
        "conf: {models: {a: {train: {image_uri: i}}, b: {train: {image_uri: i}}}}",
        "conf: {models: {a: {train: {image_uri: i}}, b: {train: {image_uri: i}}}, sagemakerPipeline: {models: {a: }}}",
    ],
)
def test_nothing_is_missing_where_files_are(typed: Any, text: str) -> None:
    assert said(typed(text, incomplete=True)) == []


def test_a_default_pipeline_is_not_guessed_where_files_are_missing(typed: Any) -> None:
    assert typed("conf: {models: {m: {train: {image_uri: i}}}}", incomplete=True).pipeline is None


def test_sections_that_no_step_uses_are_not_checked(typed: Any) -> None:
    text = """
conf:
  models: {m: {train: {image_uri: i}, other: {entry: 5, image_uri: [x]}}}
"""
    config = typed(text)
    assert config.models["m"].sections["other"].broken
    assert [finding.rule for finding in config.findings] == ["SMP116"]


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ("trian", "call it train, name it as the step_type of a step, or remove it"),
        ("Registry", "call it registry, name it as the step_type of a step, or remove it"),
        ("evaluation", "name it as the step_type of a step, or remove it"),
        ("zebra", "name it as the step_type of a step, or remove it"),
        ("transform", "add a step that does, or remove it"),
        ("tune", "add a step that does, or remove it"),
    ],
)
def test_the_cure_for_a_section_that_no_step_uses(typed: Any, section: str, hint: str) -> None:
    text = f"conf: {{models: {{m: {{evaluate: {{image_uri: i, entry_point: e.py}}, {section}: {{}}}}}}, sagemakerPipeline: "
    text += "{models: {m: {steps: [{step_name: e, step_class: Metrics}]}}}}"
    [finding] = typed(text).findings
    assert (finding.rule, finding.hint) == ("SMP116", hint)


@pytest.mark.parametrize(
    ("section", "found"), [("metrics", "evaluate"), ("create", "registry"), ("evaluate", "evaluate"), ("other", None)]
)
def test_older_names_of_sections(typed: Any, section: str, found: str | None) -> None:
    text = "conf: {models: {m: {evaluate: {image_uri: i, entry_point: e.py}, registry: {InferenceSpecification: {}}}}}"
    model = typed(text).models["m"]
    step = StepConfig("s", "Metrics", section, False, (), "", model.sections["evaluate"].values, "m", model.place)
    chosen = section_of(model, step)
    assert (chosen.name if isinstance(chosen, Section) else None) == found


def test_a_processing_and_a_metrics_step_may_share_a_section(typed: Any) -> None:
    text = """
conf:
  models: {m: {mine: {image_uri: i, entry_point: e.py}}}
  sagemakerPipeline:
    models:
      m:
        steps:
          - {step_name: p, step_class: Processing, step_type: mine}
          - {step_name: e, step_class: Metrics, step_type: mine}
"""
    config = typed(text)
    assert (said(config), config.models["m"].sections["mine"].broken) == ([], False)
