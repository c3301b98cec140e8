"""Answers that are cut short: a client in; the same client, which asks again where an answer did not come whole, out.

botocore compares no length, and takes JSON that it cannot read for an answer without members: half a listing would be an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

JSON = ("json", "rest-json")


def watch(client: Any, attempts: int) -> Any:
    """The client, which from now on tries so often to get a whole answer, and raises botocore's ResponseParserError then."""
    client.meta.events.register("needs-retry", partial(_again, most=attempts))
    return client


def pause(attempts: int) -> float:
    """How many seconds to wait after so many attempts."""
    return 0.1 * 2.0**attempts


def _again(
    response: tuple[Any, Any] | None, operation: Any, attempts: int, request_dict: Mapping[str, Any], most: int, **_: Any
) -> float | None:
    """How long to wait for the next attempt; None where the answer is whole, or another handler sees to it."""
    if response is None or operation.has_streaming_output:
        return None
    why = _lacks(response[0], operation.service_model.metadata.get("protocol"), str(request_dict.get("method")))
    if not why:
        return None
    if attempts < most:
        return pause(attempts)
    from botocore.parsers import ResponseParserError

    raise ResponseParserError(f"the answer was cut short, {attempts} attempts in a row: {why}")


def _lacks(answer: Any, protocol: str | None, method: str) -> str:
    """What an answer lacks; "" for a whole one."""
    if method == "HEAD" or answer.status_code in (204, 304):
        return ""
    length, got = answer.headers.get("Content-Length"), len(answer.content)
    if length is not None:
        if str(length).isdecimal() and got < int(length):
            return f"{got} of {length} bytes came"
    elif not got and "Transfer-Encoding" not in answer.headers:
        return "its headers do not say how long it is, and nothing followed them"
    # All that these protocols answer is one object.
    if protocol in JSON and answer.status_code < 300 and got and not answer.content.rstrip().endswith(b"}"):
        return "it is no whole JSON"
    return ""
