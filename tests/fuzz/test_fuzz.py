"""A seeded part of `make fuzz`, the small languages as hypothesis writes them, and that the harness finds what is planted."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from framework.config.load import Sources
from framework.findings import has_errors
from framework.road import travel
from tests.fuzz import fleet, seeds, strategies, targets, trial
from tests.fuzz.case import Case, of_text
from tests.fuzz.folder import Folder, temporary
from tests.fuzz.making import make
from tests.fuzz.shrinking import shrunk
from tests.fuzz.trial import try_case

SEED = 20_240_607
PARTS = {"configurations": 100, "reader": 120, "expressions": 400, "dependencies": 400, "definitions": 250}


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    with temporary(seeds.scripts()) as made:
        yield made


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fleet.Worker]:
    made = fleet.Worker(tmp_path_factory.mktemp("worker"), "beat", turned=True)
    yield made
    made.end()


@pytest.mark.parametrize(("target", "count"), PARTS.items())
def test_any_input_is_answered(target: str, count: int, folder: Folder) -> None:
    tried = {number: try_case(make(target, SEED, number), folder) for number in range(count)}
    failures = {number: verdict.failure for number, verdict in tried.items() if verdict.failure}
    assert not failures, f"python -m tests.fuzz --target {target} --seed {SEED} --cases {count}"
    assert len({verdict.digest for verdict in tried.values()}) > count / 5  # and not with one answer for all


@pytest.mark.parametrize(("target", "count"), {"configurations": 25, "reader": 25, "definitions": 50}.items())
def test_an_answer_is_the_same_in_another_process_folder_locale_and_time_zone(
    target: str, count: int, folder: Folder, worker: fleet.Worker
) -> None:
    here = [try_case(make(target, SEED, number), folder).digest for number in range(count)]
    assert worker.ask({"target": target, "seed": SEED, "start": 0, "stop": count})["digests"] == here


@pytest.mark.parametrize("seed", [seed for seed in seeds.configurations() if seed.good], ids=lambda seed: seed.name)
def test_what_is_changed_compiles_as_it_is(seed: seeds.Seed, folder: Folder) -> None:
    with folder.holding(seed.files) as root:
        compiled, findings = travel(Sources(root, patterns=("*.yaml",)), seeds.VARIABLES)
    assert compiled is not None
    assert not has_errors(findings), findings


def answered(target: str, text: str, folder: Folder, **options: Any) -> str:
    return targets.run(of_text(target, text, **options), folder)


@settings(max_examples=200)
@given(strategies.EXPRESSIONS)
def test_an_expression_is_read_as_it_was_written(folder: Folder, text: str) -> None:
    answered("expressions", text, folder)


@settings(max_examples=100)
@given(strategies.CONDITIONS)
def test_a_condition_is_read_or_refused(folder: Folder, text: str) -> None:
    answered("expressions", text, folder, X="0.5")


@settings(max_examples=100)
@given(strategies.DEPENDENCIES)
def test_a_dependency_is_pairs_of_its_steps(folder: Folder, text: str) -> None:
    assert answered("dependencies", text, folder).startswith("[(")


def test_a_planted_fault_is_found_told_apart_and_made_smaller(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def travelled(sources: Sources, *about: Any) -> Any:
        if any(b"hyperparameters" in path.read_bytes() for path in sources.root.glob("*.yaml")):
            raise KeyError("planted")
        return travel(sources, *about)

    monkeypatch.setattr(targets, "travel", travelled)
    case = next(
        case for number in range(1000) if b"hyperparameters" in b"".join((case := make("configurations", 1, number)).files.values())
    )
    failure = try_case(case, folder).failure
    assert failure is not None
    assert failure.sign == f"KeyError in {__file__.lstrip('/')}:travelled"
    assert "KeyError: 'planted'" in failure.trace
    small = shrunk(case, lambda other: getattr(try_case(other, folder).failure, "sign", "") == failure.sign, 10.0)
    assert list(small.files.values()) == [b"hyperparameters"]


def test_a_case_that_goes_on_and_on_is_stopped(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(*_: Any) -> str:
        while True:
            try:
                sum(range(1000))
            except Exception:
                time.sleep(0)

    monkeypatch.setattr(trial, "run", forever)
    failure = try_case(of_text("reader", ""), folder, seconds=0.1).failure
    assert failure is not None
    assert failure.sign == "too long"


def test_a_worker_that_is_killed_says_at_which_case_it_was(worker: fleet.Worker) -> None:
    request = {"target": "dependencies", "seed": 1, "start": 0, "stop": 2}
    assert len(worker.ask(request)["digests"]) == 2
    assert worker.process is not None
    timer = threading.Timer(0.2, worker.process.kill)
    timer.start()
    with pytest.raises(fleet.DeadError, match="the process ended with -9") as caught:
        worker.ask({**request, "stop": 10_000_000})
    assert caught.value.number > 2
    assert worker.process is None  # and the next request starts another


def test_a_death_costs_the_cases_before_it_a_comparison_and_no_other_anything() -> None:
    class Dying(fleet.Worker):
        def ask(self, request: Any, patience: float = 0) -> dict[str, Any]:
            if request["start"] <= 4 < request["stop"]:
                raise fleet.DeadError(4, "the process ended with -11")
            return {"digests": ["x"] * (request["stop"] - request["start"]), "failures": [], "seconds": 1.0}

    answer = fleet._tried(Dying(Path(), "", turned=False), fleet.Batch("dependencies", 3, 7, False), 1)
    assert answer["digests"] == ["", "", "x", "x"]
    assert [(failure["number"], failure["sign"]) for failure in answer["failures"]] == [(4, "the process ended with -11")]


def test_a_run_that_cannot_try_its_cases_does_not_succeed() -> None:
    with pytest.raises(KeyError, match="nothing"):
        fleet.run({"nothing": 3}, seed=1, jobs=1)


def test_a_folder_is_afterwards_as_it_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "root", {"src/a.py": b"1"})
    with folder.holding({"src/a.py": b"2", "x/y/z": b"3"}) as root:
        assert (root / "src/a.py").read_bytes() == b"2"
    assert {path.relative_to(root).as_posix() for path in root.rglob("*")} == {"src", "src/a.py"}
    assert (root / "src/a.py").read_bytes() == b"1"


def test_a_case_is_kept_as_it_is() -> None:
    names = {"a": b"\xff", os.fsdecode(b"\xff"): b"text"}
    case = Case("reader", names, {"a": [1]}, "bytes")
    assert Case.from_json(case.to_json()) == case
