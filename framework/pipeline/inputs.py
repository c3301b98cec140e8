"""What a pipeline was made from: the pipeline in, the SHA-256 of every file that was read for it out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from framework.config.images import LOCK
from framework.errors import BackendError
from framework.pipeline.build import Pipeline


def inputs(pipeline: Pipeline) -> dict[str, str]:
    """The digests by the names of the files, relative to the root where they lie below it.

    Raises:
        BackendError: a file can no longer be read.
    """
    root = pipeline.config.root
    return {_name(path, root): _digest(path) for path in sorted(set(_files(pipeline)))}


def _files(pipeline: Pipeline) -> Iterator[Path]:
    yield from pipeline.config.files
    lock = pipeline.config.root / LOCK
    if lock.is_file():
        yield lock
    for members in pipeline.sources.values():
        yield from members.values()


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BackendError(f"Reading {path}", error.strerror or str(error), "run the command again") from None
