"""Layers of Keras that join branches, and the functions of keras.ops that do the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.assembling.values import Value
from mlp_edge.readers.keras.walk import KerasLayer, ReadSeveral, Rows, Shape, Walk, along_rows

Merge = Callable[[Assembly, Sequence[Value], str], Value]


def _of(merge: Merge, most: float = math.inf) -> ReadSeveral:
    """A layer that joins the numbers of its inputs one by one."""

    def read(walk: Walk, layer: KerasLayer, several: Sequence[Rows]) -> Rows:
        if not 2 <= len(several) <= most:
            raise ModelError(f"{layer.source} joins {len(several)} inputs")
        value = merge(walk.assembly, [rows.value for rows in several], layer.source)
        return Rows(value, _common_shape(layer, several))

    return read


def _common_shape(layer: KerasLayer, several: Sequence[Rows]) -> Shape | None:
    shapes = [rows.shape for rows in several if rows.shape is not None]
    flat = all(len(shape) == 1 for shape in shapes)
    if not flat and len({*shapes}) > 1:
        raise ModelError(f"{layer.source} joins rows of the shapes {', '.join(map(str, shapes))}"
                         [:200])  # fmt: skip
    return max(shapes, key=lambda shape: shape[0] or 0, default=None) if flat else shapes[0]


def _average(assembly: Assembly, values: Sequence[Value], source: str) -> Value:
    return assembly.added(values, [1 / len(values)] * len(values), source)


def concatenate(walk: Walk, layer: KerasLayer, several: Sequence[Rows]) -> Rows:
    """Rows side by side."""
    for rows in several:
        along_rows(layer, rows, "is a Concatenate with")
    value = walk.assembly.concatenated([rows.value for rows in several], layer.source)
    return Rows(value, (value.width,))


def _modes(walk: Walk, layer: KerasLayer, several: Sequence[Rows]) -> Rows:
    """Merge, of Keras 1."""
    mode, axis = layer.settings["mode"], layer.settings["concat_axis"]
    if mode not in MODES:
        raise ModelError(
            f"{layer.source} is a Merge with mode {mode!r:.40}; {', '.join(MODES)} would do"
        )
    kind = MODES[mode]
    config = {"axis": axis} if kind == "Concatenate" else {}
    return MERGES[kind](walk, KerasLayer(kind, layer.name, config, layer.keras, {}), several)


MODES = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum",
         "concat": "Concatenate"}  # fmt: skip
MERGES: Mapping[str, ReadSeveral] = {
    "Add": _of(lambda assembly, values, source: assembly.added(values, [1] * len(values), source)),
    "Subtract": _of(lambda assembly, values, source: assembly.added(values, (1, -1), source), 2),
    "Average": _of(_average),
    "Multiply": _of(lambda assembly, values, source: assembly.multiplied(values, source)),
    "Maximum": _of(lambda assembly, values, source: assembly.maximum(values, source)),
    "Minimum": _of(lambda assembly, values, source: assembly.maximum(values, source, sign=-1)),
    "Concatenate": concatenate, "Merge": _modes,
}  # fmt: skip
"""Layer class -> how it is read."""
