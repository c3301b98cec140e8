"""A machine on which `smp` runs: a gate to AWS, and a process that forks the commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.functional.deploy.drill.gate import KILLS, SILENT, Fault, Gate
from tests.functional.deploy.faithful import Faithful

ROOT = Path(__file__).resolve().parents[4]
KILLED = -9


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.stdout}{self.stderr}"


def environment(url: str, home: Path) -> dict[str, str]:
    """The variables of a process whose calls all go to this address, with credentials that are none."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SMP_")) and "proxy" not in key.lower()}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "AWS_CONFIG_FILE": str(home / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "dummy-access-key",
        "AWS_SECRET_ACCESS_KEY": "dummy-secret-key",
    }


class Machine:
    """It stands for as long as the `with` statement lasts.

    Args:
        home: an empty folder of its own.
        warm: commands that use what the drilled ones use, to be run in an account that is then forgotten.
        account: makes such an account.
    """

    def __init__(self, home: Path, warm: list[list[str]], account: Callable[[], Faithful]) -> None:
        self.home, self._warm, self._account = home, warm, account
        self.gate = Gate(Faithful(), self._victim)
        self._orders = threading.Lock()
        self._pid = 0
        self._started = threading.Event()

    def __enter__(self) -> Machine:
        self.gate.__enter__()
        self.home.mkdir(parents=True, exist_ok=True)
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.deploy.drill.mother"],
            cwd=ROOT,
            env=environment(self.gate.url, self.home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for hasty in (False, True):
            account = self._account()
            for words in self._warm:
                self.gate.set(account)
                ended = self._here(words, hasty)
                assert ended.code == 0, str(ended)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._mother.communicate(timeout=20)
        self.gate.__exit__(kind, error, trace)

    def run(self, words: list[str], server: Faithful, fault: Fault | None = None) -> Ended:
        """Run `smp` to its end, against this server, with this fault on the way; in a process of its own if it is killed."""
        self.gate.set(server, fault)
        if fault is not None and fault.kind in KILLS:
            return self.ended(self.start(words))
        return self._here(words, hasty=fault is not None and fault.kind in SILENT)

    def _here(self, words: list[str], hasty: bool) -> Ended:
        """Run `smp` in the one process that runs all that are not killed: that takes half the time."""
        return self._ended(self._order(here=words, output=str(self.home), hasty=hasty))

    def start(self, words: list[str], hasty: bool = False) -> int:
        """Start `smp`; the id of the process."""
        self._started.clear()
        self.victim_is(self._order(start=words, output=str(self.home), hasty=hasty))
        return self._pid

    def victim_is(self, pid: int) -> None:
        """The process that a kill is for."""
        self._pid = pid
        self._started.set()

    def ended(self, pid: int) -> Ended:
        """Wait for a process; how it ended."""
        return self._ended(self._order(wait=pid))

    def _ended(self, code: int) -> Ended:
        return Ended(code, *((self.home / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")))

    def _victim(self) -> int:
        if not self._started.wait(10):
            raise RuntimeError("no process was started")
        return self._pid

    def _order(self, **order: Any) -> int:
        assert self._mother.stdin is not None and self._mother.stdout is not None
        with self._orders:
            self._mother.stdin.write(json.dumps(order) + "\n")
            self._mother.stdin.flush()
            answer = self._mother.stdout.readline()
        if not answer:
            raise RuntimeError(f"the mother of all processes is gone: {order}")
        return int(answer)
