"""Imports point one way only, and what is heavy is imported by the room that needs it alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRAMEWORK = ROOT / "framework"

BASE = {"findings", "errors"}
MAY_IMPORT = {
    "config": set(),
    "steps": {"config"},
    "pipeline": {"config", "steps"},
    "checks": {"config", "steps", "pipeline"},
    "deploy": {"pipeline"},
    "local": {"pipeline"},
    "report": {"pipeline"},
    "commands": {"checks", "config", "pipeline", "deploy", "local", "report", "road"},
}
"""For each room, the rooms it may import from; `findings` and `errors` belong to all."""

SEEN_BY_BACKENDS = {"cache_keys", "compiled", "execution", "listing", "parameters", "partial", "step_graph"}
"""The modules of `pipeline` that `deploy` and `local` may know: what a definition is, never how it came about."""

ONLY_IN = {
    "boto3": {"deploy"},
    "botocore": {"deploy"},
    "subprocess": {"local"},
    "rich": {"report"},
    "click": {"cli.py", "commands"},
    "yaml": {"config"},
    "jsonschema": {"config"},
    "packaging": {"checks"},
    "sagemaker": {"commands"},
}
NEVER = {"pandas", "numpy", "sklearn", "lightgbm", "importlib.metadata"}

SOURCES = sorted(path for path in FRAMEWORK.rglob("*.py") if "container" not in path.parts and "programs" not in path.parts)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(path: Path) -> str:
    return path.relative_to(FRAMEWORK).parts[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FRAMEWORK).as_posix())
def test_imports_point_down_the_road(path: Path) -> None:
    room = _room(path)
    if room not in MAY_IMPORT:
        return
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] != "framework" or len(parts) < 2 or parts[1] in BASE or parts[1] in {room, "__version__"}:
            continue
        assert parts[1] in MAY_IMPORT[room], f"{room} imports {name}"
        if room in {"deploy", "local", "report"} and parts[1] == "pipeline" and len(parts) > 2:
            assert parts[2] in SEEN_BY_BACKENDS, f"{room} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(FRAMEWORK).as_posix())
def test_each_library_has_its_room(path: Path) -> None:
    room = _room(path)
    for name in _imports(path):
        library = name.split(".")[0]
        assert library not in NEVER, f"{path.name} imports {name}"
        assert room in ONLY_IN.get(library, {room}), f"{room} imports {name}"


def test_every_room_is_known() -> None:
    rooms = {path.name for path in FRAMEWORK.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(MAY_IMPORT)


def test_rooms_hold_no_import_cycle_of_modules() -> None:
    edges = {_module(path): {name for name in _imports(path) if name.startswith("framework.")} for path in SOURCES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join([*trail, module])
        if module in done:
            return
        own_package = module.rpartition(".")[0]
        for target in sorted(edges.get(module, set()) & edges.keys() - {own_package, module}):
            visit(target, (*trail, module))
        done.add(module)

    for module in edges:
        visit(module, ())


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
