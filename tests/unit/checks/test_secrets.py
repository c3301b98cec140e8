"""Secrets: what is one by its name, by its form or by its looks, and what only seems to be; where they are looked for."""

from __future__ import annotations

import base64
import hashlib
import json
import string
from collections.abc import Iterator
from typing import Any

import pytest

from framework.checks import check_definition
from framework.checks.rules.secrets import is_given
from framework.checks.shapes import Violation
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.secrets import credential_in, decoded, looks_random

SECRETS = [
    ("DB_PASSWORD", "hunter22"),
    ("db_passwd", "correct horse battery"),
    ("DB_PASS", "hunter22"),
    ("apiKey", "0a1b2c3d4e"),
    ("API-KEY", "0a1b2c3d4e"),
    ("HF_TOKEN", "abcdef"),
    ("hf_token", "with/Upper"),
    ("SECRET_KEY", "django-insecure"),
    ("clientSecret", "s3cr3t-value"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
    ("passphrase", "three little words"),
    ("CONNECTION_STRING", "Server=db;Uid=me;Pwd=hunter22"),
    ("sentry_dsn", "https://abc@sentry.example/1"),
    ("AUTHORIZATION", "Bearer abcdef"),
    ("encryption_key", "not-a-key-id"),
]
NONE_MEANT = [
    ("max_tokens", "123456"),
    ("max_token", "as many as fit"),
    ("tokenizer", "bert-base-uncased"),
    ("TOKENIZERS_PARALLELISM", "enabled"),
    ("pad_token", "padding"),
    ("eos_token", "</s></s>"),
    ("response_token", "### Response:"),
    ("HF_TOKEN", "<|token|>"),
    ("secret_name", "churn-db"),
    ("SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x"),
    ("DB_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x"),
    ("DB_SECRET", "prod/churn/db"),
    ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString}}"),
    ("DB_PASSWORD", "/prod/churn/password"),
    ("DB_PASSWORD", "$DB_PASSWORD"),
    ("DB_PASSWORD", "PROD_DB_PASSWORD"),
    ("token_file", "tokens.json"),
    ("TOKEN", "https://login.example/oauth2/token"),
    ("api_key", "none"),
    ("USE_TOKEN", "enabled"),
    ("token", "abc"),
    ("token", "2024-05-01"),
    ("the_token", "two words"),
    ("PWD", "/opt/ml/code"),
    ("first_pass", "3"),
    ("bypass", "everything"),
    ("primary_key", "customer"),
    ("sort_key", "created_at"),
    ("kms_encryption_key", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("author", "somebody"),
    ("passenger", "somebody"),
    ("compass", "northwest"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_by_its_name(name: str, value: str) -> None:
    assert is_given(name, value)


@pytest.mark.parametrize(("name", "value"), NONE_MEANT)
def test_no_secret_by_its_name(name: str, value: str) -> None:
    assert not is_given(name, value)


# Written in two parts, so that none of them stands in this file as it is.
CREDENTIALS = [
    ("AKIA" + "IOSFODNN7EXAMPLE", "an AWS access key"),
    ("ASIA" + "IOSFODNN7EXAMPLE", "an AWS access key"),
    ("key=AKIA" + "IOSFODNN7EXAMPLE,", "an AWS access key"),
    ("-----BEGIN " + "PRIVATE KEY-----", "a private key"),
    ("-----BEGIN RSA " + "PRIVATE KEY-----\nMII", "a private key"),
    ("ghp_" + "0123456789abcdefghijABCDEFGHIJ012345", "a GitHub token"),
    ("github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwx", "a GitHub token"),
    ("glpat-" + "0123456789abcdefghij", "a GitLab token"),
    ("xoxb-" + "123456789012-abcdef", "a Slack token"),
    ("hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh", "a Hugging Face token"),
    ("AIza" + "SyA0123456789abcdefghijklmnopqrstuv", "a Google API key"),
    ("sk-" + "0123456789abcdefghijABCDEFGHIJ0123456789abcdefgh", "an API key"),
    ("sk-proj-" + "0123456789abcdefghijABCDEFGHIJ_0123456789", "an API key"),
    ("sk-ant-" + "api03-0123456789abcdefghijABCDEFGHIJ_0123456789", "an API key"),
    ("sk_live_" + "0123456789abcdef", "an API key"),
    ("dapi" + "0123456789abcdef0123456789abcdef", "a Databricks token"),
    ("pypi-" + "AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAw", "a PyPI token"),
    ("eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0In0.signature", "a JSON web token"),
    ("DefaultEndpointsProtocol=https;AccountKey=" + "a" * 44, "an account key"),
    ("postgresql://me:" + "hunter22@db.example/churn", "a URL with a password"),
    ("redis://:" + "hunter22@cache", "a URL with a password"),
    ("jdbc:sqlserver://db;user=me;password=" + "hunter22", "a connection string with a password"),
]
NO_CREDENTIALS = [
    "s3://bucket/sk-learn-processing-output-data/v1",
    "sk-learn-churn-model-training-pipeline-2024-v2-Final",
    "task-sk-learn-0123456789",
    "sk_customer_dimension_identifier",
    "data/sk_test_preprocessing",
    "hf_transformersfinetuningpipelineoutput",
    "https://example.com:443/path@2x.png",
    "http://localhost:8080?to=me@example.com",
    "git+ssh://git@github.com/org/repo",
    "docker://python:3.12@sha256:0123456789abcdef",
    "jdbc:redshift:iam://cluster:5439/db?user=me@example",
    "postgresql://$USER:$PASSWORD@db/churn",
    "postgresql://{user}:{password}@db/churn",
    "postgresql://<user>:<password>@db/churn",
    "postgresql://%s:%s@db/churn",
    "jdbc:sqlserver://db;password=${PASSWORD}",
    "arn:aws:iam::111122223333:role/AKIAROLE",
    "AKIAIOSFODNN7EXAMPLEANDMORE",
    "-----BEGIN CERTIFICATE-----",
    "glpat-short",
    "eyJhIjoxfQ==",
]


@pytest.mark.parametrize(("text", "kind"), CREDENTIALS)
def test_a_credential_by_its_form(text: str, kind: str) -> None:
    assert credential_in(text) == credential_in(f"--x={text} --y") == kind


@pytest.mark.parametrize("text", NO_CREDENTIALS)
def test_no_credential_by_its_form(text: str) -> None:
    assert credential_in(text) == ""


def keys(length: int) -> list[str]:
    """Texts as random keys are, always the same."""
    digests = (hashlib.sha512(f"{length} {number}".encode()).digest() for number in range(300))
    return [base64.b64encode(digest).decode()[:length] for digest in digests]


@pytest.mark.parametrize(("length", "least"), [(32, 0.6), (40, 0.9), (64, 0.97)])
def test_most_keys_look_random(length: int, least: float) -> None:
    found = [key for key in keys(length) if looks_random(key)]
    assert len(found) >= least * 300


ORDINARY = [
    "meta-llama/Meta-Llama-3-8B-Instruct",
    "sentence-transformers/all-MiniLM-L6-v2",
    "HuggingFaceH4/zephyr-7b-beta",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "google/gemma-2-27b-it-Quantized-INT4",
    "facebook/wav2vec2-large-xlsr-53-German",
    "BAAI/bge-large-en-v1-5-FineTuned-2024",
    "data/processed/2024/Q1/CustomerChurnFeatures",
    "ModelTraining/XGBoostClassifier/MaxDepth10",
    "com/amazonaws/services/sagemaker/Model2Runtime",
    "AbstractSingletonProxyFactoryBean2Impl",
    "CustomerLifetimeValue30DaysRollingAvg",
    "Account_Balance_Last_90_Days_Normalised_v2",
    "pipelines-1a2b3c4d5e6f-TrainModel-AbCdEfGhIj",
    "projects/MyProject/locations/eu-west1/Models/v1",
    "XGBoost_HPO_Objective_Validation_AUC_2024Q3",
    "ResNet50_ImageNet1K_Pretrained_Weights_V2",
    "UNet3D-Segmentation-BraTS2021-FoldNum4-Weights",
    "Llama3_1-70B-GPTQ-Int4-GroupSize128-ActOrder",
    "sourcedir-2024-05-01T12-00-00Z-Model-v1",
    "MLM-L12-H768-A12-uncased-GLUE-SST2-run3",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "550e8400-e29b-41d4-a716-446655440000",
]


@pytest.mark.parametrize("text", [
    *ORDINARY,
    string.ascii_letters + string.digits,
    base64.b64encode(json.dumps({"mode": "train", "path": "s3://bucket/key", "Depth": 7}).encode()).decode(),
    base64.urlsafe_b64encode(json.dumps({"mode": "train>>?", "path": "s3://bucket/key", "Depth": 7}).encode()).decode().rstrip("="),
    "two words of Which 1 is long enough",
    "",
])  # fmt: skip
def test_ordinary_texts_do_not_look_random(text: str) -> None:
    assert not looks_random(text)


def test_what_base64_stands_for() -> None:
    text = "the quick brown fox\njumps"
    assert decoded(base64.b64encode(text.encode()).decode()) == text
    assert decoded(base64.b64encode(hashlib.sha256(b"x").digest()).decode()) == ""
    assert decoded("dG9vIHNob3J0") == ""
    assert decoded("no base64 at all, and long enough") == ""


ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
TOKEN = keys(40)[0]
PASSWORD = "hunter22"


def step(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": "it", "Type": kind, "Arguments": arguments}


def said(*steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> list[tuple[str, str]]:
    """The secrets that are found: the rule, and what is said. None of the values is part of it."""
    definition = {"Version": "2020-12-01", "Parameters": parameters or [], "Steps": list(steps)}
    found = [each for each in check_definition(CompiledPipeline(name="x", definition=definition)) if each.rule in RULES]
    assert not any(value in text for each in found for text in _texts(each) for value in (ACCESS_KEY, TOKEN, PASSWORD))
    return [(each.rule, each.message) for each in found]


RULES = {"SMP601", "SMP602", "SMP603"}


def _texts(violation: Violation) -> Iterator[str]:
    yield violation.message
    yield violation.hint


@pytest.mark.parametrize("member", ["Environment", "HyperParameters"])
def test_what_a_job_gets(member: str) -> None:
    values = {
        "PASSWORD": PASSWORD,
        "KEY": ACCESS_KEY,
        "SEED": TOKEN,
        "QUOTED": f'"{TOKEN}"',
        "MAX_TOKENS": "512",
        "LEVEL": "information",
    }
    assert said(step("Training", **{member: values})) == [
        ("SMP601", "PASSWORD is called like a secret, and its value stands in the definition"),
        ("SMP602", "KEY holds an AWS access key"),
        ("SMP603", "SEED looks like a key or a token"),
        ("SMP603", "QUOTED looks like a key or a token"),
    ]


def test_what_stands_inside_json() -> None:
    inner = json.dumps({"db": {"password": PASSWORD, "port": 5432}, "list": ["password"]})
    assert said(step("Training", HyperParameters={"config": inner})) == [
        ("SMP601", 'config holds "password", which is called like a secret, and its value stands in the definition')
    ]
    assert said(step("Training", HyperParameters={"config": "{no json", "other": "{" * 50_000})) == []


def test_what_base64_hides() -> None:
    hidden = base64.b64encode(f"[default] aws_access_key_id = {ACCESS_KEY}".encode()).decode()
    assert said(step("Processing", Environment={"CONFIG": hidden})) == [("SMP602", "CONFIG holds an AWS access key")]


def test_command_lines() -> None:
    words = ["--db-password", PASSWORD, f"--token={PASSWORD}", "--max-tokens", "123456", "--secret", "prod/churn/db",
             "--api-key", {"Get": "Parameters.Key"}, "--key", ACCESS_KEY, "--token", TOKEN, "-v", "--token", "--verbose",
             "--password", ACCESS_KEY, TOKEN]  # fmt: skip
    by_flag = " is a secret by the flag it follows"
    expected = {
        1: ("SMP601", by_flag), 2: ("SMP601", by_flag), 10: ("SMP602", " holds an AWS access key"), 12: ("SMP601", by_flag),
        17: ("SMP602", " holds an AWS access key"), 18: ("SMP603", " looks like a key or a token"),
    }  # fmt: skip
    for kind, member, arguments in [
        ("Processing", "ContainerArguments", {"AppSpecification": {"ContainerArguments": words}}),
        ("Training", "ContainerEntrypoint", {"AlgorithmSpecification": {"ContainerEntrypoint": words}}),
        ("EMR", "Args", {"StepConfig": {"HadoopJarStep": {"Args": words}}}),
        ("EMRServerless", "entryPointArguments", {"JobConfig": {"jobDriver": {"sparkSubmit": {"entryPointArguments": words}}}}),
    ]:
        found = dict.fromkeys(said(step(kind, **arguments)))
        assert set(found) == {(rule, f"{member}[{at}]{what}") for at, (rule, what) in expected.items()}


def test_properties_of_a_cluster_step() -> None:
    properties = [{"Key": "spark.db.password", "Value": PASSWORD}, {"Key": "spark.cores", "Value": "fourteen"}]
    assert said(step("EMR", StepConfig={"HadoopJarStep": {"Properties": properties}})) == [
        ("SMP601", "spark.db.password is called like a secret, and its value stands in the definition")
    ]


@pytest.mark.parametrize("kind", ["Lambda", "Callback"])
def test_what_a_program_is_asked(kind: str) -> None:
    asked = {**step(kind, token=PASSWORD, nested={"secret": PASSWORD}), "Description": TOKEN, "DisplayName": ACCESS_KEY}
    assert said(asked) == [
        ("SMP601", "token is called like a secret, and its value stands in the definition"),
        ("SMP601", "secret is called like a secret, and its value stands in the definition"),
        ("SMP602", "DisplayName holds an AWS access key"),
    ]


def test_joined_texts() -> None:
    def joined(*values: Any) -> dict[str, Any]:
        return {"Std:Join": {"On": "", "Values": list(values)}}

    reference = {"Get": "Execution.PipelineName"}
    values = {
        "PASSWORD": joined("prefix-", reference),
        "URL": joined("s3://", ACCESS_KEY, reference),
        "SEED": joined(TOKEN, reference),
    }
    assert said(step("Processing", Environment=values)) == [
        ("SMP602", "URL holds an AWS access key"),
        ("SMP603", "SEED looks like a key or a token"),
    ]


def test_what_no_program_gets_is_a_secret_by_its_form_alone() -> None:
    tags = [{"Key": "token", "Value": PASSWORD}, {"Key": "seed", "Value": TOKEN}, {"Key": "key", "Value": ACCESS_KEY}]
    assert said(step("Training", Tags=tags, TrainingJobName=TOKEN)) == [("SMP602", "Value holds an AWS access key")]


def test_defaults_of_parameters() -> None:
    given = {"DbPassword": PASSWORD, "Key": ACCESS_KEY, "Seed": TOKEN, "Token": "", "MaxTokens": 512, "Kind": "fast"}
    kinds = {str: "String", int: "Integer"}
    parameters = [{"Name": name, "Type": kinds[type(value)], "DefaultValue": value} for name, value in given.items()]
    assert said(parameters=[*parameters, {"Name": "ApiKey", "Type": "String"}]) == [
        ("SMP601", "the default of the parameter DbPassword, which is called like a secret, stands in the definition"),
        ("SMP602", "the default of the parameter Key holds an AWS access key"),
        ("SMP603", "the default of the parameter Seed looks like a key or a token"),
    ]


def test_each_text_is_named_once_and_inner_steps_are_looked_into() -> None:
    inner = step("Training", Environment={"AWS_SECRET_ACCESS_KEY": ACCESS_KEY})
    outer = {"Name": "check", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [inner], "ElseSteps": []}}
    assert said(outer) == [("SMP602", "AWS_SECRET_ACCESS_KEY holds an AWS access key")]


def test_a_text_beyond_ascii_is_no_base64() -> None:
    assert decoded("ü" * 40) == ""
    assert decoded("aGVsbG8gd29ybGQsIHRoaXMgaXMgdGV4dA==") == "hello world, this is text"


def test_arguments_that_are_a_text_or_hold_a_list_where_a_tag_belongs() -> None:
    steps = [
        {"Name": "a", "Type": "Lambda", "Arguments": "text"},
        {"Name": "b", "Type": "Lambda", "Arguments": {"Std:Join": {"On": "/", "Values": ["text"]}}},
        {"Name": "c", "Type": "Lambda", "Arguments": {"Value": {"Std:Join": {"On": "/", "Values": ["text"]}}}},
    ]
    compiled = CompiledPipeline("x", {"Version": "2020-12-01", "Steps": steps})
    assert [each.rule for each in check_definition(compiled) if each.rule.startswith("SMP60")] == []
