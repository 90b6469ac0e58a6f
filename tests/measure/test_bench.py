"""``mlp-edge bench``: every artifact on every runtime, once each; how fast is nobody's promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Type

from mlp_edge.api.settings import BenchSettings
from mlp_edge.errors import InputError
from mlp_edge.measure import timing
from mlp_edge.mlp import Rows
from mlp_edge.runtime import c as c_runtime

pytestmark = pytest.mark.slow

QUICK = ("--seconds", "0.01", "--batch", "1,8", "--no-cold")
KEYS = {
    "artifact", "runtime", "way", "threads", "cold_seconds", "p50_us", "p99_us", "samples",
    "calls_per_sample", "rows_per_second",
}  # fmt: skip


def test_everybody_is_measured_at_every_size() -> None:
    calls: dict[str, list[int]] = {"one": [], "two": []}

    def candidate(name: str) -> Any:
        def predict(rows: Rows) -> Rows:
            calls[name].append(len(rows))
            return rows

        return predict

    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    told: list[str] = []
    found = timing.measure(
        {name: candidate(name) for name in calls}, rows, (1, 7), 0.01, told.append
    )
    assert list(found) == ["one", "two"]
    for name, timed in found.items():
        assert set(calls[name]) == {1, 7}
        assert set(timed.samples) == {1, 7}
        assert all(len(samples) >= timing.ROUNDS for samples in timed.samples.values())
        assert 0 < timed.percentile(50) <= timed.percentile(99)
        assert timed.rows_per_second(7) > 0
    assert told


def test_a_call_longer_than_its_turn_is_made_all_the_same() -> None:
    import time

    def slow(rows: Rows) -> Rows:
        time.sleep(0.005)
        return rows

    found = timing.measure({"slow": slow}, np.zeros((1, 2), np.float32), (1,), 0.001)["slow"]
    assert len(found.samples[1]) == timing.ROUNDS
    assert found.few
    assert found.calls_per_sample == 1


def test_a_coarse_clock_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "clock_step", lambda: 1e-3)
    found = timing.measure({"quick": lambda rows: rows}, np.zeros((1, 2), np.float32), (1,), 0.01)
    assert found["quick"].calls_per_sample > 100


def test_the_clock_has_a_step() -> None:
    assert 0 < timing.clock_step() < 1


@pytest.mark.parametrize(
    ("text", "sizes"), [("1", [1]), ("16", [1, 16]), ("256,1,16", [1, 16, 256]), ("4,4", [1, 4])]
)
def test_batch_sizes(text: str, sizes: list[int]) -> None:
    assert BenchSettings(batches=tuple(text.split(","))).sizes == sizes  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["x", "0", "-1", "1.5", "2000000"])
def test_batch_sizes_that_make_no_sense(text: str) -> None:
    with pytest.raises(InputError, match=r"`batches=\('"):
        BenchSettings(batches=(text,))  # type: ignore[arg-type]


def test_without_a_model(typed: Type) -> None:
    answer = typed("bench")
    assert answer.code == 2
    assert "mlp-edge train" in answer.err


def test_without_exports(typed: Type, model: Path) -> None:
    manifest = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps({**manifest, "exports": {}}))
    answer = typed("bench", *QUICK)
    assert answer.code == 2
    assert "mlp-edge export" in answer.err
    assert answer.out == ""


def test_a_runtime_that_does_not_exist(typed: Type, model: Path) -> None:
    answer = typed("bench", "--runtime", "abacus")
    assert answer.code == 2
    assert "abacus" in answer.err


def test_json(typed: Type, model: Path) -> None:
    answer = typed("bench", *QUICK, "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert found["system"]["cpus"] >= 1
    assert found["clock_step_us"] > 0
    assert found["not_run"] == {}
    ways = [(result["artifact"], result["runtime"], result["way"]) for result in found["results"]]
    assert len(set(ways)) == len(ways)
    assert set(ways) == {
        ("model.keras", "keras", "mlp-edge"),
        ("model.keras", "keras", "model(x)"),
        ("model.keras", "keras", "model.predict"),
        ("pima.tflite", "litert", "mlp-edge"),
        ("pima.onnx", "onnxruntime", "mlp-edge"),
        ("pima.onnx", "onnxruntime", "raw"),
        ("pima.h", "c", "mlp-edge"),
    }
    for result in found["results"]:
        assert set(result) == KEYS
        assert result["threads"]
        assert 0 < result["p50_us"] <= result["p99_us"]
        assert result["samples"] >= 1
        assert result["cold_seconds"] is None
        assert set(result["rows_per_second"]) == {"1", "8"}
        assert all(rate > 0 for rate in result["rows_per_second"].values())


def test_the_tables_and_the_bars(typed: Type, model: Path) -> None:
    answer = typed("bench", *QUICK, "--runtime", "onnxruntime", "--runtime", "c")
    assert answer.code == 0, answer.err
    for word in ("p50", "p99", "threads", "pima.onnx", "onnxruntime raw", "logarithmic", "CPUs"):
        assert word in answer.out
    assert "█" in answer.out or "#" in answer.out
    assert "keras" not in answer.out.replace("model.keras", "")
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_cold_starts_are_measured_in_a_python_of_their_own(
    typed: Type, model: Path, folder: Path
) -> None:
    (folder / "numpy.py").write_text("raise SystemExit('a stranger')")
    answer = typed("bench", "--seconds", "0.01", "--batch", "1", "-r", "c", "--json")
    [result] = json.loads(answer.out)["results"]
    assert result["cold_seconds"] > 0


def test_what_is_missing_is_said(typed: Type, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert c_runtime.missing()
    answer = typed("bench", *QUICK, "-r", "c", "-r", "onnxruntime")
    assert answer.code == 0
    assert "not run: c:" in answer.err
    assert typed("bench", *QUICK, "-r", "c").code == 2


def test_a_stale_export_is_refused(typed: Type, model: Path, iris: Path) -> None:
    (model / "exports" / "pima.onnx").write_bytes((iris / "exports" / "iris.onnx").read_bytes())
    answer = typed("bench", *QUICK, "-r", "onnxruntime")
    assert answer.code == 2
    assert "export" in answer.err


def test_a_missing_export_is_refused(typed: Type, model: Path) -> None:
    (model / "exports" / "pima.onnx").unlink()
    answer = typed("bench", *QUICK, "-r", "onnxruntime")
    assert answer.code == 2
    assert "pima.onnx" in answer.err
