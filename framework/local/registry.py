"""The model registry of this machine: one file per version, <root>/<group>/<version>.json.

In: the request of a RegisterModel step. Out: a version that nobody else has, with its ARN.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.findings import nearest
from framework.local.files import create_atomically, disk, json_bytes, write_json
from framework.local.names import arn, now

GROUP = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
PACKAGE = re.compile(r":model-package/([^/]+)/([1-9][0-9]*)\Z")
VERSION = re.compile(r"([1-9][0-9]*)\.json")
TOKEN = "ClientToken"  # noqa: S105 - of CreateModelPackage; nothing secret
LOOKED_AT = 50


class Registry:
    """The model package groups.

    Args:
        root: the folder of the groups.
        token: names who registers. Who registers twice in a group with one token, as a step does whose tool was killed before it
            could note its success, gets the version of the first time.
    """

    def __init__(self, root: Path, token: str = "") -> None:
        self._root, self._token = root, token

    def with_token(self, token: str) -> Registry:
        """The same registry, for somebody with a token."""
        return Registry(self._root, token)

    def versions(self, group: str) -> list[int]:
        """The versions of a group, rising; none when the group does not exist.

        Raises:
            BackendError: this cannot be a group's name.
        """
        folder = self._folder(group)
        if not folder.is_dir():
            return []
        return sorted(int(match[1]) for path in folder.iterdir() if (match := VERSION.fullmatch(path.name)))

    def groups(self, group: str | None = None) -> list[str]:
        """The names of the groups, sorted; only the given one where one is given.

        Raises:
            BackendError: there is no such group.
        """
        known = sorted(path.name for path in self._root.iterdir() if path.is_dir()) if self._root.is_dir() else []
        if group is not None and group not in known:
            raise BackendError(f"Reading the model package group {group}", "there is none here", nearest(group, known))
        return known if group is None else [group]

    def package(self, group: str, version: int) -> dict[str, Any]:
        """A version, as it is kept.

        Raises:
            BackendError: there is none, or it cannot be read.
        """
        what = f"Reading version {version} of {group}"
        if version not in self.versions(group):
            raise BackendError(what, "there is none here", nearest(version, map(str, self.versions(group))))
        with disk(what):
            package: dict[str, Any] = json.loads((self._folder(group) / f"{version}.json").read_bytes())
        return package

    def find(self, group: str, status: str, version: int | None = None) -> dict[str, Any] | None:
        """The newest version of a group with this approval status, or the one of this number if it has it; None for none."""
        for number in reversed(self.versions(group)):
            if version in {None, number}:
                package = self.package(group, number)
                if package.get("ModelApprovalStatus") == status:
                    return package
        return None

    def named(self, name: str) -> dict[str, Any]:
        """A version by its ARN.

        Raises:
            BackendError: it is none of this registry, or there is none.
        """
        match = PACKAGE.search(name)
        if match is None:
            raise BackendError(
                f"Reading the model package {name}", "it is none of the registry of this machine", "smp registry list"
            )
        return self.package(match[1], int(match[2]))

    def decide(self, group: str, version: int, status: str) -> dict[str, Any]:
        """Set a version's ModelApprovalStatus; the version as it is now.

        Raises:
            BackendError: there is none, or the disk refuses.
        """
        package = {**self.package(group, version), "ModelApprovalStatus": status, "LastModifiedTime": now()}
        with disk(f"Deciding about version {version} of {group}"):
            write_json(self._folder(group) / f"{version}.json", package)
        return package

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
        versions = self.versions(group)
        if (known := self._known(group, versions)) is not None:
            return known
        version = max(versions, default=0) + 1
        token = {TOKEN: self._token} if self._token else {}
        with disk(f"Registering a model in {group}"):
            while True:
                package = {
                    "ModelPackageGroupName": group,
                    "ModelPackageVersion": version,
                    "ModelPackageArn": arn("model-package", group, str(version)),
                    **request,
                    **token,
                    "CreationTime": now(),
                }
                if create_atomically(self._folder(group) / f"{version}.json", json_bytes(package)):
                    return package
                version += 1

    def _known(self, group: str, versions: list[int]) -> dict[str, Any] | None:
        """The version that was registered with this token, of the newest ones."""
        for version in reversed(versions[-LOOKED_AT:] if self._token else []):
            with contextlib.suppress(OSError, ValueError):
                package: dict[str, Any] = json.loads((self._folder(group) / f"{version}.json").read_bytes())
                if package.get(TOKEN) == self._token:
                    return package
        return None

    def _folder(self, group: str) -> Path:
        if not GROUP.fullmatch(group):
            raise BackendError(f"Registering a model in {group!r}", "this is not the name of a model package group")
        return self._root / group
