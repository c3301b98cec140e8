"""Step classes Lambda and Callback: the pipeline calls something outside, gives it values, and goes on with what it answers."""

from __future__ import annotations

from framework.steps.base import Step, StepSpec, Surroundings


def lambda_(spec: StepSpec, around: Surroundings) -> Step:
    """The Lambda step of `spec`; its arguments are what the function gets."""
    return _call(spec, "Lambda", "FunctionArn", "function_arn")


def callback(spec: StepSpec, around: Surroundings) -> Step:
    """The Callback step of `spec`; its arguments come with the token that the queue gets."""
    return _call(spec, "Callback", "SqsQueueUrl", "sqs_queue_url")


def _call(spec: StepSpec, step_type: str, member: str, key: str) -> Step:
    values = spec.values
    outputs = [{"OutputName": name, "OutputType": kind} for name, kind in (values.get("outputs") or {}).items()]
    members = {member: values[key], "OutputParameters": outputs}
    arguments = dict(values.get("inputs") or {})
    return Step(spec.name, step_type, arguments, spec, {(): ("inputs",)}, spec.config.enable_cache, members=members)
