"""What must lie in S3 for the steps' code: deterministic archives of source directories, and small generated files.

An object's key holds the SHA-256 of its bytes, so unchanged code keeps its address: it is not uploaded again, and the step cache of
the service, which looks at addresses, still hits. The archives are the same bytes on every machine: entries are sorted, carry no
times or owners, and the gzip layer stores without compressing, because what a compressor puts out differs between zlib versions.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from framework.config.paths import is_folder
from framework.errors import BackendError
from framework.findings import ERROR, WARNING, Finding
from framework.pipeline.compiled import Upload
from framework.steps.base import StepSpec

IGNORED = (
    ".git", ".hg/", ".svn/", "__pycache__/", "*.py[cod]", ".ipynb_checkpoints/", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/",
    ".tox/", ".nox/", ".smp/", "*.egg-info/", "node_modules/", ".DS_Store", ".smpignore", ".env", ".env.*", "*.env", ".aws/",
    ".netrc", ".ssh/", ".docker/", ".kube/", ".git-credentials", ".pypirc", "*.pem", "*.key", "id_rsa*", "id_ed25519*", ".venv/",
)  # fmt: skip
"""Never part of a bundle unless .smpignore takes it back with `!`: version control, caches, and files that hold secrets."""

_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")
"""What tells a virtual environment, whatever its name."""

_BLOCK = 65_535


class Bundles:
    """Collects the uploads of one compilation.

    Args:
        root: folder that source directories are relative to.
        prefix: s3:// URI below which everything is put, without its final slash.
        excluded: files that never go into a bundle, such as the configuration itself.
        report: takes findings.
    """

    def __init__(self, root: Path, prefix: str, excluded: Sequence[Path], report: Callable[[Finding], None]) -> None:
        self.root = root
        self.prefix = prefix
        self.excluded = {path.resolve() for path in excluded}
        self.report = report
        self._uploads: dict[str, Upload] = {}
        self._bundles: dict[tuple[Path, str | None], str] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._files: dict[Path, Mapping[str, Path]] = {}

    def uploads(self) -> tuple[Upload, ...]:
        """Everything collected so far, sorted by URI."""
        return tuple(self._uploads[uri] for uri in sorted(self._uploads))

    def sources(self) -> Mapping[Path, Mapping[str, Path]]:
        """For each source directory that was looked at, the files that go into its bundle, by their paths in it."""
        return self._files

    def bundle(self, spec: StepSpec, requirements: str | None = None) -> str:
        """The URI of the archive of a model's source directory; `requirements` is put at its top as requirements.txt as well."""
        source = self._source(spec)
        if source is None:
            return ""
        key = (source, requirements)
        if key not in self._bundles:
            archive = _archive(self._members(spec, source), requirements)
            self._bundles[key] = self._add("sourcedir.tar.gz", stored_gzip(archive))
        return self._bundles[key]

    def text(self, name: str, content: str) -> str:
        """The URI of a generated file."""
        key = (name, content)
        if key not in self._texts:
            self._texts[key] = self._add(name, content.encode())
        return self._texts[key]

    def folder(self, spec: StepSpec, paths: Sequence[str]) -> str:
        """The URI of a folder of these files and folders of the model's source directory, each under its last name."""
        source = self._source(spec)
        if source is None:
            return ""
        chosen: dict[str, Path] = {}
        for path in paths:
            above = f"{path.rpartition('/')[0]}/".lstrip("/")
            members = self._members(spec, source).items()
            chosen |= {name.removeprefix(above): file for name, file in members if name == path or name.startswith(f"{path}/")}
        contents = {name: _read(chosen[name]) for name in sorted(chosen)}
        digests = [f"{hashlib.sha256(content).hexdigest()} {name}" for name, content in contents.items()]
        folder = f"{self.prefix}/{hashlib.sha256(chr(10).join(digests).encode()).hexdigest()}"
        for name, content in contents.items():
            uri = f"{folder}/{name}"
            self._uploads[uri] = Upload(uri, hashlib.sha256(content).hexdigest(), content)
        return folder

    def has(self, spec: StepSpec, path: str, or_folder: bool = False) -> bool:
        """Whether a model's bundle holds a file, or a folder, where that is asked; true where there is no source directory."""
        source = spec.model.source_directory
        folder = self.root / source if source else None
        if folder is None or not is_folder(folder):
            return True
        members = self._members(spec, folder)
        return path in members or (or_folder and any(name.startswith(f"{path}/") for name in members))

    def _add(self, name: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        uri = f"{self.prefix}/{digest}/{name}"
        self._uploads[uri] = Upload(uri, digest, content)
        return uri

    def _source(self, spec: StepSpec) -> Path | None:
        model = spec.model
        if not model.source_directory:
            owner = f'the model "{model.name}" has no source_directory' if model.name else f"{spec.name} belongs to no model"
            place = model.place if model.name else spec.config.place
            hint = "set source_directory" if model.name else "name a model with a source_directory as the step's model"
            self.report(Finding("SMP702", place, f"{owner}, and its scripts must lie somewhere", hint))
            return None
        folder = self.root / model.source_directory
        if not is_folder(folder):
            message = f"the source directory {model.source_directory} does not exist"
            self.report(
                Finding("SMP702", model.source_place, message, "check source_directory; it is relative to the root (--root)")
            )
            return None
        return folder

    def _members(self, spec: StepSpec, source: Path) -> Mapping[str, Path]:
        """The files of a source directory that go into its bundle, by their paths in it."""
        if source not in self._files:
            try:
                self._files[source] = dict(self._find(spec, source))
            except OSError as error:
                raise _unreadable(error) from None
        return self._files[source]

    def _find(self, spec: StepSpec, source: Path) -> Iterator[tuple[str, Path]]:
        inside = source.resolve()
        for path in _walk(source, Ignored(source)):
            name = path.relative_to(source).as_posix()
            if not path.exists():
                self._report_link(spec, name, "leads nowhere", WARNING)
            elif not path.resolve().is_relative_to(inside):
                self._report_link(spec, name, "leaves the source directory")
            elif path.is_dir():
                self._report_link(spec, name, "leads to a folder, so what is in it stays out", WARNING)
            elif path.resolve() not in self.excluded:
                yield name, path

    def _report_link(self, spec: StepSpec, name: str, fault: str, severity: str = ERROR) -> None:
        message = f"{name} in {spec.model.source_directory} is a link that {fault}"
        hint = f"copy what it leads to, or name {name} in .smpignore"
        self.report(Finding("SMP703", spec.model.source_place, message, hint, severity))


class Ignored:
    """Which files of a source directory stay out: the built-in list, then the lines of .smpignore in its top folder.

    A line is a pattern of the whole path or of one name in it; a final `/` means folders only; `!` takes back what was ignored.
    """

    def __init__(self, source: Path) -> None:
        lines = list(IGNORED)
        file = source / ".smpignore"
        if file.is_file():
            lines += file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        self.rules = [rule for line in lines if (rule := _rule(line)) is not None]

    def __call__(self, name: str, is_folder: bool) -> bool:
        """Whether the file or folder called `name`, relative to the source directory, stays out."""
        last = name.rpartition("/")[2]
        ignored = False
        for keep, folders_only, pattern in self.rules:
            if folders_only and not is_folder:
                continue
            if fnmatchcase(name, pattern) or ("/" not in pattern and fnmatchcase(last, pattern)):
                ignored = not keep
        return ignored


def _rule(line: str) -> tuple[bool, bool, str] | None:
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    keep = text.startswith("!")
    text = text.removeprefix("!").strip()
    return keep, text.endswith("/"), text.strip("/")


def _walk(folder: Path, ignored: Ignored) -> Iterator[Path]:
    stack = [folder]
    while stack:
        current = stack.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                path = Path(entry.path)
                is_folder = entry.is_dir(follow_symlinks=False)
                if ignored(path.relative_to(folder).as_posix(), is_folder):
                    continue
                if entry.is_symlink() or path.is_file():
                    yield path
                elif is_folder and not any((path / mark).exists() for mark in _ENVIRONMENTS):
                    stack.append(path)


def _unreadable(error: OSError) -> BackendError:
    cure = "check its permissions, or name it in .smpignore"
    return BackendError(f"reading {error.filename}", error.strerror or str(error), cure)


def _archive(members: Mapping[str, Path], requirements: str | None) -> bytes:
    buffer = io.BytesIO()
    contents = members if requirements is None else {**members, "requirements.txt": members[requirements]}
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(contents):
            _write(archive, name, contents[name])
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(error) from None


def _write(archive: tarfile.TarFile, name: str, path: Path) -> None:
    content = _read(path)
    try:
        executable = path.stat().st_mode & stat.S_IXUSR
    except OSError as error:
        raise _unreadable(error) from None
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mode = 0o755 if executable else 0o644
    archive.addfile(info, io.BytesIO(content))


def stored_gzip(data: bytes) -> bytes:
    """A gzip file (RFC 1952) that holds `data` in stored blocks (RFC 1951), so that its bytes depend on nothing but `data`."""
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    blocks = range(0, max(len(data), 1), _BLOCK)
    for start in blocks:
        block = data[start : start + _BLOCK]
        last = 1 if start == blocks[-1] else 0
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)
