"""A container engine for tests: takes the command line of Docker's client and runs an "image" in namespaces of this machine.

In: DOCKER_FAKE names a folder with images.json, {"image": {"entry_point": [words], "environment": {}, "folder": "/"}}, and with
`ps`, where the containers that run are. Out: calls.jsonl in it has every command line. No real engine is anywhere near.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(os.environ["DOCKER_FAKE"])
WITH_VALUE = {"--name", "-v", "-w", "--user", "-p", "--env-file", "-e", "--entrypoint", "--security-opt"}


def parsed(words: list[str]) -> tuple[dict[str, list[str]], str, list[str]]:
    options: dict[str, list[str]] = {}
    while words and words[0].startswith("-"):
        name = words.pop(0)
        options.setdefault(name, []).extend([words.pop(0)] if name in WITH_VALUE else [])
    return options, words[0], words[1:]


def variables(options: dict[str, list[str]], image: dict[str, Any]) -> dict[str, str]:
    found = dict(image.get("environment", {}))
    for file in options.get("--env-file", ()):
        assert Path(file).stat().st_mode & 0o777 == 0o600
        found.update(line.split("=", 1) for line in Path(file).read_text().splitlines())
    found.update({name: os.environ[name] for name in options.get("-e", ())})
    if "-p" in options:  # there is no network of its own: the server must listen where the port would lead
        address, outside, inside = options["-p"][0].split(":")
        assert (address, inside) == ("127.0.0.1", "8080")
        found["SAGEMAKER_BIND_TO_PORT"] = outside
    return found


def run(words: list[str]) -> int:
    sys.path.insert(0, str(ROOT))
    from framework.local.isolation import Command, StartError, choose_runner

    options, image_name, arguments = parsed(words)
    images = json.loads((FAKE / "images.json").read_text())
    if image_name not in images:
        print(f"docker: Error response from daemon: pull access denied for {image_name}", file=sys.stderr)
        return 125
    image = images[image_name]
    ml = next(Path(mount.removesuffix(":/opt/ml")) for mount in options["-v"] if mount.endswith(":/opt/ml"))
    entry_point = options.get("--entrypoint") or image.get("entry_point", [])
    folder = options.get("-w", [image.get("folder", "/")])[0]
    command = Command([*entry_point, *arguments], ml, variables(options, image), folder, FAKE / "container.log")
    mine = FAKE / "ps" / options["--name"][0]
    mine.parent.mkdir(exist_ok=True)
    try:
        running = choose_runner(FAKE / "probe", "namespace").start(Command(**{**_fields(command), "log": Path("/dev/stdout")}))
    except StartError as error:
        print(f"docker: exec: {error}", file=sys.stderr)
        return 127
    orders: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: orders.append(float((mine.with_suffix(".grace")).read_text())))
    mine.write_text(str(os.getpid()))
    try:
        while (code := running.wait(0.05)) is None:
            if orders:
                running.stop(orders.pop())
        return code
    finally:
        running.stop()
        mine.unlink()


def _fields(command: Any) -> dict[str, Any]:
    return {name: getattr(command, name) for name in command.__dataclass_fields__}


def end(name: str, grace: float) -> int:
    mine = FAKE / "ps" / name
    if not mine.is_file():
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
        return 1
    mine.with_suffix(".grace").write_text(str(grace))
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(mine.read_text()), signal.SIGTERM)
    limit = time.monotonic() + grace + 5
    while mine.is_file() and time.monotonic() < limit:
        time.sleep(0.02)
    return 0


def main(words: list[str]) -> int:
    with (FAKE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(words) + "\n")
    if words[0] == "info":
        print(os.environ.get("DOCKER_FAKE_INFO", '["name=seccomp"]'))
        return 0
    if words[0] == "run":
        return run(words[1:])
    if words[0] == "stop":
        return end(words[3], float(words[2]))
    return end(words[1], 0.0) if words[0] == "kill" else 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
