"""What is never printed."""

from __future__ import annotations

from typing import Any

import pytest

from framework.config.expressions import Join, Parameter
from framework.config.values import Text
from framework.findings import FindingsError
from framework.pipeline.parameters import resolve_parameters
from framework.pipeline.secrets import hidden, is_secret, shown

HELD = Text([("hunter2", True)])


@pytest.mark.parametrize("name", ["db_pass", "DbPass", "PWD", "auth", "AUTH_HEADER", "authorization", "conn", "conn_str",
    "API_KEY", "hf_token", "Secret", "passphrase", "dsn", "connection_url"])  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["author", "passengers", "tokenizer", "connections", "epochs", "max_connections"])
def test_other_names(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("value", "path", "text"),
    [
        ("x", ["env", "db_pass"], "(hidden)"),
        (HELD, ["env", "A"], "(hidden)"),
        (HELD, ["hyperparameters", "a"], "(hidden)"),
        (Join("", (HELD, Parameter("p"))), ["env", "A"], "(hidden)"),
        ([{"a": HELD, "b": 1}], ["hyperparameters", "a"], '[{"a": "(hidden)", "b": 1}]'),
        (Text([("ml.m5.large", True)]), ["instance_type"], "ml.m5.large"),
        ("x", ["env", "A"], "x"),
        ("redis://me:hunter2@host/0", ["env", "A"], "redis://(hidden)@host/0"),
        (["a", "redis://me:hunter2@host/0"], ["container_arguments"], '["a", "redis://(hidden)@host/0"]'),
        (["--token", "hunter2", "-n", "3"], ["container_arguments"], '["--token", "(hidden)", "-n", "3"]'),
        (["--db-pass=hunter2", "x"], ["container_arguments"], '["--db-pass=(hidden)", "x"]'),
        ([{"Key": "password", "Value": "hunter2"}], ["tags"], '[{"Key": "password", "Value": "(hidden)"}]'),
        ([{"Key": "team", "Value": "x"}], ["tags"], '[{"Key": "team", "Value": "x"}]'),
        (Join("", ("a-", Parameter("p"))), ["env", "A"], "a-${parameters.p}"),
        (3, ["instance_count"], "3"),
    ],
)  # fmt: skip
def test_how_a_value_is_shown(value: Any, path: list[str], text: str) -> None:
    assert shown(value, path) == text


def test_parameters_are_shown_without_their_secrets() -> None:
    assert hidden({"Secret": "hunter2", "Epochs": "3"}) == {"Secret": "(hidden)", "Epochs": "3"}


@pytest.mark.parametrize("about", [{"Type": "Integer"}, {"Type": "String", "EnumValues": ["a"]}])
def test_a_refused_parameter_is_no_place_for_a_secret(about: dict[str, Any]) -> None:
    with pytest.raises(FindingsError) as caught:
        resolve_parameters({"Parameters": [{"Name": "Secret", **about}]}, {"Secret": "hunter2"})
    assert "(hidden)" in str(caught.value)
    assert "hunter2" not in str(caught.value)
