"""Whose account it is, and in which region: clients in, what STS says out."""

from __future__ import annotations

from dataclasses import dataclass

from framework.deploy.clients import Clients
from framework.deploy.refusals import told
from framework.errors import BackendError


@dataclass(frozen=True, slots=True)
class Identity:
    """Where calls go: `account` is "" where that is not known."""

    account: str
    region: str


def identity(clients: Clients) -> Identity:
    """The account and the region of the clients. Raises BackendError where there is no region."""
    region = clients.session.region_name or ""
    try:
        with told("GetCallerIdentity", "AWS"):
            account = str(clients.brief.sts.get_caller_identity().get("Account", ""))
    except BackendError:  # a network or a policy may keep STS away from who may deploy all the same
        account = ""
    return Identity(account, region)
