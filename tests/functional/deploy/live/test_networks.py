"""Live checks: subnets and security groups."""

from __future__ import annotations

from tests.functional.deploy.live.account import at, check, network, training

VPC_PATH = ("Arguments", "VpcConfig")


def test_what_does_not_exist_of_a_network(account):
    there = network(account)
    vpc = {"Subnets": [*there["Subnets"], "subnet-0f"], "SecurityGroupIds": ["sg-0f"]}

    assert check(training(VpcConfig=vpc), training("b", VpcConfig=vpc)) == [
        f"{at(0, *VPC_PATH)} SMP905 error: subnet-0f and sg-0f do not exist in eu-west-1; 1 more step uses it. "
        "Try: name subnets and security groups of the account, in the region of the pipeline."
    ]
    assert (len(account.of("DescribeSubnets")), len(account.of("DescribeSecurityGroups"))) == (1, 1)


def test_a_network_of_two_vpcs(account):
    one, other = network(account), network(account)
    mixed = {"Subnets": one["Subnets"], "SecurityGroupIds": other["SecurityGroupIds"]}
    ec2 = account.client("ec2")
    [subnet] = ec2.describe_subnets(SubnetIds=one["Subnets"])["Subnets"]
    [group] = ec2.describe_security_groups(GroupIds=other["SecurityGroupIds"])["SecurityGroups"]
    first, second = sorted([(subnet["VpcId"], subnet["SubnetId"]), (group["VpcId"], group["GroupId"])])

    assert check(training(VpcConfig=one), training("b", VpcConfig=mixed)) == [
        f"{at(1, *VPC_PATH)} SMP905 error: its subnets and security groups are in 2 VPCs: {first[0]} ({first[1]}) and {second[0]} "
        f"({second[1]}). Try: name subnets and security groups of one VPC."
    ]
