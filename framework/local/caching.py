"""Step caching: a step whose attributes and inputs are those of an earlier success takes over what that one made.

In: a resolved step. Out: the earlier step, or nothing. Which attributes count stands in `pipeline.cache_keys`; that only successes
count, the newest first, and only of the same pipeline's step, is the guide's page "pipelines-caching". Beyond the service, the
content of the S3 objects that the attributes name counts too, as does what stands for an image, a model counts by what it is made
of instead of by its name, and an earlier output must still be what it was when the step ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.digests import Digests
from framework.local.durations import seconds
from framework.local.files import read_json, write_json
from framework.local.stand_ins import stand_in
from framework.pipeline.cache_keys import ATTRIBUTES, attributes
from framework.pipeline.compiled import StandIn


@dataclass(frozen=True)
class Hit:
    """An earlier step to be reused.

    Attributes:
        source: the ARN of its execution.
        description: what it told.
        metadata: the Metadata of its state.
    """

    source: str
    description: dict[str, Any]
    metadata: Mapping[str, Any]


class StepCache:
    """What earlier steps of one pipeline made.

    Args:
        folder: where it is kept.
        pipeline: the pipeline's name.
        digests: tells the content of S3 objects.
        images: pairs of a glob over image URIs and what stands for the images it matches.
    """

    def __init__(self, folder: Path, pipeline: str, digests: Digests, images: Sequence[tuple[str, StandIn]] = ()) -> None:
        self._folder, self._pipeline, self._digests, self._images = folder, pipeline, digests, images

    def key(self, step: Mapping[str, Any], arguments: Mapping[str, Any], models: Mapping[str, Any]) -> str | None:
        """What a step is known by; None where it is not to be reused.

        Args:
            step: the step, every function in it resolved.
            arguments: its Arguments, resolved.
            models: what made models are, by name.
        """
        kind = str(step.get("Type"))
        if not (step.get("CacheConfig") or {}).get("Enabled") or kind not in ATTRIBUTES:
            return None
        counted = attributes(kind, step, arguments)
        if isinstance(counted.get("ModelName"), str) and counted["ModelName"] in models:
            model = models[counted["ModelName"]]
            counted["ModelName"] = {part: model.get(part) for part in ("PrimaryContainer", "Containers")}
        content = {uri: self._digests.of_uri(uri) for uri in sorted(set(uris(counted)))}
        standing = {image: asdict(found) for image in strings(counted) if (found := stand_in(image, self._images)) != StandIn()}
        about = [self._pipeline, step["Name"], kind, counted, content, *([standing] if standing else [])]
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def find(self, key: str, step: Mapping[str, Any]) -> Hit | None:
        """The newest earlier step with this key, if it is young enough and its outputs are as it left them."""
        try:
            entry = read_json(self._folder / f"{key}.json")
            longest = seconds(str((step.get("CacheConfig") or {}).get("ExpireAfter", "")))
            if longest is not None and time.time() - float(entry["time"]) > longest:
                return None
            if any(self._digests.of_uri(uri) != content for uri, content in entry["outputs"].items()):
                return None
            return Hit(str(entry["source"]), dict(entry["description"]), dict(entry["metadata"]))
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def keep(self, key: str, source: str, description: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """Remembers a success."""
        outputs = {uri: self._digests.of_uri(uri) for uri in sorted(set(output_uris(description)))}
        entry = {"time": time.time(), "source": source, "outputs": outputs, "metadata": metadata, "description": description}
        with contextlib.suppress(OSError, BackendError):  # a full disk only makes the next run slower
            write_json(self._folder / f"{key}.json", entry)


def strings(value: Any) -> Iterator[str]:
    """The strings anywhere in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from strings(member)


def uris(value: Any) -> Iterator[str]:
    """The s3:// URIs anywhere in a value."""
    return (text for text in strings(value) if text.startswith("s3://"))


def output_uris(description: Mapping[str, Any]) -> Iterator[str]:
    """Where a step has put what it made."""
    yield from uris((description.get("ProcessingOutputConfig") or {}).get("Outputs"))
    yield from uris((description.get("ModelArtifacts") or {}).get("S3ModelArtifacts"))
    yield from uris((description.get("TransformOutput") or {}).get("S3OutputPath"))
    yield from uris((description.get("BestCandidate") or {}).get("InferenceContainers"))
    for name in ("CalculatedBaselineConstraints", "CalculatedBaselineStatistics"):
        yield from uris(description.get(name))
