"""Cleanup: deletes objects of the local store that the named steps wrote, and nothing else.

Of a Processing or Transform step the S3Uris, each an object below one of the step's outputs; of a Training step, which may go
without them, everything that its job put below its output path. Everything is checked first: where anything is refused, nothing is
deleted. What conf.local.data maps belongs to the user and is refused. A step that has not succeeded is skipped. As on S3, an object
that is not there counts as deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import disk
from framework.local.job import StepError, StepRun
from framework.local.recording import note
from framework.local.step_types.base import StepType
from framework.local.store import LocalStore, join_uri


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    sources = (step.arguments.get("Resources") or {}).get("S3") or ()
    done = [each for each in sources if each.get("StepName") in step.descriptions]
    chosen = [pair for each in done for pair in _chosen(step, str(each["StepName"]), each.get("S3Uris"))]
    with disk("Deleting objects"):
        for uri, path in chosen:
            there = path.is_file()
            path.unlink(missing_ok=True)
            note(step, f"{uri} was deleted" if there else f"{uri} was not there")
    skipped = _names(each for each in sources if each.get("StepName") not in step.descriptions)
    for name in skipped:
        note(step, f"nothing of step {name} was deleted: it has not succeeded")
    return {"CleanedSteps": _names(done), "FailedSteps": [], "SkippedSteps": skipped}


def _names(sources: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(each["StepName"]) for each in sources))


def _chosen(step: StepRun, name: str, uris: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    """The objects to delete of a step: their URIs and files."""
    about, store = step.descriptions[name], step.site.store
    if _network(about).get("VpcConfig"):
        raise StepError(f"ClientError: step {name} has a VpcConfig; the outputs of such a step cannot be cleaned up")
    if uris is None:
        yield from _of_training(store, name, about)
        return
    outputs = list(_outputs(about))
    for uri in uris:
        if not any(uri.startswith(join_uri(output, "")) for output in outputs):
            raise StepError(
                f"ClientError: {uri} does not lie below an output of step {name}: {', '.join(outputs) or 'it has none'}"
            )
        yield uri, _file(store, uri)


def _of_training(store: LocalStore, name: str, about: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    path = (about.get("OutputDataConfig") or {}).get("S3OutputPath")
    if "TrainingJobName" not in about or not path:
        raise StepError(f"ClientError: step {name} is not of type Training, so that its S3Uris must be named")
    prefix = join_uri(str(path), str(about["TrainingJobName"]))
    try:
        found = store.find(f"{prefix}/")
    except BackendError:
        return
    for relative, _ in found:
        yield join_uri(prefix, relative), _file(store, join_uri(prefix, relative))


def _network(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where a description has a VpcConfig: a training job's own, a processing job's in its NetworkConfig."""
    return about if about.get("VpcConfig") else about.get("NetworkConfig") or {}


def _outputs(about: Mapping[str, Any]) -> Iterator[str]:
    """The prefixes that a step wrote below."""
    for output in (about.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        if uri := (output.get("S3Output") or {}).get("S3Uri"):
            yield str(uri)
    if uri := (about.get("TransformOutput") or {}).get("S3OutputPath"):
        yield str(uri)
    if path := (about.get("OutputDataConfig") or {}).get("S3OutputPath"):
        yield join_uri(str(path), str(about.get("TrainingJobName")))


def _file(store: LocalStore, uri: str) -> Path:
    """The file of an object in the store.

    Raises:
        StepError: it lies outside of the store, or is the user's own.
    """
    try:
        path = store.path(uri)
    except BackendError as error:
        raise StepError(f"ClientError: {error}") from None
    if path.is_dir():
        raise StepError(f"ClientError: {uri} is a folder here; a Cleanup step deletes the exact objects that it names")
    try:
        shown = store.object(uri)
    except BackendError:
        return path
    if shown != path:
        raise StepError(
            f"ClientError: {uri} is {shown}, which conf.local.data maps; a Cleanup step deletes only in the local store"
        )
    return path


STEP_TYPE = StepType("Cleanup", "cleanup", "", "", run, arn_is_result=True)
