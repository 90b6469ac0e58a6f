"""What a model file holds, as tables: its layers, its features, how they are encoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlp_edge.api.result import Sheet
from mlp_edge.feature import Feature
from mlp_edge.readers.anatomy import Anatomy
from mlp_edge.readers.inspection import InspectedFile

SHOWN_CATEGORIES = 4
"""Of so many a feature's row names all."""


def layer_sheet(file: InspectedFile) -> Sheet:
    """A row per layer, and one for all."""
    anatomy, encoding = file.anatomy, file.encoding
    wired = any(layer.reads or layer.times is not None for layer in anatomy.layers)
    blank = [""] * (1 + wired)
    rows: list[tuple[str, ...]] = []
    if encoding is not None and not encoding.plain:
        rows.append(("encoding", *blank, _width(encoding.width), "", ""))
    if anatomy.mean is not None or anatomy.std is not None:
        rows.append(("scaling", *blank, _width(anatomy.inputs), "", ""))
    for name, reads, layer in zip(_names(anatomy), _reads(anatomy), anatomy.layers, strict=True):
        wires = (reads,) if wired else ()
        counts = f"{layer.parameters:,}", _count(layer.multiply_adds)
        rows.append((name, *wires, layer.activation, _width(layer.outputs), *counts))
    rows.append(("all", *blank, "", f"{anatomy.parameters:,}",
                 _count(anatomy.multiply_adds)))  # fmt: skip
    columns = ("layer", *["reads"] * wired, "activation", "output", "parameters", "multiply-adds")
    return Sheet(anatomy.topology, columns, tuple(rows), text_columns=2 + wired)


def _names(anatomy: Anatomy) -> list[str]:
    """What each layer is called; by its number in a graph, where others name it."""
    heads = anatomy.heads or (len(anatomy.layers),)
    if anatomy.graph:
        return [
            f"{number} output" if number in heads else str(number)
            for number in range(1, len(anatomy.layers) + 1)
        ]
    names, number = [], 0
    for layer in anatomy.layers:
        own = layer.kind in ("dense", "elementwise")
        number += own
        name = "output" if layer is anatomy.layers[-1] else f"hidden {number}"
        names.append(name if own else layer.kind)
    return names


def _reads(anatomy: Anatomy) -> Iterator[str]:
    """What each layer reads: "inputs", "1, 2", or "1 times 3" where a layer multiplies it."""
    for number, layer in enumerate(anatomy.layers, start=1):
        values = [str(value) if value else "inputs" for value in layer.reads or (number - 1,)]
        gate = "" if layer.times is None else f" times {layer.times or 'inputs'}"
        yield ", ".join(values) + gate


def feature_sheet(file: InspectedFile) -> Sheet:
    """A row per feature, a column for each thing that is known of at least one."""
    features, anatomy = file.features, file.anatomy
    names = [feature.name for feature in features]
    columns = {
        "unit": [feature.unit for feature in features],
        "from": [_number(feature.low) for feature in features],
        "to": [_number(feature.high) for feature in features],
        "mean": _by_feature(file, anatomy.mean),
        "standard deviation": _by_feature(file, anatomy.std),
    }
    made_up = [f"number {index + 1}" for index in range(anatomy.inputs or 0)]
    return _known_of("features", names or made_up, columns)


def encoding_sheet(file: InspectedFile) -> Sheet:
    """A row per feature, for how its readings become inputs of the first layer."""
    features = file.features
    filled = any(feature.fill is not None for feature in features)
    columns = {
        "categories": [_categories(feature) for feature in features],
        "means missing": [_number(feature.sentinel) for feature in features],
        "missing": [_instead(feature) if filled else "" for feature in features],
        "indicator": ["yes" if feature.indicator else "" for feature in features],
    }
    return _known_of("encoding", [feature.name for feature in features], columns, words=True)


def _known_of(
    title: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], words: bool = False
) -> Sheet:
    """A row per name, without the columns that are empty."""
    known = {heading: cells for heading, cells in columns.items() if any(cells)}
    rows = tuple(
        (name, *(cells[index] for cells in known.values())) for index, name in enumerate(names)
    )
    return Sheet(title, ("feature", *known), rows, text_columns=1 + words * len(known))


def _width(width: int | None) -> str:
    return "?" if width is None else f"(n, {width})"


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _categories(feature: Feature) -> str:
    """``"0=no, 1=yes"``, without the later ones of many."""
    pairs = zip(feature.codes, feature.categories, strict=True)
    shown = [f"{code}={level}" for code, level in list(pairs)[:SHOWN_CATEGORIES]]
    more = len(feature.codes) - len(shown)
    return ", ".join([*shown, f"{more} more"] if more else shown)


def _instead(feature: Feature) -> str:
    """What counts in the place of a missing reading."""
    if feature.fill is None:
        return "predicts NaN"
    return feature.write(feature.fill) if feature.codes else _number(feature.fill)


def _by_feature(file: InspectedFile, values: Any) -> list[str]:
    """One number per input of the first layer as a cell per feature, empty for a category."""
    if values is None:
        return []
    numbers: Sequence[int] = range(file.anatomy.inputs or 0)
    if file.encoding is not None:
        numbers = [int(index) for index in file.encoding.numbers]
    cells = [""] * (len(file.features) or len(numbers))
    for place, index in enumerate(numbers):
        # A vector of one number holds for every input.
        cells[index] = _number(float(values[place % len(values)]))
    return cells
