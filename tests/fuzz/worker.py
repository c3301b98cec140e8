"""A process that tries cases: requests in, one line of JSON each; one line of JSON out for each.

`{"target", "seed", "start", "stop"}` tries the cases of those numbers; `{"case", "sign"}` makes a case that fails smaller. Before
each case its number is written to the file that is named on the command line, so that it is known whose fault a death is. With
"turned" behind it, folders are listed in another order than the disk's.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.case import Case
from tests.fuzz.folder import Folder, temporary
from tests.fuzz.making import make
from tests.fuzz.shrinking import shrunk
from tests.fuzz.trial import limit_memory, try_case


def main(beat: Path, turned: bool) -> None:
    for name in [name for name in os.environ if name.startswith("SMP_")]:
        del os.environ[name]
    limit_memory()
    if turned:
        turn_folders()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing else gets among the answers
    with temporary(seeds.scripts(), "an other" if turned else "a") as folder, beat.open("wb", buffering=0) as pulse:
        for line in sys.stdin:
            request = json.loads(line)
            answer = _smaller(request, folder) if "case" in request else _tried(request, folder, pulse.fileno())
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def _tried(request: dict[str, Any], folder: Folder, pulse: int) -> dict[str, Any]:
    digests, failures, begun = [], [], time.process_time()
    for number in range(request["start"], request["stop"]):
        os.pwrite(pulse, f"{number:012}".encode(), 0)
        case = make(request["target"], request["seed"], number)
        verdict = try_case(case, folder)
        digests.append(verdict.digest)
        if verdict.failure is not None:
            failures.append(
                {"number": number, "sign": verdict.failure.sign, "trace": verdict.failure.trace, "case": case.to_json()}
            )
    return {"digests": digests, "failures": failures, "seconds": time.process_time() - begun}


def _smaller(request: dict[str, Any], folder: Folder) -> dict[str, Any]:
    def fails(case: Case) -> bool:
        failure = try_case(case, folder).failure
        return failure is not None and failure.sign == request["sign"]

    return {"case": shrunk(Case.from_json(request["case"]), fails, request.get("seconds", 20.0)).to_json()}


def turn_folders() -> None:
    """From now on, folders list what is in them the other way round."""
    scan = os.scandir

    @contextlib.contextmanager
    def listed(path: Any = ".") -> Iterator[Any]:
        with scan(path) as entries:
            yield iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    os.scandir = listed  # type: ignore[assignment]


if __name__ == "__main__":
    main(Path(sys.argv[1]), "turned" in sys.argv[2:])
