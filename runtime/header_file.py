"""A header read as text: parsed, never compiled, so that a stranger's can be looked at as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mlp_edge.anatomy import Anatomy, Contents, Layer, clipped, dense
from mlp_edge.errors import ModelError
from mlp_edge.mlp import Floats
from mlp_edge.reading import read_file
from mlp_edge.runtime.c import read_card

_WEIGHTS = re.compile(
    r"^static const (?:float|int8_t|int16_t) (\w+)_LAYER(\d+)_WEIGHTS"
    r"\[(\d{1,7})\]\[(\d{1,7})\] MLP_EDGE_FLASH = \{"
    r"(.*?)^\};",
    re.MULTILINE | re.DOTALL,
)
_VECTOR = r"^static const (?:float|int32_t) {name}\[(\d{{1,7}})\] MLP_EDGE_FLASH = \{{(.*?)^\}};"
_ACTIVATION = r"^/\* Layer {number}, (\w+): "
_NUMBER = re.compile(r"-?[0-9][0-9.]*(?:e[+-]?[0-9]+)?(?=f\b)|-?[0-9]+(?=[,}\n])")
"""A float, with its f, or an integer of a table; in neither case the number of a row."""
_WRITTEN = re.compile(r"^ \*   written   by (mlp-edge \S+): ", re.MULTILINE)
_CARD = re.compile(r"^/\* mlp-edge-card ", re.MULTILINE)


def read_header(path: Path) -> Contents:
    """Layers, scaling and card of a header that ``mlp-edge export --format c`` wrote.

    Raises:
        ModelError: when it holds no layers, or is damaged or cut short within a table.
    """
    text = read_file(path).decode("utf-8", "replace")
    layers = list(_layers(text, path))
    if not layers:
        raise ModelError(f"{path}: not a header that mlp-edge export wrote (it has no layers)")
    prefix = next(_WEIGHTS.finditer(text)).group(1)
    if f"#define {prefix}_CLIP_LOW " in text:
        layers = list(clipped(layers))
    mean, reciprocal = (_vector(text, f"{prefix}_{which}") for which in ("MEAN", "RECIPROCAL"))
    with np.errstate(all="ignore"):
        deviation = None if reciprocal is None else np.float32(1) / reciprocal
    inputs = layers[0].inputs or 0
    written = _WRITTEN.search(text)
    notes = []
    if f" {prefix.lower()}_predict(" not in text:
        notes.append("holds the weights only, without a function that predicts")
    card = read_card(text, path) if _CARD.search(text) else None
    if card is None:
        notes.append("its last line, the card with names and hash, is missing")
    return Contents(
        anatomy=Anatomy(tuple(layers), _padded(mean, inputs, 0), _padded(deviation, inputs, 1)),
        card=card,
        written_by=written.group(1) if written else "",
        notes=notes,
    )


def _layers(text: str, path: Path) -> Iterator[Layer]:
    for found in _WEIGHTS.finditer(text):
        prefix, number, outputs, inputs = (
            found[1], int(found[2]), int(found[3]), int(found[4]),
        )  # fmt: skip
        bias = _vector(text, f"{prefix}_LAYER{number}_BIAS")
        counted = len(_NUMBER.findall(found[5])), 0 if bias is None else bias.size
        if counted != (outputs * inputs, outputs):
            raise ModelError(
                f"{path}: damaged, layer {number} has {counted[0]} weights and {counted[1]} biases "
                f"where {outputs * inputs} and {outputs} belong"
            )
        activation = re.search(_ACTIVATION.format(number=number), text, re.MULTILINE)
        yield dense(outputs, inputs, activation.group(1) if activation else "unknown")


def _vector(text: str, name: str) -> Floats | None:
    found = re.search(_VECTOR.format(name=name), text, re.MULTILINE | re.DOTALL)
    if found is None:
        return None
    return np.array([float(number) for number in _NUMBER.findall(found[2])], dtype=np.float32)


def _padded(values: Floats | None, width: int, neutral: float) -> Floats | None:
    """One value per input of layer 1, as other formats have it: a header scales numbers only."""
    if values is None or values.size >= width:
        return values
    return np.append(values, np.full(width - values.size, neutral, np.float32))
