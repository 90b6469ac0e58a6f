"""How ``mlp_edge.load`` runs ONNX: threads, providers, coroutines; predictions with names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import network, readings

import mlp_edge
from mlp_edge.errors import InputError, MissingError
from mlp_edge.export.onnx import EXPORTER
from mlp_edge.runtime import onnxruntime
from mlp_edge.runtime.onnxruntime import CPU, SMALL, SessionSettings

CUDA = "CUDAExecutionProvider"


@pytest.fixture(scope="module")
def path(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of two inputs or more as ONNX."""
    written = tmp_path_factory.mktemp("sessions") / "net.onnx"
    written.write_bytes(EXPORTER.export(network()))
    return written


def test_a_small_network_gets_one_thread_unless_somebody_says() -> None:
    assert SessionSettings().threads_for(SMALL - 1) == 1
    assert SessionSettings().threads_for(SMALL) == 0
    assert SessionSettings(threads=3).threads_for(10) == 3


def test_threads_change_nothing_but_the_time(path: Path) -> None:
    rows = readings(network(), 100)
    with mlp_edge.load(path) as one, mlp_edge.load(path, threads=2) as two:
        assert one.providers == two.providers == (CPU,)
        np.testing.assert_allclose(one.predict(rows), two.predict(rows), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"threads": 0}, InputError, "`threads=0`: at least one"),
        ({"providers": []}, InputError, "`providers=()`: at least one"),
        ({"providers": ["Abacus"]}, MissingError, "net.onnx: onnxruntime has no Abacus here, but "),
    ],
)
def test_what_cannot_be_had_is_refused(
    path: Path, options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind) as caught:
        mlp_edge.load(path, **options)
    assert says in str(caught.value)


def test_another_runtime_has_no_such_choice(pima: Path) -> None:
    for options in ({"threads": 2}, {"providers": [CPU]}):
        with pytest.raises(InputError, match=r"pima\.tflite: litert runs it, which has neither"):
            mlp_edge.load(pima / "exports" / "pima.tflite", **options)  # type: ignore[arg-type]


def test_a_provider_that_falls_back_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where onnxruntime-gpu is installed, and CUDA is not."""
    real = onnxruntime.session_of
    monkeypatch.setattr(SessionSettings, "check", lambda self, path: None)
    monkeypatch.setattr(onnxruntime, "session_of", lambda content, how: real(content))
    with pytest.raises(MissingError, match=f"fallen back from {CUDA} to {CPU}"):
        mlp_edge.load(path, providers=[CUDA, CPU])


def test_coroutines_get_their_own_predictions(path: Path) -> None:
    batches = [readings(network(), count) for count in (1, 3, 8, 20)]

    async def score(model: mlp_edge.Predictor) -> list[Any]:
        waiting = (asyncio.to_thread(model.predict, rows) for rows in batches for _ in range(25))
        return await asyncio.gather(*waiting)

    with mlp_edge.load(path) as model:
        right = [model.predict(rows) for rows in batches for _ in range(25)]
        for got, expected in zip(asyncio.run(score(model)), right, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_predictions_by_their_names(pima: Path, iris: Path) -> None:
    with mlp_edge.load(pima / "exports" / "pima.onnx") as model:
        row: dict[str, Any] = dict.fromkeys(model.card.names, 30)
        rows = [row, {**row, "glucose": None, "bmi": 1e6}]
        table = model.predict_columns(rows, odd=True)
        assert list(table) == ["probability", "label", "missing", "unknown", "out of range"]
        assert table["probability"][0] == model.predict(row)[0, 0]
        assert table["label"] == model.predict_labels(rows) == [table["label"][0], None]
        assert table["missing"] == [[], ["glucose"]]
        assert table["unknown"] == [[], []]
        assert {*table["out of range"][1]} == {*table["out of range"][0], "bmi"}
    with mlp_edge.load(iris / "exports" / "iris.onnx") as model:
        table = model.predict_columns(np.ones((2, 4)))
        assert list(table) == [*(f"probability {name}" for name in model.card.labels), "label"]
