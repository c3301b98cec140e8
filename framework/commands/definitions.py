"""Pipeline definitions in files: a path that was given in, the definition out, or what is wrong with the file."""

from __future__ import annotations

import json
from pathlib import Path

from framework.config.values import is_utf8
from framework.findings import Finding, FindingsError, Place
from framework.pipeline.compiled import Definition


def read_definition(path: Path) -> Definition:
    """The definition that a file holds, whoever made it.

    Raises:
        FindingsError: it holds none.
    """
    try:
        definition = json.loads(path.read_text(encoding="utf-8"))
        whole = is_utf8(json.dumps(definition, ensure_ascii=False))
    except (OSError, ValueError) as error:
        raise _none(path, str(error)) from None
    except RecursionError:
        raise _none(path, "it is nested too deeply") from None
    if not whole:
        raise _none(path, "it holds halves of characters")
    if not isinstance(definition, dict) or not isinstance(definition.get("Steps"), list):
        raise _none(path, "it has no list of Steps")
    return definition


def _none(path: Path, reason: str) -> FindingsError:
    return FindingsError([Finding("SMP101", Place(str(path)), f"not a pipeline definition: {reason}", "give it as JSON")])
