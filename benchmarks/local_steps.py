"""Measures what the local engine costs a step: a pipeline of many trivial Processing steps, and the same processes started bare.

Use: python benchmarks/local_steps.py [RUNS [STEPS]]. Each measurement is a process of its own. Prints the medians over RUNS runs
(default 3) of STEPS steps (default 500): seconds of the pipeline, seconds of as many processes started in the same way by the bare
runner, as many at a time, what is left for the engine, and its peak memory at STEPS and at a fifth of them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "echo 1 > /opt/ml/processing/o/x"
LIMIT_MS = 15.0
"""What the engine may add to a step."""


def definition(count: int) -> dict[str, Any]:
    """A pipeline of so many steps that wait for nothing."""
    return {"Steps": [_step(f"S{number}") for number in range(count)]}


def _step(name: str) -> dict[str, Any]:
    output = {"OutputName": "o", "S3Output": {"S3Uri": f"s3://bucket/{name}", "LocalPath": "/opt/ml/processing/o"}}
    application = {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", SCRIPT]}
    arguments = {"AppSpecification": application, "ProcessingOutputConfig": {"Outputs": [output]}}
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


def pipeline(count: int, folder: Path) -> None:
    """Runs the pipeline."""
    from framework.local.backend import LocalBackend
    from framework.pipeline.compiled import CompiledPipeline

    done = LocalBackend(folder / ".smp").run(CompiledPipeline("bench", definition(count)), {})
    if done.status != "Succeeded":
        sys.exit(f"the pipeline ended as {done.status}: {done.description.get('FailureReason')}")


def bare(count: int, folder: Path) -> None:
    """Starts as many processes as the pipeline has steps, by the same runner, as many at a time, each with a folder of its own."""
    from framework.local.environment import SYSTEM_PATH
    from framework.local.isolation import Command, choose_runner

    runner = choose_runner(folder / "probe")

    def one(number: int) -> int | None:
        place = folder / str(number)
        (place / "ml/processing/o").mkdir(parents=True)
        command = Command(("/bin/sh", "-c", SCRIPT), place / "ml", {"PATH": SYSTEM_PATH}, "/", place / "log.txt")
        return runner.start(command).wait()

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        if any(pool.map(one, range(count))):
            sys.exit("a process failed")


def measure(what: str, count: int) -> tuple[float, float]:
    """Seconds and peak memory in MB of one of the two, in a process of its own; imports do not count."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        words = [sys.executable, __file__, what, str(count), folder]
        shown = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if shown.returncode != 0:
            sys.exit(f"{what} of {count} ended with exit code {shown.returncode}")
    seconds, megabytes = json.loads(shown.stdout)
    return seconds, megabytes


def child(what: str, count: int, folder: Path) -> None:
    """What runs in that process."""
    import resource

    import framework.local.backend  # noqa: F401 - its imports do not count

    begin = time.perf_counter()
    {"pipeline": pipeline, "bare": bare}[what](count, folder)
    seconds = time.perf_counter() - begin
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main(runs: int, count: int) -> None:
    """Measure both in turn, and print the medians."""
    few = max(1, count // 5)
    turns = [(measure("pipeline", count), measure("bare", count), measure("pipeline", few)) for _ in range(runs)]
    seconds, alone = (statistics.median(turn[place][0] for turn in turns) for place in (0, 1))
    own = statistics.median(1000 * (whole[0] - processes[0]) / count for whole, processes, _ in turns)
    memory, before = (statistics.median(turn[place][1] for turn in turns) for place in (0, 2))
    print(f"a pipeline of {count} steps              {seconds:7.2f} s")
    print(f"{count} processes, bare                  {alone:7.2f} s")
    print(f"what the engine adds to a step      {own:7.2f} ms (at most {LIMIT_MS:.0f})")
    print(f"its peak memory, {few} and {count} steps    {before:7.1f} MB and {memory:.1f} MB")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, int(sys.argv[2]) if len(sys.argv) > 2 else 500)
