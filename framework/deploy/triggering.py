"""Making the triggers and notifications of a pipeline as they are to be, and taking them away.

In: clients, a compiled pipeline, its ARN, and what was found. Out: the calls. Nothing is touched that was not found to be the
pipeline's. The tag of the pipeline that says where its triggers lie is widened before anything is made and narrowed after
everything else is done, so that whatever is left half done is found again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.cures import NOT_FOUND
from framework.deploy.looking import asked
from framework.deploy.reach import switch_on
from framework.deploy.refusals import code_of, half, told
from framework.deploy.triggers import (
    MARK,
    OWNER,
    SCHEDULES,
    TARGET,
    FoundTriggers,
    Resource,
    mark_for,
    places_in,
    places_of,
    resource_of,
    to_configure,
    wanted_triggers,
)
from framework.errors import BackendError
from framework.pipeline.compiled import THIS_PIPELINE, CompiledPipeline, EventRule, Schedule, trigger_group


def reconcile(clients: Clients, compiled: CompiledPipeline, arn: str, found: FoundTriggers) -> bool:
    """Makes triggers and notifications as they are to be, and says whether there was anything to do. Calls nothing where not.

    Raises:
        BackendError: AWS refuses; running it again goes on.
    """
    wanted, items = wanted_triggers(compiled), (*compiled.triggers, *compiled.notifications)
    differing = [item for item in items if found.held.get(resource_of(item)) != wanted[resource_of(item)]]
    gone = [resource for resource in found.held if resource not in wanted]
    after = mark_for(places_of(wanted))
    during = mark_for(places_in(found.mark) | places_of(wanted) | places_of(found.held)) if differing or gone else found.mark
    _mark(clients, compiled.name, arn, found.mark, during)
    for bucket in to_configure(compiled, found):
        switch_on(clients, bucket)
    writing = _Writing(clients, compiled.name, arn, found.grouped)
    for item in differing:
        writing.put(item, wanted[resource_of(item)].what, resource_of(item) in found.held)
    for resource in gone:
        writing.remove(resource)
    if found.grouped and SCHEDULES not in places_of(wanted):
        writing.remove_group()
    _mark(clients, compiled.name, arn, during, after)
    return bool(differing or gone)


def remove_all(clients: Clients, pipeline: str, found: FoundTriggers) -> None:
    """Takes away all triggers and notifications of a pipeline, and its schedule group. Raises BackendError where AWS refuses."""
    writing = _Writing(clients, pipeline, "", found.grouped)
    for resource in found.held:
        writing.remove(resource)
    if found.grouped:
        writing.remove_group()


def _mark(clients: Clients, pipeline: str, arn: str, before: str, after: str) -> None:
    if after == before:
        return
    with told("AddTags" if after else "DeleteTags", f"pipeline {pipeline}"):
        if after:
            clients.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": MARK, "Value": after}])
        else:
            clients.sagemaker.delete_tags(ResourceArn=arn, TagKeys=[MARK])


class _Writing:
    """Makes and takes away what belongs to a pipeline."""

    def __init__(self, clients: Clients, pipeline: str, arn: str, grouped: bool) -> None:
        self.clients = clients
        self.pipeline = pipeline
        self.arn = arn
        self.grouped = grouped

    def put(self, item: Schedule | EventRule, what: str, exists: bool) -> None:
        """Makes a trigger or notification as it is to be."""
        if isinstance(item, Schedule):
            self._put_schedule(item, exists)
        else:
            self._put_rule(item, what)

    def remove(self, resource: Resource) -> None:
        """Takes a trigger or notification away, with all targets of a rule, without which none can be."""
        kind, group, name = resource
        if kind == "schedule":
            request = {"GroupName": group, "Name": name}
            asked("DeleteSchedule", f"schedule {group}/{name}", lambda: self.clients.scheduler.delete_schedule(**request), {})
            return
        events, named, rule = self.clients.events, f"rule {name}", {"EventBusName": group, "Rule": name}
        listed = asked("ListTargetsByRule", named, lambda: events.list_targets_by_rule(**rule), {})
        ids = [each["Id"] for each in listed.get("Targets", ())]
        if ids:
            answer = asked("RemoveTargets", named, lambda: events.remove_targets(**rule, Ids=ids), {})
            _accepted(answer, "RemoveTargets", named, without=NOT_FOUND)  # a try before this one may have removed them
        asked("DeleteRule", named, lambda: events.delete_rule(EventBusName=group, Name=name), {})

    def remove_group(self) -> None:
        """Takes the pipeline's schedule group away, and what schedules it may hold."""
        group = trigger_group(self.pipeline)
        asked(
            "DeleteScheduleGroup", f"schedule group {group}", lambda: self.clients.scheduler.delete_schedule_group(Name=group), {}
        )

    def _put_schedule(self, schedule: Schedule, exists: bool) -> None:
        self._ensure_group(schedule.group)
        request = {"GroupName": schedule.group, "Name": schedule.name, **_bound(schedule.request, self.arn)}
        named = f"schedule {schedule.group}/{schedule.name}"
        if not exists:
            with told("CreateSchedule", named):
                try:
                    self.clients.scheduler.create_schedule(**request)
                except ClientError as error:
                    # Two deployments at once: the other one made it, and this one makes it as it is to be.
                    if code_of(error) != "ConflictException":
                        raise
                else:
                    return
        with told("UpdateSchedule", named):
            self.clients.scheduler.update_schedule(**request)

    def _ensure_group(self, group: str) -> None:
        if self.grouped:
            return
        with told("CreateScheduleGroup", f"schedule group {group}"):
            try:
                self.clients.scheduler.create_schedule_group(Name=group, Tags=[{"Key": OWNER, "Value": self.pipeline}])
            except ClientError as error:
                if code_of(error) != "ConflictException" or self._deleting(group):
                    raise
        self.grouped = True

    def _deleting(self, group: str) -> bool:
        return str(self.clients.scheduler.get_schedule_group(Name=group).get("State")) == "DELETING"

    def _put_rule(self, item: EventRule, what: str) -> None:
        events, named = self.clients.events, f"rule {item.rule}"
        bound = _bound(item.request, self.arn)
        request = {**bound, "Name": item.rule, "EventBusName": item.bus, "EventPattern": _text(bound["EventPattern"])}
        # A rule that is there keeps its tags; one that another deploy has just taken away would be nobody's without them.
        tags = {OWNER: self.pipeline, f"smp:{what}": item.name}
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        with told("PutRule", named):
            events.put_rule(**request)
        target = {"Id": TARGET, **_bound(item.target, self.arn)}
        with told("PutTargets", named):
            answer = events.put_targets(Rule=item.rule, EventBusName=item.bus, Targets=[target])
        _accepted(answer, "PutTargets", named)


def _accepted(answer: Mapping[str, Any], operation: str, resource: str, without: tuple[str, ...] = ()) -> None:
    """Raises BackendError where an answer that came says that some of it was refused, but for errors that do not matter."""
    failed: Sequence[Mapping[str, Any]] = answer.get("FailedEntries") or ()
    for entry in (entry for entry in failed if entry.get("ErrorCode") not in without):
        why = f"{entry.get('ErrorMessage') or 'no reason is given'} ({entry.get('ErrorCode', 'unknown')})"
        raise BackendError(f"{operation} on {resource}", why, "wait a minute and run the command again")
    if answer.get("FailedEntryCount", 0) > len(failed):
        raise half(operation, resource, "FailedEntries")


def _bound(value: Any, arn: str) -> Any:
    """A request in which the pipeline's ARN is known."""
    if isinstance(value, Mapping):
        return {key: _bound(item, arn) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bound(item, arn) for item in value]
    return arn if value == THIS_PIPELINE else value


def _text(pattern: Any) -> str:
    return json.dumps(pattern, ensure_ascii=False, separators=(",", ":"))
