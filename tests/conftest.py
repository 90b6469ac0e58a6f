"""What the tests share: models trained once through the command line, and a way to type commands.

TensorFlow is imported once, by the first test that needs it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support.browser import Browser
from support.browser import browser as running
from support.commands import HOMES, Type, Typed, homes_csv, typed

from mlp_edge.readers.model_directory import ModelDirectory

# A user's own settings of these would change what is printed.
for variable in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(variable, None)

# No test fails because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

SUBNORMAL = 1e-310


@pytest.fixture(autouse=True)
def _subnormals() -> Iterator[None]:
    """No test leaves a process that flushes subnormal numbers to 0: later ones would see it."""
    yield
    assert SUBNORMAL * 0.5 > 0, "a library that this test loaded flushes subnormal numbers to 0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory: ./model is nobody's."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture(name="typed")
def _typed(folder: Path) -> Type:
    """Run mlp-edge in this process; ``typed("train", "--epochs", 5)``."""
    return typed


@pytest.fixture(name="process")
def _process(folder: Path) -> Type:
    """Run mlp-edge as a program of its own."""

    def process(*words: object, **options: Any) -> Typed:
        program = Path(sys.executable).with_name("mlp-edge")
        result = subprocess.run(
            [program, *map(str, words)], capture_output=True, text=True, check=False, **options
        )
        return Typed(result.returncode, result.stdout, result.stderr)

    return process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not longer than a file's tests: an event loop runs in this thread meanwhile."""
    with running() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras on TensorFlow, imported when the first test asks for it."""
    from mlp_edge.lazy import keras

    return keras()


def _made(place: Path, *words: object) -> Path:
    for command in (
        ("train", *words, "--recipe", "tutorial", "--out", place, "-q"),
        ("export", "--model", place),
    ):
        result = typed(*command)
        assert result.code == 0, result.err
    return place


@pytest.fixture(scope="session")
def pima(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the Pima table with its three exports; copy it to change it (``model``).

    Its 1,550 steps are enough to go the way of compiled epochs, as a user's 150 epochs do.
    """
    return _made(tmp_path_factory.mktemp("pima") / "model", "pima", "--epochs", 25)


@pytest.fixture(scope="session")
def iris(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multiclass model whose labels are words."""
    return _made(
        tmp_path_factory.mktemp("iris") / "model", "iris", "--epochs", 12, "--hidden", "6",
        "--learning-rate", "0.02",
    )  # fmt: skip


@pytest.fixture(scope="session")
def sine(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A regression with one input, trained on every row and without a scaling."""
    return _made(
        tmp_path_factory.mktemp("sine") / "model", "sine", "--epochs", 12, "--hidden", "16,16",
        "--no-standardize", "--test-size", 0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def homes_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the homes."""
    path = tmp_path_factory.mktemp("homes") / "homes.csv"
    path.write_text(homes_csv())
    return path


@pytest.fixture(scope="session")
def homes(keras: Any, homes_table: Path) -> Path:
    """A clipped regression behind every encoding: fills, a sentinel, an indicator, categories."""
    return _made(homes_table.with_name("model"), homes_table, *HOMES)


@pytest.fixture
def model(pima: Path, folder: Path) -> Path:
    """A Pima model of this test's own, where a user has it: ./model."""
    return Path(shutil.copytree(pima, folder / "model"))


@pytest.fixture
def directory(pima: Path) -> ModelDirectory:
    """The shared Pima model, opened."""
    return ModelDirectory.open(pima)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Give memory back: glibc keeps what trained networks took and freed, 20 MB for each."""
    if sys.platform == "linux" and item.get_closest_marker("slow") and "tensorflow" in sys.modules:
        trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)
        trim(0)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker is left with one when the others are done.

    Of the rest the quick ones first: tests that wait for TensorFlow go last, and are marked.
    """
    for item in items:
        if "keras" in getattr(item, "fixturenames", ()):
            item.add_marker("trains")
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(
        key=lambda item: (item.path not in long, item.get_closest_marker("trains") is not None)
    )
