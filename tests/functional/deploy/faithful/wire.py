"""HTTP requests in AWS's four protocols in, operation and parameters out; answers the other way.

json: the operation in X-Amz-Target, everything in the body. query: a form, and XML. rest-xml (S3): method, path and headers.
rest-json (Scheduler): method and path, and the body in JSON.
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
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from tests.functional.deploy.faithful.refusal import Refusal
from tests.functional.deploy.faithful.shapes import from_json, model, to_json

TARGETS = {
    "SageMaker": "sagemaker",
    "Logs_20140328": "logs",
    "AWSEvents": "events",
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

S3_SETTINGS = {
    ("GET", "notification"): "GetBucketNotificationConfiguration",
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
}
"""By method, and what the query asks of the bucket."""

REST = ("scheduler",)
"""The services of rest-json, as the signature names them."""


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
        service = "sns" if scope and scope[2] == "sns" else "sts"
        return Asked(_operation(service, form.pop("Action", "")), form, region)
    if scope and scope[2] in REST:
        return _rest_json(scope[2], method, path, body, region)
    return _s3(method, path, headers, body, region)


def _operation(service: str, name: str) -> OperationModel:
    if name not in model(service).operation_names:
        raise Refusal("UnknownOperationException", f"{service} has no operation {name}")
    return model(service).operation_model(name)


def _rest_json(service: str, method: str, path: str, body: bytes, region: str) -> Asked:
    parts, query = urlsplit(path), dict(parse_qsl(urlsplit(path).query))
    for name in model(service).operation_names:
        operation = model(service).operation_model(name)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
        match = re.fullmatch(pattern, parts.path)
        if match is None or operation.http["method"] != method:
            continue
        found = from_json(json.loads(body or b"{}"), operation.input_shape)
        found |= {member: unquote(text) for member, text in match.groupdict().items()}
        for member, shape in operation.input_shape.members.items():
            wire_name = shape.serialization.get("name", member)
            if shape.serialization.get("location") == "querystring" and wire_name in query:
                found[member] = _typed(query[wire_name], shape)
        return Asked(operation, found, region)
    raise Refusal("UnknownOperationException", f"{service} has no {method} {parts.path}")


def _s3(method: str, path: str, headers: Mapping[str, str], body: bytes, region: str) -> Asked:
    parts = urlsplit(path)
    bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    asked = next((S3_SETTINGS[method, name] for name in query if (method, name) in S3_SETTINGS), None)
    if not bucket or not (asked or (method, bool(key)) in S3_OPERATIONS):
        raise Refusal("NotImplemented", f"{method} {parts.path} is not served here", 501)
    operation = _operation("s3", asked or S3_OPERATIONS[method, bool(key)])
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
    if operation.name == "PutBucketNotificationConfiguration":
        found["NotificationConfiguration"] = _settings(body)
    return Asked(operation, found, region)


def _settings(body: bytes) -> dict[str, Any]:
    """Whom a bucket tells; here that is EventBridge or nobody."""
    names = [each.tag.rpartition("}")[2] for each in ElementTree.fromstring(body)]
    if names not in ([], ["EventBridgeConfiguration"]):
        raise Refusal("NotImplemented", f"{', '.join(names)} is not served here", 501)
    return {name: {} for name in names}


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
    if protocol in ("json", "rest-json"):
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
    if shape.type_name == "map":
        each = [f"<entry><key>{escape(key)}</key>{_xml('value', item, shape.value)}</entry>" for key, item in value.items()]
        return f"<{tag}>{''.join(each)}</{tag}>"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{tag}>{escape(value.isoformat() if isinstance(value, datetime) else str(value))}</{tag}>"


def _children(value: Mapping[str, Any], shape: Any) -> Iterator[str]:
    for name, item in value.items():
        member = shape.members[name]
        yield _xml(member.serialization.get("name", name), item, member)


def refuse(protocol: str, refusal: Refusal) -> Answered:
    """An error as it goes over the wire."""
    if protocol in ("json", "rest-json"):
        body = {"__type": refusal.code, "Message": refusal.message, "message": refusal.message}
        about = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": refusal.code}
        return Answered(refusal.status, {**about, **refusal.headers}, json.dumps(body).encode())
    inner = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>" if protocol == "query" else f"<Error>{inner}</Error>"
    return Answered(refusal.status, {"Content-Type": "text/xml", **refusal.headers}, text.encode())
