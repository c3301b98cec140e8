"""The faithful server itself, asked by boto3: state, versions, scripts, errors, and that it holds everybody to the model."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.functional.deploy.faithful import Faithful, Frame

ROLE = "arn:aws:iam::123456789012:role/pipelines"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
TOKEN = "t" * 32


def definition(*kinds: str, **more) -> str:
    steps = [{"Name": kind.lower(), "Type": kind, "Arguments": {}} for kind in kinds or ("Processing", "Training")]
    return json.dumps(
        {"Version": "2020-12-01", "Parameters": [{"Name": "Depth", "Type": "Integer", "DefaultValue": 6}], "Steps": steps, **more}
    )


def client(service: str):
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))


@pytest.fixture
def sagemaker(aws: Faithful):
    return client("sagemaker")


@pytest.fixture
def made(sagemaker):
    sagemaker.create_pipeline(
        PipelineName="lgbm-test", PipelineDefinition=definition(), RoleArn=ROLE, Tags=[{"Key": "team", "Value": "risk"}]
    )
    return sagemaker


def refused(call, *args, **named) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(*args, **named)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_pipeline_has_a_version_for_each_definition(aws, made):
    changed = made.update_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition("Training"))
    same = made.update_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition("Training"), PipelineDescription="now told")
    made.update_pipeline_version(PipelineArn=ARN, PipelineVersionId=1, PipelineVersionDisplayName="first")

    assert (changed["PipelineVersionId"], same["PipelineVersionId"]) == (2, 2)
    versions = made.list_pipeline_versions(PipelineName="lgbm-test")["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in versions] == [2, 1]
    assert versions[1]["PipelineVersionDisplayName"] == "first"
    assert versions[0]["CreationTime"] > versions[1]["CreationTime"]
    newest, first = made.describe_pipeline(PipelineName=ARN), made.describe_pipeline(PipelineName="lgbm-test", PipelineVersionId=1)
    assert (newest["PipelineDefinition"], newest["PipelineDescription"]) == (definition("Training"), "now told")
    assert (first["PipelineDefinition"], first["PipelineVersionDisplayName"]) == (definition(), "first")
    assert refused(made.describe_pipeline, PipelineName="lgbm-test", PipelineVersionId=3) == (
        "ResourceNotFound",
        f"Pipeline version '3' of '{ARN}' does not exist.",
    )
    assert [call.operation for call in aws.calls[:2]] == ["CreatePipeline", "UpdatePipeline"]
    assert aws.writes == ["CreatePipeline", "UpdatePipeline", "UpdatePipeline", "UpdatePipelineVersion"]


def test_a_definition_comes_by_s3(aws, made):
    aws.s3.put("models", "definition.json", definition("Transform").encode())
    made.update_pipeline(
        PipelineName="lgbm-test", PipelineDefinitionS3Location={"Bucket": "models", "ObjectKey": "definition.json"}
    )

    assert made.describe_pipeline(PipelineName="lgbm-test")["PipelineDefinition"] == definition("Transform")
    nowhere = {"Bucket": "models", "ObjectKey": "gone.json"}
    assert refused(made.update_pipeline, PipelineName="lgbm-test", PipelineDefinitionS3Location=nowhere) == (
        "ValidationException",
        "Unable to read s3://models/gone.json",
    )
    assert refused(made.update_pipeline, PipelineName="lgbm-test", PipelineDefinition="{}")[1].startswith("Unable to parse")


def test_a_token_makes_of_two_creates_and_of_two_starts_one(aws, sagemaker):
    request = {"PipelineName": "lgbm-test", "PipelineDefinition": definition(), "RoleArn": ROLE, "ClientRequestToken": TOKEN}
    assert sagemaker.create_pipeline(**request)["PipelineArn"] == sagemaker.create_pipeline(**request)["PipelineArn"] == ARN
    assert refused(sagemaker.create_pipeline, **{**request, "ClientRequestToken": "u" * 32}) == (
        "ValidationException",
        "Pipeline names must be unique within an AWS account and region. Pipeline with name (lgbm-test) already exists.",
    )
    start = {"PipelineName": "lgbm-test", "ClientRequestToken": TOKEN}
    with ThreadPoolExecutor(4) as pool:
        arns = {one["PipelineExecutionArn"] for one in pool.map(lambda _: sagemaker.start_pipeline_execution(**start), range(8))}
    other = sagemaker.start_pipeline_execution(PipelineName="lgbm-test")["PipelineExecutionArn"]

    assert len(arns) == 1
    assert len(aws.sagemaker.runs) == 2
    assert other not in arns
    with_parameters = {**start, "PipelineParameters": [{"Name": "Depth", "Value": "9"}]}
    assert refused(sagemaker.start_pipeline_execution, **with_parameters)[0] == "ValidationException"


def test_an_execution_goes_as_its_script_says(aws, made):
    lines = ["reading", "Traceback: no data"]
    aws.sagemaker.script(
        "lgbm-test",
        Frame({"processing": "Executing"}),
        Frame({"processing": "Succeeded", "training": "Executing"}),
        Frame(
            {"training": {"StepStatus": "Failed", "FailureReason": "AlgorithmError", "logs": lines}},
            "Failed",
            "Step failure: training",
        ),
    )
    arn = made.start_pipeline_execution(
        PipelineName="lgbm-test", PipelineExecutionDisplayName="nightly", PipelineParameters=[{"Name": "Depth", "Value": "9"}]
    )["PipelineExecutionArn"]

    seen = []
    for _ in range(4):
        status = made.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        steps = made.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")["PipelineExecutionSteps"]
        seen.append((status, {step["StepName"]: step["StepStatus"] for step in steps}))
    assert seen == [
        ("Executing", {"processing": "Executing"}),
        ("Executing", {"processing": "Succeeded", "training": "Executing"}),
        ("Failed", {"processing": "Succeeded", "training": "Failed"}),
        ("Failed", {"processing": "Succeeded", "training": "Failed"}),
    ]
    [summary] = made.list_pipeline_executions(PipelineName="lgbm-test")["PipelineExecutionSummaries"]
    assert (summary["PipelineExecutionDisplayName"], summary["PipelineExecutionFailureReason"]) == (
        "nightly",
        "Step failure: training",
    )
    assert made.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"] == [
        {"Name": "Depth", "Value": "9"}
    ]
    told = made.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert told["PipelineDefinition"] == definition()
    job = steps[1]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert job.startswith(f"pipelines-{arn[-12:]}-training-")
    events = client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{job}/")["events"]
    assert [event["message"] for event in events] == lines


def test_without_a_script_all_steps_succeed_and_those_that_are_selected_alone(aws, made):
    arn = made.start_pipeline_execution(PipelineName="lgbm-test")["PipelineExecutionArn"]
    for expected in ("Executing", "Succeeded"):
        assert made.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == expected
    selection = {"SourcePipelineExecutionArn": arn, "SelectedSteps": [{"StepName": "training"}]}
    part = made.start_pipeline_execution(PipelineName="lgbm-test", SelectiveExecutionConfig=selection)["PipelineExecutionArn"]

    assert made.describe_pipeline_execution(PipelineExecutionArn=part)["SelectiveExecutionConfig"] == selection
    steps = made.list_pipeline_execution_steps(PipelineExecutionArn=part)["PipelineExecutionSteps"]
    assert [step["StepName"] for step in steps] == ["training"]
    wrong = {"SelectedSteps": [{"StepName": "nobody"}]}
    assert "['nobody']" in refused(made.start_pipeline_execution, PipelineName="lgbm-test", SelectiveExecutionConfig=wrong)[1]
    undefined = [{"Name": "Width", "Value": "9"}]
    assert "['Width']" in refused(made.start_pipeline_execution, PipelineName="lgbm-test", PipelineParameters=undefined)[1]


def test_an_execution_of_an_earlier_version(made):
    made.update_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition("Transform"))
    arn = made.start_pipeline_execution(PipelineName="lgbm-test", PipelineVersionId=1)["PipelineExecutionArn"]

    assert made.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"] == definition()
    assert made.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineVersionId"] == 1
    [_, first] = made.list_pipeline_versions(PipelineName="lgbm-test")["PipelineVersionSummaries"]
    assert first["LastExecutionPipelineExecutionArn"] == arn


def test_stop_and_retry(made):
    arn = made.start_pipeline_execution(PipelineName="lgbm-test")["PipelineExecutionArn"]
    made.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert refused(made.delete_pipeline, PipelineName="lgbm-test")[1].endswith(f"has running executions: {arn}")

    made.stop_pipeline_execution(PipelineExecutionArn=arn)
    statuses = [made.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] for _ in range(3)]
    assert statuses == ["Stopping", "Stopped", "Stopped"]
    assert refused(made.stop_pipeline_execution, PipelineExecutionArn=arn)[0] == "ValidationException"

    made.retry_pipeline_execution(PipelineExecutionArn=arn)
    statuses = [made.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] for _ in range(2)]
    assert statuses == ["Executing", "Succeeded"]
    steps = made.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert {step["AttemptCount"] for step in steps} == {2}
    made.delete_pipeline(PipelineName="lgbm-test")
    assert refused(made.describe_pipeline, PipelineName="lgbm-test") == ("ResourceNotFound", f"Pipeline '{ARN}' does not exist.")


def test_what_was_deleted_is_created_again_with_the_same_token(aws, sagemaker):
    request = {"PipelineName": "lgbm-test", "PipelineDefinition": definition(), "RoleArn": ROLE, "ClientRequestToken": TOKEN}
    for _ in range(2):
        sagemaker.create_pipeline(**request)
        assert sagemaker.describe_pipeline(PipelineName="lgbm-test")["PipelineArn"] == ARN
        sagemaker.delete_pipeline(PipelineName="lgbm-test", ClientRequestToken="d" * 32)
    assert aws.sagemaker.pipelines == {}


def test_tags_groups_and_pages(aws, made):
    made.add_tags(ResourceArn=ARN, Tags=[{"Key": "cost", "Value": "1"}, {"Key": "zone", "Value": "a"}])
    made.delete_tags(ResourceArn=ARN, TagKeys=["zone"])
    aws.sagemaker.page_size = 1
    for number in range(3):
        made.start_pipeline_execution(PipelineName="lgbm-test", PipelineExecutionDisplayName=f"run-{number}")

    pages = made.get_paginator("list_tags").paginate(ResourceArn=ARN)
    assert [tag["Key"] for page in pages for tag in page["Tags"]] == ["cost", "team"]
    pages = list(made.get_paginator("list_pipeline_executions").paginate(PipelineName="lgbm-test"))
    names = [one["PipelineExecutionDisplayName"] for page in pages for one in page["PipelineExecutionSummaries"]]
    assert (len(pages), names) == (3, ["run-2", "run-1", "run-0"])
    made.create_model_package_group(ModelPackageGroupName="Churn")
    group = made.describe_model_package_group(ModelPackageGroupName="Churn")["ModelPackageGroupArn"]
    assert group.endswith(":model-package-group/churn")
    assert refused(made.describe_model_package_group, ModelPackageGroupName="none")[1].endswith("none does not exist.")


def test_regions_know_nothing_of_each_other(aws, made):
    there = boto3.client("sagemaker", region_name="us-gov-west-1")
    assert refused(there.describe_pipeline, PipelineName="lgbm-test")[1] == (
        "Pipeline 'arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:pipeline/lgbm-test' does not exist."
    )


def test_of_two_writes_at_once_one_is_told_of_the_conflict(aws, made):
    aws.delay("UpdatePipeline", 0.3)
    both = threading.Barrier(2)

    def update(kind: str) -> str:
        both.wait()
        try:
            made.update_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition(kind))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return kind

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(update, ["Transform", "Training"]))
    winner = outcomes[1] if outcomes[0] == "ConflictException" else outcomes[0]
    assert outcomes == sorted(["ConflictException", winner])
    assert made.describe_pipeline(PipelineName="lgbm-test")["PipelineDefinition"] == definition(winner)


def test_somebody_else_comes_between(aws, made):
    aws.before("DescribePipeline", lambda: made.update_pipeline(PipelineName="lgbm-test", PipelineDescription="theirs"))

    assert made.describe_pipeline(PipelineName="lgbm-test")["PipelineDescription"] == "theirs"
    assert aws.operations == ["CreatePipeline", "UpdatePipeline", "DescribePipeline"]


def test_refusals_of_the_tests_choice(aws, made):
    aws.refuse("DescribePipeline", "ThrottlingException", "Rate exceeded")
    assert refused(made.describe_pipeline, PipelineName="lgbm-test") == ("ThrottlingException", "Rate exceeded")
    assert made.describe_pipeline(PipelineName="lgbm-test")["PipelineArn"] == ARN
    aws.refuse("ListTags", "AccessDeniedException", "not authorized", times=None)
    assert [refused(made.list_tags, ResourceArn=ARN)[0] for _ in range(2)] == ["AccessDeniedException"] * 2
    assert [call.error for call in aws.of("DescribePipeline")] == ["ThrottlingException", ""]


def test_an_invalid_request_is_refused_and_told(aws, made):
    code, message = refused(made.start_pipeline_execution, PipelineName="lgbm test", PipelineExecutionDisplayName="x" * 83)

    assert code == "ValidationException"
    assert message.startswith("3 validation errors detected: PipelineName does not match (arn:aws")
    with pytest.raises(AssertionError, match="StartPipelineExecution: PipelineName does not match"):
        aws.verify()
    aws.invalid.clear()


def test_an_invalid_answer_is_a_fault(aws, made):
    aws.sagemaker.pipelines[ARN].about["RoleArn"] = "no role"
    code, message = refused(made.describe_pipeline, PipelineName="lgbm-test")

    assert (code, message[:33]) == ("InternalFailure", "RoleArn does not match arn:aws[a-")
    with pytest.raises(AssertionError, match="the answer to DescribePipeline: RoleArn does not match"):
        aws.verify()
    aws.faults.clear()
    aws.refuse("DescribePipeline", "NoSuchError")
    refused(made.describe_pipeline, PipelineName="lgbm-test")
    assert aws.faults == ["DescribePipeline has no error NoSuchError"]
    aws.faults.clear()


def test_objects(aws):
    s3 = client("s3")
    s3.put_object(
        Bucket="models", Key="a b/1.txt", Body=b"one", ServerSideEncryption="aws:kms", SSEKMSKeyId="key-1", Metadata={"by": "me"}
    )
    s3.put_object(Bucket="models", Key="a b/2.txt", Body=b"second")
    s3.put_object(Bucket="models", Key="z", Body=b"")

    head = s3.head_object(Bucket="models", Key="a b/1.txt")
    assert (head["ContentLength"], head["SSEKMSKeyId"], head["Metadata"]) == (3, "key-1", {"by": "me"})
    assert s3.get_object(Bucket="models", Key="a b/2.txt")["Body"].read() == b"second"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="models", Prefix="a", PaginationConfig={"PageSize": 1})
    assert [(one["Key"], one["Size"]) for page in pages for one in page["Contents"]] == [("a b/1.txt", 3), ("a b/2.txt", 6)]
    assert refused(s3.put_object, Bucket="models", Key="z", Body=b"", IfNoneMatch="*")[0] == "PreconditionFailed"
    s3.delete_object(Bucket="models", Key="z")
    assert refused(s3.head_object, Bucket="models", Key="z")[0] == "404"
    assert refused(s3.get_object, Bucket="models", Key="z")[0] == "NoSuchKey"
    assert refused(s3.get_object, Bucket="nobodys", Key="z")[0] == "NoSuchBucket"
    aws.s3.owners["models"] = "999999999999"
    assert refused(s3.head_object, Bucket="models", Key="a b/1.txt")[0] == "403"


def test_log_events_forwards_and_from_the_end(aws):
    logs = client("logs")
    where = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "job/algo-1"}
    assert refused(logs.get_log_events, **where)[0] == "ResourceNotFoundException"
    aws.logs.put("/aws/sagemaker/TrainingJobs", "job/algo-1", ["1", "2", "3"])

    def told(**more):
        answer = logs.get_log_events(**where, **more)
        return [event["message"] for event in answer["events"]], answer["nextForwardToken"]

    lines, token = told(startFromHead=True, limit=2)
    assert lines == ["1", "2"]
    assert told(nextToken=token)[0] == ["3"]
    assert told(limit=2)[0] == ["2", "3"]
    aws.logs.put("/aws/sagemaker/TrainingJobs", "job/algo-1", ["4"])
    assert told(nextToken=told()[1])[0] == []
    [stream] = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="job/")["logStreams"]
    assert stream["logStreamName"] == "job/algo-1"


def test_who_is_calling(aws):
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert aws.calls[-1].service == "sts"
