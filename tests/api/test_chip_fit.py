"""What networks take and lose on a chip that a training has to fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.networks import network

from mlp_edge.api.training import chip_fit as module
from mlp_edge.api.training.chip_fit import ChipFit
from mlp_edge.errors import ModelError
from mlp_edge.measure.cost import Cost
from mlp_edge.reference import predict
from mlp_edge.runtime.chips.boards import BOARDS
from mlp_edge.training.search.fold_networks import FoldNetwork

UNO = next(chip for chip in BOARDS if chip.target.name == "uno")
MLP = network((3, 4, 1))
ROWS = np.random.default_rng(0).uniform(-10, 10, (90, 3)).astype(np.float32)


def cost(**changes: Any) -> Cost:
    figures = {
        "target": "uno", "chip": "ATmega328P", "opt": "Os", "flash": 3000, "data": 0, "bss": 0,
        "stack": 100, "arrays": 20, "counts": "cycles", "least": 1, "middle": 1, "most": 1,
        "rows": 1, "worst": 1600, "searched": 1, "clock": 16_000_000, "flash_size": 32_256,
        "ram_size": 2_048, "core_flash": 444, "core_ram": 9,
    }  # fmt: skip
    return Cost(**{**figures, **changes})


def taken(monkeypatch: pytest.MonkeyPatch, found: Cost | Exception, **budget: float) -> Any:
    def measure(header: Any, chip: Any, rows: Any) -> Cost:
        assert (header.card.dtype, chip.target.name, rows.shape) == ("int24", "uno", (90, 3))
        if isinstance(found, Exception):
            raise type(found)(str(found).format(path=header.path))
        return found

    monkeypatch.setattr(module, "measure", measure)
    return ChipFit(UNO, budget).takes(MLP, ROWS, "int24")


def test_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(monkeypatch, cost(), flash=3000.0, cycles=1600.0)
    assert (found.flash, found.ram, found.count, found.ms) == (3000, 100, 1600, 0.1)
    assert found.fits


def test_what_is_over_the_budget_or_the_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(monkeypatch, cost(flash=32_000, stack=2_030), ram=2000.0, cycles=1500.0)
    assert found.over == (
        "32,000 bytes of flash on uno, which has 31,812 free",
        "2,050 bytes of RAM on uno, which has 2,039 free",
        "ram 2,030 bytes on uno, allowed 2,000",
        "1,600 cycles on uno, allowed 1,500",
    )


def test_what_does_not_link(monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(monkeypatch, ModelError("{path}: does not fit the ATmega328P"))
    assert found.over == ("does not fit the ATmega328P",)
    assert (found.flash, found.time) == (None, float("inf"))


def test_integers_predict_rows_that_they_were_not_made_with() -> None:
    truth = (predict(MLP, ROWS[60:])[:, 0] > 0.5).astype(np.int64)
    folds = [FoldNetwork(MLP, ROWS[:60], ROWS[60:], truth)] * 2
    outputs, complaints = ChipFit(UNO, {}).judged(folds, "int24")
    assert complaints == ()
    assert outputs[1] == pytest.approx(predict(MLP, ROWS[60:]), abs=1e-5)
    # Calibrated around one row, int8 takes the others for the ends of what it has seen.
    narrow = FoldNetwork(MLP, ROWS[:60] * 1e-3, ROWS[60:], truth)
    _, complaints = ChipFit(UNO, {}).judged([narrow, narrow], "int8")
    assert "of 60 labels change" in complaints[0]


def test_few_rows_make_no_integers() -> None:
    with pytest.raises(ModelError, match="fewer than 20 different rows"):
        ChipFit(UNO, {}).takes(MLP, ROWS[:19].repeat(3, axis=0), "int8")
