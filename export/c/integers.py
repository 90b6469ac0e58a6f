"""C in integers: the header of a network in int8, int16 or int24; docs/reference/header.md has it.

It computes what ``mlp_edge.integers.integer_reference`` does, to the bit, on every target.
"""

from __future__ import annotations

from dataclasses import replace

from mlp_edge.errors import ModelError
from mlp_edge.export.c import integers_predict, predict, selftest
from mlp_edge.export.c import tables as c_tables
from mlp_edge.export.c.integers_classify import choice
from mlp_edge.export.c.integers_raw import RawEntry, raw_entry
from mlp_edge.export.c.integers_tables import input_tables, layers, output_tables
from mlp_edge.export.c.page import Page, single
from mlp_edge.export.c.tables import BYTES
from mlp_edge.export.c.text import quoted
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.raw_units import RawUnits


def export(mlp: Mlp, quantised: Quantised, raw: RawUnits | None = None) -> bytes:
    """Write a model in integers as a C header.

    Args:
        mlp: the network, under the name that symbols and card are to bear.
        quantised: the same network in integers.
        raw: what raw readings stand for; None for the readings themselves, such as counts of an
            ADC, where the model can have such.

    Returns:
        The header, ASCII, lines ended by a newline. The same model gives the same bytes.

    Raises:
        ModelError: naming the column, for raw readings that the model cannot have.
    """
    return single(page(mlp, quantised, raw))


def page(mlp: Mlp, quantised: Quantised, raw: RawUnits | None = None) -> Page:
    """What the header of a model in integers says; raises as ``export`` does."""
    # Quantisation of the inputs scales as well: what is encoded before it is not scaled.
    unscaled = replace(mlp, scaling=None)
    body = integers_predict.body(mlp, quantised)
    vector = integers_predict.VECTOR[quantised.dtype]
    last = integers_predict.QUANTISED[quantised.dtype]
    wide = mlp.encoding.width if integers_predict.wide_inputs(quantised) else 0
    encoded = 0 if predict.reads_directly(mlp) else mlp.encoding.width
    quantise = integers_predict.quantise(mlp, quantised)
    chosen = choice(mlp, quantised)
    entry, without = _raw(mlp, quantised, raw)
    return Page(
        mlp=mlp,
        dtype=quantised.dtype,
        functions="integers.jinja",
        kernels=[
            *predict.encoding_kernels(unscaled), quantise.kernel, *body.kernels, *chosen.kernels,
        ],
        golden_kernels=("golden",),
        tables=[*c_tables.of_readings(mlp), *input_tables(quantised)],
        layers=layers(mlp, quantised),
        output_tables=list(output_tables(mlp, quantised)),
        memory=body.memory,
        vector=vector,
        wide_inputs=bool(wide),
        quantised=last,
        arrays=BYTES[vector] * body.memory.width
        + BYTES[last] * mlp.outputs
        + BYTES["uint16_t"] * wide
        + BYTES["float"] * encoded,
        encoding=[*predict.encoding_calls(unscaled), str(quantise)],
        calls=body.calls,
        output_calls=body.output_calls,
        choice=chosen,
        golden=selftest.integer_tables(mlp, quantised),
        raw=entry,
        without_raw=quoted(without) if without else "",
    )  # fmt: skip


def without_raw(mlp: Mlp, quantised: Quantised) -> str:
    """Why a header takes no counts where nobody says their units; "" where it takes some."""
    return _raw(mlp, quantised, None)[1]


def _raw(mlp: Mlp, quantised: Quantised, units: RawUnits | None) -> tuple[RawEntry | None, str]:
    """The functions for raw readings; none, and why, only where nobody asked for their units."""
    try:
        return raw_entry(mlp, quantised, units or RawUnits.counts(mlp.inputs)), ""
    except ModelError as error:
        if units is not None:
            raise
        return None, str(error)
