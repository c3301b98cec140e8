"""HTTP requests in AWS's three protocols in, operation and parameters out; answers the other way.

json: the operation in X-Amz-Target, everything in the body. query: a form, and XML. rest-xml (S3): method, path and headers.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from tests.functional.deploy.faithful.refusal import Refusal
from tests.functional.deploy.faithful.shapes import from_json, model, to_json

TARGETS = {
    "SageMaker": "sagemaker",
    "Logs_20140328": "logs",
}
"""The prefixes of X-Amz-Target, and whose they are."""

S3_OPERATIONS = {
    ("PUT", False): "CreateBucket",
    ("HEAD", False): "HeadBucket",
    ("GET", False): "ListObjectsV2",
    ("PUT", True): "PutObject",
    ("HEAD", True): "HeadObject",
    ("GET", True): "GetObject",
    ("DELETE", True): "DeleteObject",
}
"""By method, and whether there is a key."""


@dataclass(frozen=True)
class Asked:
    """An HTTP request, understood."""

    operation: OperationModel
    parameters: dict[str, Any]
    region: str

    @property
    def service(self) -> str:
        return str(self.operation.service_model.service_name)


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def understand(method: str, path: str, headers: Mapping[str, str], body: bytes, targets: Mapping[str, str] = TARGETS) -> Asked:
    """The operation that is asked for. Raises Refusal where there is none of that kind."""
    scope = re.search(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request", headers.get("Authorization", ""))
    region = scope[1] if scope else ""
    prefix, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if prefix in targets:
        found = _operation(targets[prefix], operation)
        return Asked(found, from_json(json.loads(body or b"{}"), found.input_shape) if found.input_shape else {}, region)
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode()))
        form.pop("Version", None)
        return Asked(_operation("sts", form.pop("Action", "")), form, region)
    return _s3(method, path, headers, body, region)


def _operation(service: str, name: str) -> OperationModel:
    if name not in model(service).operation_names:
        raise Refusal("UnknownOperationException", f"{service} has no operation {name}")
    return model(service).operation_model(name)


def _s3(method: str, path: str, headers: Mapping[str, str], body: bytes, region: str) -> Asked:
    parts = urlsplit(path)
    bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
    if (method, bool(key)) not in S3_OPERATIONS or not bucket:
        raise Refusal("NotImplemented", f"{method} {parts.path} is not served here", 501)
    operation = _operation("s3", S3_OPERATIONS[method, bool(key)])
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    found: dict[str, Any] = {"Bucket": bucket, **({"Key": key} if key else {})}
    for name, shape in operation.input_shape.members.items():
        place, wire_name = shape.serialization.get("location"), shape.serialization.get("name", name)
        text = query.get(wire_name) if place == "querystring" else headers.get(wire_name) if place == "header" else None
        if text is not None:
            found[name] = _typed(text, shape)
        elif place == "headers":
            prefix = wire_name.lower()
            meta = {k.lower().removeprefix(prefix): v for k, v in headers.items() if k.lower().startswith(prefix)}
            found |= {name: meta} if meta else {}
    if operation.name == "PutObject":
        _check_sum(headers, body)
        found["Body"] = body
    return Asked(operation, found, region)


def _typed(text: str, shape: Shape) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def _check_sum(headers: Mapping[str, str], body: bytes) -> None:
    told = headers.get("x-amz-checksum-crc32")
    if told and told != base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode():
        raise Refusal("BadDigest", "The CRC32 you specified did not match the calculated checksum.")


def answer(asked: Asked, told: dict[str, Any]) -> Answered:
    """An answer as it goes over the wire."""
    shape, protocol = asked.operation.output_shape, asked.operation.service_model.metadata["protocol"]
    if protocol == "json":
        return Answered(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(to_json(told)).encode())
    if protocol == "query":
        name = asked.operation.name
        inner = "".join(_xml(member, value, shape.members[member]) for member, value in told.items())
        text = f"<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"
        return Answered(200, {"Content-Type": "text/xml"}, text.encode())
    return _rest(asked.operation, told)


def _rest(operation: OperationModel, told: dict[str, Any]) -> Answered:
    headers: dict[str, str] = {}
    shape, body, inner = operation.output_shape, b"", ""
    payload = shape.serialization.get("payload") if shape else None
    for name, value in told.items():
        member = shape.members[name]
        place, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if name == payload:
            body = value
        elif place == "header":
            headers[wire_name] = format_datetime(value, usegmt=True) if isinstance(value, datetime) else str(value)
        elif place == "headers":
            headers |= {f"{wire_name}{key}": item for key, item in value.items()}
        else:
            inner += _xml(wire_name, value, member)
    if inner:
        body = f"<?xml version='1.0' encoding='UTF-8'?><{operation.name}Result>{inner}</{operation.name}Result>".encode()
        headers["Content-Type"] = "application/xml"
    return Answered(204 if operation.name == "DeleteObject" else 200, headers, body)


def _xml(tag: str, value: Any, shape: Shape) -> str:
    if shape.type_name == "list":
        inner = shape.member.serialization.get("name", "member")
        each = [_xml(tag if shape.serialization.get("flattened") else inner, item, shape.member) for item in value]
        return "".join(each) if shape.serialization.get("flattened") else f"<{tag}>{''.join(each)}</{tag}>"
    if shape.type_name == "structure":
        return f"<{tag}>{''.join(_children(value, shape))}</{tag}>"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{tag}>{escape(value.isoformat() if isinstance(value, datetime) else str(value))}</{tag}>"


def _children(value: Mapping[str, Any], shape: Any) -> Iterator[str]:
    for name, item in value.items():
        member = shape.members[name]
        yield _xml(member.serialization.get("name", name), item, member)


def refuse(protocol: str, refusal: Refusal) -> Answered:
    """An error as it goes over the wire."""
    if protocol == "json":
        body = {"__type": refusal.code, "Message": refusal.message, "message": refusal.message}
        return Answered(
            refusal.status, {"Content-Type": "application/x-amz-json-1.1", **refusal.headers}, json.dumps(body).encode()
        )
    inner = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>" if protocol == "query" else f"<Error>{inner}</Error>"
    return Answered(refusal.status, {"Content-Type": "text/xml", **refusal.headers}, text.encode())
