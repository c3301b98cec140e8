from __future__ import annotations

import pytest

from framework.findings import Finding
from framework.pipeline.selectors import EVERYWHERE, read


def terms(*texts: str) -> list[list[tuple[str, str, int, int]]]:
    findings: list[Finding] = []
    groups = read(texts, "--select", findings.append)
    assert not findings
    return [[(term.method, term.value, term.before, term.after) for term in group] for group in groups]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("fit", ("name", "fit", 0, 0)),
        ("fit+", ("name", "fit", 0, EVERYWHERE)),
        ("+fit", ("name", "fit", EVERYWHERE, 0)),
        ("+fit+", ("name", "fit", EVERYWHERE, EVERYWHERE)),
        ("fit+1", ("name", "fit", 0, 1)),
        ("2+fit", ("name", "fit", 2, 0)),
        ("2+fit+0", ("name", "fit", 2, 0)),
        ("1+", ("name", "1", 0, EVERYWHERE)),
        ("2+3+4", ("name", "3", 2, 4)),
        ("99999999999999999999999+fit", ("name", "fit", 999999999999999999, 0)),
        ("lgbm-*", ("name", "lgbm-*", 0, 0)),
        ("model:churn", ("model", "churn", 0, 0)),
        ("model:a:b", ("model", "a:b", 0, 0)),
        ("class:Transform+", ("class", "Transform", 0, EVERYWHERE)),
        ("+type:Training", ("type", "Training", EVERYWHERE, 0)),
        ("state:modified+", ("state", "modified", 0, EVERYWHERE)),
        ("1+result:failed+1", ("result", "failed", 1, 1)),
    ],
)
def test_terms(text: str, term: tuple[str, str, int, int]) -> None:
    assert terms(text) == [[term]]


def test_commas_are_all_of_them_and_spaces_and_options_any() -> None:
    any_of = terms("a,b  c", "\td+,e ")
    assert [[value for _, value, *_ in group] for group in any_of] == [["a", "b"], ["c"], ["d", "e"]]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ['it names no steps (offset 0 of ""). Try: give a name, as smp ls lists them.']),
        (" ", ['it names no steps (offset 0 of " "). Try: give a name, as smp ls lists them.']),
        (
            "a,,b",
            ['nothing stands there (offset 2 of "a,,b"). Try: put one comma between two terms, and no space beside it.'],
        ),
        (
            "a, b",
            ['nothing stands there (offset 2 of "a, b"). Try: put one comma between two terms, and no space beside it.'],
        ),
        ("b state:changed", ['state:changed is not known (offset 8 of "b state:changed"). Try: one of modified, new, unmodified.']),
        ("2+result:fail+", ['result:fail is not known (offset 9 of "2+result:fail+"). Try: failed.']),
        ("modell:x", ['steps cannot be selected by modell (offset 0 of "modell:x"). Try: model.']),
        (":x", ['steps cannot be selected by nothing (offset 0 of ":x"). Try: one of class, model, result, state, type.']),
        ("+model:", ['nothing stands behind "model:" (offset 7 of "+model:"). Try: write model:NAME.']),
        ("state:", ['nothing stands behind "state:" (offset 6 of "state:"). Try: one of modified, new, unmodified.']),
    ],
)
def test_what_cannot_be_read_is_said_with_its_offset(text: str, messages: list[str]) -> None:
    findings: list[Finding] = []
    read([text], "--select", findings.append)
    assert [str(finding) for finding in findings] == [f"--select SMP803 {message}" for message in messages]


@pytest.mark.parametrize("text", ["+", "++", "a++", "a+b", "a+b+1", "x+a", "1+2+3+4"])
def test_pluses_that_cannot_be_read(text: str) -> None:
    findings: list[Finding] = []
    read([f"fine {text}"], "--exclude", findings.append)
    assert [str(finding) for finding in findings] == [
        f'--exclude SMP803 "{text}" cannot be read (offset 5 of "fine {text}"). Try: a + stands before a step or behind it, '
        "with a number of steps outside: +NAME, 2+NAME, NAME+, NAME+1."
    ]
