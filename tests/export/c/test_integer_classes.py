"""Headers in integers: NAME_classify is the class that the predictions stand for, without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.integer_headers import EXPORT, assert_right, every_dtype, stress_rows
from support.integer_networks import made
from support.networks import network
from support.quantised_networks import quantised

from mlp_edge.export.c.integers_classify import alike_below_the_largest, highest_below
from mlp_edge.integers import integer_reference
from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.quantised import IntegerLayer, Quantised
from mlp_edge.mlp import Dense, Mlp


@every_dtype
@pytest.mark.parametrize("threshold", [-1.0, 0.0, 1e-4, 0.3, 0.5, 0.7, 0.9999, 1.0, 2.0])
def test_classes_at_every_threshold(threshold: float, dtype: str, tmp_path: Path) -> None:
    mlp = network((2, 4, 1), threshold=np.float32(threshold))
    numbers = quantised(mlp, dtype)
    assert highest_below(mlp.threshold, numbers) is not None
    assert_right(mlp, numbers, stress_rows(mlp), tmp_path)


def test_the_limit_of_a_class_is_between_two_neighbouring_results() -> None:
    numbers = quantised(network())
    limit = highest_below(np.float32(0.3), numbers)
    assert limit is not None
    assert 0 < limit < numbers.layers[-1].largest
    below, above = integer_reference.dequantise(numbers, np.array([[limit], [limit + 1]]))[:, 0]
    assert below <= np.float32(0.3) < above


def test_answers_that_fall_are_compared_themselves(tmp_path: Path) -> None:
    mlp = network((2, 4, 1))
    numbers = quantised(mlp)
    assert numbers.table is not None
    falling = replace(
        numbers, table=ActivationTable(numbers.table.points[::-1].copy(), numbers.table.shift)
    )
    assert highest_below(mlp.threshold, falling) is None
    assert "mlp_edge_above(outputs, NET_THRESHOLD)" in EXPORT["int8"](mlp, falling).decode()
    assert_right(mlp, falling, stress_rows(mlp), tmp_path)


def identity(classes: int, table: ActivationTable) -> tuple[Mlp, Quantised]:
    """A model of which each class has the reading as its result, from 0 to 255."""
    layer = Dense(np.eye(classes, dtype=np.float32), np.zeros(classes, np.float32), "softmax")
    mlp = network((classes, classes), task="multiclass", layers=(layer,), scaling=None)
    ones = np.ones(classes, np.int64)
    whole = IntegerLayer(
        np.eye(classes, dtype=np.int64) * 2, 0 * ones, ones, ones, 255, 4, ones * 510, None
    )
    numbers = made(mlp, "int8")
    inputs = numbers.inputs._replace(low=np.zeros(classes, np.float32),
                                     factor=np.ones(classes, np.float32))  # fmt: skip
    return mlp, replace(numbers, inputs=inputs, layers=(whole,), table=table)


@pytest.mark.parametrize("flat", [1, 2, 5])
def test_every_tie_of_three_classes(flat: int, tmp_path: Path) -> None:
    points = np.maximum(65535 - 997 * np.maximum(np.arange(1021) - flat + 1, 0), 0)
    mlp, numbers = identity(3, ActivationTable(points.astype(np.int64), 0))
    assert alike_below_the_largest(numbers) == flat - 1
    ends = [0, 1, 2, 3, 4, 5, 6, 7, 100, 101, 102, 103, 104, 105, 106, 250, 254, 255]
    rows = np.array(np.meshgrid(ends, ends, ends), np.float32).reshape(3, -1).T
    wanted = integer_reference.predict_quantised(mlp, numbers, rows)
    ties = np.sort(wanted, axis=1)
    assert (ties[:, 2] == ties[:, 1]).sum() > 300
    assert_right(mlp, numbers, rows, tmp_path)


def test_a_table_with_its_top_elsewhere_is_no_shortcut(tmp_path: Path) -> None:
    points = np.maximum(60000 - 50 * np.abs(np.arange(1021) - 4), 0)
    mlp, numbers = identity(3, ActivationTable(points, 0))
    assert alike_below_the_largest(numbers) is None
    rows = np.random.default_rng(0).integers(0, 20, (3000, 3)).astype(np.float32)
    assert_right(mlp, numbers, rows, tmp_path)
