"""Letters that the font of all pictures lacks, in other fonts of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from mlp_edge.lazy import require
from mlp_edge.plots.style import Figure, styled

_BOXES = "Last Resort"
"""A font of boxes, which comes with Matplotlib and has one for every letter."""


@styled
def fall_back(figures: Iterable[Figure]) -> str:
    """Let every text that its font cannot write fall back to installed fonts that can.

    A figure whose letters the one font has stays as it is, whatever else is installed.

    Args:
        figures: before they are rendered.

    Returns:
        The letters for which a PNG shows boxes, as no installed font has them; "" for none.
    """
    texts = [each for figure in figures for each in _texts(figure)]
    wanted = {text: _lacking(text) for text in texts}
    families = _families(frozenset().union(*wanted.values()))
    for text in (text for text, letters in wanted.items() if letters):
        own = text.get_fontfamily()
        text.set_family([*own, *(each for each in families if each not in own)])
    return "".join(sorted(frozenset().union(*map(_lacking, texts))))


def _texts(figure: Figure) -> Iterator[Any]:
    yield from figure.findobj(require("matplotlib.text").Text)


def _lacking(text: Any) -> frozenset[str]:
    """The letters that none of a text's fonts has, in the weight that it is set in."""
    letters = frozenset(filter(str.isprintable, text.get_text())) - {" "}
    for family in text.get_fontfamily():
        properties = text.get_fontproperties().copy()
        properties.set_family(family)
        letters -= _letters(require("matplotlib.font_manager").findfont(properties))
    return letters


def _families(letters: frozenset[str]) -> list[str]:
    """Installed families that have some of these letters, those without serifs first."""
    if not letters:
        return []
    found = []
    fonts = require("matplotlib.font_manager").fontManager.ttflist
    paths = {font.name: font.fname for font in fonts if font.style == "normal"}
    for name in sorted(paths, key=lambda name: ("Sans" not in name, name)):
        if not letters:
            break
        if not name.startswith(_BOXES) and (there := letters & _letters(paths[name])):
            found.append(name)
            letters -= there
    return found


@cache
def _letters(path: str) -> frozenset[str]:
    """What a font file has; nothing of one that cannot be read."""
    try:
        return frozenset(map(chr, require("matplotlib.ft2font").FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
