"""Triggers in the form in which they are compared, whoever wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from framework.deploy.triggers import comparable


@pytest.mark.parametrize("odd", [[1], [{"Name": "a"}], [{"Value": "b"}], {"a": "b"}, "text", None])
def test_parameters_that_somebody_else_wrote_may_be_anything(odd: Any) -> None:
    call = {"PipelineName": "churn", "PipelineParameters": odd}

    told = comparable({"Target": {"Input": json.dumps(call)}})

    assert told == {"Target": {"Input": {key: value for key, value in call.items() if value is not None}}}


def test_parameters_are_told_by_their_names() -> None:
    call = {"PipelineParameters": [{"Name": "b", "Value": "1"}, {"Name": "a", "Value": "2"}]}

    assert comparable({"Input": json.dumps(call)}) == {"Input": {"PipelineParameters": {"a": "2", "b": "1"}}}
