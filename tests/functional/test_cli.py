"""The commands that need neither AWS nor the local engine: options, exit codes, what goes to stdout and what to stderr."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from framework import __version__
from framework.cli import smp
from tests.functional.cases import STOPPED

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(smp.commands)
PLACE = r"churn/conf/conf\.yaml:\d+:\d+"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Result]


def rules(shown: str) -> list[str]:
    """The rules of the findings that a text shows, without the lines that they point at."""
    return re.findall(rf"^{PLACE} (SMP\d+) ", shown, re.MULTILINE)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `smp` in this process."""

    def run(*words: object) -> Result:
        try:
            smp.main([str(word) for word in words], prog_name="smp")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def saved(project: Project) -> Project:
    project.save()
    return project


@pytest.fixture
def options(saved: Project) -> list[str]:
    return ["--root", str(saved.root), "--env-file", "env.env"]


@pytest.fixture
def warned(project: Project) -> list[str]:
    """The options of a project with one warning."""
    project.model["clean"] = dict(project.model["preprocess"])
    project.save()
    return ["--root", str(project.root), "--env-file", "env.env"]


@pytest.fixture
def broken(project: Project) -> list[str]:
    """The options of a project with two errors, one of the configuration and one of the graph, and a warning."""
    project.model["clean"] = dict(project.model["preprocess"])
    project.model["train"]["instance_typ"] = "x"
    project.pipeline["dependencies"] = ["judge >> prep"]
    project.save()
    return ["--root", str(project.root), "--env-file", "env.env"]


