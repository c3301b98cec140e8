"""How a service says no, and what of its own errors the model does not list."""

from __future__ import annotations

from typing import Any

COMMON = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalFailure",
    "InternalServerError",
    "InvalidClientTokenId",
    "RequestExpired",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}
"""Codes that any operation may answer with, as the page "Common Errors" of the API references lists them, and those of S3."""


class Refusal(Exception):  # noqa: N818  (it is an answer)
    """An operation answers with an error."""

    def __init__(self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.headers = code, message, status, headers or {}


def missing(what: str) -> Refusal:
    return Refusal("ResourceNotFound", f"{what} does not exist.")


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def conflict(message: str) -> Refusal:
    return Refusal("ConflictException", message)


def page(items: list[Any], request: dict[str, Any], size: int) -> tuple[list[Any], dict[str, str]]:
    """One page of the items, and the NextToken member of the answer where there are more."""
    token = request.get("NextToken", "0")
    if not token.isdecimal() or int(token) > len(items):
        raise invalid("The NextToken is not valid")
    start = int(token)
    end = start + min(request.get("MaxResults", size), size)
    return items[start:end], {"NextToken": str(end)} if end < len(items) else {}
