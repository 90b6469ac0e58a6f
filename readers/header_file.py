"""A header read as text: parsed, never compiled, so that a stranger's can be looked at as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Floats
from mlp_edge.readers.anatomy import Anatomy, Contents, Layer, clipped, dense, elementwise
from mlp_edge.readers.header_graph import graph_size, heads, listed_wires
from mlp_edge.readers.header_split import Source, read_source
from mlp_edge.readers.header_text import Written, has_card, read_card, written_tables

_WEIGHTS = re.compile(r"(\w+)_LAYER(\d{1,7})_WEIGHTS")
# export/c/layer_table.py writes this above each layer's tables.
_ELEMENTWISE = re.compile(
    r"^/\* Layer (\d{1,7}), (\w{1,40}): elementwise, (\d{1,7}) units?\b", re.MULTILINE
)
_ACTIVATION = re.compile(r"^/\* Layer (\d{1,7}), (\w{1,40}): ", re.MULTILINE)
_INPUTS = re.compile(r"^#define \w{1,100}_LAYER(\d{1,7})_INPUTS (\d{1,7})$", re.MULTILINE)
_LAYERS = re.compile(r"^#define (\w{1,100})_LAYERS \d{1,7}$", re.MULTILINE)
_UNITS = re.compile(r"\w+_LAYER(\d{1,7})_(?:DIAGONAL\d{1,7}|DIAGONALS|BIAS)")
_NUMBER = re.compile(r"(?<![\w.])-?[0-9][0-9.]*+(?:e[+-]?[0-9]++)?+(?=f\b|[,}\n])")
"""A float, with its f, or an integer of a table; in neither case the number of a row."""
_WRITTEN = re.compile(r"^ \*   written   by (mlp-edge \S+): ", re.MULTILINE)


def read_header(path: Path) -> Contents:
    """Layers, scaling and card of a header that ``mlp-edge export`` wrote.

    Raises:
        ModelError: when it holds no layers, or is damaged or cut short within a table.
    """
    source = read_source(path)
    text = source.program
    tables = written_tables(text, path)
    numbered = dict(_layers(tables, dict(_ACTIVATION.findall(text)), path))
    numbered |= _elementwise(tables, source, path)
    if not numbered:
        raise ModelError(f"{path}: not a header that mlp-edge export wrote (it has no layers)")
    wires = listed_wires(source.interface)
    layers = [
        replace(layer, reads=wires[number].reads, times=wires[number].times)
        if number in wires
        else layer
        for number, layer in sorted(numbered.items())
    ]
    named = _LAYERS.search(source.interface)
    prefix = "" if named is None else named[1]
    if f"#define {prefix}_CLIP_LOW " in source.interface:
        layers = list(clipped(layers))
    mean, reciprocal = (_vector(tables, f"{prefix}_{which}") for which in ("MEAN", "RECIPROCAL"))
    with np.errstate(all="ignore"):
        std = None if reciprocal is None else np.float32(1) / reciprocal
    inputs = layers[0].inputs or 0
    written = _WRITTEN.search(source.interface)
    notes = []
    if f" {prefix.lower()}_predict(" not in text:
        notes.append("holds the weights only, without a function that predicts")
    card = read_card(source.interface, path) if has_card(source.interface) else None
    if card is None:
        notes.append("the card at its end, with names and hash, is missing")
    return Contents(
        anatomy=Anatomy(
            tuple(layers),
            _padded(mean, inputs, 0),
            _padded(std, inputs, 1),
            graph=graph_size(source.interface),
            heads=heads(wires),
        ),
        card=card,
        written_by=written.group(1) if written else "",
        notes=notes,
    )


def _layers(
    tables: Mapping[str, Written], activations: Mapping[str, str], path: Path
) -> Iterator[tuple[int, Layer]]:
    for name, table in tables.items():
        found = _WEIGHTS.fullmatch(name)
        if found is None or len(table.sizes) != 2:
            continue
        number, (outputs, inputs) = found[2], table.sizes
        bias = _vector(tables, f"{found[1]}_LAYER{number}_BIAS")
        counted = len(_NUMBER.findall(table.body)), 0 if bias is None else bias.size
        if counted != (outputs * inputs, outputs):
            raise ModelError(
                f"{path}: damaged, layer {number} has {counted[0]} weights and {counted[1]} biases "
                f"where {outputs * inputs} and {outputs} belong"
            )
        yield int(number), dense(outputs, inputs, activations.get(number, "unknown"))


def _elementwise(tables: Mapping[str, Written], source: Source, path: Path) -> dict[int, Layer]:
    """The layers that have no matrix; a diagonal of ones has no table either."""
    counts: dict[str, list[int]] = {}
    for name, table in tables.items():
        if named := _UNITS.fullmatch(name):
            rows = table.sizes[0] if len(table.sizes) > 1 else 1
            counts.setdefault(named[1], []).append(len(_NUMBER.findall(table.body)) // max(rows, 1))
    found, widths = {}, dict(_INPUTS.findall(source.interface))
    for number, activation, units in _ELEMENTWISE.findall(source.program):
        wrong = [count for count in counts.get(number, ()) if count != int(units)]
        if wrong:
            raise ModelError(
                f"{path}: damaged, layer {number} has a table of {wrong[0]} numbers where {units} "
                "belong"
            )
        inputs = int(widths.get(number, units))
        found[int(number)] = elementwise(int(units), inputs, activation)
    return found


def _vector(tables: Mapping[str, Written], name: str) -> Floats | None:
    if name not in tables:
        return None
    numbers = _NUMBER.findall(tables[name].body)
    with np.errstate(over="ignore"):
        return np.array([_float(number) for number in numbers], dtype=np.float32)


def _float(digits: str) -> float:
    try:
        return float(digits)
    except ValueError:  # two points in it
        return np.nan


def _padded(values: Floats | None, width: int, neutral: float) -> Floats | None:
    """One value per input of layer 1, as other formats have it: a header scales numbers only."""
    if values is None or values.size >= width:
        return values
    return np.append(values, np.full(width - values.size, neutral, np.float32))
