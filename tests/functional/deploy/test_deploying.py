"""Create, update, leave alone: a plan applied over the real boto3 client, and read back."""

from __future__ import annotations

import dataclasses
import json

import pytest

from framework.deploy.fields import ABSENT, FieldChange
from framework.deploy.plan import MARK, Change, diff
from framework.errors import BackendError

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def deploy(backend, pipeline):
    plan = diff(pipeline, backend.fetch(pipeline.name))
    return plan, backend.apply(plan)


def test_create_then_unchanged(cloud, backend, make):
    pipeline = make(description="A test")

    plan, arn = deploy(backend, pipeline)

    assert (plan.action, arn) == ("create", ARN)
    deployed = backend.fetch("lgbm-test")
    assert deployed.definition == pipeline.definition
    assert (deployed.arn, deployed.role, deployed.description) == (ARN, pipeline.role, "A test")
    assert deployed.tags == ({"Key": "team", "Value": "risk"},)
    assert deployed.modified.endswith("+00:00")
    cloud.calls.clear()
    again, arn = deploy(backend, pipeline)
    assert (again.action, again.changes, arn) == ("unchanged", (), ARN)
    assert cloud.operations == ["DescribePipeline", "ListTags"]


def test_nothing_deployed_is_none(cloud, backend):
    assert backend.fetch("lgbm-test") is None

    cloud.next("DescribePipeline", cloud.refusal("ResourceNotFound", f"Pipeline '{ARN}' does not exist."))
    assert backend.fetch("lgbm-test") is None


def test_applying_an_unchanged_plan_makes_no_call(cloud, backend, make):
    deploy(backend, make())
    plan = diff(make(), backend.fetch("lgbm-test"))
    cloud.calls.clear()

    assert backend.apply(plan) == ARN
    assert cloud.calls == []


def test_update_sends_what_changed_and_nothing_else(cloud, backend, make):
    deploy(backend, make(description="A test"))
    cloud.calls.clear()

    plan, arn = deploy(backend, make(depth="8", description="A test"))

    assert (plan.action, arn) == ("update", ARN)
    depth = FieldChange("Arguments.HyperParameters.max_depth", "6", "8")
    assert plan.changes == (Change("change", "step", "train-0", (depth,), "Training"),)
    assert cloud.writes == ["AddTags", "UpdatePipeline", "AddTags"]
    assert [tag["Key"] for call in cloud.of("AddTags") for tag in call.json["Tags"]] == [MARK, MARK]
    (update,) = cloud.of("UpdatePipeline")
    assert set(update.json) == {"PipelineName", "PipelineDefinition"}
    assert backend.fetch("lgbm-test").definition == make(depth="8").definition


def test_display_name_and_parallelism_are_created_kept_and_updated(cloud, backend, make):
    deploy(backend, make(display_name="Visits", parallelism=2))
    assert deploy(backend, make(display_name="Visits", parallelism=2))[0].action == "unchanged"
    assert deploy(backend, make())[0].action == "unchanged"
    cloud.calls.clear()

    deploy(backend, make(display_name="Shoppers", parallelism=3))

    (update,) = cloud.of("UpdatePipeline")
    assert update.json == {
        "PipelineName": "lgbm-test",
        "PipelineDisplayName": "Shoppers",
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": 3},
    }
    deployed = backend.fetch("lgbm-test")
    assert (deployed.display_name, deployed.parallelism) == ("Shoppers", 3)


def test_role_and_description_are_updated_alone(cloud, backend, make):
    deploy(backend, make(description="Before"))
    cloud.calls.clear()

    deploy(backend, make(description="After", role=OTHER_ROLE))

    (update,) = cloud.of("UpdatePipeline")
    assert update.json == {"PipelineName": "lgbm-test", "PipelineDescription": "After", "RoleArn": OTHER_ROLE}
    deployed = backend.fetch("lgbm-test")
    assert (deployed.description, deployed.role) == ("After", OTHER_ROLE)


