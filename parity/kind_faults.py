"""What converters and runtimes have made of NaN and of infinities, as functions of an Mlp's sums.

No network of other weights does this, so these stand apart from ``faults.py``. The tests plant each
and require FAIL; where an answer is of another kind than it has to be, each is tried as an
explanation. To add one: a line in ``CHANGES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from mlp_edge.mlp import Dense, Mlp, Rows
from mlp_edge.proof.bound import LARGEST
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.walk import heads_of, walk

Change = Callable[[Doubles], Doubles]


@dataclass(frozen=True)
class KindFault:
    """One thing gone wrong.

    Attributes:
        kind: a word for the kind of fault.
        layer: number of the layer it is in, from 1; 0 for every layer alike.
        says: the likely cause, in words.
        change: sums (n, outputs) of a layer -> what its activation is given instead.
    """

    kind: str
    layer: int
    says: str
    change: Change

    def predict(self, mlp: Mlp, rows: Rows) -> Doubles:
        """What comes out, (n, outputs), for raw readings (n, inputs)."""
        x = mlp.encoding.encode(rows.astype(np.float64))
        numbers = count(1)

        def step(layer: Dense, given: Doubles, gate: Doubles | None) -> Doubles:
            z = _in_float32(given @ layer.weights.astype(np.float64).T + layer.bias)
            number = next(numbers)
            z = self.change(z) if self.layer in (0, number) else z
            value = FORMULAS[layer.activation](z)
            return value if gate is None else _in_float32(value * gate)

        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if mlp.scaling is not None:
                x = _in_float32(x - mlp.scaling.mean) / mlp.scaling.std
            x = heads_of(mlp.layers, mlp.heads, walk(mlp.layers, x, step))
        if mlp.clip is not None:
            x = np.clip(x, *mlp.clip)
        return np.where(mlp.encoding.rejected(rows)[:, None], np.nan, x)


def _in_float32(x: Doubles) -> Doubles:
    return np.where(np.abs(x) > LARGEST, np.copysign(np.inf, x), x)


CHANGES: dict[str, tuple[str, Change]] = {
    "NaN to 0": ("its activation turns NaN into 0", lambda z: np.where(np.isnan(z), 0, z)),
    "NaN to infinity": ("NaN becomes infinity", lambda z: np.where(np.isnan(z), np.inf, z)),
    "infinity to NaN": (
        "a sum beyond the largest float32 becomes NaN",
        lambda z: np.where(np.isinf(z), np.nan, z),
    ),
    "clamped": (
        "a sum beyond the largest float32 becomes that number, as without XNNPACK in LiteRT",
        lambda z: np.clip(z, -LARGEST, LARGEST),
    ),
}


def kind_faults(mlp: Mlp) -> Iterator[KindFault]:
    """Every fault, first in all layers, then in each."""
    for layer in range(len(mlp.layers) + 1):
        for kind, (says, change) in CHANGES.items():
            yield KindFault(kind, layer, says, change)
