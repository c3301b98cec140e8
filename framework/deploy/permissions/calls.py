"""The calls of other services, and those of SageMaker that concern more than what a step makes: a step in, statements out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from framework.deploy.live.steps import StepAt, members
from framework.deploy.permissions.facts import Facts
from framework.deploy.permissions.policy import ANY, Draft
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.step_graph import references

PREFIX = "pipelines"
"""What the names of what a pipeline makes begin with, where the step has no prefix."""

QUEUE = re.compile(r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<account>\d{12})/(?P<name>[^/]+)")
EMR_RULES = "SageMakerPipelineExecutionEMR{}StatusUpdateRule"
"""The rules of EventBridge by which SageMaker hears of clusters and their steps (AmazonSageMakerPipelinesIntegrations)."""


def of(service: str, *names: str) -> list[str]:
    """Actions of a service."""
    return [f"{service}:{name}" for name in names]


def pass_role(roles: Iterable[str], service: str, draft: Draft, sid: str = "PassRole") -> None:
    """Let roles be handed over to one service alone."""
    name = "" if service == "sagemaker.amazonaws.com" else f"To{''.join(part.capitalize() for part in re.split(r'[.-]', service))}"
    condition = {"StringEquals": {"iam:PassedToService": service}}
    draft.allow(sid + name.removesuffix("AmazonawsCom").removesuffix("AmazonawsComCn"), ["iam:PassRole"], roles, condition)


def use_key(sid: str, names: Iterable[str], key: str, draft: Draft) -> None:
    """Let a KMS key be used, which may be named by its alias."""
    if key.startswith("alias/") or ":alias/" in key:
        # A policy does not name keys by their aliases, it asks for them.
        condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [f"alias/{key.partition('alias/')[2]}"]}}
        draft.allow(f"{sid}ByAlias", of("kms", *names), [draft.where.arn("kms", "key/*")], condition)
    else:
        draft.allow(sid, of("kms", *names), [key if key.startswith("arn:") else draft.where.arn("kms", f"key/{key}")])


def register(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A version of a registered model, and its group, which SageMaker makes where there is none."""
    group = facts.name(at, "ModelPackageGroupName", "*")
    actions = of("sagemaker", "AddTags", "CreateModelPackageGroup", "DescribeModelPackageGroup")
    draft.allow("ModelPackageGroups", actions, draft.where.named("model-package-group", group))
    actions = of("sagemaker", "AddTags", "CreateModelPackage", "DescribeModelPackage")
    draft.allow("ModelPackages", actions, draft.where.named("model-package", group, "/*"))


