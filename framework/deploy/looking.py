"""Looking for the triggers and notifications of a pipeline in the account: clients and a compiled pipeline in, what is there out.

A schedule group, and each rule, carries the tag `smp:pipeline` with the pipeline's name; what lacks it belongs to somebody else. A
tag of the pipeline says where its triggers lie, so that nothing is looked for where there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.plan import Deployed
from framework.deploy.reach import survey
from framework.deploy.refusals import is_missing, member, told
from framework.deploy.triggers import (
    EVERYWHERE,
    NOTIFICATION,
    OWNER,
    SCHEDULES,
    TARGET,
    TRIGGER,
    FoundTriggers,
    Held,
    Resource,
    comparable,
    mark_of,
    places_in,
    places_of,
    wanted_triggers,
)
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline, trigger_group

_OF_SCHEDULES = (
    "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "ActionAfterCompletion", "State", "Description",
    "Target", "StartDate", "EndDate", "KmsKeyArn",
)  # fmt: skip
_GONE: Mapping[str, Any] = {}
_OF_RULES = ("EventPattern", "ScheduleExpression", "State", "Description")


def fetch(clients: Clients, compiled: CompiledPipeline, deployed: Deployed | None, thorough: bool = False) -> FoundTriggers:
    """The triggers and notifications of a pipeline as they are in the account.

    Nothing is called where none are to be there and the pipeline's mark says that none are.

    Args:
        deployed: the pipeline as it is deployed.
        thorough: whether to look, too, where a pipeline that is gone may have left some.

    Raises:
        BackendError: AWS refuses, or something of the same name belongs to somebody else.
    """
    wanted, mark = wanted_triggers(compiled), mark_of(deployed)
    places = places_in(mark) | places_of(wanted)
    if thorough and deployed is None:
        places |= {SCHEDULES, "default"}
    looking = _Looking(clients, compiled.name, deployed.arn if deployed else "", wanted)
    buses = looking.buses() if EVERYWHERE in places else places - {SCHEDULES}
    schedules = dict(looking.schedules()) if places & {SCHEDULES, EVERYWHERE} else {}
    rules = {resource: held for bus in sorted(buses) for resource, held in looking.rules(bus)}
    silent, notes = survey(clients, compiled)
    return FoundTriggers(
        held={**schedules, **rules},
        mark=mark,
        grouped=looking.grouped,
        silent=silent,
        notes=notes,
    )


def asked(operation: str, resource: str, call: Callable[[], Any], otherwise: Any = None) -> Any:
    """What AWS answers; `otherwise`, if it is not None, where what is asked for is not there."""
    with told(operation, resource):
        try:
            return call()
        except ClientError as error:
            if otherwise is None or not is_missing(error):
                raise
            return otherwise


class _Looking:
    """Looks for what belongs to a pipeline."""

    def __init__(self, clients: Clients, pipeline: str, arn: str, wanted: Mapping[Resource, Held]) -> None:
        self.clients = clients
        self.pipeline = pipeline
        self.arn = arn
        self.wanted = wanted
        self.grouped = False

    def buses(self) -> frozenset[str]:
        """All event buses of the account."""
        pages = self._pages("ListEventBuses", "the account", self.clients.events.list_event_buses, {})
        return frozenset(str(bus["Name"]) for page in pages for bus in page.get("EventBuses", ()))

    def schedules(self) -> Iterator[tuple[Resource, Held]]:
        """The schedules of the pipeline's group."""
        scheduler, group = self.clients.scheduler, trigger_group(self.pipeline)
        named = f"schedule group {group}"
        answer = asked("GetScheduleGroup", named, lambda: scheduler.get_schedule_group(Name=group), {})
        if not answer or answer.get("State") == "DELETING":
            return
        arn = member(answer, "Arn", "GetScheduleGroup", named)
        self._own(_tags(asked("ListTagsForResource", named, lambda: scheduler.list_tags_for_resource(ResourceArn=arn), {})), named)
        self.grouped = True
        for page in self._pages("ListSchedules", named, scheduler.list_schedules, {"GroupName": group}):
            for listed in page.get("Schedules", ()):
                held = self._schedule(group, str(listed["Name"]))
                if held:
                    yield ("schedule", group, held.name), held

    def _schedule(self, group: str, name: str) -> Held | None:
        request = {"GroupName": group, "Name": name}
        answer = asked("GetSchedule", f"schedule {group}/{name}", lambda: self.clients.scheduler.get_schedule(**request), {})
        state = {key: answer.get(key) for key in _OF_SCHEDULES}
        return Held(TRIGGER, name, comparable(state, self.arn)) if answer else None

    def rules(self, bus: str) -> Iterator[tuple[Resource, Held]]:
        """The rules of the pipeline on an event bus, which may be gone."""
        prefix = f"{trigger_group(self.pipeline)}."
        request = {"EventBusName": bus, "NamePrefix": prefix}
        for page in self._pages("ListRules", f"event bus {bus}", self.clients.events.list_rules, request):
            for rule in page.get("Rules", ()):
                resource = ("rule", bus, str(rule["Name"]))
                named, arn = f"rule {rule['Name']}", str(rule["Arn"])
                tags = self._tags_of(arn, named)
                if tags is None:  # it was taken away since it was listed
                    continue
                if tags.get(OWNER) == self.pipeline:
                    yield resource, self._rule(rule, bus, tags)
                elif resource in self.wanted:
                    self._own(tags, named)

    def _rule(self, rule: Mapping[str, Any], bus: str, tags: Mapping[str, str]) -> Held:
        request = {"EventBusName": bus, "Rule": rule["Name"]}
        pages = self._pages("ListTargetsByRule", f"rule {rule['Name']}", self.clients.events.list_targets_by_rule, request)
        target = next((each for page in pages for each in page.get("Targets", ()) if each["Id"] == TARGET), None)
        state = {key: rule.get(key) for key in _OF_RULES}
        if target is not None:
            state["Target"] = {key: value for key, value in target.items() if key != "Id"}
        what = NOTIFICATION if f"smp:{NOTIFICATION}" in tags else TRIGGER
        return Held(what, tags.get(f"smp:{what}") or str(rule["Name"]), comparable({**state, "EventBusName": bus}, self.arn))

    def _tags_of(self, arn: str, named: str) -> dict[str, str] | None:
        """The tags of a rule; None where it is gone."""
        call = self.clients.events.list_tags_for_resource
        answer = asked("ListTagsForResource", named, lambda: call(ResourceARN=arn), otherwise=_GONE)
        return None if answer is _GONE else _tags(answer)

    def _own(self, tags: Mapping[str, str], named: str) -> None:
        """Raises BackendError where the tags do not say that what carries them is the pipeline's."""
        owner = tags.get(OWNER)
        if owner != self.pipeline:
            whose = f"it belongs to the pipeline {owner}" if owner else f"it lacks the tag {OWNER}, so somebody else made it"
            cure = f"rename the trigger or the pipeline, or tag it {OWNER}={self.pipeline} if it is meant"
            raise BackendError(f"Looking at {named}", whose, cure)

    def _pages(
        self, operation: str, resource: str, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """The pages of a listing; none where what is listed is not there."""
        token: dict[str, Any] = {}
        while True:
            page = self._page(operation, resource, call, {**request, **token})
            yield page
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    @staticmethod
    def _page(
        operation: str, resource: str, call: Callable[..., Mapping[str, Any]], request: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        page: Mapping[str, Any] = asked(operation, resource, lambda: call(**request), {})
        return page


def _tags(answer: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in answer.get("Tags") or ()}
