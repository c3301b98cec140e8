"""The split of annotated records into training and test, the same for both models.

In: a JSON lines file. Out: train/train.jsonl and test/test.jsonl in the output folder; every fifth record is for the test.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from common.files import OUTPUT, read_lines, write_lines

TEST_EVERY = 5


def split(source: Path, keys: Iterable[str]) -> None:
    """Check the records, then write the two parts.

    Raises:
        ValueError: a record lacks one of the keys, or there are too few records.
    """
    records = read_lines(source)
    for record in records:
        missing = sorted(set(keys) - record.keys())
        if missing:
            raise ValueError(f"{source.name}: the record {record.get('id', '?')} has no {', '.join(missing)}")
    if len(records) < 2 * TEST_EVERY:
        raise ValueError(f"{source.name} has {len(records)} records, too few to learn from and to test on")
    test = records[::TEST_EVERY]
    train = [record for number, record in enumerate(records) if number % TEST_EVERY]
    write_lines(OUTPUT / "train" / "train.jsonl", train)
    write_lines(OUTPUT / "test" / "test.jsonl", test)
    print(f"train={len(train)} test={len(test)}")
