"""What AWS refuses, said so that it can be cured: any error of botocore in, a `BackendError` out.

What to try comes from the table in `cures`. Nothing that is a credential gets through.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.cures import ACTIONS, CURES, INVALID, LOG_ACTIONS, MISSING, NOT_FOUND, PASSING, TRIGGER_ACTIONS, Cure
from framework.errors import BackendError

LONGEST_REASON = 600
"""A ValidationException may repeat the whole definition."""


@contextmanager
def told(operation: str, resource: str) -> Iterator[None]:
    """Says what AWS or the way to it refused.

    Args:
        operation: the operation of the API, as in "CreatePipeline".
        resource: what it is called on, as in "pipeline lgbm-test" or "s3://bucket/key".

    Raises:
        BackendError: for any error of botocore raised inside.
    """
    try:
        yield
    except Exception as error:
        # By module: the errors have no common base, and the modules of some cost more to import than all of this one.
        if type(error).__module__.partition(".")[0] not in ("botocore", "boto3"):
            raise
        raise explain(error, operation, resource) from error


def explain(error: Exception, operation: str, resource: str) -> BackendError:
    """The `BackendError` for an error of botocore; `operation` and `resource` as for `told`."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}
    code = code_of(error)
    said = answer.get("Error", {}).get("Message") or "no reason is given" if answer else error
    reason = str(said).strip().rstrip(".")
    action, target = _refused(reason, operation, resource)
    row = cure_for(error, operation)
    cure = row.text.format(
        action=action,
        target=target,
        resource=resource,
        bucket=resource.removeprefix("s3://").partition("/")[0],
        attempts=answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1,
    )
    return BackendError(f"{operation} on {resource}", public(reason) + (f" ({code})" if code else ""), cure)


def cure_for(error: Exception, operation: str) -> Cure:
    """The first row of the table that fits; one without text where none does."""
    keys = {code_of(error), *(kind.__name__ for kind in type(error).__mro__)}
    fitting = (row for row in CURES if keys.intersection(row.codes) and (not row.on or operation in row.on))
    return next((row for row in fitting if re.search(row.says, str(error))), Cure((), ""))


def half(operation: str, resource: str, missing: str) -> BackendError:
    """The error for an answer that came, but without what every such answer holds."""
    cure = next(row.text for row in CURES if "ResponseParserError" in row.codes)
    return BackendError(f"{operation} on {resource}", f"the answer has no {missing}", cure)


def member(answer: Mapping[str, Any], name: str, operation: str, resource: str) -> Any:
    """A member that every answer to the operation has. Raises BackendError where this one, which AWS did not give, does not."""
    if name not in answer:
        raise half(operation, resource, name)
    return answer[name]


def code_of(error: Exception) -> str:
    """The service's error code; "" where the error is not a service's answer."""
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


def is_passing(error: BackendError) -> bool:
    """Whether the same call may well be answered a little later: no fault of the caller's, and nothing that is not there."""
    cause = error.__cause__
    names = {kind.__name__ for kind in type(cause).__mro__} | ({code_of(cause)} if isinstance(cause, Exception) else set())
    return not names.isdisjoint(PASSING)


def says(error: ClientError, pattern: str) -> bool:
    """Whether the service's message matches the regular expression."""
    return bool(re.search(pattern, str(error.response.get("Error", {}).get("Message", ""))))


def is_missing(error: ClientError) -> bool:
    """Whether the service says that the resource does not exist; some of its calls say that as a ValidationException."""
    return code_of(error) in NOT_FOUND or (code_of(error) in INVALID and says(error, MISSING))


def public(text: str) -> str:
    """The text on one line, of bearable length, without anything that is or may be a credential."""
    text = " ".join(text.split()).partition(" The Canonical String")[0]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        if len(os.environ.get(name, "")) > 7:
            text = text.replace(os.environ[name], "***")
    text = re.sub(r"\b(AKIA|ASIA)[A-Z0-9]{12,}", "***", text)
    text = re.sub(r"(?i)\b(x-amz-security-token[:=]|Signature=|Credential=)\s*[^\s,&']+", r"\1***", text)
    text = re.sub(r"//[^\s/@]+@", "//***@", text)
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON].rstrip() + " …"


def _refused(reason: str, operation: str, resource: str) -> tuple[str, str]:
    """The IAM action and the resource: as the message names them, else as the call implies them."""
    found = re.search(r"not authorized to perform:? ([\w-]+:\w+)(?:.*? resource: \"?((?:role )?[^\s\"]+))?", reason)
    action = found[1] if found else {**ACTIONS, **TRIGGER_ACTIONS, **LOG_ACTIONS}.get(operation, f"sagemaker:{operation}")
    return action, ((found[2] or resource) if found else resource)
