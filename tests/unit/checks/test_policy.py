"""The policy speaks of what the API is asked for, and not of what programs are given under the same names."""

from __future__ import annotations

from typing import Any

from framework.checks import violations
from framework.checks.subject import Subject
from framework.config.model import Clause
from framework.findings import Place
from framework.pipeline.compiled import CompiledPipeline

CLAUSES = (
    Clause("registries", ["hub"], True, Place("p", 1, 1)),
    Clause("instance_types", ["ml.c5.*"], True, Place("p", 2, 1)),
    Clause("roles", ["mine"], True, Place("p", 3, 1)),
)


def told(step: dict[str, Any]) -> list[str]:
    compiled = CompiledPipeline("x", {"Version": "2020-12-01", "Steps": [{"Name": "s", **step}]})
    return [each.rule for each in violations(Subject(compiled, policy=CLAUSES)) if each.rule.startswith("SMP61")]


NAMES = {"Image": "logo", "InstanceType": "small", "RoleArn": "another", "ImageUri": "x"}


def test_what_programs_are_given_is_no_image_instance_type_or_role() -> None:
    assert told({"Type": "Lambda", "Arguments": NAMES}) == []
    assert told({"Type": "Training", "Arguments": {"Environment": NAMES, "HyperParameters": NAMES}}) == []
    assert told({"Type": "Tuning", "Arguments": {"TrainingJobDefinition": {"StaticHyperParameters": NAMES}}}) == []


def test_what_the_api_is_asked_for_is() -> None:
    resources = {"ResourceConfig": {"InstanceType": "ml.m5.large"}, "AlgorithmSpecification": {"TrainingImage": "pub/i"}}
    assert sorted(told({"Type": "Training", "Arguments": {**resources, "RoleArn": "other"}})) == ["SMP615", "SMP618", "SMP619"]
