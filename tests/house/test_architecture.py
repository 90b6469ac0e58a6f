"""The house as ARCHITECTURE.md draws it: rooms, arrows, names."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "core": set(),
    "core/files": {"core"},
    "core/integers": {"core", "core/files"},
    "core/proof": {"core", "core/files", "core/integers"},
    "readers": {"core", "readers/assembling", "readers/checks", "readers/importing",
                "readers/keras", "readers/objects", "readers/operators", "readers/saved_model",
                "readers/tflite"},
    "readers/assembling": {"core"},
    "readers/checks": set(),
    "readers/importing": {"core", "readers", "readers/assembling", "readers/checks",
                          "readers/keras", "readers/operators", "readers/saved_model",
                          "readers/tflite"},
    "readers/keras": {"core", "readers", "readers/assembling", "readers/importing"},
    "readers/objects": {"core", "readers", "readers/assembling", "readers/importing",
                        "readers/keras", "readers/sklearn"},
    "readers/operators": {"core", "readers/assembling", "readers/checks"},
    "readers/saved_model": {"core", "readers/checks", "readers/importing", "readers/operators"},
    "readers/sklearn": {"core", "readers", "readers/assembling", "readers/importing",
                        "readers/objects"},
    "readers/tflite": {"core", "readers/checks", "readers/importing", "readers/operators"},
    "data": {"core", "data/content", "data/findings", "data/splitting"},
    "data/content": {"core", "data"},
    "data/findings": {"core", "data", "data/content", "data/splitting"},
    "data/reading": {"core", "data", "data/content"},
    "data/splitting": {"core", "data", "data/content"},
    "data/streaming": {"core", "data", "data/content", "data/reading"},
    "training": {"core", "readers", "data", "training/backends", "training/scoring",
                 "training/search"},
    "training/streaming": {"core", "readers", "data", "training", "training/backends",
                           "training/scoring"},
    "training/backends": {"core", "training"},
    "training/scoring": {"core", "data", "training"},
    "training/search": {"core", "data", "training", "training/scoring"},
    "export": {"core", "export/c", "export/scripts"},
    "export/c": {"core", "export", "export/layout"},
    "export/layout": {"core", "export/c"},
    "export/packages": {"core", "export/c"},
    "export/scripts": {"core", "export", "export/c"},
    "export/servers": {"core", "export/c", "export/packages"},
    "quantise": {"core"},
    "plots": {"core"},
    "report": {"core", "plots", "export"},
    "report/papers": {"core", "report"},
    "runtime": {"core", "readers", "signing", "runtime/chips", "runtime/scripts"},
    "runtime/serial": {"core", "runtime"},
    "runtime/chips": {"core", "runtime"},
    "runtime/scripts": {"core", "readers", "runtime"},
    "parity": {"core", "readers", "runtime"},
    "measure": {"core", "readers", "runtime", "parity"},
    "streaming": {"core", "readers", "data", "runtime"},
    "engines": {"core", "data", "streaming"},
    "signing": {"core", "readers"},
    "firmware_headers": set(),
    "script_modules": set(),
    "api": {"core", "readers", "data", "training", "export", "quantise", "runtime", "parity",
            "measure", "plots", "report", "signing", "streaming", "engines",
            "api/comparing", "api/evaluation", "api/exporting", "api/importing",
            "api/inspection", "api/parity", "api/reporting", "api/tracking",
            "api/training"},
    "api/comparing": {"core", "readers", "data", "training", "report", "api", "api/evaluation",
                      "api/reporting"},
    "api/doctor": {"core", "api", "runtime"},
    "api/evaluation": {"core", "api", "data", "plots", "readers", "training", "runtime"},
    "api/exporting": {"core", "readers", "data", "training", "export", "quantise", "runtime",
                      "measure", "api"},
    "api/importing": {"core", "readers", "data", "training", "api", "api/evaluation"},
    "api/inspection": {"core", "readers", "data", "runtime", "api", "api/evaluation"},
    "api/parity": {"core", "readers", "data", "export", "runtime", "parity", "api"},
    "api/reporting": {"core", "readers", "data", "plots", "training", "export", "runtime", "parity",
                      "measure", "report", "signing", "api", "api/evaluation", "api/parity"},
    "api/training": {"core", "readers", "data", "plots", "training", "export", "quantise",
                     "runtime", "measure", "api", "api/evaluation", "api/exporting",
                     "api/tracking"},
    "api/tracking": {"core", "training", "api"},
    "serve": {"core", "readers", "runtime", "signing"},
    "cli": {"core", "api", "readers", "data", "training", "export", "quantise", "runtime", "parity",
            "measure", "plots", "serve", "signing", "cli/printing"},
    "cli/printing": {"core", "api", "readers", "data", "training", "runtime", "parity", "measure",
                     "plots", "cli"},
}  # fmt: skip
"""What the files of a room may import besides each other; all rooms within a large one count as
that one, save for those that stand in it themselves."""
ROOMS = set(MAY_IMPORT)
LARGE = {room for room in ROOMS if "/" not in room}
FRONT_DOOR = "core/__init__.py"
DOORS = {FRONT_DOOR, "core/duckdb.py", "core/ray.py", "core/spark.py"}
"""``mlp_edge.open``, ``mlp_edge.spark`` and their like: core hands out names of rooms above it,
when asked for."""
HEAVY = {"tensorflow", "unicorn", "keras", "tf2onnx", "onnx", "sklearn", "ai_edge_litert", "pandas",
         "matplotlib", "onnxruntime", "optuna", "scipy", "duckdb", "h5py", "serial", "pyarrow",
         "ray", "pyspark", "model_signing", "cryptography", "cyclonedx", "mlflow",
         "tensorboard"}  # fmt: skip


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path, top_level_only: bool = False) -> Iterator[tuple[str, str]]:
    """Every module that a file imports, and a name of it or "", also inside functions."""
    for node in tree(path).body if top_level_only else ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)


@cache
def file_of(module: str, name: str = "") -> str | None:
    """The file of ours that ``from module import name`` reads, from the top; None for others'."""
    first, *parts = module.split(".")
    if first != "mlp_edge":
        return None
    place = ROOT / ("core" if not parts or parts[0] not in LARGE else "") / "/".join(parts)
    for found in (place / f"{name}.py", place / name / "__init__.py", place.with_suffix(".py"),
                  place / "__init__.py"):  # fmt: skip
        if found.is_file() and found.name != ".py":
            return found.relative_to(ROOT).as_posix()
    raise AssertionError(f"no file is {module}")


