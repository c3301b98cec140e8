"""Many cases on several processes: what to try in, what failed out. A process that dies or sticks costs one case."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.making import make
from tests.fuzz.trial import WALL_SECONDS

ROOT = Path(__file__).resolve().parents[2]
BATCH = 100
STUCK = 2 * WALL_SECONDS
"""How long a case may go on where its own limits do not end it."""

OTHER = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}


@dataclass(frozen=True)
class Batch:
    """Cases of one target, by their numbers; `twice` tries them in another surrounding too."""

    target: str
    start: int
    stop: int
    twice: bool


@dataclass
class Result:
    """What came of a run.

    Attributes:
        tried, seconds: cases and processor time, by target.
        compared: how many cases were tried twice.
        broken: what ended a part of the run before its time.
        failures: number, sign, trace and case, by target and sign; of those of one sign, that of the smallest case.
        counts: how many failures of each there were.
    """

    tried: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    broken: list[BaseException] = field(default_factory=list)
    failures: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, target: str, failure: dict[str, Any]) -> None:
        key = (target, failure["sign"])
        self.counts[key] += 1
        known = self.failures.get(key)
        if known is None or len(json.dumps(failure["case"])) < len(json.dumps(known["case"])):
            self.failures[key] = failure


class DeadError(Exception):
    """A worker ended or was stuck; `number` is the case that it was at."""

    def __init__(self, number: int, how: str) -> None:
        super().__init__(how)
        self.number = number


class Worker:
    """A process that tries cases, started when it is first asked, and again after it died."""

    def __init__(self, folder: Path, name: str, turned: bool) -> None:
        self.beat, self.folder, self.turned = folder / name, folder, turned
        self.process: subprocess.Popen[str] | None = None

    def ask(self, request: Mapping[str, Any], patience: float = STUCK) -> dict[str, Any]:
        process = self.process = self.process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        last, since = b"", time.monotonic()
        while not select.select([process.stdout], [], [], 1.0)[0]:
            beat = self.beat.read_bytes() if self.beat.exists() else b""
            last, since = (beat, time.monotonic()) if beat != last else (last, since)
            if time.monotonic() - since > patience:
                process.kill()
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            self.process = None
            raise DeadError(int(self.beat.read_bytes() or b"0"), f"the process ended with {code}")
        return dict(json.loads(line))

    def end(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait()

    def _started(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.fuzz.worker", str(self.beat), *(["turned"] if self.turned else [])]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("SMP_FUZZ_STDERR") else subprocess.DEVNULL,
            text=True,
            cwd=self.folder if self.turned else ROOT,
            env={**environment, **(OTHER if self.turned else {})},
        )


def batches(shares: Mapping[str, int], compare: int, first: int = 0) -> Iterator[Batch]:
    """The batches of a run, the targets in turn; of each target, one of `compare` batches is tried twice."""
    for number in range(max(shares.values(), default=0) // BATCH + 1):
        for target, count in shares.items():
            start, stop = number * BATCH, min((number + 1) * BATCH, count)
            if start < stop:
                yield Batch(target, first + start, first + stop, number % compare == 0)


def run(shares: Mapping[str, int], seed: int, jobs: int, compare: int = 8, first: int = 0) -> Result:
    """Try cases of each target; those that fail are made smaller.

    Raises:
        Exception: whatever kept the cases from being made or tried: a run that tries less than it should has not succeeded.
    """
    result, todo = Result(), queue.SimpleQueue[Batch]()
    for batch in batches(shares, compare, first):
        todo.put(batch)
    lock = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="smp-fuzz-") as folder:
        threads = [
            threading.Thread(target=_work, args=(Path(folder), f"{number}", todo, seed, result, lock), daemon=True)
            for number in range(jobs)
        ]
        for thread in threads:
            thread.start()
        while alive := [thread for thread in threads if thread.is_alive()]:
            alive[0].join(20.0)
            print(f"{result.tried.total()} of {sum(shares.values())}, {result.counts.total()} failures", file=sys.stderr)
        if result.broken:
            raise result.broken[0]
        _make_smaller(Worker(Path(folder), "smaller", False), result)
    return result


def _work(folder: Path, name: str, todo: queue.SimpleQueue[Batch], seed: int, result: Result, lock: threading.Lock) -> None:
    one, other = Worker(folder, name, False), Worker(folder, f"{name}-other", True)
    try:
        while not result.broken:
            batch = todo.get_nowait()
            answer = _tried(one, batch, seed)
            again = _tried(other, batch, seed) if batch.twice else answer
            with lock:
                _noted(result, batch, seed, answer, again)
    except queue.Empty:
        pass
    except Exception as error:
        result.broken.append(error)
    finally:
        one.end()
        other.end()


def _noted(result: Result, batch: Batch, seed: int, answer: dict[str, Any], again: dict[str, Any]) -> None:
    result.tried[batch.target] += batch.stop - batch.start
    result.seconds[batch.target] += answer["seconds"]
    result.compared += batch.stop - batch.start if batch.twice else 0
    for failure in answer["failures"]:
        result.add(batch.target, failure)
    lost = {failure["number"] for failure in answer["failures"] if failure["sign"].startswith("the process")}
    for number, (one, other) in enumerate(zip(answer["digests"], again["digests"], strict=True), batch.start):
        if one != other and one and number not in lost:
            case = make(batch.target, seed, number).to_json()
            trace = next((each["trace"] for each in again["failures"] if each["number"] == number), f"{one} here, {other} there\n")
            result.add(batch.target, {"number": number, "sign": "another answer elsewhere", "trace": trace, "case": case})


def _tried(worker: Worker, batch: Batch, seed: int) -> dict[str, Any]:
    """The answer of a worker; where it dies, a failure, and it goes on behind the case that it was at."""
    whole: dict[str, Any] = {"digests": [], "failures": [], "seconds": 0.0}
    start = batch.start
    while start < batch.stop:
        try:
            answer, stop = worker.ask({"target": batch.target, "seed": seed, "start": start, "stop": batch.stop}), batch.stop
        except DeadError as error:
            dead = min(max(error.number, start), batch.stop - 1)
            case = make(batch.target, seed, dead).to_json()
            failure = {"number": dead, "sign": str(error), "trace": f"{error}\n", "case": case}
            answer, stop = {"digests": [""] * (dead + 1 - start), "failures": [failure], "seconds": 0.0}, dead + 1
        for key, value in answer.items():
            whole[key] += value
        start = stop
    return whole


def _make_smaller(worker: Worker, result: Result) -> None:
    for (_, sign), failure in result.failures.items():
        if sign != "another answer elsewhere" and not sign.startswith("the process"):
            with contextlib.suppress(DeadError):
                failure["case"] = worker.ask({"case": failure["case"], "sign": sign}, 120.0)["case"]
    worker.end()