def process(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


# Help and usage


def test_the_help_of_smp_lists_every_command(call: Call) -> None:
    result = call("--help")
    assert (result.code, result.err) == (0, "")
    assert all(re.search(rf"^  {name} +[A-Z].+\.$", result.out, re.MULTILINE) for name in COMMANDS)
    assert {"validate", "compile", "run", "deploy"} <= set(COMMANDS)


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(call: Call, name: str, flag: str) -> None:
    result = call(name, flag)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: smp {name} ")
    assert all(len(line) <= 110 for line in result.out.splitlines())


def test_the_version(call: Call) -> None:
    assert call("--version") == Result(0, f"smp, version {__version__}\n", "")


@pytest.mark.parametrize("words", [
    ["nonsense"], ["--nonsense"], ["validate", "--format", "xml"], ["validate", "extra"], ["--root", "/nowhere/at/all", "validate"],
    ["compile", "-o"], ["validate", "--env"],
])  # fmt: skip
def test_wrong_usage_ends_with_2(call: Call, words: list[str]) -> None:
    result = call(*words)
    assert (result.code, result.out) == (2, "")
    assert "Error: " in result.err


@pytest.mark.parametrize("assignment", ["Depth", "=4", ""])
def test_a_parameter_is_written_name_value(call: Call, options: list[str], assignment: str) -> None:
    result = call(*options, "run", "--dry-run", "-p", assignment)
    assert (result.code, result.out) == (2, "")
    assert "Invalid value for --parameter: write NAME=VALUE" in result.err


# Project options


def test_project_options_stand_before_the_command_or_behind_it(call: Call, options: list[str]) -> None:
    before = call(*options, "compile")
    assert before.code == 0
    assert call("compile", *options) == before
    assert call(*options[:2], "compile", *options[2:]) == before


def test_repeated_options_add_up_on_both_sides(call: Call, options: list[str]) -> None:
    sets = ["models.churn.train.instance_count=2", "models.churn.train.volume_size_in_gb=64"]
    result = call(*options, "--set", sets[0], "compile", "--set", sets[1])
    [fit] = [step for step in result.json["Steps"] if step["Name"] == "fit"]
    resources = fit["Arguments"]["ResourceConfig"]
    assert (resources["InstanceCount"], resources["VolumeSizeInGB"]) == (2, 64)


def test_the_option_behind_the_command_replaces_the_one_before_it(call: Call, options: list[str], saved: Project) -> None:
    saved.write("other.env", (saved.root / "env.env").read_text().replace('"models"', '"others"'))
    assert "s3://others/churn-test/code" in call(*options, "compile", "--uploads", "--env-file", "other.env").out


def test_root_is_where_paths_start_from(call: Call, saved: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = call("--root", saved.root, "--env-file", "env.env", "compile")
    assert expected.code == 0
    monkeypatch.chdir(saved.root / "src")
    assert call("--root", "..", "--env-file", "env.env", "compile") == expected
    monkeypatch.chdir(saved.root)
    assert call("--env-file", "env.env", "compile") == expected


def test_config_takes_the_place_of_the_variable(call: Call, options: list[str], saved: Project) -> None:
    other = json.loads(json.dumps(saved.conf).replace("churn-test", "other-test"))
    saved.write("elsewhere/other.json", json.dumps(other))
    assert "s3://models/other-test/code" in call(*options, "-c", "elsewhere/*.json", "compile", "--uploads").out


def test_env_overlays_an_environment(call: Call, options: list[str], saved: Project) -> None:
    saved.write("conf/environments/prod.yaml", {"conf": {"s3Bucket": "prod-models"}})
    assert "s3://prod-models/churn-test/code" in call(*options, "-e", "prod", "compile", "--uploads").out
    result = call(*options, "-e", "prd", "validate")
    assert result.code == 1
    assert 'there is no environment "prd"' in result.out


def test_framework_conf_names_the_file(call: Call, options: list[str], saved: Project) -> None:
    saved.write("my.yaml", {"conf": {"s3Bucket": "my-models"}})
    assert "s3://my-models/churn-test/code" in call(*options, "--framework-conf", "my.yaml", "compile", "--uploads").out


def test_the_environment_is_read_and_the_file_wins(call: Call, saved: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in saved.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SMP_S3BUCKETNAME", "process-models")
    assert "s3://process-models/" in call("--root", saved.root, "compile", "--uploads").out
    assert "s3://models/" in call("--root", saved.root, "--env-file", "env.env", "compile", "--uploads").out


# validate


def test_validate_a_project_without_mistakes(call: Call, options: list[str]) -> None:
    assert call(*options, "validate") == Result(0, "", "no findings\n")
    result = call(*options, "validate", "--format", "json")
    nothing = {"findings": [], "summary": {"errors": 0, "warnings": 0}}
    assert (result.code, result.json, result.err) == (0, nothing, "")


def test_validate_with_a_warning_ends_with_0(call: Call, warned: list[str]) -> None:
    result = call(*warned, "validate")
    assert (result.code, result.err) == (0, "1 warning\n")
    warning = rf"{PLACE} SMP116 warning: no step of the model \"churn\" uses its section \"clean\"\. Try: .+\.\n"
    assert re.fullmatch(warning + r"  \d+ \|       clean:\n +\|       \^{5}\n", result.out)


def test_validate_shows_all_findings_at_once_and_ends_with_1(call: Call, broken: list[str]) -> None:
    result = call(*broken, "validate")
    assert (result.code, result.err) == (1, "2 errors, 1 warning\n" + STOPPED)
    assert rules(result.out) == ["SMP103", "SMP116", "SMP203"]
    numbers = [int(line.split(":")[1]) for line in result.out.splitlines() if re.match(PLACE, line)]
    assert numbers == sorted(numbers)


def test_validate_as_data(call: Call, broken: list[str], project: Project) -> None:
    result = call(*broken, "validate", "--format", "json")
    assert (result.code, result.err) == (1, "")
    [unknown, unused, _] = result.json["findings"]
    assert result.json["summary"] == {"errors": 2, "warnings": 1}
    lines = (project.root / "churn/conf/conf.yaml").read_text().splitlines()
    assert lines[unknown["line"] - 1][unknown["column"] - 1 :] == "instance_typ: x"
    assert unknown == {
        "rule": "SMP103",
        "severity": "error",
        "file": "churn/conf/conf.yaml",
        "line": unknown["line"],
        "column": 9,
        "message": 'unknown key "instance_typ" in models.churn.train',
        "hint": "instance_type",
    }
    assert unused["severity"] == "warning"


@pytest.mark.parametrize("style", ["text", "json"])
def test_validate_where_nothing_can_be_read(call: Call, tmp_path: Path, style: str) -> None:
    result = call("--root", tmp_path, "validate", "--format", style)
    assert result.code == 1
    assert "SMP_MODEL_CONFIGPATH" in result.out


# compile


def test_compile_writes_the_definition_to_stdout(call: Call, options: list[str], saved: Project) -> None:
    result = call(*options, "compile")
    compiled = saved.compile().compiled
    assert compiled is not None
    assert result == Result(0, compiled.definition_text(), "")
    assert result.json["Version"] == "2020-12-01"
    assert call(*options, "compile", "--format", "json") == result


def test_compile_writes_to_a_file(call: Call, options: list[str], tmp_path: Path) -> None:
    expected = call(*options, "compile").out
    assert call(*options, "compile", "-o", tmp_path / "a definition.json") == Result(0, "", "")
    assert (tmp_path / "a definition.json").read_bytes() == expected.encode()


def test_compile_to_where_nothing_can_be_written_ends_with_5(call: Call, options: list[str], tmp_path: Path) -> None:
    result = call(*options, "compile", "-o", tmp_path / "no/such/folder/x.json")
    assert (result.code, result.out) == (5, "")
    assert "No such file or directory. Try: check the folder and its permissions." in result.err


def test_compile_lists_uploads(call: Call, options: list[str], saved: Project) -> None:
    compiled = saved.compile().compiled
    assert compiled is not None
    uris = [upload.uri for upload in compiled.uploads]
    assert len(uris) == 3
    text = call(*options, "compile", "--uploads")
    assert (text.code, text.err) == (0, "")
    assert [line.split() for line in text.out.splitlines()] == [
        [str(len(upload.content)), upload.uri] for upload in compiled.uploads
    ]
    data = call(*options, "compile", "--uploads", "--format", "json").json
    assert data == [{"uri": upload.uri, "bytes": len(upload.content)} for upload in compiled.uploads]


def test_compile_shows_warnings_on_stderr(call: Call, warned: list[str]) -> None:
    result = call(*warned, "compile")
    assert result.code == 0
    assert result.json["Steps"]
    assert re.fullmatch(rf"{PLACE} SMP116 warning: .+\n", result.err)


@pytest.mark.parametrize("words", [["compile"], ["compile", "--uploads"], ["run", "--dry-run"], ["run", "--dry-run", "--local"]])
def test_errors_go_to_stderr_and_end_with_1(call: Call, broken: list[str], words: list[str]) -> None:
    result = call(*broken, *words)
    assert (result.code, result.out) == (1, "")
    assert rules(result.err) == ["SMP103", "SMP116", "SMP203"]


@pytest.mark.parametrize("words", [["compile"], ["run", "--dry-run"]])
def test_a_program_reads_errors_from_stdout(call: Call, broken: list[str], words: list[str]) -> None:
    result = call(*broken, "--format", "json", *words)
    assert result.code == 1
    assert [finding["rule"] for finding in result.json["findings"]] == ["SMP103", "SMP116", "SMP203"]
    assert rules(result.err) == ["SMP103", "SMP116", "SMP203"]


def test_a_program_reads_what_the_machine_refused_from_stdout(call: Call, options: list[str], tmp_path: Path) -> None:
    result = call(*options, "compile", "--format", "json", "-o", tmp_path / "no/such/folder/x.json")
    assert result.code == 5
    assert result.json["error"]["why"] == "No such file or directory"


def test_nothing_is_written_where_there_are_errors(call: Call, broken: list[str], tmp_path: Path) -> None:
    assert call(*broken, "compile", "-o", tmp_path / "x.json").code == 1
    assert not (tmp_path / "x.json").exists()


# run --dry-run


@pytest.mark.parametrize(("local", "where"), [([], "SageMaker"), (["--local"], "this machine")])
def test_a_dry_run_says_what_would_happen(call: Call, options: list[str], local: list[str], where: str) -> None:
    result = call(*options, "run", "--dry-run", *local)
    lines = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert lines[0] == f"would run churn-test on {where}"
    verb = "upload" if where == "SageMaker" else "put into the local store"
    assert len([line for line in lines if line.startswith(f"  {verb} s3://models/churn-test/code/")]) == 3
    assert lines[-6:] == [
        "  step prep (Processing)",
        "  step fit (Training)",
        "  step model (Model)",
        "  step score (Transform)",
        "  step judge (Processing)",
        "  step register (RegisterModel)",
    ]


def test_a_dry_run_as_data(call: Call, options: list[str]) -> None:
    data = call(*options, "run", "--dry-run", "--format", "json").json
    assert (data["pipeline"], data["where"], data["parameters"]) == ("churn-test", "SageMaker", {})
    assert [step["name"] for step in data["steps"]] == ["prep", "fit", "model", "score", "judge", "register"]


def test_a_dry_run_calls_and_writes_nothing(
    call: Call, options: list[str], saved: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was opened"))
    before = sorted(saved.root.rglob("*"))
    assert call(*options, "run", "--dry-run").code == 0
    assert call(*options, "run", "--dry-run", "--local").code == 0
    assert sorted(saved.root.rglob("*")) == before


def test_a_dry_run_refuses_a_parameter_that_the_pipeline_does_not_have(call: Call, options: list[str]) -> None:
    result = call(*options, "run", "--dry-run", "-p", "Depth=4")
    assert (result.code, result.out) == (1, "")
    assert "the pipeline has no parameter Depth" in result.err


# Other ways in


def test_python_m_framework(saved: Project) -> None:
    done = process("-m", "framework", "--env-file", "env.env", "validate", cwd=saved.root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no findings\n")


@pytest.mark.parametrize(("words", "code"), [(["validate"], 1), (["nonsense"], 2), (["--help"], 0)])
def test_exit_codes_reach_the_shell(tmp_path: Path, words: list[str], code: int) -> None:
    assert process("-m", "framework", *words, cwd=tmp_path).returncode == code


def test_the_original_entry_point_from_another_directory(tmp_path: Path) -> None:
    variables = dict(re.findall(r'^export (\w+)="(.*)"$', (ROOT / "env.env").read_text(), re.MULTILINE))
    done = process(ROOT / "framework_entrypoint.py", "--dry-run", cwd=tmp_path, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("would run lgbm-test on SageMaker\n")
    assert done.stdout.endswith("  step lgbm-Register (RegisterModel)\n")
    assert [*tmp_path.iterdir()] == []


def test_the_original_entry_point_without_variables(tmp_path: Path) -> None:
    done = process(ROOT / "framework_entrypoint.py", "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the environment variable SMP_MODEL_CONFIGPATH is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["validate", "compile"])
def test_commands_that_call_nothing_import_nothing_heavy(command: str) -> None:
    program = (
        "import sys; from framework.cli import smp;"
        f"smp.main(['--env-file', 'env.env', '{command}'], standalone_mode=False);"
        "print(sorted(set(sys.argv[1:]) & {name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = process("-c", program, "sagemaker", "pandas", "numpy", "boto3", "rich")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]")
