from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from framework.local import caching
from framework.local.caching import StepCache
from framework.local.digests import LARGE, MISSING, Digests
from framework.local.durations import DAY, seconds
from framework.local.store import LocalStore
from framework.pipeline.cache_keys import ATTRIBUTES, attributes
from framework.pipeline.compiled import StandIn


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P30D", 30 * DAY),
        ("PT1H", 3600),
        ("P1Y2M3DT4H5M6S", (365 + 60 + 3) * DAY + 4 * 3600 + 5 * 60 + 6),
        ("P2W", 14 * DAY),
        ("30d", 30 * DAY),
        ("5y", 5 * 365 * DAY),
        ("T16m", 16 * 60),
        ("30dT5h", 30 * DAY + 5 * 3600),
        ("1m", 30 * DAY),
        ("", None),
        ("P", None),
        ("soon", None),
        ("1h", None),
        ("P-1D", None),
    ],
)
def test_durations(text: str, length: float | None) -> None:
    assert seconds(text) == length


@pytest.fixture
def digests(store: LocalStore, tmp_path: Path) -> Digests:
    return Digests(store, tmp_path / "digests")


def test_digests_follow_content_and_names(digests: Digests, store: LocalStore) -> None:
    before = digests.of_uri("s3://b/a/dir")
    assert before == digests.of_uri("s3://b/a/dir") != MISSING
    store.put("s3://b/a/dir/sub/y.csv", b"other")
    assert digests.of_uri("s3://b/a/dir") != before
    assert digests.of_uri("s3://b/nothing") == MISSING


def test_a_large_file_is_read_once_until_it_changes(digests: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * LARGE)
    read: list[Path] = []
    original = caching.Digests.of_file.__globals__["_read"]
    monkeypatch.setitem(caching.Digests.of_file.__globals__, "_read", lambda file: read.append(file) or original(file))
    first = digests.of_file(path)
    assert digests.of_file(path) == first
    assert len(read) == 1
    status = path.stat()
    path.write_bytes(b"y" * LARGE)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digests.of_file(path) != first, "its times were set back, but it has changed"
    assert len(read) == 2


# one that counts and one that does not, of each type whose attributes the page "pipelines-default-keys" names
COUNTING: dict[str, tuple[list[str], list[str]]] = {
    "Processing": (
        ["AppSpecification", "Environment", "ProcessingInputs"],
        ["ProcessingOutputConfig", "ProcessingResources", "Tags"],
    ),
    "Training": (
        [
            "AlgorithmSpecification",
            "CheckpointConfig",
            "DebugHookConfig",
            "DebugRuleConfigurations",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
        ],
        ["OutputDataConfig", "ResourceConfig", "StoppingCondition", "RoleArn"],
    ),
    "Tuning": (["HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"], ["WarmStartConfig", "Tags"]),
    "AutoML": (["AutoMLJobConfig", "AutoMLJobObjective", "InputDataConfig", "ProblemType"], ["OutputDataConfig", "RoleArn"]),
    "Transform": (["DataProcessing", "Environment", "ModelName", "TransformInput"], ["TransformOutput", "TransformResources"]),
    "ClarifyCheck": (["ProcessingInputs", "AppSpecification", "Environment"], ["ProcessingOutputConfig"]),
    "QualityCheck": (["ProcessingInputs", "AppSpecification", "Environment"], ["ProcessingOutputConfig"]),
    "EMR": (["ClusterId", "StepConfig"], ["ExecutionRoleArn"]),
    "Lambda": (["anything"], []),
    "Callback": (["anything"], []),
}


def key(cache: StepCache, kind: str, arguments: dict[str, Any], **keys: Any) -> str | None:
    return cache.key({"Name": "A", "Type": kind, "CacheConfig": {"Enabled": True}, **keys}, arguments, {})


