"""What the configuration can say beyond the original dialect: expressions, parameters, settings, conditions, loops, steps anywhere.

The statements about single step classes stand in files of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from framework.config.load import Sources, load_config
from framework.pipeline.build import build_pipeline
from framework.pipeline.explaining import explain

if TYPE_CHECKING:
    from tests.conftest import Project

EXECUTION_ID = {"Get": "Execution.PipelineExecutionId"}
PREP_TRAIN = {"Get": "Steps.prep.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
F1 = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.judge.PropertyFiles.EvaluationReport"}, "Path": "f1.value"}}
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:tell"
FAIL = {"step_name": "stop", "step_class": "Fail", "error_message": "no"}


def joined(*values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": "", "Values": list(values)}}


EXPRESSIONS: list[tuple[str, Any]] = [
    ("${parameters.Text}", {"Get": "Parameters.Text"}),
    ("${parameters.Count}", {"Get": "Parameters.Count"}),
    ("${execution.PipelineExecutionId}", EXECUTION_ID),
    ("x-${parameters.Count}", joined("x-", {"Get": "Parameters.Count"})),
    ("s3://SMP_S3BUCKETNAME/${execution.PipelineExecutionId}/x", joined("s3://models/", EXECUTION_ID, "/x")),
    ("${steps.prep.outputs.train}", PREP_TRAIN),
    ("${steps.judge.report.f1.value}", F1),
    ("${steps.judge.reports.EvaluationReport.f1.value}", F1),
    ("${steps.judge.outputs.model_evaluation_metrics}",
     {"Get": "Steps.judge.ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri"}),
    ("${steps.fit.outputs.model}", {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"}),
    ("${steps.score.outputs.any}", {"Get": "Steps.score.TransformOutput.S3OutputPath"}),
    ("${steps.model.ModelName}", {"Get": "Steps.model.ModelName"}),
    ("$${parameters.Text}", "${parameters.Text}"),
    ("a$${b}${parameters.Text}", joined("a${b}", {"Get": "Parameters.Text"})),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), EXPRESSIONS)
def test_what_an_expression_becomes(project: Project, text: str, value: Any) -> None:
    project.offer(Text="t", Count=1)
    project.pipeline["steps"] = [tell(inputs={"x": text})]
    outcome = project.compile()
    assert outcome.findings == ()
    assert outcome.at("tell", "x") == value


@pytest.mark.parametrize(("text", "value"), EXPRESSIONS)
def test_in_the_environment_it_becomes_text(project: Project, text: str, value: Any) -> None:
    project.offer(Text="t", Count=1)
    project.pipeline["steps"] = [{"step_name": "last", "step_class": "Processing", "model": "churn", "env": {"X": text}}]
    outcome = project.compile()
    assert outcome.findings == ()
    may_be_a_number = text == "${parameters.Count}" or ".report" in text
    assert outcome.at("last", "Environment") == {"X": joined(value) if may_be_a_number else value}


def tell(**keys: Any) -> dict[str, Any]:
    return {"step_name": "tell", "step_class": "Lambda", "function_arn": LAMBDA, **keys}


@pytest.mark.parametrize("key", ["ModelPackageDescription", "ModelPackageGroupName"])
@pytest.mark.parametrize("name", ["Text", "Count"])
def test_texts_of_a_registration(project: Project, key: str, name: str) -> None:
    project.offer(Text="t", Count=1)
    project.model["registry"][key] = f"${{parameters.{name}}}"
    outcome = project.compile()
    reference = {"Get": f"Parameters.{name}"}
    assert outcome.texts == []
    assert outcome.at("register", key) == (reference if name == "Text" else joined(reference))


def test_a_group_that_is_known_later_gets_no_description(project: Project) -> None:
    project.pipeline["parameters"] = {"Text": "t"}
    project.model["registry"].update(ModelPackageGroupName="${parameters.Text}", ModelPackageGroupDescription="Ours")
    outcome = project.compile()
    [text] = outcome.texts
    assert "SMP113 warning: ModelPackageGroupDescription of register has no effect" in text
    assert outcome.compiled is not None
    assert outcome.compiled.package_groups == ()


@pytest.mark.parametrize("value", ["${item}", "a-${item.x}"])
def test_an_item_in_a_section_that_runs_in_no_loop(project: Project, value: str) -> None:
    project.model["evaluate"]["env"] = {"A": value}
    [text] = project.compile().texts
    named = value.removeprefix("a-")
    assert f"SMP308 {named} names nothing: judge runs in no loop. Try: put the step under the steps of a ForEach step." in text
    assert ":0:" not in text


def test_a_section_may_serve_a_step_in_a_loop(project: Project) -> None:
    project.model["other"] = {**project.model["preprocess"], "env": {"A": "${item}"}}
    project.pipeline["steps"] = [loop({"step_name": "in", "step_class": "Processing", "model": "churn", "step_type": "other"})]
    assert project.compile().texts == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("experiment", {"trial": "${item}"}), ("experiment", {"name": "x-${steps.prep.outputs.train}"}),
        ("mlflow", {"resource_arn": "${steps.judge.report.f1}"}),
    ],
)  # fmt: skip
def test_a_setting_cannot_look_at_steps(project: Project, key: str, value: Any) -> None:
    project.pipeline[key] = value
    [text] = project.compile().texts
    assert "names nothing: settings of the pipeline are read before a step runs" in text
    assert " SMP308 ${" in text


def test_a_step_can_do_without_the_repacked_model(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.step("register")["ModelRepack"] = False
    outcome = project.compile()
    assert outcome.texts == []
    trained = {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"}
    repacked = {"Get": "Steps.model-RepackModel.ModelArtifacts.S3ModelArtifacts"}
    assert outcome.at("register", "InferenceSpecification.Containers.0.ModelDataUrl") == trained
    assert outcome.at("model", "PrimaryContainer.ModelDataUrl") == repacked


def test_a_step_alone_can_ask_for_the_repacked_model(project: Project) -> None:
    project.step("model")["ModelRepack"] = True
    assert "model-RepackModel" in project.compile().steps


def test_a_transform_step_says_how_its_model_is_served(project: Project) -> None:
    project.write("src/other.py", "")
    project.step("score")["entry_point"] = "other.py"
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("model", "PrimaryContainer.Environment.SAGEMAKER_PROGRAM") == "other.py"
    assert outcome.at("register", "InferenceSpecification.Containers.0.Environment.SAGEMAKER_PROGRAM") == "other.py"


def test_two_transform_steps_cannot_serve_one_model_in_two_ways(project: Project) -> None:
    project.write("src/other.py", "")
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.insert(4, {**project.step("score"), "step_name": "again", "entry_point": "inference.py"})
    project.step("score")["entry_point"] = "other.py"
    [text] = project.compile().texts
    assert "SMP113 warning: entry_point of again has no effect: the model is served as score says" in text


def test_arguments_of_a_shared_section_go_where_they_belong(project: Project) -> None:
    project.model["registry"]["arguments"] = {"EnableNetworkIsolation": True}
    project.step("register")["ModelPackageDescription"] = "Ours"
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("model", "EnableNetworkIsolation") is True
    assert "EnableNetworkIsolation" not in outcome.at("register")


def test_arguments_on_a_step_are_its_own(project: Project) -> None:
    project.step("register")["arguments"] = {"EnableNetworkIsolation": True}
    assert any("SMP401 register: " in text and "EnableNetworkIsolation" in text for text in project.compile().texts)


@pytest.mark.parametrize("name", ["nobody", "prep"])
def test_what_a_raw_step_holds_is_checked_as_its_own(project: Project, name: str) -> None:
    inner = {"Name": name, "Type": "Model", "Arguments": {"ModelNaem": "x"}}
    raw = {"type": "Condition", "arguments": {"Conditions": [], "IfSteps": [inner], "ElseSteps": []}}
    project.pipeline["steps"] = [{"step_name": "own", "step_class": "Raw", **raw}]
    *others, text = project.compile().texts
    assert "SMP401 own: CreateModelInput has no member ModelNaem" in text
    taken = ['churn/conf/conf.yaml:63:17 SMP202 own: two steps are called "prep". Try: give each a name of its own.']
    assert others == (taken if name == "prep" else [])


@pytest.mark.parametrize(("member", "key"), [("Name", "step_name"), ("Type", "type"), ("DependsOn", "depends_on"),
    ("Arguments", "arguments")])  # fmt: skip
def test_members_of_a_raw_step_that_keys_set(project: Project, member: str, key: str) -> None:
    raw = {"type": "Model", "arguments": {"ModelName": "x"}, "members": {member: "zz"}}
    project.pipeline["steps"] = [{"step_name": "own", "step_class": "Raw", **raw}]
    texts = project.compile().texts
    assert any(text.endswith(f"SMP104 members of own cannot set {member}. Try: set {key}.") for text in texts)


def test_a_condition_in_no_known_shape(project: Project) -> None:
    project.pipeline["steps"] = [check(conditions=[{"Type": ["Equals"]}])]
    [text] = project.compile().texts
    assert "SMP307 a condition of check has no known type" in text


@pytest.mark.parametrize(("written", "limit"), [("${SMP_LIMIT} < ${steps.judge.report.f1.value}", "0.8"),
    ("${SMP_NONE:-0.8} < ${steps.judge.report.f1.value}", "")])  # fmt: skip
def test_a_variable_is_an_operand_of_a_condition(project: Project, written: str, limit: str) -> None:
    project.variables["SMP_LIMIT"] = limit
    project.pipeline["steps"] = [check(conditions=[written])]
    assert project.compile().at("check", "Conditions") == [{"Type": "LessThan", "LeftValue": 0.8, "RightValue": F1}]


def test_what_a_variable_holds_does_not_change_a_condition(project: Project) -> None:
    project.variables["SMP_WHO"] = "x' == 'x' or 'a"
    project.pipeline["parameters"] = {"Text": "t"}
    project.pipeline["steps"] = [check(conditions=["${parameters.Text} == '${SMP_WHO}'"])]
    [condition] = project.compile().at("check", "Conditions")
    assert condition == {"Type": "Equals", "LeftValue": {"Get": "Parameters.Text"}, "RightValue": "x' == 'x' or 'a"}


def test_what_a_variable_holds_is_never_read_as_an_expression(project: Project) -> None:
    project.variables["SMP_TEXT"] = "${parameters.Text}"
    project.model["evaluate"]["env"] = {"X": "${SMP_TEXT}"}
    assert project.compile().at("judge", "Environment") == {"X": "${parameters.Text}"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${parameters.Txet}", "SMP305 ${parameters.Txet} names nothing: the pipeline has no parameter Txet. Try: Text."),
        ("${steps.perp.outputs.train}", 'SMP201 ${steps.perp.outputs.train} names nothing: "perp" is no step. Try: prep.'),
        ("${steps.prep.outputs.tarin}", "SMP301 ${steps.prep.outputs.tarin} names nothing: prep puts out train, test. Try: train."),
        ("${steps.prep.report.f1}", "SMP301 ${steps.prep.report.f1} names nothing: prep writes no property file. Try: declare it: "
         "property_files: [{name: …, output: …, path: …}]."),
        ("${steps.model.outputs.x}", "SMP301 ${steps.model.outputs.x} names nothing: a CreateModel step has no outputs. Try: "
         "name a property of it: steps.model.PROPERTY."),
        ("${item}", "SMP308 ${item} names nothing: tell runs in no loop. Try: put the step under the steps of a ForEach step."),
        ("${iteration.prep.x}", "SMP308 ${iteration.prep.x} names nothing: only the selector of a ForEach step looks at iterations"
         ". Try: use steps.LOOP.Selected."),
        ("${execution.Id}", 'SMP110 "${execution.Id}" cannot be read: an execution has no Id (at character 11 of it) in '
         '"${execution.Id}". Try: one of CurrentDateTime, PipelineArn, PipelineExecutionArn, PipelineExecutionId, PipelineName, '
         "ProcessingJobName, StartDateTime, TrainingJobName."),
    ],
)  # fmt: skip
def test_an_expression_that_names_nothing(project: Project, text: str, said: str) -> None:
    project.pipeline["parameters"] = {"Text": "t"}
    project.pipeline["steps"] = [tell(inputs={"x": text})]
    outcome = project.compile()
    assert [message.partition(" ")[2] for message in outcome.texts] == [said]
    assert outcome.compiled is None


@pytest.mark.parametrize(
    ("place", "key", "shown"),
    [
        ("section", "entry_point", "models.churn.preprocess.entry_point"),
        ("step", "step_name", "conf.sagemakerPipeline.models.churn.steps[0].step_name"),
        ("pipeline", "pipelineName", "conf.sagemakerPipeline.pipelineName"),
        ("model", "source_directory", "conf.models.churn.source_directory"),
    ],
)
def test_what_must_be_known_when_compiling(project: Project, place: str, key: str, shown: str) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    project.pipeline["parameters"] = {"Text": "t"}
    holders = {"section": project.model["preprocess"], "step": steps[0], "pipeline": project.pipeline, "model": project.model}
    holders[place][key] = "${parameters.Text}"
    said = f'SMP119 {shown} must be known when the pipeline is compiled, and "${{parameters.Text}}" is known only when it runs'
    assert any(text.partition(" ")[2].startswith(said) for text in project.compile().texts)


def reader(project: Project) -> dict[str, Any]:
    """A step that reads each parameter."""
    return tell(inputs={name: f"${{parameters.{name}}}" for name in project.pipeline["parameters"]})


def test_parameters_of_every_type(project: Project) -> None:
    project.pipeline["parameters"] = {
        "Count": {"type": "Integer", "default": 2, "minimum": 1, "maximum": 4, "description": "How many"},
        "Rate": 0.5,
        "Flag": True,
        "Kind": {"default": "ml.m5.large", "enum": ["ml.m5.large", "ml.m5.xlarge"]},
        "Source": {"type": "String"},
        "Whole": {"type": "Float", "default": 1},
    }
    project.variables["SMP_COUNT"] = "7"
    project.pipeline["parameters"]["Set"] = {"type": "Integer", "default": "${SMP_COUNT}"}
    project.pipeline["steps"] = [reader(project)]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.compiled is not None
    assert outcome.compiled.definition["Parameters"] == [
        {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": True},
        {"Name": "Kind", "Type": "String", "DefaultValue": "ml.m5.large", "EnumValues": ["ml.m5.large", "ml.m5.xlarge"]},
        {"Name": "Source", "Type": "String"},
        {"Name": "Whole", "Type": "Float", "DefaultValue": 1.0},
        {"Name": "Set", "Type": "Integer", "DefaultValue": 7},
    ]
    [rule] = [rule for rule in outcome.compiled.rules if rule.name == "Count"]
    assert (rule.minimum, rule.maximum, rule.description) == (1, 4, "How many")


def test_an_environment_sets_a_default_and_keeps_the_rest(project: Project) -> None:
    project.pipeline["parameters"] = {"Count": {"type": "Integer", "default": 2, "maximum": 4}}
    project.write("conf/environments/prod.yaml", {"conf": {"sagemakerPipeline": {"parameters": {"Count": 3}}}})
    compiled = project.compile(environment_name="prod").compiled
    assert compiled is not None
    assert compiled.definition["Parameters"] == [{"Name": "Count", "Type": "Integer", "DefaultValue": 3}]
    assert compiled.rules[0].maximum == 4


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (None,
         "SMP120 the parameter P needs a type, or a default that shows it. Try: set type: String, Integer, Float or Boolean."),
        ({"type": "Integer", "default": 1.5},
         "SMP120 default of the parameter P is 1.5, which is not of its type, Integer. Try: a value of type Integer."),
        ({"type": "Boolean", "default": "maybe"},
         'SMP120 default of the parameter P is "maybe", which is not of its type, Boolean. Try: a value of type Boolean.'),
        ({"default": 3, "enum": [1, 2]}, "SMP120 the default of the parameter P is none of its enum. Try: one of 1, 2."),
        ({"default": 3, "maximum": 2},
         "SMP120 the default of the parameter P is 3, outside its limits (at most 2). Try: a value within its limits."),
        ({"type": "Integer", "minimum": 3, "maximum": 2},
         "SMP120 the parameter P can have no value: its minimum is above its maximum. Try: swap the two."),
        ({"default": "a", "minimum": 3},
         "SMP120 the parameter P is a String, which has no minimum. Try: remove it, or make the parameter an Integer or a Float."),
        ({"type": "Text"}, "SMP104 conf.sagemakerPipeline.parameters.P.type cannot be \"Text\". "
         "Try: one of Boolean, Float, Integer, String."),
        ({"type": "Integer", "default": {}}, "SMP104 conf.sagemakerPipeline.parameters.P.default must be text or a number or "
         "true or false, not a mapping."),
        ({"default": [1]}, "SMP104 conf.sagemakerPipeline.parameters.P.default must be text or a number or true or false, "
         "not a list."),
        ({"type": "Integer", "enum": [1, {}]}, "SMP104 conf.sagemakerPipeline.parameters.P.enum[1] must be text or a number or "
         "true or false, not a mapping."),
        ({"type": "Integer", "default": "${parameters.P}"}, "SMP119 conf.sagemakerPipeline.parameters.P.default must be known when "
         'the pipeline is compiled, and "${parameters.P}" is known only when it runs. Try: write the value itself, or take it from '
         "an environment variable."),
        ({"type": "Integer", "enum": ["${parameters.P}"]}, "SMP119 conf.sagemakerPipeline.parameters.P.enum[0] must be known when "
         'the pipeline is compiled, and "${parameters.P}" is known only when it runs. Try: write the value itself, or take it from '
         "an environment variable."),
        ({"type": "Integer", "default": 5, "minimum": "low"},
         'SMP104 conf.sagemakerPipeline.parameters.P.minimum must be a number, not "low".'),
        ({"type": "Integer", "maximum": 5, "minimum": {}},
         "SMP104 conf.sagemakerPipeline.parameters.P.minimum must be a number, not a mapping."),
        ({"defualt": 1}, 'SMP103 unknown key "defualt" in conf.sagemakerPipeline.parameters.P. Try: default.'),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be(project: Project, parameter: Any, said: str) -> None:
    project.pipeline["parameters"] = {"P": parameter}
    assert [text.partition(" ")[2] for text in project.compile().texts] == [said]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("Float", "nan"),
        ("Float", "Infinity"),
        ("Float", 10**400),
        ("Float", "1e999"),
        ("Integer", "1_000"),
        ("Integer", "\u0663"),
        ("Integer", "9" * 5000),
        ("Integer", True),
        ("Float", False),
        ("String", 3),
    ],
)
def test_a_default_is_read_as_a_value_given_at_the_start_is(project: Project, kind: str, given: Any) -> None:
    project.pipeline["parameters"] = {"P": {"type": kind, "default": given}}
    [text] = project.compile().texts
    assert "SMP120 default of the parameter P is " in text
    assert text.endswith(f"which is not of its type, {kind}. Try: a value of type {kind}.")


def test_a_default_may_be_an_empty_text(project: Project) -> None:
    project.pipeline["parameters"] = {"A": {"type": "String", "default": ""}, "B": "", "C": {"type": "Integer", "default": ""}}
    project.pipeline["steps"] = [reader(project)]
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.compiled is not None
    assert outcome.compiled.definition["Parameters"] == [
        {"Name": "A", "Type": "String", "DefaultValue": ""},
        {"Name": "B", "Type": "String", "DefaultValue": ""},
        {"Name": "C", "Type": "Integer"},
    ]


def test_limits_may_come_from_the_environment(project: Project) -> None:
    project.variables["SMP_MOST"] = "4"
    project.pipeline["parameters"] = {"P": {"default": 5, "maximum": "${SMP_MOST}"}}
    [text] = project.compile().texts
    assert "SMP120 the default of the parameter P is 5, outside its limits (at most 4)" in text


def test_a_value_set_on_the_command_line_keeps_type_and_limits(project: Project) -> None:
    project.pipeline["parameters"] = {"M": {"type": "Float", "default": 0.5, "maximum": 1}}
    compiled = project.compile(overrides=("sagemakerPipeline.parameters.M=1", "conf.sagemakerPipeline.parameters.N=2")).compiled
    assert compiled is not None
    assert compiled.definition["Parameters"] == [
        {"Name": "M", "Type": "Float", "DefaultValue": 1.0},
        {"Name": "N", "Type": "Integer", "DefaultValue": 2},
    ]
    assert compiled.rules[0].maximum == 1
    [text] = project.compile(overrides=("sagemakerPipeline.parameters.M=2",)).texts
    assert "SMP120 the default of the parameter M is 2.0, outside its limits (at most 1)" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${SMP_X:-${parameters.T}}", 'SMP110 "${SMP_X:-${parameters.T}" holds another "${" in "${SMP_X:-${parameters.T}}". '
         "Try: write the one or the other: nothing can stand within ${…}."),
        ("${parameter.T}", 'SMP110 "${parameter.T}" is no expression in "${parameter.T}". Try: ${parameters.…}.'),
        ("${matrix.T}", 'SMP110 "${matrix.T}" stands in no unit that has a matrix in "${matrix.T}". '
         "Try: give the unit a matrix, or name a value that it has."),
    ],
)  # fmt: skip
def test_what_is_neither_a_variable_nor_an_expression(project: Project, text: str, said: str) -> None:
    project.pipeline["parameters"] = {"T": "t"}
    project.model["train"]["env"] = {"A": text}
    assert [found.partition(" ")[2] for found in project.compile().texts] == [said]


SETTINGS: list[tuple[str, Any, str, Any]] = [
    ("experiment", False, "PipelineExperimentConfig", None),
    ("experiment", {"name": "${parameters.Text}"}, "PipelineExperimentConfig",
     {"ExperimentName": {"Get": "Parameters.Text"}, "TrialName": EXECUTION_ID}),
    ("experiment", {"trial": "t-${execution.PipelineExecutionId}"}, "PipelineExperimentConfig",
     {"ExperimentName": {"Get": "Execution.PipelineName"}, "TrialName": joined("t-", EXECUTION_ID)}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "member", "expected"), SETTINGS)
def test_settings_in_the_definition(project: Project, key: str, value: Any, member: str, expected: Any) -> None:
    project.pipeline.update({"parameters": {"Text": "t"}, key: value})
    compiled = project.compile().compiled
    assert compiled is not None
    assert compiled.definition[member] == expected


def test_settings_beside_the_definition(project: Project) -> None:
    project.pipeline.update({"display_name": "Churn", "parallelism": 3, "description": "Who leaves"})
    compiled = project.compile().compiled
    assert compiled is not None
    assert (compiled.display_name, compiled.parallelism, compiled.description) == ("Churn", 3, "Who leaves")


def test_job_names_can_be_left_to_the_service(project: Project) -> None:
    project.model["preprocess"]["base_job_name"] = "clean"
    project.pipeline["custom_job_prefixes"] = False
    assert "ProcessingJobName" not in project.compile().at("prep")


STEP_KEYS: list[tuple[str, Any, str, Any]] = [
    ("display_name", "Clean ${parameters.Text}", "DisplayName", joined("Clean ", {"Get": "Parameters.Text"})),
    ("description", "Cleans", "Description", "Cleans"),
    ("enable_cache", True, "CacheConfig", {"Enabled": True, "ExpireAfter": "P10D"}),
    ("depends_on", ["tell"], "DependsOn", ["tell"]),
    ("depends_on", "tell", "DependsOn", ["tell"]),
    ("depends_on", [{"step": "tell", "trigger": "Failed"}], "DependsOn", [{"Step": "tell", "Trigger": "Failed"}]),
    ("retry_policies", [{"exceptions": "Step.THROTTLING", "max_attempts": 3}], "RetryPolicies",
     [{"BackoffRate": 2.0, "IntervalSeconds": 1, "MaxAttempts": 3, "ExceptionType": ["Step.THROTTLING"]}]),
    ("retry_policies",
     [{"exceptions": ["SageMaker.CAPACITY_ERROR"], "interval_seconds": 60, "backoff_rate": 1.5, "expire_after_minutes": 120}],
     "RetryPolicies",
     [{"BackoffRate": 1.5, "IntervalSeconds": 60, "ExpireAfterMin": 120, "ExceptionType": ["SageMaker.CAPACITY_ERROR"]}]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "member", "expected"), STEP_KEYS)
def test_what_every_step_can_say(project: Project, key: str, value: Any, member: str, expected: Any) -> None:
    project.offer(Text="t")
    project.pipeline["steps"] = [tell()]
    project.step("prep")[key] = value
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.steps["prep"][member] == expected


def test_a_cache_with_an_expiry_of_its_own(project: Project) -> None:
    project.step("prep").update(enable_cache=True, cache_expire_after="PT12H")
    assert project.compile().steps["prep"]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "PT12H"}


def test_a_step_runs_as_a_role_of_its_own(project: Project) -> None:
    role = "arn:aws:iam::111122223333:role/Cleaner"
    project.step("prep")["role"] = role
    outcome = project.compile()
    assert outcome.at("prep", "RoleArn") == role
    assert outcome.at("fit", "RoleArn") != role


def test_steps_share_a_section_and_differ_in_a_key(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    steps.insert(1, {**project.step("prep"), "step_name": "again", "instance_type": "ml.c5.xlarge", "volume_size": 7})
    outcome = project.compile()
    cluster = "ProcessingResources.ClusterConfig"
    assert outcome.texts == []
    assert outcome.at("again", cluster) == {**outcome.at("prep", cluster), "InstanceType": "ml.c5.xlarge", "VolumeSizeInGB": 7}


def test_a_key_on_a_step_is_checked_where_it_stands(project: Project) -> None:
    project.step("prep")["instance_count"] = 0
    [text] = project.compile().texts
    assert text.startswith("churn/conf/conf.yaml:")
    assert text.endswith("SMP104 prep.instance_count must be at least 1, not 0.")


def test_a_step_outside_the_units_uses_a_model(project: Project) -> None:
    project.pipeline["steps"] = [{"step_name": "more", "step_class": "Processing", "model": "churn", "env": {"A": "1"}}]
    outcome = project.compile()
    assert outcome.at("more", "AppSpecification") == outcome.at("prep", "AppSpecification")
    assert outcome.at("more", "Environment") == {"A": "1"}


def test_a_step_outside_the_units_names_a_model_that_is_there(project: Project) -> None:
    project.pipeline["steps"] = [{"step_name": "more", "step_class": "Processing", "model": "chrun"}]
    [text] = project.compile().texts
    assert text.endswith('SMP201 more is to use the model "chrun", which no file configures. Try: churn.')


def check(**keys: Any) -> dict[str, Any]:
    return {"step_name": "check", "step_class": "Condition", "conditions": ["${steps.judge.report.f1.value} >= 0.8"], **keys}


def test_a_condition_takes_steps_of_a_unit_into_its_branches(project: Project) -> None:
    project.pipeline["dependencies"] = []
    project.pipeline["steps"] = [check(if_steps=["register"], else_steps=[FAIL])]
    outcome = project.compile()
    assert outcome.texts == []
    arguments = outcome.at("check")
    assert "register" not in outcome.steps
    assert arguments["Conditions"] == [{"Type": "GreaterThanOrEqualTo", "LeftValue": F1, "RightValue": 0.8}]
    assert [step["Name"] for step in arguments["IfSteps"]] == ["register"]
    assert arguments["ElseSteps"] == [{"Name": "stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}]


def test_the_step_that_repacks_a_model_goes_where_its_users_are(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.pipeline["dependencies"] = []
    steps = project.pipeline["models"]["churn"]["steps"]
    project.pipeline["models"]["churn"]["steps"] = [step for step in steps if step["step_name"] not in {"model", "score"}]
    project.step("judge")["chain_input_source_step"] = ["prep"]
    project.pipeline["steps"] = [check(if_steps=["register"])]
    outcome = project.compile()
    assert outcome.texts == []
    assert [step["Name"] for step in outcome.at("check", "IfSteps")] == ["register-RepackModel", "register"]


@pytest.mark.parametrize(("branches", "where"), [
    ({"if_steps": ["register"], "else_steps": ["model"]}, []),
    ({"if_steps": ["register", "model"]}, ["IfSteps"]),
    ({"else_steps": ["model", "register"]}, ["ElseSteps"]),
])  # fmt: skip
def test_a_repack_stands_once_where_all_its_users_see_it(
    project: Project, branches: dict[str, list[str]], where: list[str]
) -> None:
    project.model["registry"]["ModelRepack"] = True
    steps = project.pipeline["models"]["churn"]["steps"]
    steps[:] = [step for step in steps if step["step_name"] != "score"]
    project.step("judge")["chain_input_source_step"] = ["prep"]
    project.pipeline["steps"] = [check(**branches)]
    outcome = project.compile()
    assert outcome.texts == []
    inside = [
        member for member in ("IfSteps", "ElseSteps") for step in outcome.at("check", member) if step["Name"] == "model-RepackModel"
    ]
    assert inside == where
    assert ("model-RepackModel" in outcome.steps) is not bool(where)


def test_a_step_of_one_branch_cannot_wait_for_one_of_the_other(project: Project) -> None:
    stop = {**FAIL, "depends_on": ["tell"]}
    project.pipeline["steps"] = [check(if_steps=["tell"], else_steps=[stop]), tell()]
    [text] = project.compile().texts
    assert text.endswith(
        "SMP209 stop waits for tell, which stands in another branch of check: only one of them runs. "
        "Try: put both into one branch, or take tell out of check."
    )


@pytest.mark.parametrize("written", [{"dependencies": ["check >> tell"]}, {}])
def test_that_a_step_waits_for_its_holder_is_not_written_down(project: Project, written: dict[str, Any]) -> None:
    inner = tell() if written else tell(depends_on=["check"])
    project.pipeline.update({"steps": [check(if_steps=[inner])], **written})
    outcome = project.compile()
    assert outcome.texts == []
    assert "DependsOn" not in outcome.at("check", "IfSteps")[0]


def test_a_loop_does_not_wait_for_itself(project: Project) -> None:
    project.pipeline["steps"] = [loop(tell(depends_on=["loop"]))]
    outcome = project.compile()
    assert outcome.texts == []
    assert "DependsOn" not in outcome.steps["loop"]


@pytest.mark.parametrize("key", ["display_name", "description"])
def test_what_a_title_reads_is_waited_for(project: Project, key: str) -> None:
    project.pipeline["steps"] = [
        tell(step_name="after", **{key: "of ${steps.first.outputs.x}"}),
        tell(step_name="first", outputs={"x": "String"}),
    ]
    assert list(project.compile().steps).index("first") < list(project.compile().steps).index("after")


@pytest.mark.parametrize("inner", [
    {"step_name": "inner", "step_class": "Condition", "conditions": ["${item} == 'a'"]},
    {"step_name": "inner", "step_class": "Fail", "error_message": "${item}"},
    {"step_name": "inner", "step_class": "ForEach", "items": ["${item}"], "steps": [{"step_name": "x", "step_class": "Lambda",
     "function_arn": LAMBDA, "inputs": {"x": "${item}"}}]},
])  # fmt: skip
def test_what_a_loop_cannot_hold(project: Project, inner: dict[str, Any]) -> None:
    project.pipeline["steps"] = [loop(inner)]
    [text] = project.compile().texts
    assert text.endswith(
        f"SMP209 inner, a {inner['step_class']} step, stands in the loop loop, which can hold none. Try: take it out of the loop."
    )


def test_conditions_in_conditions(project: Project) -> None:
    project.pipeline["parameters"] = {"Strict": False}
    inner = {"step_name": "inner", "step_class": "Condition", "conditions": ["${parameters.Strict}"], "if_steps": [FAIL]}
    project.pipeline["steps"] = [check(else_steps=[inner])]
    [found] = project.compile().at("check", "ElseSteps")
    assert (found["Name"], found["Type"]) == ("inner", "Condition")
    assert found["Arguments"]["Conditions"] == [{"Type": "Equals", "LeftValue": {"Get": "Parameters.Strict"}, "RightValue": True}]
    assert [step["Name"] for step in found["Arguments"]["IfSteps"]] == ["stop"]
    assert found["Arguments"]["ElseSteps"] == []


def test_a_condition_in_the_definitions_own_form(project: Project) -> None:
    own = {"Type": "Equals", "LeftValue": "${steps.judge.report.f1.value}", "RightValue": 1}
    project.pipeline["steps"] = [check(conditions=[own], if_steps=[FAIL])]
    assert project.compile().at("check", "Conditions") == [{**own, "LeftValue": F1}]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (check(conditions=["${steps.judge.report.f1} >= high"]),
         "SMP307 a condition of check cannot be read: the word high stands for nothing: write texts in quotes, and values as ${…}. "
         "Try: write it as ${steps.evaluate.report.f1} >= 0.8."),
        (check(conditions=[{"Type": "Greater"}]), "SMP307 a condition of check has no known type. Try: GreaterThan."),
        (check(if_steps=["regster"]), 'SMP201 check holds "regster", which is no step. Try: register.'),
        (check(if_steps=["register"], else_steps=["register"]),
         "SMP209 register stands in check already, and cannot stand in check as well. Try: keep it in one of the two."),
        (check(if_steps=["check"]), "SMP209 check stands in a branch of itself. Try: take it out of that branch."),
        (check(if_steps=["judge"]), "SMP209 check waits for judge, which stands inside it. Try: take judge out of it."),
        (check(if_step=["register"]), 'SMP103 unknown key "if_step" in conf.sagemakerPipeline.steps[0]. Try: if_steps.'),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be(project: Project, step: dict[str, Any], said: str) -> None:
    project.pipeline["dependencies"] = []
    project.pipeline["steps"] = [step]
    assert said in [text.partition(" ")[2] for text in project.compile().texts]


def test_nothing_outside_waits_for_a_step_in_a_branch(project: Project) -> None:
    project.pipeline["steps"] = [check(if_steps=["register"]), tell(depends_on=["register"])]
    project.pipeline["dependencies"] = []
    [text] = project.compile().texts
    assert text.endswith(
        "SMP209 tell waits for register, which stands in check and may not run. Try: put tell there too, or let it wait for check."
    )


def loop(*steps: Any, **keys: Any) -> dict[str, Any]:
    return {"step_name": "loop", "step_class": "ForEach", "items": ["a", "b"], "steps": list(steps), **keys}


def test_a_loop_gives_each_iteration_its_item_and_outputs_of_its_own(project: Project) -> None:
    body = {"step_name": "body", "step_class": "Processing", "model": "churn", "env": {"WHICH": "${item}"}}
    project.pipeline["steps"] = [loop(body, max_concurrency=2)]
    outcome = project.compile()
    assert outcome.texts == []
    arguments = outcome.at("loop")
    assert (arguments["IterableItems"], arguments["MaxConcurrency"]) == (["a", "b"], 2)
    [step] = arguments["ForEachBody"]
    assert step["Arguments"]["Environment"] == {"WHICH": joined({"Get": "ForEach.CurrentItem"})}
    uri = step["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert uri["Std:Join"]["Values"][-4:] == ["body", {"Get": "ForEach.CurrentItem"}, "output", "train"]


def test_items_that_are_mappings_are_told_apart_by_a_key(project: Project) -> None:
    project.pipeline["parameters"] = {"Shops": '[{"name": "a", "uri": "s3://a/"}]'}
    body = {"step_name": "body", "step_class": "Processing", "model": "churn", "env": {"URI": "${item.uri}"}}
    project.pipeline["steps"] = [loop(body, items="${parameters.Shops}", item_key="name")]
    arguments = project.compile().at("loop")
    [step] = arguments["ForEachBody"]
    assert arguments["IterableItems"] == {"Get": "Parameters.Shops"}
    assert step["Arguments"]["Environment"] == {"URI": joined({"Get": "ForEach.CurrentItem.uri"})}
    uri = step["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert {"Get": "ForEach.CurrentItem.name"} in uri["Std:Join"]["Values"]


def test_a_loop_selects_by_what_its_steps_tell(project: Project) -> None:
    body = tell(outputs={"score": "Float"})
    project.pipeline["steps"] = [
        loop(body, selector={"pick": "MaxBy", "field": "${iteration.tell.outputs.score}"}),
        tell(step_name="after", inputs={"best": "${steps.loop.Selected.tell.OutputParameters['score']}"}),
    ]
    outcome = project.compile()
    assert outcome.at("loop", "Selector") == {"Pick": "MaxBy", "Field": {"Get": "IterationOutput.tell.OutputParameters['score']"}}
    assert outcome.at("after", "best") == {"Get": "Steps.loop.Selected.tell.OutputParameters['score']"}


def test_a_loop_waits_for_what_its_steps_wait_for(project: Project) -> None:
    project.pipeline["steps"] = [loop(tell(depends_on=["judge"]))]
    outcome = project.compile()
    assert outcome.steps["loop"]["DependsOn"] == ["judge"]
    assert "DependsOn" not in outcome.at("loop", "ForEachBody")[0]


def test_a_function_gets_values_and_answers(project: Project) -> None:
    project.pipeline["steps"] = [
        tell(inputs={"uri": "${steps.prep.outputs.train}", "n": 3}, outputs={"ok": "Boolean"}, enable_cache=True),
        {"step_name": "ask", "step_class": "Callback", "sqs_queue_url": "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
         "inputs": {"ok": "${steps.tell.outputs.ok}"}, "outputs": {"answer": "String"}},
    ]  # fmt: skip
    outcome = project.compile()
    assert outcome.steps["tell"] == {
        "Name": "tell",
        "Type": "Lambda",
        "Arguments": {"uri": PREP_TRAIN, "n": 3},
        "CacheConfig": {"Enabled": True, "ExpireAfter": "P10D"},
        "FunctionArn": LAMBDA,
        "OutputParameters": [{"OutputName": "ok", "OutputType": "Boolean"}],
    }
    assert outcome.steps["ask"]["SqsQueueUrl"] == "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
    assert outcome.at("ask") == {"ok": {"Get": "Steps.tell.OutputParameters['ok']"}}


def test_a_raw_step_stands_as_it_is_written(project: Project) -> None:
    raw = {"type": "Lambda", "arguments": {"x": "${steps.prep.outputs.train}"}, "members": {"FunctionArn": LAMBDA}}
    project.pipeline["steps"] = [{"step_name": "own", "step_class": "Raw", **raw}]
    outcome = project.compile()
    assert outcome.steps["own"] == {"Name": "own", "Type": "Lambda", "Arguments": {"x": PREP_TRAIN}, "FunctionArn": LAMBDA}


def test_the_arguments_of_a_raw_step_are_checked(project: Project) -> None:
    project.pipeline["steps"] = [{"step_name": "own", "step_class": "Raw", "type": "Model", "arguments": {"ModelNaem": "x"}}]
    [text] = project.compile().texts
    assert "SMP401 own: CreateModelInput has no member ModelNaem" in text


def test_a_pipeline_of_steps_without_models(project: Project) -> None:
    project.conf = {"conf": {"sagemakerPipeline": {"pipelineName": "calls", "steps": [tell()]}}}
    outcome = project.compile()
    assert outcome.texts == []
    assert list(outcome.steps) == ["tell"]


def test_what_variables_put_into_the_environment_is_not_explained(project: Project) -> None:
    project.variables["SMP_SOME"] = "hunter2"
    project.model["train"].update(env={"A": "x-${SMP_SOME}", "B": "b"}, hyperparameters={"a": "${SMP_SOME}", "b": 1})
    project.save()
    pipeline = build_pipeline(load_config(Sources(project.root), project.variables))
    values = {value.key: value.layers[0][0] for value in explain(pipeline, "fit", ())}
    assert (values["env.A"], values["env.B"]) == ("(hidden)", "b")
    assert (values["hyperparameters.a"], values["hyperparameters.b"]) == ("(hidden)", "1")


COMPARED: list[tuple[Any, str]] = [
    ({"Type": "Equals", "RightValue": 1}, "of type Equals has no LeftValue. Try: add LeftValue"),
    ({"Type": "Not"}, "of type Not has no Condition. Try: add Condition"),
    ({"Type": "Or", "Conditions": "x"}, "of type Or needs a list as its Conditions. Try: a list of one or more"),
    ({"Type": "In", "QueryValue": 1, "Values": []}, "of type In needs a list as its Values. Try: a list of one or more"),
    ({"Type": "Equals", "LeftValue": 1, "RightValue": 1, "Left": 2}, "of type Equals has no member Left. Try: LeftValue"),
    ({"Type": "Equals", "LeftValue": [1], "RightValue": 1},
     "of type Equals has a LeftValue that is no single value. Try: a number, a text, true, false, or an expression"),
    ({"Type": "Not", "Condition": {"Type": "Equal"}}, "has no known type. Try: Equals"),
    ({"Type": "Or", "Conditions": [{"Type": "In", "QueryValue": 1, "Values": ["a"]}]},
     "compares 1 with 'a': a number and a text. Try: two values of one kind"),
    ("'a' > 1", "compares 'a' with 1: a text and a number. Try: two values of one kind"),
    ("${parameters.Text} == 1", "compares ${parameters.Text} with 1: a text and a number. Try: two values of one kind"),
    ("${parameters.Text}", "compares ${parameters.Text} with True: a text and a truth value. Try: two values of one kind"),
    ("true > false", "compares True with False: truth values have no order. Try: compare them by =="),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "said"), COMPARED)
def test_a_condition_that_would_fail_when_it_runs(project: Project, condition: Any, said: str) -> None:
    project.pipeline.update({"parameters": {"Text": "t"}, "steps": [check(conditions=[condition])]})
    [text] = project.compile().texts
    assert text.endswith(f"SMP307 a condition of check {said}.")


LOOPS: list[tuple[dict[str, Any], str]] = [
    ({"selector": {"pick": "MaxBy", "field": "abc"}},
     "the selector of loop looks at abc, which no iteration tells. Try: write ${iteration.STEP.outputs.NAME}."),
    ({"selector": {"pick": "MaxBy", "field": "${iteration.tel.outputs.score}"}},
     "${iteration.tel.OutputParameters['score']} names nothing: tel is no step of loop. Try: tell."),
    ({"selector": {"pick": "MaxBy", "field": "${iteration.tell.outputs.scroe}"}},
     "${iteration.tell.OutputParameters['scroe']} names nothing: tell puts out score. Try: score."),
    ({"items": "${parameters.Count}"}, "loop goes over ${parameters.Count}, which is not the text of a JSON list. "
     "Try: give it the type String and a default such as '[\"a\", \"b\"]'."),
    ({"items": "${parameters.Text}"}, "loop goes over ${parameters.Text}, which is not the text of a JSON list. "
     "Try: give it the type String and a default such as '[\"a\", \"b\"]'."),
    ({"items": ["a", "b", "a"]},
     "loop has the item a twice, and both iterations would put out to one place. Try: keep one of the two."),
    ({"item_key": "k"}, "the items of loop are single values, which have no k. Try: remove it."),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "said"), LOOPS)
def test_a_loop_that_cannot_be(project: Project, keys: dict[str, Any], said: str) -> None:
    project.pipeline.update({"parameters": {"Text": "t", "Count": 1}, "steps": [loop(tell(outputs={"score": "Float"}), **keys)]})
    [text] = project.compile().texts
    assert text.endswith(f"SMP308 {said}")


IDLE: list[tuple[str, str, Any, str]] = [
    ("tell", "chain_input_source_step", ["prep"], "a Lambda step reads no chain input"),
    ("stop", "chain_input_source_step", ["prep"], "a Fail step reads no chain input"),
    ("tell", "role", "arn:aws:iam::111122223333:role/a", "a Lambda step runs as no role of its own"),
    ("register", "role", "arn:aws:iam::111122223333:role/a", "a RegisterModel step runs as no role of its own"),
    ("tell", "step_type", "train", "the step belongs to no model, whose section that could be"),
    ("prep", "model", "other", 'the step stands in the unit of "churn"'),
    ("stop", "enable_cache", True, "the service caches no Fail step"),
    ("stop", "retry_policies", [{"exceptions": ["Step.THROTTLING"], "max_attempts": 1}], "the service retries no Fail step"),
    ("prep", "cache_expire_after", "P1D", "nothing of this step is cached"),
]


@pytest.mark.parametrize(("step", "key", "value", "said"), IDLE)
def test_a_key_without_effect(project: Project, step: str, key: str, value: Any, said: str) -> None:
    own = {"tell": tell(), "stop": dict(FAIL)}
    project.pipeline["steps"] = list(own.values())
    (own[step] if step in own else project.step(step))[key] = value
    [text] = project.compile().texts
    assert text.endswith(f"SMP113 warning: {key} of {step} has no effect: {said}. Try: remove it.")


PROPERTY_FILE = {"name": "R", "output": "train", "path": "r.json"}
THROTTLED = {"exceptions": ["Step.THROTTLING"]}
CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("prep", {"retry_policies": [THROTTLED]},
     "SMP104 retry policy 1 of prep has neither max_attempts nor expire_after_minutes. Try: give it exactly one of the two."),
    ("prep", {"retry_policies": [{**THROTTLED, "max_attempts": 1, "expire_after_minutes": 2}]},
     "SMP104 retry policy 1 of prep has both max_attempts and expire_after_minutes. Try: give it exactly one of the two."),
    ("prep", {"enable_cache": True, "cache_expire_after": "30x"},
     "SMP104 cache_expire_after of prep is 30x, which is no duration. Try: P30D, or PT12H."),
    ("prep", {"property_files": [PROPERTY_FILE, PROPERTY_FILE]},
     'SMP302 prep has two property files called "R". Try: give each a name of its own.'),
    ("fit", {"max_wait_seconds": 9000},
     "SMP104 max_wait_seconds of fit is for spot instances, and it uses none. Try: set use_spot_instances: true, or remove it."),
    ("fit", {"max_wait_seconds": 10, "max_runtime_seconds": 20, "use_spot_instances": True},
     "SMP104 max_wait_seconds of fit is 10, less than the 20 seconds that it may run. "
     "Try: at least 20, or a smaller max_runtime_seconds."),
]  # fmt: skip


@pytest.mark.parametrize(("step", "keys", "said"), CONTRADICTIONS)
def test_keys_that_cannot_be(project: Project, step: str, keys: dict[str, Any], said: str) -> None:
    project.step(step).update(keys)
    [text] = project.compile().texts
    assert text.endswith(said)


@pytest.mark.parametrize("expiry", ["P30D", "30d", "PT12H", "T12H", "P1Y2M3W4DT5H6M7S"])
def test_durations(project: Project, expiry: str) -> None:
    project.step("prep").update(enable_cache=True, cache_expire_after=expiry)
    assert project.compile().texts == []


def test_a_spot_job_waits_for_capacity(project: Project) -> None:
    project.step("fit").update(max_wait_seconds=9000, use_spot_instances=True)
    outcome = project.compile()
    assert outcome.texts == []
    assert outcome.at("fit", "StoppingCondition") == {"MaxRuntimeInSeconds": 3000, "MaxWaitTimeInSeconds": 9000}


def explained(project: Project, step: str, *key: str) -> dict[str, tuple[str, str]]:
    project.save()
    pipeline = build_pipeline(load_config(Sources(project.root), project.variables))
    return {value.key: (value.layers[0][0], value.becomes) for value in explain(pipeline, step, key)}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("chain_input_source_step", {"chain_input_source_step": ('["prep"]', "")}),
        ("metric_definitions.0.Name",
         {"metric_definitions[0].Name": ("f1", "Arguments.AlgorithmSpecification.MetricDefinitions[0].Name")}),
        ("metric_definitions.1", {}),
        ("hyperparameters.a.b", {"hyperparameters.a.b": ("1", "Arguments.HyperParameters.a.b")}),
        ("step_name", {}),
    ],
)  # fmt: skip
def test_a_key_that_is_explained(project: Project, key: str, found: Any) -> None:
    project.model["train"].update(metric_definitions=[{"Name": "f1", "Regex": "x"}], hyperparameters={"a.b": 1})
    assert explained(project, "fit", *key.split(".")) == found


def test_a_step_that_is_made_for_another_explains_what_it_takes_over(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.model["train"]["instance_type"] = "ml.m5.4xlarge"
    values = explained(project, "model-RepackModel")
    assert "image_uri" in values
    assert not {"instance_type", "instance_count", "entry_point", "chain_input_source_step"} & values.keys()
