"""What runs in the containers, run here: the start scripts and the repack command exactly as the definition has them.

Each run sees a private /opt/ml, bound over a scratch folder in a mount namespace of its own. Where the machine does not allow that,
the scratch folder's path is written in place of /opt/ml.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, Project

PYTHON_BESIDE_OPT = not Path(sys.base_prefix).resolve().is_relative_to("/opt")
REPORT = """
import json, os, sys
with open(os.environ["REPORT"], "w") as file:
    json.dump({"argv": sys.argv[1:], "cwd": os.getcwd(), "main": __name__, "path": sys.path[:3], "env": dict(os.environ)}, file)
"""
PIP = """
import json, os, sys
with open(os.environ["PIP_REPORT"], "w") as file:
    json.dump(sys.argv[1:], file)
sys.exit(int(os.environ.get("PIP_CODE", "0")))
"""


class Container:
    """A folder that stands for /opt/ml, and what runs with it. `report` is what the script saw, `pip` how pip was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ml = folder / "ml"
        self.ml.mkdir()
        (folder / "pip").mkdir()
        (folder / "pip/__init__.py").write_text("")
        (folder / "pip/__main__.py").write_text(PIP)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REPORT": str(folder / "report.json"),
            "PIP_REPORT": str(folder / "pip.json"),
        }

    def put(self, path: str, content: bytes | str) -> None:
        """A file at a path that begins with /opt/ml/."""
        target = self.ml / path.removeprefix("/opt/ml/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not can_unshare():
            content = (content if isinstance(content, bytes) else content.encode()).replace(b"/opt/ml", bytes(self.ml))
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, words: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        words = ["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items()), *words]
        command = in_namespace(self.ml, words) if can_unshare() else [word.replace("/opt/ml", str(self.ml)) for word in words]
        return subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False)

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "report.json").read_text().replace(str(self.ml), "/opt/ml"))

    @property
    def pip(self) -> Any:
        file = self.folder / "pip.json"
        return json.loads(file.read_text().replace(str(self.ml), "/opt/ml")) if file.exists() else None

    def read(self, path: str) -> str:
        return (self.ml / path.removeprefix("/opt/ml/")).read_text()


def in_namespace(ml: Path, words: list[str]) -> list[str]:
    script = f'set -e; mount -t tmpfs none /opt; mkdir /opt/ml; mount --bind {shlex.quote(str(ml))} /opt/ml; exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *words]


