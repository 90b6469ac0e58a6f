"""How well a network fits rows, read in several ways: as they are, standardised, by their range.

Many a network was trained on readings whose scaler stayed in a notebook. It is never guessed: what
fits far better is said, with the setting that takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mlp_edge.api.importing.scalings import BY_ROWS, by_rows
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats, Mlp, Rows, Scaling
from mlp_edge.reference import predict
from mlp_edge.settings import setting
from mlp_edge.training.scoring.losses import Losses, Measure, coarse
from mlp_edge.training.scoring.scores import Truth, score
from mlp_edge.training.scoring.statistics import standard_error

AS_CHOSEN = "as chosen"
UNSCALED = "unscaled"
SHOWN: Mapping[str, tuple[str, ...]] = {
    "binary": ("accuracy", "auc", "log_loss"),
    "multiclass": ("accuracy", "log_loss"),
    "regression": ("r2", "rmse"),
}
ERRORS = 3.0
"""Standard errors of the difference, row by row, from which on a way fits better."""
FAR = 0.05
"""The least share of the rows, or of the squared error, that makes it far better."""
MOST_ORDERS = 6
"""Classes whose orders are all tried."""


@dataclass(frozen=True, eq=False)
class Way:
    """Rows read in one way.

    Attributes:
        name: "as chosen", "unscaled", "standard" or "min-max".
        scores: metric -> value.
        losses: what each row costs (n,).
        outputs: predictions (n, outputs) float32.
    """

    name: str
    scores: Mapping[str, float]
    losses: Losses
    outputs: Floats


@dataclass(frozen=True, eq=False)
class Fit:
    """How well each way of reading fits.

    Attributes:
        truth: what is right.
        ways: the chosen one first.
        rows: how many are scored: those of which every way has a prediction.
    """

    truth: Truth
    ways: Sequence[Way]
    rows: int

    @property
    def measure(self) -> Measure:
        """What ways are compared by."""
        return coarse(self.truth)

    @property
    def best(self) -> Way:
        """The way that fits far better than the chosen one; the chosen one where none does."""
        chosen, *others = self.ways
        better = [way for way in others if self._far_better(way, chosen)]
        return min(better, key=lambda way: float(self._losses(way).mean()), default=chosen)

    def _far_better(self, way: Way, than: Way) -> bool:
        before = self._losses(than)
        gain = before - self._losses(way)
        least = FAR if self.truth.task != "regression" else FAR * float(before.mean())
        return bool(gain.mean() > max(least, ERRORS * standard_error(gain)))

    def _losses(self, way: Way) -> Losses:
        """What each row costs, in the order of the classes that fits best: it may be wrong, too."""
        if self.truth.task == "regression" or self.truth.classes > MOST_ORDERS:
            return way.losses
        order = np.array(self._orders(way)[0])
        right = order[self.truth.chosen(way.outputs)] == self.truth.targets
        return np.asarray(~right, np.float64)

    def _orders(self, way: Way) -> tuple[tuple[int, ...], float, float]:
        """The order of the classes that fits best, and the shares of rows of the given and it.

        The class of output p in an order is order[p].
        """
        count = self.truth.classes
        pairs = np.zeros((count, count), np.int64)
        np.add.at(pairs, (self.truth.targets, self.truth.chosen(way.outputs)), 1)
        shares = {order: float(pairs[list(order), range(count)].sum() / pairs.sum())
                  for order in permutations(range(count))}  # fmt: skip
        best = max(shares, key=lambda order: shares[order])
        return best, shares[tuple(range(count))], shares[best]

    def findings(self, labels: Sequence[str], scaled: bool) -> list[Finding]:
        """What to say of ways and of orders of the classes that fit far better.

        Args:
            labels: in the order of the outputs.
            scaled: whether a scaling was chosen.
        """
        found, chosen, best = [], self.ways[0], self.best
        if best is not chosen:
            how = {
                UNSCALED: "as they are, without the scaling",
                BY_ROWS[0]: "standardised by their own means and standard deviations",
                BY_ROWS[1]: "brought to 0 to 1 by their own lowest and highest readings",
            }[best.name]
            takes = f"leaving {setting('scaling')} out takes them so"
            if best.name in BY_ROWS:
                takes = (
                    f"{setting('scaling', best.name)} takes them so; what the network was trained "
                    "with is near that, and a scaler.json of the training is exact"
                )
            says = (
                f"the rows fit far better {how}: {self._says(best)} instead of "
                f"{self.measure.number(float(chosen.losses.mean()))}; {takes}"
            )
            found.append(Finding("scaling", says))
        return [*found, *self._order(labels, best)]

    def _says(self, way: Way) -> str:
        return self.measure.says(float(way.losses.mean()))

    def _order(self, labels: Sequence[str], way: Way) -> list[Finding]:
        """Whether another order of the classes fits far better, as the rows fit best."""
        if self.truth.task == "regression" or len(labels) > MOST_ORDERS:
            return []
        best, now, then = self._orders(way)
        error = (then * (1 - then) / self.rows) ** 0.5
        if then - now <= max(FAR, ERRORS * error) or then <= 1 / len(labels):
            return []
        named = [labels[index] for index in best]
        says = (
            f"the classes fit far better in another order: {then:.3f} of the rows instead of "
            f"{now:.3f}; {setting('labels', named)} takes it, if the training says so"
        )
        return [Finding("label-order", says)]


def fit(
    chosen: Scaling | None,
    network: Callable[[Scaling | None], Mlp],
    rows: Rows,
    targets: NDArray[np.generic],
) -> Fit:
    """Score a network on rows read in every way.

    Args:
        chosen: the scaling that was asked for, or None.
        network: the network behind a scaling.
        rows: raw readings (n, features).
        targets: class indices (n,), or values (n, outputs).
    """
    mlp = network(chosen)
    scalings = {AS_CHOSEN: chosen, UNSCALED: None}
    if mlp.encoding.plain:
        scalings |= {kind: by_rows(kind, rows) for kind in BY_ROWS}
    if chosen is None:
        del scalings[AS_CHOSEN]
    outputs = {name: predict(network(each), rows) for name, each in scalings.items()}
    with np.errstate(over="ignore"):
        floats = {name: found.astype(np.float32) for name, found in outputs.items()}
    there = np.all([np.isfinite(found).all(axis=1) for found in floats.values()], axis=0)
    truth = Truth(mlp.task, targets[there], len(mlp.labels), mlp.threshold)
    ways = (
        [_way(name, truth, found[there]) for name, found in floats.items()] if there.any() else []
    )
    return Fit(truth, ways, int(there.sum()))


def _way(name: str, truth: Truth, outputs: Floats) -> Way:
    scores = score(SHOWN[truth.task], truth, outputs)
    return Way(name, scores, coarse(truth).losses(truth, outputs), outputs)
