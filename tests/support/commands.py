"""Commands as they are typed, and what they leave."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from mlp_edge.cli.app import app
from mlp_edge.cli.printing.wording import worded, worded_for

PROGRAM = Path(sys.executable).with_name("mlp-edge")


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


def as_typed(command: str, message: str) -> str:
    """A message as a command prints it: its settings worded as options."""
    with worded_for(COMMAND.commands[command], COMMAND, {}):  # type: ignore[attr-defined]
        return worded(message)


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


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
