"""Rows with a model's predictions, and what there is to say about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.evaluation.score_sheets import TITLES

if TYPE_CHECKING:
    from mlp_edge.data.table import Table
    from mlp_edge.files.manifest import Manifest
    from mlp_edge.finding import Finding
    from mlp_edge.mlp import Floats
    from mlp_edge.training.examples import Examples
    from mlp_edge.training.scoring.scores import Truth


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """A model's predictions for rows, scored beside what they have to beat.

    Attributes:
        manifest: of the model.
        table: the rows as they were read.
        examples: the same as the model takes them.
        part: "test", or what the rows are called.
        outputs: the predictions for every row (n, outputs) float32; NaN where there is none.
        threshold: of a binary model.
        metrics: names of the scores.
    """

    manifest: Manifest
    table: Table
    examples: Examples
    part: str
    outputs: Floats
    threshold: np.float32
    metrics: Sequence[str]

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The numbers of the rows that have a prediction; they alone are scored."""
        return np.flatnonzero(np.isfinite(self.outputs).all(axis=1))

    @property
    def truth(self) -> Truth:
        """What is right of the rows that have a prediction."""
        return self.examples.truth(self.predicted, self.threshold)

    @cached_property
    def models(self) -> dict[str, tuple[Truth, Floats]]:
        """Model -> the truth with its own threshold, and its predictions."""
        from mlp_edge.mlp import DEFAULT_THRESHOLD

        truth = self.truth
        found = {"mlp": (truth, self.outputs[self.predicted])}
        linear = self._linear()
        if linear is not None:
            found["linear"] = linear
        if self.manifest.imported is not None:  # what its training rows had most of is not known
            return found
        constant = np.tile(np.array(self.manifest.prior, np.float32), (len(self.predicted), 1))
        # The most frequent class is what it is, wherever the others' threshold lies.
        found["prior"] = self.examples.truth(self.predicted, DEFAULT_THRESHOLD), constant
        return found

    def _linear(self) -> tuple[Truth, Floats] | None:
        from mlp_edge.encoding import Encoding
        from mlp_edge.training.scoring.baseline import Linear

        manifest, examples = self.manifest, self.examples
        if manifest.baseline is None:
            return None
        encoding = Encoding.of(manifest.features)
        task, outputs = manifest.task, len(manifest.prior)
        linear = Linear.from_dict(manifest.baseline, task, encoding.width, outputs)
        inputs = encoding.encode(examples.rows[self.predicted])
        straight = linear.predict(inputs, manifest.clip)
        own = self.threshold == np.float32(manifest.threshold)
        threshold = linear.threshold if own else self.threshold
        return examples.truth(self.predicted, threshold), straight

    @property
    def straight(self) -> Floats | None:
        """The linear baseline's predictions for the rows that are scored."""
        return self.models["linear"][1] if "linear" in self.models else None

    @cached_property
    def scores(self) -> dict[str, dict[str, float]]:
        """Model -> metric -> value."""
        from mlp_edge.training.scoring.scores import score

        return {name: score(self.metrics, *judged) for name, judged in self.models.items()}

    @cached_property
    def intervals(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Model -> metric -> lower and upper end, for the metrics that have an interval."""
        from mlp_edge.training.scoring.scores import intervals

        return {name: intervals(self.metrics, *judged) for name, judged in self.models.items()}

    @cached_property
    def per_class(self) -> list[dict[str, Any]] | None:
        """A record per class; None for a regression."""
        from mlp_edge.training.scoring.scores import per_class

        if self.manifest.task == "regression":
            return None
        return per_class(*self.models["mlp"], self.manifest.labels)

    @cached_property
    def per_target(self) -> list[dict[str, Any]] | None:
        """A record per target; None for classes."""
        from mlp_edge.training.scoring.scores import per_target

        if self.manifest.task != "regression":
            return None
        return per_target(*self.models["mlp"], self.manifest.targets)

    @cached_property
    def confusion(self) -> NDArray[np.int64] | None:
        """Counts: the truth in rows, predictions in columns; None for a regression."""
        from mlp_edge.training.scoring.scores import confusion

        return None if self.manifest.task == "regression" else confusion(*self.models["mlp"])

    def work_out(self) -> None:
        """Compute all of it, so that nothing is written where some of it cannot be computed."""
        _ = self.scores, self.intervals, self.per_class, self.per_target, self.confusion
        _ = self.findings

    @property
    def table_findings(self) -> tuple[Finding, ...]:
        """What there is to warn of in a user's table; of held-out rows training has told."""
        return () if self.part in TITLES else self.examples.findings

    @cached_property
    def findings(self) -> list[Finding]:
        """What there is to warn of."""
        from mlp_edge.training.recipe import Recipe
        from mlp_edge.training.scoring.advice import ScoredPredictions, row_advice

        truth, outputs = self.models["mlp"]
        imported = self.manifest.imported is not None  # nobody knows how it was trained
        recipe = Recipe() if imported else Recipe.from_dict(self.manifest.recipe)
        # Without hidden layers the model is a linear one itself.
        linear = self.straight if recipe.hidden else None
        prior = None if imported else np.array(self.manifest.prior, np.float64)
        rows = TITLES.get(self.part, self.part)
        labels = self.manifest.labels
        scored = ScoredPredictions(truth, labels, outputs, linear, prior, rows, recipe)
        return list(row_advice(scored))
