"""The prompt that a dialogue is put into: the same when the model learns, is judged, and serves."""

from __future__ import annotations

PROMPT = "Summarize the chat dialogue:\n{dialogue}\n---\nSummary:\n"


def prompt(dialogue: str) -> str:
    return PROMPT.format(dialogue=dialogue.replace("\r\n", "\n").strip())
