"""The scripts of examples/knowledge-graph as processes: real trainings on little data, serving, loading, answering."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.opt_ml import OptMl, importing

pytest.importorskip("sklearn")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "knowledge-graph"
SCRIPTS, LAMBDAS = EXAMPLE / "scripts", EXAMPLE / "lambdas"
FILES = ("triplets/sentences.jsonl", "triplets/documents.jsonl", "questions/questions.jsonl", "questions/new.jsonl")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make(folder: Path, *options: str, hash_seed: str = "0") -> Path:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(EXAMPLE / "make_data.py"), "--output", str(folder), *options]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("data"), "--sentences", "500", "--questions", "300")


@pytest.fixture
def modules() -> Iterator[Any]:
    with importing(SCRIPTS, LAMBDAS) as import_module:
        yield import_module


def test_two_runs_of_the_generator_write_the_same_bytes(data: Path, tmp_path: Path) -> None:
    again = make(tmp_path, "--sentences", "500", "--questions", "300", hash_seed="4711")
    for name in FILES:
        content = (again / name).read_bytes()
        assert hashlib.sha256(content).digest() == hashlib.sha256((data / name).read_bytes()).digest()
        assert b"\r" not in content


def test_annotations_mark_names(data: Path) -> None:
    for record in lines(data / FILES[0]):
        names = [record["text"][entity["start"] : entity["end"]] for entity in record["entities"]]
        assert all(name and name == name.strip() for name in names)
        assert all(subject != object_ and max(subject, object_) < len(names) for subject, _, object_ in record["triples"])
    for record in lines(data / FILES[2]):
        assert all(record["text"][slot["start"] : slot["end"]].strip() for slot in record["slots"])


def artifact(ml: OptMl) -> bytes:
    """model.tar.gz of what stands in the model folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(ml.path("model"), arcname=".")
    return stream.getvalue()


def trained(ml: OptMl, model: str, source: Path) -> dict[str, Any]:
    """Prepare, train and evaluate; the report."""
    ml.path(f"processing/input/{source.stem}/{source.name}").write_bytes(source.read_bytes())
    ml.run(f"{model}.prepare")
    step = f"kg-{model}"
    for part in ("train", "test"):
        content = ml.path(f"processing/output/{part}/{part}.jsonl").read_bytes()
        place = f"input/data/{step}-Prepare-train" if part == "train" else f"processing/input/{step}-Prepare-test"
        ml.path(f"{place}/{part}.jsonl").write_bytes(content)
    ml.run(f"{model}.train", "--strength", "3.0")
    ml.path(f"processing/input/{step}-Training-test/model.tar.gz").write_bytes(artifact(ml))
    ml.run(f"{model}.evaluate")
    report = json.loads(ml.path("processing/output/model_evaluation_metrics.json").read_text(encoding="utf-8"))
    return dict(report)


def served(ml: OptMl, model: str, body: str) -> list[dict[str, Any]]:
    """What the code in the model folder answers, without the scripts beside it."""
    program = (
        "import sys; sys.path.insert(0, '/opt/ml/model/code')\n"
        f"from {model}.inference import model_fn, input_fn, predict_fn, output_fn\n"
        "body = input_fn(sys.argv[1], 'application/jsonlines; charset=utf-8')\n"
        "sys.stdout.write(output_fn(predict_fn(body, model_fn('/opt/ml/model')), '*/*'))\n"
    )
    ml.path("tmp/serve_it.py").write_text(program, encoding="utf-8")
    alone = OptMl(ml.ml.parent, ml.path("tmp"))
    return [json.loads(line) for line in alone.run("serve_it", body).splitlines()]


def database(modules: Any, folder: Path) -> str:
    return str(modules("graph_database").get_or_create({"name": "kg", "folder": str(folder)}, None)["Endpoint"])


def test_triplets_from_sentences_to_the_graph(data: Path, tmp_path: Path, modules: Any) -> None:
    ml = OptMl(tmp_path, SCRIPTS)
    report = trained(ml, "triplets", data / FILES[0])
    assert 0.75 < report["f1"]["value"] < 1
    assert report["entities"]["f1"]["value"] > report["f1"]["value"]
    assert report["sentences"] == 100
    assert set(report["f1_by_relation"]) == set(modules("triplets.load").TYPES)

    answers = served(ml, "triplets", (data / FILES[1]).read_text(encoding="utf-8"))
    assert [answer["id"] for answer in answers] == [f"d{number:03d}" for number in range(60)]
    assert sum(len(answer["triples"]) for answer in answers) > 60

    ml.path("processing/input/kg-triplets-Transform-input-documents/documents.jsonl.out").write_text(
        "".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8"
    )
    endpoint = database(modules, tmp_path)
    ml.run("triplets.load", GRAPH_ENDPOINT=endpoint, MIN_SCORE="0.5")
    about = json.loads(ml.path("processing/output/report/load.json").read_text(encoding="utf-8"))
    assert about["new"] == about["statements"] > 300
    ml.run("triplets.load", GRAPH_ENDPOINT=endpoint, MIN_SCORE="0.95")
    again = json.loads(ml.path("processing/output/report/load.json").read_text(encoding="utf-8"))
    assert (again["new"], again["statements"] < about["statements"]) == (0, True)


