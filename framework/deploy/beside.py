"""What stands beside a pipeline and goes with it: triggers, notifications, buckets, model package groups. Each as it was found and
as it is to be in, digests by name out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beside:
    """One thing beside the pipeline.

    Attributes:
        what, name: as in a `Change`.
        thing: what it is in AWS, as in "schedule smp-churn/nightly".
        found, wanted: its state as text, as it is and as it is to be; "" where there is none.
    """

    what: str
    name: str
    thing: str
    found: str = ""
    wanted: str = ""


def found(beside: Iterable[Beside]) -> dict[str, str]:
    """A digest of what was found, by what it is in AWS."""
    return {each.thing: digest(each.found) for each in beside if each.found}


def after(beside: Iterable[Beside]) -> dict[str, str]:
    """A digest of what is there once it was deployed, by what it is in AWS."""
    return {each.thing: digest(each.wanted) for each in beside if each.wanted}


def wanted(beside: Iterable[Beside]) -> dict[str, str]:
    """A digest of what the configuration says, by what it calls it."""
    texts: dict[str, str] = {}
    for each in beside:
        if each.wanted:
            name = f"{each.what} {each.name}"
            texts[name] = f"{texts.get(name, '')}{each.thing} {each.wanted}\n"
    return {name: digest(text) for name, text in sorted(texts.items())}


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
