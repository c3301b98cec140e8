"""Whatever triggers there were and are to be: reconciling makes them so, a second time writes nothing, and the plan is empty."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from framework.deploy import looking, triggering
from framework.deploy.clients import Clients
from framework.deploy.plan import ADD, REMOVE, Deployed
from framework.deploy.triggers import FoundTriggers, mark_of, trigger_changes, wanted_triggers
from framework.pipeline.compiled import THIS_PIPELINE, CompiledPipeline, EventRule, Schedule, rule_name, trigger_group
from tests.functional.deploy.conftest import aws as aws
from tests.functional.deploy.faithful import Faithful

PIPELINE = "churn"
ROLE = "arn:aws:iam::123456789012:role/pipelines"
NAMES = st.sampled_from(["a", "b", "c-1", "c_2"])
PARAMETERS = st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["0", "1", "$.detail.x"]), max_size=2)


def _sent(parameters: dict[str, str]) -> dict[str, Any]:
    listed = [{"Name": name, "Value": value} for name, value in parameters.items()]
    return {"SageMakerPipelineParameters": {"PipelineParameterList": listed}} if listed else {}


def _schedule(name: str, expression: str, parameters: dict[str, str], minutes: int) -> Schedule:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"}
    retry = {"RetryPolicy": {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}}
    request = {
        "ScheduleExpression": expression, "ScheduleExpressionTimezone": "UTC", "FlexibleTimeWindow": window, "State": "ENABLED",
        "ActionAfterCompletion": "NONE", "Target": {"Arn": THIS_PIPELINE, "RoleArn": ROLE, **retry, **_sent(parameters)},
    }  # fmt: skip
    return Schedule(name, trigger_group(PIPELINE), request)


def _rule(name: str, bus: str, source: str, parameters: dict[str, str], state: str) -> EventRule:
    request = {"EventPattern": {"source": [source]}, "State": state, "Description": "x"}
    return EventRule(name, rule_name(PIPELINE, name), bus, request, {"Arn": THIS_PIPELINE, "RoleArn": ROLE, **_sent(parameters)})


def _notification(name: str, topic: str, statuses: list[str]) -> EventRule:
    pattern = {"source": ["aws.sagemaker"], "detail": {"pipelineArn": [THIS_PIPELINE], "status": statuses}}
    target = {"Arn": f"arn:aws:sns:eu-west-1:123456789012:{topic}"}
    return EventRule(name, rule_name(PIPELINE, f"notify.{name}"), "default", {"EventPattern": pattern, "State": "ENABLED"}, target)


SCHEDULES = st.builds(_schedule, NAMES, st.sampled_from(["rate(1 day)", "rate(2 days)"]), PARAMETERS, st.sampled_from([0, 5]))
BUSES, SOURCES, STATES = st.sampled_from(["default", "mine"]), st.sampled_from(["x", "y"]), st.sampled_from(["ENABLED", "DISABLED"])
RULES = st.builds(_rule, NAMES, BUSES, SOURCES, PARAMETERS, STATES)
STATUSES = st.lists(st.sampled_from(["Failed", "Stopped"]), min_size=1, max_size=2)
NOTIFICATIONS = st.builds(_notification, NAMES, st.sampled_from(["t", "u"]), STATUSES)


@st.composite
def pipelines(draw: st.DrawFn) -> CompiledPipeline:
    """Pipelines with some triggers and notifications, each of a name of its own."""
    triggers = draw(st.lists(st.one_of(SCHEDULES, RULES), max_size=4, unique_by=lambda item: item.name))
    notifications = draw(st.lists(NOTIFICATIONS, max_size=2, unique_by=lambda item: item.name))
    return CompiledPipeline(PIPELINE, {"Steps": []}, triggers=tuple(triggers), notifications=tuple(notifications))


@given(pipelines(), pipelines())
def test_a_difference_is_what_one_has_and_the_other_has_not(before: CompiledPipeline, after: CompiledPipeline) -> None:
    found = FoundTriggers(wanted_triggers(before))
    assert trigger_changes(before, found) == ()
    changes = trigger_changes(after, found)
    old, new = ({(held.what, held.name) for held in wanted_triggers(each).values()} for each in (before, after))
    assert {(change.what, change.name) for change in changes if change.action == ADD} == new - old
    assert {(change.what, change.name) for change in changes if change.action == REMOVE} == old - new
    assert all(change.fields for change in changes if change.action not in {ADD, REMOVE})


@pytest.fixture
def account(aws: Faithful) -> tuple[Clients, list[str]]:
    """An account, and the operations that were called."""
    aws.services["events"].buses.add("mine")
    clients, calls = Clients("eu-west-1"), list[str]()
    clients.sagemaker.create_pipeline(
        PipelineName=PIPELINE,
        PipelineDefinition='{"Version": "2020-12-01", "Steps": []}',
        RoleArn=ROLE,
        ClientRequestToken="x" * 32,
    )
    for client in (clients.events, clients.scheduler, clients.sagemaker):
        client.meta.events.register("before-call.*", lambda model, **_: calls.append(model.name))
    return clients, calls


def _deployed(clients: Clients) -> Deployed:
    arn = clients.sagemaker.describe_pipeline(PipelineName=PIPELINE)["PipelineArn"]
    tags = {tag["Key"]: tag["Value"] for tag in clients.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    return Deployed(arn, {}, ROLE, "", tuple({"Key": key, "Value": value} for key, value in tags.items()), "")


def _reconcile(clients: Clients, pipeline: CompiledPipeline) -> FoundTriggers:
    deployed = _deployed(clients)
    found = looking.fetch(clients, pipeline, deployed)
    triggering.reconcile(clients, pipeline, deployed.arn, found)
    return found


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pipeline=pipelines())
def test_reconciling_twice_writes_once(account: tuple[Clients, list[str]], pipeline: CompiledPipeline) -> None:
    clients, calls = account
    _reconcile(clients, pipeline)  # whatever the example before left
    calls.clear()

    found = _reconcile(clients, pipeline)

    assert found.held == wanted_triggers(pipeline)
    assert trigger_changes(pipeline, found) == ()
    assert [name for name in calls if not name.startswith(("Get", "List", "Describe"))] == []
    assert bool(mark_of(_deployed(clients))) == bool(found.held)
