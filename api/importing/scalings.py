"""How readings are scaled before a network: as a scaler.json says, a model, or rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.api.importing.import_settings import MIN_MAX, STANDARD
from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.json_values import number
from mlp_edge.mlp import Rows, Scaling
from mlp_edge.readers.model_directory import open_model
from mlp_edge.reading import parse_json, read_text
from mlp_edge.reference import Doubles
from mlp_edge.settings import Blank, setting

PAIRS = {("mean", "std"): lambda one, other: (one, other),
         ("min", "max"): lambda one, other: (one, other - one)}  # fmt: skip
"""Keys of a scaler.json -> means and standard deviations."""
BY_ROWS = (STANDARD, MIN_MAX)


def chosen_scaling(
    given: str | Path | None, names: Sequence[str], rows: Rows | None
) -> Scaling | None:
    """The scaling that was asked for.

    Args:
        given: as ``ImportSettings.scaling``.
        names: of the features.
        rows: raw readings (n, features), or None.

    Raises:
        InputError: for rows that are missing, or a file that does not say what it should.
    """
    if given is None:
        return None
    kind = str(given)
    if kind in BY_ROWS:
        if rows is None:
            raise InputError(
                f"{setting('scaling', kind)} follows from rows; {setting('rows', Blank('TABLE'))} "
                "names them"
            )
        return by_rows(kind, rows)
    path = Path(given)
    if path.is_dir():
        return _of_model(path, names)
    return read_scaler(path, names)


def by_rows(kind: str, rows: Rows) -> Scaling:
    """The scaling that rows have: their means and standard deviations, or their ranges.

    A column that never changes is divided by 1, as scikit-learn's scalers do.
    """
    known = np.where(np.isfinite(rows), rows, np.nan).astype(np.float64)
    known[0] = np.where(np.isnan(known).all(axis=0), 0, known[0])
    if kind == STANDARD:
        return _scaling(np.nanmean(known, axis=0), np.nanstd(known, axis=0))
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    return _scaling(low, high - low)


def _scaling(mean: Doubles, std: Doubles) -> Scaling:
    std = np.where(std == 0, 1.0, std)
    with np.errstate(over="ignore"):
        return Scaling(mean.astype(np.float32), std.astype(np.float32))


def read_scaler(path: Path, names: Sequence[str]) -> Scaling:
    """A scaler.json: mean and std, or min and max, each a list or a number by name.

    Args:
        path: the file.
        names: of the features; a list has their order.

    Raises:
        InputError: naming the file, and what it says instead.
    """
    try:
        values = parse_json(read_text(path, f"{path}: there is no such file"))
        if not isinstance(values, Mapping):
            raise TypeError("it is no object")
        keys = next((keys for keys in PAIRS if set(keys) <= set(values)), None)
        if keys is None:
            raise ValueError(f"it has {', '.join(map(repr, list(values)[:6])) or 'nothing'}")
        one, other = (_column(key, values[key], names) for key in keys)
        mean, std = PAIRS[keys](one, other)
        if not (np.isfinite(mean).all() and (std >= 0).all() and np.isfinite(std).all()):
            raise ValueError("a number that is infinite, or a standard deviation below 0")
        return _scaling(mean, std)
    except (ValueError, TypeError, ModelError) as error:
        raise InputError(
            f"{path}: {first_line(error).removeprefix(f'{path}: ')}; a scaler.json such as "
            '{"mean": {"age": 41.5, …}, "std": {"age": 12.1, …}} would do, with lists in the order '
            "of the features, or with min and max; so would a model directory, "
            f"{STANDARD} or {MIN_MAX}"
        ) from error


def _column(key: str, given: Any, names: Sequence[str]) -> Doubles:
    """A number for each feature."""
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing:
            raise ValueError(f"its {key} has nothing for {missing[0]!r}")
        return np.array([number(key, given[name]) for name in names])
    if not isinstance(given, list) or len(given) != len(names):
        count = f"{len(given)} numbers" if isinstance(given, list) else "no list"
        raise ValueError(f"its {key} has {count} for {len(names)} features")
    return np.array([number(key, each) for each in given])


def _of_model(path: Path, names: Sequence[str]) -> Scaling:
    """The scaling of a model directory, by the names of its features."""
    _, mlp = open_model(path)
    own = {mlp.features[index].name: place for place, index in enumerate(mlp.encoding.numbers)}
    missing = [name for name in names if name not in own]
    if mlp.scaling is None or missing:
        what = f"no number {missing[0]!r}" if missing else "no scaling"
        raise InputError(f"{path}: its model has {what}; a scaler.json would do")
    places = [own[name] for name in names]
    return Scaling(mlp.scaling.mean[places], mlp.scaling.std[places])
