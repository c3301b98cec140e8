"""The runners one by one, with real processes. Bubblewrap is left out where it is not installed; container engines: see
tests/functional/test_local_runners.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.isolation import Command, Runner, StartError, choose_runner, traits
from framework.local.runners.plain import PlainRunner, advice, rewrite_scripts, rewritten

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[[str], Command]


@pytest.fixture(params=["namespace", "bubblewrap", "plain", "darwin"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "darwin":
        monkeypatch.setattr(sys, "platform", "darwin")
    if request.param == "bubblewrap" and not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    return str(request.param)


@pytest.fixture
def runner(kind: str, tmp_path: Path) -> Runner:
    try:
        return choose_runner(tmp_path / "probe", "plain" if kind == "darwin" else kind)
    except BackendError as error:
        pytest.skip(str(error))


@pytest.fixture
def shell(tmp_path: Path) -> Make:
    (tmp_path / "ml").mkdir()
    environment = {"PATH": "/usr/bin:/bin", "DATA": "/opt/ml/data"}
    return lambda script: Command(("/bin/sh", "-c", script), tmp_path / "ml", environment, str(tmp_path), tmp_path / "log.txt")


def gone(marker: str) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if not any(marker.encode() in line for line in map(_line, Path("/proc").glob("[0-9]*/cmdline"))):
            return True
        time.sleep(0.02)
    return False


def _line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def until(path: Path, text: str) -> None:
    end = time.monotonic() + 20
    while not (path.is_file() and text in path.read_text()):
        assert time.monotonic() < end, path.read_text() if path.is_file() else "nothing"
        time.sleep(0.01)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)])
def test_exit_codes(runner: Runner, shell: Make, script: str, code: int) -> None:
    running = runner.start(shell(script))
    assert running.wait(30) == code
    assert running.wait(0) == code
    running.stop()


def test_paths_below_opt_ml(runner: Runner, shell: Make, tmp_path: Path) -> None:
    assert runner.start(shell("mkdir /opt/ml/data && echo x > $DATA/x && cat /opt/ml/data/x")).wait(30) == 0
    assert (tmp_path / "ml/data/x").read_text() == "x\n"
    assert not Path("/opt/ml/data").exists()


def test_only_the_given_variables_arrive(runner: Runner, shell: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-leak")
    assert runner.start(shell("env; tr '\\0' '\\n' < /proc/$PPID/environ || true")).wait(30) == 0
    seen = (tmp_path / "log.txt").read_text()
    assert "do-not-leak" not in seen
    names = {line.partition("=")[0] for line in seen.splitlines()}
    assert names <= {"PATH", "DATA", "PWD", "OLDPWD", "SHLVL", "_", "SMP_ML_PREFIX"}


def test_a_program_that_does_not_exist(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "ml").mkdir()
    with pytest.raises(StartError, match="No such file"):
        runner.start(Command(("no-such-program",), tmp_path / "ml", {"PATH": "/bin"}, "/", tmp_path / "log.txt"))


def test_asked_to_end_and_killed_after_the_grace(runner: Runner, shell: Make, tmp_path: Path) -> None:
    polite = runner.start(shell("trap 'echo bye; exit 7' TERM; echo one; while :; do sleep 0.05; done"))
    deaf = runner.start(shell("trap '' TERM; echo two; while :; do sleep 0.05; done"))
    until(tmp_path / "log.txt", "one")
    until(tmp_path / "log.txt", "two")
    assert polite.wait(0.05) is None
    polite.stop(grace=10)
    assert polite.wait(0) == 7
    deaf.stop(grace=0.3)
    assert deaf.wait(0) == 137


SLEEPER = f"{sys.executable} -S -c 'import time; time.sleep(300)'"


@pytest.mark.parametrize("script", ["{} & exit 0", "({} &) ; exit 0", "{}", "setsid {} & sleep 0.1; exit 0"])
def test_nothing_that_a_job_started_outlives_it(runner: Runner, kind: str, shell: Make, script: str) -> None:
    if kind == "darwin" and script.startswith("setsid"):
        pytest.skip("what the runner says that it cannot do")
    marker = f"sleeper-{uuid.uuid4().hex}"
    running = runner.start(shell(script.format(f"{SLEEPER} {marker}")))
    running.wait(0.3)
    running.stop()
    assert gone(marker)


def test_one_thread_stops_what_another_waits_for(runner: Runner, shell: Make, tmp_path: Path) -> None:
    running = runner.start(shell("echo up; sleep 300"))
    until(tmp_path / "log.txt", "up")
    codes: list[int | None] = []
    waiting = [threading.Thread(target=lambda: codes.append(running.wait())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    begin = time.monotonic()
    stopping = [threading.Thread(target=running.stop) for _ in range(2)]
    for thread in stopping:
        thread.start()
    for thread in (*waiting, *stopping):
        thread.join(20)
    assert codes == [137] * 3
    assert time.monotonic() - begin < 5


def test_a_job_survives_the_thread_that_started_it(runner: Runner, shell: Make) -> None:
    started = []
    thread = threading.Thread(target=lambda: started.append(runner.start(shell("sleep 0.3; exit 5"))))
    thread.start()
    thread.join()
    assert started[0].wait(30) == 5


def test_a_killed_tool_leaves_nothing_running(runner: Runner, kind: str, tmp_path: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    program = (
        "import sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "if sys.argv[2] == 'darwin': sys.platform = 'darwin'\n"
        "from framework.local.isolation import Command, choose_runner\n"
        "runner = choose_runner(folder, sys.argv[2].replace('darwin', 'plain'))\n"
        "words = ['/bin/sh', '-c', sys.argv[3]]\n"
        "runner.start(Command(words, folder / 'ml', {'PATH': '/bin:/usr/bin'}, '/', folder / 'log.txt')).wait()\n"
    )
    script = f"trap '' TERM; echo up; {SLEEPER} {marker}"
    tool = subprocess.Popen([sys.executable, "-c", program, tmp_path, kind, script], cwd=ROOT)
    try:
        until(tmp_path / "log.txt", "up")
    finally:
        tool.kill()
        tool.wait(20)
    assert gone(marker)


def test_many_at_once(runner: Runner, shell: Make) -> None:
    started = [runner.start(shell(f"sleep 0.0{number}; exit {number}")) for number in range(8)]
    assert [running.wait(30) for running in started] == list(range(8))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_is_left_open(runner: Runner, shell: Make) -> None:
    runner.start(shell("true")).wait(30)
    before = descriptors()
    for _ in range(5):
        runner.start(shell("true")).wait(30)
    assert descriptors() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "/x/ml"),
        ("/opt/ml/a", "/x/ml/a"),
        ("--path=/opt/ml/a:/opt/ml/b", "--path=/x/ml/a:/x/ml/b"),
        ('{"a":"/opt/ml/a"}', '{"a":"/x/ml/a"}'),
        ("cd /opt/ml; ls", "cd /x/ml; ls"),
        ("s3://bucket/opt/ml/a", "s3://bucket/opt/ml/a"),
        ("/mnt/opt/ml/a", "/mnt/opt/ml/a"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml.old", "/opt/ml.old"),
    ],
)
def test_what_the_plain_runner_rewrites(text: str, expected: str) -> None:
    assert rewritten(text, "/x/ml") == expected


def test_generated_scripts_are_rewritten_and_a_users_are_not(tmp_path: Path) -> None:
    names = ("processing/input/entrypoint/runproc.sh", "input/data/sm_drivers/sm_train.sh", "processing/input/code/own.sh")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("cd /opt/ml/code")
    (tmp_path / "input/data/sm_drivers/x.bin").write_bytes(b"\xff/opt/ml")
    rewrite_scripts(tmp_path)
    rewrite_scripts(tmp_path)
    mine = f"cd {tmp_path}/code"
    assert [(tmp_path / name).read_text() for name in names] == [mine, mine, "cd /opt/ml/code"]
    assert (tmp_path / "input/data/sm_drivers/x.bin").read_bytes() == b"\xff/opt/ml"


def test_the_plain_runner_refuses_paths_that_need_quotes(tmp_path: Path) -> None:
    ml = tmp_path / "my $(models)" / "ml"
    with pytest.raises(BackendError, match="move the project to a folder with a plain name"):
        PlainRunner().start(Command(("true",), ml, {}, "/", tmp_path / "log.txt"))


def test_what_the_plain_runner_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "no private /opt/ml" in PlainRunner().traits.limits[0]
    monkeypatch.setattr(sys, "platform", "darwin")
    found = choose_runner(tmp_path)
    assert traits(found).name == "plain"
    assert "may outlive" in traits(found).limits[-1]
    assert "plain runner has no /opt/ml" in advice("FileNotFoundError: '/opt/ml/input/x'")
    assert advice("FileNotFoundError: '/data/opt/ml'") == ""


@pytest.mark.parametrize("kind", ["namespace", "bubblewrap"])
def test_what_a_mac_cannot_do(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(BackendError, match="choose the runner plain or docker"):
        choose_runner(tmp_path, kind)


def test_runners_that_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for kind, part in [
        ("bubblewrap", "install the package bubblewrap"),
        ("docker", "there is no docker on the PATH"),
        ("finch", "there is no finch on the PATH"),
        ("podman", "there is no podman on the PATH"),
        ("rocket", "choose one of auto, namespace, bubblewrap, plain, docker, finch, podman"),
    ]:
        with pytest.raises(BackendError, match=part):
            choose_runner(tmp_path / "probe", kind)


def test_an_engine_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(BackendError, match=r"Cannot connect to the Docker daemon\. Try: start docker, or choose another runner"):
        choose_runner(tmp_path / "probe", "docker")


def test_without_namespaces_bubblewrap_comes_next_and_then_the_plain_runner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: Path) -> Runner:
        raise BackendError("x", "y")

    monkeypatch.setattr("framework.local.isolation._namespace", refuse)
    expected = "bubblewrap" if shutil.which("bwrap") else "plain"
    assert traits(choose_runner(tmp_path)).name == expected
    monkeypatch.setenv("PATH", "")
    assert traits(choose_runner(tmp_path)).name == "plain"
