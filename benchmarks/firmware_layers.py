"""What a multiply-add takes on each chip in every dtype, beside plain C and the loop by hand.

Two networks differ in one hidden layer: what the longer one takes more is that layer,
requantisation included, and it is divided by the layer's multiply-adds. Hidden layers are linear:
some kernels pass over inputs of 0, and none is. Plain C is what MLP_EDGE_PLAIN_C selects; the loop
by hand has its scaling folded into the first layer. Of the autoencoder the whole network counts,
its integers drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from firmware_peers import MADE_BY_HAND, plain, unscaled
from support.integer_networks import made
from support.networks import network

from mlp_edge.export.c import EXPORTER, export
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.quantise import quantise
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import Header, read_header
from mlp_edge.runtime.chips.firmware import build
from mlp_edge.runtime.chips.simulated import Chip

WIDTHS = (16, 32)
ROWS = 20
AUTOENCODER = network(
    (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640),
    task="regression", name="ad", standardised=False,
)  # fmt: skip
"""Of MLPerf Tiny's shape: a small chip has no room for it."""
ROOM = 1_000_000
"""Bytes of flash that the autoencoder has to have."""


def on_layers(names: list[str], folder: Path) -> None:
    """A line per width and chip; where there is room for it, of the whole autoencoder, too."""
    for chip in CHIPS:
        if chip.target.name not in names or chip.missing():
            continue
        print(f"\n{chip.target.chip} ({chip.target.name}), {chip.target.counts} per multiply-add: "
              "the kernel, plain C")  # fmt: skip
        for width in WIDTHS:
            networks = [
                network((8, *[width] * hidden, 1), "linear", "regression") for hidden in (2, 3)
            ]
            rows = _rows(networks[0])
            headers = [_headers(mlp, folder, _calibrated(rows)) for mlp in networks]
            _print_line(f"{width} x {width}", headers, chip, rows, width * width)
        if chip.target.flash > ROOM:
            headers = [_headers(AUTOENCODER, folder, made)]
            products = sum(layer.weights.size for layer in AUTOENCODER.layers)
            _print_line("autoencoder", headers, chip, _rows(AUTOENCODER)[:1], products)


def _print_line(
    what: str, headers: list[dict[str, Header]], chip: Chip, rows: Rows, products: int
) -> None:
    plain_flags = (*chip.target.flags, "-DMLP_EDGE_PLAIN_C")
    plain_c = replace(chip, target=replace(chip.target, flags=plain_flags))
    cells = []
    for dtype in headers[0]:
        kinds = (chip,) if dtype == MADE_BY_HAND else (chip, plain_c)
        taken = [_taken(kind, [each[dtype] for each in headers], rows) for kind in kinds]
        cells.append(f"{dtype} " + ", ".join(f"{count / products:.2f}" for count in taken))
    print(f"{what:12} " + " | ".join(cells), flush=True)


def _taken(chip: Chip, headers: list[Header], rows: Rows) -> float:
    """What the last network takes more than the one before it, or than nothing; mean of rows."""
    counts = []
    for header in headers:
        with chip.start(build(header, chip.target)) as simulator:
            counts.append(np.mean([simulator.measure(row.tobytes()).count for row in rows]))
    return float(counts[-1] - sum(counts[:-1]))


def _headers(
    mlp: Mlp, folder: Path, integers: Callable[[Mlp, str], Quantised]
) -> dict[str, Header]:
    """A network in every dtype, and as the loop by hand."""
    path = folder / f"{mlp.name}.h"
    texts = {"float32": export(mlp)}
    texts |= {dtype: write(mlp, integers(mlp, dtype)) for dtype, write in EXPORTER.integers.items()}
    headers = {}
    for dtype, text in texts.items():
        path.write_bytes(text)
        headers[dtype] = read_header(path)
    by_hand = plain(unscaled(mlp), mlp.name)
    return {**headers, MADE_BY_HAND: headers["float32"]._replace(text=by_hand)}


def _calibrated(rows: Rows) -> Callable[[Mlp, str], Quantised]:
    return lambda mlp, dtype: quantise(mlp, rows, dtype)


def _rows(mlp: Mlp) -> Rows:
    """From all over the declared ranges."""
    low, high = ([getattr(each, end) for each in mlp.features] for end in ("low", "high"))
    return np.random.default_rng(0).uniform(low, high, (ROWS, mlp.inputs)).astype(np.float32)
