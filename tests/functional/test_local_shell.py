"""`smp local shell`: where it is, what it sees, and its terminal; for real."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional.after import ROOT, Call, script, told, usable

SHELL_ADVICE = re.compile(r"^a shell where it failed:\n  (.+)$", re.MULTILINE)


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
