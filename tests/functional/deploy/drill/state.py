"""What an account looks like, as data: all that a command is to leave right; no times, no numbers of versions, no ids by chance."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.functional.deploy.faithful import Faithful

Services = Mapping[str, Any]
BUCKET, LAKE = "models", "lake"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
POLICY = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}]}


def empty() -> Faithful:
    """An account with buckets, a bus and a topic, and nothing of ours."""
    server = Faithful()
    server.s3.buckets |= {BUCKET: {}, LAKE: {}}
    server.events.buses.add("mine")
    server.sns.topics[TOPIC] = {"Policy": json.dumps(POLICY)}
    return server


def copied(server: Faithful) -> Faithful:
    """The same account again, which goes its own way from here."""
    again = Faithful()
    again.services = copy.deepcopy(server.services)
    for name, service in again.services.items():
        setattr(again, name, service)
    return again


def state(server: Faithful) -> dict[str, Any]:
    """The account as it stands."""
    sagemaker, events, scheduler = server.sagemaker, server.events, server.scheduler
    return {
        "pipelines": {
            one.name: {**one.about, "definition": json.loads(one.newest.definition)} for one in sagemaker.pipelines.values()
        },
        "groups": {
            about["ModelPackageGroupName"]: about.get("ModelPackageGroupDescription", "") for about in sagemaker.groups.values()
        },
        "tags": copy.deepcopy(sagemaker.tags),
        "executions": sorted(_execution(run.request) for run in sagemaker.runs.values()),
        "objects": {
            f"s3://{bucket}/{key}": [hashlib.sha256(found.content).hexdigest(), found.about]
            for bucket, objects in server.s3.buckets.items()
            for key, found in objects.items()
        },
        "told": dict(server.s3.told),
        "rules": {
            " ".join(rule): {**about, "targets": events.targets[rule], "tags": events.tags[rule]}
            for rule, about in events.rules.items()
        },
        "schedules": copy.deepcopy(scheduler.groups),
        "schedule groups": copy.deepcopy(scheduler.tags),
    }


def _execution(request: Mapping[str, Any]) -> str:
    return json.dumps(dict(request), sort_keys=True)


def differences(now: Any, wanted: Any, path: str = "") -> list[str]:
    """Where two states differ, each with its path."""
    if isinstance(now, dict) and isinstance(wanted, dict):
        keys = sorted({*now, *wanted})
        return [line for key in keys for line in differences(now.get(key), wanted.get(key), f"{path}/{key}")]
    return [] if now == wanted else [f"{path}: {now!r}, not {wanted!r}"]
