"""Operators of ONNX that move numbers without changing them, rows and constants alike.

What becomes of a row is found by NumPy, on the places of its numbers instead of the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.graph import WIDEST, Graph, Node, Operator, Rows, Tensor
from mlp_edge.readers.operators.inputs import Readings

BATCH = -(2**30) - 7 * 2**7
"""What Shape gives for the number of rows, as int64, int32 and float32: nothing else comes to it
by computing."""

Places = NDArray[np.intp]


def movable(walk: Graph, node: Node, place: int = 0) -> Rows | Readings:
    """An input whose numbers can be moved."""
    found = walk.given(node, place)
    if isinstance(found, Readings):
        return found
    rows = walk.numbers(node, place)
    if None in rows.shape:
        raise ModelError(f"{node.source} moves numbers of rows whose width the file does not tell")
    return rows


def _moving(do: Callable[[Graph, Node, Places, int], tuple[Places, int]]) -> Operator:
    """An operator that does the same to rows as to a constant.

    Args:
        do: the grid of an array and the axis of its rows (-1 of a constant) -> the same after it.
    """

    def read(walk: Graph, node: Node) -> Tensor:
        found = walk.given(node, 0)
        if isinstance(found, np.ndarray):
            return np.asarray(do(walk, node, found, -1)[0])
        if isinstance(found, Rows) and found.chosen:
            return found
        rows = movable(walk, node)
        return walk.moved(node, rows, *do(walk, node, walk.grid(rows), rows.batch))

    return read


def _axis(node: Node, axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ModelError(f"{node.source} goes along axis {axis} of {rank}")
    return axis % rank


# Shapes


def _flatten(walk: Graph, node: Node) -> Tensor:
    found = walk.rows(node)
    rank = len(found.shape) + 1
    if _axis(node, node.settings.whole("axis", 1), rank + 1) != 1 or found.batch:
        raise ModelError(f"{node.source} makes one row of several")
    return found if len(found.shape) == 1 else _reshaped(walk, node, movable(walk, node), [-1])


def _reshape(walk: Graph, node: Node) -> Tensor:
    found, sizes = walk.given(node, 0), walk.wholes(node, 1, "shape")
    if sizes is None:
        raise ModelError(f"{node.source} reshapes to what stands elsewhere")
    if isinstance(found, np.ndarray):
        return found.reshape(sizes)
    if isinstance(found, Rows):
        if found.chosen or (sizes == [-1] and found.shape in ((1,), ())):
            return found if found.chosen else found._replace(shape=())
        if None in found.shape and len(found.shape) == 1 and len(sizes) == 2:
            return found
        if sizes == [-1, 1] and node.outputs[0] in walk.outputs and found.width != 1:
            walk.remarks.append(f"{node.source} puts the predictions of a row one below the other; "
                                "here they stand side by side")  # fmt: skip
            return found
    rows = movable(walk, node)
    batch = next((at for at, size in enumerate(sizes) if size != 1), -1)
    if len(sizes) < 2 or sizes[batch] not in (-1, 0, BATCH, walk.batch) or rows.batch:
        raise ModelError(f"{node.source} makes {_told(sizes)} of rows"[:160])
    return _reshaped(walk, node, rows, sizes[batch + 1 :], batch)


def _reshaped(
    walk: Graph, node: Node, rows: Rows | Readings, sizes: Sequence[int], batch: int = 0
) -> Tensor:
    known = [
        (rows.shape[at] or 0) if size == 0 and at < len(rows.shape) else size
        for at, size in enumerate(sizes)
    ]
    width = math.prod(size or 0 for size in rows.shape)
    rest = math.prod(size for size in known if size > 0)
    found = [width // rest if size == -1 else size for size in known]
    if min(found, default=1) < 1 or math.prod(found) != width:
        raise ModelError(
            f"{node.source} makes rows of the shape {_told(sizes)} of {rows.shape}"[:200]
        )
    return walk.moved(node, rows, walk.grid(rows).reshape(*[1] * (batch + 1), *found), batch)


def _told(sizes: Sequence[int]) -> str:
    return str([-1 if size == BATCH else size for size in sizes])


def _squeeze(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    axes = walk.wholes(node, 1, "axes")
    if axes is None:
        axes = [at for at, size in enumerate(grid.shape) if size == 1 and at != batch]
    gone = {_axis(node, axis, grid.ndim) for axis in axes}
    if batch in gone or any(grid.shape[at] != 1 for at in gone):
        raise ModelError(f"{node.source} takes axes {axes} out of rows of {grid.shape}"[:160])
    return np.squeeze(grid, tuple(gone)), batch - sum(at < batch for at in gone)


def _unsqueeze(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    axes = walk.wholes(node, 1, "axes")
    if axes is None:
        raise ModelError(f"{node.source} lacks its axes")
    rank = grid.ndim + len(axes)
    new = sorted(_axis(node, axis, rank) for axis in axes)
    kept = [at for at in range(rank) if at not in new]
    if len(kept) != grid.ndim:
        raise ModelError(f"{node.source} puts axes {axes} into rows of {grid.shape}"[:160])
    return np.expand_dims(grid, tuple(new)), kept[batch] if batch >= 0 else -1


def _transpose(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    order = node.settings.wholes("perm") or [*range(grid.ndim)][::-1]
    if sorted(order) != [*range(grid.ndim)]:
        raise ModelError(f"{node.source} orders the axes as {order}"[:160])
    return grid.transpose(order), order.index(batch) if batch >= 0 else -1


def _shape_of(walk: Graph, node: Node) -> Tensor:
    found = walk.given(node, 0)
    if isinstance(found, np.ndarray):
        sizes: list[int | None] = [*found.shape]
    else:
        rows = found if isinstance(found, Readings) else walk.rows(node)
        batch = walk.batch or BATCH
        sizes = [*rows.shape[: rows.batch], batch, *rows.shape[rows.batch :]]
    start, end = node.settings.whole("start", 0), node.settings.whole("end", len(sizes))
    told = sizes[start:end]
    if None in told:
        raise ModelError(f"{node.source} asks for a shape that the file does not tell")
    return np.array(told, np.int64)


# Parts


def _slice(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    starts, ends = (walk.wholes(node, place, name) for place, name in ((1, "starts"), (2, "ends")))
    if starts is None or ends is None:
        raise ModelError(f"{node.source} lacks its starts or its ends")
    axes = walk.wholes(node, 3, "axes") or [*range(len(starts))]
    steps = walk.wholes(node, 4, "steps") or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ModelError(f"{node.source} has starts, ends and axes of different numbers")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = _axis(node, axis, grid.ndim)
        if at == batch:
            if (start, step) != (0, 1) or (end < 2**31 - 1 and end != (walk.batch or BATCH)):
                raise ModelError(f"{node.source} takes some of the rows")
            continue
        # Python means the last one by -1 where ONNX means the one before the first.
        last = None if step < 0 and end < -grid.shape[at] else end
        grid = grid[(slice(None),) * at + (slice(start, last, step),)]
    return grid, batch


def _gather(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    at = _axis(node, node.settings.whole("axis", 0), grid.ndim)
    places = walk.given(node, 1)
    if not isinstance(places, np.ndarray) or places.dtype.kind not in "iu":
        raise ModelError(f"{node.source} looks numbers up by what a row says")
    if at == batch:
        raise ModelError(f"{node.source} takes some of the rows")
    size = grid.shape[at]
    if places.size > WIDEST or ((places < -size) | (places >= size)).any():
        raise ModelError(f"{node.source} takes places that are not there")
    found = np.take(grid, places % size, axis=at)
    return found, batch + (places.ndim - 1 if at < batch else 0)


def _split(walk: Graph, node: Node) -> list[Tensor]:
    found = walk.given(node, 0)
    constant = isinstance(found, np.ndarray)
    rows = None if constant else movable(walk, node)
    grid = found if isinstance(found, np.ndarray) else walk.grid(rows) if rows else np.zeros(0)
    at = _axis(node, node.settings.whole("axis", 0), grid.ndim)
    sizes, count = walk.wholes(node, 1, "split"), len(node.outputs)
    if sizes is None:
        share = -(-grid.shape[at] // count)
        sizes = [share] * (count - 1) + [grid.shape[at] - share * (count - 1)]
    if sum(sizes) != grid.shape[at] or min(sizes, default=0) < 1 or len(sizes) != count:
        raise ModelError(f"{node.source} splits {grid.shape[at]} numbers as {sizes}"[:160])
    if rows is not None and at == rows.batch:
        raise ModelError(f"{node.source} takes some of the rows")
    parts = np.split(grid, np.cumsum(sizes)[:-1], axis=at)
    if rows is None:
        return [*parts]
    return [walk.moved(node, rows, part, rows.batch) for part in parts]


# Repeated


def _expand(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    sizes = walk.wholes(node, 1, "shape")
    if sizes is None:
        raise ModelError(f"{node.source} lacks the shape that it makes")
    behind = grid.ndim - batch
    wanted = [1 if batch >= 0 and at == len(sizes) - behind and size in (BATCH, walk.batch, -1)
              else size for at, size in enumerate(sizes)]  # fmt: skip
    if any(size < 1 for size in wanted):
        raise ModelError(f"{node.source} makes {_told(sizes)} of rows"[:160])
    shape = np.broadcast_shapes(grid.shape, wanted)
    _check_size(node, shape)
    return np.broadcast_to(grid, shape), len(shape) - behind if batch >= 0 else -1


def _tile(walk: Graph, node: Node, grid: Places, batch: int) -> tuple[Places, int]:
    repeats = walk.wholes(node, 1, "repeats")
    if repeats is None or len(repeats) != grid.ndim or min(repeats, default=1) < 1:
        raise ModelError(f"{node.source} repeats rows {repeats} times"[:160])
    _check_size(node, [size * times for size, times in zip(grid.shape, repeats, strict=True)])
    return np.tile(grid, repeats), batch


def _check_size(node: Node, shape: Sequence[int]) -> None:
    if math.prod(shape) > WIDEST:
        raise ModelError(f"{node.source} makes rows of the shape {tuple(shape)}"[:160])


def _concat(walk: Graph, node: Node) -> Tensor:
    parts = [walk.given(node, place) for place in range(len(node.inputs))]
    axis = node.settings.whole("axis", 1)
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate([np.asarray(part) for part in parts], axis)
    if not all(isinstance(part, Rows | Readings) for part in parts):
        raise ModelError(f"{node.source} puts constants beside rows")
    if all(isinstance(part, Readings) for part in parts):
        return _beside(walk, node, [part for part in parts if isinstance(part, Readings)], axis)
    rows = [walk.rows(node, place) for place in range(len(parts))]
    if len(rows) == 2 and axis in (1, -1) and _is_one_minus(walk, *rows):
        return rows[1]._replace(pair=True)
    rows = [walk.numbers(node, place) for place in range(len(parts))]
    if any(None in row.shape for row in rows):
        raise ModelError(f"{node.source} joins rows whose width the file does not tell")
    grid = _joined_grids(walk, node, rows, axis)
    formulas = walk.formulas
    values = [formulas.made(row.form, row.width, node.source) for row in rows]
    whole = formulas.point(formulas.assembly.concatenated(values, node.source))
    flat = Rows(whole, (sum(row.width or 0 for row in rows),))
    return walk.moved(node, flat, grid, rows[0].batch)


def _beside(walk: Graph, node: Node, parts: list[Readings], axis: int) -> Readings:
    grid = _joined_grids(walk, node, parts, axis)
    batch = parts[0].batch
    refusal = next((part.refusal for part in parts if part.refusal), "")
    if len({part.filled for part in parts}) > 1:
        raise ModelError(f"{node.source} joins readings with and without what fills them")
    columns = np.concatenate([part.columns for part in parts])[grid.reshape(-1)]
    shape = (*grid.shape[:batch], *grid.shape[batch + 1 :])
    return parts[0]._replace(columns=columns, shape=shape, refusal=refusal)


def _joined_grids(walk: Graph, node: Node, parts: Sequence[Rows | Readings], axis: int) -> Places:
    """The places of numbers of parts joined along an axis, the parts one after the other."""
    grids, start = [], 0
    for part in parts:
        grids.append(walk.grid(part) + start)
        start += grids[-1].size
    ranks = {(grid.ndim, part.batch) for grid, part in zip(grids, parts, strict=True)}
    if len(ranks) != 1 or _axis(node, axis, grids[0].ndim) == parts[0].batch:
        raise ModelError(f"{node.source} joins rows of several shapes, or rows to rows")
    return np.concatenate(grids, axis)


def _is_one_minus(walk: Graph, one: Rows, other: Rows) -> bool:
    """Whether ``one`` is 1 - ``other`` and that a probability, as of a binary classifier."""
    value = walk.formulas.alone(other.form)
    if value is None or value.function != "sigmoid" or one.shape != (1,) or other.shape != (1,):
        return False
    [term] = other.form
    form = one.form
    return form.keys() == {(), term} and bool((form[()] == 1).all() and (form[term] == -1).all())


MOVING: Mapping[str, Operator] = {
    "Flatten": _flatten, "Reshape": _reshape, "Squeeze": _moving(_squeeze), "Unsqueeze":
    _moving(_unsqueeze), "Transpose": _moving(_transpose), "Shape": _shape_of, "Slice":
    _moving(_slice), "Gather": _moving(_gather), "Split": _split, "Expand": _moving(_expand),
    "Tile": _moving(_tile), "Concat": _concat,
}  # fmt: skip
