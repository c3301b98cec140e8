"""What is written once and used several times: defaults, extends, matrix; and `smp explain`, which says where a value came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from framework.cli import smp

if TYPE_CHECKING:
    from tests.conftest import Project

CLUSTER = "ProcessingResources.ClusterConfig"


def prep_type(project: Project) -> Any:
    outcome = project.compile()
    assert outcome.texts == []
    return outcome.at("prep", f"{CLUSTER}.InstanceType")


def test_the_nearest_default_wins(project: Project) -> None:
    project.model["preprocess"].pop("instance_type", None)
    assert prep_type(project) == "ml.m5.2xlarge"
    project.conf["conf"]["defaults"] = {"Processing": {"instance_type": "ml.m5.large"}}
    assert prep_type(project) == "ml.m5.large"
    project.conf["conf"]["defaults"]["preprocess"] = {"instance_type": "ml.m5.xlarge"}
    assert prep_type(project) == "ml.m5.xlarge"
    project.pipeline["defaults"] = {"Processing": {"instance_type": "ml.c5.xlarge"}}
    assert prep_type(project) == "ml.c5.xlarge"
    project.model["defaults"] = {"preprocess": {"instance_type": "ml.c5.2xlarge"}}
    assert prep_type(project) == "ml.c5.2xlarge"
    project.model["preprocess"]["instance_type"] = "ml.r5.large"
    assert prep_type(project) == "ml.r5.large"
    project.step("prep")["instance_type"] = "ml.r5.xlarge"
    assert prep_type(project) == "ml.r5.xlarge"


def test_defaults_are_merged_key_by_key_and_know_other_names(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"train": {"volume_size": 99, "env": {"A": "1", "B": "1"}}}
    project.model["train"]["env"] = {"B": "2"}
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("fit", "ResourceConfig.VolumeSizeInGB") == 99
    assert outcome.at("fit", "Environment") == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ({"trian": {"instance_count": 1}},
         'SMP116 warning: the defaults for "trian" have no effect: no section or step class is called so. Try: train.'),
        ({"train": {"instance_cuont": 1}}, 'SMP103 unknown key "instance_cuont" in models.churn.train. Try: instance_count.'),
    ],
)  # fmt: skip
def test_defaults_that_cannot_be(project: Project, defaults: Any, said: str) -> None:
    project.conf["conf"]["defaults"] = defaults
    [text] = project.compile().texts
    assert text.partition(" ")[2] == said


def test_a_section_extends_another(project: Project) -> None:
    project.model["clean"] = {"extends": "preprocess", "instance_type": "ml.c5.xlarge", "env": {"A": "1"}}
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.insert(1, {"step_name": "again", "step_class": "Processing", "step_type": "clean"})
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("again", f"{CLUSTER}.InstanceType") == "ml.c5.xlarge"
    assert outcome.at("again", "AppSpecification") == outcome.at("prep", "AppSpecification")


def test_a_model_extends_another(project: Project) -> None:
    project.conf["conf"]["models"]["leavers"] = {"extends": "churn", "train": {"hyperparameters": {"depth": 9}}}
    project.pipeline["models"]["leavers"] = {
        "steps": [{"step_name": "fit-2", "step_class": "Training", "chain_input_source_step": "prep"}]
    }
    outcome = project.compile()
    own = outcome.at("fit-2", "HyperParameters")
    assert own["depth"] == "9"
    assert {**own, "depth": None} == {**outcome.at("fit", "HyperParameters"), "depth": None}


def test_channels_by_their_names_on_a_step_and_in_defaults(project: Project) -> None:
    del project.model["preprocess"]["channels"]
    project.conf["conf"]["defaults"] = {"Processing": {"channels": ["train", "test"]}}
    assert channels(project) == ["train", "test"]
    project.step("prep")["channels"] = "more"
    assert channels(project) == ["train", "test", "more"]


def channels(project: Project) -> list[str]:
    outcome = project.compile()
    assert outcome.texts == []
    return [output["OutputName"] for output in outcome.at("prep", "ProcessingOutputConfig.Outputs")]


def test_what_is_wrong_with_a_section_is_said_once(project: Project) -> None:
    project.model["preprocess"].update(instance_count=0, framework_version="1")
    more = {"step_class": "Processing", "model": "churn"}
    project.pipeline["steps"] = [{"step_name": f"more-{n}", "volume_size_in_gb": n, **more} for n in (1, 2)]
    assert [text.partition(" ")[2] for text in project.compile().texts] == [
        "SMP104 models.churn.preprocess.instance_count must be at least 1, not 0.",
        "SMP113 warning: models.churn.preprocess.framework_version has no effect: image_uri says which image runs. Try: remove it.",
    ]


def test_what_is_wrong_with_defaults_is_said_once(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"train": {"instance_cuont": 1}}
    project.conf["conf"]["models"]["other"] = {"train": {"image_uri": "u"}}
    project.pipeline["models"]["other"] = {"steps": [{"step_name": "fit-2", "step_class": "Training"}]}
    [text] = project.compile().texts
    assert 'SMP103 unknown key "instance_cuont" in models.' in text


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"a": {"extends": "preproces"}}, 'SMP121 churn.a extends "preproces", which is no section. Try: preprocess.'),
        (
            {"a": {"extends": "b"}, "b": {"extends": "a"}},
            "SMP121 churn.b extends itself, by way of churn.a. Try: break the circle.",
        ),
        ({"a": {"extends": "a"}}, "SMP121 churn.a extends itself, by way of churn.a. Try: break the circle."),
        ({"a": {"extends": 3}}, "SMP121 churn.a needs the name of one section to extend. Try: write extends: SECTION."),
        ({"extends": ["a"]}, "SMP121 the model churn needs the name of one model to extend. Try: write extends: MODEL."),
        ({"extends": 3}, "SMP121 the model churn needs the name of one model to extend. Try: write extends: MODEL."),
        ({"extends": "chrun"}, 'SMP121 the model churn extends "chrun", which is no model. Try: churn.'),
    ],
)
def test_what_cannot_be_extended(project: Project, sections: Any, said: str) -> None:
    project.model.update(sections)
    errors = [text.partition(" ")[2] for text in project.compile().texts if " warning: " not in text]
    assert errors == [said]


def test_a_long_line_of_models_that_extend_each_other(project: Project) -> None:
    models = {f"m{number}": {"extends": f"m{number + 1}"} for number in range(1500)}
    project.conf["conf"]["models"] = {"last": {"extends": "m0"}, **models, "m1500": project.model}
    project.pipeline["models"] = {"last": project.pipeline["models"]["churn"]}
    assert project.compile().texts == []


def test_what_is_extended_is_used_and_what_is_inherited_need_not_be(project: Project) -> None:
    base = {key: value for key, value in project.model.items() if key != "source_directory"}
    project.conf["conf"]["models"] = {
        "base": {**base, "spare": {"image_uri": "u"}, "shared": {"image_uri": "u"}},
        "churn": {"source_directory": "src", "extends": "base", "clean": {"extends": "base.shared", "entry_point": "train.py"}},
    }
    project.step("prep")["step_type"] = "clean"
    project.step("fit")["chain_input_source_step"] = []
    project.step("score")["chain_input_source_step"] = ["fit"]
    project.step("judge")["chain_input_source_step"] = ["score"]
    warned = [text.partition(" ")[2] for text in project.compile().texts if "SMP116" in text or "SMP117" in text]
    assert [text.partition(". Try")[0] for text in warned] == [
        f'SMP116 warning: no step of the model "churn" uses its section "{section}"' for section in ("preprocess", "spare")
    ]


def matrix(project: Project) -> None:
    unit = project.pipeline["models"]["churn"]
    unit["matrix"] = {"depth": [4, 8], "shop": ["north", "south"]}
    unit["steps"] = [
        {"step_name": "prep", "step_class": "Processing"},
        {"step_name": "fit-${matrix.depth}-${matrix.shop}", "step_class": "Training", "chain_input_source_step": ["prep"]},
    ]
    project.model["train"]["hyperparameters"] = {"depth": "${matrix.depth}", "from": "${steps.prep.outputs.train}"}
    project.model["preprocess"]["env"] = {"SHOP": "${matrix.shop}"}
    project.pipeline["dependencies"] = ["prep >> tell"]
    function = "arn:aws:lambda:eu-west-1:111122223333:function:tell"
    project.pipeline["steps"] = [{"step_name": "tell", "step_class": "Lambda", "function_arn": function}]
    for section in ("transform", "evaluate", "registry"):
        del project.model[section]


def test_a_matrix_makes_a_unit_of_each_combination(project: Project) -> None:
    matrix(project)
    outcome = project.compile()
    assert outcome.texts == []
    names = [f"{depth}-{shop}" for depth in (4, 8) for shop in ("north", "south")]
    assert sorted(outcome.steps) == sorted([*(f"prep-{name}" for name in names), *(f"fit-{name}" for name in names), "tell"])
    assert outcome.at("prep-8-south", "Environment") == {"SHOP": "south"}
    hyperparameters = outcome.at("fit-8-south", "HyperParameters")
    assert hyperparameters["depth"] == "8"
    assert hyperparameters["from"] == {"Get": "Steps.prep-8-south.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
    channels = [channel["ChannelName"] for channel in outcome.at("fit-8-south", "InputDataConfig")]
    assert "prep-8-south-train" in channels
    assert outcome.steps["tell"]["DependsOn"] == [f"prep-{name}" for name in names]


def test_dependencies_within_a_matrix_stay_within_a_combination(project: Project) -> None:
    matrix(project)
    project.pipeline["models"]["churn"]["steps"][1] = {"step_name": "fit", "step_class": "Processing"}
    project.pipeline["dependencies"] = ["prep >> fit"]
    del project.model["train"]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.steps["fit-4-north"]["DependsOn"] == ["prep-4-north"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 4}, "SMP122 the matrix of churn must give a list of values for each key. Try: write matrix: {KEY: [VALUE, …]}."),
        ({}, "SMP122 the matrix of churn must give a list of values for each key. Try: write matrix: {KEY: [VALUE, …]}."),
        ("abc", "SMP122 the matrix of churn must give a list of values for each key. Try: write matrix: {KEY: [VALUE, …]}."),
        ({"a": ["東京", "大阪"]}, "SMP122 the matrix of churn has a value of a that names nothing: it has neither letters "
         "nor digits. Try: use letters a to z or digits."),
        ({"a": ["a b", "a-b"]}, "SMP122 the matrix of churn makes models called churn-a-b, and its combinations need names of "
         "their own. Try: use values that differ in letters or digits, and put every ${matrix.KEY} into names that have one."),
        ({"a": [1, "1"]}, "SMP122 the matrix of churn makes models called churn-1, and its combinations need names of their "
         "own. Try: use values that differ in letters or digits, and put every ${matrix.KEY} into names that have one."),
        ({"a": list(range(11)), "b": list(range(10))},
         "SMP122 the matrix of churn makes 110 units; 100 is the most. Try: make it smaller."),
    ],
)  # fmt: skip
def test_a_matrix_that_cannot_be(project: Project, given: Any, said: str) -> None:
    project.pipeline["models"]["churn"]["matrix"] = given
    assert [text.partition(" ")[2] for text in project.compile().texts] == [said]


NAMES = "Try: use values that differ in letters or digits, and put every ${matrix.KEY} into names that have one."


def small(project: Project, matrix: Any, **train: Any) -> Any:
    """A unit of two steps, multiplied."""
    project.pipeline["models"]["churn"] = {
        "matrix": matrix,
        "steps": [{"step_name": "prep", "step_class": "Processing"}, {"step_name": "fit", "step_class": "Training"}],
    }
    project.model["train"].update(train)
    project.pipeline["dependencies"] = ["prep >> fit"]
    for section in ("transform", "evaluate", "registry"):
        project.model.pop(section, None)
    return project


def said(project: Project) -> list[str]:
    return [text.partition(" ")[2] for text in project.compile().texts]


def test_no_two_combinations_share_the_name_of_a_step(project: Project) -> None:
    matrix(project)
    project.pipeline["models"]["churn"]["steps"][1]["step_name"] = "fit-${matrix.depth}"
    assert said(project) == [
        f"SMP122 the matrix of churn makes steps called fit-4, and its combinations need names of their own. {NAMES}"
    ]


def test_a_matrix_takes_no_names_of_others(project: Project) -> None:
    small(project, {"a": [1, 2]})
    project.conf["conf"]["models"]["churn-1"] = {"train": {"image_uri": "u"}}
    assert f"SMP122 the matrix of churn makes models called churn-1, and there is one already. {NAMES}" in said(project)
    del project.conf["conf"]["models"]["churn-1"]
    project.pipeline["steps"] = [{"step_name": "fit-2", "step_class": "Fail", "error_message": "no"}]
    assert said(project) == [f"SMP122 the matrix of churn makes steps called fit-2, and there is one already. {NAMES}"]


def test_values_of_every_kind_keep_their_text(project: Project) -> None:
    values = "[-1, 1, 1.10, true, null, '${SMP_SHOP}']"
    project.variables["SMP_SHOP"] = "north"
    env = {"V": "${matrix.v}", "T": "v ${matrix.v}", "E": "$${matrix.v}"}
    small(project, "MATRIX", env=env, hyperparameters={"v": "${matrix.v}"})
    project.save()
    path = project.root / "churn/conf/conf.yaml"
    path.write_text(path.read_text().replace("MATRIX", f"{{v: {values}}}"))
    project.save = lambda: None  # type: ignore[method-assign]  # the texts of the values are lost when they are written anew
    outcome = project.compile()
    assert outcome.texts == []
    shown = {"m1": "-1", "1": "1", "1-10": "1.10", "true": "true", "null": "null", "north": "north"}
    assert {name.removeprefix("fit-") for name in outcome.steps if name.startswith("fit-")} == set(shown)
    for name, text in shown.items():
        expected = {"V": text, "T": f"v {text}", "E": "${matrix.v}"}
        if name == "null":
            expected["V"] = ""  # as null is everywhere where text belongs
        assert outcome.at(f"fit-{name}", "Environment") == expected


def test_expressions_name_the_steps_of_their_combination(project: Project) -> None:
    small(project, {"n": [1, 2]})
    outputs = {"a": "${steps.prep.outputs.train}", "b": '${steps["prep"].outputs.train}', "c": "$${steps.prep.outputs.train}"}
    project.model["train"]["env"] = outputs
    got = project.compile().at("fit-2", "Environment")
    there = {"Get": "Steps.prep-2.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
    assert got == {"a": there, "b": there, "c": "${steps.prep.outputs.train}"}


def test_the_selector_of_a_loop_names_the_steps_of_its_combination(project: Project) -> None:
    small(project, {"n": [1, 2]})
    function = {"step_name": "tell", "step_class": "Lambda", "function_arn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
                "outputs": {"score": "Float"}}  # fmt: skip
    selector = {"pick": "MaxBy", "field": "${iteration.tell.outputs.score}"}
    loop = {"step_name": "loop", "step_class": "ForEach", "items": ["a"], "steps": [function], "selector": selector}
    project.pipeline["models"]["churn"]["steps"].append(loop)
    field = project.compile().at("loop-2", "Selector.Field")
    assert field == {"Get": "IterationOutput.tell-2.OutputParameters['score']"}


def test_a_value_may_hold_what_a_pattern_would_read(project: Project) -> None:
    small(project, {"v": ["a\\d", "b"]})
    project.pipeline["models"]["churn"]["steps"][1]["step_name"] = "fit-${matrix.v}"
    project.pipeline["dependencies"] = ["prep >> fit-${matrix.v}"]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.steps["fit-a-d"]["DependsOn"] == ["prep-a-d"]


def end(**keys: Any) -> dict[str, Any]:
    function = "arn:aws:lambda:eu-west-1:111122223333:function:end"
    return {"step_name": "end", "step_class": "Lambda", "function_arn": function, **keys}


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("[prep, fit] >> end", {}),
        ("end << [fit, prep]", {}),
        ("[fit] >> end", {"depends_on": "prep"}),
        (None, {"depends_on": ["prep", {"step": "fit"}]}),
    ],
)
def test_what_stands_outside_waits_for_all_combinations(project: Project, line: str | None, keys: dict[str, Any]) -> None:
    small(project, {"n": [1, 2]})
    project.pipeline["dependencies"] = [line] if line else []
    project.pipeline["steps"] = [end(**keys)]
    outcome = project.compile()
    assert outcome.texts == []
    assert sorted(outcome.steps["end"]["DependsOn"]) == ["fit-1", "fit-2", "prep-1", "prep-2"]


def test_a_branch_outside_takes_all_combinations(project: Project) -> None:
    small(project, {"n": [1, 2]})
    project.pipeline["dependencies"] = []
    project.pipeline["steps"] = [{"step_name": "check", "step_class": "Condition", "conditions": "1 > 0", "if_steps": ["fit"]}]
    assert [step["Name"] for step in project.compile().at("check", "IfSteps")] == ["fit-1", "fit-2"]


@pytest.mark.parametrize(
    ("step", "name", "made"),
    [
        (end(inputs={"x": "${steps.fit.outputs.model}"}), "fit", "fit-1, fit-2"),
        ({"step_name": "more", "step_class": "Processing", "model": "churn"}, "churn", "churn-1, churn-2"),
    ],
)
def test_what_names_one_of_several_says_which(project: Project, step: dict[str, Any], name: str, made: str) -> None:
    small(project, {"n": [1, 2]})
    project.pipeline["steps"] = [step]
    first = made.partition(",")[0]
    assert said(project) == [
        f'SMP122 the matrix of churn makes several of "{name}": {made}. Try: name one of them, such as {first}.'
    ]


def test_a_dependency_that_cannot_be_read_is_shown_as_it_is_written(project: Project) -> None:
    small(project, {"n": [1, 2]})
    project.pipeline["dependencies"] = ["prep > fit"]
    [text] = said(project)
    assert text.startswith('SMP204 the dependency "prep > fit" cannot be read')


def test_a_value_that_a_matrix_does_not_have(project: Project) -> None:
    small(project, {"depth": [1, 2]}, env={"D": "d${matrix.dpeth}"})
    assert said(project) == ["SMP122 the matrix of churn has no dpeth. Try: depth."]


def test_a_section_of_a_multiplied_model_is_warned_of_once(project: Project) -> None:
    small(project, {"n": [1, 2]})
    project.model["spare"] = {"image_uri": "u"}
    [text] = said(project)
    assert text.startswith('SMP116 warning: no step of the model "churn-1" uses its section "spare"')


def smp_explain(project: Project, *words: str) -> Any:
    project.save()
    return CliRunner().invoke(smp, ["--root", str(project.root), "explain", *words], env=project.variables)


def test_explain_tells_every_layer(project: Project) -> None:
    project.conf["conf"]["defaults"] = {"Processing": {"instance_type": "ml.m5.large"}}
    project.model["preprocess"]["instance_type"] = "ml.m5.xlarge"
    result = smp_explain(project, "prep.instance_type", "--set", "models.churn.preprocess.instance_type=ml.c5.xlarge")
    first, *below = result.output.splitlines()
    assert result.exit_code == 0
    assert first == (
        "prep.instance_type = ml.c5.xlarge  (--set models.churn.preprocess.instance_type)"
        "  → Arguments.ProcessingResources.ClusterConfig.InstanceType"
    )
    assert [line.split("  (")[0] for line in below] == ["    over ml.m5.xlarge", "    over ml.m5.large"]
    assert all("churn/conf/conf.yaml:" in line for line in below)


def test_explain_tells_a_default_of_the_tool(project: Project) -> None:
    project.model["preprocess"].pop("volume_size_in_gb", None)
    assert smp_explain(project, "prep.volume_size_in_gb").output == (
        "prep.volume_size_in_gb = 32  (default)  → Arguments.ProcessingResources.ClusterConfig.VolumeSizeInGB\n"
    )


def test_explain_of_a_whole_step_for_a_program(project: Project) -> None:
    project.model["preprocess"]["env"] = {"API_KEY": "abc", "STAGE": "test"}
    result = smp_explain(project, "--format", "json", "prep")
    told = json.loads(result.output)
    values = {value["key"]: value for value in told["values"]}
    assert (told["step"], told["section"]) == ("prep", "preprocess")
    assert values["env.STAGE"]["becomes"] == "Arguments.Environment.STAGE"
    assert values["env.API_KEY"]["value"] == "(hidden)"
    assert "abc" not in result.output


@pytest.mark.parametrize(
    ("key", "shown", "value"),
    [
        ("container_arguments.1", "container_arguments[1]", "(hidden)"),
        ("container_arguments.2", "container_arguments[2]", "--days"),
        ("tags.0.Value", "tags[0].Value", "(hidden)"),
        ("tags.1.Value", "tags[1].Value", "risk"),
        ("arguments.Environment.PLACE", "arguments.Environment.PLACE", "(hidden)"),
    ],
)
def test_an_element_is_hidden_where_the_whole_hides_it(project: Project, key: str, shown: str, value: str) -> None:
    project.variables["SMP_PLACE"] = "hunter2"
    project.model["preprocess"] |= {
        "container_arguments": ["--token", "hunter2", "--days", "7"],
        "tags": [{"Key": "api_token", "Value": "hunter2"}, {"Key": "team", "Value": "risk"}],
        "arguments": {"Environment": {"PLACE": "${SMP_PLACE}"}},
    }
    output = smp_explain(project, f"prep.{key}").output
    assert output.startswith(f"prep.{shown} = {value}")
    assert "hunter2" not in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("perp", "explain SMP304 there is no step perp. Try: prep."),
        ("prep.instance_tpye", "prep has no value instance_tpye. Try: "),
    ],
)
def test_explain_says_what_is_not_there(project: Project, words: str, said: str) -> None:
    result = smp_explain(project, words)
    assert result.exit_code == 1
    assert said in result.output
