"""Reading botocore's file: which one, what is kept of it, what is said when it cannot be read; Java's patterns in Python."""

import gzip
import json
from pathlib import Path

import pytest

from framework.checks import botocore_model
from framework.checks.botocore_model import compile_pattern, load_model
from framework.errors import BackendError

API = {
    "operations": {
        "CreateJob": {"input": {"shape": "Request"}, "output": {"shape": "Answer"}, "documentation": "<p>Creates.</p>"},
        "StopJob": {"input": {"shape": "Name"}},
    },
    "shapes": {
        "Request": {
            "type": "structure",
            "documentation": "<p>Asks.</p>",
            "required": ["Name"],
            "members": {
                "Name": {"shape": "Name", "documentation": "<p>N.</p>"},
                "Inner": {"shape": "Requests"},
                "Env": {"shape": "Env"},
            },
        },
        "Requests": {"type": "list", "member": {"shape": "Request"}},
        "Env": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}},
        "Name": {"type": "string", "max": 5, "pattern": "[a-z]+", "documentation": "<p>A name.</p>"},
        "Answer": {"type": "structure", "members": {}},
        "Elsewhere": {"type": "string"},
    },
}


def write(data: Path, version: str, api: object, *, packed: bool) -> Path:
    folder = data / "sagemaker" / version
    folder.mkdir(parents=True)
    text = json.dumps(api).encode()
    (folder / ("service-2.json.gz" if packed else "service-2.json")).write_bytes(gzip.compress(text) if packed else text)
    return data


@pytest.mark.parametrize("packed", [True, False])
def test_what_is_reachable_is_kept_without_documentation(tmp_path: Path, packed: bool) -> None:
    model = load_model(["CreateJob"], data=write(tmp_path, "2017-07-24", API, packed=packed))
    assert model.inputs == {"CreateJob": "Request"}
    assert model.shapes == {
        "Request": {"type": "structure", "required": ["Name"], "members": {"Name": "Name", "Inner": "Requests", "Env": "Env"}},
        "Requests": {"type": "list", "member": "Request"},
        "Env": {"type": "map", "key": "Name", "value": "Name"},
        "Name": {"type": "string", "max": 5, "pattern": "[a-z]+"},
    }


def test_answers_are_read_as_well(tmp_path: Path) -> None:
    model = load_model(outputs=["CreateJob"], data=write(tmp_path, "2017-07-24", API, packed=True))
    assert (model.inputs, model.outputs, list(model.shapes)) == ({}, {"CreateJob": "Answer"}, ["Answer"])


def test_the_newest_version_is_read(tmp_path: Path) -> None:
    for version in ("2017-07-24", "2031-01-01", "2024-05-05"):
        api = API | {"shapes": API["shapes"] | {"Name": {"type": "string", "pattern": version}}}
        write(tmp_path, version, api, packed=True)
    assert load_model(["CreateJob"], data=tmp_path).shapes["Name"]["pattern"] == "2031-01-01"


CURE = 'Try: install it again: pip install --force-reinstall "boto3>=1.42,<2".'


def test_no_model_of_sagemaker(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as error:
        load_model(["CreateJob"], data=tmp_path)
    assert str(error.value) == f"Reading botocore's model of SageMaker failed: botocore's data folder holds none. {CURE}"


def test_a_model_that_lacks_an_operation(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as error:
        load_model(["CreateUnicorn"], data=write(tmp_path, "2017-07-24", API, packed=True))
    assert str(error.value) == f"Reading botocore's model of SageMaker failed: it has no CreateUnicorn. {CURE}"


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x1f\x8b\x08\x00"])
def test_a_damaged_model(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path, "2017-07-24", API, packed=True)
    (tmp_path / "sagemaker" / "2017-07-24" / "service-2.json.gz").write_bytes(damage)
    with pytest.raises(BackendError) as error:
        load_model(["CreateJob"], data=tmp_path)
    assert "service-2.json.gz is damaged (" in str(error.value)
    assert error.value.cure in CURE


def test_botocore_is_not_installed() -> None:
    with pytest.raises(BackendError) as error:
        botocore_model._data_folder("a_package_that_is_not_here")
    assert str(error.value) == (
        "Reading botocore's model of SageMaker failed: a_package_that_is_not_here is not installed. "
        'Try: pip install "boto3>=1.42,<2".'
    )


@pytest.mark.parametrize(
    ("java", "legal", "illegal"),
    [
        (r"[a-z]{2}", ["ab"], ["abc", "ab\n", "AB"]),
        (r"^[a-z]+$", ["ab"], ["ab\n", ""]),
        (r"\d{3}", ["123"], ["\N{FULLWIDTH DIGIT ONE}23"]),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["owner: née 木 \N{EN DASH} 2/3", "a@b", ""], ["a,b", "a\tb", "50%"]),
        (r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", ["It's [a] \\ 5% ~ <b> é €!", "^`|"], ["a\nb", "\x07"]),
        (r"arn:[\p{Alnum}\-]+:x", ["arn:aws-cn:x"], ["arn:aws_cn:x", "arn:é:x"]),
    ],
)
def test_patterns_match_in_full_as_in_java(java: str, legal: list[str], illegal: list[str]) -> None:
    pattern = compile_pattern(java)
    assert pattern is not None
    assert [text for text in legal if not pattern.fullmatch(text)] == []
    assert [text for text in illegal if pattern.fullmatch(text)] == []


@pytest.mark.parametrize("java", [r"[\p{Han}]", r"\p{L}+", r"([a-z]*)${1,128}", "[a[b]]", "[a-z&&[^b]]", "(", r"[\uDC00-\uDBFF]"])
def test_what_python_reads_otherwise_or_not_at_all_is_skipped(java: str) -> None:
    assert compile_pattern(java) is None
