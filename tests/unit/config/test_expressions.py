"""Expressions: what each form stands for, where one cannot be read, and that it is written back as it was read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.config.expressions import (
    Expression,
    ExpressionError,
    Item,
    Iteration,
    Join,
    Output,
    Parameter,
    Ref,
    Report,
    Variable,
    is_expression,
    parse,
    written,
)

FORMS: list[tuple[str, Expression]] = [
    ("parameters.Epochs", Parameter("Epochs")),
    ("parameters['Min F1']", Parameter("Min F1")),
    (" parameters.Epochs ", Parameter("Epochs")),
    ("execution.PipelineExecutionId", Variable("PipelineExecutionId")),
    ("steps.prep.outputs.train", Output("prep", "train")),
    ("steps.prep-2.outputs['a.b']", Output("prep-2", "a.b")),
    ("steps['a b'].outputs.train", Output("a b", "train")),
    ('steps["it\'s"].reports["Bias\'"].a', Report("it's", "Bias'", "a")),
    ('steps.fit.FinalMetricDataList["user\'s loss"].Value', Ref("fit", 'FinalMetricDataList["user\'s loss"].Value')),
    ("steps.fit.ModelArtifacts.S3ModelArtifacts", Ref("fit", "ModelArtifacts.S3ModelArtifacts")),
    ("steps.fit.FinalMetricDataList['loss'].Value", Ref("fit", "FinalMetricDataList['loss'].Value")),
    ('steps.tune.TrainingJobSummaries[0]["a"]', Ref("tune", "TrainingJobSummaries[0]['a']")),
    ("steps.judge.report.f1.value", Report("judge", "", "f1.value")),
    ("steps.judge.report['a b'][0].c", Report("judge", "", "['a b'][0].c")),
    ("steps.judge.reports.Bias.groups[1]", Report("judge", "Bias", "groups[1]")),
    ("steps.report.outputs.report", Output("report", "report")),
    ("item", Item()),
    ("item.name", Item("name")),
    ("item['a b'].c", Item("['a b'].c")),
    ("iteration.body.outputs.score", Iteration("body", "OutputParameters['score']")),
    ('iteration.body.outputs["user\'s"]', Iteration("body", 'OutputParameters["user\'s"]')),
    ("iteration.body.ModelArtifacts.S3ModelArtifacts", Iteration("body", "ModelArtifacts.S3ModelArtifacts")),
]


@pytest.mark.parametrize(("text", "value"), FORMS)
def test_what_a_form_stands_for(text: str, value: Expression) -> None:
    assert is_expression(text)
    assert parse(text) == value


@pytest.mark.parametrize("value", [value for _, value in FORMS])
def test_what_is_written_is_read_back(value: Expression) -> None:
    assert parse(written(value).removeprefix("${").removesuffix("}")) == value


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("parameters", 10, "parameters names nothing; a parameter is one name"),
        ("parameters.a.b", 10, "parameters.a.b goes on behind the name; a parameter is one name"),
        ("parameters[0]", 10, "parameters[0] goes on behind the name; a parameter is one name"),
        ("parameters.", 10, '"." is no path'),
        ("parameters.a b", 12, '" b" is no path'),
        ("execution.Id", 10, "an execution has no Id"),
        ("steps", 5, "steps needs the name of a step"),
        ("steps.a", 5, "steps.a names no property"),
        ("steps.a.outputs", 5, "steps.a.outputs needs the name of one output"),
        ("steps.a.outputs.b.c", 5, "steps.a.outputs needs the name of one output"),
        ("steps.a.outputs[0]", 5, "steps.a.outputs needs the name of one output"),
        ("steps.a.report", 5, "steps.a.report needs the path of a value"),
        ("steps.a.reports.b", 5, "steps.a.reports needs the path of a value"),
        ("steps.a['b", 7, '"[\'b" is no path'),
        ("item.[0]", 4, '".[0]" is no path'),
        ("iteration.a", 9, "iteration.a names no property"),
    ],
)
def test_where_an_expression_cannot_be_read(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.offset, str(caught.value)) == (offset, message)


@pytest.mark.parametrize("text", ["HOME", "SMP_ROLE", "items", "item_count", "stepsize", "NAME:-steps.a", ""])
def test_a_variable_is_no_expression(text: str) -> None:
    assert not is_expression(text)


def test_text_between_expressions_is_written_as_it_was() -> None:
    value = Join("", ("s3://b/", Variable("PipelineName"), "/x"))
    assert written(value) == "s3://b/${execution.PipelineName}/x"


@given(st.sampled_from(["parameters", "execution", "steps", "item", "iteration"]), st.text(alphabet=".[]'\"ab0 -_$\n", max_size=12))
def test_whatever_is_written_is_read_or_refused(root: str, rest: str) -> None:
    text = f"{root}.{rest}"
    try:
        value = parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
    else:
        assert parse(written(value)[2:-1]) == value
