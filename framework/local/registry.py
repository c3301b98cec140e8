"""The model registry of this machine: one file per version, <root>/<group>/<version>.json.

In: the request of a RegisterModel step. Out: a version that nobody else has, with its ARN.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import create_atomically, disk
from framework.local.names import arn, now

GROUP = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
VERSION = re.compile(r"([1-9][0-9]*)\.json")


class Registry:
    """The model package groups.

    Args:
        root: the folder of the groups.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def versions(self, group: str) -> list[int]:
        """The versions of a group, rising; none when the group does not exist.

        Raises:
            BackendError: this cannot be a group's name.
        """
        folder = self._folder(group)
        if not folder.is_dir():
            return []
        return sorted(int(match[1]) for path in folder.iterdir() if (match := VERSION.fullmatch(path.name)))

    def register(self, group: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Adds a version to a group, which is created.

        Args:
            group: its name.
            request: what is kept of the version.

        Returns:
            the version as it is kept: the request, and ModelPackageArn, ModelPackageGroupName, ModelPackageVersion, CreationTime.

        Raises:
            BackendError: this cannot be a group's name, or the disk refuses.
        """
        version = max(self.versions(group), default=0) + 1
        with disk(f"Registering a model in {group}"):
            while True:
                package = {
                    "ModelPackageGroupName": group,
                    "ModelPackageVersion": version,
                    "ModelPackageArn": arn("model-package", group, str(version)),
                    **request,
                    "CreationTime": now(),
                }
                content = json.dumps(package, indent=1, ensure_ascii=False) + "\n"
                if create_atomically(self._folder(group) / f"{version}.json", content.encode()):
                    return package
                version += 1

    def _folder(self, group: str) -> Path:
        if not GROUP.fullmatch(group):
            raise BackendError(f"Registering a model in {group!r}", "this is not the name of a model package group")
        return self._root / group
