"""docs/explanation/semantics.md, row by row, on every runtime."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.networks import HUGE, assert_within_bound, encoded, network, readings
from support.quantised_networks import quantised

from mlp_edge.card import Card, choose
from mlp_edge.export import EXPORTERS, Exporter
from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Quantised
from mlp_edge.lazy import keras
from mlp_edge.mlp import KERAS_ACTIVATIONS, SCALAR_ACTIVATIONS, Dense, Mlp, Predict, Rows, Task
from mlp_edge.processing import MLP
from mlp_edge.proof.bound import TINY, UNIT, bound
from mlp_edge.runtime import RUNTIMES, Runtime
from mlp_edge.training.network import with_processing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)


@contextmanager
def running(mlp: Mlp, runtime: Runtime, folder: Path) -> Iterator[Predict]:
    """The network on a runtime, exported as a user would."""
    assert runtime.missing() is None
    path = folder / f"{mlp.name}{runtime.reads}"
    if runtime.reads == ".keras":
        save_original(mlp, path)
    else:
        exporter = next(entry for entry in EXPORTERS if entry.suffix == runtime.reads)
        path.write_bytes(exporter.export(mlp))
    with runtime.open(path) as opened:
        yield opened.predict


def save_original(mlp: Mlp, path: Path) -> None:
    """The network as ``mlp-edge train`` would have saved it."""
    layers = [keras().Input((mlp.encoding.width,))]
    if mlp.scaling is not None:
        variance = mlp.scaling.std.astype(np.float64) ** 2
        layers.append(keras().layers.Normalization(mean=mlp.scaling.mean, variance=variance))
    layers += [
        keras().layers.Dense(layer.outputs, activation=layer.activation) for layer in mlp.layers
    ]
    inner = keras().Sequential(layers, name=MLP)
    for built, layer in zip(inner.layers[-len(mlp.layers) :], mlp.layers, strict=True):
        built.set_weights([layer.weights.T, layer.bias])
    with_processing(inner, mlp.encoding, mlp.clip).save(path)


def one_path(weight: float, bias: float, task: Task, activation: str) -> Mlp:
    """y = activation(weight * x + bias): one input, one output, nothing to cancel."""
    layer = Dense(np.float32([[weight]]), np.float32([bias]), activation)
    labels = () if task == "regression" else ("no", "yes")
    features = (Feature("x", -1.0, 1.0),)
    blank = network((1, 1), task="regression", standardised=False)
    return replace(blank, task=task, labels=labels, features=features, layers=(layer,))


@every_runtime
def test_raw_readings(runtime: Runtime, tmp_path: Path) -> None:
    mlp = network((5, 7, 2), "tanh", "regression", standardised=True)
    rows = readings(mlp, 50)
    with running(mlp, runtime, tmp_path) as run:
        assert_within_bound(mlp, rows, run(rows))


@every_runtime
def test_label_order(runtime: Runtime, tmp_path: Path) -> None:
    """Softmax of the inputs themselves: the largest reading names the label."""
    blank = network((3, 3), task="multiclass", standardised=False)
    layer = Dense(np.eye(3, dtype=np.float32), np.zeros(3, np.float32), "softmax")
    mlp = replace(blank, layers=(layer,), labels=("zeta", "alpha", "mid"))
    rows = np.float32([[5, 0, 0], [0, 5, 0], [0, 0, 5]])
    with running(mlp, runtime, tmp_path) as run:
        assert choose(Card.of(mlp), run(rows)) == ["zeta", "alpha", "mid"]


NAN = float("nan")
MIXED = (
    Feature("length", fill=2.5, indicator=True),
    Feature("sex", categories=("female", "male"), codes=(0, 1), fill=1.0),
    Feature("width", sentinel=0.0),
    Feature("island", categories=("a", "b", "c"), codes=(10, -20, 30)),
    Feature("mass", sentinel=-999.0, fill=40.0),
)
"""Every way to treat a reading."""
FINE = np.float32([1.0, 0.0, 3.0, 10.0, 38.0])
"""A row in which nothing is missing."""


Answers = Callable[[Sequence[Sequence[float]], Runtime], Rows]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """What a network of ``MIXED`` readings answers on a runtime, held to the reference.

    It is exported and opened once for each runtime.
    """
    mlp, folder = encoded(MIXED, outputs=2), tmp_path_factory.mktemp("mixed")
    opened: dict[str, Predict] = {}
    with ExitStack() as stack:

        def asked(rows: Sequence[Sequence[float]], runtime: Runtime) -> Rows:
            if runtime.name not in opened:
                opened[runtime.name] = stack.enter_context(running(mlp, runtime, folder))
            given = np.array(rows, np.float32)
            got = opened[runtime.name](given)
            assert_within_bound(mlp, given, got)
            return got

        yield asked


def with_reading(index: int, reading: float) -> Rows:
    row = FINE.copy()
    row[index] = reading
    return row


@every_runtime
@pytest.mark.parametrize(("index", "fill"), [(0, 2.5), (1, 1.0), (4, 40.0)])
def test_missing_filled(runtime: Runtime, answers: Answers, index: int, fill: float) -> None:
    got = answers([with_reading(index, NAN), with_reading(index, fill)], runtime)
    assert np.isfinite(got).all()
    told = MIXED[index].indicator
    assert (got[0].tobytes() == got[1].tobytes()) is not told


@every_runtime
@pytest.mark.parametrize("index", [2, 3])
def test_missing_rejected(runtime: Runtime, answers: Answers, index: int) -> None:
    got = answers([with_reading(index, NAN), FINE], runtime)
    assert np.isnan(got[0]).all()
    assert np.isfinite(got[1]).all()


@every_runtime
def test_missing_rejected_by_a_plain_network(runtime: Runtime, tmp_path: Path) -> None:
    """Where a NaN lost on the way would become a probability of one half."""
    mlp = network((8, 12, 8, 1))
    rows = np.vstack([readings(mlp, 3)] * 8)
    rows[np.arange(8), np.arange(8)] = NAN
    with running(mlp, runtime, tmp_path) as run:
        got = run(rows)
    assert np.isnan(got[:8]).all()
    assert np.isfinite(got[8:]).all()


@every_runtime
@pytest.mark.parametrize(("index", "sentinel"), [(2, 0.0), (2, -0.0), (4, -999.0)])
def test_sentinel(runtime: Runtime, answers: Answers, index: int, sentinel: float) -> None:
    got = answers([with_reading(index, sentinel), with_reading(index, NAN)], runtime)
    assert np.array_equal(got[0], got[1], equal_nan=True)
    assert np.isnan(got).all() == (MIXED[index].fill is None)


@every_runtime
def test_category(runtime: Runtime, answers: Answers) -> None:
    rows = [with_reading(3, code) for code in MIXED[3].codes]
    got = answers([*rows, with_reading(1, -0.0), FINE], runtime)
    assert len({row.tobytes() for row in got[:3]}) == 3
    assert got[3].tobytes() == got[4].tobytes()


@every_runtime
def test_unknown_category(runtime: Runtime, answers: Answers) -> None:
    codes = [MIXED[3].unknown_code, 0, 20, 2**20]
    got = answers([with_reading(3, code) for code in codes], runtime)
    assert np.isfinite(got).all()
    assert len({row.tobytes() for row in got}) == 1


@every_runtime
def test_half_a_code(runtime: Runtime, answers: Answers) -> None:
    rows = [with_reading(1, 0.5), with_reading(1, 1.0000001), with_reading(1, 7)]
    got = answers(rows, runtime)
    assert len({row.tobytes() for row in got}) == 1


@every_runtime
def test_clip(runtime: Runtime, tmp_path: Path) -> None:
    mlp = replace(one_path(1.0, 0.0, "regression", "linear"), clip=(-2.0, 3.5))
    given = np.float32([[-np.inf], [-2.5], [-2.0], [0.0], [3.5], [3.6], [3e38], [np.inf], [NAN]])
    with running(mlp, runtime, tmp_path) as run:
        got = run(given)[:, 0]
    assert got[:-1].tolist() == [-2.0, -2.0, -2.0, 0.0, 3.5, 3.5, 3.5, 3.5]
    assert np.isnan(got[-1])


@every_runtime
def test_threshold_tie(runtime: Runtime, tmp_path: Path) -> None:
    """sigmoid(0) is exactly one half on every runtime."""
    mlp = one_path(1.0, 0.0, "binary", "sigmoid")
    with running(mlp, runtime, tmp_path) as run:
        outputs = run(np.float32([[0.0], [1.0], [-1.0]]))
    assert outputs[0, 0] == np.float32(0.5)
    assert choose(Card.of(mlp), outputs) == ["no", "yes", "no"]


@every_runtime
def test_threshold_float32(runtime: Runtime, tmp_path: Path) -> None:
    """A probability of exactly float32(0.3), which is more than the double 0.3, is a tie."""
    threshold = np.float32(0.3)
    assert float(threshold) > 0.3
    mlp = replace(one_path(1.0, 0.0, "binary", "linear"), threshold=threshold)
    rows = np.float32([[threshold], [np.nextafter(threshold, np.float32(1))]])
    with running(mlp, runtime, tmp_path) as run:
        outputs = run(rows)
    assert outputs.tobytes() == rows.tobytes()
    assert choose(Card.of(mlp), outputs) == ["no", "yes"]
    if runtime.reads == ".h":
        header = (tmp_path / f"{mlp.name}.h").read_text("ascii")
        assert np.float32(re.findall(r"_THRESHOLD ([0-9.e-]+)f", header)[0]) == threshold


@every_runtime
def test_argmax_tie(runtime: Runtime, tmp_path: Path) -> None:
    blank = network((2, 3), task="multiclass", standardised=False)
    weights = np.float32([[0, 0], [1, 1], [1, 1]])
    mlp = replace(blank, layers=(Dense(weights, np.zeros(3, np.float32), "softmax"),))
    with running(mlp, runtime, tmp_path) as run:
        outputs = run(np.float32([[1, 2]]))
    assert outputs[0, 1] == outputs[0, 2]
    assert choose(Card.of(mlp), outputs) == [mlp.labels[1]]


@every_runtime
@pytest.mark.parametrize("reading", [3e38, np.inf], ids=["overflow", "infinity"])
def test_overflow(runtime: Runtime, tmp_path: Path, reading: float) -> None:
    rows = np.float32([[reading], [-reading], [0.25]])
    with running(one_path(10.0, 0.0, "binary", "sigmoid"), runtime, tmp_path) as run:
        got = run(rows)[:, 0]
    stated = runtime.accuracy["sigmoid"]
    expected = np.array([1.0, 0.0, 1 / (1 + np.exp(-2.5))])
    limit = UNIT * (stated.relative * expected + stated.absolute) + 4 * TINY
    assert (np.abs(got - expected) <= limit).all()
    with running(one_path(10.0, 0.0, "regression", "linear"), runtime, tmp_path) as run:
        assert run(rows)[:, 0].tolist() == [np.inf, -np.inf, 2.5]


@every_runtime
@pytest.mark.parametrize("activation", ["silu", "sigmoid"])
def test_huge_sum(runtime: Runtime, tmp_path: Path, activation: str) -> None:
    """Sums of both signs in a hidden layer and, behind a silu, in the last one; any batch."""
    blank = network((1, 2, 1), activation, standardised=False)
    weights = np.float32([[1], [-1]]), np.float32([[1, -2]])
    layers = [replace(layer, weights=w) for layer, w in zip(blank.layers, weights, strict=True)]
    mlp, rows = (
        replace(blank, layers=tuple(layers)),
        np.vstack(5 * [HUGE[np.abs(HUGE) < 1e38, None]]),
    )
    assert np.isfinite(bound(mlp, rows)).all()
    with running(mlp, runtime, tmp_path) as run:
        for size in (1, 5, 16, 33, len(rows)):
            assert_within_bound(mlp, rows[:size], run(rows[:size]))


@every_runtime
def test_infinity(runtime: Runtime, tmp_path: Path) -> None:
    """A row of infinities that meet leaves its neighbours in the batch as they were."""
    mlp = network((6, 20, 20, 3), "relu", "multiclass")
    rows = readings(mlp, 9)
    with running(mlp, runtime, tmp_path) as run:
        clean = run(rows).copy()
        rows[4] = np.float32([np.inf, -np.inf, np.inf, 0, np.inf, -np.inf])
        mixed = run(rows)
    others = np.arange(9) != 4
    assert mixed.shape == (9, 3)
    assert (mixed[others] == clean[others]).all()


def torn(activations: Sequence[str], task: Task = "regression", width: int = 5) -> Mlp:
    """A reading of infinity becomes infinity - infinity, which goes through each activation."""
    first = Dense(np.float32([[1], [1]]), np.zeros(2, np.float32), "linear")
    meets = Dense(np.float32([[1, -1]] * width), np.full(width, 0.5, np.float32), "linear")
    through = [
        Dense(np.eye(width, dtype=np.float32), np.zeros(width, np.float32), activation)
        for activation in activations
    ]
    outputs = {"binary": 1, "multiclass": 3, "regression": 2}[task]
    blank = network((1, width, outputs), task=task, standardised=False)
    last = replace(blank.layers[-1], weights=np.ones((outputs, width), np.float32))
    return replace(blank, layers=(first, meets, *through, last))


@every_runtime
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_not_a_number(runtime: Runtime, task: Task, tmp_path: Path) -> None:
    """Through every activation, one after the other, and an output; alone and in batches."""
    clip = (-1.0, 1.0) if task == "regression" else None
    named = runtime.reads == ".keras"
    through = [name for name in SCALAR_ACTIVATIONS if name in KERAS_ACTIVATIONS or not named]
    mlp = replace(torn(through, task), clip=clip)
    rows = np.float32([[0.25], [np.inf], [-np.inf], [2.0], [np.inf]])
    with running(mlp, runtime, tmp_path) as run:
        together, alone = run(rows), np.vstack([run(row[None]) for row in rows])
        many = run(np.tile(rows, (20, 1)))
    for got in (together, alone, many[:5], many[-5:]):
        assert np.isnan(got).all(axis=1).tolist() == [False, True, True, False, True]
        assert np.isfinite(got[[0, 3]]).all()
        if task != "regression":
            assert [label is None for label in choose(Card.of(mlp), got)] == np.isnan(got).any(
                axis=1
            ).tolist()


@every_runtime
@pytest.mark.parametrize("activation", ["gelu", "silu", "mish", "softsign", "softmax"])
def test_not_a_number_of_an_activation(runtime: Runtime, activation: str, tmp_path: Path) -> None:
    weights = np.float32([[1], [-1], [0.5]])
    blank = network((1, 3), task="multiclass", standardised=False)
    mlp = replace(blank, layers=(Dense(weights, np.zeros(3, np.float32), activation),))
    with running(mlp, runtime, tmp_path) as run:
        got = run(np.float32([[-np.inf], [1]]))
    lost = {"softsign": [0, 1, 2], "softmax": [1]}.get(activation, [0, 2])
    assert np.isnan(got[0, lost]).all()
    assert np.isfinite(got[1]).all()
    assert choose(Card.of(mlp), got)[0] is None


def test_not_a_number_in_other_floats(tmp_path: Path) -> None:
    """float16, and dynamic files, whose layers of integers would make any number of it."""
    mlp = torn(["relu", "tanh", "selu"], "multiclass", 40)
    rows = np.float32([[0.25], [np.inf], [2.0]])
    for exporter in EXPORTERS:
        for dtype, exported in exporter.floats.items():
            path = tmp_path / f"net_{dtype}{exporter.suffix}"
            path.write_bytes(exported(replace(mlp, name=path.stem)))
            runtime = next(runtime for runtime in RUNTIMES if runtime.reads == exporter.suffix)
            with runtime.open(path) as opened:
                got = opened.predict(rows)
            assert np.isnan(got).all(axis=1).tolist() == [False, True, False], dtype


def test_not_finite_label() -> None:
    binary, multiclass = Card.of(network()), Card.of(network((2, 3), task="multiclass"))
    assert choose(binary, np.float32([[np.nan], [np.inf]])) == [None, None]
    assert choose(multiclass, np.float32([[np.nan, 0.5, 0.5]])) == [None]


@every_runtime
def test_subnormal(runtime: Runtime, tmp_path: Path) -> None:
    mlp = network((4, 8, 1), "relu", "regression", standardised=False)
    rows = np.full((1, 4), 1e-40, np.float32)
    assert 0 < rows[0, 0] < np.finfo(np.float32).tiny
    with running(mlp, runtime, tmp_path) as run:
        got, zero = run(rows), run(np.zeros_like(rows))
    assert_within_bound(mlp, rows, got)
    assert_within_bound(mlp, rows, zero)


@every_runtime
def test_negative_zero(runtime: Runtime, tmp_path: Path) -> None:
    mlp = network((4, 8, 3), "elu", "multiclass")
    zeros = np.zeros((1, 4), np.float32)
    with running(mlp, runtime, tmp_path) as run:
        assert run(-zeros).tobytes() == run(zeros).tobytes()


@every_runtime
def test_batch_of_one(runtime: Runtime, tmp_path: Path) -> None:
    mlp = network((7, 33, 2), "silu", "multiclass")
    rows = readings(mlp, 257)
    with running(mlp, runtime, tmp_path) as run:
        together = run(rows).copy()
        alone = np.vstack([run(row[None]) for row in rows])
    assert_within_bound(mlp, rows, together)
    assert_within_bound(mlp, rows, alone)


# The same in integers


INTEGERS = [(exporter, dtype) for exporter in EXPORTERS for dtype in exporter.integers]
every_integer_format = pytest.mark.parametrize(
    ("exporter", "dtype"), INTEGERS, ids=[f"{one.name}-{dtype}" for one, dtype in INTEGERS]
)


@contextmanager
def in_integers(
    mlp: Mlp, exporter: Exporter, dtype: str, folder: Path
) -> Iterator[tuple[Quantised, Predict]]:
    """A network's integers, and what runs them."""
    net = quantised(mlp, dtype)
    path = folder / f"net_{dtype}{exporter.suffix}"
    path.write_bytes(exporter.integers[dtype](replace(mlp, name=path.stem), net))
    runtime = next(runtime for runtime in RUNTIMES if runtime.reads == exporter.suffix)
    with runtime.open(path) as opened:
        yield net, opened.predict


