"""sample.csv: raw rows with their targets and the original's predictions."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlp_edge.card import Card
from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError, first_line
from mlp_edge.feature import Feature
from mlp_edge.files.writing import csv_text
from mlp_edge.mlp import Floats, Rows
from mlp_edge.reading import read_text


class Sample(NamedTuple):
    """What sample.csv holds.

    Attributes:
        rows: raw readings (n, inputs) float32; NaN where one is missing.
        targets: the cells of the target columns, as text, a tuple for each of the n rows.
        predictions: (n, outputs) float32, the original's.
    """

    rows: Rows
    targets: tuple[tuple[str, ...], ...]
    predictions: Floats


def read_sample(path: Path, features: Sequence[Feature], targets: int, outputs: int) -> Sample:
    """Read sample.csv.

    Args:
        path: of the file.
        features: of the model.
        targets: columns behind those of the features.
        outputs: predictions behind those.

    Raises:
        ModelError: naming the line that cannot be read.
    """
    inputs, end = len(features), len(features) + targets
    last = end + outputs
    rows, truth, predictions = [], [], []
    try:
        text = read_text(path, f"{path}: missing; train the model again")
        with np.errstate(over="ignore"):
            lines = csv.reader(io.StringIO(text, newline=""))
            next(lines)
            for cells in lines:
                each = zip(features, cells[:inputs], strict=True)
                rows.append([feature.read(cell) for feature, cell in each])
                truth.append(tuple(cells[inputs:end]))
                predictions.append([np.float32(cell) for cell in cells[end:last]])
            readings = np.array(rows, np.float32)
        sample = Sample(readings, tuple(truth), np.array(predictions))
    except (ValueError, IndexError, StopIteration, csv.Error) as error:
        reason = first_line(error)
        raise ModelError(f"{path}: damaged at row {len(rows) + 1} ({reason})") from error
    if not truth or sample.predictions.shape[1] != outputs:
        raise ModelError(f"{path}: damaged, without rows or predictions; train the model again")
    rejected = Encoding.of(features).rejected(sample.rows).any()  # it would have no prediction
    if rejected or np.isinf(sample.rows).any() or not np.isfinite(sample.predictions).all():
        raise ModelError(f"{path}: damaged, it holds NaN or infinity; train the model again")
    return sample


def sample_csv(
    card: Card,
    rows: Rows,
    targets: Sequence[Sequence[str]],
    predictions: Floats,
    ids: Mapping[str, Sequence[str]] = {},
) -> bytes:
    """The bytes of sample.csv; every float32 is written so that it reads back as itself.

    Categories are written by name and missing readings as empty cells, as a table has them.
    Columns that tell rows apart, such as a patient's number, stand last.
    """
    names = [*card.names, *card.targets, *(f"predicted {name}" for name in card.output_names)]
    others = {name: cells for name, cells in ids.items() if name not in names}
    lines: list[list[str]] = [[*names, *others]]
    for index, (row, target, prediction) in enumerate(zip(rows, targets, predictions, strict=True)):
        cells = (feature.write(x) for feature, x in zip(card.features, row, strict=True))
        end = (column[index] for column in others.values())
        lines.append([*cells, *target, *map(str, prediction), *end])
    return csv_text(lines).encode()
