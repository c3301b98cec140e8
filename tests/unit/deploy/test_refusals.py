"""The table of cures: every row is reached, every message is whole, no credential is in any of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from framework.deploy.cures import CURES
from framework.deploy.refusals import cure_for, is_passing, public, told
from framework.errors import BackendError

PIPELINE = "pipeline churn"
OBJECT = "s3://models/churn/code/x.tar.gz"
ROLE = "arn:aws:iam::123456789012:role/pipelines"
CALLER = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform:"


def refused(code, message, operation="CreatePipeline", attempts=1):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"RetryAttempts": attempts - 1}}
    return ClientError(answer, operation)


CASES = [
    (
        refused("ExpiredToken", "The provided token has expired.", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: The provided token has expired (ExpiredToken). Try: the credentials have expired: sign in "
        "again (`aws sso login`, or fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN) and run the command "
        "again.",
    ),
    (
        boto.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        "DescribePipeline",
        PIPELINE,
        "DescribePipeline on pipeline churn failed: Error when retrieving token from sso: Token has expired and refresh failed. "
        "Try: sign in again with `aws sso login`, with --profile when AWS_PROFILE is set.",
    ),
    (
        boto.UnauthorizedSSOTokenError(),
        "DescribePipeline",
        PIPELINE,
        "DescribePipeline on pipeline churn failed: The SSO session associated with this profile has expired or is otherwise "
        "invalid. To refresh this SSO session run aws sso login with the corresponding profile. "
        "Try: sign in again with `aws sso login`, with --profile when AWS_PROFILE is set.",
    ),
    (
        boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        "DescribePipeline",
        PIPELINE,
        "DescribePipeline on pipeline churn failed: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY. "
        "Try: sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    (
        boto.ProfileNotFound(profile="nobody"),
        "Signing in",
        "AWS",
        "Signing in on AWS failed: The config profile (nobody) could not be found. Try: set AWS_PROFILE to one of the profiles "
        "that `aws configure list-profiles` shows, or unset it.",
    ),
    (
        refused("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: The difference between the request time and the current time is too large "
        "(RequestTimeTooSkewed). Try: set the clock of this machine.",
    ),
    (
        refused("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z"),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z "
        "(InvalidSignatureException). Try: set the clock of this machine.",
    ),
    (
        refused("UnrecognizedClientException", "The security token included in the request is invalid."),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: The security token included in the request is invalid "
        "(UnrecognizedClientException). Try: see with `aws sts get-caller-identity` whose credentials these are, and that the "
        "region is enabled for the account.",
    ),
    (
        refused("AccessDeniedException", f"{CALLER} sagemaker:CreatePipeline with an explicit deny in a service control policy"),
        "CreatePipeline",
        PIPELINE,
        f"CreatePipeline on pipeline churn failed: {CALLER} sagemaker:CreatePipeline with an explicit deny in a service control "
        "policy (AccessDeniedException). Try: an explicit deny overrules every allow: ask who keeps that policy for "
        "sagemaker:CreatePipeline on pipeline churn.",
    ),
    (
        refused("AccessDeniedException", f"{CALLER} iam:PassRole on resource: {ROLE} because no identity-based policy allows it"),
        "CreatePipeline",
        PIPELINE,
        f"CreatePipeline on pipeline churn failed: {CALLER} iam:PassRole on resource: {ROLE} because no identity-based policy "
        f"allows it (AccessDeniedException). Try: allow iam:PassRole on {ROLE} to who deploys, for the service "
        "sagemaker.amazonaws.com.",
    ),
    (
        refused("AccessDenied", f'{CALLER} kms:GenerateDataKey on resource: "arn:aws:kms:eu-west-1:1:key/k" because', "PutObject"),
        "PutObject",
        OBJECT,
        f'PutObject on {OBJECT} failed: {CALLER} kms:GenerateDataKey on resource: "arn:aws:kms:eu-west-1:1:key/k" because '
        "(AccessDenied). Try: allow kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key/k in the policy of the key as well as of "
        "who deploys, or set another KMS key.",
    ),
    (
        refused("AccessDenied", "Access Denied", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: Access Denied (AccessDenied). Try: allow s3:PutObject on {OBJECT} to who deploys; when the "
        "bucket models belongs to another account, its bucket policy must allow it too; for a bucket of your own set "
        "SMP_S3BUCKETNAME or conf.s3Bucket.",
    ),
    (
        refused("AccessDeniedException", "No.", "UpdatePipeline"),
        "UpdatePipeline",
        PIPELINE,
        "UpdatePipeline on pipeline churn failed: No (AccessDeniedException). Try: allow sagemaker:UpdatePipeline on pipeline "
        "churn to who runs this, in the policy of the user or role.",
    ),
    (
        refused("ThrottlingException", "Rate exceeded", attempts=5),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Rate exceeded (ThrottlingException). Try: it was refused 5 times in a row: wait "
        "a minute and run the command again.",
    ),
    (
        refused("NoSuchBucket", "The specified bucket does not exist", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: The specified bucket does not exist (NoSuchBucket). Try: make it with `aws s3 mb "
        "s3://models`, or set SMP_S3BUCKETNAME or conf.s3Bucket to a bucket that exists.",
    ),
    (
        refused("AuthorizationHeaderMalformed", "the region 'eu-west-1' is wrong; expecting 'us-east-1'", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: the region 'eu-west-1' is wrong; expecting 'us-east-1' (AuthorizationHeaderMalformed). "
        "Try: the bucket models is in another region: set SMP_REGION or conf.region to its region, or SMP_S3BUCKETNAME or "
        "conf.s3Bucket to a bucket in this one.",
    ),
    (
        refused("KMS.NotFoundException", "Invalid keyId k", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: Invalid keyId k (KMS.NotFoundException). Try: check that the KMS key exists in this "
        "region, is enabled and encrypts, or set another.",
    ),
    (
        refused("ValidationException", "Pipeline names must be unique within an AWS account and region."),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Pipeline names must be unique within an AWS account and region "
        "(ValidationException). Try: it was made by someone else since the plan was made: run the command again, and it will plan "
        "an update.",
    ),
    (
        refused("ResourceNotFound", "Pipeline 'churn' does not exist.", "StartPipelineExecution"),
        "StartPipelineExecution",
        PIPELINE,
        "StartPipelineExecution on pipeline churn failed: Pipeline 'churn' does not exist (ResourceNotFound). Try: deploy it first "
        "with `smp deploy`; if it is deployed, check that the account and the region are the right ones.",
    ),
    (
        refused("ResourceNotFound", "Execution not found", "DescribePipelineExecution"),
        "DescribePipelineExecution",
        "execution arn",
        "DescribePipelineExecution on execution arn failed: Execution not found (ResourceNotFound). Try: `smp history` lists the "
        "executions that there are; check the account and the region as well.",
    ),
    (
        refused("ResourceNotFound", "Domain d-1 not found", "DescribeDomain"),
        "DescribeDomain",
        "domain d-1",
        "DescribeDomain on domain d-1 failed: Domain d-1 not found (ResourceNotFound). Try: check the name, the account and the "
        "region (SMP_REGION or conf.region).",
    ),
    (
        refused("ValidationException", "The ClientRequestToken was used before", "StartPipelineExecution"),
        "StartPipelineExecution",
        PIPELINE,
        "StartPipelineExecution on pipeline churn failed: The ClientRequestToken was used before (ValidationException). Try: the "
        "token was used before, for another start: leave --token out, or give another.",
    ),
    (
        refused("ConflictException", "The execution is Succeeded", "StopPipelineExecution"),
        "StopPipelineExecution",
        "execution arn",
        "StopPipelineExecution on execution arn failed: The execution is Succeeded (ConflictException). Try: it may have ended "
        "meanwhile: `smp status` shows how it stands.",
    ),
    (
        refused("UnknownOperationException", "Unknown", "UpdatePipelineVersion"),
        "UpdatePipelineVersion",
        PIPELINE,
        "UpdatePipelineVersion on pipeline churn failed: Unknown (UnknownOperationException). Try: the service does not have this "
        "operation in this region yet.",
    ),
    (
        refused("AccessDenied", "Access Denied", "GetObject"),
        "GetObject",
        OBJECT,
        f"GetObject on {OBJECT} failed: Access Denied (AccessDenied). Try: allow s3:GetObject on {OBJECT} to who deploys; when the "
        "bucket models belongs to another account, its bucket policy must allow it too; for a bucket of your own set "
        "SMP_S3BUCKETNAME or conf.s3Bucket.",
    ),
    (
        refused("AccessDeniedException", "No.", "GetLogEvents"),
        "GetLogEvents",
        "log stream /aws/sagemaker/TrainingJobs:job/algo-1",
        "GetLogEvents on log stream /aws/sagemaker/TrainingJobs:job/algo-1 failed: No (AccessDeniedException). Try: allow "
        "logs:GetLogEvents on log stream /aws/sagemaker/TrainingJobs:job/algo-1 to who runs this, in the policy of the user or "
        "role.",
    ),
    (
        refused("ValidationException", "SelectedSteps [train] are not connected", "StartPipelineExecution"),
        "StartPipelineExecution",
        PIPELINE,
        "StartPipelineExecution on pipeline churn failed: SelectedSteps [train] are not connected (ValidationException). Try: "
        "choose steps that are connected with --select, and with --source an execution of this pipeline, Succeeded or Failed, that "
        "has the results which they need.",
    ),
    (
        refused("ValidationException", "Could not find pipeline", "UpdatePipeline"),
        "UpdatePipeline",
        PIPELINE,
        "UpdatePipeline on pipeline churn failed: Could not find pipeline (ValidationException). Try: check the name, the account "
        "and the region (SMP_REGION or conf.region).",
    ),
    (
        refused("ValidationException", "Parameter [Depht] is unknown", "StartPipelineExecution"),
        "StartPipelineExecution",
        PIPELINE,
        "StartPipelineExecution on pipeline churn failed: Parameter [Depht] is unknown (ValidationException). Try: check that the "
        "parameters are those of the definition, in their types: `smp validate` shows it.",
    ),
    (
        refused("ValidationException", "Unable to parse pipeline definition.\n Invalid step"),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Unable to parse pipeline definition. Invalid step (ValidationException). Try: "
        "the service does not accept the definition: `smp validate` says what is wrong in which file and line.",
    ),
    (
        refused("ConflictException", "Pipeline is being updated", "UpdatePipeline"),
        "UpdatePipeline",
        PIPELINE,
        "UpdatePipeline on pipeline churn failed: Pipeline is being updated (ConflictException). Try: another change of pipeline "
        "churn is under way: wait until it is done and run the command again.",
    ),
    (
        refused("ResourceLimitExceeded", "The limit of 500 pipelines is reached."),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: The limit of 500 pipelines is reached (ResourceLimitExceeded). Try: ask for a "
        "higher quota (`aws service-quotas`, service code sagemaker), or remove what is no longer needed.",
    ),
    (
        refused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", "PutObject"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: Your proposed upload exceeds the maximum allowed size (EntityTooLarge). Try: leave large "
        "files out of the source folder: an object sent at once may hold 5 GB.",
    ),
    (
        refused("InternalFailure", "", attempts=5),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: no reason is given (InternalFailure). Try: the fault is the service's, 5 "
        "attempts in a row: run the command again in a few minutes.",
    ),
    (
        boto.NoRegionError(),
        "Signing in",
        "SageMaker",
        "Signing in on SageMaker failed: You must specify a region. Try: set SMP_REGION, AWS_REGION or conf.region, for example to "
        "eu-west-1.",
    ),
    (
        boto.ParamValidationError(report="Invalid length for parameter PipelineName"),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Parameter validation failed: Invalid length for parameter PipelineName. Try: "
        "correct the value: `smp validate` says where it was written.",
    ),
    (
        boto.SSLError(endpoint_url="https://host", error="self-signed certificate"),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: SSL validation failed for https://host self-signed certificate. Try: behind a "
        "proxy that opens TLS, set AWS_CA_BUNDLE to its certificate.",
    ),
    (
        boto.ReadTimeoutError(endpoint_url="https://host"),
        "CreatePipeline",
        PIPELINE,
        'CreatePipeline on pipeline churn failed: Read timeout on endpoint URL: "https://host". Try: check the network, '
        "HTTPS_PROXY, AWS_ENDPOINT_URL and that the region exists; without internet a VPC endpoint is needed.",
    ),
    (
        boto.EndpointConnectionError(endpoint_url="https://me:word@host/"),
        "CreatePipeline",
        PIPELINE,
        'CreatePipeline on pipeline churn failed: Could not connect to the endpoint URL: "https://***@host/". Try: check the '
        "network, HTTPS_PROXY, AWS_ENDPOINT_URL and that the region exists; without internet a VPC endpoint is needed.",
    ),
    (
        ResponseParserError("Unable to parse response"),
        "PutObject",
        OBJECT,
        f"PutObject on {OBJECT} failed: Unable to parse response. Try: run the command again; if AWS_ENDPOINT_URL or a proxy is "
        "set, check that AWS is what answers there.",
    ),
    (
        refused("AccessDeniedException", "User: x is not authorized to perform: iam:PassRole on resource: role/starter"),
        "PutTargets",
        "rule smp-churn.nightly",
        "PutTargets on rule smp-churn.nightly failed: User: x is not authorized to perform: iam:PassRole on resource: "
        "role/starter (AccessDeniedException). Try: allow iam:PassRole on role/starter to who deploys, for the services "
        "events.amazonaws.com and scheduler.amazonaws.com.",
    ),
    (
        refused("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."),
        "CreateSchedule",
        "schedule smp-churn/nightly",
        "CreateSchedule on schedule smp-churn/nightly failed: The execution role you provide must allow AWS EventBridge Scheduler "
        "to assume the role (ValidationException). Try: let events.amazonaws.com and scheduler.amazonaws.com assume the role, in "
        "its trust policy; or name another: role in the trigger, SMP_TRIGGER_ROLE or conf.sagemakerNetworkSecurity.trigger_role.",
    ),
    (
        refused("InvalidEventPatternException", "Event pattern is not valid."),
        "PutRule",
        "rule smp-churn.custom",
        "PutRule on rule smp-churn.custom failed: Event pattern is not valid (InvalidEventPatternException). Try: correct what the "
        "message names in sagemakerPipeline.triggers or .notifications.",
    ),
    (
        refused("ServiceQuotaExceededException", "Too many schedules."),
        "CreateSchedule",
        "schedule smp-churn/nightly",
        "CreateSchedule on schedule smp-churn/nightly failed: Too many schedules (ServiceQuotaExceededException). Try: ask for a "
        "higher quota (`aws service-quotas`, service codes events and scheduler), or remove what is no longer needed.",
    ),
    (
        refused("SomethingNew", "Nobody has seen this yet"),
        "CreatePipeline",
        PIPELINE,
        "CreatePipeline on pipeline churn failed: Nobody has seen this yet (SomethingNew).",
    ),
]


@pytest.mark.parametrize(("error", "operation", "resource", "message"), CASES)
def test_the_whole_message(error, operation, resource, message):
    with pytest.raises(BackendError) as caught, told(operation, resource):
        raise error

    assert str(caught.value) == message
    assert caught.value.__cause__ is error


def test_every_row_is_reached():
    reached = [cure_for(error, operation) for error, operation, _, _ in CASES]

    assert [row for row in CURES if row not in reached] == []


NEW = ("ListPipelineExecutions", "ListPipelineVersions", "DescribePipelineDefinitionForExecution", "StopPipelineExecution")


@pytest.mark.parametrize("operation", [*NEW, "ListPipelineParametersForExecution", "DescribeProcessingJob", "DescribeLogStreams"])
@pytest.mark.parametrize(
    ("error", "start"),
    [
        (("ExpiredTokenException", "The security token included in the request is expired"), "the credentials have expired: "),
        (("AccessDeniedException", "No."), "allow {service}:{operation} on that to who runs this"),
        (("ThrottlingException", "Rate exceeded"), "it was refused 3 times in a row: wait a minute"),
        (("InternalFailure", "Oh"), "the fault is the service's, 3 attempts in a row: "),
    ],
)
def test_every_operation_has_the_usual_cures(operation, error, start):
    with pytest.raises(BackendError) as caught, told(operation, "that"):
        raise refused(*error, operation, attempts=3)

    service = "logs" if "Log" in operation else "sagemaker"
    assert caught.value.what == f"{operation} on that"
    assert caught.value.cure.startswith(start.format(service=service, operation=operation))


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (refused("ThrottlingException", "Rate"), True),
        (refused("503", "Slow down"), True),
        (boto.ReadTimeoutError(endpoint_url="https://host"), True),
        (ResponseParserError("Unable to parse response"), True),
        (refused("ExpiredTokenException", "Expired"), False),
        (refused("ResourceNotFound", "Gone"), False),
        (boto.NoCredentialsError(), False),
    ],
)
def test_what_will_be_answered_later(error, passing):
    with pytest.raises(BackendError) as caught, told("DescribePipelineExecution", "execution arn"):
        raise error

    assert is_passing(caught.value) is passing
    assert is_passing(BackendError("Waiting", "it takes too long")) is False


def test_what_is_no_error_of_aws_passes():
    with pytest.raises(ZeroDivisionError), told("CreatePipeline", PIPELINE):
        raise ZeroDivisionError


def test_credentials_never_get_through(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very+secret/key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjE")
    message = (
        "The request signature we calculated does not match. Key AKIAIOSFODNN7EXAMPLE, very+secret/key, token IQoJb3JpZ2luX2VjE, "
        "Authorization=AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/eu-west-1, Signature=0f0f0f, "
        "X-Amz-Security-Token:FwoGZXIvYXdzE https://user:word@proxy:8080/x\n\n"
        "The Canonical String for this request should have been 'POST x-amz-security-token:FwoGZXIvYXdzE'"
    )

    assert public(message) == (
        "The request signature we calculated does not match. Key ***, ***, token ***, Authorization=AWS4-HMAC-SHA256 "
        "Credential=***, Signature=***, X-Amz-Security-Token:*** https://***@proxy:8080/x"
    )


def test_a_message_that_repeats_the_definition_is_cut():
    assert len(public("Value '" + "x" * 100_000)) == 602


def test_boto3_is_not_imported_before_it_is_needed():
    code = (
        "import sys; from framework.deploy.backend import SageMakerBackend; from framework.deploy.plan import diff; "
        "SageMakerBackend('eu-west-1'); sys.exit('boto3' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
