"""The one walk through the layers of a network: a chain, or a small graph of dense layers.

Values are numbered: 0 is what goes into the network, n what layer n gives. A layer names the values
that it reads; one that names none reads the value before it, so a chain names nothing. Whatever
goes through a network goes by this walk: exact numbers, float32, intervals, integers, tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from mlp_edge.errors import ModelError


class Node(Protocol):
    """A layer, as far as the walk knows it."""

    @property
    def reads(self) -> tuple[int, ...]:
        """The numbers of the values that are its inputs, one after the other; () for a chain."""

    @property
    def times(self) -> int | None:
        """The number of the value by which its outputs are multiplied, or None."""


NodeT = TypeVar("NodeT", bound=Node)
ValueT = TypeVar("ValueT")


def sources(layer: Node, number: int) -> tuple[int, ...]:
    """The values that layer ``number`` (from 1) reads."""
    return layer.reads or (number - 1,)


def head_numbers(layers: Sequence[Node], heads: tuple[int, ...]) -> tuple[int, ...]:
    """The values whose numbers, one after the other, are the predictions."""
    return heads or (len(layers),)


def is_chain(layers: Sequence[Node], heads: tuple[int, ...] = ()) -> bool:
    """Whether every layer reads the one before it alone, and the last one predicts."""
    return head_numbers(layers, heads) == (len(layers),) and all(
        layer.times is None and sources(layer, number) == (number - 1,)
        for number, layer in enumerate(layers, start=1)
    )


def columns(arrays: Sequence[Any]) -> Any:
    """NumPy arrays (n, width) side by side; a single one as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(list(arrays), axis=1)


def walk(
    layers: Sequence[NodeT],
    given: ValueT,
    step: Callable[[NodeT, ValueT, ValueT | None], ValueT],
    join: Callable[[Sequence[ValueT]], ValueT] = columns,
) -> Iterator[ValueT]:
    """Yield what each layer gives, in order. A value is let go when no layer reads it any more.

    Args:
        layers: in an order in which each reads values before it.
        given: value 0.
        step: layer, its inputs, the value that it is multiplied by or None -> what it gives.
        join: puts the values that a layer reads side by side. It is also called for one value,
            which it should pass on.
    """
    last = {number: reader for reader, number in _reads(layers)}
    values = {0: given}
    for number, layer in enumerate(layers, start=1):
        inputs = join([values[source] for source in sources(layer, number)])
        gate = None if layer.times is None else values[layer.times]
        values[number] = step(layer, inputs, gate)
        for used in [value for value in values if last.get(value, 0) <= number]:
            if used != number:
                del values[used]
        yield values[number]


def heads_of(
    layers: Sequence[Node],
    heads: tuple[int, ...],
    values: Iterable[ValueT],
    join: Callable[[Sequence[ValueT]], ValueT] = columns,
) -> ValueT:
    """The predictions, from what each layer gives, in order."""
    wanted = head_numbers(layers, heads)
    kept = {number: value for number, value in enumerate(values, start=1) if number in wanted}
    return join([kept[number] for number in wanted])


def readers(layers: Sequence[Node], value: int) -> list[int]:
    """The numbers of the layers that read a value or are multiplied by it."""
    return sorted({reader for reader, number in _reads(layers) if number == value})


def _reads(layers: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """(layer, value) for each value that a layer reads, layers in order."""
    for number, layer in enumerate(layers, start=1):
        gate = () if layer.times is None else (layer.times,)
        for value in (*sources(layer, number), *gate):
            yield number, value


def check_graph(layers: Sequence[Any], width: int, heads: tuple[int, ...]) -> None:
    """Refuse layers that do not fit together.

    Args:
        layers: each with ``inputs`` and ``outputs`` beside what the walk knows.
        width: of value 0.
        heads: of the network.

    Raises:
        ModelError: naming the layer by its number. No layer reads a head, so a head can be
            computed where the predictions go, and in their own precision.
    """
    widths = [width]
    for number, layer in enumerate(layers, start=1):
        for value in (*layer.reads, *(() if layer.times is None else (layer.times,))):
            if not 0 <= value < number:
                raise ModelError(f"layer {number} reads value {value}, which is not before it")
        arrive = sum(widths[value] for value in sources(layer, number))
        if layer.inputs != arrive:
            raise ModelError(f"layer {number} takes {layer.inputs} inputs but is given {arrive}")
        if layer.times is not None and widths[layer.times] not in (1, layer.outputs):
            raise ModelError(
                f"layer {number} multiplies {layer.outputs} units by {widths[layer.times]}"
            )
        widths.append(layer.outputs)
    if len(set(heads)) != len(heads) or not all(1 <= head <= len(layers) for head in heads):
        raise ModelError(f"the heads {heads} are not each another of {len(layers)} layers")
    read, predict = {value for _, value in _reads(layers)}, set(head_numbers(layers, heads))
    for number in range(1, len(layers) + 1):
        if number not in read | predict:
            raise ModelError(f"nothing reads layer {number}")
        if number in read & predict:
            raise ModelError(
                f"layer {number} is a head and read by layer {min(readers(layers, number))}; "
                "a layer that passes it on would do for the head"
            )
