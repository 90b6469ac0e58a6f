"""The house as ARCHITECTURE.md draws it: rooms, arrows, names."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "core": {"core"},
    "data": {"data", "core"},
    "train": {"train", "core", "data"},
    "export": {"export", "core"},
    "quantise": {"quantise", "core"},
    "plots": {"plots", "core"},
    "runtime": {"runtime", "core"},
    "parity": {"parity", "core", "export", "runtime"},
    "firmware_headers": {"firmware_headers"},
    "cli": {"cli", "core", "data", "train", "export", "quantise", "runtime",
            "parity", "plots"},
}  # fmt: skip
ROOMS = set(MAY_IMPORT)
FRONT_DOOR = (ROOT / "core" / "__init__.py", "runtime")
"""``mlp_edge.load``: the one name that core hands out for a room above it."""
HEAVY = {"tensorflow", "unicorn", "keras", "tf2onnx", "onnx", "sklearn", "ai_edge_litert", "pandas",
         "matplotlib", "onnxruntime", "optuna", "scipy", "duckdb", "h5py"}  # fmt: skip
CORE_MAY_USE = {"numpy", "h5py"}


def imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    """Every module that a file imports, also inside functions and behind TYPE_CHECKING."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def room_of(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] != "mlp_edge":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "core"


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_no_arrow_runs_up(room: str) -> None:
    for path in sources(room):
        for module in imports(path):
            other = room_of(module)
            if other is not None and (path, other) != FRONT_DOOR:
                assert other in MAY_IMPORT[room], f"{path}: {room} imports {module}"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_heavy_libraries_are_imported_when_they_are_needed(room: str) -> None:
    for path in sources(room):
        for module in imports(path, top_level_only=True):
            assert module.split(".")[0] not in HEAVY, f"{path}: {module}"


def test_core_needs_numpy_and_h5py_only() -> None:
    import sys

    for path in sources("core"):
        for module in imports(path):
            top = module.split(".")[0]
            known = top in CORE_MAY_USE or top == "mlp_edge" or top in sys.stdlib_module_names
            assert known, f"{path}: {module}"


def test_rooms_are_flat_and_files_have_telling_names() -> None:
    for room in ROOMS:
        for path in sources(room):
            assert path.parent == ROOT / room, path
            assert path.stem not in {"utils", "helpers", "common", "base", "misc"}, path


def test_every_room_is_packaged() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {"mlp_edge" if room == "core" else f"mlp_edge.{room}": room for room in ROOMS}
    assert setup["package-dir"] == folders
    assert set(setup["packages"]) == set(folders)


def test_the_architecture_names_every_room_and_file() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    for room in ROOMS:
        assert f"{room}/" in text
        for path in sources(room):
            if path.name != "__init__.py":
                assert path.name in text, f"ARCHITECTURE.md does not mention {room}/{path.name}"
