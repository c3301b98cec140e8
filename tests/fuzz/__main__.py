"""`python -m tests.fuzz`: tries many cases of each target, and says which failed.

A failure is written to build/fuzz as a file; `--again FILE` tries it again in this process, and prints what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

from tests.fuzz import fleet, seeds
from tests.fuzz.case import Case
from tests.fuzz.folder import temporary
from tests.fuzz.targets import TARGETS, run

FOLDER = Path("build/fuzz")
SHARES = {"configurations": 50, "reader": 14, "expressions": 10, "dependencies": 4, "definitions": 22}
"""Of a hundred cases, how many each target gets."""


def main() -> int:
    given = _parser().parse_args()
    if given.again:
        return _again(given.again)
    begun = time.monotonic()
    shares = {target: given.cases * share // 100 for target, share in SHARES.items()}
    if given.target:
        shares = {given.target: given.cases}
    result = fleet.run(shares, given.seed, given.jobs, given.compare, given.first)
    assert dict(result.tried) == {target: count for target, count in shares.items() if count}
    for (target, sign), failure in sorted(result.failures.items()):
        _tell(target, sign, failure, result.counts[target, sign], given.seed)
    per_target = ", ".join(
        f"{target} {count} ({count / max(result.seconds[target], 1e-9):.0f}/s)" for target, count in result.tried.items()
    )
    took = time.monotonic() - begun
    print(
        f"{sum(result.tried.values())} cases: {per_target}; {result.compared} compared with another process; "
        f"{sum(result.counts.values())} failures of {len(result.failures)} kinds; {took:.0f} s; seed {given.seed}"
    )
    return 1 if result.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000, help="how many in all (default: 50000)")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other cases (default: 1)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case of each target (default: 0)")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2), help="processes at a time (default: 2)")
    parser.add_argument(
        "--compare", type=int, default=8, help="every how many batches one is tried in another process too (default: 8)"
    )
    parser.add_argument("--target", choices=TARGETS, help="this one alone")
    parser.add_argument("--again", type=Path, metavar="FILE", help="try the case of a file again")
    return parser


def _tell(target: str, sign: str, failure: dict[str, object], count: int, seed: int) -> None:
    """Print a failure, and write it to a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{target}-{re.sub(r'[^A-Za-z0-9]+', '-', sign).strip('-')}.json"
    path.write_text(json.dumps({"seed": seed, **failure}, indent=1), encoding="utf-8")
    last = str(failure["trace"]).rstrip().splitlines()[-1][:300]
    print(
        f"{target}: {sign}, {count} times, first kept as case {failure['number']}: {last}\n    python -m tests.fuzz --again {path}"
    )


def _again(path: Path) -> int:
    """Try a case without limits, so that the traceback is whole."""
    for name in [name for name in os.environ if name.startswith("SMP_")]:
        del os.environ[name]
    case = Case.read(path)
    for name, content in case.files.items():
        print(f"--- {name}\n{content.decode('utf-8', 'backslashreplace')}")
    print(f"--- {dict(case.options)}")
    with temporary(seeds.scripts()) as folder:
        print(run(case, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
