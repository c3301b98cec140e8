"""Alert the team: stands in a local run for the function of that name, which in an account would write to a channel or a mailbox.

In: the event {"folder", "pipeline", "execution", "metric", "value", "minimum"}; a folder that is not absolute lies in the project's
root. Out: the file <execution>.txt there with the message, and {"Message"}.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def send(event: dict[str, Any], context: Any) -> dict[str, str]:
    value, minimum = float(event["value"]), float(event["minimum"])
    message = (
        f"{event['pipeline']}: {event['metric']} is {value:.4f}, below the {minimum:.4f} asked for; "
        f"nothing was registered (execution {event['execution']})"
    )
    folder = ROOT / event["folder"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{UNSAFE.sub('_', event['execution'])}.txt").write_text(message + "\n", encoding="utf-8")
    print(message)
    return {"Message": message}
