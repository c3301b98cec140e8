"""Changes to bytes and to the text of YAML. A random generator and what is changed in, what it has become out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz import odd
from tests.fuzz.odd import Raw

CONTROLS = (
    b"\0", b"\x07", b"\x1b[31m", b"\t", b"\r", b"\r\n", b"\x85", b"\x0b", b"\x0c", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8",
    b"\xef\xbb\xbf", b"\xff", b"\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf0\x9d\x84\x9e", b"\xe2\x80\xae", b"\xef\xbf\xbf",
)  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp037")


def changed_bytes(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One to five changes that know nothing of what the bytes mean."""
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        data = rng.choice(_OF_BYTES)(rng, data, others)
    return data


def _flipped(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b" ")
    for _bit in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncated(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: rng.randint(0, len(data))] if rng.random() < 0.7 else data[rng.randint(0, len(data)) :]


def _cut(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.choice((1, 2, 7, 40)) :]


def _repeated(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randint(0, len(data))
    piece = data[start : start + rng.choice((1, 5, 60, 400))]
    return data[:start] + piece * rng.choice((2, 2, 3, 50)) + data[start + len(piece) :]


def _inserted(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + (rng.choice(CONTROLS) if rng.random() < 0.7 else rng.randbytes(rng.randint(1, 8))) + data[start:]


def _spliced(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    start, end = rng.randint(0, len(data)), rng.randint(0, len(other))
    return data[:start] + other[end : end + rng.choice((20, 200, 100_000))] + data[rng.randint(start, len(data)) :]


def _reencoded(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(ENCODINGS), "replace")


def _other_breaks(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\xc2\x85", b"\n\n", b"\xe2\x80\xa8", b"\n\t", b" \n")))


def _long_number(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + rng.choice((b"9", b"1e", b"0x", b"-", b".")) * rng.choice((1, 30, 5000)) + data[start:]


_OF_BYTES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flipped, _flipped, _truncated, _cut, _repeated, _inserted, _inserted, _spliced, _reencoded, _other_breaks, _long_number,
)  # fmt: skip

TOKENS = (
    ": ", ":", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: *a", "<<: [*a, *b]", "'", '"', "!!str ", "!!int ",
    "!!map ", "!x ", "!!python/name:os.system ", "|", ">", "|2\n", ">-\n", "#", " #", "---\n", "...\n", "%YAML 1.1\n",
    "%TAG ! x\n", "? ", "\t", "\0", "\x85", "\u2028", "\ufeff", "~", ".nan", ".inf", "é", "𝄞", "\\", '"\\ud83d"', '"\\x00"',
    "@", "`", "1:30", "2024-01-01", "0o8", "9" * 400, "null: ", "1: ", "? [a]\n: b\n", "${X}", "${steps.a.outputs.b}", "${",
    ">>", "<<", "conf: ", "models: ", "steps: ", "extends: ", "matrix: {a: [1]}\n",
)  # fmt: skip


def changed_text(rng: random.Random, text: str, others: Sequence[str]) -> str:
    """One to four changes to the lines of a text, and to what YAML makes of them."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = rng.choice(_OF_TEXT)(rng, text, others)
    return text


def _token(rng: random.Random, text: str, _: Sequence[str]) -> str:
    start = rng.randint(0, len(text))
    return text[:start] + rng.choice(TOKENS) + text[start + rng.choice((0, 0, 1, 4)) :]


def _of_line(change: Callable[[random.Random, str], str]) -> Callable[[random.Random, str, Sequence[str]], str]:
    """A change to one line."""

    def changed(rng: random.Random, text: str, _: Sequence[str]) -> str:
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        lines[at] = change(rng, lines[at])
        return "\n".join(lines)

    return changed


def _indented(rng: random.Random, line: str) -> str:
    return rng.choice((" ", "  ", "    ", "\t")) + line if rng.random() < 0.5 else line[rng.choice((1, 2)) :]


def _other_value(rng: random.Random, line: str) -> str:
    head, colon, _ = line.partition(":")
    return f"{head}{colon} {_written(odd.value(rng))}"


def _marked(rng: random.Random, line: str) -> str:
    head, colon, rest = line.partition(":")
    mark = rng.choice(
        (
            "&a",
            "&b",
            "*a",
            "*b",
            "!!str",
            "!!int",
            "!!seq",
            "!!binary",
            "!x",
            "!",
            "|",
            ">-",
            "{<<: *a}",
            "[*a, *a]",
            "!!null",
            "!!bool",
        )
    )
    return f"{head}{colon} {mark}{rest}"


def _merged(rng: random.Random, line: str) -> str:
    pad = line[: len(line) - len(line.lstrip())]
    return f"{line}\n{pad}<<: {rng.choice(('*a', '*b', '[*a, *b]', '{x: 1}', 'x', '[]', '~', '[{a: 1}, {image_uri: i}]'))}"


def _doubled_key(rng: random.Random, line: str) -> str:
    return f"{line}\n{line.partition(':')[0]}: {_written(odd.scalar(rng))}"


def _other_key(rng: random.Random, line: str) -> str:
    head, colon, rest = line.partition(":")
    pad = head[: len(head) - len(head.lstrip(" -"))]
    return f"{pad}{_written(rng.choice(odd.KEYS))}{colon}{rest}"


def _moved_lines(rng: random.Random, text: str, _: Sequence[str]) -> str:
    lines = text.split("\n")
    start, count = rng.randrange(len(lines)), rng.choice((1, 1, 3, 10))
    piece = lines[start : start + count]
    rest = lines[:start] + lines[start + count :] if rng.random() < 0.7 else lines
    to = rng.randint(0, len(rest))
    return "\n".join(rest if rng.random() < 0.3 else rest[:to] + piece + rest[to:])


def _lines_of_another(rng: random.Random, text: str, others: Sequence[str]) -> str:
    lines, given = text.split("\n"), rng.choice(others).split("\n")
    to, start = rng.randint(0, len(lines)), rng.randrange(len(given))
    return "\n".join(lines[:to] + given[start : start + rng.choice((1, 3, 12))] + lines[to:])


def _aliases(rng: random.Random, text: str, _: Sequence[str]) -> str:
    """Anchors in front, so that aliases lead somewhere; it may be far."""
    value = rng.choice(("x", "{image_uri: i}", "[1, 2]", "{a: *a}", "~", '"${X}"', "{<<: {a: 1}}"))
    bomb = ", ".join(["*a"] * rng.choice((1, 9, 90)))
    return text.replace(
        "conf:", f"conf:\n  applicationName: [&a {value}, &b [{bomb}], &c [{', '.join(['*b'] * rng.choice((1, 9, 90, 9000)))}]]", 1
    )


_OF_TEXT: tuple[Callable[[random.Random, str, Sequence[str]], str], ...] = (
    _token, _token, *map(_of_line, (_indented, _other_value, _other_value, _marked, _merged, _doubled_key, _other_key)),
    _moved_lines, _lines_of_another, _aliases,
)  # fmt: skip


def _written(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    try:
        return json.dumps(value)
    except ValueError:  # a number of more digits than Python writes
        return "1" + "0" * 5000
