"""Every bad configuration is answered with all that is wrong with it, at its place and in its words, and with nothing else.

The cases stand in the YAML files of the folder `bad`, a file for each kind of mistake: what is written, and every line that is said
about it. Those that are better made than written stand here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from framework.checks.catalogue import RULES
from framework.cli import smp
from framework.findings import ERROR, Finding
from tests.functional.cases import STOPPED, VARIABLES, WRITTEN, Case, read_cases, travelled

FOLDER = Path(__file__).parent / "bad"
MODEL = "conf: {models: {m: {train: {image_uri: i}}}}\n"
LONG = "l" + "o" * 300 + "ng"


def _unwritable(name: str, model: str | bytes, says: str, suffix: str = "yaml", **options: Any) -> Case:
    """A case of one model file that is made, not written."""
    content = model.encode() if isinstance(model, str) else model
    return Case(f"made: {name}", {f"model.{suffix}": content}, says, run={"patterns": (f"model.{suffix}",)}, **options)


def _bomb() -> str:
    """Ten lines that mean ten thousand million values."""
    lines = ["conf:", "  local:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    return "\n".join([*lines, *(f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])


MADE = [
    _unwritable(
        "a picture",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "model.yaml:1:1 SMP100 the file is not UTF-8 text (byte 0). Try: save it as UTF-8.",
    ),
    _unwritable(
        "a Latin-1 letter in the second line",
        "# Modelle\n# Abgänge\n".encode("latin-1"),
        "model.yaml:2:1 SMP100 the file is not UTF-8 text (byte 15). Try: save it as UTF-8.",
    ),
    _unwritable(
        "UTF-16 with a byte order mark",
        MODEL.encode("utf-16"),
        "model.yaml:1:1 SMP100 the file is not UTF-8 text (byte 0). Try: save it as UTF-8.",
    ),
    _unwritable(
        "UTF-16 without a byte order mark",
        MODEL.encode("utf-16-le"),
        "model.yaml:1:2 SMP101 not valid YAML: control characters are not allowed. Try: remove characters that are not text.",
    ),
    _unwritable(
        "a file that is too large",
        MODEL,
        "model.yaml SMP100 the file is larger than 40 bytes. Try: split the configuration; one file per model.",
        limits={"MAX_BYTES": 40},
    ),
    _unwritable(
        "a file of too many values",
        "conf: {models: {m: {train: {image_uri: i, env: {a: 1, b: 2, c: 3}}}}}\n",
        "model.yaml:1:43 SMP101 the file holds more than 3 values. Try: split the configuration; one file per model.",
        limits={"MAX_VALUES": 3},
    ),
    _unwritable(
        "aliases of aliases",
        _bomb(),
        "model.yaml:7:49 SMP101 aliases repeat more than 100,000 values. Try: use fewer aliases, or extends.",
    ),
    _unwritable(
        "ten thousand lists in one another",
        "conf: " + "[" * 10_000,
        "model.yaml:1:106 SMP101 more than 100 levels deep. Try: flatten the configuration.",
    ),
    _unwritable(
        "a thousand mappings in one another, line by line",
        "\n".join(" " * depth + "a:" for depth in range(1_000)),
        "model.yaml:101:101 SMP101 more than 100 levels deep. Try: flatten the configuration.",
    ),
    _unwritable(
        "ten thousand lists in one another in JSON",
        '{"conf": ' + "[" * 10_000 + "]" * 10_000 + "}",
        "model.json:1:109 SMP101 more than 100 levels deep. Try: flatten the configuration.",
        suffix="json",
    ),
    Case(
        "made: names that are longer than those of files",
        {"model.yaml": MODEL.replace("train: {", f"source_directory: {LONG}, train: {{entry_point: t.py, ").encode()},
        f'--env SMP114 there is no environment "{LONG}": conf/environments/{LONG}.yaml does not exist. Try: create it.\n'
        f"{LONG} SMP100 the file cannot be read: File name too long. Try: check the path given to --env-file.\n"
        f"model.yaml:1:39 SMP702 the source directory {LONG} does not exist. "
        "Try: check source_directory; it is relative to the root (--root).",
        run={"environment_name": LONG, "env_file": LONG},
    ),
]

STEP = "train: {image_uri: i}"


def _loop(count: int) -> str:
    arguments = f"{{IterableItems: [{', '.join(map(str, range(count)))}], ForEachBody: []}}"
    step = f"{{step_name: loop, step_class: Raw, type: ForEach, arguments: {arguments}}}"
    return f"conf:\n  models: {{m: {{{STEP}}}}}\n  sagemakerPipeline: {{models: {{m: }}, steps: [{step}]}}\n"


def _parameters(count: int) -> str:
    """As many parameters, and one that holds the version of a registered model."""
    names = [f"P{number}" for number in range(count)]
    read = " ".join(f"${{parameters.{name}}}" for name in names)
    stop = f'{{step_name: stop, step_class: Fail, error_message: "{read}"}}'
    serve = "{step_name: serve, step_class: EndpointConfig, model_package: {group: churn}}"
    parameters = f"{{{', '.join(f'{name}: 1' for name in names)}}}"
    return (
        f"conf:\n  models: {{m: {{{STEP}}}}}\n"
        f"  sagemakerPipeline: {{models: {{m: }}, parameters: {parameters}, steps: [{stop}, {serve}]}}\n"
    )


def _tags(name: str, count: int) -> str:
    return ", ".join(f"{{Key: {name}{number}, Value: v}}" for number in range(count))


def _large(characters: int) -> str:
    texts = "".join(f'          "{number}": {"x" * 1000}\n' for number in range(characters // 1000 + 1))
    step = f"      - step_name: ask\n        step_class: Raw\n        type: Lambda\n        arguments:\n{texts}"
    return f"conf:\n  models: {{m: {{{STEP}}}}}\n  sagemakerPipeline:\n    models: {{m: }}\n    steps:\n{step}"


MADE += [
    _unwritable(
        "a loop over too many items",
        _loop(101),
        "model.yaml:3:123 SMP503 loop goes over 101 items; written out, a loop takes 100. "
        "Try: let a step write the list, and refer to it.",
    ),
    _unwritable(
        "too many parameters, with that of a registered model",
        _parameters(200),
        "model.yaml:3:3 SMP503 the pipeline has 201 parameters; an execution takes 200. Try: join some, or read them from a file.",
    ),
    _unwritable(
        "too many tags of a job, with those of the pipeline",
        f"conf:\n  models: {{m: {{train: {{image_uri: i, tags: [{_tags('a', 26)}]}}}}}}\n"
        f"  sagemakerPipeline: {{models: {{m: }}, tags: [{_tags('b', 25)}]}}\n",
        "model.yaml:2:44 SMP406 m-Training: Tags has 51 elements, but TagList takes at most 50 elements. "
        "Try: write a list of at most 50 elements.",
    ),
    _unwritable(
        "a definition that is too large",
        _large(1_048_576),
        "model.yaml:3:3 SMP502 warning: the definition has 1,059,145 characters; one sent inline holds 1,048,576, so it goes by "
        "way of S3. Try: split the pipeline, or see that the service may read the bucket.",
    ),
    Case(
        "made: requirements in an encoding that they do not name",
        {
            "src/train.py": b"",
            "src/requirements.txt": "numpy  # für alle\n".encode("latin-1"),
            "model.yaml": b"conf: {models: {m: {train: {image_uri: i, entry_point: train.py}, source_directory: src}}}\n",
        },
        "src/requirements.txt SMP705 the file is no text that pip can read. Try: save it as UTF-8.",
    ),
    Case(
        "made: a bundle larger than the configuration allows",
        {
            "src/train.py": b"",
            "src/data/a.csv": b"0" * 600_000,
            "src/data/b.csv": b"0" * 300_000,
            "src/data/c.csv": b"0" * 200_000,
            "src/data/d.csv": b"0" * 100_000,
            "conf/conf.yaml": b"conf: {checks: {max_bundle_mb: 1}}\n",
            "model.yaml": b"conf: {models: {m: {train: {image_uri: i, entry_point: train.py}, source_directory: src}}}\n",
        },
        "model.yaml:1:85 SMP706 warning: the bundle of this source directory holds 1.2 MB, more than 1 MB; its largest files are "
        "data/a.csv (0.6 MB), data/b.csv (0.3 MB), data/c.csv (0.2 MB). Try: name what is not code in .smpignore.",
    ),
]

CASES = read_cases(FOLDER) + MADE


OF_BOTH_KINDS = {"SMP206", "SMP321", "SMP505", "SMP506", "SMP703", "SMP704", *(f"SMP{number}" for number in range(611, 620))}
"""The rules that say of some things that they are wrong, and of others that they may be."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everything_is_said_and_nothing_else(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, findings = travelled(case, tmp_path, monkeypatch)
    assert [str(finding) for finding in findings] == case.says.splitlines()
    for finding in findings:
        assert_place_exists(finding, tmp_path)
        assert finding.severity == RULES[finding.rule].severity or finding.rule in OF_BOTH_KINDS
    blocked = any(finding.severity == ERROR and RULES[finding.rule].blocking for finding in findings)
    assert (compiled is None) == (blocked and not case.name.startswith("definitions: "))  # what a step holds blocks nothing


