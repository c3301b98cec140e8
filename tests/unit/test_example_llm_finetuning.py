"""The scripts of examples/llm-finetuning, run as processes over folders laid out like /opt/ml; torch only where it is installed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "llm-finetuning"
DIALOGUES = 150
HEAVY = ("accelerate", "peft", "tokenizers", "torch", "transformers")
MISSING = [name for name in HEAVY if importlib.util.find_spec(name) is None]
needs_llm = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}; pip install -e '.[llm]'")


def start(script: Path, *words: str, **variables: str) -> str:
    """What a script prints. A proxy that does not answer stands before every host: whoever asks a hub fails."""
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = {**os.environ, **closed, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(
        [sys.executable, script.name, *words], cwd=script.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    start(EXAMPLE / "make_data.py", "--output", str(folder), "--dialogues", str(DIALOGUES))
    return folder


@pytest.fixture(scope="module")
def model(data: Path) -> Path:
    start(EXAMPLE / "make_model.py", "--output", str(data))
    return data / "models" / "tiny-falcon"


@pytest.fixture(scope="module")
def container(data: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for /opt/ml, after the processing; the scripts are copied with the path written anew, beside it."""
    root = tmp_path_factory.mktemp("container")
    (root / "code").mkdir()
    for path in (EXAMPLE / "scripts").iterdir():
        written = path.read_text(encoding="utf-8").replace("/opt/ml", str(root / "ml"))
        (root / "code" / path.name).write_text(written, encoding="utf-8")
    inputs = root / "ml/processing/input"
    shutil.copytree(model, inputs / "base_model")
    shutil.copytree(data / "raw", inputs / "dialogues")
    (inputs / "tokenizer").mkdir()
    shutil.copy(model / "tokenizer.json", inputs / "tokenizer")
    start(root / "code" / "preprocess.py")
    return root


@pytest.fixture(scope="module")
def trained(container: Path, model: Path) -> Path:
    """The model folder after one epoch."""
    channels = container / "ml/input/data"
    shutil.copytree(model, channels / "base_model")
    shutil.copytree(container / "ml/processing/output/train", channels / "falcon-Preprocessing-train")
    said = start(container / "code" / "train.py", "--epochs", "1", "--learning_rate", "0.006", "--batch_size", "8")
    figures = dict(pair.split("=") for pair in said.splitlines()[-1].split())
    assert float(figures["validation_loss"]) < 0.75 * float(figures["validation_loss_before"])
    return container / "ml/model"