@cache
def can_unshare() -> bool:
    if os.geteuid() != 0 or not PYTHON_BESIDE_OPT:
        return False
    try:
        return subprocess.run(in_namespace(Path("/tmp"), ["true"]), capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    return Container(tmp_path_factory.mktemp("container"))


def archives_untouched(container: Container, uri: str, content: bytes, folder: str) -> None:
    """An object as SageMaker lays it: in a folder, under the last part of its key; archives are never rewritten."""
    target = container.ml / folder.removeprefix("/opt/ml/") / uri.rpartition("/")[2]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


# Processing


def processing_job(container: Container, outcome: Outcome, step: str = "prep") -> list[str]:
    """Lay the code of a processing job; what its container starts."""
    code, start = [given["S3Input"] for given in outcome.at(step, "ProcessingInputs")[-2:]]
    archives_untouched(container, code["S3Uri"], outcome.upload(code["S3Uri"]), code["LocalPath"])
    container.put(f"{start['LocalPath']}/runproc.sh", outcome.upload(start["S3Uri"]))
    return outcome.at(step, "AppSpecification.ContainerEntrypoint")


def test_a_processing_script_runs_as_a_module_from_the_source_directory(project: Project, container: Container) -> None:
    project.write("src/pkg/clean.py", "from neighbour import X\nfrom pkg.other import Y\nassert X + Y == 3\n" + REPORT)
    project.write("src/neighbour.py", "X = 1\n")
    project.write("src/pkg/other.py", "Y = 2\n")
    project.model["preprocess"]["entry_point"] = "pkg/clean.py"
    done = container.run([*processing_job(container, project.compile()), "--one", "two words", ""])
    assert (done.returncode, done.stderr) == (0, "")
    assert container.report["cwd"] == "/opt/ml/processing/input/code"
    assert container.report["argv"] == ["--one", "two words", ""]
    assert container.report["main"] == "__main__"
    assert container.pip is None


def test_requirements_are_installed_before_the_script_runs(project: Project, container: Container) -> None:
    project.write("src/my pkg/requirements.txt", "own\n")
    project.write("src/my pkg/clean it.py", "import os\nassert os.path.exists(os.environ['PIP_REPORT'])\n" + REPORT)
    project.model["preprocess"]["entry_point"] = "my pkg/clean it.py"
    done = container.run(processing_job(container, project.compile()))
    assert (done.returncode, done.stderr) == (0, "")
    assert container.pip == ["install", "--disable-pip-version-check", "--quiet", "-r", "my pkg/requirements.txt"]


@pytest.mark.parametrize("code", [0, 3])
def test_a_processing_job_ends_with_the_code_of_its_script(project: Project, container: Container, code: int) -> None:
    project.write("src/preprocess.py", f"import sys\nsys.exit({code})")
    assert container.run(processing_job(container, project.compile())).returncode == code


def test_a_failed_installation_ends_the_processing_job(project: Project, container: Container) -> None:
    project.write("src/preprocess.py", REPORT)
    project.write("src/requirements.txt", "own\n")
    assert container.run(processing_job(container, project.compile()), PIP_CODE="7").returncode == 7
    assert not (container.folder / "report.json").exists()


def test_python3_alone_is_enough(project: Project, container: Container) -> None:
    (container.folder / "bin").mkdir()
    (container.folder / "bin/python3").symlink_to(sys.executable)
    for tool in ("bash", "tar", "gzip"):
        found = next(folder for folder in ("/usr/bin", "/bin") if Path(folder, tool).exists())
        (container.folder / "bin" / tool).symlink_to(f"{found}/{tool}")
    project.write("src/preprocess.py", REPORT)
    done = container.run(processing_job(container, project.compile()), PATH=str(container.folder / "bin"))
    assert (done.returncode, done.stderr) == (0, "")


# Training with our own start script


def training_job(container: Container, outcome: Outcome, step: str = "fit") -> list[str]:
    """Lay channels, configuration and code of a training job as SageMaker does; what its container starts."""
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in outcome.at(step, "InputDataConfig")
    }
    for name, uri in channels.items():
        if name in {"code", "entrypoint"}:
            archives_untouched(container, uri, outcome.upload(uri), f"/opt/ml/input/data/{name}")
    container.put("/opt/ml/input/data/entrypoint/bootstrap.py", outcome.upload(channels["entrypoint"]))
    container.put("/opt/ml/input/config/hyperparameters.json", json.dumps(outcome.at(step, "HyperParameters") or {}))
    container.put("/opt/ml/input/config/inputdataconfig.json", json.dumps({name: {} for name in channels}))
    container.put("/opt/ml/input/config/resourceconfig.json", json.dumps({"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}))
    (container.ml / "model").mkdir(exist_ok=True)
    algorithm = outcome.at(step, "AlgorithmSpecification")
    return [*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]]


@pytest.fixture
def bootstrapped(project: Project) -> Project:
    project.model["train"] |= {"launcher": "bootstrap", "entry_point": "pkg/train.py"}
    project.write("src/pkg/train.py", REPORT)
    return project


def test_a_training_script_runs_with_its_hyperparameters_and_channels(bootstrapped: Project, container: Container) -> None:
    bootstrapped.write("src/neighbour.py", "")
    bootstrapped.write("src/pkg/train.py", "import neighbour\n" + REPORT)
    bootstrapped.model["train"]["hyperparameters"] = {"rate": 0.1, "loss": "log loss", "deep": True, "layers": [1, 2]}
    done = container.run(training_job(container, bootstrapped.compile()))
    assert (done.returncode, done.stderr) == (0, "")
    report = container.report
    assert report["cwd"] == "/opt/ml/code"
    assert report["argv"] == ["--deep", "True", "--layers", "[1, 2]", "--loss", "log loss", "--rate", "0.1"]
    own = {key: value for key, value in report["env"].items() if key.startswith("SM_")}
    assert own == {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_CHANNELS": '["prep-test", "prep-train"]',
        "SM_CHANNEL_PREP-TRAIN": "/opt/ml/input/data/prep-train",
        "SM_CHANNEL_PREP-TEST": "/opt/ml/input/data/prep-test",
        "SM_HPS": '{"deep": "True", "layers": "[1, 2]", "loss": "log loss", "rate": "0.1"}',
        "SM_HP_RATE": "0.1",
        "SM_HP_LOSS": "log loss",
        "SM_HP_DEEP": "True",
        "SM_HP_LAYERS": "[1, 2]",
        "SM_HOSTS": '["algo-1", "algo-2"]',
        "SM_CURRENT_HOST": "algo-2",
    }
    assert (container.ml / "output/data").is_dir()
    assert not (container.ml / "output/failure").exists()
    assert container.pip is None


def test_the_requirements_beside_the_training_script_are_installed(bootstrapped: Project, container: Container) -> None:
    bootstrapped.write("src/pkg/requirements.txt", "own\n")
    done = container.run(training_job(container, bootstrapped.compile()))
    assert (done.returncode, done.stderr) == (0, "")
    assert container.pip == ["install", "--disable-pip-version-check", "--quiet", "-r", "/opt/ml/code/requirements.txt"]
    assert container.read("/opt/ml/code/requirements.txt") == "own\n"


def test_without_configuration_files_there_are_defaults(bootstrapped: Project, container: Container) -> None:
    words = training_job(container, bootstrapped.compile())
    for name in ("hyperparameters", "inputdataconfig", "resourceconfig"):
        (container.ml / f"input/config/{name}.json").unlink()
    assert container.run(words).returncode == 0
    assert container.report["argv"] == []
    assert {key: container.report["env"][key] for key in ("SM_CHANNELS", "SM_HOSTS", "SM_CURRENT_HOST")} == {
        "SM_CHANNELS": "[]",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
    }


@pytest.mark.parametrize(("script", "code", "failure"), [
    ("import sys; sys.exit(3)", 3, "pkg/train.py ended with exit code 3"),
    ("raise ValueError('no data')", 1, "pkg/train.py ended with exit code 1"),
    ("import sys; open('/opt/ml/output/failure', 'w').write('my own words'); sys.exit(4)", 4, "my own words"),
])  # fmt: skip
def test_why_a_training_failed_is_told(bootstrapped: Project, container: Container, script: str, code: int, failure: str) -> None:
    if not can_unshare():
        script = script.replace("/opt/ml", str(container.ml))
    bootstrapped.write("src/pkg/train.py", script)
    assert container.run(training_job(container, bootstrapped.compile())).returncode == code
    assert container.read("/opt/ml/output/failure") == failure


def test_why_an_installation_failed_is_told(bootstrapped: Project, container: Container) -> None:
    bootstrapped.write("src/requirements.txt", "own\n")
    assert container.run(training_job(container, bootstrapped.compile()), PIP_CODE="2").returncode == 2
    assert container.read("/opt/ml/output/failure") == "installing requirements.txt ended with exit code 2"
    assert not (container.folder / "report.json").exists()


# Repacking


def test_a_repacked_model_holds_the_model_and_the_code(project: Project, container: Container) -> None:
    project.model["registry"]["ModelRepack"] = True
    project.model["transform"]["entry_point"] = "serve/handler.py"
    project.write("src/serve/handler.py", "new")
    project.write("src/serve/requirements.txt", "own\n")
    outcome = project.compile()
    trained = container.folder / "trained"
    for name, content in (("model.txt", "weights"), ("code/left.py", "left"), ("code/serve/handler.py", "old")):
        (trained / name).parent.mkdir(parents=True, exist_ok=True)
        (trained / name).write_text(content)
    (container.ml / "input/data/model").mkdir(parents=True)
    with tarfile.open(container.ml / "input/data/model/model.tar.gz", "w:gz") as archive:
        archive.add(trained, ".")
    [_, code] = outcome.at("model-RepackModel", "InputDataConfig")
    uri = code["DataSource"]["S3DataSource"]["S3Uri"]
    archives_untouched(container, uri, outcome.upload(uri), "/opt/ml/input/data/code")
    (container.ml / "model").mkdir()
    algorithm = outcome.at("model-RepackModel", "AlgorithmSpecification")
    done = container.run([*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]])
    assert (done.returncode, done.stderr) == (0, "")
    found = {
        path.relative_to(container.ml / "model").as_posix(): path.read_text() for path in (container.ml / "model").rglob("*.*")
    }
    assert found["model.txt"] == "weights"
    assert found["code/left.py"] == "left"
    assert found["code/serve/handler.py"] == "new"
    assert found["code/requirements.txt"] == "own\n"
    assert "code/train.py" in found


def test_a_repack_without_a_model_fails(project: Project, container: Container) -> None:
    project.model["registry"]["ModelRepack"] = True
    algorithm = project.compile().at("model-RepackModel", "AlgorithmSpecification")
    assert container.run([*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]]).returncode != 0


def test_nothing_of_this_stays_on_the_machine(project: Project, container: Container) -> None:
    before = sorted(Path("/opt").iterdir())
    container.run(processing_job(container, project.compile()))
    assert sorted(Path("/opt").iterdir()) == before