def assert_place_exists(finding: Finding, root: Path) -> None:
    place = finding.place
    if place.line and (root / place.file).is_file():
        lines = (root / place.file).read_bytes().decode("utf-8", "replace").splitlines()
        assert place.line <= len(lines) + 1
        assert place.column <= (len(lines[place.line - 1]) if place.line <= len(lines) else 0) + 1


def test_no_secret_is_said() -> None:
    values = ("hunter22", "AKIAIOSFODNN7EXAMPLE", "kT8vQ2xWz9LmR4nYb7JcH1dPf5sGa3EuV6oXi0Kt")
    holding = [case for case in CASES if any(value.encode() in content for content in case.files.values() for value in values)]
    assert len(holding) > 10
    assert [case.name for case in holding if any(value in case.says for value in values)] == []


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= 60


def test_every_rule_has_a_case() -> None:
    said = {rule for case in CASES for rule in re.findall(r" (SMP\d\d\d) ", case.says)}
    assert [name for name in WRITTEN if name not in said] == []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    text = "conf: {models: {m: {train: {image_uri: i, epochs: SMP_EPOCHS}, tune: }}}\n"
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    return tmp_path


LINE = "  1 | conf: {models: {m: {train: {image_uri: i, epochs: SMP_EPOCHS}, tune: }}}"
SAID = [
    'model.yaml:1:43 SMP103 unknown key "epochs" in models.m.train.',
    LINE,
    "    |                                           ^^^^^^",
    "model.yaml:1:51 SMP109 the environment variable SMP_EPOCHS is not set. "
    'Try: export SMP_EPOCHS="…", or give a default: ${SMP_EPOCHS:-value}.',
    LINE,
    "    |                                                   ^^^^^^^^^^",
    'model.yaml:1:64 SMP116 warning: no step of the model "m" uses its section "tune". Try: add a step that does, or remove it.',
    LINE,
    "    |                                                                ^^^^",
]


