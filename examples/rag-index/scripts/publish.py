"""Publish the index: its files, and a manifest with the size and the SHA-256 of each.

In: the index (from rag-Index); EXECUTION and RECALL. Out: the output `latest`, which goes to the prefix index/latest.
The upload of several objects is not one step: whoever reads the index checks it against the manifest (`manifest.checked`).
"""

from __future__ import annotations

import os
import shutil

from files import INPUT, OUTPUT, write_json
from manifest import MANIFEST, manifest_of


def main() -> None:
    source, target = INPUT / "rag-Index-input-index", OUTPUT / "latest"
    shutil.copytree(source, target, dirs_exist_ok=True)
    about = {"execution": os.environ["EXECUTION"], "recall_at_5": float(os.environ["RECALL"])}
    manifest = {**about, "files": manifest_of(target)}
    write_json(target / MANIFEST, manifest)
    print(f"files={len(manifest['files'])} bytes={sum(file['bytes'] for file in manifest['files'].values())}")


if __name__ == "__main__":
    main()
