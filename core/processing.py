"""Pre- and post-processing around the dense layers, as operations that any framework carries out.

Keras (``training/network.py``) and TensorFlow (``export/graph.py``) build it, and
``keras_graph.py`` reads it back, so the three can never mean different things. The names are
Keras's classes of operations; what a missing reading does stands in ``feature.py``.

    features ─ known ─ missing? ─ filled ─┬─ numbers ────┐
                          │               ├─ categories ─┼─ prepared ─ mlp ─ clipped ─ prediction
                          └─ indicators ──┼──────────────┘                       │
                                          └─ rejected? ─────────────────── or NaN┘
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding

KERAS_EPSILON = 1e-7
"""Keras's ``epsilon()``: Normalization divides by max(sqrt(variance), epsilon)."""

FEATURES, MLP = "features", "mlp"
"""The name of what goes in, and of the operation that is the dense layers."""

Node = TypeVar("Node")


class Operation(NamedTuple):
    """One step: ``name = kind(first input, *constants, *other inputs)``.

    Attributes:
        name: of its result.
        kind: Isnan, Equal, Where, Take (along axis 1), Cast (to float32), Concatenate
            (along axis 1), Any (along axis 1, kept), Clip, or Sequential for the dense layers,
            whether or not those are a chain.
        inputs: names of earlier results.
        constants: arrays, or plain numbers.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    constants: tuple[NDArray[Any] | float, ...] = ()


def operations(encoding: Encoding, clip: tuple[float, float] | None) -> tuple[Operation, ...]:
    """The operations from raw readings to the prediction, in an order that can be carried out."""
    known = "known" if encoding.has_sentinels else FEATURES
    steps = list(_missing(encoding, known))
    filled = known
    if encoding.imputes:
        filled = "filled"
        steps.append(Operation(filled, "Where", ("missing", known), (encoding.fill,)))
    parts = [] if encoding.plain else list(_parts(encoding, filled))
    for part in parts:
        steps += part
    names = [part[-1].name if part else filled for part in parts]
    if len(names) > 1:
        steps.append(Operation("prepared", "Concatenate", tuple(names)))
    prepared = "prepared" if len(names) > 1 else [filled, *names][-1]
    steps.append(Operation(MLP, "Sequential", (prepared,)))
    result = MLP
    if clip is not None:
        result = "clipped"
        steps.append(Operation(result, "Clip", (MLP,), clip))
    if encoding.rejects:
        steps += _rejecting(filled, result)
    return tuple(steps)


def _missing(encoding: Encoding, known: str) -> Iterator[Operation]:
    if encoding.has_sentinels:
        # First to NaN: every Where then tests for NaN or gives it, which is how tf2onnx can tell
        # that it may not multiply by 0 and 1 instead.
        yield Operation("sentinel", "Equal", (FEATURES,), (encoding.sentinel,))
        yield Operation(known, "Where", ("sentinel", FEATURES), (float("nan"),))
    if encoding.imputes or len(encoding.indicators):
        yield Operation("missing", "Isnan", (known,))


def _parts(encoding: Encoding, filled: str) -> Iterator[list[Operation]]:
    """The pieces of the prepared row; a piece of no operation is the filled row itself."""
    if len(encoding.numbers) == encoding.features:
        yield []
    elif len(encoding.numbers):
        yield [Operation("numbers", "Take", (filled,), (encoding.numbers,))]
    if len(encoding.indicators):
        yield [
            Operation("indicated", "Take", ("missing",), (encoding.indicators,)),
            Operation("indicators", "Cast", ("indicated",)),
        ]
    if len(encoding.codes):
        yield [
            Operation("given_codes", "Take", (filled,), (encoding.categories,)),
            Operation("is_code", "Equal", ("given_codes",), (encoding.codes,)),
            Operation("categories", "Cast", ("is_code",)),
        ]


def _rejecting(filled: str, result: str) -> Iterator[Operation]:
    # Explicitly: a missing category is zeros, and a sentinel a number like any other.
    yield Operation("unknown", "Isnan", (filled,))
    yield Operation("rejected", "Any", ("unknown",))
    yield Operation("answer", "Where", ("rejected", result), (float("nan"),))


def carry_out(
    steps: tuple[Operation, ...], features: Node, do: Callable[[Operation, list[Node]], Node]
) -> Node:
    """Carry out every operation; returns the last result.

    Args:
        steps: as ``operations`` gives them.
        features: the raw readings, in whatever form ``do`` takes.
        do: carries out one operation on its inputs.
    """
    results: dict[str, Node] = {FEATURES: features}
    last = features
    for step in steps:
        last = results[step.name] = do(step, [results[name] for name in step.inputs])
    return last


def same(one: tuple[Operation, ...], other: tuple[Operation, ...]) -> bool:
    """Whether two lists say the same, in whatever order."""
    return _facts(one) == _facts(other)


def _facts(steps: tuple[Operation, ...]) -> dict[str, object]:
    return {
        step.name: (
            step.kind,
            step.inputs,
            [
                (np.shape(constant), np.asarray(constant, np.float32).tobytes())
                for constant in step.constants
            ],
        )
        for step in steps
    }
