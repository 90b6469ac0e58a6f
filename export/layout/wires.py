"""Which C variable holds each value of a network, and where it lies, whatever its wires are.

Values that a layer reads one after the other stand side by side, so that a kernel reads them as
one. A value that cannot stand beside all that it is read with is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from mlp_edge.export.c.text import at
from mlp_edge.export.layout.memory import Memory, Place, Vector, placed
from mlp_edge.export.layout.planner import Life, planned
from mlp_edge.walk import Node, is_chain, readers, sources

_SHARED = "A value keeps its place until the last layer that reads it; then others take it."


class Copy(NamedTuple):
    """A value that is copied, to stand beside others.

    Attributes:
        target: where to, as a C expression.
        value: its number.
    """

    target: str
    value: int


class Wires(NamedTuple):
    """What each layer reads, as C.

    Attributes:
        memory: the array, and the variables that point into it.
        inputs: of each layer, the variable with its inputs one after the other; "" where it reads
            several values, each where it stands.
        copies: number of a layer -> what is copied before it is computed.
    """

    memory: Memory
    inputs: Sequence[str]
    copies: Mapping[int, Sequence[Copy]]


class _Slot(NamedTuple):
    """Room for a value: its own, or that of a copy which one layer reads.

    Attributes:
        value: its number.
        copy: number of that layer, and which of its inputs the copy is; () of a value's own.
    """

    value: int
    copy: tuple[int, ...] = ()


_Row = list[_Slot]


def wired(
    layers: Sequence[Node], vectors: Sequence[Vector], elsewhere: Set[int], apart: Set[int]
) -> Wires:
    """Give every value a place.

    Args:
        layers: of the network.
        vectors: its values, from number 0 on.
        elsewhere: the numbers of values that have an array of their own.
        apart: the numbers of layers that read each value where it stands.
    """
    reads = {number: sources(layer, number) for number, layer in enumerate(layers, start=1)}
    joins = {n: read for n, read in reads.items() if len(read) > 1 and n not in apart}
    inputs = [
        _inputs(n) if n in joins else vectors[read[0]].name if len(read) == 1 else ""
        for n, read in reads.items()
    ]
    inside = [value for value in range(len(vectors)) if value not in elsewhere]
    if is_chain(layers):
        return Wires(placed([vectors[value] for value in inside]), inputs, {})
    rows, joined = _side_by_side(joins, inside)
    slots = [*map(_Slot, inside), *(slot for row in rows for slot in row if slot.copy)]
    index = {slot: place for place, slot in enumerate(slots)}
    width, starts = planned(
        [_life(slot, layers, vectors) for slot in slots],
        [[index[slot] for slot in row] for row in rows],
    )
    places = [
        Place(vectors[slot.value].name, _in_memory(start), _until(slot, layers, vectors))
        for slot, start in zip(slots, starts, strict=True)
        if not slot.copy
    ]
    for number, row in joined.items():
        start = _in_memory(starts[index[row[0]]])
        places.append(Place(_inputs(number), start, f"{len(row)} values side by side"))
    copies = {number: list(_copies(number, row, vectors)) for number, row in joined.items()}
    return Wires(Memory(width, str(width), places, _SHARED), inputs, copies)


def _inputs(number: int) -> str:
    """The variable with the inputs of a layer that reads several values as one."""
    return f"layer{number}_inputs"


def _in_memory(start: int) -> str:
    return f"memory + {start}" if start else "memory"


def _life(slot: _Slot, layers: Sequence[Node], vectors: Sequence[Vector]) -> Life:
    width = vectors[slot.value].width
    if slot.copy:
        return Life(width, slot.copy[0], slot.copy[0])
    return Life(width, slot.value, max(readers(layers, slot.value), default=slot.value))


def _until(slot: _Slot, layers: Sequence[Node], vectors: Sequence[Vector]) -> str:
    width, _, last = _life(slot, layers, vectors)
    return f"{width} number{'s' * (width > 1)}, until layer {last}"


def _copies(number: int, row: _Row, vectors: Sequence[Vector]) -> Iterator[Copy]:
    """What stands in the row of a layer as a copy."""
    start = 0
    for slot in row:
        if slot.copy:
            yield Copy(at(_inputs(number), start), slot.value)
        start += vectors[slot.value].width


def _side_by_side(
    joins: Mapping[int, Sequence[int]], inside: Sequence[int]
) -> tuple[list[_Row], dict[int, _Row]]:
    """Rows of neighbours, and the part of a row that each layer reads.

    Values stand beside each other by themselves where that is possible. Where it is not, those
    that have no neighbours yet keep their place in the new row, and the others are copied.
    """
    rows: list[_Row] = []
    joined = {}
    for number, values in joins.items():
        wanted = [_Slot(value) for value in values]
        found = _linked(rows, wanted) if set(values) <= set(inside) else None
        if found is None:
            taken = {slot for row in rows for slot in row}
            for place, slot in enumerate(wanted):
                if slot.value not in inside or slot in taken or slot in wanted[:place]:
                    wanted[place] = _Slot(slot.value, (number, place))
            found = [*rows, wanted]
        rows, joined[number] = found, wanted
    return rows, joined


def _linked(rows: Sequence[_Row], wanted: _Row) -> list[_Row] | None:
    """The rows with these slots side by side; None where others stand between them."""
    found = [list(row) for row in rows]
    found += [[slot] for slot in dict.fromkeys(wanted) if not any(slot in row for row in found)]
    for left, right in pairwise(wanted):
        first, second = (next(row for row in found if slot in row) for slot in (left, right))
        if first is not second and first[-1] == left and second[0] == right:
            first += second
            found = [row for row in found if row is not second]
        elif first is not second or first.index(right) != first.index(left) + 1:
            return None
    return found
