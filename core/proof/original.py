"""What exports are held against: the model as its owner has it, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Dense, Mlp, Rows
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.walk import sources

PredictAny = Callable[[Rows], NDArray[np.floating[Any]]]
"""Raw readings (n, inputs) in, predictions (n, outputs) out, in whatever it computes in."""


class Steps(NamedTuple):
    """A network as its original carries it out, step by step, nothing folded into anything.

    Attributes:
        mlp: a network of the same features and predictions; its bound is that of the original.
    """

    mlp: Mlp


@dataclass(frozen=True, eq=False)
class Original:
    """A model that something here runs, and what is known of its rounding.

    Attributes:
        name: of its file, or of its class where it is an object.
        runtime: what runs it, such as "keras", "onnxruntime" or "scikit-learn".
        predict: raw readings (n, features) float32 in, predictions (n, outputs) out, as the
            ``Mlp`` gives them: probabilities rather than logarithms, one column for two classes.
        steps: what it computes one after the other; None where its rounding is not derived.
        accuracy: how exact its activations are.
        missing: why nothing here runs it; ``predict`` is then the float64 reference. None where
            something does.
        underived: why its rounding is not derived, a clause; "" where it is.
    """

    name: str
    runtime: str
    predict: PredictAny
    steps: Steps | None
    accuracy: Mapping[str, Accuracy] = field(default_factory=lambda: ANY)
    missing: str | None = None
    underived: str = ""


def in_doubles(mlp: Mlp) -> Steps:
    """Of an original that computes in float64, whose weights and biases a network has rounded.

    The bound of a network covers a rounding of each product, hence of each weight, and none of a
    bias. So its biases become weights of a unit that is always 1.

    Args:
        mlp: the network, its numbers rounded to float32 once.
    """
    width = mlp.encoding.width
    one = Dense(np.zeros((1, width), np.float32), np.ones(1, np.float32), "linear", (0,))
    layers = [one]
    for number, layer in enumerate(mlp.layers, start=1):
        reads = tuple(value + (value > 0) for value in sources(layer, number))
        layers.append(
            replace(
                layer,
                weights=np.column_stack([layer.weights, layer.bias]),
                bias=np.zeros_like(layer.bias),
                reads=(*reads, 1),
                times=None if layer.times is None else layer.times + (layer.times > 0),
            )
        )
    heads = tuple(head + 1 for head in mlp.heads)
    return Steps(replace(mlp, layers=tuple(layers), heads=heads))
