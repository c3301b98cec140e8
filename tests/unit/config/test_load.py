"""From files to one configuration: which files are read, and what they make together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from framework.config.load import Sources, load_config
from framework.findings import FindingsError, Place

MODEL = "conf: {models: {m: {train: {image_uri: i}}}}\n"


def said(config: Any) -> list[str]:
    return [str(finding) for finding in config.findings]


def train(config: Any, model: str = "m") -> dict[str, Any]:
    return dict(config.models[model].sections["train"].values)


def test_the_smallest_project(load: Any, tmp_path: Path) -> None:
    config = load({"m/conf/conf.yaml": MODEL})
    assert said(config) == []
    assert config.root == tmp_path
    assert config.files == (tmp_path / "m/conf/conf.yaml",)
    assert (config.bucket, config.region, config.network.role) == (
        "models",
        "eu-west-1",
        "arn:aws:iam::111122223333:role/pipelines",
    )
    assert (config.network.subnets, config.network.security_groups, config.network.kms_key) == ((), (), None)
    assert config.pipeline.name == "m-pipeline"
    assert [(unit.model, unit.steps) for unit in config.pipeline.units] == [("m", None)]
    assert config.local.data == ()


def test_a_framework_configuration(load: Any, tmp_path: Path) -> None:
    framework = """
