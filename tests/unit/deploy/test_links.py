"""Where the console and Studio show things, in every partition."""

from __future__ import annotations

import pytest

from framework.deploy.links import Address, address, job_page, studio_page

NAME = "pipelines-abcdefghijkl-train-0123456789"


@pytest.mark.parametrize(
    ("partition", "region", "domain"),
    [
        ("aws", "eu-west-1", "console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
@pytest.mark.parametrize(
    ("resource", "page"),
    [
        ("training-job", "jobs"),
        ("processing-job", "processing-jobs"),
        ("transform-job", "transform-jobs"),
        ("hyper-parameter-tuning-job", "hyper-tuning-jobs"),
    ],
)
def test_the_page_of_a_job(partition, region, domain, resource, page):
    arn = f"arn:{partition}:sagemaker:{region}:123456789012:{resource}/{NAME}"

    assert job_page(arn) == f"https://{domain}/sagemaker/home?region={region}#/{page}/{NAME}"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        f"arn:aws:sagemaker:eu-west-1:123456789012:model/{NAME}",
        f"arn:aws-iso:sagemaker:us-iso-east-1:123456789012:training-job/{NAME}",
        "arn:aws:lambda:eu-west-1:123456789012:function:notify",
    ],
)
def test_what_has_no_page(arn):
    assert job_page(arn) == ""


def test_the_address_of_an_execution():
    arn = "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:pipeline/churn/execution/abcdefghijkl"

    assert address(arn) == Address("aws-us-gov", "us-gov-west-1", "churn", "abcdefghijkl")
    assert address(arn.rpartition("/")[0]) is address(f" {arn}") is address("abcdefghijkl") is None


def test_studio_shows_pipelines_and_executions():
    page = "https://studio-d-1.studio.eu-west-1.sagemaker.aws/pipelines/view/churn/executions"

    assert studio_page("d-1", "eu-west-1", "churn") == page
    assert studio_page("d-1", "eu-west-1", "churn", "abc") == f"{page}/abc/graph"
    assert studio_page("", "eu-west-1", "churn") == studio_page("d-1", "cn-north-1", "churn", partition="aws-cn") == ""
