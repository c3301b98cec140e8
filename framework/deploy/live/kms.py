"""KMS: whether the keys exist in the region of the pipeline, are enabled, and can encrypt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import Uses
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import code_of, half, told

RULE = "SMP907"
ARN = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{12}:(?:key|alias)/.+")
NOT_FOUND = ("NotFoundException", "InvalidArnException")
STATES = {
    "Disabled": ("is disabled", "enable it with `aws kms enable-key --key-id {key}`, or name another"),
    "PendingDeletion": ("is to be deleted", "keep it with `aws kms cancel-key-deletion --key-id {key}`, or name another"),
}
"""What is said of a key in a state other than Enabled."""


def asks(keys: Mapping[str, Uses], clients: Clients, where: Where) -> Iterator[Ask]:
    """The questions about keys."""
    for key, uses in keys.items():
        yield Ask("kms", f"the KMS key {key}", "KMS keys", partial(_key, key, uses, clients, where))


def _key(key: str, uses: Uses, clients: Clients, where: Where) -> Iterator[LiveViolation]:
    arn = ARN.fullmatch(key)
    problem = ("", "")
    if arn and arn["region"] != where.region:
        problem = f"is in {arn['region']}, and the pipeline runs in {where.region}", f"name one in {where.region}"
    else:
        about = _described(key, clients)
        problem = (
            _problem(about) if about is not None else (f"does not exist in {where.region}", "make it, or name one that exists")
        )
    if problem[0]:
        yield LiveViolation(RULE, uses[0].path, f"the KMS key {key} {problem[0]}{more(uses)}", problem[1].format(key=key))


def _problem(about: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with a key, and what to do; two empty texts when nothing is."""
    state = str(about.get("KeyState"))
    if state != "Enabled":
        return STATES.get(state, (f"cannot be used: its state is {state}", "name another, or wait until it is enabled"))
    if (
        about.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT"
        or about.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT"
    ):
        spec = f"{about.get('KeySpec')}, {about.get('KeyUsage')}"
        return f"cannot encrypt what is stored ({spec})", "name a symmetric key: SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT"
    return "", ""


def _described(key: str, clients: Clients) -> Mapping[str, Any] | None:
    """What KMS says of a key; None where there is none."""
    call = "DescribeKey", f"KMS key {key}"
    with told(*call):
        try:
            about = clients.kms.describe_key(KeyId=key).get("KeyMetadata")
        except ClientError as error:
            if code_of(error) in NOT_FOUND:
                return None
            raise
    if not about or "KeyState" not in about:
        raise half(*call, "KeyState")
    return dict(about)
