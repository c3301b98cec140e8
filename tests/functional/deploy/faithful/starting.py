"""What starts pipelines and tells of them, as their services keep it: EventBridge's rules, Scheduler's schedules, topics of SNS.

A rule that is put again is replaced, but for its tags. A schedule group takes its schedules with it. Topics are put here by a test.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.functional.deploy.faithful.pipelines import ACCOUNT
from tests.functional.deploy.faithful.refusal import Refusal, invalid, page

Request = dict[str, Any]
Rule = tuple[str, str]


def gone(what: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"{what} does not exist.", 404)


class Events:
    """Event buses by name, and rules by bus and name: each with its targets by id, and its tags."""

    def __init__(self) -> None:
        self.buses = {"default"}
        self.rules: dict[Rule, Request] = {}
        self.targets: dict[Rule, dict[str, Request]] = {}
        self.tags: dict[Rule, dict[str, str]] = {}

    def _rule(self, request: Request, member: str = "Name") -> Rule:
        bus = request.get("EventBusName", "default").rpartition(":event-bus/")[2]
        if bus not in self.buses:
            raise gone(f"Event bus {bus}")
        return bus, request.get(member, "")

    def _known(self, request: Request) -> Rule:
        rule = self._rule(request, "Rule")
        if rule not in self.rules:
            raise gone(f"Rule {rule[1]} on EventBus {rule[0]}")
        return rule

    @staticmethod
    def arn(rule: Rule, region: str) -> str:
        bus = "" if rule[0] == "default" else f"{rule[0]}/"
        return f"arn:aws:events:{region}:{ACCOUNT}:rule/{bus}{rule[1]}"

    def PutRule(self, request: Request, region: str) -> Request:
        rule = self._rule(request)
        if rule not in self.rules:
            self.tags[rule] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
            self.targets[rule] = {}
        json.loads(request.get("EventPattern", "{}"))
        kept = ("Name", "EventPattern", "ScheduleExpression", "State", "Description", "RoleArn")
        self.rules[rule] = {"State": "ENABLED", **{key: request[key] for key in kept if key in request}}
        return {"RuleArn": self.arn(rule, region)}

    def PutTargets(self, request: Request, region: str) -> Request:
        self.targets[self._known(request)] |= {target["Id"]: target for target in request["Targets"]}
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def RemoveTargets(self, request: Request, region: str) -> Request:
        targets = self.targets[self._known(request)]
        failed = [{"TargetId": each, "ErrorCode": "ResourceNotFoundException"} for each in request["Ids"] if each not in targets]
        for each in request["Ids"]:
            targets.pop(each, None)
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def DeleteRule(self, request: Request, region: str) -> Request:
        rule = self._rule(request)
        if self.targets.get(rule):
            raise invalid("Rule can't be deleted since it has targets.")
        for kept in (self.rules, self.targets, self.tags):
            kept.pop(rule, None)
        return {}

    def ListRules(self, request: Request, region: str) -> Request:
        bus, prefix = self._rule(request, "NamePrefix")
        found = [rule for rule in sorted(self.rules) if rule[0] == bus and rule[1].startswith(prefix)]
        part, more = page(found, request, request.get("Limit", 100))
        return {
            "Rules": [{**self.rules[rule], "Arn": self.arn(rule, region), "EventBusName": bus} for rule in part],
            **more,
        }

    def ListTargetsByRule(self, request: Request, region: str) -> Request:
        targets = [target for _, target in sorted(self.targets[self._known(request)].items())]
        part, more = page(targets, request, request.get("Limit", 100))
        return {"Targets": part, **more} if part else {}

    def ListTagsForResource(self, request: Request, region: str) -> Request:
        for rule, tags in self.tags.items():
            if self.arn(rule, region) == request["ResourceARN"]:
                return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
        raise gone(f"Rule {request['ResourceARN']}")

    def ListEventBuses(self, request: Request, region: str) -> Request:
        return {"EventBuses": [{"Name": name} for name in sorted(self.buses)]}


class Scheduler:
    """Schedule groups by name, each with its schedules by name, and its tags."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.groups: dict[str, dict[str, Request]] = {"default": {}}
        self.tags: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, Request] = {}

    @staticmethod
    def arn(kind: str, name: str, region: str) -> str:
        return f"arn:aws:scheduler:{region}:{ACCOUNT}:{kind}/{name}"

    def _once(self, request: Request, answer: Callable[[], Request]) -> Request:
        """The answer to a request that may come again with its token."""
        token = request.get("ClientToken", "")
        if not token or token not in self.tokens:
            self.tokens[token] = answer()
        return self.tokens[token]

    def _group(self, request: Request, member: str = "GroupName") -> str:
        name: str = request.get(member, "default")
        if name not in self.groups:
            raise gone(f"Schedule group {name}")
        return name

    def _schedule(self, request: Request) -> tuple[str, str]:
        group, name = self._group(request), request["Name"]
        if name not in self.groups[group]:
            raise gone(f"Schedule {name}")
        return group, name

    def CreateScheduleGroup(self, request: Request, region: str) -> Request:
        return self._once(request, lambda: self._create_group(request, region))

    def _create_group(self, request: Request, region: str) -> Request:
        name = request["Name"]
        if name in self.groups:
            raise Refusal("ConflictException", f"Schedule group {name} already exists.", 409)
        self.groups[name] = {}
        self.tags[name] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return {"ScheduleGroupArn": self.arn("schedule-group", name, region)}

    def GetScheduleGroup(self, request: Request, region: str) -> Request:
        name = self._group(request, "Name")
        return {"Name": name, "Arn": self.arn("schedule-group", name, region), "State": "ACTIVE"}

    def DeleteScheduleGroup(self, request: Request, region: str) -> Request:
        name = self._group(request, "Name")
        del self.groups[name], self.tags[name]
        return {}

    def ListTagsForResource(self, request: Request, region: str) -> Request:
        name = self._group({"Name": request["ResourceArn"].rpartition("/")[2]}, "Name")
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(self.tags[name].items())]}

    def CreateSchedule(self, request: Request, region: str) -> Request:
        return self._once(request, lambda: self._create(request, region))

    def _create(self, request: Request, region: str) -> Request:
        group, name = self._group(request), request["Name"]
        if name in self.groups[group]:
            raise Refusal("ConflictException", f"Schedule {name} already exists.", 409)
        return self._put(group, name, request, region)

    def UpdateSchedule(self, request: Request, region: str) -> Request:
        return self._put(*self._schedule(request), request, region)

    def _put(self, group: str, name: str, request: Request, region: str) -> Request:
        arn = self.arn("schedule", f"{group}/{name}", region)
        kept = {key: value for key, value in request.items() if key != "ClientToken"}
        self.groups[group][name] = {"State": "ENABLED", "ActionAfterCompletion": "NONE", **kept, "Arn": arn}
        return {"ScheduleArn": arn}

    def GetSchedule(self, request: Request, region: str) -> Request:
        group, name = self._schedule(request)
        return self.groups[group][name]

    def DeleteSchedule(self, request: Request, region: str) -> Request:
        group, name = self._schedule(request)
        del self.groups[group][name]
        return {}

    def ListSchedules(self, request: Request, region: str) -> Request:
        group = self._group(request)
        part, more = page(sorted(self.groups[group]), request, 100)
        return {"Schedules": [{"Name": name, "GroupName": group, "State": "ENABLED"} for name in part], **more}


class SNS:
    """Topics by ARN, each with its attributes."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, str]] = {}

    def GetTopicAttributes(self, request: Request, region: str) -> Request:
        if request["TopicArn"] not in self.topics:
            raise Refusal("NotFound", "Topic does not exist", 404)
        return {"Attributes": {"TopicArn": request["TopicArn"], **self.topics[request["TopicArn"]]}}
