"""Odd values: what people do not write, mean otherwise, or write where it does not belong. A random generator in, a value out."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any


class Raw(str):
    """A scalar that is written as it stands, without quotes."""

    __slots__ = ()


EXPRESSIONS = (
    "${", "${}", "${ }", "$${", "$${X}", "${X}", "${X:-}", "${X:-y}", "${X:-${Y}}", "${SMP_REGION}", "${SMP_NOT_SET}", "${1X}",
    "SMP_REGION", "x.SMP_REGION.y", "SMP_NOT_SET", "s3://SMP_S3BUCKETNAME/x", "s3://x/SMP_NOT_SET", "xSMP_REGION",
    "${parameters.Epochs}", "${parameters}", "${parameters.}", "${parameters.a.b}", "${parameters['a b']}",
    "${parameters.Epochs", "${execution.PipelineExecutionId}", "${execution.Nothing}", "${execution}", "${item}", "${item.a}",
    "${item['a b'][0].c}", "${iteration.a.outputs.b}", "${iteration}", "${matrix.region}", "${matrix}", "${steps}",
    "${steps.}", "${steps.a}", "${steps.a.outputs.b}", "${steps.a.outputs}", "${steps.a.report.b.c}", "${steps.a.reports.b}",
    "${steps.a.ModelArtifacts.S3ModelArtifacts}", "${steps['a b'].outputs['c.d']}", "${steps[\"it's\"].outputs.b}",
    "${setps.a.outputs.b}", "${steps.a.outputs.b}${parameters.X}", "x ${item} y ${X}", "${steps.a.x[999999999]}",
    "${steps.a.x[9999999999]}", "${steps.a\n.outputs.b}", "${STEPS.a.outputs.b}",
)  # fmt: skip
# Not among them: "/", since a source directory would be the whole machine.
TEXTS = (
    "", " ", "x", "a b", "a.b", "a/b", "a-b", "a:b", "a >> b", "a >> b >> a", "[a, b] >> c", "null", "~", "yes", "No", "true",
    "0", "1", "-1", "1.5", "1e3", "1e999", "0x1F", "0o17", "007", "1_000", "1:30", "²", "½", "é", "İ", "ß", "𝄞", "日本",
    "\u202e", "\u200b", "\ufeff", "\0", "\x07", "\x1b[31m", "\t", "\n", "a\nb", "\r", "\x85", "\u2028", "\ud800", "\udfff",
    "'", '"', "\\", "`", "$", "%s", "{}", "{0}", "&a", "*a", "!!str", "#", "- ", ": ", "?", "@", "|", ">", "<<", "---", "...",
    "%YAML 1.1", "a" * 65, "a" * 300, "a" * 5000, "x/" * 200, "../x", "..", ".", "//x", "./x", "x/../y", "~/x", "*",
    "**/*", "[", "[!", "a*", "s3://", "s3:///", "s3://b", "s3://b/", "S3://b/k", "s3://b/k y", "s3://b//k", "https://x",
    "arn:aws:iam::111122223333:role/r", "arn:aws:sagemaker:eu-west-1:111122223333:model-package/g/1", "ml.m5.large",
    "m5.large", "eu-west-1", "train.py", "src/train.py", "train", "text/csv", "P30D", "PT1H", "30d", "T", "P", "Processing",
    "processing", "Training", "Condition", "ForEach", "Custom", "Raw", "Fail", "m", "a", "b", "prep", "fit", "default",
    "module:function", "made_steps:step", "made_steps:broken", "made_steps:nothing", "json:loads", "String", "Integer",
    "__class__", "1 == 1", "and", "not",
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 7, 255, 65536, 2**31, 2**63, -(2**63), 10**18, 10**40, 10**400, 0.0, -0.0, 0.5, 1.0, 2.5, -2.5, 1e-7, 1e308, True,
    False, None,
)  # fmt: skip
RAWS = tuple(
    Raw(text)
    for text in (
        ".nan", ".inf", "-.inf", "NaN", "1e999", "2024-01-01", "2024-01-01T00:00:00Z", "12:30:45", "0777", "0x10", "0b11",
        "1_000", "+1", "yes", "on", "~", "", "=", "!!int 3", "!!binary aGk=", "!!python/object:os.system x", "!x y", "! 3",
        "!!set {a}", "*x", "&x y", "&x", "1" * 400, "1" * 5000, "0." + "1" * 400, "- x", "[a, b", "{a: b", "'a", '"a',
        "|\n  x", "? x", "@x", "`x", "%x", "a: b", "a #b",
    )
)  # fmt: skip
CONTAINERS: tuple[Any, ...] = (
    [], {}, [None], [[]], [{}], {"a": None}, {"": ""}, ["x"], ["x", "x"], [1, "1", True], {"1": 1}, {"a": {"b": {"c": [1]}}},
    [["a"], ["b"]], [{"Key": "a", "Value": "b"}], [{"Key": "a"}], {"Get": "Steps.a.b"}, {"Get": "Parameters.X"}, {"Get": 5},
    {"Get": "Steps.a.b", "x": 1}, {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Execution.PipelineArn"}]}},
    {"Std:Join": "x"}, {"Std:Join": {}}, {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.a.PropertyFiles.b"}, "Path": "c"}},
    {"Std:JsonGet": {"S3Uri": 1}}, {"Std:JsonGet": {"Path": "["}}, {"Get": "ForEach.CurrentItem.x"}, {"uri": "s3://b/k"},
    {"values": ["a"]}, {"min": 1, "max": 0}, {"dataFiles": [{"sourceName": "a", "fileName": "s3://b/k"}]}, {"dataFiles": None},
    {"group": "g", "version": 1},
)  # fmt: skip
KEYS = (
    "", " ", "a b", "a.b", "1", "0", "-1", "null", "true", "<<", "é", "𝄞", "ключ", "\u200b", "conf", "models", "steps",
    "train", "matrix", "extends", "defaults", "arguments", "Get", "Std:Join", "Name", "Type", "Arguments", "s3://b/k", "${X}",
    "SMP_X", "a" * 300, "__proto__", "image_uri", "image", "hyperparams", "volume_size", "modelContainer", "channels", "env",
    "tags",
)  # fmt: skip


def scalar(rng: random.Random, names: Sequence[str] = (), json_only: bool = False) -> Any:
    """A text, a number, an expression, or a scalar as YAML writes it; `names` are of steps that may be meant."""
    which = rng.random()
    if which < 0.35:
        return rng.choice(TEXTS)
    if which < 0.55:
        return rng.choice(NUMBERS)
    if which < 0.75 or json_only:
        return expression(rng, names)
    if which < 0.85 and names:
        return rng.choice(names)
    return rng.choice(RAWS)


def value(rng: random.Random, names: Sequence[str] = (), json_only: bool = False) -> Any:
    """A scalar, or something made of them."""
    which = rng.random()
    if which < 0.7:
        return scalar(rng, names, json_only)
    if which < 0.95:
        return rng.choice(CONTAINERS)
    if which < 0.97:
        return Deep.placed(rng) if json_only else nested(rng.choice((5, 50, 110)), rng.random() < 0.5)
    return [scalar(rng, names, json_only) for _ in range(rng.choice((2, 5, 60)))]


class Deep:
    """A value so far inside lists or mappings that it is written as text only."""

    PLACE = re.compile(r'"@deep:([0-9]+):([lm])@"')

    @staticmethod
    def placed(rng: random.Random) -> str:
        return f"@deep:{rng.choice((50, 150, 300, 600, 900, 980, 3000, 200_000))}:{rng.choice('lm')}@"

    @staticmethod
    def text(match: re.Match[str]) -> str:
        before, after = ("[", "]") if match[2] == "l" else ('{"a":', "}")
        return before * int(match[1]) + "1" + after * int(match[1])


def nested(depth: int, as_list: bool) -> Any:
    """A value far inside lists or mappings."""
    inner: Any = "x"
    for _ in range(depth):
        inner = [inner] if as_list else {"a": inner}
    return inner


_ROOTS = ("parameters", "execution", "steps", "item", "iteration", "matrix", "step", "Steps", "")
_NAMES = (
    "a",
    "b",
    "outputs",
    "report",
    "reports",
    "x-1",
    "a_b",
    "0",
    "metrics",
    "train",
    "ModelArtifacts",
    "PipelineExecutionId",
    "é",
    "",
)
_KEYS = ("a", "a b", "it's", 'say "x"', "a.b", "[", "]", "", "}", "\n", "é", "0", "outputs", "x" * 80)


def path(rng: random.Random, names: Sequence[str] = ()) -> str:
    """What stands in `${…}` after its first word, more or less."""
    text = ""
    for _ in range(rng.choice((0, 1, 2, 2, 3, 3, 4, 6))):
        which = rng.random()
        if which < 0.55:
            text += f".{rng.choice(names) if names and rng.random() < 0.4 else rng.choice(_NAMES)}"
        elif which < 0.7:
            text += f"['{rng.choice(_KEYS)}']"
        elif which < 0.8:
            text += f'["{rng.choice(_KEYS)}"]'
        elif which < 0.93:
            text += f"[{rng.choice((0, 1, 12, 999999999, 10**10, -1))}]"
        else:
            text += rng.choice((" ", ".", "[", "]", "'", "..", "[x]", "\t", "${", "}", "+1", "(", "|x"))
    return text


def inside(rng: random.Random, names: Sequence[str] = ()) -> str:
    """What stands in `${…}`."""
    if rng.random() < 0.25:
        return rng.choice(EXPRESSIONS).replace("${", "").rstrip("}")
    space = rng.choice(("", "", "", " ", "\n"))
    return space + rng.choice(_ROOTS) + path(rng, names) + space


def expression(rng: random.Random, names: Sequence[str] = ()) -> str:
    """A text with expressions in it."""
    which = rng.random()
    if which < 0.4:
        return rng.choice(EXPRESSIONS)
    if which < 0.85:
        return f"${{{inside(rng, names)}}}"
    return "".join(
        rng.choice((f"${{{inside(rng, names)}}}", rng.choice(EXPRESSIONS), "/", "x", " >= 0.5", " and ")) for _ in range(3)
    )


_DEPENDENCY = (
    "a",
    "b",
    "c",
    "prep",
    "x-1",
    ">>",
    "<<",
    ">",
    "<",
    "[",
    "]",
    ",",
    " ",
    "  ",
    "\t",
    "\n",
    "é",
    "\x00",
    "[a, b]",
    "[]",
    "a>>b",
    "-",
)


def dependency(rng: random.Random, names: Sequence[str] = ()) -> str:
    """A line of `dependencies`, more or less."""
    if rng.random() < 0.4:
        known = [*names, "a", "b", "c"]
        terms = [
            rng.choice(known) if rng.random() < 0.7 else "[" + ", ".join(rng.choice(known) for _ in range(rng.randint(1, 4))) + "]"
            for _ in range(rng.randint(1, 5))
        ]
        return rng.choice((" >> ", ">>", " << ")).join(terms)
    return "".join(rng.choice(_DEPENDENCY) for _ in range(rng.randint(0, 14)))
