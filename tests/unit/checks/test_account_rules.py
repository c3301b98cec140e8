"""The rules of what lies in the account are those that the live checks find broken."""

from __future__ import annotations

from framework.checks.rules.account import RULES
from framework.deploy import permissions_check
from framework.deploy.live import PERMISSIONS, ec2, ecr, iam, kms, quotas, s3, violations


def test_every_rule_is_used_and_every_used_one_is_there():
    used = {iam.RULE, s3.WRITTEN, s3.READ, ecr.RULE, ec2.RULE, quotas.RULE, kms.RULE, violations.UNANSWERED, permissions_check.RULE}

    assert sorted(used) == [rule.id for rule in RULES]


def test_the_rules_name_the_permissions_that_are_needed():
    text = " ".join(rule.description for rule in RULES)

    assert [action for action in PERMISSIONS if action not in text] == ["sts:GetCallerIdentity"]  # which needs no permission
