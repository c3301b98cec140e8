"""Keys of steps that have no effect on a step of its class: warnings, and what the definition leaves out for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from framework.config.model import (
    AUTO_ML,
    CALLBACK,
    CLARIFY_CHECK,
    CLEANUP,
    CONDITION,
    CREATE_MODEL,
    CUSTOM,
    EMR,
    EMR_SERVERLESS,
    ENDPOINT,
    ENDPOINT_CONFIG,
    FAIL,
    FOR_EACH,
    INFERENCE_COMPONENT,
    LAMBDA,
    LINEAGE,
    METRICS,
    PROCESSING,
    QUALITY_CHECK,
    RAW,
    REGISTER_MODEL,
    TRAINING,
    TRANSFORM,
    TUNING,
)
from framework.config.values import Map, Seq
from framework.findings import WARNING, Finding
from framework.steps.base import StepSpec

Report = Callable[[Finding], None]

WITHOUT_JOBS = frozenset({CREATE_MODEL, REGISTER_MODEL, ENDPOINT_CONFIG, EMR_SERVERLESS})
"""The classes that are tried again, and start no SageMaker job."""

OF_JOBS = "SageMaker."
"""What the exceptions begin with that only jobs have."""

_NEVER_CACHED = frozenset({CLEANUP, CONDITION, CREATE_MODEL, FAIL, FOR_EACH, INFERENCE_COMPONENT, LINEAGE, REGISTER_MODEL})
_CHAINED = frozenset({AUTO_ML, PROCESSING, TRAINING, TUNING, TRANSFORM, METRICS})
_WITHOUT_ROLE = frozenset({
    CALLBACK, CLEANUP, CONDITION, CUSTOM, EMR, ENDPOINT, FAIL, FOR_EACH, INFERENCE_COMPONENT, LAMBDA, LINEAGE, RAW, REGISTER_MODEL,
})  # fmt: skip
NEVER_RETRIED = frozenset({
    CALLBACK, CLARIFY_CHECK, CLEANUP, CONDITION, EMR, ENDPOINT, FAIL, FOR_EACH, INFERENCE_COMPONENT, LAMBDA, LINEAGE, QUALITY_CHECK,
})  # fmt: skip
"""The classes whose steps the service does not cache, those that read chain inputs, those without a role, and those that the
service does not try again."""


def report_idle_keys(spec: StepSpec, report: Report) -> None:
    """Warn of the keys of a step that the service, or the step's class, does not look at."""
    given = spec.config.values
    _report_idle_inputs(spec, report)
    if "role" in given and spec.step_class in _WITHOUT_ROLE:
        _report_idle(spec, "role", f"a {spec.step_class} step runs as no role of its own", report)
    if "step_type" in given and not spec.config.model:
        _report_idle(spec, "step_type", "the step belongs to no model, whose section that could be", report)
    if "model" in given and given["model"] != spec.config.model:
        _report_idle(spec, "model", f'the step stands in the unit of "{spec.config.model}"', report)
    if spec.config.enable_cache and spec.step_class in _NEVER_CACHED:
        _report_idle(spec, "enable_cache", f"the service caches no {spec.step_class} step", report)
    if "cache_expire_after" in given and (spec.step_class in _NEVER_CACHED or not spec.config.enable_cache):
        _report_idle(spec, "cache_expire_after", "nothing of this step is cached", report)
    if "retry_policies" in given and spec.step_class in NEVER_RETRIED:
        _report_idle(spec, "retry_policies", f"the service retries no {spec.step_class} step", report)
    elif spec.step_class in WITHOUT_JOBS and any(word.startswith(OF_JOBS) for word in _exceptions(given)):
        reason = f"a {spec.step_class} step starts no job, whose exceptions are those that begin with SageMaker"
        _report_idle(spec, "retry_policies", reason, report)


def _report_idle_inputs(spec: StepSpec, report: Report) -> None:
    if "chain_input_additional_prefix" in spec.config.values and spec.step_class != TRANSFORM:
        _report_idle(spec, "chain_input_additional_prefix", "only a Transform step reads below a prefix", report)
    if spec.config.chain and spec.step_class in {CREATE_MODEL, REGISTER_MODEL}:
        _report_idle(spec, "chain_input_source_step", "the model is that of the Training step before it", report)
    elif spec.config.chain and spec.step_class not in _CHAINED:
        _report_idle(spec, "chain_input_source_step", f"a {spec.step_class} step reads no chain input", report)


def _exceptions(given: Map) -> Iterator[str]:
    """The exceptions of a step's retry policies."""
    policies = given.get("retry_policies")
    for policy in policies if isinstance(policies, Seq) else ():
        exceptions = policy.get("exceptions") if isinstance(policy, Map) else None
        yield from (each for each in exceptions if isinstance(each, str)) if isinstance(exceptions, Seq) else ()


def _report_idle(spec: StepSpec, key: str, reason: str, report: Report) -> None:
    message = f"{key} of {spec.name} has no effect: {reason}"
    report(Finding("SMP113", spec.config.values.key_place_of(key), message, "remove it", WARNING))
