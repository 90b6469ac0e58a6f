"""C in integers: the header of a network in int8 or int16, docs/HEADER.md describes it.

It computes what ``mlp_edge.integer_reference`` does, to the bit, on every target.
"""

from __future__ import annotations

from dataclasses import replace

from mlp_edge.export import c_integers_predict, c_predict, c_tables
from mlp_edge.export.c_integers_classify import choice
from mlp_edge.export.c_integers_tables import answer_tables, input_tables, layers
from mlp_edge.export.c_page import header
from mlp_edge.export.c_selftest import integer_tables
from mlp_edge.export.c_tables import BYTES
from mlp_edge.mlp import Mlp
from mlp_edge.quantised import Quantised


def export(mlp: Mlp, quantised: Quantised) -> bytes:
    """Write a model in integers as a C header.

    Args:
        mlp: the network, under the name that symbols and card are to bear.
        quantised: the same network in integers.

    Returns:
        The header, ASCII, lines ended by a newline. The same model gives the same bytes.
    """
    # The step from readings to integers scales as well: what is encoded before it is not scaled.
    unscaled = replace(mlp, scaling=None)
    buffers, arena = c_integers_predict.buffers(mlp, quantised)
    vector = c_integers_predict.VECTOR[quantised.dtype]
    wide = mlp.encoding.width if c_integers_predict.wide_inputs(quantised) else 0
    encoded = 0 if c_predict.reads_directly(mlp) else mlp.encoding.width
    tables = [*c_tables.of_readings(mlp), *input_tables(quantised)]
    answers = list(answer_tables(mlp, quantised))
    dense = layers(mlp, quantised)
    classify = choice(mlp, quantised)
    return header(
        "integers.h.jinja",
        mlp,
        quantised.dtype,
        kernels=[
            *c_predict.encoding_kernels(unscaled), *c_integers_predict.kernels(mlp, quantised),
            *classify.kernels,
        ],
        selftest=["same"],
        sizes={table.name: table.bytes for table in [*tables, *answers]}
        | {name: size for layer in dense for name, size in layer.sizes.items()},
        options=f"--dtype {quantised.dtype} --name {mlp.name.removesuffix(f'_{quantised.dtype}')}",
        weights_only=False,
        tables=tables,
        layers=dense,
        answers=answers,
        vector=vector,
        buffers=buffers,
        arena=arena,
        wide_inputs=wide,
        arena_bytes=BYTES[vector] * arena + BYTES["uint16_t"] * (mlp.outputs + wide)
        + BYTES["float"] * encoded,
        encoding=c_predict.encoding_calls(unscaled),
        calls=list(c_integers_predict.layer_calls(mlp, quantised)),
        answer_calls=list(c_integers_predict.answer_calls(mlp, quantised)),
        choice=classify,
        shortcut="Integers are compared; no prediction is computed." if classify.by_results else "",
        golden=integer_tables(mlp, quantised),
    )  # fmt: skip
