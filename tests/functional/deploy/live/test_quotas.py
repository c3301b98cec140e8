"""Live checks: quotas of instances."""

from __future__ import annotations

from typing import Any

from tests.functional.deploy.live.account import PROCESSING, TRAINING, at, check, serve, training
from tests.functional.deploy.live.quotas import Quotas, code_of

TYPE_PATH = ("Arguments", "ResourceConfig", "InstanceType")


def wanting(name: str, count: int, **members: Any) -> dict[str, Any]:
    return {**training(name, ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": count}), **members}


def increase(quota: str, value: int) -> str:
    return (
        "ask for more with `aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {code_of(quota)} --desired-value {value}`"
    )


def test_a_step_that_wants_more_than_the_quota(account):
    assert check(wanting("a", 5), wanting("b", 4), wanting("c", 6, DependsOn=["a"])) == [
        f'{at(0, *TYPE_PATH)} SMP906 error: it needs 5 ml.m5.xlarge at once, and the quota "{TRAINING}" in eu-west-1 is 4; 1 more '
        f"step needs more than that. Try: use fewer or another instance type, or {increase(TRAINING, 10)}."
    ]


def test_steps_that_want_more_than_the_quota_together(account):
    steps = [wanting(name, 2) for name in "abcde"]

    assert check(*steps) == [
        f'- SMP906 warning: up to 10 ml.m5.xlarge are wanted at once, by a, b, c and 2 more steps, and the quota "{TRAINING}" in '
        "eu-west-1 is 4: what goes beyond it fails with ResourceLimitExceeded. Try: set parallelism, let steps wait for each "
        f"other, retry SageMaker.RESOURCE_LIMIT, or {increase(TRAINING, 10)}."
    ]
    assert check(*steps, parallelism=2) == []


def test_defaults_count_where_no_quota_is_applied(account):
    others = {f"ml.m5.large for usage {number}": 1 for number in range(250)}
    quotas = Quotas({**others, PROCESSING: 4}, {**others, TRAINING: 1}, page=60)
    serve(account, quotas)

    assert [line.partition(" Try")[0] for line in check(wanting("a", 1), wanting("b", 1))] == [
        f'- SMP906 warning: up to 2 ml.m5.xlarge are wanted at once, by a and b, and the quota "{TRAINING}" in eu-west-1 is 1: '
        "what goes beyond it fails with ResourceLimitExceeded."
    ]
    assert [len(account.of(operation)) for operation in quotas.lists] == [5, 5]


def test_the_lists_are_read_no_further_than_needed(account):
    others = {f"ml.m5.large for usage {number}": 1 for number in range(250)}
    serve(account, Quotas({TRAINING: 4, **others}))

    assert check(training()) == []
    assert (len(account.of("ListServiceQuotas")), len(account.of("ListAWSDefaultServiceQuotas"))) == (1, 0)


def test_a_quota_that_is_not_listed(account):
    serve(account, Quotas({}))

    assert check(training()) == [
        f"- SMP900 warning: could not check the quota {TRAINING}: Service Quotas does not list it in eu-west-1. "
        "Try: check that the instance type is offered there."
    ]
