"""Which baseline counts when: the documented cases, for every check type, without running a check."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local import baselines
from framework.local.baselines import CONSTRAINTS, STATISTICS, conclude, previous_baseline, read_settings
from framework.local.job import StepError
from framework.local.registry import Registry
from framework.local.store import LocalStore

TYPES = tuple(baselines.REGISTERED)
OUTPUT = {"LocalPath": "out", "S3Uri": "s3://b/new/"}


@pytest.fixture
def site(tmp_path: Path) -> Any:
    store = LocalStore(tmp_path / "s3")
    for name in ("approved", "older", "pending", "supplied"):
        for kind in ("statistics", "constraints"):
            store.put(f"s3://b/{name}/{kind}.json", b"{}")
    return SimpleNamespace(store=store, registry=Registry(tmp_path / "registry"))


def step(site: Any, check_type: str, folder: Path = Path("x"), **keys: Any) -> Any:
    definition = {"Name": "C", "CheckType": check_type, **keys}
    return SimpleNamespace(step=definition, site=site, folder=folder, descriptions={}, job_arn="arn:job")


def register(site: Any, check_type: str, name: str, status: str = "Approved") -> None:
    drift: dict[str, Any] = {}
    for kind, (section, member) in baselines.REGISTERED[check_type].items():
        drift.setdefault(section, {})[member] = {"ContentType": "application/json", "S3Uri": f"s3://b/{name}/{kind.lower()}.json"}
    site.registry.register("group", {"ModelApprovalStatus": status, "DriftCheckBaselines": drift})


def files(check_type: str, name: str) -> dict[str, str]:
    return {kind: f"s3://b/{name}/{kind.lower()}.json" for kind in baselines.REGISTERED[check_type]}


def told(run: Any, tmp_path: Path, violations: list[Any] | None = None) -> dict[str, Any]:
    """What a step tells whose job found these violations."""
    settings = read_settings(run, TYPES)
    baseline = previous_baseline(run, settings)
    names = {kind: f"{kind.lower()}.json" for kind in baselines.REGISTERED[settings.check_type]}
    (tmp_path / "out").mkdir(exist_ok=True)
    for name in names.values():
        (tmp_path / "out" / name).write_text("{}")
    if violations is not None:
        (tmp_path / "out" / baselines.REPORT).write_text(json.dumps({"violations": violations}))
    job: Any = SimpleNamespace(run=run, ml=tmp_path, path=lambda inside: tmp_path / inside)
    return conclude(job, settings, baseline, OUTPUT, names)


@pytest.mark.parametrize("check_type", TYPES)
@pytest.mark.parametrize(
    ("skip", "register_new", "used"),
    [(False, False, "approved"), (False, True, "new"), (True, False, "approved"), (True, True, "new")],
)
def test_the_four_documented_cases(site: Any, tmp_path: Path, check_type: str, skip: bool, register_new: bool, used: str) -> None:
    """The rows of the table in "Baseline calculation, drift detection and lifecycle …"."""
    register(site, check_type, "older")
    register(site, check_type, "approved")
    register(site, check_type, "pending", "PendingManualApproval")
    run = step(site, check_type, ModelPackageGroupName="group", SkipCheck=skip, RegisterNewBaseline=register_new)
    description = told(run, tmp_path, [])
    for kind in (STATISTICS, CONSTRAINTS):
        assert description.get(f"CalculatedBaseline{kind}") == files(check_type, "new").get(kind)
        assert description.get(f"BaselineUsedForDriftCheck{kind}") == files(check_type, used).get(kind)
    about = ("CheckType", "CheckJobArn", "ModelPackageGroupName", "SkipCheck", "RegisterNewBaseline")
    assert [description[name] for name in about] == [check_type, "arn:job", "group", skip, register_new]
    assert "ViolationReport" not in description
    assert set(description) <= set(baselines.METADATA)


def test_a_supplied_baseline_is_preferred_file_by_file(site: Any) -> None:
    register(site, "DATA_QUALITY", "approved")
    run = step(site, "DATA_QUALITY", ModelPackageGroupName="group", SuppliedBaselineConstraints="s3://b/supplied/constraints.json")
    assert previous_baseline(run, read_settings(run, TYPES)) == {
        STATISTICS: "s3://b/approved/statistics.json",
        CONSTRAINTS: "s3://b/supplied/constraints.json",
    }


@pytest.mark.parametrize(("skip", "register_new"), [(False, False), (False, True), (True, False)])
def test_without_a_previous_baseline_only_a_first_run_goes_on(site: Any, skip: bool, register_new: bool) -> None:
    register(site, "MODEL_BIAS", "pending", "PendingManualApproval")
    run = step(site, "MODEL_BIAS", ModelPackageGroupName="group", SkipCheck=skip, RegisterNewBaseline=register_new)
    with pytest.raises(StepError) as error:
        previous_baseline(run, read_settings(run, TYPES))
    use = "carry over as RegisterNewBaseline false asks" if skip else "check against as SkipCheck false asks"
    assert str(error.value) == (
        f"ClientError: there is no previous baseline to {use}: SuppliedBaselineConstraints is not given, and the latest approved "
        "model of the group group gives no DriftCheckBaselines.Bias.PostTrainingConstraints; for a first run set SkipCheck and "
        "RegisterNewBaseline to true"
    )


def test_the_latest_approved_model_counts_even_without_a_baseline(site: Any) -> None:
    register(site, "DATA_BIAS", "older")
    site.registry.register("group", {"ModelApprovalStatus": "Approved"})
    run = step(site, "DATA_BIAS", ModelPackageGroupName="arn:aws:sagemaker:eu-west-1:1:model-package-group/group")
    with pytest.raises(StepError, match=r"the latest approved model of the group group gives no DriftCheckBaselines\.Bias"):
        previous_baseline(run, read_settings(run, TYPES))


def test_a_baseline_must_exist(site: Any) -> None:
    run = step(site, "DATA_BIAS", SuppliedBaselineConstraints="s3://b/nowhere.json")
    with pytest.raises(BackendError, match=r"Reading s3://b/nowhere\.json failed"):
        previous_baseline(run, read_settings(run, TYPES))


VIOLATION = {"feature_name": "age", "constraint_check_type": "data_type_check", "description": "half of it is text"}


def test_violations_fail_the_step_unless_they_must_not(site: Any, tmp_path: Path) -> None:
    supplied = {"SuppliedBaselineConstraints": "s3://b/supplied/constraints.json"}
    with pytest.raises(StepError) as error:
        told(step(site, "DATA_QUALITY", **supplied), tmp_path, [VIOLATION] * 4)
    named = "age (data_type_check): half of it is text"
    assert str(error.value) == (
        "ClientError: the check DATA_QUALITY found 4 violations of the baseline s3://b/supplied/constraints.json: "
        f"{named}; {named}; {named}; …; the report is s3://b/new/constraint_violations.json"
    )
    assert site.store.object("s3://b/new/constraint_violations.json").is_file(), "the report is there to be read"
    description = told(step(site, "DATA_QUALITY", FailOnViolation=False, **supplied), tmp_path, [VIOLATION])
    assert description["ViolationReport"] == "s3://b/new/constraint_violations.json"
    skipped = step(site, "DATA_QUALITY", SkipCheck=True, RegisterNewBaseline=True)
    assert "ViolationReport" not in told(skipped, tmp_path, [VIOLATION])


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"CheckType": "OTHER"}, "ClientError: the CheckType OTHER is none of DATA_QUALITY, MODEL_QUALITY"),
        ({"SkipCheck": "perhaps"}, "ClientError: SkipCheck is 'perhaps'; it must be true or false"),
    ],
)
def test_settings_that_cannot_be(site: Any, keys: dict[str, str], reason: str) -> None:
    run = step(site, "DATA_QUALITY")
    run.step.update(keys)
    with pytest.raises(StepError) as error:
        read_settings(run, TYPES)
    assert str(error.value).startswith(reason)
