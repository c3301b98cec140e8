"""Make short chats with a summary each: a stand-in for a corpus such as SAMSum.

In: nothing but a fixed seed (`--dialogues` and `--output` change how many and where).
Out: raw/dialogues.jsonl, one object per line with id, dialogue and summary; the same bytes on every machine. What a summary
says is said in the dialogue, among small talk that the summary leaves out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

SEED = 2023
FILE_NAME = "dialogues.jsonl"
NAMES = ("Amy", "Ben", "Carla", "David", "Emma", "Frank", "Grace", "Hugo", "Ida", "Jack", "Kate", "Leo", "Mia", "Noah")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORDS = {
    "place": ("cinema", "station", "library", "park", "museum", "beach", "theatre", "office"),
    "thing": ("bike", "camera", "tent", "ladder", "drill", "suitcase", "guitar", "projector"),
    "food": ("cake", "salad", "soup", "bread", "pizza", "pasta", "curry", "juice"),
    "event": ("party", "picnic", "dinner", "concert", "wedding", "meeting"),
}
# Who says what, and the summary: {a} and {b} talk, {day} matters and {other} does not.
STORIES = (
    (
        ("a: Do you want to go to the {place} on {other}?", "b: {other} does not suit me, but {day} is fine."),
        "{a} and {b} will go to the {place} on {day}.",
    ),
    (
        ("a: Can I borrow your {thing}? I need it on {day}.", "b: Sure, come to the {place} and take it."),
        "{b} will lend {a} the {thing} on {day}.",
    ),
    (
        ("a: Could you bring the {food} to the {event}?", "b: Yes, I will make it on {day}."),
        "{b} will bring the {food} to the {event}.",
    ),
    (
        ("a: I am ill, I cannot come to the {event} on {day}.", "b: Oh no! Get well soon."),
        "{a} is ill and will not come to the {event}.",
    ),
)
OPENINGS = ("a: Hi {b}!", "a: Hey {b}, how are you?", "a: Hello {b}, long time no see!", "a: {b}, are you there?")
REPLIES = ("b: Hi {a}!", "b: Fine, thanks.", "b: Hey, good to hear from you.", "b: Yes, what is it?")
CHATTER = ("a: What a week!", "b: It rains again.", "a: I am so tired today.", "b: Sorry, I was at work.", "a: My phone was off.")
ENDINGS = ("a: Great, thanks!", "a: See you!", "b: Perfect.", "a: Thank you so much!", "b: Cool, bye!")


class Chance:
    """Choices out of `random()` alone, the one stream that every version of Python keeps the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def index(self, count: int) -> int:
        return int(self._random.random() * count)

    def one(self, choices: Sequence[str]) -> str:
        return choices[self.index(len(choices))]

    def two(self, choices: Sequence[str]) -> list[str]:
        """Two that differ."""
        left = list(choices)
        return [left.pop(self.index(len(left))) for _ in range(2)]


def make_dialogue(chance: Chance) -> dict[str, str]:
    """A dialogue and its summary."""
    (a, b), (day, other) = chance.two(NAMES), chance.two(DAYS)
    words = {"a": a, "b": b, "day": day, "other": other, **{kind: chance.one(words) for kind, words in WORDS.items()}}
    story, summary = STORIES[chance.index(len(STORIES))]
    chatter = [chance.one(CHATTER) for _ in range(chance.index(2))]
    lines = [chance.one(OPENINGS), chance.one(REPLIES), *chatter, *story, chance.one(ENDINGS)]
    spoken = [f"{words[line[0]]}{line[1:].format(**words)}" for line in lines]
    return {"dialogue": "\n".join(spoken), "summary": summary.format(**words)}


def make_dialogues(count: int, seed: int = SEED) -> list[dict[str, str]]:
    """All lines of the file.

    Args:
        count: How many dialogues to make up.
        seed: Where the random stream starts.

    Returns:
        Objects with id, dialogue and summary; no two dialogues are the same.
    """
    chance, made = Chance(seed), dict[str, dict[str, str]]()
    while len(made) < count:
        one = make_dialogue(chance)
        made.setdefault(one["dialogue"], {"id": f"chat-{len(made):05d}", **one})
    return list(made.values())


def write(dialogues: list[dict[str, str]], folder: Path) -> Path:
    path = folder / "raw" / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(json.dumps(one) + "\n" for one in dialogues).encode("ascii"))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the llm-finetuning example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--dialogues", type=int, default=800, help="how many dialogues to make")
    options = parser.parse_args()
    print(write(make_dialogues(options.dialogues), options.output))


if __name__ == "__main__":
    main()
