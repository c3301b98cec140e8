"""A process that has imported `smp` and made its clients, and forks a new process for a command, or runs it itself: orders in, one
line of JSON each; the process's id, or how the command ended, out.

It runs no thread when it forks, and a command finds all as if it had been started anew: what it asks of AWS, the connections to it
and the tries that botocore grants are its own. Only what never changes is there already: modules, files of botocore, and clients.

    {"here": [WORDS], "output": FOLDER, "hasty": BOOL}   runs a command in this very process; answers the exit code
    {"start": [WORDS], "output": FOLDER, "hasty": BOOL}  answers the id of the process
    {"wait": ID}                                         answers the exit code; -9 for one that was killed
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader
from botocore.retries.quota import RetryQuota

import framework.deploy.applying
import framework.deploy.backend
import framework.deploy.whole
from framework.cli import smp
from framework.deploy.backend import SageMakerBackend
from framework.deploy.clients import Clients

SERVICES = ("sagemaker", "s3", "events", "scheduler", "sns", "sts")
PATIENCE = {False: 20, True: 0.5}
"""How many seconds a command waits for an answer, by whether it is in a hurry."""

INLINE_LIMIT = 4_000
"""So that a definition goes by S3 which the drill need not send hundreds of times in its full size."""

USUAL_LIMIT = framework.deploy.applying.INLINE_LIMIT
UPLOADED = "large"
"""A command goes by S3 with its definition where the name of its project ends like this."""


QUOTAS: list[RetryQuota] = []


def main() -> None:
    """Take orders until there are no more."""
    make = RetryQuota.__init__

    def made(self: RetryQuota, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        QUOTAS.append(self)

    RetryQuota.__init__ = made  # type: ignore[method-assign]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loaded: dict[str, Any] = {}
    load_file = JSONFileLoader.load_file

    def load_once(self: JSONFileLoader, path: str) -> Any:
        if path not in loaded:
            loaded[path] = load_file(self, path)
        return loaded[path]

    JSONFileLoader.load_file = load_once
    backends = {hasty: _backend(hasty) for hasty in PATIENCE}
    for line in sys.stdin:
        order = json.loads(line)
        if "here" in order:
            answer = _here(order, backends)
        elif "start" in order:
            answer = _start(order, backends)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(answer, flush=True)


def _backend(hasty: bool = False) -> SageMakerBackend:
    seconds: Any = PATIENCE[hasty]
    made = SageMakerBackend("eu-west-1")
    made._clients = Clients("eu-west-1", connect_seconds=5, read_seconds=seconds)
    brief = Clients("eu-west-1", attempts=2, connect_seconds=3, read_seconds=seconds)
    made.clients.brief = brief  # type: ignore[misc]
    brief.session = made.clients.session
    for service in SERVICES:
        made.clients.client(service)
        brief.client(service)
    return made


def _here(order: dict[str, Any], backends: dict[bool, SageMakerBackend]) -> int:
    for quota in QUOTAS:
        quota._available_capacity = quota._max_capacity
    keep, backend, folder = (sys.stdout, sys.stderr), backends[order["hasty"]], Path(order["output"])
    with (folder / "stdout").open("w") as sys.stdout, (folder / "stderr").open("w") as sys.stderr:
        code = _run(order["here"], backend)
    sys.stdout, sys.stderr = keep
    for clients in (backend.clients, backend.clients.brief):
        for service in SERVICES:
            clients.client(service)._endpoint.http_session.close()
    gc.collect()
    gc.disable()  # or every command would copy all pages that it only looks through
    gc.freeze()
    return code


def _start(order: dict[str, Any], backends: dict[bool, SageMakerBackend]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            _redirect(Path(order["output"]))
            code = _run(order["start"], backends[order["hasty"]])
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid


def _redirect(folder: Path) -> None:
    for number, path in enumerate(("/dev/null", folder / "stdout", folder / "stderr")):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)


def _run(words: list[str], backend: SageMakerBackend) -> int:
    framework.deploy.backend.SageMakerBackend = lambda region: backend  # type: ignore[misc, assignment]
    large = any(word.endswith(UPLOADED) for word in words)
    framework.deploy.applying.INLINE_LIMIT = INLINE_LIMIT if large else USUAL_LIMIT
    try:
        smp.main(words, prog_name="smp")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


if __name__ == "__main__":
    # The tries of botocore are drilled, the seconds between them are not.
    import botocore.retries.standard

    botocore.retries.standard.ExponentialBackoff.delay_amount = lambda *_: 0.01
    framework.deploy.whole.pause = lambda attempts: 0.01
    main()
