"""Every dtype of trained models on each chip: what --trained of firmware.py prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from firmware_peers import MADE_BY_HAND, Emlearn, plain, unscaled, with_libm
from quantisation import trained

from mlp_edge.errors import ModelError
from mlp_edge.export.c import EXPORTER, export
from mlp_edge.files.calibration import read_calibration
from mlp_edge.measure.cost import measure, raw_function
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.quantise import quantise
from mlp_edge.readers.model_directory import CALIBRATION
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import read_header
from mlp_edge.runtime.chips.firmware import PREDICT

NAMES = ("pima", "sine", "iris")


def on_trained(names: list[str], recipe: str, emlearn: Emlearn, folder: Path) -> None:
    """A table per chip: count, flash and RAM of every candidate, median row, at -Os."""
    models = {}
    for name in NAMES:
        directory = trained(name, 0, folder, recipe)
        mlp, rows = directory.mlp(), directory.sample().rows
        given = read_calibration(directory.path / CALIBRATION, mlp.inputs).rows
        models[name] = (mlp, rows, dict(_headers(mlp, given, emlearn)))
    for chip in CHIPS:
        if chip.target.name not in names or chip.missing():
            continue
        print(f"\n{chip.target.chip} ({chip.target.name}), {chip.target.counts} of the median row,"
              " flash and RAM with stack in bytes")  # fmt: skip
        for candidate in models["pima"][2]:
            cells = []
            for name, (mlp, rows, headers) in models.items():
                path = folder / f"{name}.h"
                path.write_bytes(export(mlp))
                own = read_header(path)
                text, raw = headers[candidate]
                path.write_text(text)
                ours = MADE_BY_HAND not in candidate and "emlearn" not in candidate
                header = read_header(path) if ours else own._replace(text=text)
                entry = raw_function(header) if raw else PREDICT
                if entry is None:
                    continue
                where = chip if ours else replace(chip, target=with_libm(chip.target))
                try:
                    cost = measure(header, where, rows, entry=entry)
                except ModelError:  # an expf that this libm lacks
                    cells.append(f"{name} does not link")
                    continue
                cells.append(f"{name} {cost.middle:,} {cost.flash:,} {cost.ram:,}")
            if cells:
                print(f"{candidate:16} " + " | ".join(f"{cell:26}" for cell in cells), flush=True)


def _headers(mlp: Mlp, given: Floats, emlearn: Emlearn) -> Iterator[tuple[str, tuple[str, bool]]]:
    """The text of each candidate, and whether it is asked for integers."""
    yield "float32", (export(mlp).decode(), False)
    for dtype, write in EXPORTER.integers.items():
        text = write(replace(mlp, name=f"{mlp.name}_{dtype}"), quantise(mlp, given, dtype)).decode()
        yield dtype, (text, False)
        yield f"{dtype} raw", (text, True)
    plain_mlp = unscaled(mlp)
    yield MADE_BY_HAND, (plain(plain_mlp, mlp.name), False)
    if not emlearn.missing:
        yield f"emlearn {emlearn.version}", (emlearn.header(plain_mlp, mlp.name), False)
