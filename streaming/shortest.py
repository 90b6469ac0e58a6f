"""Numbers as text, each in the fewest digits that read back as itself: many at a time.

NumPy writes the same texts one by one. Here those of usual size are worked out in whole columns:
every step is exact in float64, as the product of a float32 number and a power of ten up to 1e12 has
52 bits at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Floats

_LOW, _HIGH = np.nextafter(np.float32(1e-4), np.float32(1)), np.float32(1e6)
"""From here on, and up to here, numbers are written without an exponent."""
_EXPONENTS = 10.0 ** np.arange(-3, 6)
_POWERS = 10.0 ** np.arange(13)
_WHOLE = 10 ** np.arange(13)
_DIGITS = 9
"""They tell any two float32 numbers apart."""
_LONGEST = 20
"""Characters: a sign, six digits, a point, twelve digits; with an exponent there are fewer."""
_AT_ONCE = 1 << 14


def written(numbers: Floats) -> Any:
    """Numbers (n,) float32 as a pyarrow.BinaryArray of the texts that NumPy writes."""
    import pyarrow as pa

    parts = [
        _texts(np.ascontiguousarray(numbers[start : start + _AT_ONCE]))
        for start in range(0, max(len(numbers), 1), _AT_ONCE)
    ]
    lengths = np.concatenate([length for _, length in parts])
    offsets = np.zeros(len(numbers) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    content = b"".join(text for text, _ in parts)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(content)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(numbers), buffers)


def _texts(numbers: Floats) -> tuple[bytes, NDArray[np.int64]]:
    """The texts of some numbers, one behind the other, and how long each is."""
    size = np.abs(numbers)
    usual = (size >= _LOW) & (size < _HIGH)
    digits, shift = _shortest(np.where(usual, size, np.float32(1)).astype(np.float64))
    marks = np.empty((_LONGEST, len(numbers)), np.uint8)
    marks[0] = np.where(np.signbit(numbers), ord("-"), 0)
    scaled = digits.astype(np.int64) * _WHOLE[12 - shift]
    above, below = np.divmod(scaled, 10**12)
    _write(marks[1:7], above)
    marks[7] = ord(".")
    upper, lower = np.divmod(below, 10**6)
    _write(marks[8:14], upper)
    _write(marks[14:20], lower)
    shown = marks != 0
    leading = trailing = np.ones(len(numbers), np.bool_)
    for place in range(1, 6):
        leading = leading & (marks[place] == ord("0"))
        shown[place] = ~leading
    for place in range(_LONGEST - 1, 8, -1):
        trailing = trailing & (marks[place] == ord("0"))
        shown[place] = ~trailing
    if not usual.all():
        odd = np.flatnonzero(~usual)
        texts = numbers[odd].astype(f"S{_LONGEST}").view(np.uint8).reshape(-1, _LONGEST).T
        marks[:, odd], shown[:, odd] = texts, texts != 0
    by_number = np.ascontiguousarray(shown.T)
    return np.ascontiguousarray(marks.T)[by_number].tobytes(), by_number.sum(axis=1)


def _write(marks: NDArray[np.uint8], numbers: NDArray[np.int64]) -> None:
    """The six digits of whole numbers below 1e6 as characters (6, n)."""
    left = numbers.astype(np.uint32)
    for place in range(5, -1, -1):
        rest = left // 10
        marks[place] = left - rest * 10 + ord("0")
        left = rest


def _shortest(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Digits as a whole number, and how many of them stand behind the point.

    Of the decimals with the fewest digits that are nearer to a number than to any other float32
    number, the nearest. Ends of that range belong to even mantissas, as rounding has it.
    """
    mantissa, exponent = np.frexp(numbers)
    half = np.ldexp(1.0, exponent - 25)
    even = np.ldexp(mantissa, 24).astype(np.int64) % 2 == 0
    edge = mantissa == 0.5  # below a power of two, numbers lie half as far apart
    places = _DIGITS - 1 - (np.searchsorted(_EXPONENTS, numbers, side="right") - 4)
    scale = _POWERS[places]
    digits, shift = np.rint(numbers * scale), places.copy()
    rows = np.arange(len(numbers))
    for fewer in range(1, _DIGITS):
        place = places[rows] - fewer
        power, coarse = _POWERS[np.maximum(place, 0)], _POWERS[np.maximum(-place, 0)]
        exact = numbers[rows] * power
        found = np.rint(exact / coarse) * coarse
        off, most = found - exact, half[rows] * power
        reach = np.where(edge[rows] & (off < 0), most / 2, most)
        fits = (np.abs(off) < reach) | ((np.abs(off) == reach) & even[rows])
        rows = rows[fits]
        if not rows.size:
            break
        digits[rows], shift[rows] = found[fits], np.maximum(place[fits], 0)
    return digits, shift
