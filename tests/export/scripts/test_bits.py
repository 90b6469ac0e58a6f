"""Scripts have the bits of C and of the integer reference, in the interpreters that run them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.agreed_networks import hostile
from support.graphs import graph, normalised, residual
from support.integer_models import CODES, FILLED, MIXED
from support.integer_networks import made
from support.networks import HUGE, bare, encoded, network
from support.quantised_networks import quantised
from support.scripts import assert_bits

from mlp_edge.errors import ModelError
from mlp_edge.export import EXPORTERS, Exporter
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Quantised
from mlp_edge.mlp import ACTIVATIONS, Floats, Mlp
from mlp_edge.proof.c_replay import replay
from mlp_edge.runtime import RUNTIMES

SCRIPTS = [exporter for exporter in EXPORTERS if exporter.suffix in (".js", ".py")]
every_script = pytest.mark.parametrize("exporter", SCRIPTS, ids=lambda exporter: exporter.name)
every_integer = pytest.mark.parametrize(
    ("exporter", "dtype"),
    [(exporter, dtype) for exporter in SCRIPTS for dtype in exporter.integers],
    ids=lambda value: value if isinstance(value, str) else value.name,
)

FLOATS: dict[str, Mlp] = {
    "multiclass": network((4, 16, 3), "tanh", "multiclass"),
    "clipped": network((3, 5, 2), "gelu", "regression", clip=(-0.5, 0.5)),
    "mixed": encoded(MIXED, clip=(0.0, 6.0)),
    "codes": encoded(CODES, outputs=4, task="multiclass"),
    "normalised": normalised(),
    "residual": residual(),
    "encoded graph": graph(3, features=MIXED),
    **{f"graph {seed}": graph(seed) for seed in range(6)},
}
INTEGERS: dict[str, Mlp] = {
    "one": network((1, 1), "relu", "regression", standardised=False),
    "multiclass": network((4, 16, 3), "tanh", "multiclass"),
    "clipped": network((3, 5, 2), "gelu", "regression", clip=(-0.5, 0.5)),
    "mixed": encoded(MIXED, clip=(0.0, 6.0)),
    "filled": encoded(FILLED, outputs=2, clip=(-1.0, 1.0)),
    "residual": residual(),
    **{f"graph {seed}": graph(seed, integers=True) for seed in range(3)},
}


def ran(exporter: Exporter, content: bytes, rows: Floats, folder: Path) -> Floats:
    """What a script predicts; its golden rows have their bits."""
    path = folder / f"net{exporter.suffix}"
    path.write_bytes(content)
    [runtime] = [runtime for runtime in RUNTIMES if runtime.reads == exporter.suffix]
    with runtime.open(path) as opened:
        assert opened.golden is not None
        assert_bits(opened.predict(opened.golden.rows), opened.golden.predictions)
        return opened.predict(rows)


@every_script
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(exporter: Exporter, activation: str, tmp_path: Path) -> None:
    mlp = bare(activation)
    edges = np.float32(
        [0, 1e-40, 2**-126, 0.34657359, 3, 16, 63.99, 64, 87, 87.00001, 88.7, np.inf]
    )
    anything = np.random.default_rng(1).integers(0, 2**32, 3000, np.uint32).view(np.float32)
    evenly = np.linspace(-100, 100, 3001, dtype=np.float32)
    rows = np.concatenate([HUGE, edges, -edges, anything, evenly])[:, None]
    got = ran(exporter, exporter.export(mlp), rows, tmp_path)
    assert_bits(got, replay(mlp, rows))
    assert len(np.unique(got)) > 3


@every_script
@pytest.mark.parametrize("name", FLOATS)
def test_every_network(exporter: Exporter, name: str, tmp_path: Path) -> None:
    mlp, rows = FLOATS[name], hostile(FLOATS[name], 150)
    got = ran(exporter, exporter.export(mlp), rows, tmp_path)
    assert_bits(got, replay(mlp, rows))
    assert len(np.unique(got)) > 1


@every_integer
@pytest.mark.parametrize("name", INTEGERS)
def test_integers_of_any_numbers(exporter: Exporter, dtype: str, name: str, tmp_path: Path) -> None:
    mlp, rows = INTEGERS[name], hostile(INTEGERS[name], 150)
    for seed in range(2):
        net = made(mlp, dtype, seed)
        assert_integers(exporter, mlp, net, rows, tmp_path)


@every_integer
@pytest.mark.parametrize("activation", ["silu", "sigmoid"])
def test_integers_of_a_calibrated_network(
    exporter: Exporter, dtype: str, activation: str, tmp_path: Path
) -> None:
    task = "binary" if activation == "sigmoid" else "multiclass"
    mlp = network((6, 9, 1 if task == "binary" else 3), activation, task)  # type: ignore[arg-type]
    assert_integers(exporter, mlp, quantised(mlp, dtype), hostile(mlp, 200), tmp_path)


def assert_integers(
    exporter: Exporter, mlp: Mlp, net: Quantised, rows: Floats, folder: Path
) -> None:
    got = ran(exporter, exporter.integers[net.dtype](mlp, net), rows, folder)
    assert_bits(got, predict_quantised(mlp, net, rows))


@every_script
def test_a_deviation_without_a_reciprocal_is_refused(exporter: Exporter) -> None:
    mlp = network()
    assert mlp.scaling is not None
    tiny = replace(mlp.scaling, std=np.full_like(mlp.scaling.std, 1e-40))
    with pytest.raises(ModelError, match="has no float32 reciprocal"):
        exporter.export(replace(mlp, scaling=tiny))


@every_script
def test_several_heads_have_no_integers(exporter: Exporter) -> None:
    mlp = next(mlp for mlp in map(graph, range(40)) if len(mlp.heads) > 1)
    with pytest.raises(ModelError, match="takes a network with one output layer"):
        exporter.integers["int8"](mlp, made(network(), "int8"))


@every_script
def test_every_size_of_a_sigmoid_in_int24(exporter: Exporter, tmp_path: Path) -> None:
    """A reading is the logit's integer: 2^16 of them halve the exponential."""
    mlp = network((1, 1), standardised=False)
    one, none = np.ones(1, np.int64), np.zeros(1, np.float32)
    layer = IntegerLayer(2 * one[:, None], 0 * one, one, one, 2**31 - 1, 1, 0 * one)
    integers = Quantised(
        "int24", Inputs(none, none + 1, 2**24 - 1), (layer,), False, None, none, none + 1,
        zero=one << 23, octave=16,
    )  # fmt: skip
    rows = np.linspace(0, 2**24 - 1, 2001).astype(np.float32)[:, None]
    expected = predict_quantised(mlp, integers, rows)
    assert expected[expected > 0].min() < 2.0**-117
    assert_bits(ran(exporter, exporter.integers["int24"](mlp, integers), rows, tmp_path), expected)