def test_no_description_leaves_the_deployed_one(backend, make):
    deploy(backend, make(description="Written by hand"))

    plan, _ = deploy(backend, make())

    assert plan.action == "unchanged"
    assert backend.fetch("lgbm-test").description == "Written by hand"


def test_a_large_definition_goes_by_s3_and_reads_back_equal(cloud, backend, make):
    pipeline = make(steps=1000, kms_key="alias/models")
    body = pipeline.definition_body().encode()
    assert len(body) > 102_400

    plan, _ = deploy(backend, pipeline)

    assert plan.action == "create"
    (created,) = cloud.of("CreatePipeline")
    place = created.json["PipelineDefinitionS3Location"]
    assert "PipelineDefinition" not in created.json
    assert place["Bucket"] == "models"
    assert place["ObjectKey"].startswith("lgbm-test/definition/")
    stored = cloud.client("s3").get_object(Bucket="models", Key=place["ObjectKey"])
    assert stored["Body"].read() == body
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", "alias/models")
    assert diff(pipeline, backend.fetch("lgbm-test")).action == "unchanged"


def test_a_large_definition_is_sent_once(cloud, backend, make):
    deploy(backend, make(steps=1000))
    deploy(backend, make())
    cloud.calls.clear()

    plan, _ = deploy(backend, make(steps=1000))

    assert plan.action == "update"
    assert cloud.writes == ["AddTags", "UpdatePipeline", "AddTags"]


def test_tags_are_added_changed_and_removed(cloud, backend, make):
    before = tuple({"Key": key, "Value": "1"} for key in ("changed", "kept", "removed"))
    after = ({"Key": "added", "Value": "1"}, {"Key": "changed", "Value": "2"}, {"Key": "kept", "Value": "1"})
    deploy(backend, make(tags=before))
    cloud.calls.clear()

    plan, _ = deploy(backend, make(tags=after))

    assert plan.changes == (
        Change("add", "tag", "added", (FieldChange("Value", ABSENT, "1"),)),
        Change("change", "tag", "changed", (FieldChange("Value", "1", "2"),)),
        Change("remove", "tag", "removed", (FieldChange("Value", "1", ABSENT),)),
    )
    assert cloud.writes == ["AddTags", "DeleteTags", "AddTags", "AddTags"]
    assert cloud.of("DeleteTags")[0].json == {"ResourceArn": ARN, "TagKeys": ["removed"]}
    begun, written, ended = (call.json for call in cloud.of("AddTags"))
    assert written == {"ResourceArn": ARN, "Tags": [after[0], after[1]]}
    assert [[tag["Key"] for tag in each["Tags"]] for each in (begun, ended)] == [[MARK], [MARK]]
    assert backend.fetch("lgbm-test").tags == after
    assert diff(make(tags=after), backend.fetch("lgbm-test")).action == "unchanged"


def test_tags_of_the_service_stay(cloud, backend, make):
    deploy(backend, make())
    studio = [{"Key": "sagemaker:user-profile-arn", "Value": "someone"}]
    cloud.client("sagemaker").add_tags(ResourceArn=ARN, Tags=studio)

    plan, _ = deploy(backend, make())

    assert plan.action == "unchanged"


def test_tags_over_several_pages(cloud, backend, make):
    deploy(backend, make())
    pages = [{"Tags": [{"Key": "b", "Value": "2"}], "NextToken": "more"}, {"Tags": [{"Key": "a", "Value": "1"}]}]
    cloud.next("ListTags", *(cloud.ok(**page) for page in pages))

    assert backend.fetch("lgbm-test").tags == ({"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"})
    assert cloud.of("ListTags")[-1].json["NextToken"] == "more"


def test_a_retried_create_is_one_create(cloud, backend, make):
    cloud.next("CreatePipeline", cloud.refusal("ServiceUnavailable", "Try again", status=503))
    pipeline = make()

    deploy(backend, pipeline)

    tokens = {call.json["ClientRequestToken"] for call in cloud.of("CreatePipeline")}
    assert len(cloud.of("CreatePipeline")) == 2
    assert len(tokens) == 1
    assert len(tokens.pop()) == 64
    other = dataclasses.replace(pipeline, role=OTHER_ROLE)
    cloud.client("sagemaker").delete_pipeline(PipelineName="lgbm-test", ClientRequestToken="x" * 32)
    deploy(backend, other)
    assert len({call.json["ClientRequestToken"] for call in cloud.of("CreatePipeline")}) == 2


