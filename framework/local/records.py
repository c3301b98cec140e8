"""How a transform job cuts its input into requests and puts the answers together.

SplitType, BatchStrategy, MaxPayloadInMB, AssembleWith. In: the bytes of an object. Out: lists of records, one list per request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, TypeVar

MEGABYTE = 1024 * 1024
SPLIT_TYPES = ("None", "Line")
Record = TypeVar("Record")


class TooLargeError(ValueError):
    """A record does not fit into a request."""


def split(content: BinaryIO, split_type: str) -> Iterator[bytes]:
    """The records of an object: the whole of it, or its lines with their ends; an empty line is no record."""
    if split_type != "Line":
        yield content.read()
        return
    for line in content:
        if line.strip(b"\r\n"):
            yield line


def batches(records: Iterable[Record], many: bool, limit: int, size: Callable[[Record], int]) -> Iterator[list[Record]]:
    """The records of each request.

    Args:
        records: all of them.
        many: as many as fit into one request, else one.
        limit: bytes that fit into a request; 0 for any number.
        size: the bytes that a record takes there.

    Raises:
        TooLargeError: a record alone does not fit.
    """
    batch: list[Record] = []
    total = 0
    for record in records:
        bytes_more = size(record)
        if limit and bytes_more > limit:
            raise TooLargeError(f"a record of {bytes_more} bytes is larger than MaxPayloadInMB = {limit // MEGABYTE}")
        if batch and (not many or (limit and total + bytes_more > limit)):
            yield batch
            batch, total = [], 0
        batch.append(record)
        total += bytes_more
    if batch:
        yield batch


def body(records: Sequence[bytes]) -> bytes:
    """The records as one request; a record without an end of line gets one where another follows."""
    return b"".join(record if record.endswith(b"\n") else record + b"\n" for record in records[:-1]) + records[-1]


def assemble(answer: bytes, assemble_with: str) -> bytes:
    """An answer as it stands in the output: as it is, or as a line that ends."""
    if assemble_with == "Line" and not answer.endswith(b"\n"):
        return answer + b"\n"
    return answer
