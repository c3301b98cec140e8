"""Start values of parameters from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.config.start import read_values
from framework.findings import FindingsError


@pytest.mark.parametrize(
    ("name", "content", "values"),
    [
        ("p.yaml", "Count: 3\nRate: 1.50\nFlag: true\nText: 'no'\n", {"Count": "3", "Rate": "1.50", "Flag": "true", "Text": "no"}),
        ("p.json", '{"Count": 3, "Text": "a b"}', {"Count": "3", "Text": "a b"}),
        ("p.json", '[{"Name": "Count", "Value": "3"}]', {"Count": "3"}),
    ],
)
def test_values(tmp_path: Path, name: str, content: str, values: dict[str, str]) -> None:
    (tmp_path / name).write_text(content)
    assert read_values(tmp_path / name) == values


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1:1 SMP303 it does not hold values of parameters. Try: write NAME: value, one a line."),
        ("# nothing\n", ":1:1 SMP303 it does not hold values of parameters. Try: write NAME: value, one a line."),
        ("5\n", ":1:1 SMP303 it does not hold values of parameters. Try: write NAME: value, one a line."),
        ("- a\n", ":1:1 SMP303 it does not hold values of parameters. Try: write NAME: value, one a line."),
        ("Count: [1]\n", ":1:8 SMP303 the parameter Count needs one value. Try: write NAME: value, one a line."),
        ("Count:\n", ":1:7 SMP303 the parameter Count needs one value. Try: write NAME: value, one a line."),
        (
            "Count: 1\nCount: 2\n",
            ':2:1 SMP102 the key "Count" stands twice; the first is at :1:1. Try: keep one of them.',
        ),
    ],
)
def test_a_file_that_does_not_hold_values(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(content)
    with pytest.raises(FindingsError) as caught:
        read_values(path)
    assert [str(finding).replace(str(path), "") for finding in caught.value.findings] == [said]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        read_values(tmp_path / "p.yaml")
    assert "SMP100 the file cannot be read: No such file or directory" in str(caught.value)