def test_two_runs_write_the_same_dialogues(tmp_path: Path) -> None:
    digests = set()
    for seed in ("1", "4711"):
        start(EXAMPLE / "make_data.py", "--output", str(tmp_path / seed), PYTHONHASHSEED=seed)
        digests.add(hashlib.sha256((tmp_path / seed / "raw/dialogues.jsonl").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_summary_says_what_the_dialogue_says(data: Path) -> None:
    made = examples(data / "raw/dialogues.jsonl")
    assert len({one["dialogue"] for one in made}) == len({one["id"] for one in made}) == DIALOGUES
    generator = load(EXAMPLE / "make_data.py")
    facts = {word for words in (generator.NAMES, generator.DAYS, *generator.WORDS.values()) for word in words}
    for one in made:
        told = {word.strip(".") for word in one["summary"].split()} & facts
        assert told, one
        assert all(fact in one["dialogue"] for fact in told), one


@pytest.mark.parametrize(
    ("candidate", "reference", "one", "two", "longest"),
    [
        ("Amy will go.", "amy WILL go", 1.0, 1.0, 1.0),
        ("the cat sat", "the cat lay on the mat", 4 / 9, 2 / 7, 4 / 9),
        ("mat the on", "on the mat", 1.0, 0.0, 2 / 6),
        ("the the the", "the", 0.5, 0.0, 0.5),
        ("", "the", 0.0, 0.0, 0.0),
        ("", "", 0.0, 0.0, 0.0),
    ],
)
def test_rouge(candidate: str, reference: str, one: float, two: float, longest: float) -> None:
    scores = load(EXAMPLE / "scripts/text_scores.py")
    assert scores.rouge_n(candidate, reference) == pytest.approx(one)
    assert scores.rouge_n(candidate, reference, 2) == pytest.approx(two)
    assert scores.rouge_l(candidate, reference) == pytest.approx(longest)


@needs_llm
def test_two_runs_make_the_same_model(model: Path, tmp_path: Path) -> None:
    start(EXAMPLE / "make_model.py", "--output", str(tmp_path), PYTHONHASHSEED="4711")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (tmp_path / "models/tiny-falcon" / name).read_bytes() == (model / name).read_bytes(), name


@needs_llm
def test_only_summaries_are_learnt_and_no_dialogue_is_in_two_splits(container: Path, model: Path) -> None:
    output = container / "ml/processing/output"
    train, validation, test = (
        examples(output / name) for name in ("train/train.jsonl", "train/validation.jsonl", "test/test.jsonl")
    )
    assert len(train) + len(validation) + len(test) == DIALOGUES
    assert len(train) > 6 * len(test) > 0
    assert len({tuple(one["input_ids"]) for one in (*train, *validation, *test)}) == DIALOGUES
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    for one in test:
        learnt = [label for label in one["labels"] if label != -100]
        assert one["labels"][-len(learnt) :] == one["input_ids"][-len(learnt) :] == learnt
        assert tokenizer.decode(learnt, skip_special_tokens=False) == f"{one['summary']}<|endoftext|>"
        assert one["dialogue"] in tokenizer.decode(one["input_ids"])


@needs_llm
def test_long_dialogues_are_left_out(container: Path) -> None:
    said = start(container / "code" / "preprocess.py", MAX_TOKENS="1")
    assert said == f"train=0 validation=0 test=0 too_long={DIALOGUES}\n"
    assert "too_long=0" in start(container / "code" / "preprocess.py")


@needs_llm
def test_the_artifact_has_the_adapter_the_merged_model_and_its_code(trained: Path) -> None:
    files = {path.relative_to(trained).as_posix() for path in trained.rglob("*") if path.is_file()}
    assert {"adapter/adapter_model.safetensors", "config.json", "model.safetensors", "tokenizer.json", "code/inference.py"} <= files
    assert (trained / "model.safetensors").read_bytes() != (trained.parent / "input/data/base_model/model.safetensors").read_bytes()


@needs_llm
def test_the_report_compares_before_and_after(container: Path, trained: Path) -> None:
    inputs = container / "ml/processing/input"
    shutil.copytree(container / "ml/processing/output/test", inputs / "falcon-Preprocessing-test")
    (inputs / "falcon-Training-test").mkdir()
    with tarfile.open(inputs / "falcon-Training-test/model.tar.gz", "w:gz") as archive:
        archive.add(trained, ".")
    said = start(container / "code" / "evaluate.py", GENERATED="2")
    assert said.count("wanted:") == said.count("written:") == 4
    report = json.loads((container / "ml/processing/output/model_evaluation_metrics.json").read_text())["text_generation_metrics"]
    assert report["eval_loss"]["value"] < 0.75 * report["eval_loss_before"]["value"]
    assert report["perplexity"]["value"] < report["perplexity_before"]["value"]
    assert 0 <= report["rouge_l"]["value"] <= report["rouge_1"]["value"] <= 1


@needs_llm
def test_the_merged_model_serves_by_itself(container: Path, trained: Path) -> None:
    program = (
        "import json, sys; from framework.local.programs import serve; "
        "script = serve.Script(serve.load(sys.argv[1], 'inference.py')); "
        "print(script.answer(sys.argv[2].encode(), 'application/json', '')[0].decode())"
    )
    body = json.dumps({"dialogue": "Amy: Hi Ben!\nBen: Hi Amy!"})
    environment = {
        **os.environ,
        "SMP_ML_PREFIX": str(trained.parent),
        "PYTHONPATH": str(EXAMPLE.parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", program, str(trained / "code"), body]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout.splitlines()[-1])["summary"], str)
