"""Integers that a stranger's TFLite file holds, exported as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlp_edge.api.exporting.export_settings import FLOAT32, INT8, ExportSettings
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.errors import InputError
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.integers.asymmetric import AsymmetricNetwork
    from mlp_edge.mlp import Mlp

STOOD_FOR = (
    "it computes in int8; exported are the numbers that its integers stand for, without the "
    "rounding between its layers"
)


def held_integers(model: OpenedModel, settings: ExportSettings) -> AsymmetricNetwork | None:
    """The integers that are to be exported; None where the network in float32 is."""
    if model.imported is None or settings.dtype not in (None, INT8):
        return None
    return model.imported.integers


def check_held(model: OpenedModel, settings: ExportSettings, calibration_table: Any) -> None:
    """Refuse settings that integers do not take which are made already.

    Raises:
        InputError: naming the file and what would do.
    """
    floats = setting("dtype", FLOAT32)
    if calibration_table is not None:
        raise InputError(
            f"{model.path}: its integers are made already, without "
            f"{setting('calibration_table')}; {floats} exports the numbers that they stand for"
        )
    if settings.said:
        raise InputError(
            f"{model.path}: its integers are those of its own inputs, in bytes, and take no counts "
            f"of 16 bits; {floats} exports the numbers that they stand for"
        )
    lacking = [setting("formats", [name]) for name in settings.chosen_formats if name != "c"]
    lacking += [setting("weights_only")] if settings.weights_only else []
    if lacking:
        raise InputError(
            f"{model.path}: {lacking[0]} does not hold its integers; {setting('formats', ['c'])} "
            f"does, and {floats} exports the numbers that they stand for"
        )


def held_files(held: AsymmetricNetwork, mlp: Mlp, settings: ExportSettings) -> Mapping[str, bytes]:
    """The header, or the three files of a split one; raises ModelError as ``asymmetric.page``."""
    from mlp_edge.export.c import asymmetric
    from mlp_edge.export.c.page import single
    from mlp_edge.export.c.split import files_of

    page = replace(asymmetric.page(mlp, held), package=settings.package)
    return files_of(page) if settings.in_three_files else {f"{mlp.name}.h": single(page)}
