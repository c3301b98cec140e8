"""After a local run: the command that runs a failed step again, a shell where it ran, its logs, and making room; all for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.isolation import choose_runner
from tests.functional.test_local_commands import shell
from tests.functional.test_watching import Open, waits, window  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
ADVICE = re.compile(r"^to run (\S+) again on the results of this run, .*:\n  (.+)$", re.MULTILINE)
SHELL_ADVICE = re.compile(r"^a shell where it failed:\n  (.+)$", re.MULTILINE)

Call = Callable[..., subprocess.CompletedProcess[str]]


def told(name: str, script: str, text: str, **more: Any) -> dict[str, Any]:
    """A Processing step that runs a script from the local S3 and puts what it makes there."""
    step = shell(name, f"sh /opt/ml/processing/input/code/{script}", **more)
    source = {"S3Uri": f"s3://bucket/code/{script}", "LocalPath": "/opt/ml/processing/input/code"}
    step["Arguments"]["ProcessingInputs"] = [{"InputName": "code", "S3Input": source}]
    step["Arguments"]["Environment"] = {"OWN": text}
    step["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = f"s3://bucket/{name}"
    return step


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a blank in its name, in which `smp` is on the PATH."""
    folder = tmp_path / "my project"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin/smp"
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.argv[0] = \'smp\'; from framework.cli import main; main()" "$@"\n'
    )
    program.chmod(0o755)
    return folder


@pytest.fixture
def call(home: Path) -> Call:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{home}/bin:{os.environ['PATH']}"}

    def invoke(line: str, folder: Path = home, code: int | None = 0, **more: Any) -> subprocess.CompletedProcess[str]:
        env = {**environment, **more.pop("environment", {})}
        done = subprocess.run(
            line, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **more
        )
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    return invoke


@pytest.fixture
def write(home: Path) -> Callable[..., Path]:
    def put(*steps: dict[str, Any], parameters: tuple[str, ...] = ()) -> Path:
        path = home / "my pipe.json"
        about = [{"Name": name, "Type": "String", "DefaultValue": "?"} for name in parameters]
        path.write_text(json.dumps({"Version": "2020-12-01", "Parameters": about, "Steps": list(steps)}))
        return path

    return put


def script(home: Path, name: str, content: str) -> None:
    path = home / ".smp/s3/bucket/code" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


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


def usable(kind: str, tmp_path: Path) -> None:
    try:
        choose_runner(tmp_path / "probe", kind)
    except BackendError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", ["namespace", "bubblewrap"])
def test_a_shell_where_a_failed_step_ran(call: Call, write: Any, home: Path, tmp_path: Path, kind: str) -> None:
    usable(kind, tmp_path)
    script(home, "b.sh", "echo seen > /opt/ml/left; exit 3\n")
    write(told("B", "b.sh", "y"))
    secrets = {"AWS_SECRET_ACCESS_KEY": "do-not-leak", "PIP_DEFAULT_TIMEOUT": "77"}
    failed = call(f'smp run --local --runner {kind} --definition "my pipe.json"', code=4, environment=secrets)
    assert "77" not in (home / ".smp/runs/local0000001/steps/B/command.json").read_text()
    (line,) = SHELL_ADVICE.findall(failed.stderr)
    inside = call(f"{line} -- sh -c 'pwd; cat /opt/ml/left; env; exit 7'", code=7, environment=secrets)
    assert inside.stdout.startswith("/opt/ml\nseen\n")
    assert "OWN=y" in inside.stdout
    assert "PIP_DEFAULT_TIMEOUT=77" in inside.stdout, "what an installer needs comes from who opens the shell"
    assert "leak" not in inside.stdout
    assert f"/opt/ml of B of local0000001 (Failed), runner {kind}." in inside.stderr
    assert "the step ran, in " in inside.stderr
    assert ": /bin/sh -c 'sh /opt/ml/processing/input/code/b.sh'" in inside.stderr
    typed = call(f"echo 'cat left; echo new > mine' | {line}")
    assert typed.stdout == "seen\n"
    assert (home / ".smp/runs/local0000001/steps/B/ml/mine").read_text() == "new\n", "what is changed there stays"
    assert "Starting no-such-program in B" in call(f"{line} -- no-such-program", code=5).stderr


