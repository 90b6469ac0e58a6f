"""How good a model is on every row of a stream: predictions are held, rows are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.mlp import DEFAULT_THRESHOLD, Floats
from mlp_edge.readers.model_directory import MANIFEST
from mlp_edge.training.fitting import predict_batches
from mlp_edge.training.outcome import Trained
from mlp_edge.training.run import Job
from mlp_edge.training.scoring.baseline import Linear
from mlp_edge.training.scoring.scores import Truth, score
from mlp_edge.training.scoring.threshold import is_chosen, threshold_for
from mlp_edge.training.streaming.learning import Decided
from mlp_edge.training.streaming.spool import STRETCH, Block, Spool

SCORED = 1_000_000
"""Training rows that are scored at most, drawn at random."""

Predict = Callable[[Floats], Floats]
"""Encoded rows (n, width) -> predictions (n, outputs)."""


class _Answers(NamedTuple):
    """What models answer to the rows of a part, and what is right."""

    truth: Truth
    outputs: tuple[Floats, ...]


class Scoring:
    """Scores models on the parts of a stream.

    Args:
        job: some of the rows, with the recipe.
        chosen: what the training rows decided.
        spools: all rows: training, validation and test.
    """

    def __init__(self, job: Job, chosen: Decided, spools: Mapping[str, Spool]) -> None:
        self._job, self._chosen, self._spools = job, chosen, spools
        self._scored = [name for name in ("test", "validation", "training") if len(spools[name])]

    def threshold(self, model: Any) -> np.float32:
        """The threshold of a binary model, chosen on all validation rows where a rule asks."""
        rule = self._job.recipe.threshold
        if self._job.examples.task != "binary":
            return DEFAULT_THRESHOLD
        if not is_chosen(rule):
            return np.float32(rule)
        found = self._answers("validation", [self._network(model)])
        return threshold_for(rule, found.truth.targets, found.outputs[0][:, 0])

    def of(self, model: Any, threshold: np.float32) -> dict[str, dict[str, float]]:
        """Part -> metric -> value of a model."""
        return {
            part: self._score(self._answers(part, [self._network(model)]), 0, threshold)
            for part in self._scored
        }

    def described(
        self, trained: Trained, results: Sequence[Mapping[str, Any]], linear: Linear
    ) -> Trained:
        """What a training leaves, with the scores and counts of all rows."""
        manifest = trained.manifest
        scores: dict[str, Any] = {
            part: {"mlp": results[0][part], **self._baselines(part, linear)}
            for part in self._scored
        }
        if len(results) > 1:
            scores["runs"] = results
        manifest = replace(
            manifest, scores=scores, prior=self._chosen.prior,
            rows={name: len(spool) for name, spool in self._spools.items()},
            split={**(manifest.split or {}), "block": self._chosen.data.block},
        )  # fmt: skip
        files = {**trained.files, MANIFEST: manifest.to_json().encode()}
        return replace(trained, manifest=manifest, files=files)

    def _baselines(self, part: str, linear: Linear) -> dict[str, dict[str, float]]:
        clip, prior = self._job.preprocessed.clip, np.array(self._chosen.prior, np.float32)
        found = self._answers(
            part, [lambda x: linear.predict(x, clip), lambda x: np.tile(prior, (len(x), 1))]
        )
        return {
            "linear": self._score(found, 0, linear.threshold),
            # The most frequent class is what it is, wherever the others' threshold lies.
            "prior": self._score(found, 1, DEFAULT_THRESHOLD),
        }

    def _score(self, found: _Answers, which: int, threshold: np.float32) -> dict[str, float]:
        truth = replace(found.truth, threshold=threshold)
        return score(self._job.recipe.metrics, truth, found.outputs[which])

    def _network(self, model: Any) -> Predict:
        clip = self._job.preprocessed.clip

        def predict(inputs: Floats) -> Floats:
            outputs = predict_batches(model, inputs)
            return outputs if clip is None else np.clip(outputs, *clip)

        return predict

    def _answers(self, part: str, models: Sequence[Predict]) -> _Answers:
        """Predictions for every row of a part; of training rows for ``SCORED`` at most."""
        spool, examples = self._spools[part], self._job.examples
        places = None
        if part == "training" and len(spool) > SCORED:
            places = spool.picked(SCORED, self._job.recipe.seed)
        targets: list[Floats] = []
        outputs: list[list[Floats]] = [[] for _ in models]
        for number, block in enumerate(spool.blocks()):
            data = self._chosen.data
            if places is not None:
                start = number * STRETCH
                low, high = np.searchsorted(places, (start, start + STRETCH))
                block = Block(*(each[places[low:high] - start] for each in block))
                if not len(block.readings):
                    continue
            inputs = data.encoded(block)
            targets.append(block.targets)
            for found, predict in zip(outputs, models, strict=True):
                found.append(predict(inputs))
        right: Any = np.concatenate(targets)
        if examples.task != "regression":
            right = right[:, 0].astype(np.int64)
        truth = Truth(examples.task, right, len(examples.labels), DEFAULT_THRESHOLD)
        return _Answers(truth, tuple(np.concatenate(each) for each in outputs))
