"""What becomes of each step in the next execution, and why."""

from __future__ import annotations

import copy

import pytest

from framework.deploy.reuse import next_run
from framework.pipeline.cache_keys import ATTRIBUTES, STEP_KEYS

CACHED = {"Enabled": True, "ExpireAfter": "P10D"}
EXECUTION = {"Get": "Execution.PipelineExecutionId"}
MADE = {"Std:Join": {"On": "/", "Values": ["s3:/", "models", EXECUTION, "prep"]}}


def step(name, kind="Processing", cached=True, keys=(), **arguments):
    return {"Name": name, "Type": kind, "Arguments": arguments, **({"CacheConfig": CACHED} if cached else {}), **dict(keys)}


def outputs(uri):
    return {"Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": uri}}]}


def inputs(*uris):
    return [{"InputName": f"in-{number}", "S3Input": {"S3Uri": uri}} for number, uri in enumerate(uris)]


def chain(stage="a", place=MADE, **later):
    """prep writes to `place`, fit reads that; `stage` is in the cache key of prep."""
    read = {"Get": "Steps.prep.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
    prep = step("prep", Environment={"STAGE": stage}, ProcessingOutputConfig=outputs(place))
    data = [{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": read}}}]
    return [prep, step("fit", "Training", InputDataConfig=data, **later)]


def told(new, old, names=None, parameters=((), ())):
    definitions = [
        None if steps is None else {"Parameters": list(declared), "Steps": steps}
        for steps, declared in zip((new, old), parameters, strict=True)
    ]
    return {each.name: each for each in next_run(definitions[0], definitions[1], names or {})}


def why(new, old, name="fit", **more):
    found = told(new, old, **more)[name]
    return found.verdict, found.why


def test_nothing_changed_all_is_reused():
    assert {name: each.verdict for name, each in told(chain(), chain()).items()} == {"prep": "reuse", "fit": "reuse"}
    assert why(chain(), chain()) == ("reuse", "InputDataConfig did not change; results count for P10D")


def test_a_changed_attribute_and_what_reads_its_results():
    found = told(chain("b"), chain("a"))

    assert (found["prep"].verdict, found["prep"].why) == ("run", "Environment changed")
    assert (found["prep"].attributes, found["prep"].fields) == (("Environment",), ("Environment.STAGE",))
    assert (found["fit"].verdict, found["fit"].why) == ("run", "InputDataConfig comes from prep, which runs")
    assert found["fit"].fields == ("InputDataConfig['train'].DataSource.S3DataSource.S3Uri",)


def test_results_in_the_same_place_are_the_same_to_the_service():
    same = chain("b", place="s3://models/fixed")

    assert why(same, chain("a", place="s3://models/fixed")) == (
        "reuse",
        "InputDataConfig did not change; results count for P10D; prep runs, but its results are in the same place, which is all "
        "that counts",
    )
    assert why(same, chain("a", place="s3://models/other")) == ("run", "InputDataConfig refers to something that changed")


def test_outputs_do_not_count_as_long_as_the_step_is_reused():
    assert why(chain(place="s3://models/new"), chain(place="s3://models/old"))[0] == "reuse"


def test_what_does_not_count_does_not_matter():
    assert why(chain(ResourceConfig={"InstanceCount": 2}), chain(ResourceConfig={"InstanceCount": 1}))[0] == "reuse"
    assert why(chain(HyperParameters={"depth": "7"}), chain(HyperParameters={"depth": "6"})) == ("run", "HyperParameters changed")
    assert why(chain(HyperParameters={"depth": "7"}), chain()) == ("run", "HyperParameters changed")
    assert why(chain(), chain(HyperParameters={"depth": "7"})) == ("run", "HyperParameters changed")


@pytest.mark.parametrize("kind", sorted(ATTRIBUTES))
def test_every_attribute_of_the_table_counts(kind):
    names = ATTRIBUTES[kind] or ("anything",)
    arguments = {name: {"InputDataConfig": 1, "Mode": 1} for name in names}
    keys = dict.fromkeys(STEP_KEYS.get(kind, ()), 1)
    old = [step("a", kind, keys=keys, **arguments)]
    for name in (*names, *keys):
        new = copy.deepcopy(old)
        (new[0]["Arguments"] if name in arguments else new[0])[name] = {"InputDataConfig": 2, "Mode": 2}
        assert why(new, old, "a") == ("run", f"{name} changed")
    assert why(old, old, "a")[0] == "reuse"


def test_parts_that_do_not_count():
    def tuning(**job):
        return [step("a", "Tuning", TrainingJobDefinition={"StaticHyperParameters": {"x": "1"}, **job})]

    assert why(tuning(ResourceConfig=1), tuning(ResourceConfig=2), "a")[0] == "reuse"
    assert why(tuning(InputDataConfig=1), tuning(InputDataConfig=2), "a") == ("run", "TrainingJobDefinition changed")


def test_where_the_attributes_are_not_documented_all_arguments_count():
    assert why([step("a", "EMRServerless", X=1)], [step("a", "EMRServerless", X=2)], "a") == ("run", "X changed")
    assert why([step("a", "EMRServerless", X=1)], [step("a", "EMRServerless", X=1)], "a")[0] == "reuse"


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        (step("a", cached=False), step("a"), "enable_cache is off"),
        (step("a"), step("a", cached=False), "enable_cache was off until now"),
        (step("a"), step("b", Environment={}), "it is new"),
        (step("a"), step("a", "Training"), "it was of type Training"),
        (step("a", "Model"), step("a", "Model"), "steps of type Model are never reused"),
        (step("a", "RegisterModel"), step("a", "RegisterModel"), "steps of type RegisterModel are never reused"),
        ({"Name": "a", "Type": "Lambda", "CacheConfig": "x"}, step("a", "Lambda"), "enable_cache is off"),
    ],
)
def test_what_runs_whatever_its_values_are(new, old, reason):
    assert why([new], [old], "a") == ("run", reason)


def test_a_renamed_step_runs():
    assert why([step("a")], [step("b")], "a", names={"a": "b"}) == ("run", "it was called b, and results are kept by name")


def test_everything_is_new_where_nothing_is_deployed():
    assert {each.why for each in told(chain(), None).values()} == {"it is new"}


def test_the_default_of_a_parameter_is_a_value():
    def parameter(value):
        return {"Name": "Depth", "Type": "Integer", "DefaultValue": value}

    steps = chain(HyperParameters={"depth": {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Depth"}]}}})
    plain = chain(HyperParameters={"depth": {"Get": "Parameters.Depth"}})

    assert why(steps, steps, parameters=([parameter(6)], [parameter(6)]))[0] == "reuse"
    reason = "HyperParameters holds Parameters.Depth, whose default changed"
    assert why(steps, steps, parameters=([parameter(7)], [parameter(6)])) == ("run", reason)
    assert why(steps, steps, parameters=([{"Name": "Depth"}], [{"Name": "Depth"}]))[0] == "reuse"
    assert why(plain, chain(HyperParameters={"depth": 6}), parameters=([parameter(6)], []))[0] == "reuse"


def test_text_that_is_known_is_compared_as_text():
    joined = {"Std:Join": {"On": "/", "Values": ["s3:/", "models", "x"]}}

    assert (
        why([step("a", ProcessingInputs=inputs(joined))], [step("a", ProcessingInputs=inputs("s3://models/x"))], "a")[0] == "reuse"
    )


@pytest.mark.parametrize("variable", ["PipelineExecutionId", "StartDateTime", "CurrentDateTime", "PipelineExecutionArn"])
def test_what_is_new_in_every_execution(variable):
    value = {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": f"Execution.{variable}"}]}}
    steps = [step("a", ProcessingInputs=inputs("s3://lake/x", value))]

    assert why(steps, steps, "a") == ("run", f"ProcessingInputs holds Execution.{variable}, which is new in every execution")


def test_what_is_the_same_in_every_execution():
    steps = [step("a", Environment={"P": {"Get": "Execution.PipelineName"}})]

    assert why(steps, steps, "a")[0] == "reuse"


def test_a_made_model_has_a_new_name_in_every_execution():
    steps = [step("m", "Model", cached=False), step("t", "Transform", ModelName={"Get": "Steps.m.ModelName"})]

    assert why(steps, steps, "t") == ("run", "ModelName comes from m, which runs")


def test_the_name_of_a_job_is_not_what_its_arguments_say():
    """With base_job_name the arguments hold the beginning of it."""
    steps = [
        step("fit", "Training", cached=False, TrainingJobName="fit"),
        step("a", Environment={"JOB": {"Get": "Steps.fit.TrainingJobName"}}),
    ]

    assert why(steps, steps, "a") == ("run", "Environment comes from fit, which runs")


def test_what_stands_in_a_report_may_be_another_after_a_run():
    report = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.judge.PropertyFiles.report"}, "Path": "auc"}}
    cached, uncached = step("judge"), step("judge", cached=False)

    assert (
        why([cached, step("a", Environment={"AUC": report})], [cached, step("a", Environment={"AUC": report})], "a")[0] == "reuse"
    )
    assert why([uncached, step("a", Environment={"AUC": report})], [uncached, step("a", Environment={"AUC": report})], "a") == (
        "run",
        "Environment comes from judge, which runs",
    )


def test_steps_inside_of_others():
    def inside(stage, items=("x", "y")):
        item = step("each", Environment={"ITEM": {"Get": "ForEach.CurrentItem"}})
        loop = {"Name": "loop", "Type": "ForEach", "Arguments": {"IterableItems": list(items), "ForEachBody": [item]}}
        branch = {
            "Name": "if",
            "Type": "Condition",
            "Arguments": {"Conditions": [], "IfSteps": [step("then", Environment={"S": stage})]},
        }
        return [loop, branch]

    found = told(inside("b"), inside("a"))
    assert {name: each.verdict for name, each in found.items()} == {
        "loop": "control",
        "each": "reuse",
        "if": "control",
        "then": "run",
    }
    assert why(inside("a", ("x", "z")), inside("a"), "each") == ("run", "Environment refers to something that changed")


def test_several_attributes_at_once():
    new = [step("a", AppSpecification={"ImageUri": "b"}, ProcessingInputs=inputs({"Get": "Execution.StartDateTime"}))]
    old = [step("a", AppSpecification={"ImageUri": "a"}, ProcessingInputs=inputs({"Get": "Execution.StartDateTime"}))]

    assert why(new, old, "a") == (
        "run",
        "AppSpecification changed; ProcessingInputs holds Execution.StartDateTime, which is new in every execution",
    )


def test_places_that_lead_to_each_other_do_not_go_on_for_ever():
    def at(name):
        return {"Get": f"Steps.{name}.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}

    circle = [
        step("a", cached=False, ProcessingOutputConfig=outputs(at("b"))),
        step("b", cached=False, ProcessingOutputConfig=outputs(at("a"))),
        step("c", ProcessingInputs=inputs(at("a"))),
    ]

    assert why(circle, circle, "c")[0] == "run"


def test_a_long_chain():
    steps = [step("s0", Environment={"STAGE": "a"}, ProcessingOutputConfig=outputs(MADE))]
    for number in range(1, 2000):
        read = {"Get": f"Steps.s{number - 1}.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"}
        steps.append(step(f"s{number}", ProcessingInputs=inputs(read), ProcessingOutputConfig=outputs(MADE)))
    changed = copy.deepcopy(steps)
    changed[0]["Arguments"]["Environment"]["STAGE"] = "b"

    assert {each.verdict for each in told(steps, steps).values()} == {"reuse"}
    assert {each.verdict for each in told(changed, steps).values()} == {"run"}
