"""What the tests share: models trained once through the command line, and a way to type commands.

Tests that need no TensorFlow run first; the first that needs it imports it, once.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from mlp_edge.cli.app import app
from mlp_edge.readers.model_directory import ModelDirectory

# A user's own settings of these would change what is printed.
for variable in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(variable, None)


COMMAND = typer.main.get_command(app)
"""All commands with their options; the runner makes them anew for every call, in 50 ms."""


class Typed(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


Type = Callable[..., Typed]


def typed(*words: object, piped: bytes | None = None) -> Typed:
    """Run mlp-edge in this process, as if its words had been typed, on what is piped in."""
    with CliRunner().isolation(piped) as streams:
        with pytest.raises(SystemExit) as ended:
            COMMAND.main([str(word) for word in words], prog_name="mlp-edge")
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = (each.getvalue().decode().replace("\r\n", "\n") for each in streams[:2])
    return Typed(int(ended.value.code or 0), out, err)


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


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras on TensorFlow, imported when the first test asks for it."""
    from mlp_edge.lazy import keras

    return keras()


def _made(place: Path, *words: object) -> Path:
    for command in (("train", *words, "--out", place, "-q"), ("export", "--model", place)):
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


def homes_csv(rows: int = 240) -> str:
    """Prices of homes, mean 290,000 and deviation 77,000, and what they follow from.

    A missing area is an empty cell, a missing number of rooms is -1; one heating is empty.
    """
    generator = random.Random(5)  # noqa: S311 (nothing secret)
    worth = {"gas": 0, "oil": -30_000, "wood": 30_000}
    lines = ["area [m2],rooms,heating,year,balcony,price"]
    for number in range(rows):
        area = round(generator.gauss(110, 30), 1)
        rooms = generator.randint(1, 7)
        heating = generator.choices(list(worth), (5, 3, 2))[0]
        year = generator.randint(1950, 2020)
        balcony = generator.choice(("yes", "no"))
        price = 270_000 + 2200 * (area - 110) + 8000 * (rooms - 4) + 900 * (year - 1985)
        price += worth[heating] + 30_000 * (balcony == "yes") + generator.gauss(0, 4000)
        known = ["" if number % 60 == 7 else area, -1 if number % 12 == 11 else rooms]
        known += ["" if number % 80 == 23 else heating, year, balcony, round(price)]
        lines.append(",".join(map(str, known)))
    return "\n".join(lines) + "\n"


HOMES = ("--missing", "rooms=-1", "--indicator", "rooms", "--clip", "150000,450000")


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first: those that wait for TensorFlow go last."""
    items.sort(key=lambda item: "keras" in getattr(item, "fixturenames", ()))
