from __future__ import annotations

import io

import pytest

from framework.local.records import TooLargeError, assemble, batches, body, split


@pytest.mark.parametrize(
    ("content", "split_type", "records"),
    [
        (b"1\n2\n", "None", [b"1\n2\n"]),
        (b"", "None", [b""]),
        (b"1\n2\n", "Line", [b"1\n", b"2\n"]),
        (b"1\r\n\r\n2", "Line", [b"1\r\n", b"2"]),
        (b"\n\n", "Line", []),
    ],
)
def test_split(content: bytes, split_type: str, records: list[bytes]) -> None:
    assert list(split(io.BytesIO(content), split_type)) == records


@pytest.mark.parametrize(
    ("many", "limit", "expected"),
    [
        (True, 4, [["aa", "b"], ["cccc"], ["d"]]),
        (True, 0, [["aa", "b", "cccc", "d"]]),
        (True, 100, [["aa", "b", "cccc", "d"]]),
        (False, 4, [["aa"], ["b"], ["cccc"], ["d"]]),
    ],
)
def test_batches(many: bool, limit: int, expected: list[list[str]]) -> None:
    assert list(batches(["aa", "b", "cccc", "d"], many, limit, len)) == expected


def test_a_record_that_does_not_fit() -> None:
    with pytest.raises(TooLargeError, match="a record of 5 bytes is larger"):
        list(batches(["aaaaa"], True, 4, len))


@pytest.mark.parametrize(("records", "expected"), [([b"1\n", b"2\n"], b"1\n2\n"), ([b"1", b"2"], b"1\n2"), ([b"x"], b"x")])
def test_body(records: list[bytes], expected: bytes) -> None:
    assert body(records) == expected


@pytest.mark.parametrize(
    ("answer", "assemble_with", "expected"),
    [(b"1", "None", b"1"), (b"1", "Line", b"1\n"), (b"1\n2\n", "Line", b"1\n2\n"), (b"", "Line", b"\n")],
)
def test_assemble(answer: bytes, assemble_with: str, expected: bytes) -> None:
    assert assemble(answer, assemble_with) == expected
