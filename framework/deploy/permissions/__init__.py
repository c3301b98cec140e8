"""The smallest IAM policies that a pipeline needs: a compiled pipeline in, policies as data out. Nothing here talks to AWS.

What each action can be limited to is that of the Service Authorization Reference; which actions a step needs, that of the SageMaker
guide: the pages "build-and-manage-access" (pipelines), "sagemaker-roles" (jobs), and the managed policy
AmazonSageMakerPipelinesIntegrations (EMR, Lambda and Callback steps).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from framework.deploy.permissions.deploying import delete, deploy, plan
from framework.deploy.permissions.execution import execution
from framework.deploy.permissions.policy import Policy
from framework.deploy.permissions.triggering import trigger
from framework.pipeline.compiled import CompiledPipeline

__all__ = ["POLICIES", "Policy"]

POLICIES: Mapping[str, Callable[[CompiledPipeline], Policy]] = {
    "execution": execution,
    "deploy": deploy,
    "trigger": trigger,
    "plan": plan,
    "delete": delete,
}
"""For whom there are policies: the role of the pipeline, who deploys and runs it, the role of what starts it by itself,
who only looks at it, and who deletes it."""
