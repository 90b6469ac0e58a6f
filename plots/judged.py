"""Scored rows: predictions beside the truth, for most pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import predicted_classes
from mlp_edge.mlp import Floats


@dataclass(frozen=True, eq=False)
class Judged:
    """Predictions for rows whose truth is known.

    Attributes:
        name: of the model.
        task: regression, binary or multiclass.
        targets: names of the predicted columns.
        labels: class names in the order of the outputs; () for a regression.
        truth: class indices (n,) int64, or values (n, outputs) float32.
        outputs: the model's (n, width) float32; of a binary model the probability of labels[1].
        baseline: the linear baseline's (n, width) float32, or None.
        threshold: of a binary model, which predicts labels[1] above it.
        part: which rows, such as "held-out rows".
        prior: mean of the training targets per output: class frequencies, or the mean value; what
            a constant predicts. () takes that of these rows.
        baseline_threshold: the linear baseline's own; None takes the model's.
    """

    name: str
    task: str
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    truth: NDArray[Any]
    outputs: Floats
    baseline: Floats | None
    threshold: float
    part: str
    prior: tuple[float, ...] = ()
    baseline_threshold: float | None = None

    @property
    def constant(self) -> NDArray[np.float64]:
        """The constant prediction: (outputs,) float64; of a binary task labels[1]'s share."""
        if self.prior:
            return np.array(self.prior)
        if self.task == "multiclass":
            return np.bincount(self.truth, minlength=len(self.labels)) / len(self.truth)
        return np.atleast_1d(np.mean(self.truth, axis=0, dtype=np.float64))

    @property
    def frequent(self) -> int:
        """The class that a constant predicts."""
        constant = self.constant
        return int(constant[0] > 0.5) if self.task == "binary" else int(constant.argmax())

    @property
    def models(self) -> dict[str, Floats]:
        """The outputs of "mlp" and, where there is one, of "linear"."""
        linear = {} if self.baseline is None else {"linear": self.baseline}
        return {"mlp": self.outputs, **linear}

    def with_predictions(self) -> Judged:
        """The rows that every model has a finite prediction for: that of a rejected row is NaN."""
        every = np.hstack(list(self.models.values()))
        kept = np.isfinite(every).all(axis=1)
        return replace(
            self,
            truth=self.truth[kept],
            outputs=self.outputs[kept],
            baseline=None if self.baseline is None else self.baseline[kept],
        )

    def chosen(self, model: str) -> NDArray[np.int64]:
        """The class index (n,) that a model predicts for each row."""
        outputs, threshold = self.models[model], self.threshold
        if model == "linear" and self.baseline_threshold is not None:
            threshold = self.baseline_threshold
        return predicted_classes(self.task, threshold, outputs)
