"""Every runtime's activations against what ``mlp_edge.proof.accuracy`` states of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.networks import bare, save_keras

from mlp_edge.export import EXPORTERS
from mlp_edge.lazy import keras
from mlp_edge.mlp import ACTIVATIONS, KERAS_ACTIVATIONS, Floats, Mlp, Predict
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.slopes import LEAST_ROOT, MOST_POWER, MOST_ROOT
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.runtime import HOSTED, Runtime

UNIT = 2.0**-24
FLUSHED = 2.0**-124
LARGEST = float(np.finfo(np.float32).max)
TABLES = {runtime.name: runtime.accuracy for runtime in HOSTED}
EXACT = ("linear", "relu")
APART = ("gelu", "gelu_tanh", "mish")
"""Stated apart of whatever runs them."""
ALONE = 17.4
"""Further apart, the smaller of two exponentials vanishes in the sum of a softmax."""


@contextmanager
def running(mlp: Mlp, runtime: Runtime, folder: Path) -> Iterator[Predict]:
    """The network on a runtime, exported as a user would; what Keras has no name for, alone."""
    activation = mlp.layers[0].activation
    if runtime.reads == ".keras" and activation not in KERAS_ACTIVATIONS:
        yield lambda rows: unnamed(activation, rows)
        return
    path = folder / f"{mlp.name}{runtime.reads}"
    if runtime.reads == ".keras":
        save_keras(mlp, path)
    else:
        exporter = next(entry for entry in EXPORTERS if entry.suffix == runtime.reads)
        path.write_bytes(exporter.export(mlp))
    with runtime.open(path) as opened:
        yield opened.predict


def unnamed(activation: str, z: Floats) -> Floats:
    """An activation that Keras has no name for, as its layers compute it."""
    ops = keras().ops
    functions = {
        "square": ops.square,
        "rsqrt": ops.rsqrt,
        "gelu_tanh": partial(ops.gelu, approximate=True),
    }
    return np.asarray(ops.convert_to_numpy(functions[activation](z)))


def meant(activation: str, z: Floats) -> tuple[Floats, Doubles]:
    """Of z the numbers for which the accuracy of an activation is stated, and phi of them.

    For softmax -z are meant: what its ``bare`` network is given, beside e^z.
    """
    wide = z.astype(np.float64)
    if activation == "softmax":
        here = (z <= -ALONE) & (z >= -87)
        return -z[here], np.exp(wide[here])
    with np.errstate(over="ignore", under="ignore"):
        exact = FORMULAS[activation](wide)
    here = np.abs(exact) <= (MOST_POWER if activation == "exponential" else LARGEST)
    if activation == "rsqrt":
        here = (z >= LEAST_ROOT) & (z <= MOST_ROOT)
    return z[here], exact[here]


def errors(z: Floats, exact: Doubles, run: Predict) -> Doubles:
    """What a runtime is off by, in u."""
    off = np.abs(run(z[:, None])[:, -1] - exact)
    return np.maximum(off - FLUSHED, 0) / UNIT


def bound(stated: Accuracy, z: Floats, exact: Doubles) -> Doubles:
    """The stated error in u."""
    z, exact = np.abs(z.astype(np.float64)), np.abs(exact)
    inexact = stated.relative * exact + stated.linear * z + stated.absolute
    return np.asarray(inexact + stated.product * z * exact)


def share(stated: Accuracy, z: Floats, exact: Doubles, off: Doubles) -> Doubles:
    """The errors as shares of the stated one; inf where nothing is allowed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(off == 0, 0, off / bound(stated, z, exact))


def sweep() -> Floats:
    """Finite numbers of every size, both signs, and densely where curves bend."""
    bits = np.arange(0, 2**32, 2**15 - 19, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.concatenate([
        bits[np.isfinite(bits)],
        np.linspace(-20, 20, 2**17, dtype=np.float32),
        np.linspace(-88, -17, 2**14, dtype=np.float32),
    ])  # fmt: skip


@pytest.mark.usefixtures("keras")
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("runtime", HOSTED, ids=lambda runtime: runtime.name)
def test_as_exact_as_stated(runtime: Runtime, activation: str, tmp_path: Path) -> None:
    assert runtime.missing() is None
    table = TABLES[runtime.name]
    z, exact = meant(activation, sweep())
    with running(bare(activation), runtime, tmp_path) as run:
        off = errors(z, exact, run)
    for stated in (table[activation], ANY[activation]):
        used = share(stated, z, exact, off)
        worst = int(np.argmax(used))
        assert used[worst] <= 1, f"{used[worst]:.3g} of {stated} at {z[worst]!r}"
    if activation not in EXACT:  # an eighth: this CPU's kernels need not be the worst
        assert share(table[activation], z, exact, off).max() >= 1 / 8


def test_every_runtime_has_a_table() -> None:
    assert TABLES.keys() == {runtime.name for runtime in HOSTED}


@pytest.mark.parametrize("table", [*TABLES.values(), ANY], ids=[*TABLES, "any"])
def test_every_activation_is_stated(table: Mapping[str, Accuracy]) -> None:
    assert tuple(table) == ACTIVATIONS
    for name, stated in table.items():
        shares = (stated.relative, stated.linear, stated.absolute, stated.product)
        assert min(shares) >= 0
        assert (max(shares) == 0) == (name in EXACT)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name not in APART])
def test_any_covers_each(activation: str, table: Mapping[str, Accuracy]) -> None:
    """At every z; where runtimes err in different ways, the sweeps alone show it."""
    z, exact = meant(activation, sweep())
    covering, covered = (bound(of[activation], z, exact) for of in (ANY, table))
    assert (covering >= covered * (1 - 1e-12)).all()
