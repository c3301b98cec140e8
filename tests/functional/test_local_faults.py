"""Faults: killed jobs, full disks, output that cannot be read, two tools on one store, and the tool itself killed."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import Execution

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
SEED = 20211


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return LocalBackend(tmp_path / ".smp")


def shell(name: str, script: str, *after: str, inputs: tuple[str, ...] = (), **keys: Any) -> dict[str, Any]:
    sources = [
        {"InputName": str(number), "S3Input": {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/i{number}"}}
        for number, uri in enumerate(inputs)
    ]
    output = {"OutputName": "o", "S3Output": {"S3Uri": f"s3://b/{name}", "LocalPath": "/opt/ml/processing/o"}}
    arguments = {
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", f"cd /opt/ml/processing; {script}"]},
        "ProcessingInputs": sources,
        "ProcessingOutputConfig": {"Outputs": [output]},
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, "DependsOn": list(after), **keys}


def run(backend: LocalBackend, *steps: dict[str, Any], **how: Any) -> Execution:
    return backend.run(CompiledPipeline("pipe", {"Steps": list(steps)}), {}, **how)


def statuses(execution: Execution) -> dict[str, str]:
    return {each["StepName"]: each["StepStatus"] for each in execution.steps}


def marked(marker: str) -> list[int]:
    """The processes that have the marker in their command line or environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if any(marker.encode() in (path / name).read_bytes() for name in ("cmdline", "environ")):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def gone(marker: str) -> bool:
    end = time.monotonic() + 10
    while marked(marker) and time.monotonic() < end:
        time.sleep(0.02)
    return not marked(marker)


def test_a_job_killed_by_sigkill_fails_alone(backend: LocalBackend) -> None:
    done = run(backend, shell("A", "kill -9 $$"), shell("B", "echo 1 > o/x"), keep_going=True)
    assert statuses(done) == {"A": "Failed", "B": "Succeeded"}
    assert "exit code: 137" in next(each["FailureReason"] for each in done.steps if each["StepName"] == "A")


DAEMON = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
os.closerange(0, 100)
time.sleep(300)
"""


@pytest.mark.parametrize("kind", ["auto", "plain"])
@pytest.mark.parametrize("way", ["sleep 300", "setsid sleep 300", "daemon", "exec 9> o/held; sleep 300"])
def test_a_script_that_forks_and_stays(tmp_path: Path, backend: LocalBackend, kind: str, way: str) -> None:
    marker = f"stays-{uuid.uuid4().hex}"
    (tmp_path / "daemon.py").write_text(DAEMON)
    stays = way.replace("daemon", f"{sys.executable} {tmp_path}/daemon.py {marker}; sleep 0.2")
    begin = time.monotonic()
    backend = LocalBackend(tmp_path / ".smp", runner=kind)
    folder = "cd $SMP_ML_PREFIX/processing;" if kind == "plain" else ""
    done = run(backend, shell("A", f"{folder} export MARK={marker}; ({stays}) & echo 1 > o/x; sleep 0.3"))
    assert done.status == "Succeeded"
    assert time.monotonic() - begin < 20
    assert gone(marker)


def test_output_that_leads_to_nothing(backend: LocalBackend) -> None:
    done = run(backend, shell("A", "ln -s /nowhere o/x"))
    assert done.status == "Failed"
    assert "it is a symbolic link to nothing" in done.steps[0]["FailureReason"]
    assert statuses(backend.execution(done.id)) == {"A": "Failed"}


PROGRAM = """
import json, sys
from pathlib import Path
from framework.local.backend import LocalBackend
from framework.pipeline.compiled import CompiledPipeline
state, steps, mode = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
backend = LocalBackend(state)
found = [each.id for each in backend.executions()] if mode == "resume" else []
if found:
    done = backend.resume(found[0], parallelism=2)
else:
    done = backend.run(CompiledPipeline("pipe", {"Steps": steps}), {}, parallelism=2)
