"""What other numbers in the weights come to: those of a network that was rounded, or computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.graphs import graph
from support.networks import network, readings

from mlp_edge.mlp import Floats, Mlp, Scaling
from mlp_edge.proof.bound import Slack, bound
from mlp_edge.proof.folding import folded_bound, rounded
from mlp_edge.reference import distance, predict

NETWORKS = {
    "scaled": network((4, 9, 5, 2), "tanh", "regression"),
    "softmax": network((4, 9, 3), "relu", "multiclass", standardised=False),
    "graph": graph(3),
}


def moved(mlp: Mlp, random: np.random.Generator, most: float) -> Mlp:
    """The network with every number off by up to ``most`` of itself."""

    def off(numbers: Floats) -> Floats:
        return (numbers * (1 + most * random.choice([-1, 1], numbers.shape))).astype(np.float32)

    scaling = mlp.scaling and Scaling(off(mlp.scaling.mean), off(mlp.scaling.std))
    layers = [replace(la, weights=off(la.weights), bias=off(la.bias)) for la in mlp.layers]
    return replace(mlp, scaling=scaling, layers=tuple(layers))


@pytest.mark.parametrize("name", NETWORKS)
def test_numbers_that_are_off_move_a_prediction_by_no_more(name: str) -> None:
    mlp, random, most = NETWORKS[name], np.random.default_rng(5), 2.0**-10
    rows = readings(mlp, 40)
    slacks = {
        number: Slack(slack.weights * most * 2**24 * 1.01, slack.bias * most * 2**24 * 1.01)
        for number, slack in rounded(mlp).items()
    }
    allowed, used = bound(mlp, rows, slacks=slacks), 0.0
    for _ in range(5):
        away = distance(predict(moved(mlp, random, most), rows), predict(mlp, rows))
        assert (away <= allowed).all()
        assert (away > bound(mlp, rows)).any()
        used = max(used, float((away / allowed).max()))
    assert used > 0.02


def test_rounded_numbers_are_within_the_bound_of_a_folded_network() -> None:
    mlp = NETWORKS["scaled"]
    rows = readings(mlp, 20)
    assert (folded_bound(mlp, rows) > bound(mlp, rows)).all()
    assert (folded_bound(mlp, rows) < 4 * bound(mlp, rows)).all()
