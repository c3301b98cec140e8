"""What the ClarifyCheck step tells its program: a JSON file with paths as the job sees them, and the port of the model's server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.local.programs.quality.refusal import ML, RefusalError


@dataclass(frozen=True)
class Specification:
    """What to analyse.

    Attributes:
        config: the analysis configuration.
        section: the member of its methods that must be there.
        dataset: the file or folder of the dataset.
        output: the folder for the results.
        baseline: analysis.json of the baseline; None when nothing is compared.
        port: where the model answers on loopback; 0 when it is not needed.
        timeout: seconds for each request to it.
        files: by URI, the files of S3 that the configuration names.
    """

    config: Mapping[str, Any]
    section: str
    dataset: Path
    output: Path
    baseline: Path | None
    port: int
    timeout: float
    files: Mapping[str, Path]

    def methods(self) -> Mapping[str, Any]:
        """The methods of the configuration.

        Raises:
            RefusalError: the one that is checked is not among them.
        """
        methods = self.config.get("methods") or {}
        if not methods.get(self.section):
            raise RefusalError(f"the analysis configuration has no methods.{self.section}, which this check is about")
        return dict(methods)


def load(path: str) -> Specification:
    """Reads the file.

    Raises:
        RefusalError: the analysis configuration is not a JSON object.
    """
    spec = json.loads(inside(path).read_bytes())
    try:
        config = json.loads(inside(spec["config"]).read_bytes())
    except ValueError as error:
        raise RefusalError(f"the analysis configuration is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise RefusalError("the analysis configuration is not a JSON object")
    return Specification(
        config=config,
        section=spec["section"],
        dataset=inside(spec["dataset"]),
        output=inside(spec["output"]),
        baseline=inside(spec["baseline"]) if spec["baseline"] else None,
        port=spec["port"],
        timeout=spec["timeout"],
        files={uri: inside(path) for uri, path in spec["files"].items()},
    )


def inside(path: str) -> Path:
    """A path below /opt/ml as this process sees it."""
    return ML / path.removeprefix("/opt/ml/") if path.startswith("/opt/ml/") else Path(path)
