"""Shapes of results, worked out before a runtime makes room for them.

A shape is a tuple of sizes whose first may be ``ROWS``, one per row of the table. Rows stay rows:
nothing that grows with the square of their number passes, nor a row that takes more than
``LARGEST`` numbers. Every function raises ValueError, in one line.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

ROWS = -1
Shape = tuple[int, ...]
OTHER_KIND = (
    "a model of another kind; one input (rows, features) and one output (rows, predictions) in "
    "float32 would do"
)
"""What is said of a file whose ends are no table's."""
LARGEST = 2**22
"""Numbers of a result, for each row; a layer of a table's network has thousands."""
MOST_AXES = 4
"""Of a result; kernels that go through more are seldom tried."""
MOST_RESULTS = 5_000
"""Operators of a network; a layer takes about four."""
MOST_NUMBERS = 2**26
"""Of all results together, for each row; weights that are widened from float16 are among them."""


def check_total(results: Sequence[Shape]) -> None:
    """Refuse results that are too many together."""
    total = sum(abs(math.prod(shape)) for shape in results)
    if len(results) > MOST_RESULTS or total > MOST_NUMBERS:
        raise ValueError(
            f"{len(results):,} operators with results of {total:,} numbers; {MOST_RESULTS:,} and "
            f"{MOST_NUMBERS:,} would do"
        )


def checked(shape: Shape) -> Shape:
    """The shape, if room can be made for it."""
    sizes = shape[1:] if shape[:1] == (ROWS,) else shape
    if any(size < 0 for size in sizes) or len(shape) > MOST_AXES:
        raise ValueError(f"a result of the shape {shape}")
    if math.prod(sizes) > LARGEST:
        raise ValueError(f"a result of the shape {shape}, more than {LARGEST:,} numbers")
    return shape


def together(shapes: Sequence[Shape]) -> Shape:
    """Of an operator that goes through its inputs side by side, repeating sizes of 1."""
    rank = max(map(len, shapes))
    result = []
    for sizes in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        others = {size for size in sizes if size != 1}
        if len(others) > 1:
            raise ValueError(f"shapes that do not go together: {', '.join(map(str, shapes))}")
        result.append(others.pop() if others else 1)
    return checked(tuple(result))


def multiplied(left: Shape, right: Shape) -> Shape:
    """Of a product of matrices; the right one has two dimensions."""
    if len(right) != 2 or len(left) < 2 or left[-1] != right[0] or ROWS in right:
        raise ValueError(f"a product of the shapes {left} and {right}")
    return checked((*left[:-1], right[1]))


def joined(shapes: Sequence[Shape], axis: int) -> Shape:
    """Of several put one behind the other along an axis."""
    first = shapes[0]
    axis = axis_of(first, axis)
    total = 0
    for shape in shapes:
        other = (*shape[:axis], first[axis], *shape[axis + 1 :])
        if len(shape) != len(first) or other != first or shape[axis] == ROWS:
            raise ValueError(f"shapes that do not go together: {first} and {shape}")
        total += shape[axis]
    return checked((*first[:axis], total, *first[axis + 1 :]))


def gathered(data: Shape, indices: Shape, axis: int) -> Shape:
    """Of parts that are picked along an axis."""
    axis = axis_of(data, axis)
    if data[axis] == ROWS:
        raise ValueError("rows that are picked by their number")
    return checked((*data[:axis], *indices, *data[axis + 1 :]))


def picked(data: Shape, indices: Shape, axis: int) -> Shape:
    """Of numbers that are picked along an axis, one for each index."""
    axis = axis_of(data, axis)
    others = (*data[:axis], *data[axis + 1 :])
    if data[axis] == ROWS or others != (*indices[:axis], *indices[axis + 1 :]):
        raise ValueError(f"numbers of the shape {data} that are picked at the shape {indices}")
    return checked(indices)


def reduced(shape: Shape, axes: Sequence[int], keep: bool) -> Shape:
    """Of what is summed up, or the like, along axes."""
    gone = {axis_of(shape, axis) for axis in axes}
    if any(shape[axis] == ROWS for axis in gone):
        raise ValueError("rows that are made one")
    sizes = [1 if i in gone else size for i, size in enumerate(shape)]
    return checked(tuple(size for i, size in enumerate(sizes) if keep or i not in gone))


def reshaped(shape: Shape, target: Sequence[int]) -> Shape:
    """Of the same numbers in another shape, one size of which may be -1; rows stay first."""
    sizes = list(target)
    if shape[:1] == (ROWS,):
        if sizes[:1] not in ([-1], [0]) or -1 in sizes[1:]:
            raise ValueError(f"rows of the shape {shape[1:]} that become {tuple(sizes)}")
        sizes, held = sizes[1:], math.prod(shape[1:])
        if math.prod(sizes) != held or min(sizes, default=1) < 1:
            raise ValueError(f"rows of the shape {shape[1:]} that become {tuple(sizes)}")
        return checked((ROWS, *sizes))
    held, known = math.prod(shape), math.prod(size for size in sizes if size != -1)
    if -1 in sizes and known > 0:
        sizes[sizes.index(-1)] = held // known
    if min(sizes, default=1) < 0 or math.prod(sizes) != held:
        raise ValueError(f"the shape {shape} that becomes {tuple(target)}")
    return checked(tuple(sizes))


def widened(shape: Shape, axes: Sequence[int]) -> Shape:
    """With sizes of 1 put in."""
    rank = len(shape) + len(axes)
    places = {axis % rank if -rank <= axis < rank else rank for axis in axes}
    if len(places) != len(axes) or rank in places or (0 in places and shape[:1] == (ROWS,)):
        raise ValueError(f"the shape {shape} with axes {tuple(axes)}")
    sizes = iter(shape)
    return checked(tuple(1 if i in places else next(sizes) for i in range(rank)))


def narrowed(shape: Shape, axes: Sequence[int]) -> Shape:
    """With sizes of 1 taken out."""
    gone = {axis_of(shape, axis) for axis in axes}
    if any(shape[axis] != 1 for axis in gone):
        raise ValueError(f"the shape {shape} without axes {tuple(axes)}")
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def axis_of(shape: Shape, axis: int) -> int:
    """The number of an axis, from the front."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {axis} of the shape {shape}")
    return axis % len(shape)