def room_of(file: str) -> str:
    return file.rpartition("/")[0]


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).glob("*.py"))


def may_import(room: str, other: str) -> bool:
    large = other.partition("/")[0]
    return other in {room, *MAY_IMPORT[room]} or (
        large != room.partition("/")[0] and large in MAY_IMPORT[room]
    )


def test_what_counts_as_an_arrow() -> None:
    assert file_of("mlp_edge.mlp", "Mlp") == file_of("mlp_edge", "mlp") == "core/mlp.py"
    assert file_of("mlp_edge.proof.bound", "bound") == "core/proof/bound.py"
    assert file_of("mlp_edge.runtime", "RUNTIMES") == "runtime/__init__.py"
    assert file_of("mlp_edge.runtime.chips", "avr") == "runtime/chips/avr.py"
    assert file_of("mlp_edge", "__version__") == FRONT_DOOR
    assert file_of("numpy", "array") is None
    assert may_import("core/proof", "core/integers")
    assert not may_import("core/integers", "core/proof")
    assert not may_import("core", "core/proof")
    assert may_import("quantise", "core/proof")
    assert not may_import("data/content", "data/reading")
    assert may_import("parity", "runtime/chips")
    assert not may_import("runtime/chips", "parity")


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_no_arrow_runs_up(room: str) -> None:
    for path in sources(room):
        for module, name in imports(path):
            other = file_of(module, name)
            if other is not None and path.relative_to(ROOT).as_posix() not in DOORS:
                assert may_import(room, room_of(other)), f"{path}: {room} imports {module}.{name}"


