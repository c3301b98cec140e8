"""A plan as text, as Markdown and as a page; whatever users wrote, it stays text."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from framework.report.plan import plan_lines, print_plan, summary
from framework.report.plan_html import html
from framework.report.plan_markdown import LONGEST, markdown
from framework.report.plan_values import pair, readable, short

HOSTILE = "</code><script>alert(1)</script>|`*_[x](http://e)@team #1 <!-- \x1b[31m\n\n# x"
PLACE = {"file": "lgbm/conf.yaml", "line": 7, "column": 3}


def field(path, **members):
    return {"path": path, **members}


def change(action, what, name, *fields, **more):
    return {"action": action, "what": what, "name": name, "fields": list(fields), **more}


def step(name, verdict, why, kind="Training"):
    return {"name": name, "type": kind, "verdict": verdict, "why": why, "attributes": [], "fields": []}


def plan(*changes, steps=(), uploads=(), packages=None, action="update", pipeline="lgbm-test"):
    return {
        "action": action,
        "pipeline": pipeline,
        "uploads": list(uploads),
        "modelPackages": packages or {},
        "changes": list(changes),
        "nextRun": list(steps),
    }


CHANGES = (
    change("change", "role", "RoleArn", field("RoleArn", before="a", after="b", **PLACE)),
    change("add", "tag", "team", field("Value", after="risk"), **PLACE),
    change(
        "change",
        "step",
        "fit",
        field("Arguments.HyperParameters.depth", before="6", after="8", **PLACE),
        field("Arguments.Environment.A", after={"Get": "Parameters.A"}),
        field("Arguments.Environment.B", before="x"),
        type="Training",
    ),
    change("move", "step", "score", type="Transform", within="check.IfSteps", movedFrom="", **PLACE),
    change("add", "step", "new", type="Processing", renamed="old", **PLACE),
    change("remove", "step", "old", type="Processing", renamed="new"),
    change("add", "step", "deep", type="Fail", within="check.ElseSteps"),
)
STEPS = (
    step("check", "control", "it is decided anew in every execution"),
    step("fit", "run", "HyperParameters changed"),
    step("score", "run", "enable_cache is off"),
    step("judge", "run", "enable_cache is off"),
    step("prep", "reuse", "AppSpecification did not change"),
)
UPLOADS = ({"uri": "s3://b/1", "bytes": 1500, "present": False}, {"uri": "s3://b/2", "bytes": 7, "present": True})

TEXT = """\
pipeline lgbm-test will be updated

  ~ role: "a" → "b"  (lgbm/conf.yaml:7:3)
  + tag team: "risk"  (lgbm/conf.yaml:7:3)
  ~ step fit (Training)
      ~ Arguments.HyperParameters.depth: "6" → "8"  (lgbm/conf.yaml:7:3)
      + Arguments.Environment.A: ${Parameters.A}
      - Arguments.Environment.B: "x"
  > step score (Transform), moved from the pipeline into check.IfSteps  (lgbm/conf.yaml:7:3)
  + step new (Processing), which was called old  (lgbm/conf.yaml:7:3)
  - step old (Processing), which will be called new
  + step deep (Fail) in check.ElseSteps

  the next execution:
    fit runs: HyperParameters changed
    score, judge run: enable_cache is off
    prep reuses its result: AppSpecification did not change

  uploads: 1 of 2 to send, 1.5 kB
  registered model ChurnModelPackage: arn:1

Plan: 3 to add, 2 to change, 1 to remove, 1 to move; 1 upload to send; 3 steps run again, 1 reuses its result.
"""


def whole():
    return plan(*CHANGES, steps=STEPS, uploads=UPLOADS, packages={"ChurnModelPackage": "arn:1"})


def test_text():
    out = io.StringIO()
    print_plan(whole(), out)

    assert out.getvalue() == TEXT


def test_in_colours_on_a_terminal_the_text_is_the_same(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    print_plan(whole(), out)

    assert "\x1b[31m  - step old" in out.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) == TEXT
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    print_plan(whole(), plain)
    assert plain.getvalue() == TEXT


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (plan(action="unchanged", steps=STEPS), "No changes: the account is as the configuration says."),
        (
            plan(action="unchanged", uploads=UPLOADS),
            "Plan: 0 to add, 0 to change, 0 to remove; 1 upload to send; 0 steps run again, 0 reuse their results.",
        ),
        (
            plan(CHANGES[4], action="create", steps=STEPS[1:2]),
            "Plan: 1 to add, 0 to change, 0 to remove; 1 step runs, 0 reuse their results.",
        ),
    ],
)
def test_summaries(data, expected):
    assert summary(data) == expected
    assert plan_lines(data)[-1].text == expected


def test_many_steps_with_one_reason_are_counted():
    lines = plan_lines(plan(CHANGES[0], steps=[step(f"s{number}", "run", "it is new") for number in range(11)]))

    assert "    s0, s1, s2, s3, s4, s5, s6, s7 and 3 more run: it is new" in [line.text for line in lines]


def test_what_users_wrote_is_text_for_the_terminal():
    hostile = plan(
        change("change", "step", HOSTILE, field(HOSTILE, before=HOSTILE, after="x", **{**PLACE, "file": HOSTILE}), type=HOSTILE),
        steps=[step(HOSTILE, "run", HOSTILE)],
        pipeline=HOSTILE,
    )

    assert all(line.text.isprintable() for line in plan_lines(hostile))


VALUES = [
    ("x", '"x"'),
    (None, "null"),
    ({"a": [1, True]}, '{"a": [1, true]}'),
    ({"Get": "Steps.a.b"}, "${Steps.a.b}"),
    ({"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.B"}, 7]}}, '"s3://${Parameters.B}/7"'),
    ({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.a.PropertyFiles.r"}, "Path": "m.auc"}}, "${Steps.a.PropertyFiles.r} at m.auc"),
    ({"Get": 7}, '{"Get": 7}'),
    ("a\nb\x1b", '"a\\nb\\u001b"'),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values(value, expected):
    assert readable(value) == expected


def test_long_values_are_cut_where_they_differ():
    before = "s3://models/lgbm-test/code/" + "a" * 60 + "1" + "b" * 60
    after = "s3://models/lgbm-test/code/" + "a" * 60 + "2" + "b" * 60

    left, right = pair(before, after)

    assert left != right
    assert max(len(left), len(right)) < 80
    assert (left[:14], right[:14]) == ("…aaaaaaaaaaaa1", "…aaaaaaaaaaaa2")
    assert short("x" * 500) == '"' + "x" * 70 + "…"
    assert pair("x" * 500, "y") == ('"' + "x" * 70 + "…", '"y"')


class Tags(HTMLParser):
    """Counts tags, checks that they are balanced, and keeps the texts."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[str] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


