"""What stands where a model is to be written, and whether somebody's file would be lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mlp_edge.errors import InputError, ModelError
from mlp_edge.files.swap import mend
from mlp_edge.files.temporary import is_ours
from mlp_edge.files.writing import check_replaceable
from mlp_edge.readers.model_directory import (
    EXPORTS,
    KNOWN,
    MANIFEST,
    ORIGINAL,
    PARITY,
    PLOTS,
    TRANSCRIPT,
    WEIGHTS_ONLY,
    ModelDirectory,
)
from mlp_edge.readers.report_files import BOM, REPORTS, is_report
from mlp_edge.settings import setting

_BEFORE = re.compile(r"\..+\.(tflite|onnx|h|json|png|svg)\.[a-z0-9_]{8}")
"""What earlier versions left of a file when they were killed."""


def check_place(path: Path, force: bool) -> None:
    """Refuse a place where training could not put its model, or would lose somebody's file.

    Raises:
        InputError: saying what stands there and what would do.
    """
    mend(path)
    reports = (name for name in REPORTS if is_report(path / name))
    check_replaceable(path, (*KNOWN, *reports), force)
    for folder, known, what in (
        (path / EXPORTS, _is_export(path), f"the exports that {MANIFEST} lists"),
        (path / PLOTS, _is_picture, "its pictures"),
        (path / ORIGINAL, _is_original(path), f"the files that {MANIFEST} lists"),
    ):
        for file in sorted(entry for entry in folder.rglob("*") if not entry.is_dir()):
            name = file.relative_to(folder)
            ours = any(map(is_ours, name.parts)) or _BEFORE.fullmatch(file.name)
            if not ours and not known(str(name)):
                raise InputError(
                    f"{folder}: holds {str(name)!r}, which is not one of {what} and would be "
                    f"lost; move it, or name another directory with {setting('out')}"
                )


def _is_export(path: Path) -> Callable[[str], bool]:
    """Whether a file in exports/ is one of those that the manifest lists, or about them."""
    try:
        ours = {*ModelDirectory.open(path).manifest.exports, PARITY, TRANSCRIPT}
    except ModelError:
        ours = {PARITY, TRANSCRIPT}
    if is_report(path / EXPORTS / BOM):
        ours.add(BOM)
    return lambda name: name in ours or name.endswith(WEIGHTS_ONLY)


def _is_original(path: Path) -> Callable[[str], bool]:
    """Whether a file in original/ is one of those that the manifest lists."""
    try:
        imported = ModelDirectory.open(path).manifest.imported or {"files": {}}
    except ModelError:
        imported = {"files": {}}
    return lambda name: Path(name).as_posix() in imported["files"]


def _is_picture(name: str) -> bool:
    return name.endswith((".png", ".svg"))