def test_no_files_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for room in ROOMS:
        for path in sources(room):
            file = path.relative_to(ROOT).as_posix()
            found = {file_of(module, name) for module, name in imports(path)}
            graph[file] = {other for other in found if other is not None} - {file}
    graph |= {door: set() for door in DOORS}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"in a circle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_heavy_libraries_are_imported_when_they_are_needed(room: str) -> None:
    for path in sources(room):
        for module, _ in imports(path, top_level_only=True):
            assert module.split(".")[0] not in HEAVY, f"{path}: {module}"


def test_core_needs_numpy_only() -> None:
    import sys

    for path in sorted((ROOT / "core").rglob("*.py")):
        for module, _ in imports(path):
            top = module.split(".")[0]
            known = top in {"numpy", "mlp_edge"} or top in sys.stdlib_module_names
            assert known, f"{path}: {module}"


def test_every_folder_is_a_room_and_files_have_telling_names() -> None:
    for large in LARGE:
        for path in (ROOT / large).rglob("*.py"):
            assert room_of(path.relative_to(ROOT).as_posix()) in ROOMS, path
            assert path.stem not in {"utils", "helpers", "common", "base", "misc"}, path


def test_every_room_is_packaged() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {"mlp_edge" if room == "core" else f"mlp_edge.{room}": room for room in LARGE}
    assert setup["package-dir"] == folders
    dotted = {room.removeprefix("core").strip("/").replace("/", ".") for room in ROOMS}
    assert set(setup["packages"]) == {f"mlp_edge.{name}".rstrip(".") for name in dotted}
    assert all((ROOT / room / "__init__.py").is_file() for room in ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_architecture_names_every_room_and_file(room: str) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    found = re.search(rf"^###+ {room}/ .*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"ARCHITECTURE.md has no section {room}/"
    for path in sources(room):
        if path.name != "__init__.py":
            assert f"`{path.name}`" in found[0], f"ARCHITECTURE.md, {room}/: no {path.name}"


FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
QUOTES_A_COMMAND = {ROOT / "export" / "c" / "page.py", ROOT / "export" / "scripts" / "page.py"}
"""Headers and scripts say with which command they were written."""


@cache
def our_flags() -> set[str]:
    """Every option of every command."""
    from support.commands import COMMAND

    commands = COMMAND.commands.values()  # type: ignore[attr-defined]
    parameters = [parameter for command in commands for parameter in command.params]
    words = {word for each in parameters for word in (*each.opts, *each.secondary_opts)}
    return {word for word in words if word.startswith("--")}


@pytest.mark.parametrize("room", sorted(LARGE - {"cli"}))
def test_below_the_command_line_nobody_names_its_options(room: str) -> None:
    for path in sorted(set((ROOT / room).rglob("*.py")) - QUOTES_A_COMMAND):
        declared = {id(node.value) for node in ast.walk(tree(path))
                    if isinstance(node, ast.keyword) and node.arg == "flag"}  # fmt: skip
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in declared
            ):
                named = set(FLAG.findall(node.value)) & our_flags()
                assert not named, f"{path}:{node.lineno}: {named}; mlp_edge.settings names settings"


LONGEST_FUNCTION = 60
"""Lines from ``def`` to the end, docstring included."""


def test_a_function_fits_on_a_screen() -> None:
    found = set()
    for path in sorted(path for room in ROOMS for path in sources(room)):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.add(f"{path.relative_to(ROOT).as_posix()} {node.name}")
    assert not found
