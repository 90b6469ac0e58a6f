"""An open artifact: rows in, predictions and labels out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from mlp_edge.card import Card, choose
from mlp_edge.errors import ModelError, first_line
from mlp_edge.mlp import Floats, Rows
from mlp_edge.odd_readings import odd_readings
from mlp_edge.runtime.few_rows import FewRows
from mlp_edge.runtime.given import readings
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.verify import check_predictions


class Predictor:
    """An open artifact. Close it, or use it in a ``with`` block.

    Threads may share it. onnxruntime and c compute their calls at the same time, keras, litert,
    scripts and the simulated chips one after the other; keras takes turns even between models.

    Attributes:
        card: names, labels, task and threshold.
        path: the file that runs.
        runtime: the name of what runs it.
        golden: the rows that the file carries to be checked by, or None.
        nameless: whether the names of its features are made up: a stranger's file has none.
        providers: ONNX Runtime's execution providers that it was opened with; () elsewhere.
    """

    nameless = False
    providers: tuple[str, ...] = ()

    def __init__(self, path: Path, runtime: Runtime, card: Card | None) -> None:
        self._stack = ExitStack()
        opened: Opened = self._stack.enter_context(runtime.open(path))
        known = opened.card or card
        if known is None:
            self._stack.close()
            raise ModelError(
                f"{path}: carries no mlp-edge metadata, so nobody knows what its numbers mean; "
                "a file written by mlp-edge export would do"
            )
        self.card = known
        self.path = path
        self.runtime = runtime.name
        self.golden = opened.golden
        self._predict = opened.predict
        self._few = FewRows(known)
        self._check_widths()

    def predict(self, rows: Any) -> Floats:
        """Predict rows of raw readings.

        Args:
            rows: what has names is read by name, in any order, and other columns are ignored: a
                data frame (pandas, Polars), an Arrow table, a DuckDB relation, a structured
                array, a dict of columns, a list of dicts or named tuples, one dict. As in a table,
                a category goes by its name, and one that the model does not know counts as none
                of them, with a warning. Anything else is an array (n, inputs) in the features'
                order, a category as its code or its name; so is a frame whose columns are only
                numbered, 0 to n - 1. None, NaN, NA, NaT and what is masked are missing.

        Returns:
            Predictions (n, outputs) float32, in the rows' order: probabilities, or values in the
            targets' own units; NaN where the model rejects a row.

        Raises:
            InputError: for a feature without a column, another number of columns, what is not a
                number, or a closed model.
        """
        return self._predict(self.readings(rows))

    def predict_labels(self, rows: Any) -> list[str | None]:
        """Predict the class of each row.

        Args:
            rows: as ``predict`` takes them.

        Returns:
            A label per row; None where the prediction is not finite, and for a regression.

        Raises:
            InputError: as ``predict``.
        """
        return choose(self.card, self.predict(rows))

    def predict_columns(self, rows: Any, odd: bool = False) -> dict[str, list[Any]]:
        """Predict rows, as columns that any data frame takes.

        Args:
            rows: as ``predict`` takes them.
            odd: also give the columns "missing", "unknown" and "out of range": for each row a
                list of the features whose readings are, as the model declares them.

        Returns:
            A list per column: the predictions under the names that ``mlp-edge predict`` gives
            them, such as "probability", and "label" unless it is a regression.

        Raises:
            InputError: as ``predict``.
        """
        read = self.readings(rows)
        predictions = self._predict(read)
        return columns_of(self.card, read, predictions, choose(self.card, predictions), odd)

    def readings(self, rows: Any, quiet: bool = False) -> Rows:
        """What a row's cells mean, before anything is predicted.

        Args:
            rows: as ``predict`` takes them.
            quiet: whether categories that the model does not know are not warned of.

        Returns:
            Raw readings (n, inputs) float32, C order: a category as its code, NaN where one is
            missing. ``predict`` takes them, too.

        Raises:
            InputError: as ``predict``.
        """
        read = self._few.read(rows)
        return readings(rows, self.card, quiet) if read is None else read

    def check_predictions(self) -> None:
        """Predict golden rows: the file's own, or those of its model directory's network.

        Raises:
            ModelError: when there are none, or one differs; the model is closed then.
        """
        try:
            inputs = len(self.card.features)
            check_predictions(self.path, self.runtime, self.golden, inputs, self.predict)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the file and whatever runs it; it predicts no more.

        Predictions of other threads that are under way are waited for.
        """
        self._stack.close()

    def __repr__(self) -> str:
        return f"<mlp_edge.Predictor {self.card.name!r}: {str(self.path)!r} on {self.runtime}>"

    def __enter__(self) -> Predictor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_widths(self) -> None:
        """Refuse a file whose numbers are not those that its card names."""
        inputs, labels = len(self.card.features), len(self.card.labels)
        try:
            outputs = self._predict(np.zeros((1, inputs), np.float32)).shape[1]
        except Exception as error:  # each runtime has its own way to complain
            self.close()
            raise ModelError(
                f"{self.path}: does not take the {inputs} features that its metadata names "
                f"({first_line(error)})"
            ) from error
        expected = {"regression": outputs, "binary": 1, "multiclass": labels}[self.card.task]
        if outputs != expected:
            self.close()
            raise ModelError(
                f"{self.path}: gives {outputs} outputs, its metadata names {labels} labels"
            )


def columns_of(
    card: Card, rows: Rows, predictions: Floats, labels: list[str | None], odd: bool
) -> dict[str, list[Any]]:
    """Predictions as columns; see ``Predictor.predict_columns``.

    Args:
        card: of the model.
        rows: raw readings (n, inputs) float32.
        predictions: (n, outputs) float32.
        labels: (n,) labels, which a regression does not have.
        odd: whether to name odd readings.
    """
    table: dict[str, list[Any]] = dict(zip(card.columns, predictions.T.tolist(), strict=True))
    if card.task != "regression":
        table["label"] = list(labels)
    if odd:
        for kind, found in odd_readings(card.features, rows)._asdict().items():
            named = [[card.names[place] for place in np.flatnonzero(row)] for row in found]
            table[kind.replace("_", " ")] = named
    return table
