"""Steps for endpoints, clusters, lineage and cleaning up: what the service takes of them."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP310",
        "Settings that exclude each other",
        "A step or trigger has several keys of which it takes one, or none where it needs one: the cluster of an EMR step, the "
        "application of an EMRServerless step, the model of an inference component, instances or serverless of a variant, groups "
        "or fleets of a cluster, what sets a trigger off. Or it sets for a cluster of its own what goes with an existing one only, "
        "what SageMaker itself sets, or what goes with another kind of trigger. The service cannot tell which is meant.",
        "Keep exactly one of them; remove what SageMaker sets.",
        source="SageMaker Python SDK, EMRStep and EMRServerlessStep; API CreateEndpointConfig and CreateInferenceComponent",
        blocking=True,
    ),
    Rule(
        "SMP311",
        "Objects that cannot be cleaned up",
        "A Cleanup step is to delete what a step made that puts out no objects, does not say which objects of a step other than "
        "Training, or names a step that runs in a VPC. The service finds only the objects of Training steps by itself, takes URIs "
        "for those of Processing and Transform steps, and does not clean up after steps in a VPC.",
        'Name a step of class Processing, Metrics, Training or Transform, with "uris" unless it is a Training step. In a VPC, '
        "delete objects by a lifecycle rule of the bucket, or in a Processing step.",
        source="SageMaker Python SDK, CleanupStep",
        blocking=True,
    ),
    Rule(
        "SMP312",
        "Lineage of nothing, or between unknown ends",
        "A Lineage step records nothing; or an end of an association is neither an Arn nor a Name and a Type, or names an action, "
        "artifact or context that the step does not make. Entities of other steps are found by their Arn only.",
        'Give the step "actions", "artifacts", "contexts" or "associations", and each end "{Name: NAME, Type: Artifact}" of an '
        'entity of this step, or "{Arn: ARN}".',
        source="SageMaker Python SDK, LineageStep",
        blocking=True,
    ),
)
