"""Measures whole processes: time and peak memory of `smp`, and ratios that hold on any machine.

Use: python benchmarks/measure.py [RUNS]. Prints the median of each figure over RUNS runs (default 5) after one that does not count.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from generate import generate

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ["-c", "import yaml, jsonschema, click, botocore.session"]


def measure(arguments: Sequence[str], folder: Path, runs: int) -> tuple[float, float]:
    """Median wall seconds and peak memory in MB of `python ARGUMENTS`, run in `folder`."""
    figures = [_once(arguments, folder) for _ in range(runs + 1)][1:]
    return statistics.median(seconds for seconds, _ in figures), statistics.median(memory for _, memory in figures)


def _once(arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def report(label: str, seconds: float, megabytes: float, note: str = "") -> None:
    """One line of the result."""
    print(f"{label:<34} {seconds:7.2f} s {megabytes:7.0f} MB  {note}")


def main(runs: int) -> None:
    """Measure the baseline, the LightGBM example, and generated projects of 100 and 1,000 units."""
    smp = ["-m", "framework", "--env-file", "env.env"]
    os.environ["PYTHONPATH"] = str(ROOT)
    base, memory = measure(BASELINE, ROOT, runs)
    report("imports alone", base, memory)
    seconds, memory = measure([*smp, "validate"], ROOT, runs)
    report("validate, LightGBM example", seconds, memory, f"{seconds / base:.2f} times the imports")
    with tempfile.TemporaryDirectory() as scratch:
        hundred = 0.0
        for units in (100, 1000):
            folder = Path(scratch) / str(units)
            generate(folder, units)
            seconds, memory = measure([*smp, "compile", "-o", os.devnull], folder, runs)
            hundred = hundred or seconds
            report(f"validate and compile, {units} units", seconds, memory, f"{seconds / hundred:.1f} times 100 units")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
