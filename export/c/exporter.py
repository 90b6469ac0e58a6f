"""C: one self-contained header for C99, C++11 and Arduino, docs/reference/header.md describes it.

Here in float32; ``integers.py`` has the same in integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.export.c import (
    classify,
    integers,
    predict,
)
from mlp_edge.export.c import (
    tables as c_tables,
)
from mlp_edge.export.c.page import header
from mlp_edge.export.c.selftest import tables as selftest_tables
from mlp_edge.export.c.tables import Array, matrix, vector
from mlp_edge.export.c.text import initialiser
from mlp_edge.export.exporter import Exporter
from mlp_edge.mlp import Dense, Floats, Mlp, Scaling


def export(mlp: Mlp, weights_only: bool = False) -> bytes:
    """Write a model as a C header.

    Args:
        mlp: the network; float32 throughout.
        weights_only: leave out the kernels and ``NAME_predict``, for a sketch with a loop of
            its own.

    Returns:
        The header, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: when 1/deviation of a number is not a normal float32 number.
    """
    buffers, arena = predict.buffers(mlp)
    scaling = list(_scaling_tables(mlp))
    tables = [*c_tables.of_readings(mlp), *scaling]
    by_sums = classify.by_sums(mlp)
    return header(
        "float32.h.jinja",
        mlp,
        "float32",
        kernels=predict.kernels(mlp),
        selftest=["same", "selftest"],
        sizes={**{table.name: table.bytes for table in tables}, **_layer_sizes(mlp)},
        options=f"--name {mlp.name}{' --weights-only' if weights_only else ''}",
        weights_only=weights_only,
        standardised=bool(scaling),
        tables=tables,
        layers=[_layer(number, layer) for number, layer in enumerate(mlp.layers, start=1)],
        buffers=buffers,
        arena=arena,
        arena_bytes=4 * arena,
        encoding=predict.encoding_calls(mlp),
        calls=list(predict.layer_calls(mlp)),
        by_sums=by_sums,
        shortcut="Most rows are decided without the exponential." if by_sums else None,
        last_activation=predict.last_activation(mlp),
        choice=classify.call(mlp),
        golden=None if weights_only else selftest_tables(mlp),
    )


def _scaling_tables(mlp: Mlp) -> Iterator[Array]:
    if mlp.scaling and len(mlp.encoding.numbers):
        mean, reciprocal = _numbers_scaling(mlp, mlp.scaling)
        comment = "Standardisation of numbers: (x - mean) * reciprocal; reciprocal = 1 / deviation."
        yield vector("MEAN", comment, mean)
        yield vector("RECIPROCAL", "", reciprocal)


def _numbers_scaling(mlp: Mlp, scaling: Scaling) -> tuple[Floats, Floats]:
    """Mean and reciprocal of the numbers; the other inputs are not scaled."""
    count = len(mlp.encoding.numbers)
    with np.errstate(over="ignore", under="ignore"):
        reciprocal = scaling.reciprocal[:count]
    # Beyond these limits 1/deviation is infinite, or subnormal and so short of digits. No
    # reading in any sensible unit comes near them; changing the unit is better than a division.
    bad = ~np.isfinite(reciprocal) | (reciprocal < np.finfo(np.float32).tiny)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ModelError(
            f"feature {mlp.features[mlp.encoding.numbers[index]].name!r}: a deviation of "
            f"{scaling.std[index]:g} has no float32 reciprocal; the column in another unit, "
            "with a deviation from 1e-38 to 1e37, would do"
        )
    return scaling.mean[:count], reciprocal


def _layer_sizes(mlp: Mlp) -> dict[str, int]:
    sizes = {}
    for number, layer in enumerate(mlp.layers, start=1):
        sizes[f"LAYER{number}_WEIGHTS"] = layer.weights.nbytes
        sizes[f"LAYER{number}_BIAS"] = layer.bias.nbytes
    return sizes


def _layer(number: int, layer: Dense) -> dict[str, Any]:
    return {
        "number": number,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "activation": layer.activation,
        "weights": matrix(layer.weights),
        "bias": initialiser(layer.bias),
    }


EXPORTER = Exporter(
    name="c",
    suffix=".h",
    needs=None,
    export=export,
    integers={"int8": integers.export, "int16": integers.export},
)