def test_questions_are_understood_and_answered(data: Path, tmp_path: Path, modules: Any) -> None:
    ml = OptMl(tmp_path, SCRIPTS)
    report = trained(ml, "questions", data / FILES[2])
    assert 0.75 < report["f1"]["value"] < 1
    assert report["questions"] == 60

    body = '{"id": "n1", "text": "Who founded Heliotech ?"}\n{"id": "n2", "text": "Where was Ada Marlund born ?"}\n'
    answers = served(ml, "questions", body)
    assert [(each["intent"], each["slots"]) for each in answers] == [
        ("founder_of", [{"kind": "ORGANISATION", "name": "Heliotech"}]),
        ("birthplace_of", [{"kind": "PERSON", "name": "Ada Marlund"}]),
    ]

    graph = modules("common.graph")
    endpoint = database(modules, tmp_path)
    facts = [
        *graph.described("entity", "person", "Olga Dorman"),
        graph.Statement(graph.iri("entity", "HELIOTECH"), graph.iri("relation", "founded_by"), graph.iri("entity", "Olga Dorman")),
    ]
    (tmp_path / "facts.nt").write_text(graph.ntriples(facts), encoding="utf-8")
    modules("common.stores").open_store(endpoint).load(tmp_path / "facts.nt")
    ml.path("processing/input/kg-questions-Transform-input-questions/new.jsonl.out").write_text(
        "".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8"
    )
    ml.run("questions.load", GRAPH_ENDPOINT=endpoint)
    given = lines(ml.path("processing/output/answers/answers.jsonl"))
    assert [(each["id"], each["answers"]) for each in given] == [("n1", ["Olga Dorman"]), ("n2", [])]


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    ml = OptMl(tmp_path, SCRIPTS)
    ml.path("processing/input/kg-triplets-Transform-input-documents/documents.jsonl.out").write_text(
        '{"id": "d1", "triples": [{"subject": "A", "relation": "acquired", "object": "B", "score": 0.9}]}\n', encoding="utf-8"
    )
    code, log = ml.outcome("triplets.load", GRAPH_ENDPOINT=f"sqlite:{tmp_path}/none.sqlite")
    assert code == 1
    assert f"no graph database {tmp_path}/none.sqlite: the step that creates it must run before" in log
    assert not (tmp_path / "none.sqlite").exists()


def test_scores_are_those_of_a_count_by_hand(modules: Any) -> None:
    scoring = modules("common.scoring")
    expected, found = [["a", "b"], ["c"]], [["a", "x"], []]
    scores = scoring.scores(expected, found)
    assert (scores["precision"]["value"], scores["recall"]["value"], scores["f1"]["value"]) == (0.5, 0.333333, 0.4)
    assert scoring.scores([[]], [[]])["f1"]["value"] == 0
    with pytest.raises(ValueError, match="1 answers for 2 texts"):
        scoring.scores(expected, [[]])


def test_spans_and_labels_are_each_others_inverse(modules: Any) -> None:
    tokens = modules("common.tokens")
    found = tokens.tokens_of("Verstein & Barwell hired Ada .")
    places = [{"start": 0, "end": 18, "kind": "ORGANISATION"}, {"start": 25, "end": 28, "kind": "PERSON"}]
    labels = tokens.labels_of(found, places)
    assert labels == ["B-ORGANISATION", "I-ORGANISATION", "I-ORGANISATION", "O", "B-PERSON", "O"]
    assert [tuple(span) for span in tokens.spans_of(labels)] == [(0, 3, "ORGANISATION"), (4, 5, "PERSON")]


def test_viterbi_finds_the_best_of_all_paths(modules: Any) -> None:
    import itertools

    import numpy as np

    generator = np.random.default_rng(5)
    scores, transitions = generator.normal(size=(6, 3)), generator.normal(size=(3, 3))

    def total(path: tuple[int, ...]) -> float:
        return float(
            sum(scores[n, label] for n, label in enumerate(path)) + sum(transitions[a, b] for a, b in itertools.pairwise(path))
        )

    best = max(itertools.product(range(3), repeat=6), key=total)
    assert tuple(modules("common.tagging").viterbi(scores, transitions)) == best