print(json.dumps([done.id, done.status]), flush=True)
sys.exit(0 if done.status == "Succeeded" else 3)
"""


def tool(state: Path, steps: list[dict[str, Any]], mode: str = "run", marker: str = "", **more: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "SMP_TEST_MARKER": marker, "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-c", PROGRAM, str(state), json.dumps(steps), mode, marker]
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **more
    )


def test_a_file_too_large_for_the_disk_fails_the_step(backend: LocalBackend, tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: the job's own write fails, and so does ours of its output."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    steps = [shell("A", "head -c 100000 /dev/zero > o/small"), shell("B", "trap '' XFSZ; head -c 3000000 /dev/zero > o/large", "A")]
    process = tool(tmp_path / ".smp", steps, preexec_fn=limit)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    done = backend.execution(json.loads(out)[0])
    assert statuses(done) == {"A": "Succeeded", "B": "Failed"}
    assert "exit code" in done.steps[1]["FailureReason"]
    assert not list((tmp_path / ".smp/s3").rglob(".smp-tmp-*"))


FULL = """
import json, subprocess, sys
from pathlib import Path
from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.pipeline.compiled import CompiledPipeline
disk, steps, moment, limit = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], sys.argv[4]
subprocess.run(["mount", "-t", "tmpfs", "-o", limit, "tmpfs", str(disk)], check=True)
backend, ballast = LocalBackend(disk / ".smp"), disk / "ballast"
ballast.mkdir()
def fill(state):
    if f"{state['StepName']} {state['StepStatus']}" != moment:
        return
    try:
        if limit.startswith("size"):
            with (ballast / "x").open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
        for number in range(100000):
            (ballast / str(number)).touch()
    except OSError:
        return
try:
    said = backend.run(CompiledPipeline("pipe", {"Steps": steps}), {}, fill).status
except BackendError as error:
    said = str(error)
