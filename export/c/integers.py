"""C in integers: the header of a network in int8 or int16, docs/reference/header.md describes it.

It computes what ``mlp_edge.integers.integer_reference`` does, to the bit, on every target.
"""

from __future__ import annotations

from dataclasses import replace

from mlp_edge.export.c import (
    integers_predict,
    predict,
)
from mlp_edge.export.c import (
    tables as c_tables,
)
from mlp_edge.export.c.integers_classify import choice
from mlp_edge.export.c.integers_tables import answer_tables, input_tables, layers
from mlp_edge.export.c.page import header
from mlp_edge.export.c.selftest import integer_tables
from mlp_edge.export.c.tables import BYTES
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp


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
    buffers, arena = integers_predict.buffers(mlp, quantised)
    vector = integers_predict.VECTOR[quantised.dtype]
    wide = mlp.encoding.width if integers_predict.wide_inputs(quantised) else 0
    encoded = 0 if predict.reads_directly(mlp) else mlp.encoding.width
    tables = [*c_tables.of_readings(mlp), *input_tables(quantised)]
    answers = list(answer_tables(mlp, quantised))
    dense = layers(mlp, quantised)
    classify = choice(mlp, quantised)
    return header(
        "integers.h.jinja",
        mlp,
        quantised.dtype,
        kernels=[
            *predict.encoding_kernels(unscaled), *integers_predict.kernels(mlp, quantised),
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
        encoding=predict.encoding_calls(unscaled),
        calls=list(integers_predict.layer_calls(mlp, quantised)),
        answer_calls=list(integers_predict.answer_calls(mlp, quantised)),
        choice=classify,
        shortcut="Integers are compared; no prediction is computed." if classify.by_results else "",
        golden=integer_tables(mlp, quantised),
    )  # fmt: skip
