"""What is lost, and when it is too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.networks import network, readings

from mlp_edge.integers import integer_reference
from mlp_edge.mlp import Dense
from mlp_edge.quantise.judge import (
    Limits,
    Loss,
    coarsest_feature,
    complaints,
    layer_errors,
    loss,
    pooled,
)
from mlp_edge.quantise.network import make, quantise
from mlp_edge.reference import predict


def test_labels_that_change_are_counted() -> None:
    mlp = network((3, 4, 3), task="multiclass")
    rows = readings(mlp, 50)
    answers = predict(mlp, rows).astype(np.float32)
    assert loss(mlp, rows, answers) == Loss(50, 0, pytest.approx(0, abs=1e-6))
    answers[:4] = np.roll(answers[:4], 1, axis=1)
    found = loss(mlp, rows, answers, lambda got: {"first": float(got[0, 0])})
    assert found.flips == 4
    assert found.difference > 0.01
    assert found.before["first"] != found.after["first"]


def test_a_regression_has_no_labels() -> None:
    mlp = network((3, 4, 2), task="regression")
    rows = readings(mlp, 20)
    found = loss(mlp, rows, predict(mlp, rows).astype(np.float32) + np.float32(0.25))
    assert found.flips is None
    assert found.difference == pytest.approx(0.25, rel=1e-5)
    span = np.ptp(predict(mlp, rows), axis=0).min()
    assert found.of_range == pytest.approx(0.25 / span, rel=1e-5)


def test_limits_are_of_each_set_and_one_row_is_no_evidence() -> None:
    few, many = Loss(10, 1, 0.1), Loss(100, 3, 0.1)
    assert complaints({"few": few, "many": many}, Limits(flips=0.03)) == []
    [says] = complaints({"few": few, "many": many}, Limits(flips=0.02))
    assert says == "3 of 100 labels change (0.03, `max_flips=0.02`) on the many"
    assert len(complaints({"few": few}, Limits(flips=0))) == 1
    worse = Loss(10, 1, 0.1, 0.0, {"accuracy": 0.9}, {"accuracy": 0.8})
    assert complaints({"few": worse}, Limits()) == []
    assert len(complaints({"few": worse}, Limits(drop=0))) == 1


def test_a_drop_of_the_first_metric_is_judged() -> None:
    worse = Loss(10, None, 0.1, 0.0, {"r2": 0.9, "rmse": 1.0}, {"r2": 0.8, "rmse": 9.0})
    better = Loss(30, None, 0.1, 0.0, {"r2": 0.9, "rmse": 1.0}, {"r2": 0.92, "rmse": 9.0})
    says = complaints({"first": worse, "second": better}, Limits(drop=0.05))
    assert says == ["r2 falls by 0.1 (`max_drop=0.05`) on the first"]
    unknown = Loss(10, None, 0.1, 0.0, {"r2": float("nan")}, {"r2": float("nan")})
    assert complaints({"rows": unknown}, Limits()) == []


def test_pooled_answers_come_from_integers_made_without_the_row() -> None:
    mlp = network((3, 5, 1))
    rows = readings(mlp, 23)
    answers = pooled(mlp, rows, "int8", folds=5)
    fold = np.arange(23) % 5
    for number in range(5):
        made = quantise(mlp, rows[fold != number], "int8")
        wanted = integer_reference.predict_quantised(mlp, made, rows[fold == number])
        np.testing.assert_array_equal(answers[fold == number], wanted)
    assert pooled(mlp, rows[:1], "int8").shape == (1, 1)


def test_the_layer_that_costs_most_is_found() -> None:
    mlp = network((4, 8, 8, 1), task="regression")
    rows = readings(mlp, 200)
    made = make(mlp, rows, "int8")
    sound = layer_errors(mlp, made, rows)
    assert len(sound) == 3
    assert min(sound) > 0
    whole = np.abs(
        integer_reference.predict_quantised(mlp, made.quantised, rows) - predict(mlp, rows)
    ).max()
    assert max(sound) < 3 * whole
    for number in range(3):
        layers = list(made.quantised.layers)
        layers[number] = replace(layers[number], bias=layers[number].bias + 3000)
        checksum_error = made._replace(quantised=replace(made.quantised, layers=tuple(layers)))
        errors = layer_errors(mlp, checksum_error, rows)
        assert errors.index(max(errors)) == number


def test_the_reading_that_costs_an_output_most_is_found() -> None:
    """Each output hangs on a reading of its own."""
    eye = np.eye(2, dtype=np.float32)
    zeros = np.zeros(2, np.float32)
    mlp = network((2, 2), task="regression", layers=(Dense(eye * 2**20, zeros, "linear"),))
    net = make(mlp, readings(mlp, 50), "int8").quantised
    row = readings(mlp, 1, seed=3)
    assert [coarsest_feature(mlp, net, row, output) for output in (0, 1)] == ["x0", "x1"]
    still = replace(mlp, layers=(Dense(eye * 0, zeros, "linear"),))
    assert coarsest_feature(still, net, row, 0) is None
