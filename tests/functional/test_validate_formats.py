"""`smp validate` for people on a terminal, for files, and for the tools of a CI job; and what other commands show of findings."""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from framework.commands.showing import ProjectLines
from framework.report.text import FORMATS
from tests.functional.cases import STOPPED

ROOT = Path(__file__).resolve().parents[2]
MODEL = """\
conf:
  models:
    m:
      train: {image_uri: i, epochs: 3, env: {API_KEY: hunter2}}
      tune:
"""
UNKNOWN = 'model.yaml:4:29 SMP103 unknown key "epochs" in models.m.train.'
SHOWN = f"""\
{UNKNOWN}
  4 |       train: {{image_uri: i, epochs: 3, env: {{API_KEY: •••••••}}}}
    |                             ^^^^^^
"""
UNUSED = 'model.yaml:5:7 SMP116 warning: no step of the model "m" uses its section "tune". Try: add a step that does, or remove it.'
PROGRAMS = [style for style in FORMATS if style != "text"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"SMP_S3BUCKETNAME": "models", "SMP_ROLE": "arn:aws:iam::111122223333:role/r"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: object) -> Result:
    return CliRunner().invoke(smp, ["-c", "model.yaml", *(str(word) for word in words)], catch_exceptions=False)


def places(style: str, document: str) -> Any:
    """The findings of a document, as far as its format tells: file, line, column, rule."""
    if style == "json":
        return [(f["file"], f["line"], f["column"], f["rule"]) for f in json.loads(document)["findings"]]
    if style == "junit":
        return [
            (case.attrib["classname"], case.attrib["name"]) for case in ElementTree.fromstring(document.encode()).iter("testcase")
        ]
    if style == "github":
        return [line.split("::")[1] for line in document.splitlines()]
    found = []
    for result in json.loads(document)["runs"][0]["results"]:
        where = result["locations"][0]["physicalLocation"]
        region = where["region"]
        found.append((where["artifactLocation"]["uri"], region["startLine"], region["startColumn"], result["ruleId"]))
    return found


EXPECTED: dict[str, Any] = {
    "json": [("model.yaml", 4, 29, "SMP103"), ("model.yaml", 5, 7, "SMP116")],
    "sarif": [("model.yaml", 4, 29, "SMP103"), ("model.yaml", 5, 7, "SMP116")],
    "junit": [("model.yaml", "SMP103 Unknown key"), ("model.yaml", "SMP116 Section or defaults that nothing uses")],
    "github": [
        "error file=model.yaml,line=4,col=29,title=SMP103",
        "warning file=model.yaml,line=5,col=7,title=SMP116",
    ],
}


def test_people_see_the_lines_that_are_meant(project: Path) -> None:
    result = call("validate")
    assert (result.exit_code, result.stderr) == (1, "1 error, 1 warning\n" + STOPPED)
    assert result.stdout == f"{SHOWN}{UNUSED}\n  5 |       tune:\n    |       ^^^^\n"
    assert call("validate", "--format", "text").stdout == result.stdout


@pytest.mark.parametrize("style", PROGRAMS)
def test_programs_read_a_document_and_nothing_else(project: Path, style: str) -> None:
    result = call("validate", "--format", style)
    assert (result.exit_code, result.stderr) == (1, "")
    assert places(style, result.stdout) == EXPECTED[style]
    assert call("--format", style, "validate").stdout == result.stdout
    assert call("--format", "text", "validate", "--format", style).stdout == result.stdout


@pytest.mark.parametrize("style", FORMATS)
def test_no_format_shows_a_secret(project: Path, style: str) -> None:
    assert "hunter2" not in call("validate", "--format", style).output


