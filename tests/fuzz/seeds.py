"""What is changed: configurations, definitions and texts that mean something, out of the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from framework.config.reader import read_text
from tests.conftest import churn, churn_pipeline
from tests.fuzz.trees import owners

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = (
    "lgbm/conf/conf.yaml", "multi-model/*/conf/conf.yaml", "multi-model-tf/*/conf/conf.yaml",
    "knowledge-graph/triplets/conf/conf.yaml", "knowledge-graph/questions/conf/conf.yaml", "sensor-forecast/conf/conf.yaml",
    "llm-finetuning/conf/conf.yaml", "rag-index/conf/conf.yaml", "sales-forecast/conf/build.yaml",
    "sales-forecast/conf/inference.yaml",
)  # fmt: skip
VARIABLES = {
    "SMP_ACCOUNTID": "111122223333",
    "SMP_REGION": "eu-west-1",
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
}
FACTORY = """
class Made:
    def __init__(self, request):
        self.request = request

    def to_request(self):
        return self.request


def step(context):
    return Made({"Name": context.step_name, "Type": "Fail", "Arguments": {"ErrorMessage": context.bucket}, "DependsOn": ["raw"]})


def broken():
    raise KeyError("x")


def nothing():
    return None
"""


@dataclass(frozen=True)
class Seed:
    """A project.

    Attributes:
        files: below its root, less the scripts.
        sources: options of the command line, as `Sources` calls them.
        variables: environment variables beside the usual ones; None takes one away.
        good: whether it compiles as it is.
    """

    name: str
    files: Mapping[str, bytes]
    good: bool = True
    sources: Mapping[str, Any] = field(default_factory=lambda: {"patterns": ["*.yaml"]})
    variables: Mapping[str, str | None] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def trees(seed: Seed) -> dict[str, Any]:
    """The files that hold mappings, as trees; not to be changed."""
    read = {
        name: read_text(content.decode("utf-8", "replace"), name).tree
        for name, content in seed.files.items()
        if name.endswith(SUFFIXES)
    }
    return {name: json.loads(json.dumps(tree)) for name, tree in read.items() if tree is not None}


SUFFIXES = (".yaml", ".yml", ".json")


@cache
def configurations() -> tuple[Seed, ...]:
    """Every project."""
    folders = ("tests/conformance/oracle", "tests/fuzz/projects")
    return (*_examples(), _churn(), *(seed for folder in folders for seed in _of_folder(folder)), *_original(), *_bad())


def _examples() -> Iterator[Seed]:
    for pattern in EXAMPLES:
        paths = sorted((ROOT / "examples").glob(pattern))
        yield Seed(pattern, {f"{number}.yaml": path.read_bytes() for number, path in enumerate(paths)})


def _of_folder(folder: str) -> Iterator[Seed]:
    for path in sorted((ROOT / folder).glob("*.yaml")):
        yield Seed(f"{folder}/{path.name}", {"model.yaml": path.read_bytes()})


def _original() -> Iterator[Seed]:
    """Projects that are written as the original framework has them, all files of each in one."""
    for path in sorted((ROOT / "tests/conformance/projects").glob("*.yaml")):
        conf = [content for content in yaml.safe_load(path.read_bytes()).values() if content]
        files = {f"{number}.yaml": yaml.safe_dump(content, sort_keys=False).encode() for number, content in enumerate(conf)}
        yield Seed(f"original {path.stem}", files)


def _bad() -> Iterator[Seed]:
    for path in sorted((ROOT / "tests/functional/bad").glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            texts = {**case.get("files", {}), **({"model.yaml": case["model"]} if "model" in case else {})}
            if texts and not case.get("links"):
                files = {name: text.encode() for name, text in texts.items()}
                yield Seed(
                    f"{path.stem}: {case['case']}",
                    files,
                    False,
                    {"patterns": ["*.yaml"], **case.get("run", {})},
                    case.get("variables", {}),
                )


def _churn() -> Seed:
    conf = {"conf": {"models": {"churn": churn()}, "sagemakerPipeline": churn_pipeline()}}
    return Seed("churn", {"model.yaml": yaml.safe_dump(conf, sort_keys=False).encode()})


@cache
def scripts() -> dict[str, bytes]:
    """The files that are always there: every script of the examples by name, and those that the other projects name."""
    found = {"made_steps.py": FACTORY.encode(), "src/train.ipynb": b"{}"}
    for name in ("preprocess", "train", "inference", "evaluate", "a", "script"):
        found[f"src/{name}.py"] = b""
    for path in sorted((ROOT / "tests/conformance/projects").glob("*.yaml")):
        found |= {name: b"" for name, content in yaml.safe_load(path.read_bytes()).items() if not content}
    for path in sorted((ROOT / "examples").rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.suffix in {".py", ".ipynb"} or path.name == "requirements.txt":
            found |= {"/".join(parts): b""} if not any(part.startswith((".", "__")) or part == "data" for part in parts) else {}
    return found


@cache
def definitions() -> tuple[Any, ...]:
    """Pipeline definitions: the golden ones, and those that the SDKs and the original made; the small ones first."""
    paths = [*(ROOT / "tests/golden").glob("*.json"), *(ROOT / "tests/conformance/definitions").glob("*/*.json")]
    return tuple(
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths, key=lambda path: (path.stat().st_size, path))
    )


@cache
def seen() -> dict[str, list[Any]]:
    """For each key, the values that good configurations have under it; under Arguments the requests of all definitions."""
    found: dict[str, dict[str, Any]] = {}
    for seed in (seed for seed in configurations() if seed.good):
        for tree in trees(seed).values():
            for owner, key in owners(tree):
                if isinstance(owner, dict) and len(text := json.dumps(owner[key])) < 600:
                    found.setdefault(key, {})[text] = owner[key]
    of_steps = [
        owner[key] for tree in definitions() for owner, key in owners(tree) if key == "Arguments" and isinstance(owner, dict)
    ]
    return {
        **{key: list(values.values()) for key, values in sorted(found.items())},
        "Arguments": [each for each in of_steps if each],
    }


@cache
def texts() -> Mapping[str, Sequence[str]]:
    """What stands in `${…}`, dependencies, and conditions, all as the configurations have them."""
    every = "\n".join(content.decode("utf-8", "replace") for seed in configurations() for content in seed.files.values())
    values = [value for listed in seen().values() for value in listed]
    flat = [text for value in values for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    return {
        "expressions": list(dict.fromkeys(re.findall(r"\$\{([^}\n]*)\}", every))),
        "dependencies": list(dict.fromkeys(text for text in flat if ">>" in text or "<<" in text)),
        "conditions": list(dict.fromkeys(text for text in flat if re.search(r"[<>=]=|[<>]| in ", text) and "${" in text)),
    }
