"""What is certain to fit a schema has nothing against it, and what the examples hold is certain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.config import schema
from framework.config.certain import certain
from framework.config.expressions import Parameter
from framework.config.load import Sources, load_config

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("", *schema._document()["$defs"])

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.floats(allow_nan=False), st.text(max_size=4),
    st.sampled_from([Parameter("X", "String"), [], {}, [{}], {"a": 1}, "ml.m5.xlarge", "File", "s3://b/k"]),
)  # fmt: skip


def values_of(wanted: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that nearly fit a schema."""
    near = [ODD]
    if "enum" in wanted:
        near.append(st.sampled_from(wanted["enum"]))
    if wanted.get("type") == "object" and depth < 3:
        members = {key: values_of(member, depth + 1) for key, member in wanted.get("properties", {}).items()}
        other = wanted.get("additionalProperties")
        if isinstance(other, dict):
            members["other"] = values_of(other, depth + 1)
        needed = {key: members[key] for key in wanted.get("required", ()) if key in members}
        some = st.fixed_dictionaries(needed, optional={key: each for key, each in members.items() if key not in needed})
        near += [some, some, some]
    if wanted.get("type") == "array" and "items" in wanted and depth < 3:
        near += [st.lists(values_of(wanted["items"], depth + 1), max_size=3)] * 2
    return st.one_of(near)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_certain_has_nothing_against_it(name: str, data: st.DataObject) -> None:
    wanted = schema.definition(name)
    value = data.draw(values_of(dict(wanted)))
    if certain(wanted)(value):
        assert list(schema._validator(name).iter_errors(value)) == []


def test_of_what_is_not_known_nothing_is_certain() -> None:
    assert not certain({"type": "string", "anyOf": [{}]})("a")
    assert not certain({"type": "string"})(Parameter("X", "String"))


def test_the_configuration_of_an_example_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"the validator was asked about {name!r}")

    monkeypatch.setattr(schema, "_validator", refuse)
    variables = {"SMP_S3BUCKETNAME": "models", "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines", "SMP_REGION": "eu-west-1"}
    config = load_config(Sources(ROOT, patterns=("examples/lgbm/conf/conf.yaml",)), {**variables, "SMP_ACCOUNTID": "111122223333"})
    assert config.findings == ()
