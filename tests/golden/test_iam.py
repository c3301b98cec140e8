"""The IAM policies of the LightGBM example, alone and in a VPC with a KMS key. Write them anew with `--update-golden`."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.config.load import Sources
from framework.deploy.permissions import POLICIES
from framework.road import travel

ROOT = Path(__file__).resolve().parents[2]
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
SET = {
    "lgbm": (),
    "lgbm-vpc-kms": (
        f"sagemakerNetworkSecurity.kms_key={KEY}",
        "sagemakerNetworkSecurity.subnets=[subnet-0a1b2c3d, subnet-4e5f6a7b]",
        "sagemakerNetworkSecurity.security_groups_id=[sg-0123abcd]",
    ),
}


@pytest.mark.parametrize("purpose", POLICIES)
@pytest.mark.parametrize(("name", "overrides"), SET.items())
def test_the_policy_of_an_example_is_its_golden_one(
    name: str, overrides: tuple[str, ...], purpose: str, request: pytest.FixtureRequest
) -> None:
    sources = Sources(ROOT, patterns=("examples/lgbm/conf/conf.yaml",), env_file="env.env", overrides=overrides)
    compiled, findings = travel(sources, {})
    assert [str(finding) for finding in findings] == []
    assert compiled is not None
    policy = POLICIES[purpose](compiled)
    assert policy.notes == ()
    golden = Path(__file__).with_name("iam") / f"{name}.{purpose}.json"
    if request.config.getoption("--update-golden"):
        golden.write_text(str(policy), encoding="utf-8", newline="\n")
    assert str(policy) == golden.read_text(encoding="utf-8")
