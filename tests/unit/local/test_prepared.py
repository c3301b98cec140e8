"""Interpreters, environments made once, and when a requirements file is one that can be prepared."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from framework.local.interpreters import InterpreterError, interpreter, make_environment, plain_requirements
from framework.local.prepared import key, prepared, wanted
from framework.local.stand_ins import stand_in
from framework.pipeline.compiled import StandIn


def shown(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], env={}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_another_interpreter_is_seen_as_its_own_environment(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "other"], check=True)
    (packages,) = (tmp_path / "other/lib").glob("python*/site-packages")
    (packages / "only_there.py").write_text("X = 1\n")
    base = interpreter(str(tmp_path / "other/bin/python"))
    assert base.packages == (str(packages),)
    assert base.version == tuple(sys.version_info[:3])
    binaries = make_environment(tmp_path / "overlay", base)
    assert make_environment(tmp_path / "overlay", base) == binaries, "again in the same folder"
    assert shown(binaries / "python", "-c", "import only_there, sys; print(only_there.X, sys.prefix)") == f"1 {tmp_path}/overlay"
    if base.wheel:
        assert shown(binaries / "pip", "--version").startswith("pip ")


def test_interpreters_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("#!/bin/sh\necho Python 2 >&2\nexit 3\n")
    (tmp_path / "old").chmod(0o755)
    with pytest.raises(InterpreterError, match="there is no program /nowhere"):
        interpreter("/nowhere")
    with pytest.raises(InterpreterError, match="can be used: Python 2"):
        interpreter(str(tmp_path / "old"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pandas>=1.1,<4\n# why\n\nnumpy", True),
        ("pandas[sql] ~= 2.0 ; python_version > '3.8'", True),
        ("demo @ https://host/demo.zip#x", True),
        ("", False),
        ("# nothing\n", False),
        ("-r other.txt", False),
        ("--index-url https://host", False),
        ("pandas\n-e .", False),
        ("./package", False),
        ("wheels/demo.whl", False),
        ("demo-1.0-py3-none-any.whl", False),
        ("demo @ file:///x", False),
        ("pandas \\\n>=1", False),
    ],
)
def test_requirements_that_say_all_by_themselves(text: str, expected: bool) -> None:
    assert plain_requirements(text) is expected


def test_made_once_by_many_threads(tmp_path: Path) -> None:
    made = []

    def install(python: Path, file: Path) -> None:
        made.append(file.read_text())
        time.sleep(0.05)
        (python.parent / "tool").write_text(f"#!{python}\nimport sys; print(sys.prefix)\n")
        (python.parent / "tool").chmod(0o755)

    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(prepared(tmp_path, interpreter(""), "x\n", install))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["x\n"]
    assert set(found) == {tmp_path / key(interpreter(""), "x\n")}
    assert shown(found[0] / "bin/tool") == str(found[0]), "its scripts know where they have been moved to"
    assert [path.name for path in tmp_path.iterdir()] == [found[0].name]


def test_two_tools_at_once(tmp_path: Path) -> None:
    """The other one is quicker."""
    base = interpreter("")

    def install(_: Path, __: Path) -> None:
        (tmp_path / key(base, "x") / "bin").mkdir(parents=True)

    target = prepared(tmp_path, base, "x", install)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_what_fails_leaves_nothing_and_old_remains_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".tmp-old").mkdir()
    os.utime(tmp_path / ".tmp-old", (1, 1))
    (tmp_path / ".tmp-new").mkdir()

    def install(_: Path, __: Path) -> None:
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError):
        prepared(tmp_path, interpreter(""), "x", install)
    assert [path.name for path in tmp_path.iterdir()] == [".tmp-new"]


def test_what_decides_the_key() -> None:
    base = interpreter("")
    assert key(base, "x") == key(base, "x")
    assert key(base, "x") != key(base, "y")


def test_the_requirements_that_a_script_would_install(tmp_path: Path) -> None:
    assert wanted(tmp_path, ["pip install -r requirements.txt"]) == ""
    (tmp_path / "sourcedir.tar.gz").write_bytes(b"no archive")
    assert wanted(tmp_path, ["pip install -r requirements.txt"]) == ""
    (tmp_path / "requirements.txt").write_text("x\n")
    assert wanted(tmp_path, ["python -m train"]) == ""
    assert wanted(tmp_path, ["cd code", "pip install -r requirements.txt"]) == "x\n"


def test_the_first_glob_that_matches() -> None:
    images = (("*sklearn*", StandIn(python="a")), ("*", StandIn(python="b")))
    assert stand_in("1.dkr.ecr.x/sklearn:1", images).python == "a"
    assert stand_in("xgboost", images).python == "b"
    assert stand_in("xgboost", images[:1]) == StandIn()
