"""Measures `smp plan` and `smp deploy` of generated projects as whole processes, against AWS in memory of another process.

Use: python benchmarks/plans.py [RUNS]. Prints the median processor time of each over RUNS runs (default 5), and ratios that hold on
any machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generate import generate

ROOT = Path(__file__).resolve().parent.parent
SERVER = """
from tests.functional.deploy.faithful import Faithful
with Faithful() as aws:
    aws.s3.buckets["my-bucket"] = {}
    print(aws.url, flush=True)
    input()
"""
CHANGE = ("--set", "models.unit0000.train.hyperparameters.epochs=99")


def seconds(arguments: Sequence[str], folder: Path) -> float:
    """Processor seconds of one run of `smp`."""
    command = [sys.executable, "-m", "framework", "--env-file", "env.env", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"smp {' '.join(arguments)} ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(label: str, arguments: Sequence[str], folder: Path, runs: int, base: float = 0.0) -> float:
    """Print and return the median of several runs."""
    found = statistics.median(seconds(arguments, folder) for _ in range(runs))
    print(f"{label:<40} {found:7.2f} s" + (f"  {found / base:.2f} times compiling alone" if base else ""))
    return found


def main(runs: int) -> None:
    """Plan a pipeline that is not there, one that is, and one of which a line changed."""
    os.environ.update(
        PYTHONPATH=str(ROOT), AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_EC2_METADATA_DISABLED="true"
    )
    for units in (25, 50, 100):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            os.environ["AWS_ENDPOINT_URL"] = server.stdout.readline().strip()
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                generate(folder, units)
                base = measure(f"compile, {units} units", ["compile", "-o", os.devnull], folder, runs)
                measure("  plan, nothing deployed", ["plan"], folder, runs, base)
                measure("  deploy", ["deploy"], folder, 1, base)
                measure("  plan, nothing changed", ["plan"], folder, runs, base)
                measure("  plan, one line changed", ["plan", *CHANGE], folder, runs, base)
        finally:
            server.communicate("\n", timeout=20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