def model(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A model that is made of a version of a registered one."""
    for each in members(at):
        if each.key != "ModelPackageName":
            continue
        target = str(each.value.get("Get")).removeprefix("Parameters.") if isinstance(each.value, Mapping) else ""
        group = facts.looked_up.get(target)
        name = facts.text(each.value) or ""
        resources = draft.where.named("model-package", group, "/*") if group else [name] if name.startswith("arn:") else []
        actions = of("sagemaker", "DescribeModelPackage")
        draft.allow("UsedModelPackages", actions, resources or draft.where.named("model-package", name or "*", "*"))
        draft.note(f"{at.name} is made of a registered model: its image and its artifacts are not in the policy")


def check(at: StepAt, facts: Facts, draft: Draft) -> None:
    """The baselines of a check are those of the newest approved version of a registered model."""
    group = at.step.get("ModelPackageGroupName")
    if group is not None:
        name = facts.text(group) or "*"
        actions = of("sagemaker", "DescribeModelPackage", "ListModelPackages")
        draft.allow("Baselines", actions, draft.where.named("model-package", name, "/*"))
    if at.type == "ClarifyCheck" and at.step.get("ModelName") is not None:
        # Clarify asks the model through an endpoint.
        _endpoints("Clarify", draft)
        made_here = facts.by_name.get(next(references(at.step["ModelName"]), ""))
        name = f"{facts.name(made_here, 'ModelName', PREFIX)}-*" if made_here else facts.text(at.step["ModelName"]) or "*"
        draft.allow("ClarifyModels", of("sagemaker", "DescribeModel"), draft.where.named("model", name))


def endpoint(at: StepAt, facts: Facts, draft: Draft) -> None:
    """An endpoint is made with a configuration, and IAM asks for the right to that as well."""
    name = facts.name(at, "EndpointConfigName", "*")
    actions = of("sagemaker", "CreateEndpoint", "UpdateEndpoint")
    draft.allow("EndpointsWithConfigs", actions, draft.where.named("endpoint-config", _made_here(name, facts), ""))


def inference_component(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A component is made on an endpoint, and IAM asks for the right to that as well."""
    name = facts.name(at, "EndpointName", "*")
    draft.allow(
        "InferenceComponentsOnEndpoints",
        of("sagemaker", "CreateInferenceComponent"),
        draft.where.named("endpoint", name),
    )


def _made_here(name: str, facts: Facts) -> str:
    """The name of a configuration; where a step of the pipeline makes it, what names of such begin with."""
    made = [at for at in facts.steps if at.type == "EndpointConfig"]
    return f"{PREFIX}-*" if name == "*" and made and all("EndpointConfigName" not in at.arguments for at in made) else name


def candidates(at: StepAt, facts: Facts, draft: Draft) -> None:
    """What an AutoML job found; and what it calls itself, which the page "sagemaker-roles" lists."""
    # ListCandidatesForAutoMLJob cannot be limited to jobs.
    draft.allow("AutoMLCandidates", of("sagemaker", "ListCandidatesForAutoMLJob"), ANY)
    draft.allow("AutoMLJobsTags", of("sagemaker", "ListTags"), [draft.where.arn("sagemaker", "automl-job/*")])
    models = [draft.where.arn("sagemaker", "model/*")]
    draft.allow("AutoMLModels", of("sagemaker", "CreateModel", "DeleteModel", "DescribeModel"), models)
    _endpoints("AutoML", draft)


def _endpoints(sid: str, draft: Draft) -> None:
    """Endpoints that are made and deleted by the way, named as who makes them likes."""
    endpoints, configs = draft.where.arn("sagemaker", "endpoint/*"), draft.where.arn("sagemaker", "endpoint-config/*")
    actions = of("sagemaker", "AddTags", "CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "InvokeEndpoint")
    draft.allow(f"{sid}Endpoints", actions, [endpoints])
    actions = of("sagemaker", "AddTags", "CreateEndpoint", "CreateEndpointConfig", "DeleteEndpointConfig", "DescribeEndpointConfig")
    draft.allow(f"{sid}EndpointConfigs", actions, [configs])


def function(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A Lambda function."""
    arn = facts.text(at.step.get("FunctionArn"))
    if arn is None:
        draft.note(f"the function of {at.name} is known only when the pipeline runs: all are in the policy")
        arn = draft.where.arn("lambda", "function:*")
    draft.allow("LambdaFunctions", of("lambda", "InvokeFunction"), [arn])


def callback(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A queue that is told the token of a step."""
    url = facts.text(at.step.get("SqsQueueUrl"))
    match = QUEUE.fullmatch(url or "")
    if match is None:
        draft.note(f"the queue of {at.name} is known only when the pipeline runs: all are in the policy")
    arn = draft.where.arn("sqs", match["name"], match["account"], match["region"]) if match else draft.where.arn("sqs", "*")
    draft.allow("Queues", of("sqs", "SendMessage"), [arn])


def emr(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A step of an EMR cluster; of one that SageMaker makes for it, the cluster too."""
    where, config = draft.where, at.arguments.get("ClusterConfig")
    cluster = facts.name(at, "ClusterId", "*")
    steps = ("AddJobFlowSteps", "CancelSteps", "DescribeCluster", "DescribeStep", "ListSteps")
    draft.allow("EmrSteps", of("elasticmapreduce", *steps), [where.arn("elasticmapreduce", f"cluster/{cluster}")])
    rules = ["Step"]
    if isinstance(config, Mapping):
        rules.append("Cluster")
        # RunJobFlow cannot be limited to clusters: there is none yet.
        draft.allow("EmrClusters", of("elasticmapreduce", "RunJobFlow"), ANY)
        draft.allow("EmrEnds", of("elasticmapreduce", "TerminateJobFlows"), [where.arn("elasticmapreduce", "cluster/*")])
        _cluster_roles(config, facts, draft)
    named = [where.arn("events", f"rule/{EMR_RULES.format(rule)}") for rule in rules]
    draft.allow("EmrStates", of("events", "DescribeRule", "PutRule", "PutTargets"), named)


def _cluster_roles(config: Mapping[str, Any], facts: Facts, draft: Draft) -> None:
    suffix = ".cn" if draft.where.partition == "aws-cn" else ""
    for member, service in (("ServiceRole", "elasticmapreduce"), ("AutoScalingRole", "elasticmapreduce"), ("JobFlowRole", "ec2")):
        role = facts.text(config.get(member))
        if role:
            # JobFlowRole is an instance profile, whose role has the same name unless somebody has named it otherwise.
            name = role.rpartition(":instance-profile/")[2]
            pass_role([draft.where.role(name)], f"{service}.amazonaws.com{suffix}", draft)


def emr_serverless(at: StepAt, facts: Facts, draft: Draft) -> None:
    """A job of a serverless application; of one that SageMaker makes for it, the application too."""
    where, application = draft.where, facts.name(at, "ApplicationId", "*")
    one = where.arn("emr-serverless", f"/applications/{application}")
    draft.allow("ServerlessApplications", of("emr-serverless", "GetApplication", "StartJobRun"), [one])
    draft.allow("ServerlessJobs", of("emr-serverless", "CancelJobRun", "GetJobRun", "TagResource"), [f"{one}/jobruns/*"])
    if at.arguments.get("ApplicationConfig") is not None:
        # CreateApplication cannot be limited to applications: there is none yet.
        draft.allow("ServerlessCreation", of("emr-serverless", "CreateApplication"), ANY)
        ends = of("emr-serverless", "DeleteApplication", "StartApplication", "StopApplication", "TagResource")
        draft.allow("ServerlessLife", ends, [where.arn("emr-serverless", "/applications/*")])


def lineage(at: StepAt, facts: Facts, draft: Draft) -> None:
    """Entities of the lineage graph."""
    kinds = {"Actions": "Action", "Artifacts": "Artifact", "Contexts": "Context"}
    for member, kind in kinds.items():
        for entity in at.arguments.get(member) or ():
            # An artifact is named by a digest of its source.
            name = facts.text(entity.get(f"{kind}Name")) if kind != "Artifact" else None
            actions = of("sagemaker", "AddTags", f"Create{kind}", f"Describe{kind}", f"Update{kind}")
            draft.allow(f"Lineage{member}", actions, draft.where.named(kind.lower(), name or "*"))
    if at.arguments.get("Associations"):
        ends = [draft.where.arn("sagemaker", f"{kind}/*") for kind in ("action", "artifact", "context")]
        draft.allow("LineageAssociations", of("sagemaker", "AddAssociation"), ends)


def cleanup(at: StepAt, facts: Facts, draft: Draft) -> None:
    """What earlier steps wrote, and is deleted."""
    resources = at.arguments.get("Resources")
    for source in (resources.get("S3") if isinstance(resources, Mapping) else None) or ():
        step = facts.by_name.get(str(source.get("StepName")))
        for place in facts.writes(step) if step else ():
            draft.allow("DeleteObjects", of("s3", "DeleteObject"), [draft.where.stored(place.bucket, place.pattern)])


def experiment(compiled: CompiledPipeline, facts: Facts, draft: Draft) -> None:
    """The experiment that executions are recorded in, and MLflow."""
    where, config = draft.where, compiled.definition.get("PipelineExperimentConfig")
    if isinstance(config, Mapping):
        # A trial is called after the execution, and its components after the jobs.
        name = facts.text(config.get("ExperimentName")) or "*"
        experiments = where.named("experiment", name)
        trials, components = (where.arn("sagemaker", f"{kind}/*") for kind in ("experiment-trial", "experiment-trial-component"))
        draft.allow("Experiments", of("sagemaker", "AddTags", "CreateExperiment", "DescribeExperiment"), experiments)
        draft.allow("Trials", of("sagemaker", "AddTags", "CreateTrial", "DescribeTrial"), [trials])
        draft.allow("TrialsOfExperiments", of("sagemaker", "CreateTrial"), experiments)
        actions = of("sagemaker", "AddTags", "AssociateTrialComponent", "CreateTrialComponent", "DescribeTrialComponent",
                     "UpdateTrialComponent")  # fmt: skip
        draft.allow("TrialComponents", actions, [components])
        draft.allow("TrialsWithComponents", of("sagemaker", "AssociateTrialComponent"), [trials])
    mlflow = compiled.definition.get("MlflowConfig")
    if isinstance(mlflow, Mapping):
        server = mlflow.get("MlflowResourceArn")
        names = ("CreateExperiment", "CreateRun", "GetExperiment", "GetExperimentByName", "GetRun", "LogBatch", "LogMetric",
                 "LogParam", "SearchExperiments", "SetTag", "UpdateRun")  # fmt: skip
        any_server = where.arn("sagemaker", "mlflow-tracking-server/*")
        draft.allow("Mlflow", of("sagemaker-mlflow", *names), [server if isinstance(server, str) else any_server])
