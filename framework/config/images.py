"""Images by name: `image: {framework: xgboost, version: 1.7-1}` becomes a URI that is pinned in `smp.lock`.

The SageMaker SDK knows the URIs (AWS keeps its registry), and importing it takes seconds. So `smp lock` asks it once and writes
what it says; everything else reads the file, needs no SDK, and gets the same URI on every machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.config.expressions import Parameter
from framework.config.model import ImageRequest
from framework.config.paths import is_file
from framework.config.schema import check, definition
from framework.config.values import Map, Seq
from framework.config.values import Path as ValuePath
from framework.findings import WARNING, Finding, Place

LOCK = "smp.lock"
MISSING = "SMP123"
UNKNOWN = "unknown"
"""Stands for the URI of an image that is not pinned, which is an error; nothing is built from it."""
_SCOPES = {
    "train": "training",
    "tune": "training",
    "transform": "inference",
    "monitor": "inference",
    "registry": "inference",
    "create_model": "inference",
}
"""What an image is for, by the kind of the section that names it; the SDK wants to know for most frameworks."""


@dataclass(slots=True)
class Lock:
    """What `smp.lock` holds: the URI of each image, by the text of its request, and the SDK's version that said so."""

    images: dict[str, str] = field(default_factory=dict)
    sdk: str = ""
    findings: list[Finding] = field(default_factory=list)


def read_lock(root: Path) -> Lock:
    """The lock of a project; an empty one where there is no file."""
    path = root / LOCK
    if not is_file(path):
        return Lock()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        images = {str(key): str(uri) for key, uri in content["images"].items()}
        return Lock(images, str(content.get("sagemaker", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Lock(findings=[Finding(MISSING, Place(LOCK), "the file is not a lock of images", "make it again: smp lock")])


def lock_text(lock: Lock) -> str:
    """The lock as it is written."""
    content = {"images": dict(sorted(lock.images.items())), "sagemaker": lock.sdk}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


class Images:
    """Puts the URIs of a lock where sections name images.

    Args:
        lock: what is pinned.
        region: where the images are to run; None when the configuration does not say.
        parameters: the defaults of the pipeline's parameters.

    Attributes:
        requests: every image that was named, each once.
    """

    def __init__(self, lock: Lock, region: str | None, parameters: Mapping[str, Any]) -> None:
        self.lock, self.region, self.parameters = lock, region, parameters
        self.requests: dict[str, ImageRequest] = {}

    def pin(self, section: Map, kind: str, path: ValuePath) -> list[Finding]:
        """Give a section, and what it says of inference, the URI of the image that it names; findings where there is none."""
        inner = section.get("InferenceSpecification")
        findings = self._pin(section, section, kind, path)
        findings += self._pin(inner, section, kind, (*path, "InferenceSpecification")) if isinstance(inner, Map) else []
        containers = section.get("containers")
        for index, container in enumerate(containers if isinstance(containers, Seq) else ()):
            findings += self._pin(container, section, kind, (*path, "containers", index)) if isinstance(container, Map) else []
        return findings

    def _pin(self, holder: Map, section: Map, kind: str, path: ValuePath) -> list[Finding]:
        image, place = holder.get("image"), holder.key_place_of("image")
        if image is None:
            return []
        if "image_uri" in holder:
            return [Finding("SMP106", place, "image and image_uri say the same thing twice", "keep one of the two")]
        found = UNKNOWN
        findings: list[Finding] = []
        if isinstance(image, Map) and not list(check(image, "image", (*path, "image"))):  # else that is said with the section
            found, findings = self._found(image, section, kind, place)
        holder.put("image_uri", found, place, place)
        return findings

    def _found(self, image: Map, section: Map, kind: str, place: Place) -> tuple[str, list[Finding]]:
        if self.region is None:
            message = "an image by name needs to know the region it runs in"
            return UNKNOWN, [Finding("SMP105", place, message, "set conf.region, or SMP_REGION")]
        request = self._request(image, section, kind, self.region, place)
        self.requests.setdefault(request.key, request)
        if request.key not in self.lock.images:
            message = f"the image {request.key} is not pinned in {LOCK}"
            return UNKNOWN, [Finding(MISSING, place, message, "run smp lock, which asks the SageMaker SDK, and keep the file")]
        return self.lock.images[request.key], []

    def _request(self, image: Map, section: Map, kind: str, region: str, place: Place) -> ImageRequest:
        instance = image.get("instance_type") or section.get("instance_type") or _default_instance(kind)
        if isinstance(instance, Parameter):
            instance = self.parameters.get(instance.name)
        words = {key: image[key] if isinstance(image[key], str) else image.raw.get(key, str(image[key])) for key in image}
        words.pop("instance_type", None)
        words.setdefault("scope", _SCOPES.get(kind, ""))
        return ImageRequest(region, tuple(sorted((key, word) for key, word in words.items() if word)), str(instance or ""), place)


def _default_instance(kind: str) -> Any:
    return definition(kind)["properties"].get("instance_type", {}).get("default")


def installed_sdk() -> str:
    """The version of the SageMaker SDK that is installed; "" where there is none. Read off its folder, since importing costs."""
    found = sorted(path.name for entry in sys.path for path in Path(entry or ".").glob("sagemaker-[0-9]*.dist-info"))
    return found[-1].removeprefix("sagemaker-").removesuffix(".dist-info") if found else ""


def stale(lock: Lock, requests: Iterable[ImageRequest]) -> list[Finding]:
    """A warning where the SDK that is installed is not the one that made the lock."""
    if not lock.sdk or not list(requests):
        return []
    installed = installed_sdk()
    if installed in {"", lock.sdk}:
        return []
    message = f"{LOCK} was made with sagemaker {lock.sdk}, and {installed} is installed"
    return [Finding("SMP124", Place(LOCK), message, "refresh it: smp lock", WARNING)]
