"""Renders figures as PNG and SVG, with the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mlp_edge.plots.style import DPI, Figure, styled

PASSES = 8
"""Most attempts at a layout; it moves half as far with each."""
_SUFFIXES = {
    # Matplotlib stamps its version and the date unless told not to.
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
}


@styled
def rendered(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Each figure as ``NAME.png`` (160 dpi) and ``NAME.svg`` (text as text).

    The same figures are the same bytes.
    """
    return {
        f"{name}.{suffix}": _bytes(figure, suffix)
        for name, figure in figures.items()
        for suffix in _SUFFIXES
    }


def _bytes(figure: Figure, suffix: str) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A box stands for an emoji in PNG; in SVG the reader's own fonts have it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        settle(figure)
        figure.savefig(content, format=suffix, dpi=DPI, metadata=_SUFFIXES[suffix])
    return content.getvalue()


def settle(figure: Figure) -> None:
    """Lay the figure out until nothing moves by a pixel, and then for good.

    One pass is not enough where a panel keeps its aspect, and another draw would move it again.
    """
    if figure.get_layout_engine() is None:
        return
    before = _places(figure)
    for _ in range(PASSES):
        figure.draw_without_rendering()
        after = _places(figure)
        if np.abs(after - before).max() * max(figure.bbox.size) < 1:
            break
        before = after
    figure.set_layout_engine("none")


def _places(figure: Figure) -> NDArray[np.float64]:
    """Where each panel is (panels, 4), in shares of the figure."""
    return np.array([axes.get_position().bounds for axes in figure.axes], np.float64)
