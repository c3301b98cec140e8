"""Which commands are drilled, and on what: a configuration, one that differs from it in all that is deployed, and a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.functional.deploy.drill.machine import Machine
from tests.functional.deploy.drill.state import BUCKET, LAKE, TOPIC, copied, empty, state
from tests.functional.deploy.faithful import Faithful

NAME = "churn"
TOKEN = "release-42"


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def before() -> dict[str, Any]:
    """A pipeline with all that a deploy makes beside it."""
    registry = {
        "ModelRepack": "False",
        "ModelPackageGroupName": "churners",
        "ModelPackageGroupDescription": "Who leaves",
        "InferenceSpecification": {
            "image_uri": "i",
            "supported_content_types": ["text/csv"],
            "supported_response_MIME_types": ["text/csv"],
            "approval_status": "Approved",
        },
    }
    model = {
        "source_directory": "src",
        "preprocess": {"image_uri": "i", "entry_point": "preprocess.py", "env": {"DAY": "${parameters.Day}"}},
        "train": {"image_uri": "i", "entry_point": "train.py", "hyperparameters": {"depth": 6}},
        "registry": registry,
    }
    steps: list[dict[str, Any]] = [
        {"step_name": "prep", "step_class": "Processing"},
        {"step_name": "fit", "step_class": "Training", "chain_input_source_step": ["prep"]},
        {"step_name": "register", "step_class": "RegisterModel"},
    ]
    pipeline = {
        "pipelineName": NAME,
        "description": "Who may leave",
        "parallelism": 2,
        "tags": tags(team="risk", stage="test", old="1"),
        "parameters": {"Day": "today"},
        "models": {"m": {"steps": steps}},
        "triggers": {
            "nightly": {"schedule": "rate(1 day)", "parameters": {"Day": "tonight"}},
            "on-data": {"s3": {"bucket": LAKE, "prefix": "raw/", "configure_bucket": True}},
        },
        "notifications": [{"name": "bad", "on": "failed", "topic": TOPIC}],
    }
    role = "arn:aws:iam::123456789012:role/pipelines"
    return {
        "conf": {
            "s3Bucket": BUCKET,
            "region": "eu-west-1",
            "sagemakerNetworkSecurity": {"role": role},
            "models": {"m": model},
            "sagemakerPipeline": pipeline,
        }
    }


def after() -> dict[str, Any]:
    """The same pipeline, with something added, changed and removed of each kind."""
    made = before()
    made["conf"]["models"]["m"]["train"]["hyperparameters"] = {"depth": 8}
    pipeline = made["conf"]["sagemakerPipeline"]
    pipeline |= {
        "description": "Who will leave",
        "parallelism": 3,
        "tags": tags(team="risk", stage="live", new="1"),
        "triggers": {
            "nightly": {"schedule": "rate(2 days)"},
            "custom": {"event_pattern": {"source": ["my.app"]}, "event_bus": "mine"},
        },
    }
    return made


def large() -> dict[str, Any]:
    """The same pipeline with a definition that goes by S3, and nothing that starts it."""
    made = before()
    made["conf"]["models"]["m"]["train"]["env"] = {f"LONG_{number}": "x" * 250 for number in range(20)}
    del made["conf"]["sagemakerPipeline"]["triggers"], made["conf"]["sagemakerPipeline"]["notifications"]
    return made


def other() -> dict[str, Any]:
    """The same pipeline as somebody else would have it, who is at work at the same time."""
    made = before()
    made["conf"]["models"]["m"]["train"]["hyperparameters"] = {"depth": 4}
    pipeline = made["conf"]["sagemakerPipeline"]
    pipeline |= {
        "description": "Who has left",
        "tags": tags(team="sales", stage="test", theirs="1"),
        "triggers": {"weekly": {"schedule": "rate(7 days)"}, "theirs": {"event_pattern": {"source": ["their.app"]}}},
    }
    return made


PROJECTS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "before": (before, "print(1)\n"),
    "after": (after, "print(2)\n"),
    "large": (large, "print(1)\n"),
    "other": (other, "print(4)\n"),
}
"""The configuration of each project, and a script of it."""


def write_projects(folder: Path) -> None:
    """The projects, each in a folder of its name."""
    for name, (configuration, script) in PROJECTS.items():
        source = folder / name / "src"
        source.mkdir(parents=True)
        (folder / name / "model.yaml").write_text(yaml.safe_dump(configuration(), sort_keys=False), encoding="utf-8")
        (source / "preprocess.py").write_text(script, encoding="utf-8")
        (source / "train.py").write_text("print(3)\n", encoding="utf-8")


@dataclass
class Scenario:
    """A command, where it begins, and what is right when it has ended.

    Attributes:
        words: the command.
        begin: the account before it.
        again: what is run after the fault; the same where it is empty.
        right: the account after it, as `state` tells it.
        calls: the operations that it calls when all goes well, in their order.
        since: the first call that is drilled, where those before are those of another scenario.
        light: whether most of it is drilled in another scenario.
        only_killed: whether nothing else befalls it.
    """

    name: str
    words: list[str]
    begin: Faithful
    again: list[str] = field(default_factory=list)
    right: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    since: int = 1
    light: bool = False
    only_killed: bool = False

    def compared(self, now: dict[str, Any]) -> dict[str, Any]:
        """The part of a state that must be right: what was uploaded for another configuration may stay."""
        wanted = self.right["objects"]
        kept = {uri: about for uri, about in now["objects"].items() if uri in wanted}
        return {**now, "objects": kept} if self.again else now

    def learn(self, machine: Machine) -> Faithful:
        """Run it without a fault; the account then."""
        server = copied(self.begin)
        ended = machine.run(self.words, server)
        assert ended.code == 0, str(ended)
        server.verify()
        self.calls, self.right = list(machine.gate.arrived), state(server)
        return server


def project(folder: Path, name: str) -> list[str]:
    """The words that name a project."""
    return ["--root", str(folder / name), "-c", "model.yaml"]


def scenarios(machine: Machine, folder: Path) -> dict[str, Scenario]:
    """All that is drilled, each run once without a fault."""
    old, new, big = (project(folder, name) for name in ("before", "after", "large"))
    start = ["run", "--token", TOKEN, "-p", "Day=now"]
    nothing = empty()
    create = Scenario("create", ["deploy", *old], nothing)
    made = create.learn(machine)
    update = Scenario("update", ["deploy", *new], made)
    updated = update.learn(machine)
    began = update.calls.index("PutObject") + 1
    back = Scenario("changed back", update.words, made, create.words, create.right, update.calls, since=began, only_killed=True)
    rest = [
        Scenario("create by S3", ["deploy", *big], nothing, light=True),
        Scenario("run what is new", [*start, *old], nothing, light=True),
        Scenario("run what is changed", [*start, *new], made, since=len(update.calls) + 1),
        Scenario("rollback", ["rollback", "1", "--yes", *new], updated),
        Scenario("delete", ["delete", "--yes", *new], updated),
    ]
    for each in rest:
        each.learn(machine)
    return {each.name: each for each in (create, update, back, *rest)}
