"""What lies in the account: rules that `smp validate --live` finds broken there (`framework.deploy.live`). It only looks."""

from __future__ import annotations

from framework.findings import WARNING, Rule

RULES = (
    Rule(
        "SMP900",
        "Not checked in the account",
        "A live check got no answer: the permission is missing, the credentials have expired, the service cannot be reached, or "
        "it failed. Everything else is checked all the same; without credentials, nothing is.",
        "Allow the action that the finding names, sign in again, or see to the network; then run the command again.",
        WARNING,
    ),
    Rule(
        "SMP901",
        "Role that cannot be assumed",
        "The pipeline runs as a role, and so do its jobs. A role must exist, in the account of the pipeline since it is never "
        "passed to another, and its trust policy must let sagemaker.amazonaws.com assume it (emr-serverless.amazonaws.com for "
        "EMRServerless steps). Of conditions in a trust policy only aws:SourceAccount and aws:SourceArn are looked into. Needs "
        "iam:GetRole.",
        "Make the role, correct its ARN, or let the service assume it.",
        source="Amazon SageMaker developer guide, page sagemaker-roles; AWS IAM user guide, page id_roles_use_passrole",
    ),
    Rule(
        "SMP902",
        "Bucket that cannot be written to",
        "The bucket of the framework configuration and those that steps write to must exist, in the region of the pipeline. A "
        "bucket should encrypt by default, and with a KMS key where the configuration sets one: what a script writes by itself "
        "is encrypted as the bucket says. Needs s3:ListBucket, s3:GetEncryptionConfiguration and sometimes "
        "s3:GetBucketLocation.",
        "Make the bucket, name another, or set its default encryption.",
    ),
    Rule(
        "SMP903",
        "Input that is not there",
        "A job fails at its start when nothing lies where an input reads. Looked for is an object of that key or one below it, "
        "and the object itself for manifests and models. Inputs that are known only when the pipeline runs are not looked for, "
        "nor is what the deployment uploads or a step writes. Needs s3:ListBucket.",
        "Put the data there, or correct the URI; where a step makes it, refer to its output.",
    ),
    Rule(
        "SMP904",
        "Image that does not exist",
        "A job cannot start when its image is not in ECR: the repository, and the tag or digest in it. It should be in the "
        "region of the pipeline. Needs ecr:DescribeImages, or ecr:BatchGetImage where the registry belongs to another account.",
        "Push the image, or correct its URI.",
    ),
    Rule(
        "SMP905",
        "Network that does not fit together",
        "The subnets and security groups of a job must exist in the region of the pipeline, all of them in one VPC. Needs "
        "ec2:DescribeSubnets and ec2:DescribeSecurityGroups.",
        "Name subnets and security groups of one VPC.",
    ),
    Rule(
        "SMP906",
        "More instances than the quota allows",
        "SageMaker counts the instances of an account by type and use, and a job that would go beyond the quota fails with "
        "ResourceLimitExceeded. It is an error where a single step wants more than the quota, and a warning where steps that "
        "can run at once want more together: those that do not wait for each other, as many as parallelism allows, with the "
        "parallel jobs of a search and the parallel iterations of a loop. What else runs in the account is not counted. Needs "
        "servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas.",
        "Ask for a higher quota, use other or fewer instances, set parallelism, let steps wait for each other, or retry "
        "SageMaker.RESOURCE_LIMIT.",
    ),
    Rule(
        "SMP907",
        "KMS key that cannot be used",
        "A KMS key must exist in the region of the pipeline, be enabled, and be a symmetric key that encrypts. Needs "
        "kms:DescribeKey.",
        "Name such a key, or enable this one.",
    ),
    Rule(
        "SMP908",
        "Role that lacks a right",
        "What the pipeline does, SageMaker does with the role of the pipeline. IAM is asked whether the role may do all that the "
        "smallest policy for it lists; what the policies of buckets, keys, queues, functions and repositories allow besides is "
        "not known to it, so what only they could allow is a warning. Needs iam:SimulatePrincipalPolicy.",
        'Add the right to the policies of the role; "smp iam-policy --for execution" prints all that it needs.',
    ),
)
