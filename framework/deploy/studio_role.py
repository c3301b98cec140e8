"""The execution role of Studio, where its metadata file does not say it: the app in, the role of its user profile or domain out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.deploy.clients import Clients
from framework.deploy.refusals import told
from framework.deploy.studio import Studio
from framework.errors import BackendError


def ask_role(clients: Clients, studio: Studio) -> str:
    """The execution role, as the user profile or else the domain has it; "" where neither can be asked."""
    try:
        return _of_profile(clients, studio) or _of_domain(clients, studio)
    except BackendError:
        return ""  # that SMP_ROLE is not set will be said


def _of_profile(clients: Clients, studio: Studio) -> str:
    if not studio.user:
        return ""
    with told("DescribeUserProfile", f"user profile {studio.user}"):
        found = clients.sagemaker.describe_user_profile(DomainId=studio.domain, UserProfileName=studio.user)
    return str((found.get("UserSettings") or {}).get("ExecutionRole") or "")


def _of_domain(clients: Clients, studio: Studio) -> str:
    with told("DescribeDomain", f"domain {studio.domain}"):
        found: Mapping[str, Any] = clients.sagemaker.describe_domain(DomainId=studio.domain)
    settings = found.get("DefaultUserSettings" if studio.user else "DefaultSpaceSettings") or {}
    return str(settings.get("ExecutionRole") or "")
