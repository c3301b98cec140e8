"""Where we differ from the original framework on purpose, statement by statement."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
CHAIN = "chain_input_source_step"
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def source_uris(outcome: Outcome, step: str = "fit") -> dict[str, str]:
    return {given["ChannelName"]: given["DataSource"]["S3DataSource"]["S3Uri"] for given in outcome.at(step, "InputDataConfig")}


def second_model(project: Project, *steps: dict[str, Any], **sections: Any) -> None:
    """A model `price` with these steps; its sections are those of `churn` unless given here."""
    project.conf["conf"]["models"]["price"] = {**project.model, **sections}
    project.pipeline["models"]["price"] = {"steps": list(steps)}


# Every dataFile of every channel is used, each training channel has its own source; several files in one training channel: a common
# prefix, or one channel per file with a clear finding.


def test_every_file_of_every_processing_channel_is_used(project: Project) -> None:
    files = [{"sourceName": name, "fileName": f"s3://lake/{name}.csv"} for name in "abcd"]
    project.model["preprocess"]["channels"] = {"train": {"dataFiles": files[:2]}, "test": {"dataFiles": files[2:]}}
    names = [given["InputName"] for given in project.compile().at("prep", "ProcessingInputs")]
    assert names == ["a", "b", "c", "d", "code", "entrypoint"]


def test_files_of_one_folder_become_one_channel(project: Project) -> None:
    files = [{"fileName": f"s3://lake/data/{name}.csv"} for name in "ab"]
    project.model["train"]["channels"] = {"train": {"dataFiles": files}, "validation": {"dataFiles": [{"fileName": "v.csv"}]}}
    del project.step("fit")["chain_input_source_step"]
    outcome = project.compile()
    assert source_uris(outcome) == {"train": "s3://lake/data/", "validation": "s3://models/v.csv"}
    [text] = outcome.texts
    assert re.fullmatch(
        r"churn/conf/conf.yaml:\d+:\d+ SMP113 warning: the 2 files of the training channel \"train\" lie in one folder; "
        r"all of s3://lake/data/ becomes the channel. Try: name the folder itself as the only file, to say so yourself.",
        text,
    )


def test_files_of_several_folders_become_a_channel_each(project: Project) -> None:
    files = [{"sourceName": "old days", "fileName": "s3://lake/old/x.csv"}, {"fileName": "s3://lake/new/"}]
    project.model["train"]["channels"] = {"train": {"dataFiles": files}}
    del project.step("fit")["chain_input_source_step"]
    outcome = project.compile()
    assert source_uris(outcome) == {"train-old-days": "s3://lake/old/x.csv", "train-new": "s3://lake/new/"}
    [text] = outcome.texts
    assert (
        'SMP113 warning: the files of the training channel "train" lie in different folders; each becomes a channel of its own: '
        "train-old-days, train-new. Try: put them into one folder, or give each its own channel." in text
    )


def test_files_that_would_become_channels_of_one_name_are_a_finding(project: Project) -> None:
    project.model["train"]["channels"] = {"train": {"dataFiles": [{"fileName": f"s3://lake/{year}/x.csv"} for year in (1, 2)]}}
    texts = project.compile().texts
    assert any(
        'SMP302 fit has 2 channels called "train-x.csv". Try: give each data file a sourceName of its own.' in t for t in texts
    )


# enable_cache is honoured (test_dialect_pipeline.py); network, encryption, KMS and tags reach every job that takes them.


@pytest.fixture
def secured(project: Project) -> Outcome:
    project.variables |= {"SMP_SUBNETS": "subnet-1", "SMP_SECURITYGROUPS": "sg-1"}
    project.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": {"kms_key": KEY}}})
    project.model["registry"]["ModelRepack"] = True
    project.pipeline["tags"] = [{"Key": "team", "Value": "risk"}, {"Key": "stage", "Value": "dev"}]
    for section in ("preprocess", "train", "transform", "evaluate", "registry"):
        project.model[section]["tags"] = [{"Key": "stage", "Value": "prod"}, {"Key": "section", "Value": section}]
    return project.compile()


@pytest.mark.parametrize(("step", "path"), [
    ("prep", "NetworkConfig.VpcConfig"), ("fit", "VpcConfig"), ("model-RepackModel", "VpcConfig"), ("model", "VpcConfig"),
    ("judge", "NetworkConfig.VpcConfig"),
])  # fmt: skip
def test_the_network_reaches_every_job(secured: Outcome, step: str, path: str) -> None:
    assert secured.at(step, path) == VPC


@pytest.mark.parametrize("step", ["prep", "judge"])
def test_traffic_between_containers_of_processing_jobs_is_encrypted(secured: Outcome, step: str) -> None:
    assert secured.at(step, "NetworkConfig.EnableInterContainerTrafficEncryption") is True


@pytest.mark.parametrize("step", ["fit", "model-RepackModel"])
def test_traffic_between_containers_of_training_jobs_is_encrypted(secured: Outcome, step: str) -> None:
    assert secured.at(step, "EnableInterContainerTrafficEncryption") is True


@pytest.mark.parametrize(("step", "path"), [
    ("prep", "ProcessingResources.ClusterConfig.VolumeKmsKeyId"), ("prep", "ProcessingOutputConfig.KmsKeyId"),
    ("judge", "ProcessingResources.ClusterConfig.VolumeKmsKeyId"), ("judge", "ProcessingOutputConfig.KmsKeyId"),
    ("fit", "ResourceConfig.VolumeKmsKeyId"), ("fit", "OutputDataConfig.KmsKeyId"),
    ("model-RepackModel", "ResourceConfig.VolumeKmsKeyId"), ("model-RepackModel", "OutputDataConfig.KmsKeyId"),
    ("score", "TransformResources.VolumeKmsKeyId"), ("score", "TransformOutput.KmsKeyId"),
])  # fmt: skip
def test_the_kms_key_reaches_every_volume_and_output(secured: Outcome, step: str, path: str) -> None:
    assert secured.at(step, path) == KEY


@pytest.mark.parametrize(("step", "section"), [
    ("prep", "preprocess"), ("fit", "train"), ("model-RepackModel", "train"), ("model", "registry"), ("score", "transform"),
    ("judge", "evaluate"),
])  # fmt: skip
def test_the_tags_reach_every_job_those_of_its_section_over_those_of_the_pipeline(
    secured: Outcome, step: str, section: str
) -> None:
    assert secured.at(step, "Tags") == [
        {"Key": "team", "Value": "risk"},
        {"Key": "stage", "Value": "prod"},
        {"Key": "section", "Value": section},
    ]


def test_a_version_in_a_group_takes_no_tags(secured: Outcome) -> None:
    assert secured.at("register", "Tags") is None


# A chain input reads the channels of the step it comes from, in whichever model that step lives.


def test_a_chain_input_reads_the_channels_of_a_step_of_another_model(project: Project) -> None:
    second_model(project, {"step_name": "price-fit", "step_class": "Training", "chain_input_source_step": ["prep"]})
    project.conf["conf"]["models"]["price"]["train"] = project.model["train"] | {"channels": {"own": None}}
    assert [*source_uris(project.compile(), "price-fit")] == ["prep-train", "prep-test"]


@pytest.mark.parametrize("step", ["score", "judge"])
def test_a_channel_that_the_source_does_not_put_out_is_a_finding(project: Project, step: str) -> None:
    project.model["transform" if step == "score" else "evaluate"]["channels"] = "validation"
    [text] = project.compile().texts
    assert f'SMP301 {step} reads the channel "validation" of prep, which puts out train, test. Try: name one of them' in text


@pytest.mark.parametrize(("source", "message"), [
    ("preb", 'SMP201 judge chains from "preb", which is no step. Try: prep.'),
    ("model", "SMP207 judge chains from model, a CreateModel step, which puts out no data. Try: chain from a step of class"),
])  # fmt: skip
def test_a_source_that_cannot_be_chained_from_is_a_finding(project: Project, source: str, message: str) -> None:
    project.step("judge")["chain_input_source_step"] = [source]
    [text] = project.compile().texts
    assert message in text


# The metrics URI is a well-formed child of the metrics output of the same execution; two models never share an output path.


def test_the_report_is_a_child_of_the_metrics_output(project: Project) -> None:
    outcome = project.compile()
    report = outcome.at("register", "ModelMetrics.ModelQuality.Statistics.S3Uri.Std:Join")
    output = outcome.at("judge", "ProcessingOutputConfig.Outputs.0.S3Output.S3Uri.Std:Join")
    assert report["On"] == output["On"] == "/"
    assert report["Values"] == [
        {"Get": "Steps.judge.ProcessingOutputConfig.Outputs['model_evaluation_metrics'].S3Output.S3Uri"},
        "model_evaluation_metrics.json",
    ]
    assert output["Values"][:4] == ["s3:/", "models", "churn-test", {"Get": "Execution.PipelineExecutionId"}]
    assert not any(part.endswith("/") for part in output["Values"][1:] if isinstance(part, str))


def outputs_of(arguments: dict[str, Any]) -> list[str]:
    found = [output["S3Output"]["S3Uri"] for output in arguments.get("ProcessingOutputConfig", {}).get("Outputs", ())]
    found += [arguments[key]["S3OutputPath"] for key in ("OutputDataConfig", "TransformOutput") if key in arguments]
    return [json.dumps(uri) for uri in found]


def test_two_models_of_one_configuration_share_no_output_path(project: Project) -> None:
    steps = project.pipeline["models"]["churn"]["steps"]
    others = [
        {**step, "step_name": f"p-{step['step_name']}", CHAIN: [f"p-{name}" for name in step.get(CHAIN, ())]} for step in steps
    ]
    project.model["evaluate"]["channels"] = {"test": {"bucket_prefix": "shared"}}
    project.model["registry"]["ModelRepack"] = True
    second_model(project, *others)
    outcome = project.compile()
    outputs = [uri for step in outcome.steps.values() for uri in outputs_of(step["Arguments"])]
    assert len(outputs) == 12
    assert len(set(outputs)) == 12
    assert all("Execution.PipelineExecutionId" in uri for uri in outputs)


# A package group is ModelPackageGroupName, else {pipelineName}-{model}; never None-…


@pytest.mark.parametrize(("given", "expected"), [("leavers", "leavers"), (None, "churn-test-churn"), ("", "churn-test-churn")])
def test_the_package_group(project: Project, given: Any, expected: str) -> None:
    project.model["registry"]["ModelPackageGroupName"] = given
    assert project.compile().at("register", "ModelPackageGroupName") == expected


@pytest.mark.parametrize(
    ("model", "group"), [("my_model", "churn-test-my-model"), ("cal.housing v2_", "churn-test-cal-housing-v2")]
)
def test_the_package_group_of_any_model_has_a_legal_name(project: Project, model: str, group: str) -> None:
    project.conf["conf"]["models"] = {model: project.model}
    project.pipeline["models"] = {model: project.pipeline["models"]["churn"]}
    outcome = project.compile()
    assert outcome.at("register", "ModelPackageGroupName") == group
    assert outcome.texts == []


# Environment: only names that start with SMP_ or are written ${NAME} are substituted, after parsing; unset ones.


def test_other_names_are_not_substituted(project: Project) -> None:
    project.variables["STAGE"] = "prod"
    project.model["train"]["env"] = {"A": "STAGE", "B": "$STAGE", "C": "${STAGE}", "D": "x-SMP_REGION"}
    environment = project.compile().at("fit", "Environment")
    assert environment == {"A": "STAGE", "B": "$STAGE", "C": "prod", "D": "x-SMP_REGION"}


def test_substitution_in_lists_and_after_parsing(project: Project) -> None:
    project.variables["TYPES"] = "text/csv, x: [y"
    specification = project.model["registry"]["InferenceSpecification"]
    specification["supported_content_types"] = ["${TYPES}", "SMP_REGION"]
    assert project.compile().at("register", "InferenceSpecification.SupportedContentTypes") == ["text/csv, x: [y", "eu-west-1"]


def test_an_unset_required_variable_is_a_finding(project: Project) -> None:
    project.model["train"]["image_uri"] = "SMP_NOWHERE.dkr.ecr.eu-west-1.amazonaws.com/x:1"
    outcome = project.compile()
    assert outcome.compiled is None
    assert any("SMP109 the environment variable SMP_NOWHERE is not set" in text for text in outcome.texts)


def test_unset_optional_variables_leave_no_trace(project: Project) -> None:
    security = {"subnets": "SMP_SUBNETS", "security_groups_id": "SMP_SECURITYGROUPS", "kms_key": "SMP_KMSKEY"}
    project.write("conf/conf.yaml", {"conf": {"sagemakerNetworkSecurity": security}})
    outcome = project.compile()
    assert outcome.texts == []
    assert not re.search("VpcConfig|KmsKey|SMP_|null", json.dumps(outcome.steps))


def test_a_default_in_the_expression(project: Project) -> None:
    project.model["train"]["instance_type"] = "${TRAIN_TYPE:-ml.c5.xlarge}"
    assert project.compile().at("fit", "ResourceConfig.InstanceType") == "ml.c5.xlarge"


# Two files that set the same key to different values: a finding naming both places. Two anchors. The order of files never matters.


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_the_order_of_files_never_matters(project: Project, names: tuple[str, str]) -> None:
    plain = project.compile()
    conf = project.conf["conf"]
    project.write(f"{names[0]}/conf/conf.yaml", {"conf": {"sagemakerPipeline": conf["sagemakerPipeline"]}})
    project.write(f"{names[1]}/conf/conf.yaml", {"conf": {"models": conf["models"]}})
    assert project.compile(patterns=("[ab]/conf/conf.yaml",)) == plain


@pytest.mark.parametrize("other", ["a", "z"])
def test_two_values_of_one_key_are_a_finding_naming_both_places(project: Project, other: str) -> None:
    project.write(f"{other}/conf/conf.yaml", {"conf": {"models": {"churn": {"train": {"instance_count": 2}}}}})
    project.model["train"] = {"instance_count": 1, **project.model["train"]}
    [text] = project.compile().texts
    [line] = re.findall(r"churn/conf/conf.yaml:(\d+)", text)
    assert (project.root / "churn/conf/conf.yaml").read_text().splitlines()[int(line) - 1].strip() == "instance_count: 1"
    assert f"{other}/conf/conf.yaml:5:9" in text
    assert " SMP106 conf.models.churn.train.instance_count has another value here than at " in text


def test_two_anchors_are_a_finding_naming_both_places(project: Project) -> None:
    project.write("a/conf/conf.yaml", {"conf": {"sagemakerPipeline": {"pipelineName": "other"}}})
    texts = project.compile().texts
    assert any(
        re.match(
            r"churn/conf/conf.yaml:\d+:3 SMP107 sagemakerPipeline stands in two files; the other is a/conf/conf.yaml:2:3\.", text
        )
        for text in texts
    )


# a>>b without spaces works; so do a << b and lists: [a, b] >> c. A cycle is a finding that prints the cycle.


@pytest.mark.parametrize(("line", "waits"), [
    ("prep>>fit", {"fit": ["prep"]}), ("fit << prep", {"fit": ["prep"]}), ("[prep, fit] >> judge", {"judge": ["prep", "fit"]}),
    ("prep >> [fit,model]", {"fit": ["prep"], "model": ["prep"]}), ("model << fit << prep", {"model": ["fit"], "fit": ["prep"]}),
])  # fmt: skip
def test_the_notation_of_dependencies(project: Project, line: str, waits: dict[str, list[str]]) -> None:
    project.pipeline["dependencies"] = [line]
    steps = project.compile().steps
    assert {name: step["DependsOn"] for name, step in steps.items() if "DependsOn" in step} == waits


def test_an_explicit_cycle_is_printed(project: Project) -> None:
    project.pipeline["dependencies"] = ["fit >> model", "model >> fit"]
    del project.step("fit")["chain_input_source_step"]
    project.pipeline["models"]["churn"]["steps"][:] = [project.step("fit"), project.step("model")]
    assert cycles(project.compile()) == [
        "the steps wait for each other in a cycle: fit >> model >> fit "
        "(fit >> model by dependencies at CONF; model >> fit by dependencies at CONF)"
    ]


def test_a_cycle_of_data_is_printed(project: Project) -> None:
    project.step("prep")["chain_input_source_step"] = ["fit"]
    assert cycles(project.compile()) == [
        "the steps wait for each other in a cycle: prep >> fit >> prep (prep >> fit by data at CONF; fit >> prep by data at CONF)"
    ]


def test_a_mixed_cycle_is_printed(project: Project) -> None:
    project.pipeline["dependencies"] = ["judge >> prep"]
    assert cycles(project.compile()) == [
        "the steps wait for each other in a cycle: prep >> judge >> prep "
        "(prep >> judge by data at CONF; judge >> prep by dependencies at CONF)"
    ]


def test_a_step_that_waits_for_itself_is_a_cycle(project: Project) -> None:
    project.step("prep")["chain_input_source_step"] = ["prep"]
    assert cycles(project.compile()) == ["the steps wait for each other in a cycle: prep >> prep (prep >> prep by data at CONF)"]


def cycles(outcome: Outcome) -> list[str]:
    assert outcome.compiled is None
    messages = [finding.message for finding in outcome.findings if finding.rule == "SMP203"]
    return [re.sub(r"churn/conf/conf.yaml:\d+:\d+", "CONF", message) for message in messages]


# Unknown keys, wrong types, unknown step names, models without steps, sections nobody uses: findings with file:line:column and the
# nearest legal name.

MISTAKES: list[tuple[str, str, str]] = [
    ("        instance_typ: x", "SMP103", 'unknown key "instance_typ" in models.churn.train. Try: instance_type.'),
    ("        instance_count: two", "SMP104", 'models.churn.train.instance_count must be a whole number, not "two".'),
]


@pytest.mark.parametrize(("line", "rule", "message"), MISTAKES)
def test_mistakes_have_a_place_and_a_cure(project: Project, line: str, rule: str, message: str) -> None:
    project.save()
    conf = project.root / "churn/conf/conf.yaml"
    lines = conf.read_text().splitlines()
    at = lines.index("      train:") + 1
    project.write("churn/conf/conf.yaml", "\n".join([*lines[:at], line, *lines[at:]]))
    project.save = lambda: None  # type: ignore[method-assign]
    column = 9 if rule == "SMP103" else 25
    assert project.compile().texts == [f"churn/conf/conf.yaml:{at + 1}:{column} {rule} {message}"]


def test_an_unknown_step_name_in_the_dependencies(project: Project) -> None:
    project.pipeline["dependencies"] = ["prep >> fitt >> model"]
    [text] = project.compile().texts
    assert re.fullmatch(r'churn/conf/conf.yaml:\d+:\d+ SMP201 the dependencies name "fitt", which is no step. Try: fit.', text)


def test_a_dependency_that_cannot_be_read(project: Project) -> None:
    project.pipeline["dependencies"] = ["prep > fit"]
    [text] = project.compile().texts
    assert 'SMP204 the dependency "prep > fit" cannot be read: ">>" or "<<" is expected before ">"' in text


def test_a_model_that_no_pipeline_builds(project: Project) -> None:
    project.conf["conf"]["models"]["price"] = {"train": project.model["train"]}
    [text] = project.compile().texts
    assert 'SMP117 warning: the model "price" is not part of the pipeline' in text


def test_a_model_of_the_pipeline_that_no_file_configures(project: Project) -> None:
    project.pipeline["models"]["chrun"] = {"steps": [{"step_name": "x", "step_class": "Training"}]}
    [text] = project.compile().texts
    assert 'SMP201 the pipeline names a model "chrun" that no file configures. Try: churn.' in text


def test_a_section_that_nobody_uses(project: Project) -> None:
    project.model["clean"] = dict(project.model["preprocess"])
    [text] = project.compile().texts
    assert re.match(r"churn/conf/conf.yaml:\d+:7 SMP116 warning: no step of the model \"churn\" uses its section \"clean\"", text)


def test_a_step_whose_section_is_missing(project: Project) -> None:
    project.step("prep")["step_type"] = "preproces"
    message = 'SMP205 prep needs the section "preproces" of the model "churn", which has none. Try: preprocess.'
    assert any(message in text for text in project.compile().texts)


# A model without a `steps` list gets the default unit from the sections it has; no anchor and one model: the default pipeline.


def test_the_default_unit(project: Project) -> None:
    project.pipeline["models"]["churn"] = None
    outcome = project.compile()
    names = ["churn-Preprocessing", "churn-Training", "churn-CreateModel", "churn-Transform", "churn-Metrics", "churn-Register"]
    assert [*outcome.steps] == names
    assert [step.get("DependsOn") for step in outcome.steps.values()] == [None, *([name] for name in names[:-1])]
    assert [*source_uris(outcome, "churn-Training")] == ["churn-Preprocessing-train", "churn-Preprocessing-test"]
    assert outcome.texts == []


def test_the_default_pipeline(project: Project) -> None:
    del project.conf["conf"]["sagemakerPipeline"]
    compiled = project.compile().compiled
    assert compiled is not None
    assert compiled.name == "churn-pipeline"
    assert len(compiled.definition["Steps"]) == 6


def test_several_models_and_no_anchor_are_a_finding(project: Project) -> None:
    project.conf["conf"]["models"]["price"] = {"train": project.model["train"]}
    del project.conf["conf"]["sagemakerPipeline"]
    [text] = project.compile().texts
    assert "SMP108 there are 2 models and no file says how they make a pipeline" in text


# Nothing is fixed to an account or region unless the config says so; no call to AWS is needed to compile.


def test_nothing_is_fixed_to_an_account_or_region(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "ap-south-1")
    del project.variables["SMP_REGION"], project.variables["SMP_ACCOUNTID"]
    text = re.sub("[0-9a-f]{64}", "", json.dumps(project.compile().steps))
    for said in (project.model["train"]["image_uri"], project.variables["SMP_ROLE"]):
        text = text.replace(said, "")
    assert not re.search(r"[a-z]{2}-[a-z]+-\d|\d{12}[^0-9a-f]", text)
    assert "sagemaker_region" not in text


def test_no_call_to_aws_is_needed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert project.compile().texts == []


def test_the_source_directory_is_left_as_it_was(project: Project) -> None:
    project.model["registry"]["ModelRepack"] = True
    before = tree(project.root / "src")
    project.compile()
    assert tree(project.root / "src") == before


def tree(folder: Path) -> list[tuple[str, int, bytes]]:
    return [(str(path), path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
