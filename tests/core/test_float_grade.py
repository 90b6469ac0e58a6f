"""Whether int24 is as exact as float32: who holds, who does not, and what is compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Mlp, Task
from mlp_edge.proof.bound import bound
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.proof.float_grade import float_grade, grade_rows
from mlp_edge.reference import predict

SHAPES: dict[Task, tuple[int, ...]] = {
    "binary": (8, 12, 8, 1), "multiclass": (5, 7, 3), "regression": (4, 9, 2),
}  # fmt: skip


def coarser(net: Quantised, bits: int) -> Quantised:
    """The same with weights that lack their last digits."""
    layers = [replace(one, weights=one.weights >> bits << bits) for one in net.layers]
    return replace(net, layers=tuple(layers))


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("task", SHAPES)
def test_int24_is_about_as_exact_as_float32(task: Task, activation: str) -> None:
    mlp = network(SHAPES[task], activation, task)
    net, rows = quantised(mlp, "int24"), grade_rows(mlp, readings(mlp, 200))
    found = float_grade(mlp, rows, predict_quantised(mlp, net, rows))
    # A line behind a single layer is what float32 does best: not every such network can be had.
    assert found.used <= (2 if task == "regression" else 1), found
    assert found.rows > 3000
    assert not float_grade(mlp, rows, predict_quantised(mlp, coarser(net, 8), rows)).holds


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_narrower_integers_are_not(dtype: str) -> None:
    mlp = network(SHAPES["binary"])
    rows = grade_rows(mlp, readings(mlp, 200))
    assert float_grade(mlp, rows, predict_quantised(mlp, quantised(mlp, dtype), rows)).used > 10


def test_the_worst_row_is_told() -> None:
    mlp = network(SHAPES["regression"], task="regression")
    rows = readings(mlp, 50)
    answers = predict(mlp, rows).astype(np.float32)
    answers[17, 1] += np.float32(3 * bound(mlp, rows)[17, 1])
    found = float_grade(mlp, rows, answers)
    assert (found.row, found.output, found.rows, found.holds) == (17, 1, 50, False)
    assert found.used == pytest.approx(3, rel=0.3)
    assert found.error == pytest.approx(found.used * found.bound)


def test_rows_lie_in_the_declared_ranges_and_a_large_network_has_fewer() -> None:
    mlp = network(SHAPES["binary"])
    sample = readings(mlp, 100)
    sample[3] = 1e6
    rows = grade_rows(mlp, sample)
    assert inside(mlp, rows, *ranges(mlp, sample)).all()
    wide: Mlp = network((300, 200, 200, 1))
    assert len(grade_rows(wide, readings(wide, 50))) < 500
