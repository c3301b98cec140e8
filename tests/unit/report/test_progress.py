"""The bar of uploads: seen on a terminal, gone at the end; nothing at all elsewhere."""

from __future__ import annotations

import io

from framework.report.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_counts(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()

    with bar("uploading", 3, out) as told:
        for done in range(1, 4):
            told(done, 3)

    assert "uploading" in out.getvalue()
    assert "3/3" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # the line is cleared


def test_elsewhere_nothing_is_shown() -> None:
    file, nothing_to_do = io.StringIO(), Terminal()

    with bar("uploading", 3, file) as told:
        told(1, 3)
    with bar("uploading", 0, nothing_to_do) as told:
        told(0, 0)

    assert (file.getvalue(), nothing_to_do.getvalue()) == ("", "")
