"""Networks in integers for tests."""

from __future__ import annotations

from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp
from mlp_edge.quantise import quantise
from support.networks import readings


def quantised(mlp: Mlp, dtype: str = "int8", seed: int = 0) -> Quantised:
    """A random network in integers, calibrated with random rows."""
    return quantise(mlp, readings(mlp, 200, seed), dtype)