def test_someone_created_it_in_between(cloud, backend, make):
    plan = diff(make(), backend.fetch("lgbm-test"))
    deploy(backend, make())

    with pytest.raises(BackendError) as caught:
        backend.apply(plan)

    assert caught.value.what == "CreatePipeline on pipeline lgbm-test"
    assert "Pipeline names must be unique within an AWS account and region" in caught.value.why
    assert caught.value.cure == (
        "it was made by someone else since the plan was made: run the command again, and it will plan an update"
    )


def test_a_plan_is_refused_when_the_account_moved(cloud, backend, make):
    deploy(backend, make())
    plan = diff(make(depth="8"), backend.fetch("lgbm-test"))
    deploy(backend, make(depth="7"))
    cloud.calls.clear()

    with pytest.raises(BackendError) as caught:
        backend.apply(plan)

    assert caught.value.what == "Applying the plan for pipeline lgbm-test"
    assert caught.value.why.startswith(f"the plan was made against the pipeline of {plan.deployed.modified}, and since then it was")
    assert caught.value.cure == "make the plan again and read it before it is applied"
    assert cloud.writes == []


def test_a_plan_is_refused_when_the_pipeline_is_gone(cloud, backend, make):
    deploy(backend, make())
    plan = diff(make(depth="8"), backend.fetch("lgbm-test"))
    cloud.client("sagemaker").delete_pipeline(PipelineName="lgbm-test", ClientRequestToken="x" * 32)

    with pytest.raises(BackendError, match="and since then it is gone"):
        backend.apply(plan)


def test_what_is_sent_is_the_body(cloud, backend, make):
    pipeline = make(depth="größer")

    deploy(backend, pipeline)

    (created,) = cloud.of("CreatePipeline")
    assert created.json["PipelineDefinition"] == pipeline.definition_body()
    assert json.loads(created.json["PipelineDefinition"]) == pipeline.definition
    assert " smp/" in created.headers["User-Agent"]


def test_a_deploy_that_has_begun_meanwhile_is_not_run_over(cloud, backend, make):
    deploy(backend, make())
    plan = diff(make(depth="8"), backend.fetch("lgbm-test"))
    claim = f"{plan.deployed.mark}/{plan.deployed.mark[2:]}"
    cloud.client("sagemaker").add_tags(ResourceArn=ARN, Tags=[{"Key": MARK, "Value": claim}])
    cloud.calls.clear()

    with pytest.raises(BackendError) as caught:
        backend.apply(plan)

    assert str(caught.value) == (
        "Applying the plan for pipeline lgbm-test failed: another deploy of it has begun since the plan was made. "
        "Try: wait until it has ended, make the plan again and read it before it is applied."
    )
    assert cloud.writes == []


def test_what_another_deploy_writes_in_between_is_written_over_and_told(cloud, backend, make):
    deploy(backend, make())
    plan, told = diff(make(depth="8"), backend.fetch("lgbm-test")), []
    theirs = make(tags=({"Key": "team", "Value": "sales"},), description="Theirs")
    written = iter((True,))

    def between(call):
        if next(written, False):
            direct = cloud.client("sagemaker")
            direct.update_pipeline(PipelineName="lgbm-test", PipelineDescription=theirs.description)
            direct.add_tags(ResourceArn=ARN, Tags=list(theirs.tags))

    cloud.always("UpdatePipeline", between)
    backend.apply(plan, told.append)

    assert told == ["another deploy changed the pipeline at the same time (tag team); it is made as this one says"]
    now = backend.fetch("lgbm-test")
    assert (now.definition, now.tags) == (make(depth="8").definition, make().tags)
