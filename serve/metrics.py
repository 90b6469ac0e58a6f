"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from mlp_edge.mlp import Rows
from mlp_edge.serve.models import Version

LATENCIES = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5)
"""Seconds that part the buckets of the histogram."""
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16_384)
"""Rows that part the buckets of the histogram."""
BATCH = 256
"""Requests that are counted at a time: one by one, that takes longer than a small network."""
MOST_WAITING = 4096
"""Rows that wait to be counted."""
KINDS = ("missing", "unknown", "out_of_range")


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        import prometheus_client as client

        client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = client.CollectorRegistry()

        def made(kind: Any, name: str, says: str, labels: tuple[str, ...], **more: Any) -> Any:
            return kind(f"mlp_edge_{name}", says, labels, registry=self.registry, **more)

        counter, histogram, gauge = client.Counter, client.Histogram, client.Gauge
        self._requests = made(counter, "requests", "Requests by status.", ("model", "status"))
        self._seconds = made(
            histogram, "request_seconds", "Seconds from a request's head to its response.",
            ("model",), buckets=LATENCIES,
        )  # fmt: skip
        self._rows = made(histogram, "rows", "Rows of a request.", ("model",), buckets=SIZES)
        self._classes = made(counter, "predictions", "Predictions by label.", ("model", "label"))
        self._odd = made(
            counter, "odd_readings", "Readings that are missing, unknown or out of range.",
            ("model", "feature", "kind"),
        )  # fmt: skip
        self._info = made(gauge, "model_info", "The model that is served.", (
            "model", "version", "weights_sha256", "dtype", "runtime", "mlp_edge",
        ))  # fmt: skip
        self._reloads = made(counter, "reloads", "Changes on the disk.", ("model", "result"))
        self._done: list[tuple[str, int, float]] = []
        self._scored: list[tuple[Version, Rows, Sequence[str | None]]] = []
        self._rows_waiting = 0
        self._children: dict[tuple[Any, ...], Any] = {}
        self._shown: dict[str, tuple[str, ...]] = {}

    def _child(self, metric: Any, *labels: str) -> Any:
        """A metric with its labels; looking one up takes longer than a small network."""
        key = (id(metric), *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels)
        return found

    def opened(self, version: Version) -> None:
        """A model that is served from now on."""
        card = version.card
        if card.name in self._shown:
            self._info.remove(*self._shown[card.name])
        runtime = version.predictor.runtime
        labels = (card.name, version.name, card.weights_sha256, card.dtype, runtime, card.version)
        self._info.labels(*labels).set(1)
        self._shown[card.name] = labels

    def reloaded(self, model: str, good: bool) -> None:
        """A change on the disk, and whether it serves."""
        self._child(self._reloads, model, "served" if good else "refused").inc()

    def answered(self, model: str, status: int, seconds: float) -> None:
        """A request; ``model`` is "" where it names none that there is."""
        self._done.append((model, status, seconds))
        if len(self._done) >= BATCH:
            self._count_requests()

    def predicted(self, version: Version, rows: Rows, labels: Sequence[str | None]) -> None:
        """Rows, and the labels that were predicted, of a regression None."""
        self._scored.append((version, rows, labels))
        self._rows_waiting += len(rows)
        if len(self._scored) >= BATCH or self._rows_waiting >= MOST_WAITING:
            self._count_rows()

    def _count_requests(self) -> None:
        done, self._done = self._done, []
        for (model, status), count in Counter(each[:2] for each in done).items():
            self._child(self._requests, model, str(status)).inc(count)
        for model, _, seconds in done:
            if model:
                self._child(self._seconds, model).observe(seconds)

    def _count_rows(self) -> None:
        scored, self._scored, self._rows_waiting = self._scored, [], 0
        for version in {each[0] for each in scored}:
            own = [each[1:] for each in scored if each[0] is version]
            sizes = self._child(self._rows, version.card.name)
            for rows, _ in own:
                sizes.observe(len(rows))
            if version.card.task != "regression":
                self._count_labels(version, Counter(chain.from_iterable(each[1] for each in own)))
            self._count_odd(version, np.concatenate([rows for rows, _ in own]))

    def _count_labels(self, version: Version, counts: Counter[str | None]) -> None:
        rejected = "none" if "none" not in version.card.labels else "none of the labels"
        for label, count in counts.items():
            told = rejected if label is None else label
            self._child(self._classes, version.card.name, told).inc(count)

    def _count_odd(self, version: Version, rows: Rows) -> None:
        card = version.card
        for kind, found in zip(KINDS, version.declared.odd(rows), strict=True):
            for place, count in enumerate(np.count_nonzero(found, axis=0)):
                if count:
                    self._child(self._odd, card.name, card.names[place], kind).inc(int(count))

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        from prometheus_client import generate_latest

        self._count_requests()
        self._count_rows()
        return bytes(generate_latest(self.registry))
