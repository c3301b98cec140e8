"""Lines of a requirements file: what is found in them is what pip itself does not read, and nothing else."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from framework.checks.requirement_lines import OPTIONS, decoded, lines, read

BUNDLE = {
    "project/pyproject.toml": "[project]\nname = 'project'\nversion = '1'\n",
    "old/setup.py": "",
    "lib/code.py": "",
    "base.txt": "numpy\n",
    "more/extra.txt": "numpy\n",
    "wheels/a-1.0-py3-none-any.whl": "",
    "a.tar.gz": "",
}
READ = [
    "numpy",
    "numpy==1.26.4",
    "numpy >=1.26, <3",
    "numpy~=1.26",
    "numpy==1.26;",
    "numpy!=1.25.*",
    "numpy===1.26",
    "torch==2.1.0+cu118",
    "zope.interface",
    "Flask_Login-x.y",
    "pandas[excel,parquet]>=2",
    "pandas [excel] >= 2",
    'numpy>=1.26; python_version < "3.13"',
    "numpy ; sys_platform == 'linux' and python_version >= '3.9'",
    "requests @ https://example.com/requests-2.0-py3-none-any.whl",
    "requests@https://example.com/requests.tar.gz",
    "repo @ git+https://github.com/org/repo@main",
    "git+https://github.com/org/repo@main#egg=repo",
    "https://example.com/x-1.0.tar.gz",
    "file:///opt/x-1.0.tar.gz",
    "./wheels/a-1.0-py3-none-any.whl",
    "wheels/a-1.0-py3-none-any.whl",
    "a.tar.gz",
    "./project",
    "./project[extra]",
    "./old",
    "-e ./project",
    "-e project",
    "-e ./project[extra]",
    "--editable=./project",
    "-e git+https://github.com/org/repo#egg=repo",
    "-r base.txt",
    "-rbase.txt",
    "--requirement=more/extra.txt",
    "-c base.txt",
    "-r ./more/../base.txt",
    "--index-url https://example.com/simple",
    "--index-url=https://example.com/simple --extra-index-url https://example.com/other",
    "-i https://example.com/simple --trusted-host example.com --pre",
    "--extra-index https://example.com/simple",
    "--find-links ./wheels",
    "-f https://example.com/links",
    "--no-binary :all:",
    "--only-binary=numpy",
    "--prefer-binary",
    "--require-hashes",
    f"numpy==1.26.4 --hash=sha256:{'0' * 64}",
    f"numpy==1.26.4 --hash sha256:{'0' * 64} --hash sha512:{'1' * 128}",
    "numpy --config-settings a=b",
    'numpy --config-settings "a=b c"',
    "numpy --no-index",
]
"""Lines that pip reads."""

UNREAD = [
    "numpy=1.26",
    "numpy>=1.26 <3",
    "numpy 1.26",
    "numpy, pandas",
    "numpy==1.26 pandas",
    "scikit learn",
    "-numpy",
    "numpy[extra",
    'numpy; python_versio < "3"',
    "numpy; python_version < 3",
    "numpy @",
    "== 1.26",
    "!numpy",
    "import numpy",
    "pip install numpy",
    "./gone",
    "./lib",
    "-e ./gone",
    "-e numpy",
    "-e lib",
    "-r gone.txt",
    "-c gone.txt",
    "-r",
    "-i",
    "-U numpy",
    "numpy -U",
    "--upgrade",
    "--no",
    "--req base.txt",
    "--index https://example.com/simple --quiet",
    "numpy --hash=md5:0123",
    "numpy --hash=0123",
    "numpy --config-settings a",
    '-i "https://example.com',
    "name: environment",
    "<html>",
    "1 + 1",
]
"""Lines that it does not."""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in BUNDLE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pip_reads(bundle: Path, line: str) -> bool:
    """Whether pip makes requirements or options of a file of this line, asked as `pip install -r` asks it; nothing is fetched."""
    pytest.importorskip("pip", minversion="23.1")
    internal = pytest.importorskip("pip._internal.req.req_file")
    from pip._internal.exceptions import InstallationError
    from pip._internal.network.session import PipSession
    from pip._internal.req.constructors import install_req_from_parsed_requirement

    path = bundle / "requirements.txt"
    path.write_text(f"{line}\n")
    try:
        for parsed in internal.parse_requirements(str(path), session=PipSession()):
            made = install_req_from_parsed_requirement(parsed)
            if parsed.is_editable and not (made.link and made.link.is_vcs):
                made.load_pyproject_toml()
    except InstallationError:
        return False
    except Exception as error:  # an invalid marker is none of its own
        assert type(error).__name__ in {"InvalidMarker", "InvalidRequirement"}, error
        return False
    return True


@pytest.mark.parametrize("line", READ)
def test_what_pip_reads_is_read(bundle: Path, line: str) -> None:
    assert pip_reads(bundle, line)
    [(_, bare)] = lines(line)
    assert read(bare, "", BUNDLE).fault == ""


@pytest.mark.parametrize("line", UNREAD)
def test_what_pip_does_not_read_is_not(bundle: Path, line: str) -> None:
    assert not pip_reads(bundle, line)
    [(_, bare)] = lines(line)
    assert read(bare, "", BUNDLE).fault


@pytest.mark.parametrize(
    "line",
    [
        "private==${VERSION}",
        "--index-url https://${USER}:${PASSWORD}@example.com/simple",
        "/opt/ml/input/data/wheels/x-1.0-py3-none-any.whl",
        "/opt/ml/code",
        "-e /opt/ml/code",
        "-r /opt/ml/code/more.txt",
        "-r https://example.com/requirements.txt",
        "--install-option=--x",
        "--global-option=--x numpy",
    ],
)
def test_what_only_the_job_can_tell_is_taken_to_be_right(line: str) -> None:
    assert read(line, "", BUNDLE).fault == ""


def test_paths_of_included_files_are_relative_to_their_file() -> None:
    assert read("-r extra.txt", "more", BUNDLE).includes == "more/extra.txt"
    assert read("-r ../base.txt", "more", BUNDLE).includes == "base.txt"
    assert read("-r base.txt", "more", BUNDLE).fault == "base.txt is not in the bundle"
    assert read("./project", "more", BUNDLE).fault == "", "those of requirements are not: pip runs at the top"


def test_options_are_those_of_pip() -> None:
    pytest.importorskip("pip", minversion="23.1")
    internal = pytest.importorskip("pip._internal.req.req_file")
    supported = [*internal.SUPPORTED_OPTIONS, *internal.SUPPORTED_OPTIONS_REQ]
    names = {name for make in supported for name in (*make()._short_opts, *make()._long_opts)}
    assert names - OPTIONS <= {"--config-setting"}, "an option of a newer pip"
    assert OPTIONS - names <= {"--install-option", "--global-option", "-C"}, "options of older ones"


TEXT = """\
# a comment
numpy \\
  >=1.26  # behind it
