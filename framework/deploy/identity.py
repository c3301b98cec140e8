"""Whose account it is, and in which region: clients in, what STS says out."""

from __future__ import annotations

from dataclasses import dataclass

from framework.deploy.clients import Clients
from framework.deploy.refusals import told
from framework.errors import BackendError

SECONDS = 5
"""How long STS is waited for: nothing fails without it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Where calls go: `account` is "" where that is not known."""

    account: str
    region: str


def identity(clients: Clients) -> Identity:
    """The account and the region of the clients. Raises BackendError where there is no region."""
    from botocore.config import Config

    session = clients.session
    patience = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"mode": "standard", "total_max_attempts": 2})
    try:
        with told("GetCallerIdentity", "AWS"):
            account = session.client("sts", config=clients.config.merge(patience)).get_caller_identity().get("Account", "")
    except BackendError:  # a network or a policy may keep STS away from who may deploy all the same
        account = ""
    return Identity(account, session.region_name or "")