conf:
  s3Bucket: ${TEAM}-bucket
  region: us-east-1
  sagemakerNetworkSecurity:
    role: arn:aws-us-gov:iam::111122223333:role/x
    subnets: subnet-1, ${SUBNET}
    security_groups_id: [sg-1]
    kms_key: alias/key
  local: {data: {s3://SMP_S3BUCKETNAME/raw: data, s3://a: /b}}
"""
    config = load({"conf/conf.yaml": framework, "m/conf/conf.yaml": MODEL}, {"TEAM": "churn", "SUBNET": "subnet-2"})
    assert said(config) == []
    assert (config.bucket, config.region) == ("churn-bucket", "us-east-1")
    assert config.network.role == "arn:aws-us-gov:iam::111122223333:role/x"
    assert (config.network.subnets, config.network.security_groups) == (("subnet-1", "subnet-2"), ("sg-1",))
    assert config.network.kms_key == "alias/key"
    assert config.local.data == (("s3://a", "/b"), ("s3://models/raw", str(tmp_path / "data")))


def test_settings_that_no_file_sets_are_those_of_the_variables(load: Any) -> None:
    variables = {"SMP_SUBNETS": "a,b", "SMP_SECURITYGROUPS": "c", "SMP_REGION": "eu-west-3", "SMP_S3BUCKETNAME": "other"}
    config = load({"conf/conf.yaml": "conf: {sagemakerNetworkSecurity: }", "m/conf/conf.yaml": MODEL}, variables)
    assert (config.network.subnets, config.network.security_groups) == (("a", "b"), ("c",))
    assert (config.region, config.bucket) == ("eu-west-3", "other")


def test_no_region_is_no_mistake(load: Any) -> None:
    config = load({"conf/conf.yaml": "conf: {region: '${SMP_REGION:-}'}", "m/conf/conf.yaml": MODEL}, {"SMP_REGION": ""})
    assert (config.region, said(config)) == (None, [])


@pytest.mark.parametrize(
    ("files", "bucket"),
    [
        (["conf/conf.yaml", "framework/conf/conf.yaml", "other.yaml"], "conf-conf"),
        (["framework/conf/conf.yaml", "other.yaml"], "framework-conf-conf"),
        (["other.yaml"], "models"),
    ],
)
def test_the_places_of_the_framework_configuration(load: Any, files: list[str], bucket: str) -> None:
    contents = {name: f"conf: {{s3Bucket: {name.removesuffix('.yaml').replace('/', '-')}}}" for name in files}
    assert load({**contents, "m/conf/conf.yaml": MODEL}, patterns=("m/conf/conf.yaml",)).bucket == bucket


@pytest.mark.parametrize("absolute", [False, True])
def test_a_framework_configuration_may_be_named(load: Any, tmp_path: Path, absolute: bool) -> None:
    files = {"conf/conf.yaml": "conf: {s3Bucket: usual}", "other.yaml": "conf: {s3Bucket: other}", "m/conf/conf.yaml": MODEL}
    config = load(files, framework_conf=str(tmp_path / "other.yaml") if absolute else "other.yaml")
    assert (config.bucket, said(config)) == ("other", [])


def test_a_framework_configuration_may_hold_models(load: Any) -> None:
    config = load({"conf/conf.yaml": MODEL}, patterns=("conf/*.yaml",))
    assert (list(config.models), said(config), len(config.files)) == (["m"], [], 1)


@pytest.mark.parametrize(
    ("written", "models"),
    [
        ("SMP_MODEL_CONFIGPATH", "abc"),
        ("a.yaml", "a"),
        ("'a.yaml, c.yaml'", "ac"),
        ("[b.yaml, c.yaml]", "bc"),
        ("'[ab].yaml'", "ab"),
        ("'${X}.yaml'", "c"),
        ("", "abc"),
    ],
)
def test_where_the_models_are(load: Any, written: str, models: str) -> None:
    files = {f"{name}.yaml": f"conf: {{models: {{{name}: {{train: {{image_uri: i}}}}}}}}" for name in "abc"}
    framework = (
        f"conf: {{modelConfigFilePath: {written}, sagemakerPipeline: {{models: {{{', '.join(f'{m}: ' for m in models)}}}}}}}"
    )
    config = load({**files, "conf/conf.yaml": framework}, {"SMP_MODEL_CONFIGPATH": "?.yaml", "X": "c"})
    assert (sorted(config.models), said(config)) == (list(models), [])


def test_patterns_of_the_command_line_count_more_than_all_others(load: Any) -> None:
    files = {"conf/conf.yaml": "conf: {modelConfigFilePath: nothing.yaml}", "m.yaml": MODEL}
    config = load(files, {"SMP_MODEL_CONFIGPATH": "nowhere.yaml"}, patterns=("m.yaml",))
    assert (list(config.models), said(config)) == (["m"], [])


def test_the_overlay_and_set_may_say_where_the_models_are(load: Any) -> None:
    files = {
        "conf/conf.yaml": "conf: {modelConfigFilePath: nothing.yaml}",
        "conf/environments/prod.yaml": "conf: {modelConfigFilePath: m.yaml}",
        "m.yaml": MODEL,
    }
    assert list(load(files, environment_name="prod").models) == ["m"]
    assert list(load(files, overrides=("modelConfigFilePath=m.yaml",)).models) == ["m"]
    assert list(load(files, overrides=("conf.modelConfigFilePath=[m.yaml]",)).models) == ["m"]


def test_patterns_may_be_absolute_and_deep(load: Any, tmp_path: Path) -> None:
    files = {"a/b/c/m.yaml": MODEL, "a/m.txt": ""}
    for pattern in (f"{tmp_path}/a/*/*/m.yaml", "a/**/*.yaml", "**/m.yaml", f"{tmp_path}/**/*.yaml"):
        config = load(files, patterns=(pattern,))
        assert (list(config.models), said(config)) == (["m"], [])


@pytest.mark.parametrize(("pattern", "name"), [("../m.yaml", "../m.yaml"), ("{}/m.yaml", "{}/m.yaml")])
def test_files_outside_of_the_root_are_called_as_they_are_reached(tmp_path: Path, pattern: str, name: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "m.yaml").write_text("conf: {models: {m: {train: {image_uri: i, x: 1}}}}", encoding="utf-8")
    config = load_config(Sources(root, patterns=(pattern.format(tmp_path),)), {})
    assert [finding.place.file for finding in config.findings if finding.rule == "SMP103"] == [name.format(tmp_path)]


def test_a_file_is_read_once(load: Any, tmp_path: Path) -> None:
    anchor = "conf: {models: {m: {train: {image_uri: i}}}, sagemakerPipeline: {models: {m: }}}"
    (tmp_path / "link.yaml").symlink_to("m.yaml")
    patterns = ("*.yaml", "m.yaml", "d/../m.yaml", f"{tmp_path}/[m].yaml")
    config = load({"m.yaml": anchor, "d/x": ""}, patterns=patterns)
    assert said(config) == []
    assert config.files == load({}, patterns=patterns[::-1]).files == (tmp_path / "d/../m.yaml",)


def test_the_framework_configuration_is_no_model_file(load: Any) -> None:
    files = {"conf/conf.yaml": "conf: {s3Bucket: bucket, sagemakerPipeline: {models: {m: }}}", "m/conf.yaml": MODEL}
    config = load(files, patterns=("**/conf.yaml",))
    assert said(config) == []
    assert len(config.files) == 2


def test_models_may_be_json(load: Any) -> None:
    model = {
        "conf": {"models": {"m": {"train": {"image_uri": "SMP_REGION.i", "hyperparameters": {"a": 1, "b": 0.5, "c": [True]}}}}}
    }
    config = load({"m.json": json.dumps(model, indent="\t")}, patterns=("*.json",))
    assert said(config) == []
    assert train(config)["image_uri"] == "eu-west-1.i"
    assert train(config)["hyperparameters"] == {"a": 1, "b": 0.5, "c": [True]}


OLDER = """
conf:
  models:
    modelContainer:
      churn:
        name: churn
        preprocess:
          image_uri: ${SMP_ACCOUNTID}.dkr.ecr.${SMP_REGION}.amazonaws.com/prep
          entry_point: prep.py
          channels:
            train: {dataFiles: [{sourceName: raw file, fileName: raw.csv}], s3BucketName: lake, inputBucketPrefix: a/b}
            test:
        train:
          base_image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/fit
          entry_point: fit.py
          hyperparams: {depth: 3}
          max_runtime_in_seconds: "60"
          channels: train
        transform: {image_uri: i, channels: [test]}
        evaluate:
          image_uri: i
          entry_point: judge.py
          channels: {test: {OuputLocalFilepath: /opt/ml/processing/out}}
        registry:
          ModelRepack: "False"
          InferenceSpecification:
            image_uri: i
            supported_content_types: [text/csv]
            supported_response_MIME_types: [text/csv]
            approval_status: PendingManualApproval
        metrics: {model_quality: {Statistics: {ContentType: text/x}}}
  sagemakerPipeline:
    pipelineName: churn
    models:
      churn:
        steps:
          - {step_name: prep, step_class: preprocessing, step_type: preprocess, enable_cache: "True"}
          - {step_name: fit, step_class: training, chain_input_source_steps: [prep]}
          - {step_name: model, step_class: createmodel}
          - {step_name: score, step_class: transform, chain_input_source_step: prep, chain_input_additional_prefix: /x.csv/}
          - {step_name: judge, step_class: metrics}
          - {step_name: keep, step_class: REGISTERMODEL}
    dependencies:
      - prep >> fit
"""


def test_an_older_project(load: Any) -> None:
    config = load(
        {"m.yaml": OLDER}, {"SMP_ACCOUNTID": "012345678901", "SMP_SOURCE_DIR_PATH": "source_directory"}, patterns=("m.yaml",)
    )
    assert said(config) == []
    [model] = config.models.values()
    assert (model.name, model.source_directory) == ("churn", "source_directory")
    sections = {name: section.values for name, section in model.sections.items()}
    assert list(sections) == ["preprocess", "train", "transform", "evaluate", "registry"]
    assert sections["preprocess"]["image_uri"] == "012345678901.dkr.ecr.eu-west-1.amazonaws.com/prep"
    assert sections["preprocess"]["channels"] == {
        "train": {"dataFiles": [{"sourceName": "raw file", "fileName": "raw.csv"}], "s3Bucket": "lake", "s3InputPrefix": "a/b"},
        "test": None,
    }
    assert sections["train"]["image_uri"] == "012345678901.dkr.ecr.eu-west-1.amazonaws.com/fit"
    assert (sections["train"]["hyperparameters"], sections["train"]["max_runtime_seconds"]) == ({"depth": 3}, 60)
    assert sections["train"]["channels"] == {"train": None}
    assert sections["transform"]["channels"] == {"test": None}
    assert sections["evaluate"]["content_type"] == "text/x"
    assert sections["evaluate"]["channels"] == {"test": {"OutputLocalFilepath": "/opt/ml/processing/out"}}
    assert sections["registry"]["ModelRepack"] is False
    [unit] = config.pipeline.units
    assert [(step.name, step.step_class, step.section, step.enable_cache, step.chain, step.prefix) for step in unit.steps] == [
        ("prep", "Processing", "preprocess", True, (), ""),
        ("fit", "Training", "train", False, ("prep",), ""),
        ("model", "CreateModel", "registry", False, (), ""),
        ("score", "Transform", "transform", False, ("prep",), "x.csv"),
        ("judge", "Metrics", "evaluate", False, (), ""),
        ("keep", "RegisterModel", "registry", False, (), ""),
    ]
    assert config.pipeline.dependencies == (("prep >> fit", Place("m.yaml", 44, 9)),)


@pytest.mark.parametrize(
    ("variable", "written", "expected"),
    [
        ("", "", None),
        ("from", "", "from"),
        ("from", "source_directory: own,", "own"),
        ("", "source_directory: '${HERE}/x',", "here/x"),
    ],
)
def test_the_source_directory(load: Any, variable: str, written: str, expected: str | None) -> None:
    model = f"conf: {{models: {{m: {{{written} train: {{image_uri: i}}}}}}}}"
    config = load({"m.yaml": model}, {"SMP_SOURCE_DIR_PATH": variable, "HERE": "here"}, patterns=("m.yaml",))
    assert config.models["m"].source_directory == expected


@pytest.mark.parametrize("suffix", ["yaml", "yml", "json"])
def test_an_environment_lies_over_everything(load: Any, suffix: str) -> None:
    top = {
        "conf": {
            "s3Bucket": "prod-bucket",
            "models": {
                "m": {
                    "train": {"volume_size": 99, "channels": "other", "env": {"STAGE": "prod"}, "tags": [{"Key": "b", "Value": 1}]}
                }
            },
            "sagemakerPipeline": {"pipelineName": "prod"},
        }
    }
    files = {
        "conf/conf.yaml": "conf: {s3Bucket: bucket}",
        f"conf/environments/prod.{suffix}": json.dumps(top),
        "m.yaml": "conf: {models: {m: {train: {image_uri: i, volume_size_in_gb: 5, channels: own, env: {A: b}, "
        "tags: [{Key: a, Value: x}]}}}, sagemakerPipeline: {pipelineName: dev, models: {m: }}}",
    }
    config = load(files, patterns=("m.yaml",), environment_name="prod")
    assert said(config) == []
    assert (config.bucket, config.pipeline.name) == ("prod-bucket", "prod")
    assert (train(config)["image_uri"], train(config)["volume_size_in_gb"]) == ("i", 99)
    assert (train(config)["env"], train(config)["tags"]) == ({"A": "b", "STAGE": "prod"}, [{"Key": "b", "Value": "1"}])
    assert train(config)["channels"] == {"own": None, "other": None}
    assert config.models["m"].sections["train"].values.place_of("volume_size_in_gb").file == f"conf/environments/prod.{suffix}"
    assert load(files, patterns=("m.yaml",)).bucket == "bucket"


def test_assignments_come_last_in_their_order(load: Any) -> None:
    files = {"conf/environments/prod.yaml": "conf: {models: {m: {train: {instance_count: 3}}}}", "m.yaml": MODEL}
    overrides = (
        "models.m.train.instance_count=4",
        "conf.models.m.train.instance_count=5",
        "models.m.train.channels=train",
        "models.m.train.hyperparams.a=1.10",
        "models.m.train.env.V=1.10",
        "models.m.train.tags=[{Key: a, Value: b}]",
        "models.m.train.tags.0.Value=1.10",
        "models.m.train.image_uri=${IMAGE}",
        "sagemakerPipeline.models.m.steps=[{step_name: t, step_class: training}]",
        "sagemakerPipeline.models.m.steps.0.enable_cache=true",
    )
    config = load(files, {"IMAGE": "image"}, patterns=("m.yaml",), environment_name="prod", overrides=overrides)
    assert said(config) == []
    assert train(config)["instance_count"] == 5
    assert train(config)["channels"] == {"train": None}
    assert (train(config)["hyperparameters"], train(config)["env"]) == ({"a": 1.1}, {"V": "1.10"})
    assert (train(config)["tags"], train(config)["image_uri"]) == ([{"Key": "a", "Value": "1.10"}], "image")
    assert [(step.name, step.enable_cache) for step in config.pipeline.units[0].steps] == [("t", True)]


def test_an_assignment_to_an_alias_changes_only_what_it_names(load: Any) -> None:
    model = "conf: {models: {m: {train: &t {image_uri: i, tags: [{Key: a, Value: b}]}, preprocess: {<<: *t, entry_point: p.py}}}}"
    config = load({"m.yaml": model}, patterns=("m.yaml",), overrides=("models.m.train.tags.0.Value=c",))
    sections = config.models["m"].sections
    assert (sections["train"].values["tags"][0]["Value"], sections["preprocess"].values["tags"][0]["Value"]) == ("c", "b")


def test_a_file_of_variables_wins_over_the_environment(load: Any) -> None:
    files = {"v.env": 'export SMP_S3BUCKETNAME="from-file"\n', "m.yaml": MODEL}
    assert load(files, patterns=("m.yaml",), env_file="v.env").bucket == "from-file"
    assert load(files, patterns=("m.yaml",)).bucket == "models"


PARTS = {
    "framework": "conf: {s3Bucket: bucket, models: {a: {train: {instance_count: 2}}}}",
    "first": "conf: {models: {a: {train: {image_uri: i}}}, sagemakerPipeline: {models: {b: , a: }, dependencies: [x >> y]}}",
    "second": "conf: {models: {a: {train: {env: {A: b}}}, b: {train: {image_uri: j}}}}",
    "third": "conf: {models: {b: {train: {volume_size: 5}}, a: }}",
}


def test_the_order_of_files_does_not_matter(load: Any, tmp_path: Path) -> None:
    seen = set()
    for number, order in enumerate(permutations(PARTS)):
        names = {f"{number}/{position}.yaml": PARTS[part] for position, part in enumerate(order)}
        config = load(names, patterns=(f"{number}/*.yaml",))
        seen.add(
            json.dumps(
                [
                    {name: train(config, name) for name in sorted(config.models)},
                    [unit.model for unit in config.pipeline.units],
                    [text for text, _ in config.pipeline.dependencies],
                    config.bucket,
                    config.pipeline.name,
                    said(config),
                ],
                sort_keys=True,
            )
        )
    [only] = seen
    assert '"image_uri": "i"' in only
    assert '"env": {"A": "b"}' in only


def test_the_order_of_patterns_does_not_matter(load: Any) -> None:
    files = {f"{name}.yaml": text for name, text in PARTS.items()}
    first = load(files, patterns=tuple(files))
    assert first == load({}, patterns=tuple(reversed(files)))
    assert said(first) == []


def test_where_nothing_can_be_read_there_is_no_configuration(load: Any) -> None:
    with pytest.raises(FindingsError) as raised:
        load({"m.yaml": "conf: ["}, patterns=("m.yaml", "n.yaml"))
    assert [finding.rule for finding in raised.value.findings] == ["SMP111", "SMP101"]


def test_no_patterns_and_no_framework_configuration(load: Any) -> None:
    with pytest.raises(FindingsError) as raised:
        load({}, {"SMP_MODEL_CONFIGPATH": " , "})
    assert str(raised.value) == (
        "environment SMP111 there is no configuration. Try: name the model configurations with -c or SMP_MODEL_CONFIGPATH."
    )


def test_names_of_files_in_another_encoding_are_written_out(tmp_path: Path) -> None:
    latin = os.fsdecode("caf\xe9".encode("latin-1"))
    (tmp_path / f"{latin}.yaml").write_text("conf: [", encoding="utf-8")
    (tmp_path / f"{latin}.env").write_text("x", encoding="utf-8")
    with pytest.raises(FindingsError) as raised:
        load_config(Sources(tmp_path, patterns=("*.yaml",), environment_name=latin, env_file=f"{latin}.env"), {})
    assert [str(finding) for finding in raised.value.findings] == [
        '--env SMP114 there is no environment "caf\\xe9": conf/environments/caf\\xe9.yaml does not exist. Try: create it.',
        'caf\\xe9.env:1:1 SMP110 not an assignment. Try: write export NAME="value".',
        "caf\\xe9.yaml:2:1 SMP101 not valid YAML: did not find expected node content.",
    ]


def test_a_file_is_called_the_same_in_every_locale(tmp_path: Path) -> None:
    (tmp_path / "modèle.yaml").write_text("conf: 1", encoding="utf-8")
    command = [sys.executable, "-m", "framework", "validate", "--root", str(tmp_path), "-c", "*.yaml", "--format", "json"]
    root = Path(__file__).resolve().parents[3]
    said = {
        subprocess.run(command, cwd=root, env={**os.environ, **locale}, capture_output=True, check=False).stdout
        for locale in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "C.UTF-8"})
    }
    [answer] = said
    assert [finding["file"] for finding in json.loads(answer)["findings"]] == ["modèle.yaml"]