subprocess.run(["rm", "-r", str(ballast)], check=True)
kept = backend.execution("local0000001")
leftovers = [str(path) for path in (disk / ".smp/s3").rglob(".smp-tmp-*")]
states = {each["StepName"]: each["StepStatus"] for each in kept.steps}
there = {name: (disk / f".smp/s3/b/{name}").is_dir() for name in states}
done = backend.resume("local0000001")
result = (disk / ".smp/s3/b/B/y").read_text()
print(json.dumps([said, kept.description, states, there, leftovers, done.status, result]))
"""


@pytest.mark.parametrize("limit", ["size=6m", "nr_inodes=400"])
@pytest.mark.parametrize("moment", ["A Starting", "A Executing", "A Succeeded", "B Starting", "B Executing", "B Succeeded"])
def test_a_full_disk_corrupts_nothing_and_the_run_can_be_resumed(
    backend: LocalBackend, tmp_path: Path, moment: str, limit: str
) -> None:
    steps = [shell("A", "echo kept > o/x"), shell("B", "cat i0/x > o/y", "A", inputs=("s3://b/A",))]
    private = ["unshare", "--mount", "--propagation", "private", *(["--map-root-user"] if os.geteuid() else [])]
    words = [*private, sys.executable, "-c", FULL, str(tmp_path), json.dumps(steps), moment, limit]
    process = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in process.stderr or "mount" in process.stderr:
        pytest.skip(process.stderr.splitlines()[-1])
    assert process.returncode == 0, process.stderr
    said, kept, states, there, leftovers, resumed, result = json.loads(process.stdout)
    if said == "Failed":
        assert "No space left on device" in kept["FailureReason"]
    elif said != "Succeeded":
        assert "No space left on device" in said or "there is no room" in said
        assert "Try: make room there" in said
    assert said != "Succeeded" or moment in ("A Succeeded", "B Succeeded", "B Executing"), "nothing had to be written any more"
    assert all(there[name] for name, status in states.items() if status == "Succeeded")
    assert leftovers == []
    assert (resumed, result) == ("Succeeded", "kept\n")
    assert not (tmp_path / ".smp").exists(), "the disk is gone with its namespace"


def test_two_runs_at_once_on_one_store(backend: LocalBackend, tmp_path: Path) -> None:
    group = {"ModelPackageGroupName": "g"}
    steps: list[dict[str, Any]] = [shell("A", "echo 1 > o/x")]
    steps += [{"Name": f"R{number}", "Type": "RegisterModel", "Arguments": group} for number in range(8)]
    tools = [tool(tmp_path / ".smp", steps) for _ in range(3)]
    told = [process.communicate(timeout=60) for process in tools]
    assert [process.returncode for process in tools] == [0, 0, 0], told
    ids = sorted(json.loads(out)[0] for out, _ in told)
    assert ids == ["local0000001", "local0000002", "local0000003"]
    versions = sorted(int(path.stem) for path in (tmp_path / ".smp/registry/g").glob("*.json"))
    assert versions == list(range(1, 25))
    assert {each.status for each in backend.executions()} == {"Succeeded"}


def test_two_runs_at_once_read_whole_objects(backend: LocalBackend, tmp_path: Path) -> None:
    """They write the same object again and again; who reads it gets all of one of them."""
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}

    def steps(letter: str) -> list[dict[str, Any]]:
        found = []
        for number in range(4):
            write = shell(f"W{number}", f"head -c 2000000 /dev/zero | tr '\\0' {letter} > o/x", **cached)
            write["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = "s3://b/shared"
            found += [write, shell(f"R{letter}{number}", "cp i0/x o/x", f"W{number}", inputs=("s3://b/shared",))]
        return found

    tools = [tool(tmp_path / ".smp", steps(letter)) for letter in "pq"]
    told = [process.communicate(timeout=60) for process in tools]
    assert [process.returncode for process in tools] == [0, 0], told
    copies = [path.read_bytes() for path in (tmp_path / ".smp/s3/b").glob("R*/x")]
    assert len(copies) == 8
    assert {(len(copy), copy == copy[:1] * len(copy)) for copy in copies} == {(2000000, True)}
    assert not list((tmp_path / ".smp").rglob(".smp-tmp-*"))


def test_one_run_cannot_be_resumed_twice_at_once(backend: LocalBackend, tmp_path: Path) -> None:
    process = tool(tmp_path / ".smp", [shell("A", "sleep 30")])
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end and not (backend.executions() and backend.executions()[0].steps):
            time.sleep(0.02)
        assert backend.execution("local0000001").status == "Executing"
        assert not backend.resumable("local0000001")
        with pytest.raises(BackendError, match="another process is running it"):
            backend.resume("local0000001")
    finally:
        process.kill()
        process.communicate(timeout=20)
    assert backend.execution("local0000001").status == "Stopped"
    assert "can be resumed" in backend.execution("local0000001").description["FailureReason"]
    assert backend.resumable("local0000001")


def test_ctrl_c_stops_all_that_runs_at_once(backend: LocalBackend, tmp_path: Path) -> None:
    marker = f"sleeps-{uuid.uuid4().hex}"
    steps = [shell(name, f"MARK={marker} sleep 300") for name in "ABC"]
    process = tool(tmp_path / ".smp", steps)
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end and len(marked(marker)) < 2 + 1:
            time.sleep(0.02)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert time.monotonic() - begin < 5
    finally:
        process.kill()
    done = backend.execution("local0000001")
    assert (done.status, statuses(done)) == ("Stopped", {"A": "Stopped", "B": "Stopped"})
    assert gone(marker)


def test_a_tool_killed_at_any_moment_is_resumed_to_the_right_result(backend: LocalBackend, tmp_path: Path) -> None:
    marker = f"killed-{uuid.uuid4().hex}"
    state = tmp_path / ".smp"
    loop = {"IterableItems": '["p", "q"]', "MaxConcurrency": 2, "ForEachBody": [shell("L", "sleep 0.02; echo $ITEM > o/i")]}
    body: Any = loop["ForEachBody"]
    body[0]["Arguments"]["Environment"] = {"ITEM": {"Get": "ForEach.CurrentItem"}, "MARK": marker}
    body[0]["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = {
        "Std:Join": {"On": "/", "Values": ["s3:/", "b", "loop", {"Get": "ForEach.CurrentItem"}]}
    }
    equal = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    steps: list[dict[str, Any]] = [
        shell("A", "sleep 0.05; echo a > o/x"),
        shell("B", "cat i0/x > o/x; echo b >> o/x", inputs=("s3://b/A",)) | {"DependsOn": ["A"]},
        {"Name": "R", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "g"}, "DependsOn": ["A"]},
        {"Name": "Loop", "Type": "ForEach", "Arguments": loop, "DependsOn": ["A"]},
        {
            "Name": "C",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [equal],
                "IfSteps": [shell("D", "cat i0/x i1/p/i i1/q/i > o/x", inputs=("s3://b/B", "s3://b/loop"))],
            },
            "DependsOn": ["B", "Loop"],
        },
    ]
    chance = random.Random(SEED)
    kills = rounds = 0
    while kills < KILLS:
        process = tool(state, steps, "resume", marker)
        try:
            out, err = process.communicate(timeout=chance.uniform(0.05, 0.75))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=20)
            kills += 1
            _readable(backend)
            continue
        assert process.returncode == 0, err
        _right(state, backend)
        rounds += 1
        _forget(state)
    out, err = tool(state, steps, "resume", marker).communicate(timeout=60)
    assert json.loads(out)[1] == "Succeeded", err
    _right(state, backend)
    assert gone(marker)


def _readable(backend: LocalBackend) -> None:
    for execution in backend.executions():
        assert execution.status in ("Stopped", "Succeeded"), execution.description
        assert set(statuses(execution).values()) <= {"Stopped", "Succeeded"}


def _right(state: Path, backend: LocalBackend) -> None:
    done = backend.executions()[0]
    assert statuses(done) == dict.fromkeys(["A", "B", "R", "Loop", "L-0", "L-1", "C", "D"], "Succeeded")
    assert (state / "s3/b/D/x").read_text() == "a\nb\np\nq\n"
    assert [path.name for path in (state / "registry/g").glob("[0-9]*")] == ["1.json"]


def _forget(state: Path) -> None:
    """Everything anew, so that early moments are hit too."""
    subprocess.run(["rm", "-r", str(state)], check=True)
