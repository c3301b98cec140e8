"""What to try when AWS refuses a call: a table of data. The first row of `CURES` that fits an error is the one that is told."""

from __future__ import annotations

from dataclasses import dataclass

S3_ACTIONS = {"HeadObject": "s3:GetObject", "GetObject": "s3:GetObject", "PutObject": "s3:PutObject"}
S3 = tuple(S3_ACTIONS)
ACTIONS = {
    **S3_ACTIONS,
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketLocation": "s3:GetBucketLocation",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetRole": "iam:GetRole",
    "SimulatePrincipalPolicy": "iam:SimulatePrincipalPolicy",
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "DescribeImages": "ecr:DescribeImages",
    "BatchGetImage": "ecr:BatchGetImage",
    "DescribeSubnets": "ec2:DescribeSubnets",
    "DescribeSecurityGroups": "ec2:DescribeSecurityGroups",
    "DescribeKey": "kms:DescribeKey",
    "ListServiceQuotas": "servicequotas:ListServiceQuotas",
    "ListAWSDefaultServiceQuotas": "servicequotas:ListAWSDefaultServiceQuotas",
}
"""The IAM action that allows an operation, where it is not sagemaker:<operation>."""

TRIGGER_ACTIONS = {
    **{f"{verb}Schedule": f"scheduler:{verb}Schedule" for verb in ("Create", "Delete", "Get", "Update")},
    **{f"{verb}ScheduleGroup": f"scheduler:{verb}ScheduleGroup" for verb in ("Create", "Delete", "Get")},
    "ListSchedules": "scheduler:ListSchedules",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    **{f"{verb}Rule": f"events:{verb}Rule" for verb in ("Delete", "Put")},
    **{f"{verb}Targets": f"events:{verb}Targets" for verb in ("Put", "Remove")},
    **{f"List{what}": f"events:List{what}" for what in ("EventBuses", "Rules", "TagsForResource", "TargetsByRule")},
}
"""The same for what makes triggers and notifications."""

LOG_ACTIONS = {operation: f"logs:{operation}" for operation in ("DescribeLogStreams", "FilterLogEvents", "GetLogEvents")}
"""The same for what jobs have written."""

TRIGGERING = ("PutTargets", "CreateSchedule", "UpdateSchedule")
ABSENT = ("404", "NoSuchKey", "NoSuchBucket")
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403")
THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
)
NOT_FOUND = ("ResourceNotFound", "ResourceNotFoundException")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
SIGNED_OUT = ("TokenRetrievalError", "SSOError", "LoginError", "NoAuthTokenError", "UnknownTokenProviderError")
NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "MissingAuthenticationToken")
UNKNOWN_CREDENTIALS = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidToken",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "AuthFailure",
    "OptInRequired",
)
NOBODY = ("ProfileNotFound", *EXPIRED, *SIGNED_OUT, *NO_CREDENTIALS, *UNKNOWN_CREDENTIALS)
"""With these, every call is refused: AWS does not know who calls."""

UNREACHABLE = ("ConnectionError", "HTTPClientError")
"""With these, every call of the service fails: nothing answers."""
INVALID = ("ValidationException", "ValidationError")
UNKNOWN_OPERATION = ("UnknownOperationException", "InvalidAction", "NotImplemented", "501")
FAULTS = (
    "InternalFailure",
    "InternalServerError",
    "InternalError",
    "InternalServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "500",
    "502",
    "503",
    "504",
)
"""The fault is the service's."""

PASSING = (*THROTTLED, *FAULTS, *UNREACHABLE, "ResponseParserError")
"""What a call may be refused with that is well in itself and will be answered later."""

OF_EXECUTIONS = (
    "DescribePipelineDefinitionForExecution",
    "DescribePipelineExecution",
    "ListPipelineExecutionSteps",
    "ListPipelineParametersForExecution",
    "StopPipelineExecution",
)
"""The operations that are called on an execution."""

MISSING = "does not exist|[Cc]ould not find"
EXISTS = "already exists|must be unique"


@dataclass(frozen=True, slots=True)
class Cure:
    """A row of the table.

    Attributes:
        codes: error codes of a service or names of botocore's exception classes; the row fits any of them.
        text: what to try; may name {action}, {target}, {bucket}, {resource} and {attempts}.
        says: the row fits only where the message matches this regular expression.
        on: the row fits only calls of these operations; empty for all.
    """

    codes: tuple[str, ...]
    text: str
    says: str = ""
    on: tuple[str, ...] = ()


