"""After a local run: the command that runs a failed step again, its logs, and what runs tell; all for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional.after import ROOT, Call, script, told, usable
from tests.functional.test_local_commands import shell
from tests.functional.test_watching import waits

ADVICE = re.compile(r"^to run (\S+) again on the results of this run, .*:\n  (.+)$", re.MULTILINE)


def steps_of(home: Path, run: str) -> dict[str, dict[str, Any]]:
    return {state["StepName"]: state for state in json.loads((home / f".smp/runs/{run}/steps.json").read_text())}


def test_the_printed_command_runs_the_mended_step_on_the_results_of_its_run(call: Call, write: Any, home: Path) -> None:
    script(home, "b.sh", 'echo "$OWN" && exit 3\n')
    write(
        told("A", "a.sh", "x"),
        told("B", "b.sh", "y", DependsOn=["A"]),
        told("C", "c.sh", "z", DependsOn=["B"]),
        parameters=("Mood",),
    )
    script(home, "a.sh", "echo made\n")
    script(home, "c.sh", "echo last\n")
    failed = call('smp --root . run --local --definition "my pipe.json" -p "Mood=it\'s; fine" --strict-local', code=4)
    assert "B failed: AlgorithmError: y, exit code: 3\nexit code: 3\nlast lines of B:\n  y\nthe whole log: " in failed.stderr
    ((step, line),) = ADVICE.findall(failed.stderr)
    assert (step, line) == (
        "B",
        "smp run --local --select B --source local0000001 --root . --definition 'my pipe.json' "
        "-p 'Mood=it'\"'\"'s; fine' --strict-local",
    )
    call("smp run --local --select A --definition 'my pipe.json'")  # a newer run, which does not count
    script(home, "b.sh", "echo mended\n")
    again = call(line)
    assert "B Succeeded" in again.stderr
    assert "C Starting" not in again.stderr
    states = steps_of(home, "local0000003")
    taken = states["A"]["SelectiveExecutionResult"]["SourcePipelineExecutionArn"]
    assert taken.endswith("/local0000001")
    assert json.loads((home / ".smp/runs/local0000003/parameters.json").read_text())["Mood"] == "it's; fine"


MODEL = """
conf:
  models:
    m:
      source_directory: scripts
      preprocess: {image_uri: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1", entry_point: SMP_SCRIPT.py, channels: {train: }}
  sagemakerPipeline:
    pipelineName: mended
    models: {m: {steps: [{step_name: Prepare, step_class: Processing, step_type: preprocess}]}}
"""
BROKEN = "raise SystemExit('not yet')\n"
MENDED = "open('/opt/ml/processing/output/train/made', 'w').write('mended')\n"


def test_the_printed_command_of_a_project_takes_the_mended_script(call: Call, home: Path) -> None:
    project = home / "a project"
    (project / "conf").mkdir(parents=True)
    (project / "scripts").mkdir()
    (project / "conf/conf.yaml").write_text(
        "conf: {s3Bucket: bucket, sagemakerNetworkSecurity: {role: arn:aws:iam::111122223333:role/r}}"
    )
    (project / "model one.yaml").write_text(MODEL)
    (project / "the.env").write_text('export SMP_SCRIPT="make"\n')
    (project / "scripts/make.py").write_text(BROKEN)
    options = "--root 'a project' --env-file the.env -c 'model *.yaml' --set models.m.preprocess.max_runtime_seconds=77"
    failed = call(f"smp {options} run --local --runner namespace", code=None)
    if "Choosing a runner" in failed.stderr or "Making a private" in failed.stderr:
        pytest.skip(failed.stderr)
    assert failed.returncode == 4, failed.stderr
    assert "Prepare failed: AlgorithmError: not yet, exit code: 1" in failed.stderr
    ((_, line),) = ADVICE.findall(failed.stderr)
    assert line == (
        "smp run --local --select Prepare --root 'a project' --env-file the.env -c 'model *.yaml' "
        "--set models.m.preprocess.max_runtime_seconds=77 --runner namespace"
    )
    (project / "scripts/make.py").write_text(MENDED)
    assert "Prepare Succeeded" in call(line).stderr
    (made,) = (project / ".smp/s3/bucket").rglob("made")
    assert made.read_text() == "mended"
    definition = json.loads((project / ".smp/runs/local0000002/definition.json").read_text())
    assert definition["Steps"][0]["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 77}


def test_a_run_that_is_resumed_and_fails_again_still_knows_its_options(call: Call, write: Any, home: Path) -> None:
    script(home, "b.sh", "exit 3\n")
    write(told("B", "b.sh", "y"))
    call('smp run --local --definition "my pipe.json" --strict-local', code=4)
    failed = call("smp run --local --resume local0000001", code=4)
    ((_, line),) = ADVICE.findall(failed.stderr)
    assert line == "smp run --local --select B --definition 'my pipe.json' --strict-local", "it needs nothing of another run"
    script(home, "b.sh", "true\n")
    call(line)


def test_what_a_resumed_run_keeps_cannot_be_given_again(call: Call, write: Any, home: Path) -> None:
    script(home, "b.sh", "exit 3\n")
    write(told("B", "b.sh", "y"))
    call('smp run --local --definition "my pipe.json"', code=4)
    for option in ("--dry-run", "-p A=1", "--select B", "--keep-going", '--definition "my pipe.json"'):
        assert "--resume goes on as the run began" in call(f"smp run --local --resume local0000001 {option}", code=2).stderr


def test_the_printed_command_keeps_the_file_of_parameters_and_no_secret(call: Call, write: Any, home: Path) -> None:
    script(home, "b.sh", "exit 3\n")
    write(told("B", "b.sh", "y"))
    pipe = home / "my pipe.json"
    definition = json.loads(pipe.read_text())
    definition["Parameters"] = [{"Name": name, "Type": "String"} for name in ("Given", "DbPassword")]
    pipe.write_text(json.dumps(definition))
    (home / "par.yaml").write_text("Given: x\n")
    failed = call('smp run --local --definition "my pipe.json" --parameters par.yaml -p DbPassword=hunter2', code=4)
    ((_, line),) = ADVICE.findall(failed.stderr)
    assert line == "smp run --local --select B --definition 'my pipe.json' --parameters par.yaml -p 'DbPassword=(hidden)'"
    assert "hunter2" not in failed.stdout + failed.stderr + (home / ".smp/runs/local0000001/run.json").read_text()


def test_a_step_of_a_loop_is_run_again_with_its_loop(call: Call, write: Any, home: Path) -> None:
    inner = shell("In", "test -e /opt/ml/processing/input/none")
    loop = {"Name": "Loop", "Type": "ForEach", "Arguments": {"IterableItems": ["a", "b"], "ForEachBody": [inner]}}
    write(loop)
    failed = call('smp run --local --keep-going --definition "my pipe.json"', code=4)
    assert [step for step, _ in ADVICE.findall(failed.stderr)] == ["Loop"]
    call("smp logs In-1 -n 0")
    unknown = call("smp logs In", code=1)
    assert "has run no step In. Try: In-" in unknown.stderr


def test_a_source_that_does_not_have_what_is_needed_is_refused(call: Call, write: Any, home: Path) -> None:
    script(home, "a.sh", "exit 1\n")
    write(told("A", "a.sh", "x"), told("B", "a.sh", "y", DependsOn=["A"]))
    call('smp run --local --definition "my pipe.json"', code=4)
    refused = call('smp run --local --select B --source local0000001 --definition "my pipe.json"', code=1)
    assert "need results of A, and local0000001 is not an execution of my pipe that has them" in refused.stderr
    assert call('smp run --local --select B --source local9 --definition "my pipe.json"', code=5)
    assert "--source goes with --select" in call("smp run --local --source local0000001", code=2).stderr


@pytest.mark.parametrize("kind", ["namespace", "plain", "bubblewrap"])
def test_the_runner_is_said_once_and_in_the_data(call: Call, write: Any, kind: str, tmp_path: Path) -> None:
    usable(kind, tmp_path)
    write(shell("A", "true"))
    (tmp_path / "plain").mkdir()  # a name without a blank, which the plain runner needs
    done = call(f'smp run --local --root {tmp_path}/plain --format json --runner {kind} --definition "my pipe.json"')
    assert done.stderr.count("runner ") == 1
    assert done.stderr.startswith(f"runner {kind}.")
    runner = json.loads(done.stdout)["Runner"]
    assert runner["Name"] == kind
    assert done.stderr.splitlines()[0] == " ".join([f"runner {kind}.", *runner["Limits"]])
    assert bool(runner["Limits"]) or kind != "plain"


def test_logs_are_followed_from_another_process_and_from_their_tail(call: Call, write: Any, home: Path, tmp_path: Path) -> None:
    words = f"seq 1 1000; {waits(tmp_path)}; echo é end"
    write(shell("First", "true"), shell("Slow", words, DependsOn=["First"]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-m", "framework", "--root", str(home), "run", "--local", "--definition", "my pipe.json"]
    tool = subprocess.Popen(run, cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert tool.stderr is not None
        while b"First Starting" not in tool.stderr.readline():
            pass
        words_of_follow = [sys.executable, "-m", "framework", "--root", str(home), "logs", "Slow", "--follow", "-n", "2"]
        follower = subprocess.Popen(words_of_follow, env=environment, stdout=subprocess.PIPE)
        log = home / ".smp/runs/local0000001/steps/Slow/log.txt"
        end = time.monotonic() + 60
        while not (log.exists() and log.read_text().endswith("1000\n")) and time.monotonic() < end:
            time.sleep(0.05)
        assert call("smp logs Slow -n 3").stdout == "998\n999\n1000\n"
        assert "Executing" in call("smp local runs").stdout
        assert call("smp logs Slow -n 0").stdout == ""
        assert call("smp logs Slow").stdout.startswith("1\n2\n")
        (tmp_path / "gate").touch()
        followed = follower.communicate(timeout=60)[0].decode()
    finally:
        tool.kill()
        tool.wait()
    assert "\n1000\né end\n" in followed  # and what the tool notes behind it


def test_runs_tell_how_long_they_took_and_what_failed(call: Call, write: Any) -> None:
    write(shell("A", "sleep 1.1"), shell("B", "exit 2", DependsOn=["A"]))
    call('smp run --local --definition "my pipe.json"', code=4)
    assert re.fullmatch(r"local0000001  Failed     \S+ +\d+ s  my pipe  failed: B\n", call("smp local runs").stdout)
    (about,) = json.loads(call("smp local runs --format json").stdout)
    assert about["FailedSteps"] == ["B"]
    assert 1.1 < about["DurationInSeconds"] < 60
