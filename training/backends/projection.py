"""Constraints on signs of weights, held in every step by whichever backend trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.lazy import keras

Signs = NDArray[np.int8]
"""1 where a weight never falls below 0, -1 where it never rises above, 0 where it is free."""


class Projection:
    """A constraint of Keras: a weight of the wrong sign becomes 0.

    It belongs to a variable, not to a layer, so no file knows of it.

    Attributes:
        signs: as many as the variable has numbers, in its shape.
    """

    def __init__(self, signs: Signs) -> None:
        self.signs = signs

    def __call__(self, variable: Any) -> Any:
        """The variable's numbers, projected."""
        return keras().ops.where(variable * self.signs.astype(np.float32) < 0, 0.0, variable)


def signs_of(variables: Sequence[Any]) -> bytes | None:
    """The signs of variables laid end to end, int8; None where no weight is constrained."""
    found = [_own(variable) for variable in variables]
    return np.concatenate(found).tobytes() if any(signs.any() for signs in found) else None


def _own(variable: Any) -> Signs:
    constraint = variable.constraint
    if constraint is None:
        return np.zeros(int(np.prod(variable.shape)), np.int8)
    return np.asarray(constraint.signs, np.int8).ravel()
