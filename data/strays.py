"""Lines that are no rows: a title above the names, units below them, a second header, totals."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
_TOTALS = {
    "total", "totals", "subtotal", "sum", "sums", "mean", "average", "avg", "count", "summe",
    "gesamt", "gesamtsumme", "mittelwert", "somme", "moyenne", "suma", "totale", "media",
}  # fmt: skip


@lru_cache(maxsize=1 << 12)
def folded(text: str) -> str:
    """A text without what the eye does not see: case, blanks, quotes, marks without width."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return "".join(visible.split()).strip("\"'`‘’“”").casefold()


def same_name(text: str, name: str) -> bool:
    """Whether two texts are one name, by the eye."""
    return folded(text) == folded(name)


def is_total(text: str) -> bool:
    """Whether a cell names a line of totals, as spreadsheets end with."""
    words = re.findall(r"\w+", text.casefold())
    return bool(words) and len(words) <= 3 and (words[0] in _TOTALS or words[-1] in _TOTALS)
