"""The original entry point: create or update the pipeline and run it. The same as `smp run`, with this folder as the root.

Everything is configured by the SMP_* variables; arguments are passed on to `smp run`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from framework.cli import smp


def main() -> None:
    """Run `smp run` with the arguments of the command line."""
    smp.main(["--root", str(Path(__file__).resolve().parent), "run", *sys.argv[1:]], prog_name="smp")


if __name__ == "__main__":
    main()
