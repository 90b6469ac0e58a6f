"""What exports are held against: the model as its owner has it, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.bound import EXACTLY, Slacks, bound
from mlp_edge.proof.folding import folded_bound, rounded
from mlp_edge.reference import Doubles, distance, predict

PredictAny = Callable[[Rows], NDArray[np.floating[Any]]]
"""Raw readings (n, inputs) in, predictions (n, outputs) out, in whatever it computes in."""


class Steps(NamedTuple):
    """A network as its original carries it out, step by step, nothing folded into anything.

    Attributes:
        mlp: a network of the same features and predictions; its bound is that of the original.
        slacks: how far the numbers that the original computes with may be from its.
    """

    mlp: Mlp
    slacks: Slacks = EXACTLY

    def allowed(self, mlp: Mlp, rows: Rows, accuracy: Mapping[str, Accuracy]) -> Doubles:
        """How far the original may be from the float64 reference of a network.

        Args:
            mlp: the network, which may be folded.
            rows: raw readings (n, inputs).
            accuracy: how exact the original's activations are.

        Returns:
            (n, outputs): the bound of the steps, and how far they are from the network in float64,
            as far as rounding its numbers once explains that.
        """
        own = bound(self.mlp, rows, accuracy, self.slacks)
        if self.mlp is mlp:
            return own
        apart = distance(predict(self.mlp, rows), predict(mlp, rows))
        return own + np.minimum(apart, folded_bound(mlp, rows) + own)


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
    """Of an original that computes in float64, whose numbers a network has rounded to float32."""
    return Steps(mlp, rounded(mlp))
