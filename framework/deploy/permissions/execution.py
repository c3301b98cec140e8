"""What the role of a pipeline needs: the calls by which SageMaker carries out each step in its name, and what its jobs do.

By step type, after the pages "build-and-manage-access" and "sagemaker-roles" of the guide. SageMaker names what it makes
`pipelines-<execution>-…`, or `<prefix>-<execution>-…` where the step has a prefix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from framework.deploy.live.questions import EMR_SERVERLESS, OF_SAGEMAKER, SAGEMAKER
from framework.deploy.live.steps import StepAt
from framework.deploy.permissions import calls
from framework.deploy.permissions.facts import Facts
from framework.deploy.permissions.jobs import Jobs
from framework.deploy.permissions.policy import Draft, Policy, Where
from framework.pipeline.compiled import CompiledPipeline


@dataclass(frozen=True, slots=True)
class Made:
    """What a step makes.

    Attributes:
        sid: of the statement.
        kind: of the resource, as its ARN has it; name: the member of the Arguments with the prefix of its name.
        actions: what is called for it.
        fixed: whether it has the very name.
    """

    sid: str
    kind: str
    name: str
    actions: tuple[str, ...]
    fixed: bool = False


def _job(sid: str, kind: str, what: str, *more: str) -> Made:
    # AddTags: what a pipeline makes is tagged with the execution and the step, and as the configuration says.
    return Made(sid, kind, f"{what}Name", ("AddTags", f"Create{what}", f"Describe{what}", f"Stop{what}", *more))


_PROCESSING = _job("ProcessingJobs", "processing-job", "ProcessingJob")
MADE: Mapping[str, Made] = {
    "AutoML": _job("AutoMLJobs", "automl-job", "AutoMLJob"),
    "ClarifyCheck": _PROCESSING,
    "EndpointConfig": Made(
        "EndpointConfigs",
        "endpoint-config",
        "EndpointConfigName",
        ("AddTags", "CreateEndpointConfig", "DescribeEndpointConfig"),
    ),
    "Endpoint": Made(
        "Endpoints",
        "endpoint",
        "EndpointName",
        ("AddTags", "CreateEndpoint", "DescribeEndpoint", "UpdateEndpoint"),
        fixed=True,
    ),
    "InferenceComponent": Made(
        "InferenceComponents",
        "inference-component",
        "InferenceComponentName",
        ("AddTags", "CreateInferenceComponent", "DescribeInferenceComponent", "UpdateInferenceComponent"),
        fixed=True,
    ),
    "Model": Made("Models", "model", "ModelName", ("AddTags", "CreateModel", "DescribeModel")),
    "Processing": _PROCESSING,
    "QualityCheck": _PROCESSING,
    "Training": _job("TrainingJobs", "training-job", "TrainingJob"),
    "Transform": _job("TransformJobs", "transform-job", "TransformJob"),
    "Tuning": _job(
        "TuningJobs",
        "hyper-parameter-tuning-job",
        "HyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
    ),
}

OTHERS: Mapping[str, Callable[[StepAt, Facts, Draft], None]] = {
    "AutoML": calls.candidates,
    "Callback": calls.callback,
    "ClarifyCheck": calls.check,
    "Cleanup": calls.cleanup,
    "EMR": calls.emr,
    "EMRServerless": calls.emr_serverless,
    "Endpoint": calls.endpoint,
    "InferenceComponent": calls.inference_component,
    "Lambda": calls.function,
    "Lineage": calls.lineage,
    "Model": calls.model,
    "QualityCheck": calls.check,
    "RegisterModel": calls.register,
}
"""What the steps of these types need besides."""


def execution(compiled: CompiledPipeline) -> Policy:
    """What the role of the pipeline needs while it runs.

    A step with a role of its own needs the pipeline's role only to begin, watch and stop its jobs, and to hand that role over.
    """
    draft = Draft(Where.of(compiled))
    facts = Facts(compiled, draft.note)
    jobs = Jobs(facts, draft)
    for at in facts.steps:
        _control(at, facts, draft)
        roles = facts.roles(at)
        _hand_over(at, roles, draft)
        if at.type in OF_SAGEMAKER and (not roles or compiled.role in roles):
            jobs.allow(at)
        elif at.type in OF_SAGEMAKER:
            draft.note(f"{at.name} runs as {', '.join(sorted(set(roles)))}: what its jobs need is not in the policy")
    if compiled.kms_key:
        jobs.key(compiled.kms_key, volume=False)
    jobs.finish()
    calls.experiment(compiled, facts, draft)
    return draft.policy()


def _control(at: StepAt, facts: Facts, draft: Draft) -> None:
    """The calls by which a step is carried out."""
    made = MADE.get(at.type)
    if made:
        name = facts.name(at, made.name, calls.PREFIX)
        ending = "" if made.fixed and at.arguments.get(made.name) is not None else "-*"
        if made.kind == "endpoint-config" and at.arguments.get(made.name) is not None:
            ending = "*"  # whether the name is a prefix, as that of a job is, the guide does not say
        draft.allow(made.sid, calls.of("sagemaker", *made.actions), draft.where.named(made.kind, name, ending))
    if other := OTHERS.get(at.type):
        other(at, facts, draft)


def _hand_over(at: StepAt, roles: list[str], draft: Draft) -> None:
    """The right to hand roles over to the service that runs the jobs."""
    if at.type == "Transform":  # it runs as its model does
        return
    service = EMR_SERVERLESS if at.type == "EMRServerless" else SAGEMAKER
    if at.type in OF_SAGEMAKER or at.type == "EMRServerless":
        calls.pass_role(roles, service, draft)
