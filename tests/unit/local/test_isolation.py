"""Real processes in real namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.isolation import Command, NamespaceRunner, Runner, StartError, choose_runner

ROOT = Path(__file__).resolve().parents[3]
SYSTEM_PYTHON = Path("/usr/bin/python3")

MakeCommand = Callable[..., Command]


@pytest.fixture
def command(tmp_path: Path) -> MakeCommand:
    (tmp_path / "ml").mkdir()

    def make(*words: str, **environment: str) -> Command:
        return Command(words, tmp_path / "ml", {"PATH": "/usr/bin:/bin", **environment}, str(tmp_path), tmp_path / "log.txt")

    return make


def shell(script: str) -> tuple[str, str, str]:
    return ("/bin/sh", "-c", script)


def alive(marker: str) -> list[int]:
    """The processes of this machine whose command line has the marker."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def gone(marker: str, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while alive(marker):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_exit_codes(runner: Runner, command: MakeCommand, script: str, code: int) -> None:
    running = runner.start(command(*shell(script)))
    assert running.wait(30) == code
    assert running.wait(0) == code
    running.stop()


def test_a_private_opt_ml_and_no_trace_of_it(runner: Runner, command: MakeCommand, tmp_path: Path) -> None:
    before = (os.path.lexists("/opt/ml"), sorted(path.name for path in Path("/opt").iterdir()))
    (tmp_path / "ml" / "in").write_text("x")
    assert runner.start(command(*shell("cat /opt/ml/in && echo y > /opt/ml/out && ls /opt"))).wait(30) == 0
    assert (tmp_path / "ml" / "out").read_text() == "y\n"
    seen = (tmp_path / "log.txt").read_text().removeprefix("x").split()
    assert set(seen) == {"ml", *before[1]}
    assert (os.path.lexists("/opt/ml"), sorted(path.name for path in Path("/opt").iterdir())) == before


def test_the_environment_is_exactly_what_is_given(
    runner: Runner, command: MakeCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-leak")
    given = {"SM_CHANNEL_A-B": "x y", "EMPTY": "", "UNICODE": "ä\n"}
    code = "import os; print(sorted(os.environ.items())); print(open('/proc/1/environ').read())"
    assert runner.start(command(str(SYSTEM_PYTHON), "-c", code, **given)).wait(30) == 0
    log = (tmp_path / "log.txt").read_text()
    for item in given.items():
        assert repr(item) in log
    assert "do-not-leak" not in log


def test_a_program_that_does_not_exist(runner: Runner, command: MakeCommand) -> None:
    with pytest.raises(StartError, match="No such file"):
        runner.start(command("no-such-program"))


def test_asked_to_end_and_killed_after_the_grace(runner: Runner, command: MakeCommand, tmp_path: Path) -> None:
    polite = runner.start(command(*shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done")))
    deaf = runner.start(command(*shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")))
    end = time.monotonic() + 10
    while (tmp_path / "log.txt").read_text().count("ready") < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert polite.wait(0.05) is None
    polite.stop(grace=10)
    assert polite.wait(0) == 7
    deaf.stop(grace=0.2)
    assert deaf.wait(0) == 137


SLEEPERS = ("sleep 300 & exit 0", "(setsid sleep 300 &) ; exit 0", "sleep 300")


@pytest.mark.parametrize("script", SLEEPERS)
def test_nothing_that_a_job_started_outlives_it(runner: Runner, command: MakeCommand, script: str, tmp_path: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    sleeper = f"{sys.executable} -S -c 'import time; time.sleep(300)' {marker}"
    running = runner.start(command(*shell(f"{script.replace('sleep 300', sleeper)}; echo done")))
    running.wait(0.3)
    running.stop()
    assert gone(marker)


def test_without_a_pid_namespace_the_process_group_is_killed(runner: Runner, command: MakeCommand) -> None:
    assert isinstance(runner, NamespaceRunner)
    weaker = NamespaceRunner(runner.user, pid=False)
    markers = [f"sleeper-{uuid.uuid4().hex}" for _ in range(2)]
    sleeper = f"{sys.executable} -S -c 'import time; time.sleep(300)'"
    assert weaker.start(command(*shell(f"{sleeper} {markers[0]} & exit 4"))).wait(30) == 4
    running = weaker.start(command(*shell(f"{sleeper} {markers[1]}; true")))
    running.stop()
    assert running.wait(0) == 137
    assert [gone(marker) for marker in markers] == [True, True]


def test_an_ordinary_user() -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv") or not SYSTEM_PYTHON.exists():
        pytest.skip("needs root, setpriv and a system Python")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from framework.local.isolation import Command, choose_runner\n"
        "folder = Path(sys.argv[2]); runner = choose_runner(folder)\n"
        "command = Command(['/bin/sh', '-c', 'id -u; ls /opt; echo x > /opt/ml/x'], folder / 'ml', {}, '/', folder / 'log.txt')\n"
        "print(runner.user, runner.start(command).wait(30))\n"
    )
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        shown = subprocess.run(
            [*user, SYSTEM_PYTHON, "-c", code, ROOT, folder], capture_output=True, text=True, timeout=60, check=False
        )
        if "allow user namespaces" in shown.stderr or "Permission denied" in shown.stderr:
            pytest.skip(shown.stderr)
        assert shown.stdout == "True 0\n", shown.stderr
        assert (folder / "ml" / "x").read_text() == "x\n"
        log = (folder / "log.txt").read_text().split()
    assert log[0] == "65534"
    assert "ml" in log


def test_a_state_folder_in_opt_ml_is_refused() -> None:
    with pytest.raises(BackendError, match="which it would hide"):
        choose_runner(Path("/opt/ml/.smp"))
