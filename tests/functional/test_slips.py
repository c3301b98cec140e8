"""What must not slip through: line breaks in names, secrets in bundles and messages, references that lead nowhere, idle keys."""

from __future__ import annotations

import io
import tarfile

import pytest

from framework.config.load import Sources
from framework.road import travel


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda project: project.step("prep").update(step_name="prep\n"), "SMP104"),
        (lambda project: project.pipeline.update(pipelineName="churn\n"), "SMP104"),
        (lambda project: project.variables.update(SMP_S3BUCKETNAME="models\n"), "SMP104"),
        (lambda project: project.variables.update(SMP_REGION='x"; rm'), "SMP104"),
        (lambda project: project.model["preprocess"].update(inputLocalFilepath="/opt/ml/processing/../x"), "SMP104"),
        (lambda project: project.model["train"].update(arguments={"RoleArn": {"Get": "Steps.nope.RoleArn"}}), "SMP201"),
    ],
)
def test_it_is_refused_in_one_line(project, change, rule):
    change(project)
    outcome = project.compile()
    assert outcome.compiled is None or outcome.texts
    assert [finding.rule for finding in outcome.findings].count(rule) >= 1
    assert all("\n" not in text for text in outcome.texts)


def test_a_source_name_is_one_name(project):
    project.model["preprocess"]["channels"]["train"]["dataFiles"][0]["sourceName"] = "../../etc"
    assert [finding.rule for finding in project.compile().findings] == ["SMP104"]


def test_what_holds_secrets_stays_out_of_bundles(project):
    secrets = (".ssh/id_rsa", "server.pem", ".git-credentials", ".pypirc", "prod.vars", "venv/conda-meta/history", ".venv/x.py")
    for name in secrets:
        project.write(f"src/{name}", "secret")
    project.write("src/prod.vars", "".join(f'export {name}="{value}"\n' for name, value in project.variables.items()))
    outcome = project.compile(env_file="src/prod.vars")
    assert outcome.compiled is not None
    [bundle] = [upload for upload in outcome.compiled.uploads if upload.uri.endswith("sourcedir.tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(bundle.content)) as archive:
        names = archive.getnames()
    assert sorted(names) == ["evaluate.py", "inference.py", "preprocess.py", "train.py"]


@pytest.mark.parametrize("member", ["Environment", "HyperParameters"])
def test_values_that_may_be_secret_are_not_shown(project, member):
    project.model["train"]["arguments"] = {member: {"TOKEN": 4711471147}}
    [finding] = project.compile().findings
    assert finding.rule == "SMP402"
    assert "4711471147" not in str(finding)


def test_a_bucket_without_a_file_in_it_is_said_to_be_idle(project):
    project.model["train"]["channels"] = {"extra": {"s3Bucket": "other", "s3InputPrefix": "x"}}
    told = [finding.message for finding in project.compile().findings if finding.rule == "SMP113"]
    assert told == [
        "s3Bucket of the channel extra has no effect: no data file of it is a key below it",
        "s3InputPrefix of the channel extra has no effect: no data file of it is a key below it",
    ]


def test_hyperparameters_without_the_toolkit_stay_as_they_were_written(project):
    project.model["train"] |= {"entry_point": None}
    project.save()
    path = project.root / "churn/conf/conf.yaml"
    text = path.read_text().replace("entry_point: null", "hyperparameters: {a: 1.10, b: null, c: true}")
    path.write_text(text)
    compiled, _ = travel(Sources(project.root), project.variables)
    assert compiled is not None
    [fit] = [step for step in compiled.definition["Steps"] if step["Name"] == "fit"]
    assert fit["Arguments"]["HyperParameters"] == {"a": "1.10", "c": "True"}
