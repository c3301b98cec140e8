"""Parts of a pipeline that run on this machine, by what has changed and by what has failed; all for real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from framework.cli import smp
from tests.functional.after import script, told
from tests.functional.test_local_commands import shell

RUN = ["run", "--local", "--definition", "my pipe.json"]


def ran(home: Path, run: str) -> list[str]:
    """The steps that ran by themselves in a run, in the order in which they began."""
    states = json.loads((home / f".smp/runs/{run}/steps.json").read_text())
    return [state["StepName"] for state in states if "SelectiveExecutionResult" not in state]


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(smp, [*RUN, *words])
    assert result.exit_code == code, result.output
    return result.stderr


def test_what_failed_and_what_changed_run_again_with_all_behind_them(write: Any, home: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(home)
    steps = [
        told("A", "make.sh", "a"),
        told("B", "b.sh", "b", DependsOn=["A"]),
        told("C", "make.sh", "c", DependsOn=["B"]),
        told("D", "make.sh", "d"),
    ]
    script(home, "make.sh", "echo made\n")
    script(home, "b.sh", "exit 3\n")
    write(*steps)
    run("--keep-going", code=4)
    assert sorted(ran(home, "local0000001")) == ["A", "B", "D"]
    script(home, "b.sh", "echo mended\n")
    run("--select", "result:failed+")
    assert ran(home, "local0000002") == ["B", "C"]
    assert "no step is selected: nothing runs" in run("--select", "result:failed+", "--source", "latest")
    assert "no step is selected: nothing runs" in run("--select", "state:modified+")
    before = home / "before.json"
    before.write_text((home / "my pipe.json").read_text())
    write(*steps[:2], told("C", "make.sh", "changed", DependsOn=["B"]), *steps[3:], told("E", "make.sh", "e", DependsOn=["C"]))
    run("--select", "state:modified+")
    assert ran(home, "local0000003") == ["C", "E"]
    arn = json.loads((home / ".smp/runs/local0000003/execution.json").read_text())
    assert arn["SelectiveExecutionConfig"]["SelectedSteps"] == [{"StepName": "C"}, {"StepName": "E"}]
    run("--select", "state:new D", "--state", "before.json", "--source", "latest", "--exclude", "D")
    assert ran(home, "local0000004") == ["E"]
    assert not (home / ".smp/runs/local0000005").exists()


def test_a_failed_iteration_runs_its_loop_again(home: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(home)
    body = [shell("B", "true"), shell("C", "false", DependsOn=["B"])]
    loop = {"Name": "L", "Type": "ForEach", "Arguments": {"IterableItems": '["x"]', "ForEachBody": body}}
    Path("loop.json").write_text(json.dumps({"Steps": [shell("A", "true"), loop, shell("D", "true", DependsOn=["L"])]}))
    runner = CliRunner()
    options = ["run", "--local", "--definition", "loop.json"]
    assert runner.invoke(smp, options).exit_code == 4
    listed = runner.invoke(smp, ["ls", "--local", "--definition", "loop.json", "--select", "result:failed+", "--format", "json"])
    assert [(each["name"], each["runsWith"]) for each in json.loads(listed.stdout)["steps"]] == [
        ("L", None),
        ("B", None),
        ("C", None),
        ("D", None),
    ]
    again = runner.invoke(smp, [*options, "--select", "result:failed", "--dry-run"])
    assert [line for line in again.stdout.splitlines() if line.startswith("  step")] == ["  step L (ForEach)"]


def test_without_a_run_nothing_has_failed_and_everything_is_new(home: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(home)
    Path("one.json").write_text(json.dumps({"Steps": [shell("A", "true")]}))
    options = ["ls", "--local", "--definition", "one.json", "--output", "name", "--select"]
    runner = CliRunner()
    assert runner.invoke(smp, [*options, "state:new"]).stdout == "A\n"
    for words in (["result:failed"], ["A,result:succeeded", "--source", "latest"]):
        refused = runner.invoke(smp, [*options, *words])
        assert (refused.exit_code, refused.stderr) == (
            1,
            "selection SMP803 there is no execution of one here to take results from. Try: run the whole pipeline first.\n",
        )
    gone = runner.invoke(smp, [*options, "result:failed", "--source", "local0000009"])
    assert gone.exit_code == 5
    assert "local0000009" in gone.stderr


def test_what_resumes_is_not_selected_anew() -> None:
    for words in (["--exclude", "A"], ["--select", "A", "--state", "pyproject.toml"]):
        result = CliRunner().invoke(smp, ["run", "--local", "--resume", "local0000001", *words])
        assert result.exit_code == 2
        assert "--resume goes on as the run began" in result.stderr


def test_names_of_steps_cannot_move_the_cursor(home: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(home)
    Path("odd.json").write_text(json.dumps({"Steps": [{"Name": "a\u001b[2Jb", "Type": "x\u001b[1m"}]}))
    for output in ("name", "table"):
        listed = CliRunner().invoke(smp, ["ls", "--definition", "odd.json", "--output", output])
        assert listed.exit_code == 0
        assert "a\\x1b[2Jb" in listed.stdout
        assert "\u001b" not in listed.stdout


def test_the_steps_of_an_example_as_they_are_listed() -> None:
    options = ["ls", "-c", "examples/rag-index/conf/conf.yaml", "--env-file", "env.env"]
    listed = CliRunner().invoke(smp, [*options, "--select", "rag-Chunk", "--exclude", "class:Fail"])
    assert [line.replace("│", "|").split() for line in listed.stdout.splitlines() if "│" in line] == [
        ["|", "rag-Collections", "|", "ForEach", "|", "ForEach", "|", "|", "|", "rag-Encoder", "|", "rag-Chunk", "|"],
        ["|", "rag-Chunk", "|", "Processing", "|", "Processing", "|", "rag", "|", "rag-Collections", "|", "|", "|"],
        [
            *["|", "rag-Embed", "|", "Processing", "|", "Processing", "|", "rag", "|", "rag-Collections", "|"],
            *["rag-Encoder,", "rag-Chunk", "|", "rag-Collections", "|"],
        ],
    ]
