"""What parity makes of graphs: honest answers pass, planted faults are found and named."""

from __future__ import annotations

import numpy as np
import pytest
from support.graphs import Layers, graph, residual
from support.networks import as_float32, readings

from mlp_edge.mlp import Mlp
from mlp_edge.parity.compare import Expected, compare, expect
from mlp_edge.parity.diagnose import likely_cause
from mlp_edge.parity.faults import faults
from mlp_edge.parity.kind_faults import kind_faults
from mlp_edge.parity.rows import stress_rows
from mlp_edge.proof.c_replay import replay
from mlp_edge.reference import predict


def gated() -> Mlp:
    """A gate, a skip connection and two heads."""
    made = Layers(4)
    gate = made.dense(6, "sigmoid", 0)
    value = made.dense(6, "tanh", 0, times=gate)
    hidden = made.dense(5, "relu", 0, value)
    heads = made.dense(1, "linear", hidden, value), made.dense(2, "linear", hidden)
    return made.mlp(heads=heads)


NETWORKS = {"residual": residual(6, 1, 4), "gated": gated()}


def expected(mlp: Mlp) -> Expected:
    sample = readings(mlp, 60)
    rows = np.vstack([sample, stress_rows(mlp, sample)])
    return expect(mlp, rows, lambda rows: as_float32(predict(mlp, rows)))


@pytest.mark.parametrize("seed", range(12))
def test_honest_answers_pass(seed: int) -> None:
    mlp = graph(seed)
    for fused in (False, True):
        assert compare(expected(mlp), lambda rows, fused=fused: replay(mlp, rows, fused)).passed


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fault_of_each_kind_fails_and_is_named(name: str) -> None:
    wanted, named = expected(NETWORKS[name]), {}
    for fault in faults(wanted.mlp):
        if fault.kind in named or (np.abs(predict(fault.faulty, wanted.rows[:60])
                                          - wanted.exact[:60]) < 1e-3).all():  # fmt: skip
            continue
        assert not compare(wanted, lambda rows, fault=fault: replay(fault.faulty, rows)).passed
        cause = likely_cause(wanted, lambda rows, fault=fault: replay(fault.faulty, rows))
        named[fault.kind] = cause is not None and fault.says in cause
    assert {"left out", "features", "bias", "activation"} <= {*named}
    assert ({"gate", "exchanged"} <= {*named}) is (name == "gated")
    assert all(named.values()), named


@pytest.mark.parametrize("name", NETWORKS)
def test_kinds_of_answers_follow_the_wires(name: str) -> None:
    mlp = NETWORKS[name]
    rows = readings(mlp, 20)
    for fault in kind_faults(mlp):
        assert np.allclose(fault.predict(mlp, rows), predict(mlp, rows), rtol=1e-12)