CURES = (
    Cure(("NoRegionError", "InvalidRegionError"), "set SMP_REGION, AWS_REGION or conf.region, for example to eu-west-1"),
    Cure(
        EXPIRED,
        "the credentials have expired: sign in again (`aws sso login`, or fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
        "AWS_SESSION_TOKEN) and run the command again",
    ),
    Cure(
        SIGNED_OUT,
        "sign in again with `aws sso login`, with --profile when AWS_PROFILE is set",
    ),
    Cure(
        NO_CREDENTIALS,
        "sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    Cure(("ProfileNotFound",), "set AWS_PROFILE to one of the profiles that `aws configure list-profiles` shows, or unset it"),
    Cure(("RequestTimeTooSkewed",), "set the clock of this machine"),
    Cure(("InvalidSignatureException",), "set the clock of this machine", says="Signature (expired|not yet current)"),
    Cure(
        UNKNOWN_CREDENTIALS,
        "see with `aws sts get-caller-identity` whose credentials these are, and that the region is enabled for the account",
    ),
    Cure(
        DENIED, "an explicit deny overrules every allow: ask who keeps that policy for {action} on {target}", says="explicit deny"
    ),
    Cure(
        DENIED,
        "allow iam:PassRole on {target} to who deploys, for the services events.amazonaws.com and scheduler.amazonaws.com",
        says="iam:PassRole",
        on=TRIGGERING,
    ),
    Cure(
        DENIED,
        "allow iam:PassRole on {target} to who deploys, for the service sagemaker.amazonaws.com",
        says="iam:PassRole",
    ),
    Cure(
        DENIED,
        "allow {action} on {target} in the policy of the key as well as of who deploys, or set another KMS key",
        says=r"\bkms:",
    ),
    Cure(
        DENIED,
        "allow {action} on {target} to who deploys; when the bucket {bucket} belongs to another account, its bucket policy must "
        "allow it too; for a bucket of your own set SMP_S3BUCKETNAME or conf.s3Bucket",
        on=S3,
    ),
    Cure(DENIED, "allow {action} on {target} to who runs this, in the policy of the user or role"),
    Cure(THROTTLED, "it was refused {attempts} times in a row: wait a minute and run the command again"),
    Cure(
        ("NoSuchBucket", "404"),
        "make it with `aws s3 mb s3://{bucket}`, or set SMP_S3BUCKETNAME or conf.s3Bucket to a bucket that exists",
        on=S3,
    ),
    Cure(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"),
        "the bucket {bucket} is in another region: set SMP_REGION or conf.region to its region, or SMP_S3BUCKETNAME or "
        "conf.s3Bucket to a bucket in this one",
    ),
    Cure(
        ("KMS.NotFoundException", "KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.InvalidKeyUsageException"),
        "check that the KMS key exists in this region, is enabled and encrypts, or set another",
    ),
    Cure(
        INVALID,
        "it was made by someone else since the plan was made: run the command again, and it will plan an update",
        says=EXISTS,
        on=("CreatePipeline",),
    ),
    Cure(
        (*NOT_FOUND, *INVALID),
        "deploy it first with `smp deploy`; if it is deployed, check that the account and the region are the right ones",
        says=MISSING,
        on=("StartPipelineExecution", "ListPipelineExecutions", "ListPipelineVersions"),
    ),
    Cure(
        NOT_FOUND, "`smp history` lists the executions that there are; check the account and the region as well", on=OF_EXECUTIONS
    ),
    Cure(NOT_FOUND, "check the name, the account and the region (SMP_REGION or conf.region)"),
    Cure(INVALID, "check the name, the account and the region (SMP_REGION or conf.region)", says=MISSING),
    Cure(
        INVALID,
        "the token was used before, for another start: leave --token out, or give another",
        says="[Tt]oken",
        on=("StartPipelineExecution",),
    ),
    Cure(
        (*INVALID, "ConflictException"),
        "it may have ended meanwhile: `smp status` shows how it stands",
        on=("StopPipelineExecution",),
    ),
    Cure(
        INVALID,
        "choose steps that are connected with --select, and with --source an execution of this pipeline, Succeeded or Failed, that "
        "has the results which they need",
        says="[Ss]elected ?[Ss]teps|SourcePipelineExecutionArn",
        on=("StartPipelineExecution",),
    ),
    Cure(
        INVALID,
        "check that the parameters are those of the definition, in their types: `smp validate` shows it",
        on=("StartPipelineExecution",),
    ),
    Cure(
        INVALID,
        "let events.amazonaws.com and scheduler.amazonaws.com assume the role, in its trust policy; or name another: role in the "
        "trigger, SMP_TRIGGER_ROLE or conf.sagemakerNetworkSecurity.trigger_role",
        says="assume",
        on=TRIGGERING,
    ),
    Cure(
        (*INVALID, "InvalidEventPatternException"),
        "correct what the message names in sagemakerPipeline.triggers or .notifications",
        on=("PutRule", *TRIGGERING),
    ),
    Cure(
        INVALID,
        "the service does not accept the definition: `smp validate` says what is wrong in which file and line",
        on=("CreatePipeline", "UpdatePipeline"),
    ),
    Cure(
        ("ConflictException", "ResourceInUse"),
        "another change of {resource} is under way: wait until it is done and run the command again",
    ),
    Cure(
        ("LimitExceededException", "ServiceQuotaExceededException"),
        "ask for a higher quota (`aws service-quotas`, service codes events and scheduler), or remove what is no longer needed",
        on=("PutRule", "CreateScheduleGroup", *TRIGGERING),
    ),
    Cure(
        ("ResourceLimitExceeded", "LimitExceededException"),
        "ask for a higher quota (`aws service-quotas`, service code sagemaker), or remove what is no longer needed",
    ),
    Cure(("EntityTooLarge",), "leave large files out of the source folder: an object sent at once may hold 5 GB"),
    Cure(UNKNOWN_OPERATION, "the service does not have this operation in this region yet"),
    Cure(
        FAULTS,
        "the fault is the service's, {attempts} attempts in a row: run the command again in a few minutes",
    ),
    Cure(("ParamValidationError",), "correct the value: `smp validate` says where it was written"),
    Cure(("SSLError",), "behind a proxy that opens TLS, set AWS_CA_BUNDLE to its certificate"),
    Cure(
        UNREACHABLE,
        "check the network, HTTPS_PROXY, AWS_ENDPOINT_URL and that the region exists; without internet a VPC endpoint is needed",
    ),
    Cure(
        ("ResponseParserError",),
        "run the command again; if AWS_ENDPOINT_URL or a proxy is set, check that AWS is what answers there",
    ),
)