pandas#not-a-comment
torch \\
# between
scipy\\

  \tindented
-r base.txt # with options
last \\"""


def test_lines_are_joined_as_pip_joins_them(tmp_path: Path) -> None:
    pytest.importorskip("pip", minversion="23.1")
    internal = pytest.importorskip("pip._internal.req.req_file")
    assert list(lines(TEXT)) == list(internal.preprocess(TEXT))
    assert next(lines(TEXT)) == (2, "numpy   >=1.26")


@pytest.mark.parametrize(
    "data",
    [
        "numpy\u00e4".encode(),
        codecs.BOM_UTF8 + "numpy\u00e4".encode(),
        codecs.BOM_UTF16_LE + "numpy\u00e4".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "numpy\u00e4".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "numpy\u00e4".encode("utf-32-le"),
        b"# -*- coding: latin-1 -*-\nnumpy\xe4",
    ],
)
def test_texts_in_any_encoding_that_pip_knows(data: bytes) -> None:
    assert decoded(data).endswith("numpy\u00e4")


@pytest.mark.parametrize("data", [b"numpy\xe4", b"# coding: quantum\nnumpy", codecs.BOM_UTF16_LE + b"a"])
def test_bytes_that_are_no_text(data: bytes) -> None:
    with pytest.raises((UnicodeDecodeError, LookupError)):
        decoded(data)


def test_no_password_is_shown() -> None:
    for line in ("x https://me:hunter22@x", "numpy=1 https://hunter22@x", "me:hunter22@x y", "--idnex https://me:hunter22@x"):
        reading = read(line, "", BUNDLE)
        assert reading.fault
        assert "hunter22" not in reading.fault + reading.hint
