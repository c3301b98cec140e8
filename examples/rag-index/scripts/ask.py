"""Ask a published index: `python ask.py --index FOLDER "How loud is the BreezeMax?"`.

In: a folder with a published index, and a question. Out: the chunks that a language model would be given, the nearest first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from flat_index import FlatIndex
from manifest import checked


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--most", type=int, default=3)
    parser.add_argument("question")
    options = parser.parse_args()
    checked(options.index)
    for hit in FlatIndex.load(options.index).search([options.question], options.most)[0]:
        print(f"{hit.score:.3f} {hit.chunk['id']} [{hit.chunk['title']} / {hit.chunk['heading']}] {hit.chunk['text']}")


if __name__ == "__main__":
    main()