def parsed(page):
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


def hostile_plan():
    return plan(
        change("change", "step", HOSTILE, field(HOSTILE, before=HOSTILE, after="x", **{**PLACE, "file": HOSTILE}), type=HOSTILE),
        change("add", "tag", HOSTILE, field("Value", after=HOSTILE)),
        change("move", "step", "m", within=HOSTILE, movedFrom=HOSTILE),
        steps=[step(HOSTILE, "run", HOSTILE)],
        uploads=UPLOADS,
        packages={HOSTILE: HOSTILE},
        pipeline=HOSTILE,
    )


def test_the_page_holds_text_only_whatever_users_wrote():
    tags = parsed(html(hostile_plan()))

    kinds = {tag for tag, _ in tags.seen}
    assert kinds == {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "strong", "ul", "li", "code", "span", "div"),
        *("details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
    assert tags.comments == []
    assert not any(name.startswith("on") or name in {"src", "href"} for _, attributes in tags.seen for name in attributes)
    assert any("<script>alert(1)</script>" in text for text in tags.texts)
    assert "\x1b" not in html(hostile_plan())


def test_the_page_stands_alone_and_is_read_without_eyes():
    page = html(whole())
    tags = parsed(page)

    assert ("html", {"lang": "en"}) in tags.seen
    assert {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"} in [
        attributes for tag, attributes in tags.seen if tag == "meta"
    ]
    assert "prefers-color-scheme: dark" in page
    assert "http://" not in page and "https://" not in page
    assert [tag for tag, _ in tags.seen].count("caption") == [tag for tag, _ in tags.seen].count("table")
    assert all(attributes.get("scope") == "col" for tag, attributes in tags.seen if tag == "th")
    said = " ".join(text.strip() for text in tags.texts)
    for words in ("added", "changed", "moved", "removed", "lgbm/conf.yaml:7:3", '"6" → "8"', "enable_cache is off", "score, judge"):
        assert words in said


def test_a_page_of_nothing():
    tags = parsed(html(plan(action="unchanged")))

    assert "Nothing." in tags.texts


def rendered(text):
    return MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(text)


def test_markdown_holds_text_only_whatever_users_wrote():
    text = markdown(hostile_plan())
    tags = parsed(rendered(text))

    kinds = {tag for tag, _ in tags.seen}
    assert kinds == {
        *("h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "ul", "li"),
    }
    assert tags.comments == []
    assert any("<script>alert(1)</script>" in each for each in tags.texts)
    assert "@" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in rows} == {4, 5}, "no cell breaks its table"


def test_markdown_says_what_the_text_says():
    tags = parsed(rendered(markdown(whole())))
    said = " ".join(tags.texts)

    assert "pipeline lgbm-test will be updated" in said
    assert "Plan: 3 to add, 2 to change, 1 to remove, 1 to move; 1 upload to send; 3 steps run again, 1 reuses its result." in said
    for words in ("role", "tag team", "step fit (Training)", '"6" → "8"', "lgbm/conf.yaml:7:3", "uploads: 1 of 2 to send, 1.5 kB"):
        assert words in said
    assert [tag for tag, _ in tags.seen].count("details") == 3 + 1, "two changes of a role and a tag, one of a step, the next run"


def test_a_comment_fits_into_its_place():
    fields = [field(f"Arguments.Environment.V{number}", before="x" * 60, after="y" * 60) for number in range(40)]
    many = plan(*(change("change", "step", f"s{number}", *fields, type="Training") for number in range(60)))
    text = markdown(many)

    assert len(text) <= LONGEST
    assert "more changes are not shown in detail: `smp plan` shows them." in text
    parsed(rendered(text))
    huge = markdown(plan(*(change("add", "step", f"s{number}" * 10, type="Training") for number in range(3000))))
    assert len(huge) <= LONGEST
    assert huge.endswith("The plan is too long for a comment: `smp plan` shows it.\n")
