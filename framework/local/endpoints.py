"""The endpoints of this machine: servers on loopback that go on after the run that deployed them, until they are stopped.

state/endpoints/<name>.json: the endpoint that answers; <name>/<deployment>/: what its server sees, with endpoint.json from the
moment that it is deployed. In: the state folder and names. Out: what is running; nothing once it was stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from framework.errors import BackendError
from framework.findings import nearest
from framework.local.detached import PATIENCE_SECONDS, DetachedRunning
from framework.local.files import disk, write_json
from framework.local.names import now
from framework.local.ownership import try_lock
from framework.local.processes import alive, end, identity

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
RECORD, OWNER = "endpoint.json", "owner.json"
IN_SERVICE, OUT_OF_SERVICE = "InService", "OutOfService"
LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that was deployed and not stopped.

    Attributes:
        name: its name.
        url: where POST gets an answer of the model.
        port: the port of 127.0.0.1 behind it.
        model: the name of its model.
        config: the name of its configuration.
        job: the name that the Endpoint step's work has.
        created: when it was deployed.
        folder: what its server sees, and its log.
        process: the identity of the process that ends it.
    """

    name: str
    url: str
    port: int
    model: str
    config: str
    job: str
    created: str
    folder: str
    process: Mapping[str, Any]

    @property
    def status(self) -> str:
        """InService, or OutOfService when its process has ended."""
        return IN_SERVICE if alive(self.process) else OUT_OF_SERVICE

    @property
    def log(self) -> Path:
        """What its server wrote."""
        return Path(self.folder) / "log.txt"


class Deployment:
    """A new deployment of an endpoint; use it in a `with` statement. What was not kept by its end is removed.

    Args:
        state: the state folder.
        name: the endpoint's name.

    Attributes:
        folder: a new folder for what the server sees.

    Raises:
        BackendError: the disk refuses.
    """

    def __init__(self, state: Path, name: str) -> None:
        self._state, self._name, self._kept = state, name, False
        place = _root(state) / name
        with disk(f"Deploying the endpoint {name}"):
            place.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix="d-", dir=place))
            write_json(self.folder / OWNER, identity(os.getpid()))

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, running: DetachedRunning, port: int, path: str, **about: str) -> Endpoint:
        """Makes the running server the endpoint, then ends the one that was it before.

        Args:
            running: the server, which answers already.
            port: its port.
            path: where it answers POST.
            about: model, config and job, as `Endpoint` has them.

        Raises:
            BackendError: the disk refuses, or the old one does not end.
        """
        url, process = f"http://127.0.0.1:{port}{path}", running.known
        endpoint = Endpoint(name=self._name, url=url, port=port, created=now(), folder=str(self.folder), process=process, **about)
        with disk(f"Deploying the endpoint {self._name}"), _locked(self._state):
            write_json(self.folder / RECORD, asdict(endpoint))
            running.keep()
            self._kept = True
            write_json(_file(self._state, self._name), asdict(endpoint))
            _sweep(self._state, self._name, spare=self.folder)
        return endpoint


def list(state: Path) -> Sequence[Endpoint]:  # noqa: A001 - read as endpoints.list
    """The endpoints that were deployed and not stopped, by name."""
    places = sorted(path for path in _root(state).glob("*") if path.is_dir())
    return [endpoint for place in places if (endpoint := _current(state, place)) is not None]


def stop(state: Path, name: str | None = None) -> Sequence[str]:
    """Stops an endpoint, with everything that its server started, and forgets it.

    Args:
        state: the state folder.
        name: the endpoint's name; None for all of them.

    Returns:
        the names of those that were stopped, also of those that had ended by themselves.

    Raises:
        BackendError: there is no such endpoint, or one cannot be stopped; the others are.
    """
    known = [endpoint.name for endpoint in list(state)]
    if name is not None and name not in known:
        raise BackendError(f"Stopping the endpoint {name}", "there is no such endpoint here", nearest(name, known))
    chosen = known if name is None else [name]
    with disk("Stopping endpoints"), _locked(state):
        _stop(state, chosen)
    return chosen


def stop_all(state: Path) -> Sequence[str]:
    """As `stop`, for all endpoints."""
    return stop(state)


def _stop(state: Path, names: Iterable[str]) -> None:
    failures = [error for name in names if (error := _forget(state, name))]
    if failures:
        raise failures[0]


def _forget(state: Path, name: str) -> BackendError | None:
    """Ends an endpoint and forgets it; why that is impossible."""
    try:
        _sweep(state, name)
    except BackendError as error:
        return error
    _file(state, name).unlink(missing_ok=True)
    return None


def _current(state: Path, place: Path) -> Endpoint | None:
    """The endpoint of a folder of deployments; where the tool was killed before it could say which it is, any of them."""
    if endpoint := _read(_file(state, place.name)):
        return endpoint
    return next(filter(None, (_read(path) for path in sorted(place.glob(f"d-*/{RECORD}")))), None)


def _sweep(state: Path, name: str, spare: Path | None = None) -> None:
    """Ends and removes every deployment of an endpoint but one, and those that somebody is still making."""
    for folder in sorted((_root(state) / name).glob("d-*")):
        endpoint = _read(folder / RECORD)
        if folder == spare or (endpoint is None and alive(_json(folder / OWNER))):
            continue
        if endpoint is not None:
            end(endpoint.process, PATIENCE_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _root(state: Path) -> Path:
    return state / "endpoints"


def _file(state: Path, name: str) -> Path:
    return _root(state) / f"{name}.json"


def _read(path: Path) -> Endpoint | None:
    try:
        return Endpoint(**_json(path))
    except TypeError:
        return None


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; {} when there is none that can be read."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@contextlib.contextmanager
def _locked(state: Path) -> Iterator[None]:
    """One at a time changes which deployment is the endpoint."""
    root = _root(state)
    root.mkdir(parents=True, exist_ok=True)
    number = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        limit = time.monotonic() + LOCK_SECONDS
        while try_lock(number) is False:  # where there are no locks, two runs at once must not deploy the same endpoint
            if time.monotonic() > limit:
                raise BackendError(f"Locking {root}", "another process has had it for a minute", "wait until it has ended")
            time.sleep(0.05)
        yield
    finally:
        os.close(number)
