"""Renders figures as PNG and SVG, with the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.finding import Finding
from mlp_edge.plots.fonts import fall_back
from mlp_edge.plots.style import DPI, Figure, styled

SHOWN = 10
"""Letters that a message shows."""
PASSES = 8
"""Most attempts at a layout; it moves half as far with each."""
_SUFFIXES = {
    # Matplotlib stamps its version and the date unless told not to.
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
}


class Pictures(NamedTuple):
    """Figures that were rendered.

    Attributes:
        files: name -> content.
        findings: of letters that no font of this machine has.
    """

    files: dict[str, bytes]
    findings: tuple[Finding, ...]


@styled
def rendered(figures: Mapping[str, Figure]) -> Pictures:
    """Each figure as ``NAME.png`` (160 dpi) and ``NAME.svg`` (text as text).

    The same figures are the same bytes, with the same fonts where they have letters that DejaVu
    Sans lacks.
    """
    boxes = fall_back(figures.values())
    files = {
        f"{name}.{suffix}": _bytes(figure, suffix)
        for name, figure in figures.items()
        for suffix in _SUFFIXES
    }
    return Pictures(files, (_boxes_finding(boxes),) if boxes else ())


def _boxes_finding(letters: str) -> Finding:
    more = f" and {len(letters) - SHOWN} more" if len(letters) > SHOWN else ""
    return Finding(
        "glyphs",
        f"no installed font has {' '.join(letters[:SHOWN])}{more}: the PNG pictures show boxes for "
        "that; a font that has it, such as one of Noto's, would do (the SVG pictures are drawn "
        "with the fonts of whoever looks at them)",
    )


def _bytes(figure: Figure, suffix: str) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings():
        # Of those ``fall_back`` has told; in SVG the reader's own fonts have them.
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
