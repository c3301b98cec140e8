"""What both trainings share: the channel, the hyperparameters, the model folder."""

from __future__ import annotations

import argparse
from typing import Any

DEFAULTS: dict[str, Any] = {"strength": 3.0, "chain": 1.0}


def hyperparameters(description: str, **more: Any) -> dict[str, Any]:
    """The hyperparameters that came as `--name value`, with what they are by default."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in {**DEFAULTS, **more}.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return vars(parser.parse_args())
