"""C: one self-contained header for C99, C++11 and Arduino, docs/reference/header.md describes it.

Here in float32; ``integers.py`` has the same in integers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.export.c import classify, integers, layers, predict, selftest
from mlp_edge.export.c import tables as c_tables
from mlp_edge.export.c.page import Page, single
from mlp_edge.export.c.tables import BYTES, Array, vector
from mlp_edge.export.exporter import Exporter
from mlp_edge.mlp import Floats, Mlp, Scaling


def export(mlp: Mlp, weights_only: bool = False) -> bytes:
    """Write a model as a C header.

    Args:
        mlp: the network; float32 throughout.
        weights_only: leave out the kernels and ``NAME_predict``, for a sketch with a loop of
            its own.

    Returns:
        The header, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: when the reciprocal of a standard deviation is not a normal float32 number.
    """
    return single(page(mlp, weights_only))


def page(mlp: Mlp, weights_only: bool = False) -> Page:
    """What the header of a model in float32 says; raises as ``export`` does."""
    body, choice = layers.body(mlp), classify.choice(mlp)
    return Page(
        mlp=mlp,
        dtype="float32",
        functions="float32.jinja",
        kernels=[*predict.encoding_kernels(mlp), *body.kernels, *choice.kernels],
        golden_kernels=("golden", "selftest"),
        tables=[*c_tables.of_readings(mlp), *_scaling_tables(mlp)],
        layers=list(layers.tables(mlp)),
        output_tables=[],
        memory=body.memory,
        vector="float",
        arrays=BYTES["float"] * body.memory.width,
        encoding=predict.encoding_calls(mlp),
        calls=body.calls,
        output_calls=body.output_calls,
        choice=choice,
        golden=None if weights_only else selftest.tables(mlp),
    )


def _scaling_tables(mlp: Mlp) -> Iterator[Array]:
    if mlp.scaling and len(mlp.encoding.numbers):
        mean, reciprocal = numbers_scaling(mlp, mlp.scaling)
        comment = "Standardisation: (x - mean) * reciprocal of the standard deviation."
        yield vector("MEAN", comment, mean)
        yield vector("RECIPROCAL", "", reciprocal)


def numbers_scaling(mlp: Mlp, scaling: Scaling) -> tuple[Floats, Floats]:
    """Mean and reciprocal of the numbers; the other inputs are not scaled.

    Raises:
        ModelError: when a reciprocal is not a normal float32 number.
    """
    count = len(mlp.encoding.numbers)
    with np.errstate(over="ignore", under="ignore"):
        reciprocal = scaling.reciprocal[:count]
    # Beyond these limits the reciprocal is infinite, or subnormal and so short of digits. No
    # reading in any sensible unit comes near them; changing the unit is better than a division.
    bad = ~np.isfinite(reciprocal) | (reciprocal < np.finfo(np.float32).tiny)
    if bad.any():
        index = int(np.flatnonzero(bad)[0])
        raise ModelError(
            f"feature {mlp.features[mlp.encoding.numbers[index]].name!r}: a standard deviation of "
            f"{scaling.std[index]:g} has no float32 reciprocal; the column in another unit, "
            "with a standard deviation from 1e-38 to 1e37, would do"
        )
    return scaling.mean[:count], reciprocal


EXPORTER = Exporter(
    name="c",
    suffix=".h",
    needs=None,
    export=export,
    integers=dict.fromkeys(("int8", "int16", "int24"), integers.export),
)
