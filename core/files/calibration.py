"""``calibration.npz``: training rows that are kept with a model, for quantisation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.files.archive import read_array, read_members
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.reading import read_file
from mlp_edge.settings import Blank, setting

_OTHERS = setting("calibration_table", Blank("TABLE"))
_AGAIN = f"; train the model again, or name other rows: {_OTHERS}"


class Calibration(NamedTuple):
    """Rows, and what is right for each.

    Attributes:
        rows: raw readings (n, inputs) float32; NaN where one is missing.
        targets: class indices (n,) int64, or values (n, outputs) float32 of a regression; None
            where nobody knows.
    """

    rows: Rows
    targets: NDArray[Any] | None

    def check(self, mlp: Mlp, source: object) -> None:
        """Refuse targets that a network cannot have.

        Raises:
            ModelError: naming ``source``.
        """
        targets = self.targets
        if targets is None:
            return
        if mlp.task == "regression":
            fits = targets.shape[1:] == (mlp.outputs,) and targets.dtype == np.float32
            fits = fits and bool(np.isfinite(targets).all())
        else:
            fits = targets.ndim == 1 and targets.dtype == np.int64
            fits = fits and bool(((targets >= 0) & (targets < len(mlp.labels))).all())
        if not fits:
            raise ModelError(f"{source}: damaged (targets that the model does not have){_AGAIN}")


def calibration_npz(rows: Rows, targets: NDArray[Any] | None) -> bytes:
    """The bytes of calibration.npz; see ``Calibration``. Unknown targets are none for each row."""
    content = io.BytesIO()
    if targets is None:
        targets = np.empty((len(rows), 0), np.float32)
    # Its members are dated 1980, so the bytes repeat.
    np.savez_compressed(content, rows=rows, targets=targets)
    return content.getvalue()


def read_calibration(path: Path, inputs: int) -> Calibration:
    """Read calibration.npz.

    Args:
        path: the file.
        inputs: how many readings a row has.

    Raises:
        ModelError: naming the file, when it is missing or damaged.
    """
    content = read_file(
        path,
        f"{path}: missing, so there are no rows to quantise with; {_OTHERS} names others",
    )
    try:
        members = read_members(content, ("rows.npy", "targets.npy"))
        rows = read_array(members["rows.npy"], ("<f4",))
        targets = read_array(members["targets.npy"], ("<f4", "<i8"))
        if rows.ndim != 2 or rows.shape[1] != inputs:
            raise ValueError(f"no rows of {inputs} readings")
        if rows.shape[:1] != targets.shape[:1] or targets.ndim > 2:
            raise ValueError(f"targets {targets.shape} for rows {rows.shape}")
    except KeyError as error:
        raise ModelError(f"{path}: damaged (without {error}){_AGAIN}") from error
    except ValueError as error:
        raise ModelError(f"{path}: damaged ({first_line(error)}){_AGAIN}") from error
    known = targets.ndim == 1 or targets.shape[1] > 0
    return Calibration(rows.astype(np.float32), targets if known else None)
