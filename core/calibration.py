"""``calibration.npz``: training rows that are kept with a model, for quantisation."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError, first_line
from mlp_edge.mlp import Rows


class Calibration(NamedTuple):
    """Rows, and what is right for each.

    Attributes:
        rows: raw readings (n, inputs) float32; NaN where one is missing.
        targets: class indices (n,) int64, or values (n, outputs) float32 of a regression; None
            where nobody knows.
    """

    rows: Rows
    targets: NDArray[Any] | None


def calibration_npz(rows: Rows, targets: NDArray[Any]) -> bytes:
    """The bytes of calibration.npz; see ``Calibration``."""
    content = io.BytesIO()
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
    try:
        with np.load(path, allow_pickle=False) as arrays:
            rows, targets = arrays["rows"], arrays["targets"]
    except FileNotFoundError:
        raise ModelError(
            f"{path}: missing, so there are no rows to quantise with; --rows TABLE names others"
        ) from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path}: damaged ({first_line(error)}); train the model again, or name rows with "
            "--rows TABLE"
        ) from error
    if rows.shape[1:] != (inputs,) or rows.dtype != np.float32 or len(rows) != len(targets):
        raise ModelError(f"{path}: damaged, no rows of {inputs} readings; train the model again")
    return Calibration(rows, targets)
