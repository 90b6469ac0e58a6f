"""A model in the reader's browser: controls for its readings, and the modules that predict them.

The arithmetic is that of the JavaScript export, unchanged: each module is a script of its own, and
its names are its own. ``assets/playground.js`` takes readings to it, and predictions to the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from mlp_edge.export.scripts import javascript
from mlp_edge.feature import Feature
from mlp_edge.foreign import printable
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.declared import ranges
from mlp_edge.proof.golden import readings, rounded_up
from mlp_edge.report.modules import modules_of, registered
from mlp_edge.report.rendering import asset, environment

MOST_ROWS = 200
"""Held-out rows that the page takes with it."""
MOST_CELLS = 20_000
"""Readings in them, which a wide table has sooner."""
AT_ONCE = 40
"""Features that are in sight; more of them are one click away."""
POSITIONS = 100
"""Of a slider, at least: its step is a power of ten."""


class Fragment(NamedTuple):
    """The part of a page that holds the playground.

    Attributes:
        markup: a section with its heading, no script and no style that runs.
        style: the text of a style element.
        scripts: the texts of inline ``<script type="module">`` elements, in order. None of them
            needs a network, a blob or eval: their hashes will do for a content security policy.
    """

    markup: Markup
    style: str
    scripts: tuple[str, ...]


class Slider(NamedTuple):
    """A range input: decimal numbers as text, the ends at or just beyond those of a feature."""

    low: str
    high: str
    step: str


def playground(
    mlp: Mlp,
    quantised: Sequence[Quantised] = (),
    *,
    rows: Rows,
    targets: Sequence[Sequence[str]] = (),
    called: str = "held-out",
    bounds: Sequence[float] | None = None,
) -> Fragment:
    """Put a model into a page.

    Args:
        mlp: the network.
        quantised: the same in int8, int16 or int24.
        rows: raw readings (n, inputs), at least one: held-out rows, or what stands for them. They
            have the ranges of features that declare none.
        targets: the cells of the target columns of each row; () where nobody knows them.
        called: which rows these are, such as "held-out".
        bounds: of every output, how far any float32 runtime is from the exact prediction, in all
            rows of the declared ranges: a certificate of ``mlp_edge.parity``. None where none is
            proved.

    Returns:
        The fragment; without a script where no module can be had, which it gives the reason for.
    """
    modules, refused = modules_of(mlp, quantised)
    proved = _proved(bounds)
    data = _told(mlp, [*modules], rows, targets) | {"bounds": proved}
    markup = (
        environment()
        .get_template("playground.html.jinja")
        .render(
            mlp=mlp,
            dtypes=[*modules],
            refused=[(dtype, printable(reason)) for dtype, reason in refused],
            outputs=_outputs(mlp),
            controls=[*_controls(mlp, rows)],
            at_once=AT_ONCE,
            called=called,
            bound=proved and f"{max(proved):g}".replace("e-0", "e-"),
            threshold=str(mlp.threshold),
            data=Markup(javascript.text(data)),  # noqa: S704 (ASCII JSON without a <)
        )
    )
    if not modules:
        return Fragment(Markup(markup), "", ())  # noqa: S704 (autoescaped)
    scripts = *(registered(*module, mlp) for module in modules.items()), asset("playground.js")
    return Fragment(Markup(markup), asset("playground.css"), scripts)  # noqa: S704


def _told(
    mlp: Mlp, dtypes: Sequence[str], rows: Rows, targets: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """What the script knows of the model and of some rows."""
    low, high = ranges(mlp, rows)
    kept = _spread(len(rows), min(MOST_ROWS, max(MOST_CELLS // mlp.inputs, 1)))
    golden = len(readings(mlp))
    return {
        "task": mlp.task,
        "labels": _labels(mlp),
        "names": [*map(printable, mlp.targets)],
        "threshold": float(mlp.threshold),
        "features": [*map(_described, mlp.features, low.tolist(), high.tolist())],
        "models": [
            {"dtype": dtype, "integers": dtype != "float32", "golden": golden} for dtype in dtypes
        ],
        "typical": _cells(_typical(mlp, rows)[None])[0],
        "rows": _cells(rows[kept]),
        "targets": [[*map(printable, targets[row])] for row in kept] if targets else [],
    }


def _proved(bounds: Sequence[float] | None) -> list[float] | None:
    """Bounds, whose last digits differ between processors, in two; None where one is none."""
    if bounds is None or not np.isfinite(bounds).all():
        return None
    found: list[float] = rounded_up(np.array(bounds, np.float64)).tolist()
    return found


# Readings


def _described(feature: Feature, low: float, high: float) -> dict[str, Any]:
    """What the script knows of a feature; what does not apply is left out."""
    found: dict[str, Any] = {"unit": printable(feature.unit)}
    if feature.codes:
        found["codes"] = [*feature.codes]
    else:
        found |= {"low": low, "high": high}
    if feature.sentinel is not None:
        found["sentinel"] = feature.sentinel
    if feature.fill is not None:
        found["filled"] = printable(feature.write(np.float32(feature.fill)))
    return found


def _controls(mlp: Mlp, rows: Rows) -> Iterator[dict[str, Any]]:
    """What the template asks about each feature."""
    low, high = ranges(mlp, rows)
    for index, feature in enumerate(mlp.features):
        known = rows[~mlp.encoding.missing(rows)[:, index], index]
        yield {
            "name": _visible(feature.name, f"feature {index + 1}"),
            "unit": printable(feature.unit),
            "categories": [
                (code, _visible(name, f"category {code}"))
                for name, code in zip(feature.categories, feature.codes, strict=True)
            ],
            "unknown": feature.unknown_code,
            "slider": None if feature.codes else slider(low[index], high[index], known),
            "can_be_missing": feature.fill is not None or feature.sentinel is not None,
        }


def _visible(name: str, otherwise: str) -> str:
    """A name that a label can show."""
    return printable(name).strip() or otherwise


def slider(low: float, high: float, values: Rows) -> Slider | None:
    """A slider from the lowest to the highest reading; None where there is nothing between.

    Args:
        low: the lowest.
        high: the highest.
        values: readings (n,); where all are integers, the slider knows no others.
    """
    span = high - low
    if not 0 < span < math.inf:
        return None
    digits = math.floor(math.log10(span / POSITIONS))
    if len(values) and (values == np.rint(values)).all():
        digits = max(digits, 0)
    step = Decimal(1).scaleb(digits)
    ends = (
        (Decimal(repr(float(end))) / step).to_integral_value(rounding) * step
        for end, rounding in ((low, ROUND_FLOOR), (high, ROUND_CEILING))
    )
    return Slider(*(format(end, "f") for end in (*ends, step)))


def _typical(mlp: Mlp, rows: Rows) -> Rows:
    """A row (inputs,) of the middle reading of each number, and of the most frequent categories."""
    low, high = ranges(mlp, rows)
    missing = mlp.encoding.missing(rows)
    found = []
    for index, feature in enumerate(mlp.features):
        known = np.sort(rows[~missing[:, index], index])
        if feature.codes:
            values, counts = np.unique(known, return_counts=True)
            found.append(values[np.argmax(counts)] if len(values) else feature.codes[0])
        else:
            found.append(known[len(known) // 2] if len(known) else (low[index] + high[index]) / 2)
    return np.array(found, np.float32)


def _spread(count: int, most: int) -> list[int]:
    """Up to so many of ``count`` rows, as far apart as they can be."""
    return [*range(0, count, max(1, -(-count // most)))]


def _cells(rows: Rows) -> list[list[float | None]]:
    """Readings in the fewest digits that read back as float32; None where one is missing."""
    return [[None if np.isnan(value) else float(str(value)) for value in row] for row in rows]


# The page


def _labels(mlp: Mlp) -> list[str]:
    return [_visible(label, f"class {number}") for number, label in enumerate(mlp.labels)]


def _outputs(mlp: Mlp) -> list[str]:
    """What each prediction is called."""
    labels = _labels(mlp)
    if mlp.task == "binary":
        return [f"{_visible(mlp.targets[0], 'class')} = {labels[1]}"]
    if mlp.task == "multiclass":
        return labels
    return [_visible(name, "value") for name in mlp.targets]
