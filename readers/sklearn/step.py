"""A step of a pipeline of scikit-learn: whose class it is, and what messages call it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras_layers import article
from mlp_edge.readers.sklearn.columns import Readings
from mlp_edge.reference import Doubles

STATELESS = ("FunctionTransformer", "FeatureUnion", "Pipeline")
"""Classes whose objects may hold nothing that was fitted."""
WOULD_DO = "transform the table with it first, and fit the rest on what it gives"


class Step(NamedTuple):
    """A transformer, and where it stands.

    Attributes:
        estimator: fitted.
        source: what messages call it: "step 'scale', a StandardScaler,".
        readings: what the pipeline takes.
    """

    estimator: Any
    source: str
    readings: Readings

    @classmethod
    def of(cls, name: str, estimator: Any, readings: Readings) -> Step:
        """A step of a pipeline by its name."""
        return cls(estimator, f"step {name!r:.60}, {article(type(estimator).__name__)},", readings)

    def numbers(self, name: str) -> Doubles:
        """A fitted attribute as float64."""
        return np.asarray(getattr(self.estimator, name), np.float64)


def check_stock(estimator: Any, source: str) -> None:
    """Refuse a class that is not scikit-learn's own: what it computes is code of its own.

    Raises:
        ModelError: naming it.
    """
    if type(estimator).__module__.partition(".")[0] != "sklearn":
        raise ModelError(
            f"{source} is a class of {type(estimator).__module__}, which may compute anything; "
            f"one of scikit-learn's own would do, or {WOULD_DO}"
        )


def check_fitted(estimator: Any, source: str) -> None:
    """Refuse what was never fitted, as scikit-learn tells it: no attribute ends in "_".

    Raises:
        ModelError: naming it.
    """
    told = any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))
    if not told and type(estimator).__name__ not in STATELESS:
        raise ModelError(f"{source} is not fitted; fit(X, y) comes first")
