"""Parts of the server by themselves: counting in batches, writing at once, looking for changes."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.networks import network, readings

from mlp_edge.card import Card
from mlp_edge.odd_readings import DeclaredReadings
from mlp_edge.serve.joined import Joined
from mlp_edge.serve.logs import Log
from mlp_edge.serve.metrics import BATCH, Metrics
from mlp_edge.serve.models import Reload, _stamp
from mlp_edge.serve.scoring import AT_ONCE, Places, Scoring
from mlp_edge.serve.settings import ServeSettings


def served(card: Card) -> Any:
    """A version of a model, as far as it is counted."""

    class Served:
        declared = DeclaredReadings(card.features)

    version: Any = Served()
    version.card = card
    return version


def test_what_is_counted_in_batches_is_all_there() -> None:
    metrics, version = Metrics(), served(Card.of(network()))
    rows = readings(network(), 3)
    rows[1, 2] = np.nan
    for number in range(BATCH + 7):
        metrics.answered("net" if number % 2 else "", 200, 0.003)
        metrics.predicted(version, rows, ["class 0", "class 1", None])
    told = metrics.text().decode()
    asked = BATCH + 7
    for name, count in (
        ('mlp_edge_requests_total{model="net",status="200"}', asked // 2),
        ('mlp_edge_requests_total{model="",status="200"}', asked - asked // 2),
        ('mlp_edge_request_seconds_bucket{le="0.005",model="net"}', asked // 2),
        ('mlp_edge_rows_sum{model="net"}', 3 * asked),
        ('mlp_edge_predictions_total{label="none",model="net"}', asked),
        ('mlp_edge_odd_readings_total{feature="x2",kind="missing",model="net"}', asked),
    ):
        assert f"{name} {float(count)}\n" in told
    assert metrics.text().decode() == told


def test_a_class_called_none_is_counted_by_itself() -> None:
    metrics = Metrics()
    version = served(replace(Card.of(network()), labels=("none", "some")))
    metrics.predicted(version, readings(network(), 3), ["none", None, None])
    told = metrics.text().decode()
    assert 'mlp_edge_predictions_total{label="none",model="net"} 1.0\n' in told
    assert 'mlp_edge_predictions_total{label="none of the labels",model="net"} 2.0\n' in told


def test_the_log_words_why_a_model_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    Log("none", str.upper).reload(Reload("net", None, "damaged"))
    assert json.loads(capfd.readouterr().err)["reason"] == "DAMAGED"


class Transport:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def test_head_and_body_are_written_at_once() -> None:
    inner = Transport()
    joined = Joined(inner)
    joined.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    joined.write(b"HTTP/1.1 200 OK\r\n\r\n")
    joined.write(b"body")
    joined.write(b"more")
    joined.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    joined.flush()
    joined.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
    joined.close()
    assert inner.written == [
        b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nbody", b"more",
        b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n",
    ]  # fmt: skip
    assert joined.closed


def test_exports_that_arrive_after_their_manifest_are_a_change(tmp_path: Path) -> None:
    assert _stamp(tmp_path) is None
    (tmp_path / "model.json").write_text("{}")
    before = _stamp(tmp_path)
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "parity.json").write_text("{}")
    assert _stamp(tmp_path) == before
    (tmp_path / "exports" / "net.onnx").write_text("x")
    assert _stamp(tmp_path) != before


def test_large_bodies_and_slow_models_are_worked_on_in_threads() -> None:
    scoring = Scoring(ServeSettings(), 1)

    def where(quick: bool, size: int) -> bool:
        version: Any = SimpleNamespace(quick=quick)
        return (
            asyncio.run(scoring.carried_out(version, size, threading.get_ident))
            == threading.get_ident()
        )

    assert where(True, AT_ONCE)
    assert not where(True, AT_ONCE + 1)
    assert not where(False, 1)
    scoring.close()


def test_places_are_taken_and_given_back() -> None:
    places = Places(2)
    assert [places.take() for _ in range(3)] == [True, True, False]
    places.give_back()
    assert [places.take() for _ in range(2)] == [True, False]
