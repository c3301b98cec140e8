"""Where the questions are put: which account the credentials are of, and in which region the pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass

from framework.deploy.clients import Clients
from framework.deploy.cures import NOBODY
from framework.deploy.live.asking import error_names
from framework.deploy.refusals import told
from framework.errors import BackendError


@dataclass(frozen=True, slots=True)
class Where:
    """An account, "" where it is not known, and a region."""

    account: str
    region: str


def find_out(clients: Clients) -> Where:
    """Whose account and which region the clients are of.

    Raises:
        BackendError: there are no credentials, or AWS does not know them; or no region.
    """
    region = str(clients.session.region_name)
    try:
        with told("GetCallerIdentity", "the credentials"):
            return Where(str(clients.sts.get_caller_identity().get("Account", "")), region)
    except BackendError as error:
        if isinstance(error.__cause__, Exception) and error_names(error).isdisjoint(NOBODY):
            return Where("", region)
        raise
