"""The manifest of a published index.

In: a folder. Out: for each file its size and SHA-256; or the certainty that a folder is what its manifest says.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from files import read_json

MANIFEST = "manifest.json"


def manifest_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and digest of every file but the manifest itself, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): _about(path) for path in files}


def _about(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def checked(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that holds what it says; files that it does not name are of no interest.

    Raises:
        ValueError: a file is missing or another one, as in the midst of an upload.
    """
    manifest = read_json(folder / MANIFEST)
    for name, about in manifest["files"].items():
        if not (folder / name).is_file() or _about(folder / name) != about:
            raise ValueError(f"{folder / name} is not the file that the manifest names: wait for the upload to end, and try again")
    return dict(manifest)
