"""SimulatePrincipalPolicy, which moto lacks: the policies of one role, asked of the small simulator of IAM.

What comes in and what goes out is checked against the model of the service in botocore.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.validate import ParamValidator

from tests.functional.deploy.conftest import Answer, Call
from tests.iam_simulator import Call as Asked
from tests.iam_simulator import allowed, matching

MODEL = botocore.session.get_session().get_service_model("iam").operation_model("SimulatePrincipalPolicy")
SHOWN = 100


class Simulated:
    """The role with this policy; `page` results are told at once. `roles` collects whom it was asked about."""

    def __init__(self, policy: Mapping[str, Any], page: int = SHOWN) -> None:
        self.policy, self.page = policy, page
        self.roles: set[str] = set()

    def __call__(self, call: Call) -> Answer:
        request = _request(call.body.decode())
        report = ParamValidator().validate(request, MODEL.input_shape)
        assert not report.has_errors(), report.generate_report()
        self.roles.add(request["PolicySourceArn"])
        context = {each["ContextKeyName"]: _value(each) for each in request.get("ContextEntries", [])}
        results = [self._result(action, request["ResourceArns"], context) for action in request["ActionNames"]]
        start = int(request.get("Marker", "0"))
        end = start + self.page
        more = (
            f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < len(results) else "<IsTruncated>false</IsTruncated>"
        )
        found = f"<EvaluationResults>{''.join(results[start:end])}</EvaluationResults>{more}"
        name = "SimulatePrincipalPolicy"
        body = f"<{name}Response><{name}Result>{found}</{name}Result></{name}Response>"
        return Answer(200, body.encode(), "text/xml")

    def _result(self, action: str, resources: list[str], context: dict[str, Any]) -> str:
        decisions = {resource: self._decision(Asked(action, resource, context)) for resource in resources}
        each = "".join(
            f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
            f"<EvalResourceDecision>{decision}</EvalResourceDecision></member>"
            for resource, decision in decisions.items()
        )
        worst = next((decision for decision in decisions.values() if decision != "allowed"), "allowed")
        several = f"<ResourceSpecificResults>{each}</ResourceSpecificResults>" if len(resources) > 1 else ""
        return (
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{escape(resources[0])}</EvalResourceName>"
            f"<EvalDecision>{worst}</EvalDecision>{several}</member>"
        )

    def _decision(self, asked: Asked) -> str:
        if allowed(self.policy, asked):
            return "allowed"
        denied = any(statement["Effect"] == "Deny" for statement in matching(self.policy, asked))
        return "explicitDeny" if denied else "implicitDeny"


def _value(entry: Mapping[str, Any]) -> Any:
    return entry["ContextKeyValues"] if entry["ContextKeyType"] == "stringList" else entry["ContextKeyValues"][0]


def _request(body: str) -> dict[str, Any]:
    """The request as boto3 was given it."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(body):
        place = tree
        *holders, last = key.split(".")
        for part in holders:
            place = place.setdefault(part, {})
        place[last] = value
    return {key: _plain(value) for key, value in tree.items() if key not in ("Action", "Version")}


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"member"}:
        return [_plain(each) for _, each in sorted(value["member"].items(), key=lambda item: int(item[0]))]
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value
