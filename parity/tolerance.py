"""How far a float32 artifact may be from the reference. Nothing else states a tolerance."""

from __future__ import annotations

import numpy as np

from mlp_edge.reference import Doubles

TOLERANCE = 1e-5
"""A value passes at |difference| <= TOLERANCE * max(1, |reference|): some 80 float32 roundings
at 1. Chosen by hand, where a proved bound would be better."""


def allowed(reference: Doubles) -> Doubles:
    """The largest difference that passes, for each reference value."""
    return TOLERANCE * np.maximum(1.0, np.abs(reference))
