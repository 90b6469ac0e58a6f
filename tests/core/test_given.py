"""Settings as somebody gives them to a function."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp_edge.errors import RecipeError
from mlp_edge.given import listing, made, sorted_out
from mlp_edge.settings import declared


@dataclass(frozen=True)
class Network:
    """Settings of a network."""

    hidden: tuple[int, ...] = declared((12, 8), "Neurons.", "Network")
    clip: tuple[float, float] | None = declared(None, "Limits.", "Network")
    rounds: int = declared(3, "Rounds.", "Training")
    rate: float | None = declared(None, "Rate.", "Training")
    batch_norm: bool = declared(False, "Norm.", "Network")
    threshold: str = declared("0.5", "Threshold.", "Evaluation")


@dataclass(frozen=True)
class Columns:
    """Settings of columns."""

    drop: tuple[str, ...] = declared((), "Columns.", "Columns", repeat=True)
    start: Path | None = declared(None, "Model.", "Training")
    budget: str | Mapping[str, float] | None = declared(None, "Limits.", "Training")


@pytest.mark.parametrize(
    ("name", "given", "held"),
    [
        ("hidden", [16, np.int64(8)], (16, 8)),
        ("hidden", np.array([4, 2]), (4, 2)),
        ("hidden", 16, (16,)),
        ("hidden", [], ()),
        ("clip", [0, 1.5], (0.0, 1.5)),
        ("clip", None, None),
        ("rounds", np.uint8(7), 7),
        ("rate", 1, 1.0),
        ("rate", np.float32(0.5), 0.5),
        ("batch_norm", np.True_, True),
        ("threshold", 0.3, "0.3"),
        ("threshold", "f1", "f1"),
        ("drop", "id", ("id",)),
        ("drop", ["id", "a,b"], ("id", "a,b")),
        ("start", "model", Path("model")),
        ("budget", {"ms": 5}, {"ms": 5}),
        ("budget", "ms=5", "ms=5"),
    ],
)
def test_a_value_as_its_field_holds_it(name: str, given: Any, held: Any) -> None:
    found = sorted_out("train", {name: given}, network=Network, columns=Columns)
    key = "columns" if name in ("drop", "start", "budget") else "network"
    assert found[key] == {name: held}
    assert type(found[key][name]) is type(held)
    assert not found["columns" if key == "network" else "network"]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("hidden", "12,8", "`hidden` takes a list of whole numbers; got '12,8'"),
        ("hidden", [1.5], r"got \[1.5\]"),
        ("clip", [1, 2, 3], "`clip` takes 2 numbers or None; got"),
        ("rounds", 7.5, "`rounds` takes a whole number; got 7.5"),
        ("rounds", True, "got True"),
        ("rate", "fast", "`rate` takes a number or None; got 'fast'"),
        ("batch_norm", 1, "`batch_norm` takes True or False; got 1"),
        ("threshold", None, "`threshold` takes a text; got None"),
        ("drop", {"id"}, "`drop` takes a list of texts; got"),
        ("budget", [5], "`budget` takes a text or a dict or None; got"),
        ("rounds", "\x1b" * 100, "characters"),
    ],
)
def test_a_value_of_another_type(name: str, given: Any, said: str) -> None:
    with pytest.raises(RecipeError, match=said) as refused:
        sorted_out("train", {name: given}, network=Network, columns=Columns)
    assert "\x1b" not in str(refused.value)


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(TypeError, match=r"train\(\) has no setting 'round'; did you mean 'rounds'"):
        sorted_out("train", {"round": 1}, network=Network)


def test_one_value_of_each_dataclass() -> None:
    network, columns = made("train", {"rounds": 7, "drop": "id"}, Network, Columns)
    assert network == Network(rounds=7)
    assert columns == Columns(drop=("id",))
    with pytest.raises(TypeError, match=r"train\(\) has no setting 'dropp'; did you mean 'drop'"):
        made("train", {"dropp": "id"}, Network, Columns)


def test_help_lists_the_settings_behind_the_stars() -> None:
    @listing(Columns)
    def read(table: str, **settings: Any) -> None:
        """Read.

        Args:
            table: a path.

        Returns:
            Nothing.
        """

    assert list(inspect.signature(read).parameters) == ["table", "drop", "start", "budget"]
    lines = (read.__doc__ or "").split("\n")
    place = lines.index("            table: a path.")
    assert lines[place + 1 : place + 3] == [
        "            drop: Columns.",
        "            start: Model.",
    ]
