"""Reading and writing what the steps hand to one another.

In: folders of the container. Out: records (JSON lines), the model in an artifact, reports.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import joblib

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output")
MODEL_FILE = "model.joblib"
SOURCE = Path(__file__).resolve().parents[1]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON lines file, or of all such files in a folder, by name."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def write_lines(path: Path, records: Iterable[Any]) -> None:
    write_text(path, "".join(json.dumps(record, sort_keys=True) + "\n" for record in records))


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def channel(name: str) -> Path:
    """The folder of a training channel."""
    return Path(os.environ.get(f"SM_CHANNEL_{name.upper()}", f"/opt/ml/input/data/{name}"))


def save_model(model: object, packages: Sequence[str]) -> None:
    """Write the model and the packages that serve it into the model folder.

    The registry sections say ModelRepack "False": nobody else puts serving code into the artifact.
    """
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / MODEL_FILE, compress=3)
    for package in packages:
        shutil.copytree(
            SOURCE / package, folder / "code" / package, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    shutil.copy(SOURCE / "requirements.txt", folder / "code" / "requirements.txt")


def load_artifact(artifact: Path) -> Any:
    """The model in a model.tar.gz, without unpacking the rest of it."""
    with tarfile.open(artifact) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream and PurePosixPath(member.name).name == MODEL_FILE:
                return joblib.load(io.BytesIO(stream.read()))
    raise FileNotFoundError(f"{artifact} holds no {MODEL_FILE}")
