"""SageMaker Studio, where a terminal is one of its own: what its metadata file says in, region, role, bucket and domain out.

Outside Studio there is no such file, and nothing of this happens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METADATA = Path("/opt/ml/metadata/resource-metadata.json")
_ARN = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):(\d{12}):app/\S+")


@dataclass(frozen=True, slots=True)
class Studio:
    """The app that this terminal belongs to.

    Attributes:
        domain, user, space: the domain's id, the names of the user profile and of the space; "" for what there is none of.
        partition, region, account: as the app's ARN has them.
        role: the execution role; "" where the file is of the older kind, which does not say it.
    """

    domain: str
    partition: str
    region: str
    account: str
    user: str = ""
    space: str = ""
    role: str = ""

    @property
    def bucket(self) -> str:
        """The bucket that Studio and the SageMaker SDK use by default."""
        return f"sagemaker-{self.region}-{self.account}"

    def variables(self) -> dict[str, str]:
        """What the configuration's variables are where they are not set."""
        known = {"SMP_REGION": self.region, "SMP_ACCOUNTID": self.account, "SMP_S3BUCKETNAME": self.bucket}
        return {**known, "SMP_ROLE": self.role} if self.role else known


def read(path: Path | None = None) -> Studio | None:
    """What the metadata file says; None outside Studio.

    Args:
        path: the file; None for the place where Studio has it.
    """
    try:
        about = json.loads((path or METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(about, dict):
        return None
    match, domain = _ARN.fullmatch(_text(about, "ResourceArn")), _text(about, "DomainId")
    if match is None or not domain:
        return None
    named = {"user": _text(about, "UserProfileName"), "space": _text(about, "SpaceName"), "role": _text(about, "ExecutionRoleArn")}
    return Studio(domain, match[1], match[2], match[3], **named)


def _text(about: Mapping[str, Any], member: str) -> str:
    value = about.get(member)
    return value if isinstance(value, str) else ""
