"""Schedule expressions: what EventBridge Scheduler reads is read, and of all else it is said what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.checks.schedules import schedule_fault, timezone_fault

GOOD = [
    # the examples of the user guide of the Scheduler, and of EventBridge
    "cron(15 10 ? * 6L 2022-2023)",
    "cron(0 10 * * ? *)",
    "cron(15 12 * * ? *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0 8 1 * ? *)",
    "cron(0/15 * * * ? *)",
    "cron(0/10 * ? * MON-FRI *)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 20-23,0-2 ? * MON-FRI *)",
    "cron(0 9 ? * 2#1 *)",
    "cron(0 0 L * ? *)",
    "cron(0 0 LW * ? *)",
    "cron(0 0 L-3 * ? *)",
    "cron(0 0 15W * ? *)",
    "cron(0 0 ? * L *)",
    "cron(0 0 ? * FRIL *)",
    "cron(0 0 ? * FRI-MON *)",
    "cron(0 0 1,15,31 JAN-MAR,12 ? 2030/2)",
    "cron(59 23 29 2 ? 2199)",
    "cron(*/5 0,12 ? * 1,3,5 1970)",
    "cron( 0  3 * * ? * )",
    "rate(1 minute)",
    "rate(5 minutes)",
    "rate(1 hours)",
    "rate(7 days)",
    "at(2022-11-20T13:00:00)",
]
BAD = {
    "cron(0 3 * * ? *": "is no schedule",
    "Cron(0 3 * * ? *)": "is no schedule",
    "cron(0 3 * * ? * *)": "has 7 fields, and not six",
    "cron()": "has 0 fields, and not six",
    "cron(a 3 * * ? *)": 'has "A" as minute',
    "cron(0 24 * * ? *)": 'has "24" as hour',
    "cron(0 3 0 * ? *)": 'has "0" as day of the month',
    "cron(0 3 0W * ? *)": 'has "0W" as day of the month',
    "cron(0 3 1W,2 * ? *)": 'has "1W" as day of the month',
    "cron(0 3 1,? * * *)": 'has "?" as day of the month',
    "cron(0 3 * 13 ? *)": 'has "13" as month',
    "cron(0 3 * JUNE ? *)": 'has "JUNE" as month',
    "cron(0 3 * ? ? *)": 'has "?" as month',
    "cron(0 3 ? * 0 *)": 'has "0" as day of the week',
    "cron(0 3 ? * 3#6 *)": 'has "3#6" as day of the week',
    "cron(0 3 ? * DAYL *)": 'has "DAYL" as day of the week',
    "cron(0 3 * * ? 2200)": 'has "2200" as year',
    "cron(5- 3 * * ? *)": 'has "5-" as minute',
    "cron(5,,6 3 * * ? *)": 'has "" as minute',
    "cron(0/ 3 * * ? *)": 'has "0/" as minute',
    "cron(0/60 3 * * ? *)": 'has "0/60" as minute',
    "cron(0 3 31 4,6 ? *)": "means a day that no such month has",
    "rate(5)": "is no rate",
    "rate(-5 days)": "is no rate",
    "rate(5 Days)": "is no rate",
    "at(2022-11-20)": "is no point in time",
    "at(2022-13-20T13:00:00)": "is no point in time",
    "": "is no schedule",
}


OTHER_DAYS = "write cron(minutes hours day month weekday year), with ? for the one of the days that is not said and 1 for Sunday"


@pytest.mark.parametrize("text", GOOD)
def test_what_the_scheduler_reads_is_read(text: str) -> None:
    assert schedule_fault(text) is None


@pytest.mark.parametrize("text", BAD)
def test_what_it_does_not_read_is_told(text: str) -> None:
    fault = schedule_fault(text)
    assert fault is not None
    assert fault[0] == BAD[text]
    assert fault[1]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 3 * * *", "write cron(0 3 * * ? *)"),
        ("*/5 8-17 1 * *", "write cron(*/5 8-17 1 * ? *)"),
        ("30 4 * * Sun", "write cron(30 4 ? * SUN *)"),
        (
            "30 4 * * 0",
            "write cron(minutes hours day month weekday year), with ? for the one of the days that is not said and 1 for Sunday",
        ),
        ("cron(0 3 * * *)", "write cron(0 3 * * ? *)"),
        ("0 3 * * ? *", "write cron(0 3 * * ? *)"),
    ],
)
def test_other_crons_are_translated_where_that_is_certain(text: str, hint: str) -> None:
    fault = schedule_fault(text)
    assert fault is not None
    assert fault[1] == hint
    written = hint.removeprefix("write ")
    assert "minutes" in hint or schedule_fault(written) is None


def test_time_zones_are_known_by_name() -> None:
    assert timezone_fault("Europe/Vienna") is None
    assert timezone_fault("UTC") is None
    assert timezone_fault("Europe/Viena") == ("is no time zone", "Europe/Vienna")
    assert timezone_fault("+01:00") == ("is no time zone", "a name such as Europe/Vienna, or UTC")
    assert timezone_fault("/etc/passwd") == ("is no time zone", "a name such as Europe/Vienna, or UTC")


def test_without_a_list_of_time_zones_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert timezone_fault("Nowhere/Nothing") is None


VALUES = st.integers(0, 59).map(str)
PARTS = st.one_of(VALUES, st.just("*"), st.builds("{}/{}".format, st.one_of(VALUES, st.just("*")), st.integers(1, 59)))


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_lists_of_what_may_stand_there_may_stand_there(parts: list[str]) -> None:
    assert schedule_fault(f"cron({','.join(parts)} 3 * * ? *)") is None


@given(st.text(alphabet="0123456789*?/,-LW# cronateSUN()T:", max_size=40))
def test_anything_is_answered(text: str) -> None:
    for wrapped in (text, f"cron({text})", f"rate({text})", f"at({text})"):
        fault = schedule_fault(wrapped)
        assert fault is None or all(fault)
