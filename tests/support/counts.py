"""Headers that take counts, for tests: their units, and what they output."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlp_edge.export.c import integers
from mlp_edge.integers.quantised import Quantised
from mlp_edge.integers.raw import raw_classes, raw_outputs
from mlp_edge.mlp import Mlp
from mlp_edge.parity.counts import rows_of_counts
from mlp_edge.raw_units import MISSING, Counts, RawUnits
from mlp_edge.runtime.c import open_header
from mlp_edge.runtime.runtime import RawFunctions
from support.networks import readings


def tenths(mlp: Mlp) -> RawUnits:
    """A unit of its own for every number, some of which fall; codes stay codes."""
    scale = [1.0 if one.codes else (0.1, -0.25, 0.5)[n % 3] for n, one in enumerate(mlp.features)]
    offset = [0.0 if one.codes else (0.0, 3.0)[n % 2] for n, one in enumerate(mlp.features)]
    return RawUnits(tuple(scale), tuple(offset))


def some_counts(mlp: Mlp, numbers: Quantised, units: RawUnits, seed: int = 0) -> Counts:
    """Counts beside steps, counts of usual rows, any counts, and missing ones."""
    random = np.random.default_rng(seed)
    anything = random.integers(MISSING, -MISSING, (300, mlp.inputs))
    beside = rows_of_counts(mlp, numbers, units, readings(mlp, 100, seed))
    return np.vstack([beside[:3000], anything, np.full((1, mlp.inputs), MISSING)])


def assert_right(
    mlp: Mlp, numbers: Quantised, units: RawUnits | None, counts: Counts, folder: Path
) -> None:
    """Outputs and classes of a header are those of the readings that counts stand for."""
    path = folder / f"{mlp.name}.h"
    path.write_bytes(integers.export(mlp, numbers, units))
    with open_header(path) as opened:
        assert opened.raw is not None
        assert opened.raw.units == (units or RawUnits.counts(mlp.inputs))
        assert_functions(mlp, numbers, opened.raw, counts)


def assert_functions(mlp: Mlp, numbers: Quantised, raw: RawFunctions, counts: Counts) -> None:
    """The same of functions that are open."""
    given = counts.astype(np.int16)
    wanted = raw_outputs(mlp, numbers, raw.units, counts)
    np.testing.assert_array_equal(raw.predict(given), wanted)
    assert (raw.classify is None) is not bool(mlp.labels)
    if raw.classify is not None:
        classes = raw_classes(mlp, numbers, raw.units, counts)
        np.testing.assert_array_equal(raw.classify(given), classes)
