"""The list of layers at the top of a graph's header: what each reads, and which of them predict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# export/c/layer_table.py and the template banner.jinja write what is read here.
_SIZE = re.compile(r"^ \*   layers    (graph of [^,\n]{1,40}, \d{1,7} to \d{1,7}),", re.MULTILINE)
_LIST = re.compile(r"^ \* Layers\. .*\n \*\n((?: \*   .*\n)+)", re.MULTILINE)
_FIRST_LINE = re.compile(r" \*   (\d{1,7}) {2,9}\S.*? of (.*)")
_VALUE = re.compile(r"(?:layer (\d{1,7})|inputs)(?: from \[(\d{1,7})\])?")
_GIVES = re.compile(r"gives outputs? \[(\d{1,7})\]")


class Wires(NamedTuple):
    """What one layer reads.

    Attributes:
        reads: numbers of layers, 0 for the inputs; () for the layer before.
        times: the number of a layer that multiplies its activations; None for none.
        gives: the first output that it gives; None where it predicts nothing.
    """

    reads: tuple[int, ...]
    times: int | None
    gives: int | None


def graph_size(interface: str) -> str:
    """How large a graph is, as ``Mlp.topology`` says it; "" of a chain."""
    found = _SIZE.search(interface)
    return "" if found is None else found[1]


def listed_wires(interface: str) -> dict[int, Wires]:
    """What each layer of a graph reads, by its number; {} of a chain."""
    found = _LIST.search(interface)
    return {} if found is None else dict(map(_wires, _entries(found[1])))


def heads(wires: dict[int, Wires]) -> tuple[int, ...]:
    """The layers that predict, in the order of the outputs; () for the last one alone."""
    found = [(one.gives, number) for number, one in wires.items() if one.gives is not None]
    numbers = tuple(number for _, number in sorted(found))
    return () if len(numbers) < 2 else numbers


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Number and wires of each layer, in one line."""
    number, wires = 0, ""
    for line in text.splitlines():
        if begins := _FIRST_LINE.fullmatch(line):
            if number:
                yield number, wires
            number, wires = int(begins[1]), begins[2]
        else:
            wires += f" {line.removeprefix(' *').strip()}"
    if number:
        yield number, wires


def _wires(entry: tuple[int, str]) -> tuple[int, Wires]:
    number, text = entry
    sums, *others = text.split("; ")
    # A further part of a value that is read already begins behind its first number.
    reads = tuple(int(value or 0) for value, start in _VALUE.findall(sums) if not int(start or 0))
    times = gives = None
    for other in others:
        if other.startswith("times ") and (gate := _VALUE.search(other)):
            times = int(gate[1] or 0)
        elif head := _GIVES.match(other):
            gives = int(head[1])
    return number, Wires(() if reads == (number - 1,) else reads, times, gives)
