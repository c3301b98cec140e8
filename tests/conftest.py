"""What the tests share: --update-golden, an environment without the variables of a real project, and a small project to compile."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from framework.config.load import Sources
from framework.findings import Finding, FindingsError
from framework.pipeline.compiled import CompiledPipeline
from framework.road import travel

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # as in a shell's background job; the tests of Ctrl-C start processes, which inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:1"
VARIABLES = {
    "SMP_ACCOUNTID": "111122223333",
    "SMP_REGION": "eu-west-1",
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
    "SMP_MODEL_CONFIGPATH": "*/conf/conf.yaml",
}
SCRIPTS = ("preprocess", "train", "inference", "evaluate")

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden definitions anew")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have recorded as said, also where another process ran them."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if getattr(report, "when", "") == "call"]
    for name, value in [pair for report in called for pair in report.user_properties]:
        if name == "said":
            terminalreporter.write_line(str(value))


@pytest.fixture(scope="session", autouse=True)
def no_variables_of_a_real_project() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SMP_")]:
            patch.delenv(name)
        patch.setattr("framework.deploy.studio.METADATA", Path("no-studio"))
        yield


@dataclass(frozen=True)
class Outcome:
    """What the road led to: no `compiled` where errors stood in the way."""

    compiled: CompiledPipeline | None
    findings: tuple[Finding, ...]

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        assert self.compiled is not None, self.findings
        return {step["Name"]: step for step in self.compiled.definition["Steps"]}

    def at(self, step: str, path: str = "") -> Any:
        """What stands at a dotted path of a step's Arguments; None when nothing does."""
        return reduce(_child, filter(None, path.split(".")), self.steps[step]["Arguments"])

    def upload(self, uri: str) -> bytes:
        assert self.compiled is not None
        [content] = [upload.content for upload in self.compiled.uploads if upload.uri == uri]
        return content

    @property
    def texts(self) -> list[str]:
        return [str(finding) for finding in self.findings]


def _child(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return value[int(key)] if int(key) < len(value) else None
    return value.get(key) if isinstance(value, dict) else None


class Project:
    """A folder with one model, `churn`, and all six steps; change `conf`, or write files, and compile."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables = dict(VARIABLES)
        self.conf: dict[str, Any] = {"conf": {"models": {"churn": churn()}, "sagemakerPipeline": churn_pipeline()}}
        self.offered: dict[str, Any] = {}
        for script in SCRIPTS:
            self.write(f"src/{script}.py", f'"""{script}"""\n')

    @property
    def model(self) -> dict[str, Any]:
        return self.conf["conf"]["models"]["churn"]

    @property
    def pipeline(self) -> dict[str, Any]:
        return self.conf["conf"]["sagemakerPipeline"]

    def offer(self, **parameters: Any) -> None:
        """Declare those of these parameters that the configuration, as it is when it is saved, reads somewhere."""
        self.offered = parameters

    def step(self, name: str) -> dict[str, Any]:
        [step] = [step for step in self.pipeline["models"]["churn"]["steps"] if step["step_name"] == name]
        return step

    def write(self, name: str, content: str | bytes | Mapping[str, Any]) -> Path:
        """A file below the root: bytes and text as they are, a mapping as YAML."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Mapping):
            content = yaml.safe_dump(content, sort_keys=False)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def save(self) -> None:
        """Write the configuration and env.env."""
        if self.offered:
            self.pipeline["parameters"] = {name: value for name, value in self.offered.items() if self._reads(name)}
        self.write("churn/conf/conf.yaml", self.conf)
        self.write("env.env", "".join(f'export {name}="{value}"\n' for name, value in self.variables.items()))

    def _reads(self, parameter: str) -> bool:
        return re.search(rf"(?<!\$)\$\{{parameters\.{parameter}\}}", yaml.safe_dump(self.conf, width=10_000)) is not None

    def compile(self, **sources: Any) -> Outcome:
        """Save, and go the road that every command goes."""
        self.save()
        try:
            return Outcome(*travel(Sources(self.root, **sources), self.variables))
        except FindingsError as error:
            return Outcome(None, error.findings)


def churn() -> dict[str, Any]:
    raw = {"dataFiles": [{"sourceName": "raw", "fileName": "s3://lake/raw.csv"}]}
    inference = {
        "image_uri": IMAGE,
        "supported_content_types": ["text/csv"],
        "supported_response_MIME_types": ["text/csv"],
        "approval_status": "PendingManualApproval",
    }
    return {
        "source_directory": "src",
        "preprocess": {"image_uri": IMAGE, "entry_point": "preprocess.py", "channels": {"train": raw, "test": None}},
        "train": {"image_uri": IMAGE, "entry_point": "train.py"},
        "transform": {"channels": "test"},
        "evaluate": {"image_uri": IMAGE, "entry_point": "evaluate.py", "channels": "test"},
        "registry": {"ModelRepack": "False", "InferenceSpecification": inference},
    }


def churn_pipeline() -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {"step_name": "prep", "step_class": "Processing"},
        {"step_name": "fit", "step_class": "Training", "chain_input_source_step": ["prep"]},
        {"step_name": "model", "step_class": "CreateModel"},
        {"step_name": "score", "step_class": "Transform", "chain_input_source_step": ["prep"]},
        {"step_name": "judge", "step_class": "Metrics", "chain_input_source_step": ["prep", "score"]},
        {"step_name": "register", "step_class": "RegisterModel"},
    ]
    return {"pipelineName": "churn-test", "models": {"churn": {"steps": steps}}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def new_project() -> type[Project]:
    """For tests that need several projects, or none of pytest's folders."""
    return Project