def test_the_plain_runner_says_what_it_cannot_isolate(call: Call, tmp_path: Path, write: Any, home: Path) -> None:
    script(home, "b.sh", "exit 3\n")
    write(told("B", "b.sh", "y"))
    plain = tmp_path / "plain"
    plain.mkdir()
    (home / ".smp").rename(plain / ".smp")
    call(f'smp --root {plain} run --local --runner plain --definition "my pipe.json"', code=4)
    inside = call(f"smp --root {plain} local shell B -- pwd")
    assert inside.stdout == f"{plain}/.smp/runs/local0000001/steps/B/ml\n"
    assert "runner plain. There is no private /opt/ml" in inside.stderr


def test_a_shell_where_a_step_succeeded_has_its_inputs_again(call: Call, write: Any, home: Path) -> None:
    script(home, "a.sh", "echo out > /opt/ml/processing/output/x\n")
    write(told("A", "a.sh", "x"))
    call('smp run --local --definition "my pipe.json"')
    call("smp run --local --select A --definition 'my pipe.json'")
    folder = home / ".smp/runs/local0000001/steps/A"
    before = {path.name for path in folder.iterdir()}
    inside = call("smp local shell A --run local0000001 -- sh -c 'cat /opt/ml/processing/input/code/a.sh; echo $OWN; which python'")
    assert inside.stdout == f"echo out > /opt/ml/processing/output/x\nx\n{folder}/python/bin/python\n"
    assert {path.name for path in folder.iterdir()} - before <= {"owner.json"}
    assert (folder / "log.txt").read_text() == "" if (folder / "log.txt").exists() else True


def test_there_is_no_shell_where_nothing_ran(call: Call, write: Any, home: Path) -> None:
    script(home, "a.sh", "true\n")
    wrong = {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}, "DependsOn": ["A"]}
    write(told("A", "a.sh", "x"), wrong)
    call('smp run --local --definition "my pipe.json"', code=4)
    assert "it is Failed and has started no process" in call("smp local shell F", code=5).stderr
    assert "has run no step B. Try: one of A, F." in call("smp local shell B", code=1).stderr
    call("smp run --local --select F --definition 'my pipe.json'", code=4)
    assert "it was not run, but taken over from local0000001" in call("smp local shell A", code=5).stderr


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
    assert followed.endswith("1000\né end\n")


def test_runs_tell_how_long_they_took_and_what_failed(call: Call, write: Any) -> None:
    write(shell("A", "sleep 1.1"), shell("B", "exit 2", DependsOn=["A"]))
    call('smp run --local --definition "my pipe.json"', code=4)
    assert re.fullmatch(r"local0000001  Failed     \S+ +\d+ s  my pipe  failed: B\n", call("smp local runs").stdout)
    (about,) = json.loads(call("smp local runs --format json").stdout)
    assert about["FailedSteps"] == ["B"]
    assert 1.1 < about["DurationInSeconds"] < 60


def test_an_interactive_shell_has_a_terminal_of_its_own(call: Call, write: Any, home: Path) -> None:
    import pty
    import select

    script(home, "b.sh", "exit 3\n")
    write(told("B", "b.sh", "y"))
    call('smp run --local --definition "my pipe.json"', code=4)
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.environ.update({"PYTHONPATH": str(ROOT), "TERM": "xterm"})
        os.execv(sys.executable, [sys.executable, "-m", "framework", "local", "shell", "B"])
    seen, end = b"", time.monotonic() + 60
    typed = [b"test -t 0 && echo te'rm'inal; stty size\n", b"sleep 100\n", b"\x03", b"echo after=$?; pwd; exit 5\n"]
    marks = [b"$ ", b"terminal", b"sleep 100\r\n", b"^C"]
    os.set_blocking(master, True)
    import fcntl
    import struct
    import termios

    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    while time.monotonic() < end:
        if marks and (marks[0] in seen or (marks[0] == b"$ " and b"# " in seen)):
            time.sleep(0.3)  # until the shell listens
            os.write(master, typed.pop(0))
            marks.pop(0)
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(master)
    assert code == 5, seen
    assert b"33 99" in seen
    assert b"after=130" in seen, "Ctrl-C reached what ran, and not the tool"
    assert b"\r\n/opt/ml\r\n" in seen