@every_integer_format
@pytest.mark.parametrize("far", [1e3, 1e30, 3e38, np.inf])
def test_overflow_and_infinity_in_integers(
    exporter: Exporter, dtype: str, far: float, tmp_path: Path
) -> None:
    """A reading beyond the calibrated range counts as its end; its neighbours do not notice."""
    mlp = network((4, 9, 3), "relu", "multiclass")
    rows = readings(mlp, 9)
    with in_integers(mlp, exporter, dtype, tmp_path) as (net, run):
        clean = run(rows).copy()
        low, high = net.inputs.low, net.inputs.low + net.inputs.high / net.inputs.factor
        rows[4] = np.where([True, False, True, False], -far, far)
        at_the_ends = rows.copy()
        span = (high - low).astype(np.float32)
        at_the_ends[4] = np.where([True, False, True, False], low - span, high + span)
        got, ends = run(rows), run(at_the_ends)
    assert got.tobytes() == ends.tobytes()
    assert np.isfinite(got).all()
    others = np.arange(9) != 4
    assert got[others].tobytes() == clean[others].tobytes()
    assert got[4].tobytes() != clean[4].tobytes()


@every_integer_format
def test_readings_that_mean_something_in_integers(
    exporter: Exporter, dtype: str, tmp_path: Path
) -> None:
    """Missing, filled, sentinel, category, unknown, half a code, negative zero: to the bit."""
    mlp = encoded(MIXED, outputs=2)
    pairs = [
        (with_reading(1, NAN), with_reading(1, 1.0)),
        (with_reading(4, NAN), with_reading(4, 40.0)),
        (with_reading(4, -999.0), with_reading(4, NAN)),
        (with_reading(1, -0.0), with_reading(1, 0.0)),
        (with_reading(1, 0.5), with_reading(1, 7.0)),
        (with_reading(3, MIXED[3].unknown_code), with_reading(3, 20.0)),
    ]
    rejected = np.array([with_reading(2, NAN), with_reading(3, NAN), with_reading(2, 0.0)])
    with in_integers(mlp, exporter, dtype, tmp_path) as (net, run):
        for one, other in pairs:
            got = run(np.array([one, other]))
            assert got[0].tobytes() == got[1].tobytes()
            assert np.isfinite(got).all()
        assert np.isnan(run(rejected)).all()
        codes = np.array([with_reading(3, code) for code in MIXED[3].codes])
        assert run(codes).tobytes() == predict_quantised(mlp, net, codes).tobytes()
        told = run(np.array([with_reading(0, NAN), with_reading(0, 2.5)]))
        assert told[0].tobytes() != told[1].tobytes()  # an indicator tells the network


