"""S3 on this machine: objects are files at <root>/<bucket>/<key>; folders of the user may stand for prefixes, to be read only.

s3:// URIs in, files and copies out. A prefix means what it means to SageMaker: an object, a folder, or the beginning of keys.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from framework.errors import BackendError
from framework.local.files import child, copy_atomically, disk, walk, write_atomically

BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
CURE = "for input, map its prefix in conf.local.data; for another step's output, see that the step writes it"
SHOWN = 8


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// URI; the key may be empty.

    Raises:
        BackendError: it is not one.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not BUCKET.fullmatch(bucket):
        raise BackendError(f"Reading the address {uri!r}", "it is not an s3:// URI with a bucket")
    return bucket, key


def join_uri(uri: str, *names: str) -> str:
    """A URI below another one, whether that ends in "/" or not."""
    return "/".join([uri.rstrip("/"), *names])


class LocalStore:
    """The objects of every bucket.

    Args:
        root: the folder of the buckets.
        data: pairs of an s3:// prefix and the folder that stands for it; of several that fit, the longest counts.
    """

    def __init__(self, root: Path, data: Sequence[tuple[str, str]] = ()) -> None:
        self.root = root
        self._data = sorted(((prefix.rstrip("/"), Path(folder)) for prefix, folder in data), key=lambda pair: -len(pair[0]))

    def path(self, uri: str) -> Path:
        """The file that an object is, or would be, in the store.

        Raises:
            BackendError: the key cannot be a file's name here, or would lie outside of the bucket.
        """
        bucket, key = split_uri(uri)
        return child(self.root / bucket, key)

    def put(self, uri: str, content: bytes) -> None:
        """Writes an object, atomically."""
        with disk(f"Writing {uri}"):
            write_atomically(self.path(uri), content)

    def upload(self, folder: Path, uri: str, fence: Path) -> int:
        """Copies every file below a folder to below a URI, each atomically.

        Returns:
            how many there are.

        Raises:
            BackendError: a symbolic link leads out of `fence`.
        """
        with disk(f"Writing {uri}"):
            found = walk(folder, fence, whole=True)
            for name, source in found:
                copy_atomically(source, self.path(join_uri(uri, name)))
        return len(found)

    def find(self, uri: str) -> list[tuple[str, Path]]:
        """What an S3Prefix means: names as they arrive in a job's folder, and files; sorted.

        Raises:
            BackendError: nothing is there.
        """
        places = self._places(uri)
        with disk(f"Reading {uri}"):
            for root, key in places:
                if found := _listing(root, key, uri):
                    return found
        raise self._missing(uri, places)

    def objects(self, uri: str) -> list[tuple[str, Path]]:
        """The objects of the store at or below a URI, and their files; "s3://" names all buckets. Sorted.

        Raises:
            BackendError: the URI cannot be one.
        """
        top = self.root if uri.rstrip("/") == "s3:" else child(self.root, uri.removeprefix("s3://").rstrip("/"))
        files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        return [(f"s3://{path.relative_to(self.root).as_posix()}", path) for path in files]

    def object(self, uri: str) -> Path:
        """The file of exactly one object.

        Raises:
            BackendError: there is no such object.
        """
        places = self._places(uri)
        with disk(f"Reading {uri}"):
            for root, key in places:
                path = child(root, key) if key else root
                if path.is_file():
                    return path
        raise self._missing(uri, places)

    def download(self, uri: str, folder: Path) -> None:
        """Copies what a prefix means into a folder, which is created.

        Raises:
            BackendError: nothing is there.
        """
        found = self.find(uri)
        with disk(f"Copying {uri}"):
            folder.mkdir(parents=True, exist_ok=True)
            for name, source in found:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def _places(self, uri: str) -> list[tuple[Path, str]]:
        """Where to look for a URI: pairs of a folder and the rest of the key."""
        bucket, key = split_uri(uri)
        mapped = [
            (folder, uri[len(prefix) :].removeprefix("/")) for prefix, folder in self._data if (uri + "/").startswith(prefix + "/")
        ]
        return [*mapped[:1], (self.root / bucket, key)]

    def _missing(self, uri: str, places: Sequence[tuple[Path, str]]) -> BackendError:
        looked = [f"{root / key}" for root, key in places]
        mapped = f"nothing is in {looked[0]} (conf.local.data), and " if len(looked) > 1 else ""
        wanted = [child(root, key.rstrip("/")).parent for root, key in places if key.rstrip("/")]
        folder = next((parent for parent in wanted if parent.is_dir()), None)
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:SHOWN]) if folder else ""
        beside = f"; beside it there is {names}" if names else ""
        unmapped = "" if mapped else ", and no prefix of conf.local.data covers it"
        return BackendError(f"Reading {uri}", f"{mapped}nothing is in {looked[-1]} (the local store){unmapped}{beside}", CURE)


def _listing(root: Path, key: str, uri: str) -> list[tuple[str, Path]]:
    if not key and root.is_file():
        return [(uri.rstrip("/").rpartition("/")[2], root)]
    if not root.is_dir():
        return []
    path = child(root, key.removesuffix("/")) if key else root
    if path.is_file() and not key.endswith("/"):
        return [(path.name, path)]
    if path.is_dir():
        return walk(path, root)
    if key.endswith("/") or not path.parent.is_dir():
        return []
    return walk(path.parent, root, path.name)
