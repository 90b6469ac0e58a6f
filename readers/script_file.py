"""A model as a script, read as text: never run, so that a stranger's can be looked at as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.metadata import HEADER_CARD
from mlp_edge.mlp import Floats
from mlp_edge.proof.golden import Golden
from mlp_edge.readers.anatomy import Anatomy, Contents, Layer, clipped, dense, elementwise
from mlp_edge.readers.header_graph import graph_size, heads, listed_wires
from mlp_edge.readers.header_text import has_card, header_text, read_card

# export/scripts/ writes what is read here. A comment in Python is read as one of JavaScript.
_TABLE = {
    ".js": re.compile(r"^const ([A-Z0-9_]{1,100}) = (?:new \w{1,20}\()?\[$", re.MULTILINE),
    ".py": re.compile(r"^([A-Z0-9_]{1,100}) = (?:floats)?\($", re.MULTILINE),
}
"""How a table begins, by the suffix of the file."""
_END = {".js": "\n]", ".py": "\n)"}
_LAYER = re.compile(
    r"^(?:/\*| \*) Layer (\d{1,7}), (\w{1,40}): (?:\[neuron\]\[input\]|(elementwise), \d{1,7} "
    r"units: \[value\]\[unit\]), (\d{1,7}) x (\d{1,7})(?: \*/)?$",
    re.MULTILINE,
)
_SIZE = re.compile(r"^(?:export const )?(INPUTS|OUTPUTS) = (\d{1,7});?$", re.MULTILINE)
_CODE = re.compile(r"^CODE = '([bhi])'$", re.MULTILINE)
_BITS = re.compile(r"0x([0-9a-f]{8})\b")
_BYTE = re.compile(r"\\x([0-9a-f]{2})")
_NUMBER = re.compile(r"(?<![\w.])-?[0-9][0-9.]*+(?:e[+-]?[0-9]++)?+(?=[,\n])")
_CLIPPED = re.compile(r"^ {2,4}return clip\(", re.MULTILINE)
_WRITTEN = re.compile(r"^ \*   written   by (mlp-edge \S+): ", re.MULTILINE)
_COMMENT = re.compile(r"^#( .*|)$", re.MULTILINE)


def script_text(path: Path) -> str:
    """The text of a script, its lines ended by a line feed; raises as ``read_file`` does."""
    return header_text(path)


def _commented(path: Path, text: str) -> str:
    """The text with comments as they stand in JavaScript."""
    if path.suffix == ".js":
        return text
    opened = text.replace(f"\n# {HEADER_CARD}\n", f"\n/* {HEADER_CARD}\n")
    closed = opened.replace("\n# end of the card", "\n */")
    return _COMMENT.sub(r" *\1", closed)


def script_card(path: Path, text: str) -> Card:
    """The card of a script whose sizes fit it.

    Raises:
        ModelError: naming the file, when mlp-edge did not write it, or not all of it is there.
    """
    card = read_card(_commented(path, text), path, "a script")
    sizes = dict(_SIZE.findall(text))
    if set(sizes) != {"INPUTS", "OUTPUTS"} or int(sizes["OUTPUTS"]) == 0:
        raise ModelError(
            f"{path}: damaged, it does not say how many readings it takes and what it predicts"
        )
    if int(sizes["INPUTS"]) != len(card.features):
        raise ModelError(
            f"{path}: takes {sizes['INPUTS']} inputs, its card names {len(card.features)}"
        )
    return card


def script_outputs(text: str) -> int:
    """How many predictions a row has, in a script that ``script_card`` has checked."""
    return int(dict(_SIZE.findall(text))["OUTPUTS"])


def script_golden(path: Path, text: str, card: Card) -> Golden | None:
    """The golden rows of a script, which have to have their very bits; None where it has none.

    Raises:
        ModelError: naming the file, when its tables do not belong together.
    """
    tables = _tables(path, text)
    if not {"GOLDEN", "GOLDEN_PREDICTIONS"} <= set(tables):
        return None
    rows, predictions = (
        _floats_of_bits(path, tables[name]) for name in ("GOLDEN", "GOLDEN_PREDICTIONS")
    )
    inputs, outputs = len(card.features), script_outputs(text)
    count, rest = divmod(len(rows), inputs)
    if rest or len(predictions) != count * outputs:
        raise ModelError(f"{path}: its golden rows are damaged (tables of different sizes)")
    predicted = predictions.reshape(-1, outputs)
    return Golden(rows.reshape(-1, inputs), predicted, np.zeros(predicted.shape))


def _floats_of_bits(path: Path, table: str) -> Floats:
    """The float32 numbers whose bits a table has."""
    if path.suffix == ".js":
        bits = [int(digits, 16) for digits in _BITS.findall(table)]
        return np.array(bits, np.uint32).view(np.float32)
    data = _bytes(table)
    return np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float32)


def _bytes(table: str) -> bytes:
    return bytes(int(digits, 16) for digits in _BYTE.findall(table))


def read_script(path: Path) -> Contents:
    """Layers, scaling and card of a script that ``mlp-edge export`` wrote.

    Raises:
        ModelError: when it holds no layers, or is damaged or cut short within a table.
    """
    written_text = script_text(path)
    text, tables = _commented(path, written_text), _tables(path, written_text)
    wires = listed_wires(text)
    numbered = dict(_layers(path, text, tables))
    if not numbered:
        raise ModelError(f"{path}: not a script that mlp-edge export wrote (it has no layers)")
    layers = [
        replace(layer, reads=wires[number].reads, times=wires[number].times)
        if number in wires
        else layer
        for number, layer in sorted(numbered.items())
    ]
    if _CLIPPED.search(text):
        layers = list(clipped(layers))
    mean, deviation = _scaling(path, tables, layers[0].inputs or 0)
    written, known = _WRITTEN.search(text), has_card(text)
    return Contents(
        anatomy=Anatomy(tuple(layers), mean, deviation, graph=graph_size(text), heads=heads(wires)),
        card=read_card(text, path, "a script") if known else None,
        written_by=written.group(1) if written else "",
        notes=[] if known else ["the card at its end, with names and hash, is missing"],
    )


def _tables(path: Path, text: str) -> dict[str, str]:
    """What stands between the brackets of each table, by its name, found in one pass."""
    found: dict[str, str] = {}
    place = 0
    while begin := _TABLE[path.suffix].search(text, place):
        place = text.find(_END[path.suffix], begin.end())
        if place < 0:
            raise ModelError(f"{path}: damaged, the table {begin[1]} has no end")
        found.setdefault(begin[1], text[begin.end() : place + 1])
    return found


def _layers(path: Path, text: str, tables: Mapping[str, str]) -> Iterator[tuple[int, Layer]]:
    code = _CODE.search(text)
    size = 4 if code is None else np.dtype(f"<{code[1]}").itemsize
    for number, activation, units, rows, width in _LAYER.findall(text):
        table = tables.get(f"LAYER{number}_{'DIAGONALS' if units else 'WEIGHTS'}", "")
        expected = int(rows) * int(width)
        if path.suffix == ".js":
            count = len(_NUMBER.findall(table))
        else:
            count = len(_BYTE.findall(table)) // size
        if count != expected:
            raise ModelError(
                f"{path}: damaged, layer {number} has {count} weights where {expected} belong"
            )
        if units:
            yield int(number), elementwise(int(width), expected, activation)
        else:
            yield int(number), dense(int(rows), int(width), activation)


def _scaling(
    path: Path, tables: Mapping[str, str], width: int
) -> tuple[Floats | None, Floats | None]:
    """Mean and standard deviation of the inputs of layer 1; None where there is no scaling."""
    if not {"MEAN", "RECIPROCAL"} <= set(tables):
        return None, None
    with np.errstate(all="ignore"):
        mean, reciprocal = (_floats(path, tables[name]) for name in ("MEAN", "RECIPROCAL"))
        deviation = np.float32(1) / reciprocal
    numbers = min(len(mean), len(deviation), width)
    others = np.zeros(width - numbers, np.float32)
    return np.append(mean[:numbers], others), np.append(deviation[:numbers], others + 1)


def _floats(path: Path, table: str) -> Floats:
    if path.suffix == ".py":
        return _floats_of_bits(path, table)
    return np.array([_float(digits) for digits in _NUMBER.findall(table)], np.float32)


def _float(digits: str) -> float:
    try:
        return float(digits)
    except ValueError:  # two points in it
        return np.nan
