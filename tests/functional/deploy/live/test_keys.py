"""Live checks: KMS keys."""

from __future__ import annotations

from typing import Any

from tests.functional.deploy.live.account import ACCOUNT, at, check, encrypt, key, training

KEY_PATH = ("Arguments", "OutputDataConfig", "KmsKeyId")


def with_key(arn: str, name: str = "fit") -> dict[str, Any]:
    return training(name, OutputDataConfig={"S3OutputPath": "s3://models/out", "KmsKeyId": arn})


def test_a_key_that_does_not_exist(account):
    gone = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"
    encrypt(account, "models", "aws:kms")

    assert check(with_key(gone), kms_key=gone) == [
        f"- SMP907 error: the KMS key {gone} does not exist in eu-west-1; 1 step uses it too. "
        "Try: make it, or name one that exists."
    ]


def test_a_key_that_is_disabled(account):
    arn = key(account)
    account.client("kms").disable_key(KeyId=arn.rpartition("/")[2])

    assert check(with_key(arn)) == [
        f"{at(0, *KEY_PATH)} SMP907 error: the KMS key {arn} is disabled. "
        f"Try: enable it with `aws kms enable-key --key-id {arn}`, or name another."
    ]


def test_a_key_that_is_to_be_deleted(account):
    arn = key(account)
    account.client("kms").schedule_key_deletion(KeyId=arn.rpartition("/")[2])

    assert check(with_key(arn)) == [
        f"{at(0, *KEY_PATH)} SMP907 error: the KMS key {arn} is to be deleted. "
        f"Try: keep it with `aws kms cancel-key-deletion --key-id {arn}`, or name another."
    ]


def test_a_key_that_only_signs(account):
    arn = key(account, KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")

    assert check(with_key(arn)) == [
        f"{at(0, *KEY_PATH)} SMP907 error: the KMS key {arn} cannot encrypt what is stored (RSA_2048, SIGN_VERIFY). "
        "Try: name a symmetric key: SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT."
    ]


def test_a_key_of_another_region_is_not_asked_for(account):
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0f"

    assert check(with_key(arn), with_key(arn, "b")) == [
        f"{at(0, *KEY_PATH)} SMP907 error: the KMS key {arn} is in us-east-1, and the pipeline runs in eu-west-1; 1 more step uses "
        "it. Try: name one in eu-west-1."
    ]
    assert account.of("DescribeKey") == []


def test_an_alias_is_as_good_as_a_key(account):
    account.client("kms").create_alias(AliasName="alias/models", TargetKeyId=key(account))

    assert check(with_key("alias/models")) == []
