"""Start values of parameters from a file: a mapping of names to values in YAML or JSON, or the list that the AWS CLI takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framework.config.reader import BEGIN, read_file
from framework.config.values import Map, Seq
from framework.findings import Finding, FindingsError, Place

_HINT = "write NAME: value, one a line"


def read_values(path: Path) -> dict[str, str]:
    """The values, as the texts that an execution is started with.

    Args:
        path: the file. The list `[{"Name": …, "Value": …}]`, which `aws sagemaker start-pipeline-execution` takes, is read too.

    Raises:
        FindingsError: it cannot be read, or holds something else.
    """
    result = read_file(path, str(path))
    listed = _listed(result.root)
    if listed is None:
        findings = [finding for finding in result.findings if finding.hint != BEGIN]  # which is how a configuration begins
        raise FindingsError(findings or [Finding("SMP303", Place(str(path), 1, 1), "it does not hold values of parameters", _HINT)])
    if result.tree is not None and result.findings:
        raise FindingsError(result.findings)
    wrong = [name for name in listed if isinstance(listed[name], (Map, Seq)) or listed[name] is None]
    if wrong:
        raise FindingsError(
            Finding("SMP303", listed.place_of(name), f"the parameter {name} needs one value", _HINT) for name in wrong
        )
    return {name: _text(listed, name) for name in listed}


def _listed(root: Any) -> Map | None:
    """Names and values, whichever of the two forms they are written in."""
    if isinstance(root, Map):
        return root
    pairs = Map()
    for item in root if isinstance(root, Seq) else [None]:
        if not isinstance(item, Map) or not isinstance(item.get("Name"), str) or "Value" not in item:
            return None
        pairs.take(item["Name"], item, "Value")
    return pairs


def _text(values: Map, name: str) -> str:
    value = values[name]
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else values.raw.get(name, str(value))
