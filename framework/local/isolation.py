"""Starting processes: each sees a folder of ours as its /opt/ml, and nothing it starts outlives it.

In: a folder to try things out in, and perhaps the name of a runner. Out: a `Runner`. The runners themselves stand in `runners`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from framework.errors import BackendError
from framework.local.runners.base import Command, Runner, Running, StartError, Traits, traits
from framework.local.runners.bubblewrap import BubblewrapRunner
from framework.local.runners.containers import ENGINES, ContainerRunner
from framework.local.runners.namespace import NamespaceRunner
from framework.local.runners.plain import PlainRunner
from framework.local.runners.supervised import SETUP, START_SECONDS

__all__ = ["AUTO", "KINDS", "Command", "NamespaceRunner", "Runner", "Running", "StartError", "Traits", "choose_runner", "traits"]

AUTO = "auto"
KINDS = (AUTO, "namespace", "bubblewrap", "plain", *ENGINES)


def choose_runner(folder: Path, kind: str = AUTO) -> Runner:
    """The runner that is asked for, or the strongest one that works here without a container engine.

    Args:
        folder: where things are tried out; created.
        kind: one of KINDS. "auto" is namespace, else bubblewrap, else plain; what the one that is found cannot isolate
            stand in its traits.

    Raises:
        BackendError: what is asked for is not there, or does not work.
    """
    if kind not in KINDS:
        raise BackendError("Choosing a runner", f"there is none named {kind}", f"choose one of {', '.join(KINDS)}")
    if folder.resolve().is_relative_to("/opt/ml"):
        raise BackendError(SETUP, f"{folder} lies in /opt/ml, which it would hide", "work in another folder")
    (folder / "ml").mkdir(parents=True, exist_ok=True)
    if kind in ENGINES:
        return ContainerRunner(kind, _without_images(folder))
    if kind == AUTO:
        return _without_images(folder)
    return {"namespace": _namespace, "bubblewrap": _bubblewrap, "plain": _plain}[kind](folder)


def _without_images(folder: Path) -> Runner:
    """The strongest runner that works; the plain one always does."""
    return _first(_namespace, folder) or _first(_bubblewrap, folder) or PlainRunner()


def _first(make: Callable[[Path], Runner], folder: Path) -> Runner | None:
    try:
        return make(folder)
    except BackendError:
        return None


def _try(runner: Runner, folder: Path) -> None:
    runner.start(Command((), folder / "ml", {}, "/", folder / "log.txt")).wait(START_SECONDS)


def _namespace(folder: Path) -> Runner:
    if not sys.platform.startswith("linux"):
        raise BackendError(SETUP, f"{sys.platform} has no mount namespaces", "choose the runner plain or docker")
    reasons = []
    for user, pid in [(False, True), (False, False)] * (os.geteuid() == 0) + [(True, True), (True, False)]:
        runner = NamespaceRunner(user, pid)
        try:
            _try(runner, folder)
        except BackendError as error:
            reasons.append(error.why)
            continue
        return runner
    cure = "run as root, allow user namespaces on this machine, or choose the runner plain or docker"
    raise BackendError(SETUP, "; ".join(dict.fromkeys(reasons)), cure)


def _bubblewrap(folder: Path) -> Runner:
    if not sys.platform.startswith("linux"):
        raise BackendError(SETUP, f"bubblewrap does not run on {sys.platform}", "choose the runner plain or docker")
    runner = BubblewrapRunner()
    _try(runner, folder)
    return runner


def _plain(_: Path) -> Runner:
    return PlainRunner()