@pytest.mark.parametrize("kind", sorted(ATTRIBUTES))
def test_which_attributes_count(kind: str, digests: Digests, tmp_path: Path) -> None:
    cache = StepCache(tmp_path, "p", digests)
    counting, others = COUNTING[kind]
    base = {name: {"x": 1, "Mode": 1, "InputDataConfig": 1} for name in (*counting, *others)}
    for name in base:
        changed = {**base, name: {"x": 2, "Mode": 2, "InputDataConfig": 2}}
        assert (key(cache, kind, base) != key(cache, kind, changed)) == (name in counting), name


def test_parts_of_attributes_count() -> None:
    definition = {"InputDataConfig": 1, "TuningObjective": 2, "ResourceConfig": 3}
    found = attributes("Tuning", {}, {"TrainingJobDefinition": definition})
    assert found == {"TrainingJobDefinition": {"InputDataConfig": 1, "TuningObjective": 2}}
    checked = attributes("QualityCheck", {"CheckType": "DATA_QUALITY", "FailOnViolation": True}, {})
    assert checked == {"CheckType": "DATA_QUALITY"}


def test_the_key_follows_content_step_and_pipeline(digests: Digests, store: LocalStore, tmp_path: Path) -> None:
    cache = StepCache(tmp_path, "p", digests)
    arguments = {"ProcessingInputs": [{"S3Input": {"S3Uri": "s3://b/a/file.csv"}}]}
    first = key(cache, "Processing", arguments)
    assert first == key(cache, "Processing", arguments, DisplayName="x")
    assert first != key(StepCache(tmp_path, "q", digests), "Processing", arguments)
    assert first != key(cache, "Processing", arguments, Name="B")
    store.put("s3://b/a/file.csv", b"new")
    assert first != key(cache, "Processing", arguments)


def test_what_is_not_reused(digests: Digests, tmp_path: Path) -> None:
    cache = StepCache(tmp_path, "p", digests)
    assert cache.key({"Name": "A", "Type": "Processing"}, {}, {}) is None
    assert cache.key({"Name": "A", "Type": "Processing", "CacheConfig": {"Enabled": False}}, {}, {}) is None
    for kind in ("Model", "RegisterModel", "Endpoint"):
        assert key(cache, kind, {}) is None


def test_a_model_counts_by_what_it_is_made_of(digests: Digests, tmp_path: Path) -> None:
    cache = StepCache(tmp_path, "p", digests)
    step = {"Name": "T", "Type": "Transform", "CacheConfig": {"Enabled": True}}

    def with_model(name: str, data: str) -> str | None:
        models = {name: {"ModelArn": "arn", "PrimaryContainer": {"ModelDataUrl": data}}}
        return cache.key(step, {"ModelName": name}, models)

    assert with_model("m-1", "s3://b/top.txt") == with_model("m-2", "s3://b/top.txt")
    assert with_model("m-1", "s3://b/top.txt") != with_model("m-1", "s3://b/a/file.csv")


def test_what_stands_for_an_image_counts(digests: Digests, tmp_path: Path) -> None:
    def standing(*images: tuple[str, StandIn]) -> str | None:
        arguments = {"AppSpecification": {"ImageUri": "own:1"}}
        return key(StepCache(tmp_path, "p", digests, images), "Processing", arguments)

    first = standing(("own*", StandIn(process=("a",))))
    assert first == standing(("own*", StandIn(process=("a",))), ("other*", StandIn(process=("b",))))
    assert first != standing(("own*", StandIn(process=("b",))))
    assert standing() == standing(("other*", StandIn(process=("b",)))) != first


def test_a_damaged_entry_is_a_miss(digests: Digests, tmp_path: Path) -> None:
    cache = StepCache(tmp_path / "c", "p", digests)
    cache.keep("k", "arn", {"x": 1}, {})
    step = {"CacheConfig": {"Enabled": True}}
    hit = cache.find("k", step)
    assert hit is not None and (hit.source, hit.description) == ("arn", {"x": 1})
    for content in ("", "[]", json.dumps({"time": "x"})):
        (tmp_path / "c" / "k.json").write_text(content)
        assert cache.find("k", step) is None