@every_integer_format
def test_clip_in_integers(exporter: Exporter, dtype: str, tmp_path: Path) -> None:
    mlp = replace(network((3, 5, 1), task="regression"), clip=(-0.125, 0.25))
    rows = readings(mlp, 200)
    with in_integers(mlp, exporter, dtype, tmp_path) as (net, run):
        got = run(rows)
    assert got.tobytes() == predict_quantised(mlp, net, rows).tobytes()
    assert (got.min(), got.max()) == (-0.125, 0.25)


@every_integer_format
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_batch_of_one_in_integers(
    exporter: Exporter, dtype: str, task: Task, tmp_path: Path
) -> None:
    mlp = network((7, 33, 1 if task == "binary" else 4), "silu", task)
    rows = readings(mlp, 257)
    with in_integers(mlp, exporter, dtype, tmp_path) as (net, run):
        together = run(rows).copy()
        alone = np.vstack([run(row[None]) for row in rows])
        assert run(rows[:0]).shape == (0, mlp.outputs)
    assert together.tobytes() == alone.tobytes() == predict_quantised(mlp, net, rows).tobytes()


@every_runtime
def test_empty_batch(runtime: Runtime, tmp_path: Path) -> None:
    mlp = network((4, 8, 3), "relu", "multiclass")
    with running(mlp, runtime, tmp_path) as run:
        assert run(np.empty((0, 4), np.float32)).shape == (0, 3)


def test_every_row_of_the_document_has_a_test() -> None:
    text = (ROOT / "docs" / "explanation" / "semantics.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+) \|", text, re.MULTILINE)[1:]
    assert len(rows) >= 10
    for row in rows:
        assert f"test_{row.replace('-', '_')}" in globals(), row
