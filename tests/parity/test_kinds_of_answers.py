"""Answers without a bound are still held to their kind: NaN, an infinity, or a finite number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.chips import BY_NAME, require
from support.graphs import graph
from support.networks import ANY_SUM, as_float32, network, readings

from mlp_edge.export import tflite
from mlp_edge.export.c import export
from mlp_edge.mlp import Dense, Mlp, Predict, Rows
from mlp_edge.parity.compare import Comparison, Expected, compare, expect
from mlp_edge.parity.kind_faults import CHANGES, KindFault
from mlp_edge.parity.result import _explain, _without_parameters
from mlp_edge.parity.rows import stress_rows
from mlp_edge.proof import c_replay, kinds
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.bound import bound
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.proof.kinds import ABOVE, BELOW, FINITE, NAN, UNKNOWN, kind_of
from mlp_edge.runtime.c import open_header
from mlp_edge.runtime.litert import RUNTIME as LITERT

INF, NAN_ = np.inf, np.nan
SPECIAL = np.float32([0, -0.0, INF, -INF, 1e-45, 3.4e38, -3.4e38, 1e38, -2e37, 1, -40, 1e20, NAN_])


def honest(mlp: Mlp) -> Expected:
    sample = readings(mlp, 60)
    rows = np.vstack([sample, stress_rows(mlp, sample)])
    return expect(
        mlp, rows, lambda rows: c_replay.replay(mlp, rows), len(sample),
        inside(mlp, rows, *ranges(mlp, sample)),
    )  # fmt: skip


# What is claimed


@pytest.mark.parametrize("activation", ANY_SUM)
def test_what_is_claimed_of_any_float32_arithmetic_is_so_of_ours(activation: str) -> None:
    """Rounded twice and fused, from readings at every end of float32."""
    random = np.random.default_rng(len(activation))
    for task, outputs in (("binary", 1), ("multiclass", 4), ("regression", 2)):
        for scaled in (True, False):
            mlp = network((4, 6, 5, outputs), activation, task, scaled)  # type: ignore[arg-type]
            rows = np.vstack([random.choice(SPECIAL, (1000, 4)), readings(mlp, 50)])
            claimed = kinds.kinds(mlp, rows)
            for fused in (False, True):
                got = kind_of(c_replay.replay(mlp, rows, fused))
                assert (got == claimed)[claimed != UNKNOWN].all()
            without = ~np.isfinite(bound(mlp, rows))
            assert (claimed == UNKNOWN).mean() < 0.1
            assert NAN in claimed[without]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_claimed_of_a_graph_is_so_of_ours(seed: int) -> None:
    random, mlp = np.random.default_rng(seed), graph(seed)
    rows = np.vstack([random.choice(SPECIAL, (300, mlp.inputs)), readings(mlp, 20)])
    claimed = kinds.kinds(mlp, rows)
    for fused in (False, True):
        got = kind_of(c_replay.replay(mlp, rows, fused))
        assert (got == claimed)[claimed != UNKNOWN].all()
    assert (claimed[-20:] == FINITE).all()


@pytest.mark.parametrize(
    ("weights", "bias", "row", "kind"),
    [
        ([1, 1], 0, [INF, 1], ABOVE),
        ([1, -1], 0, [INF, 1], ABOVE),
        ([-1, 1], 0, [INF, 1], BELOW),
        ([1, -1], 0, [INF, INF], NAN),
        ([1, 1], 0, [INF, -INF], NAN),
        ([0, 1], 0, [INF, 1], NAN),
        ([0, 1], 0, [1e38, 1], FINITE),
        ([2, 0], 0, [3e38, 1], ABOVE),
        ([-2, 1], 0, [3e38, 3e38], UNKNOWN),  # -6e38 + 3e38: fused and in turn it may fit
        ([1, 1], 0, [3e38, 3e38], ABOVE),
        ([1, 1], -3e38, [3e38, 3e38], UNKNOWN),  # by its order it fits, or is infinity
        ([2, -2], 0, [3e38, 3e38], UNKNOWN),  # or NaN
        ([1, 0.5], 0, [3.4028e38, 1e30], UNKNOWN),  # too near the largest
        ([1e-40, 1], 0, [INF, 1], UNKNOWN),  # the weight may be flushed to 0
        ([1, 1], 0, [1, NAN_], NAN),  # rejected
    ],
)
def test_the_kind_of_one_sum(
    weights: list[float], bias: float, row: list[float], kind: int
) -> None:
    layer = Dense(np.float32([weights]), np.float32([bias]), "linear")
    mlp = network((2, 1), task="regression", standardised=False, layers=(layer,))
    assert kinds.kinds(mlp, np.float32([row])).tolist() == [[kind]]


@pytest.mark.parametrize(
    ("activation", "below", "above"),
    [
        ("linear", BELOW, ABOVE), ("relu", FINITE, ABOVE), ("leaky_relu", BELOW, ABOVE),
        ("elu", FINITE, ABOVE), ("selu", FINITE, ABOVE), ("gelu", NAN, ABOVE),
        ("silu", NAN, ABOVE), ("softplus", FINITE, ABOVE), ("softsign", NAN, NAN),
        ("tanh", FINITE, FINITE), ("sigmoid", FINITE, FINITE), ("hard_sigmoid", FINITE, FINITE),
        ("gelu_tanh", NAN, ABOVE), ("mish", NAN, ABOVE),
    ],
)  # fmt: skip
def test_the_kind_of_an_activation_of_an_infinity(activation: str, below: int, above: int) -> None:
    layer = Dense(np.float32([[1]]), np.float32([0]), activation)  # type: ignore[arg-type]
    mlp = network((1, 1), task="regression", standardised=False, layers=(layer,))
    rows = np.float32([[-INF], [INF], [-1e30], [1e30]])
    assert kinds.kinds(mlp, rows)[:, 0].tolist() == [below, above, FINITE, FINITE]
    clipped = kinds.kinds(replace(mlp, clip=(-1.0, 1.0)), rows[:2])[:, 0].tolist()
    assert clipped == [kind if kind == NAN else FINITE for kind in (below, above)]


@pytest.mark.parametrize(
    ("activation", "reading", "kind"),
    [
        ("linear", INF, BELOW), ("linear", 1e30, BELOW), ("linear", 1e-30, FINITE),
        ("relu", INF, NAN), ("relu", 1e30, FINITE), ("relu", -INF, BELOW),
        ("sigmoid", INF, UNKNOWN),
    ],
)  # fmt: skip
def test_the_kind_of_a_product(activation: str, reading: float, kind: int) -> None:
    """A reading times an activation of its negative."""
    gate = Dense(np.float32([[-1]]), np.float32([0]), activation)  # type: ignore[arg-type]
    gated = Dense(np.float32([[1]]), np.float32([0]), "linear", reads=(0,), times=1)
    mlp = network((1, 1), task="regression", standardised=False, layers=(gate, gated))
    assert kinds.kinds(mlp, np.float32([[reading]])).tolist() == [[kind]]


def test_products_with_0_that_an_export_leaves_out_are_not_claimed() -> None:
    layer = Dense(np.eye(2, dtype=np.float32), np.zeros(2, np.float32), "linear")
    mlp = network((2, 2), task="regression", standardised=False, layers=(layer,))
    assert kinds.kinds(mlp, np.float32([[INF, 1]])).tolist() == [[ABOVE, UNKNOWN]]


def test_weights_of_0_in_a_graph_are_not_claimed_to_make_nan() -> None:
    """The original may not read that input; an export multiplies infinity by 0, which is NaN."""
    weights = np.float32([[1, 0, 2], [0, 0, 1]])
    branch = Dense(weights, np.zeros(2, np.float32), "linear")
    other = Dense(np.ones((1, 3), np.float32), np.zeros(1, np.float32), "linear", reads=(0,))
    mlp = network((3, 3), task="regression", standardised=False, layers=(branch, other),
                  heads=(1, 2))  # fmt: skip
    assert kinds.kinds(mlp, np.float32([[1, INF, 1]])).tolist() == [[UNKNOWN, UNKNOWN, ABOVE]]
    assert kinds.kinds(mlp, np.float32([[INF, 1, 1]])).tolist() == [[ABOVE, UNKNOWN, ABOVE]]
    chain = network((3, 2), task="regression", standardised=False, layers=(branch,))
    assert kinds.kinds(chain, np.float32([[1, INF, 1]])).tolist() == [[NAN, NAN]]


@pytest.mark.parametrize(
    ("activation", "rows", "wanted"),
    [
        ("exponential", [-INF, INF, 88, 88.5, 100], [FINITE, ABOVE, FINITE, UNKNOWN, ABOVE]),
        ("square", [-INF, INF, 1e18, -1e19, -1e20], [ABOVE, ABOVE, FINITE, FINITE, ABOVE]),
        ("rsqrt", [-1, 0, -0.0, 1e-38, 1e-30, 1e30], [NAN, *[UNKNOWN] * 3, FINITE, FINITE]),
    ],
)
def test_the_kind_of_an_activation_that_has_no_largest_slope(
    activation: str, rows: list[float], wanted: list[int]
) -> None:
    layer = Dense(np.float32([[1]]), np.float32([0]), activation)
    mlp = network((1, 1), task="regression", standardised=False, layers=(layer,))
    given = np.float32(rows)[:, None]
    assert kinds.kinds(mlp, given)[:, 0].tolist() == wanted
    unbounded = ~np.isfinite(bound(mlp, given))[:, 0]
    assert unbounded[np.array(wanted) == UNKNOWN].all()


# What fails


def fails(wanted: Expected, runtime: Predict) -> tuple[Comparison, str]:
    found = compare(wanted, runtime)
    assert not found.passed
    return found, _explain(wanted, found, runtime)


NETWORKS = {
    "pima": network((8, 12, 8, 1)),
    "iris": network((4, 10, 10, 3), "tanh", "multiclass"),
    "raw": network((3, 7, 2), "elu", "regression", standardised=False),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_honest_answers_pass_and_no_row_is_excused(name: str) -> None:
    mlp = NETWORKS[name]
    wanted = honest(mlp)
    found = compare(wanted, lambda rows: c_replay.replay(mlp, rows))
    assert found.passed
    assert not found.vacuous
    assert found.by_kind >= 2 * mlp.inputs if name == "pima" else found.by_kind >= 3
    claimed = np.isfinite(wanted.held(wanted.bound(ANY)).limit).any(axis=1)
    single = np.isinf(wanted.rows).sum(axis=1) == 1
    assert single.sum() == 2 * mlp.inputs
    assert claimed[single].all()


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_runtime_that_loses_a_kind_fails_and_is_told_how(name: str, kind: str) -> None:
    mlp = NETWORKS[name]
    wanted = honest(mlp)
    says, change = CHANGES[kind]
    planted = []
    for layer in range(len(mlp.layers) + 1):
        fault = KindFault(kind, layer, says, change)
        answers = as_float32(fault.predict(mlp, wanted.rows))
        claimed = wanted.held(wanted.bound(ANY)).limit
        other = kind_of(answers) != kind_of(c_replay.replay(mlp, wanted.rows))
        if not (other & np.isfinite(claimed)).any():
            continue  # it changes the kind of no answer here
        _, sentence = fails(wanted, lambda rows, f=fault: as_float32(f.predict(mlp, rows)))
        assert "belongs, whatever rounds" in sentence
        assert any(what in sentence for what in (says, "the sigmoid of a huge sum is NaN"))
        planted.append(layer)
    assert planted or (kind, name) in {
        ("infinity to NaN", "pima"), ("clamped", "iris"),
    }  # fmt: skip


OLD_RELU = "(int32_t)bits <= -0x800000 ? 0 : bits", "bits > MLP_EDGE_INFINITY ? 0 : bits"


@pytest.mark.parametrize("chip", [None, "cortex-m0"])
def test_a_header_whose_relu_loses_a_nan_fails(chip: str | None, tmp_path: Path) -> None:
    """As headers were: a plausible probability and a class where there is no answer."""
    mlp = NETWORKS["pima"]
    wanted = honest(mlp)
    text = export(mlp).decode()
    assert text.count(OLD_RELU[0]) == 1
    path = tmp_path / "net.h"
    path.write_text(text.replace(*OLD_RELU))
    with open_header(path) if chip is None else require(BY_NAME[chip]).open(path) as opened:
        found, sentence = fails(wanted, opened.predict)
    assert found.failure is not None
    assert np.isinf(wanted.rows[found.failure.row]).any()
    assert sentence.endswith(
        "where NaN belongs, whatever rounds; likely cause: its activation turns NaN into 0"
    )
    path.write_text(text)
    with open_header(path) as opened:
        assert compare(wanted, opened.predict).passed


@pytest.mark.parametrize(("answer", "belongs"), [(0.25, "NaN"), (np.inf, "NaN"), (-np.inf, "NaN")])
@pytest.mark.parametrize("size", [1, 7, 1024])
def test_one_row_at_one_batch_size_is_enough(answer: float, belongs: str, size: int) -> None:
    mlp = NETWORKS["pima"]
    wanted = honest(mlp)

    def runtime(rows: Rows) -> Rows:
        outputs = c_replay.replay(mlp, rows)
        if len(rows) == size:
            outputs[np.isinf(rows).any(axis=1)] = answer
        return outputs

    found, sentence = fails(wanted, runtime)
    assert found.failure is not None
    assert found.failure.batch == size
    assert f"where {belongs} belongs" in sentence


def test_a_label_that_is_missing_is_a_flip() -> None:
    mlp = NETWORKS["iris"]
    wanted = honest(mlp)
    found = compare(wanted, lambda rows: np.full((len(rows), 3), np.nan, np.float32))
    with_one = np.isfinite(wanted.exact).all(axis=1) & np.isfinite(wanted.bound(ANY)).all(axis=1)
    assert found.flips == int(with_one.sum()) - found.ties
    assert found.flips > 100


def test_a_dynamic_file_is_held_to_where_it_has_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As such files were: a layer of integers made any number of an infinity."""
    mlp = network((32, 40, 40, 3), "tanh", "multiclass")
    wanted = honest(mlp)
    path = tmp_path / "net.tflite"
    for guarded_from in (tflite.DYNAMIC, 10**9):
        monkeypatch.setattr(tflite, "DYNAMIC", guarded_from)
        path.write_bytes(tflite.export_dynamic(mlp))
        with LITERT.open(path) as opened:
            says = _without_parameters(wanted, opened.predict)
        assert bool(says) is (guarded_from == 10**9)
    assert "where NaN belongs, whatever rounds" in says[0]
    assert _without_parameters(wanted, lambda rows: c_replay.replay(mlp, rows)) == []

    def silent(rows: Rows) -> Rows:
        return np.full((len(rows), 3), np.nan, np.float32)

    assert _without_parameters(wanted, silent)[0].startswith("row 1 (")
