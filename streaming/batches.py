"""`BatchScorer`: Arrow batches in, the same with predictions out, for the engines of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlp_edge.errors import InputError
from mlp_edge.streaming.arrow_parts import Batch, part_of_batch
from mlp_edge.streaming.outputs import unlike
from mlp_edge.streaming.parquet_output import with_predictions
from mlp_edge.streaming.parts import FAIL, Reader
from mlp_edge.streaming.scorer import Scorer


@dataclass(frozen=True)
class BatchScorer:
    """Predicts Arrow batches in whichever process it is; it can be pickled.

    Attributes:
        scorer: what predicts.
        on_error: what becomes of a row with a cell that is no reading; see ``StreamSettings``.
    """

    scorer: Scorer
    on_error: str = FAIL

    def check(self, names: Sequence[str]) -> None:
        """Refuse columns that lack one that the model takes.

        Raises:
            InputError: naming those that are missing.
        """
        card = self.scorer.card
        missing = [name for name in card.names if name not in names]
        if missing:
            raise InputError(
                f"no column {', '.join(map(repr, missing))}, which {card.name} takes; there are "
                f"{', '.join(map(repr, names))}"
            )

    def added(self, names: Sequence[str]) -> list[tuple[str, Any]]:
        """The columns behind those of a table, with their Arrow types.

        Args:
            names: of the table's columns.
        """
        import pyarrow as pa

        columns = [(unlike(name, names), pa.float32()) for name in self.scorer.columns]
        return columns + (
            [(unlike("label", names), pa.string())] if self.scorer.card.labels else []
        )

    def predict(self, columns: Any, first: int = 1, source: str = "the rows") -> Any:
        """A pyarrow.RecordBatch with predictions, NULL where there is none.

        Args:
            columns: the batch.
            first: the number of its first row, for messages.
            source: what they are rows of, for messages.

        Raises:
            TableError: for a bad cell, where it is to end the work; naming row and column.
        """
        card, names = self.scorer.card, columns.schema.names
        reader = Reader(card.features, False, self.on_error)
        part = part_of_batch(Batch(columns, first), card.names, source, reader)
        values = self.scorer.predict(part.readings)
        if part.void is not None:
            values = np.where(part.void[:, None], np.float32(np.nan), values)
        places = self.scorer.label_places(values)
        every = [*names, *(name for name, _ in self.added(names))]
        return with_predictions(list(part.body.columns), values, places, card.labels, every)