def test_validate_prints_what_the_road_found(project: Path) -> None:
    result = CliRunner().invoke(smp, ["validate", "--root", str(project), "-c", "model.yaml"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == SAID
    assert result.stderr == "2 errors, 1 warning\n" + STOPPED


def test_validate_gives_a_program_the_same(project: Path) -> None:
    result = CliRunner().invoke(smp, ["--root", str(project), "validate", "-c", "model.yaml", "--format", "json"])
    first, _, last = json.loads(result.stdout)["findings"]
    assert first == {
        "rule": "SMP103",
        "severity": "error",
        "file": "model.yaml",
        "line": 1,
        "column": 43,
        "message": 'unknown key "epochs" in models.m.train',
        "hint": "",
    }
    assert last["severity"] == "warning"


def test_validate_takes_warnings_for_no_mistake(project: Path) -> None:
    (project / "model.yaml").write_text("conf: {models: {m: {train: {image_uri: i}, tune: }}}\n", encoding="utf-8")
    result = CliRunner().invoke(smp, ["validate", "--root", str(project), "-c", "model.yaml"])
    assert result.exit_code == 0
    assert result.stderr == "1 warning\n"


def test_every_option_that_says_where_the_configuration_lies_is_understood(project: Path) -> None:
    options = ["--framework-conf", "f.yaml", "-c", "x.yaml", "-e", "prod", "--env-file", "v.env", "--set", "models"]
    result = CliRunner().invoke(smp, ["--root", str(project), *options, "validate"])
    assert [line.split(". Try")[0] for line in result.stdout.splitlines()] == [
        '--config SMP111 no file matches "x.yaml"',
        '--env SMP114 there is no environment "prod": conf/environments/prod.yaml does not exist',
        "f.yaml SMP100 the file cannot be read: No such file or directory",
        "v.env SMP100 the file cannot be read: No such file or directory",
    ]
