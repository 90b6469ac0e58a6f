"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlp_edge.mlp import Rows
from mlp_edge.serve.models import Version

LATENCIES = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5)
"""Seconds that part the buckets of the histogram."""
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16_384)
"""Rows that part the buckets of the histogram."""
FEW = 128
"""Readings that are faster looked at one by one."""
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
        self._child(self._requests, model, str(status)).inc()
        if model:
            self._child(self._seconds, model).observe(seconds)

    def predicted(self, version: Version, rows: Rows, labels: Sequence[str | None]) -> None:
        """Rows, and the labels that were predicted, of a regression None."""
        card, declared = version.card, version.declared
        self._child(self._rows, card.name).observe(len(rows))
        if card.task != "regression":
            for label, count in Counter(labels).items():
                child = self._child(self._classes, card.name, "none" if label is None else label)
                child.inc(count)
        if rows.size <= FEW and declared.ordinary(rows):
            return
        for kind, found in zip(KINDS, declared.odd(rows), strict=True):
            if found.any():
                for place, count in enumerate(np.count_nonzero(found, axis=0)):
                    if count:
                        self._child(self._odd, card.name, card.names[place], kind).inc(int(count))

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))