@pytest.mark.parametrize("style", FORMATS)
def test_a_report_in_a_file(project: Path, style: str) -> None:
    result = call("validate", "--format", style, "-o", "the report.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "1 error, 1 warning\n" + STOPPED)
    assert (project / "the report.txt").read_text(encoding="utf-8") == call("validate", "--format", style).stdout


@pytest.mark.parametrize("style", FORMATS)
def test_a_report_of_nothing(project: Path, style: str) -> None:
    (project / "model.yaml").write_text("conf: {models: {m: {train: {image_uri: i}}}}\n")
    result = call("validate", "--format", style)
    assert (result.exit_code, result.stderr) == (0, "no findings\n" if style == "text" else "")
    if style in EXPECTED:
        assert places(style, result.stdout) == ([("smp validate", "no findings")] if style == "junit" else [])


@pytest.mark.parametrize("style", FORMATS)
def test_what_the_disk_refuses_is_no_document(project: Path, style: str) -> None:
    result = call("validate", "--format", style, "-o", "no/such/folder/report")
    assert result.exit_code == 5
    assert result.stderr.startswith("Writing no/such/folder/report failed: No such file or directory.")
    if style == "json":
        assert json.loads(result.stdout)["error"]["why"] == "No such file or directory"
    else:
        assert result.stdout == ""


@pytest.mark.parametrize("style", PROGRAMS)
def test_what_is_found_in_no_file(project: Path, style: str) -> None:
    result = call("validate", "--format", style, "-c", "no-such-*.yaml")
    assert result.exit_code == 1
    expected = {
        "json": [("--config", 0, 0, "SMP111"), ("model.yaml", 4, 29, "SMP103")],
        "sarif": [("model.yaml", 4, 29, "SMP103")],
        "junit": [("--config", "SMP111 No configuration"), ("model.yaml", "SMP103 Unknown key")],
        "github": ["error title=SMP111", "error file=model.yaml,line=4,col=29,title=SMP103"],
    }
    assert places(style, result.stdout) == expected[style]


@pytest.mark.parametrize("style", FORMATS)
def test_the_same_project_gives_the_same_bytes_wherever_it_lies(
    project: Path, style: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = call("validate", "--format", style).stdout
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert call("--root", project, "validate", "--format", style).stdout == here


@pytest.mark.parametrize(("root", "uri"), [("sub", "sub/model.yaml"), ("./sub/../sub/", "sub/model.yaml"), (".", "model.yaml")])
def test_paths_are_those_of_the_repository(project: Path, root: str, uri: str) -> None:
    (project / "sub").mkdir()
    (project / "sub/model.yaml").write_text(MODEL)
    assert places("sarif", call("--root", root, "validate", "--format", "sarif").stdout)[0][0] == uri
    assert f"file={uri}," in call("--root", root, "validate", "--format", "github").stdout
    assert places("junit", call("--root", root, "validate", "--format", "junit").stdout)[0][0] == uri
    assert places("json", call("--root", root, "validate", "--format", "json").stdout)[0][0] == "model.yaml"


# Other commands


@pytest.mark.parametrize("words", [["run"], ["compile"], ["local", "runs"], ["registry", "list"], ["deploy"], ["logs", "x"]])
@pytest.mark.parametrize("style", ["sarif", "junit", "github"])
def test_only_validate_knows_the_formats_of_tools(project: Path, style: str, words: list[str]) -> None:
    before = call("--format", style, *words)
    name = [word for word in words if word != "x"][-1]
    assert (before.exit_code, before.stdout) == (2, "")
    assert before.stderr.endswith(f"Error: --format {style} goes with validate; {name} knows text and json\n")
    behind = call(*words, "--format", style)
    assert (behind.exit_code, behind.stdout) == (2, "")
    assert f"Invalid value for '--format': '{style}' is not one of 'text', 'json'." in behind.stderr


def test_the_last_format_counts(project: Path) -> None:
    assert json.loads(call("--format", "sarif", "compile", "--format", "json").stdout)["summary"] == {"errors": 1, "warnings": 1}


def test_errors_that_stop_a_command_are_shown_with_their_lines(project: Path) -> None:
    result = call("compile")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{SHOWN}{UNUSED}\n  5 |       tune:\n    |       ^^^^\n"


def test_warnings_that_stop_nothing_are_a_line_each(project: Path) -> None:
    (project / "model.yaml").write_text("conf: {models: {m: {train: {image_uri: i}, tune: }}}\n")
    result = call("compile")
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    assert "SMP116 warning: " in result.stderr


# Where lines come from


@pytest.mark.parametrize("content", [
    b'export A="1"\nTOKEN hunter2\n', b'export TOKEN="hunter2\n', b"export A=1\nhunter2\n",
])  # fmt: skip
def test_no_line_of_a_file_of_variables_is_shown(project: Path, content: bytes) -> None:
    (project / "v.env").write_bytes(content)
    result = call("--env-file", "v.env", "validate")
    assert "v.env:" in result.stdout
    assert "hunter2" not in result.output


def test_a_line_of_a_file_that_was_named_from_here(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub/model.yaml").write_text("conf: {models: {m: {train: {image_uri: i}}}}\n")
    (project / "values.yaml").write_text("Depth: [4, 5]\n")
    result = call("--root", "sub", "run", "--dry-run", "--parameters", "values.yaml")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == ["  1 | Depth: [4, 5]", "    |        ^"]


def test_lines_are_those_of_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("\ufeffa: 1\r\nb: 2\rc: 3\x85d: \u2028e: 5\n".encode())
    lines = ProjectLines(tmp_path)
    assert [lines("a.yaml", number) for number in range(8)] == [None, "a: 1", "b: 2", "c: 3", "d: ", "e: 5", "", None]


def test_files_that_cannot_be_read_have_no_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "large.yaml").open("wb") as large:
        large.truncate(10_000_001)
    lines = ProjectLines(tmp_path)
    assert [lines(file, 1) for file in ("pipe.yaml", "folder", "none.yaml", "large.yaml", "a\0b", "x" * 5000, "")] == [None] * 7


def test_bytes_that_are_no_text_are_shown_as_such(project: Path) -> None:
    (project / "model.yaml").write_bytes(b"conf: {}\nx: caf\xe9 \x1b[2J\n")
    result = call("validate")
    assert "model.yaml:2:1 SMP100 the file is not UTF-8 text (byte 15)" in result.stdout
    assert "  2 | x: caf\ufffd \\x1b[2J\n    | ^\n" in result.stdout


# On a terminal


def on_a_terminal(folder: Path, columns: int, *words: str, **environment: str) -> str:
    """What `smp` writes to a terminal of so many columns; its errors go there too."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    command = [sys.executable, "-m", "framework", "-c", "model.yaml", *words]
    env = {**own, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment}
    with subprocess.Popen(command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave):
        os.close(slave)
        written = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # the other side has closed
                break
            if not piece:
                break
            written += piece
    os.close(master)
    return written.decode().replace("\r\n", "\n")


def test_a_terminal_shows_colours_and_what_fits(project: Path) -> None:
    shown = on_a_terminal(project, 40, "validate").splitlines()
    assert shown[:3] == [
        '\x1b[1mmodel.yaml:4:29\x1b[0m \x1b[31mSMP103\x1b[0m unknown key "epochs" in models.m.train.',
        "\x1b[36m  4 |\x1b[0m …e_uri: i, epochs: 3, env: {API_K…",
        "\x1b[36m    |\x1b[0m \x1b[36m           ^^^^^^\x1b[0m",
    ]
    assert shown[-2:] == ["1 error, 1 warning", STOPPED.rstrip()]


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours(project: Path, environment: dict[str, str]) -> None:
    assert on_a_terminal(project, 120, "validate", **environment).startswith(SHOWN)


@pytest.mark.parametrize("style", PROGRAMS)
def test_documents_are_never_coloured(project: Path, style: str) -> None:
    assert on_a_terminal(project, 40, "validate", "--format", style) == call("validate", "--format", style).stdout


def test_errors_that_stop_a_command_are_coloured_on_a_terminal(project: Path) -> None:
    assert on_a_terminal(project, 120, "compile").startswith("\x1b[1mmodel.yaml:4:29\x1b[0m \x1b[31mSMP103\x1b[0m unknown key")
