"""Service Quotas, which moto only has for VPCs: two lists of quotas, told in pages.

What comes in and what goes out is checked against the model of the service in botocore.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.functional.deploy.conftest import Answer, Call

MODEL = botocore.session.get_session().get_service_model("service-quotas")
PAGE = 100
"""As many quotas as the service tells at once at most."""


class Quotas:
    """The quotas of an account and the defaults of all accounts, by name; `page` of them are told at once."""

    def __init__(self, applied: dict[str, float], defaults: dict[str, float] | None = None, page: int = PAGE) -> None:
        self.lists = {"ListServiceQuotas": applied, "ListAWSDefaultServiceQuotas": defaults or {}}
        self.page = page

    def __call__(self, call: Call) -> Answer:
        model = MODEL.operation_model(call.operation)
        request = call.json
        _validate(request, model.input_shape)
        if request["ServiceCode"] != "sagemaker":
            body = {
                "__type": "NoSuchResourceException",
                "Message": "The request failed because the specified service does not exist.",
            }
            return Answer(400, json.dumps(body).encode())
        quotas = [_quota(name, value) for name, value in self.lists[call.operation].items()]
        start = int(request.get("NextToken", "0"))
        end = start + min(self.page, request.get("MaxResults", PAGE))
        answer: dict[str, Any] = {"Quotas": quotas[start:end]}
        if end < len(quotas):
            answer["NextToken"] = str(end)
        _validate(answer, model.output_shape)
        return Answer(200, json.dumps(answer).encode())


def code_of(name: str) -> str:
    return f"L-{sum(name.encode()) * 7919 % 0xFFFFFFFF:08X}"


def _quota(name: str, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:eu-west-1:123456789012:sagemaker/{code_of(name)}",
        "QuotaCode": code_of(name),
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _validate(value: Any, shape: Any) -> None:
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()
    _known(value, shape)


def _known(value: Any, shape: Any) -> None:
    """That there is nothing which the model does not have; ParamValidator passes over such members."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), f"{sorted(value)} is more than {shape.name} has"
        for key, member in value.items():
            _known(member, shape.members[key])
    elif shape.type_name == "list":
        for member in value:
            _known(member, shape.member)
