"""NAME_classify: the class that NAME_predict's outputs stand for, for every input."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, STRICT, run
from support.networks import network, readings

from mlp_edge.card import Card, choose
from mlp_edge.export.c import classify as c_classify
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof import c_replay

INF, NAN = np.float32(np.inf), np.float32(np.nan)
THRESHOLDS = (
    0.5,
    0.3,
    0.50000006,
    0.001,
    0.999,
    0.9999985,
    1e-30,
    1e-37,
    1e-38,
    0.0,
    1.0,
    -1.0,
    2.0,
)

Both = Callable[[Floats], tuple[Floats, list[int]]]


def identity(task: str, width: int, activation: str, threshold: float = 0.5) -> Mlp:
    """A model whose last sums are its readings."""
    layer = Dense(np.eye(width, dtype=np.float32), np.zeros(width, np.float32), activation)
    features = tuple(Feature(f"x{index}") for index in range(width))
    return network(
        (width, width), task=task, layers=(layer,), features=features, scaling=None,  # type: ignore[arg-type]
        threshold=np.float32(threshold),
    )  # fmt: skip


def compiled(mlp: Mlp, folder: Path) -> Both:
    """Both functions of a header, on rows: predictions and classes."""
    (folder / "net.h").write_bytes(export(mlp))
    (folder / "net.c").write_text(
        '#include "net.h"\nvoid all(const float *x, float *y, int *answers, size_t count);\n'
        "void all(const float *x, float *y, int *answers, size_t count)\n{\n"
        "    for (size_t row = 0; row < count; row++) {\n"
        "        net_predict(x + row * NET_INPUTS, y + row * NET_OUTPUTS);\n"
        "        answers[row] = net_classify(x + row * NET_INPUTS);\n    }\n}\n"
    )
    run(folder, *C99, *STRICT, "-O2", "-ffp-contract=off", "-shared", "-fPIC", "net.c",
        "-o", "net.so")  # fmt: skip
    function = ctypes.CDLL(str(folder / "net.so")).all

    def both(rows: Floats) -> tuple[Floats, list[int]]:
        given = np.ascontiguousarray(rows, np.float32)
        predictions = np.empty((len(given), mlp.outputs), np.float32)
        answers = np.empty(len(given), np.intc)
        function(
            *(ctypes.c_void_p(array.ctypes.data) for array in (given, predictions, answers)),
            ctypes.c_size_t(len(given)),
        )
        return predictions, answers.tolist()

    return both


def assert_agree(mlp: Mlp, rows: Floats, folder: Path) -> None:
    predictions, answers = compiled(mlp, folder)(rows)
    labels = choose(Card.of(mlp), predictions)
    expected = [-1 if label is None else mlp.labels.index(label) for label in labels]
    differ = [i for i, pair in enumerate(zip(answers, expected, strict=True)) if len({*pair}) > 1]
    assert not differ, f"{rows[differ[0]]!r}: {answers[differ[0]]}, not {expected[differ[0]]}"


def neighbours(centre: np.float32, steps: int) -> Floats:
    """The float32 numbers around one, that many to each side."""
    bits = np.array([centre], np.float32).view(np.int32)[0]
    ordered = np.int64(bits if bits >= 0 else -(int(bits) & 0x7FFFFFFF))
    near = ordered + np.arange(-steps, steps + 1)
    signed = np.where(near >= 0, near, (-near) | 0x80000000).astype(np.uint32)
    return signed.view(np.float32)


def hard_sums(threshold: float) -> Floats:
    limits = c_classify.sigmoid_limits(np.float32(threshold)) or (np.float32(0), np.float32(0))
    with np.errstate(over="ignore"):
        between = np.linspace(*limits, 20_001).astype(np.float32)
    bits = np.arange(0, 2**32, 100_003, dtype=np.uint64).astype(np.uint32).view(np.float32)
    special = np.array([0, -0.0, INF, -INF, NAN, 1e-45, -1e-45, 87, -87, 104, -104], np.float32)
    around = [neighbours(limit, 20_000) for limit in limits]
    small = np.float32(2) ** np.arange(-40, -15, dtype=np.float32)
    return np.concatenate(
        [between, *around, bits, special, small, -small, np.linspace(-110, 110, 50_001)]
    ).astype(np.float32)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_binary_on_both_sides_of_every_threshold(threshold: float, tmp_path: Path) -> None:
    mlp = identity("binary", 1, "sigmoid", threshold)
    assert_agree(mlp, hard_sums(threshold)[:, None], tmp_path)


def test_the_error_of_the_sigmoid_is_less_than_the_doubt() -> None:
    x = np.concatenate([np.linspace(-84, 90, 2_000_001), hard_sums(0.5)]).astype(np.float32)
    x = x[np.isfinite(x) & (x > -84)]
    exact = 1 / (1 + np.exp(-x.astype(np.float64)))
    with np.errstate(all="ignore"):
        off = np.abs(c_replay.KERNELS["sigmoid"](x) - exact) / exact
    assert off.max() < 0.4 * c_classify.DOUBT


@pytest.mark.parametrize("width", [2, 3, 10])
def test_multiclass_with_near_ties(width: int, tmp_path: Path) -> None:
    random = np.random.default_rng(width)
    rows = random.normal(size=(40_000, width)).astype(np.float32)
    best = rows.max(axis=1)
    steps = random.integers(0, 40, 40_000)
    place = random.integers(0, width, 40_000)
    near = best.copy()
    for step in range(40):  # so many units in the last place below the largest
        near[steps > step] = np.nextafter(near[steps > step], -INF)
    rows[np.arange(40_000), place] = near
    scaled = rows * np.float32(10.0) ** random.integers(-6, 6, (40_000, 1)).astype(np.float32)
    special = np.array([0, -0.0, INF, -INF, NAN, 3e38, -3e38, 1e-45, -87, 1], np.float32)
    strange = random.choice(special, (20_000, width))
    assert_agree(
        identity("multiclass", width, "softmax"), np.concatenate([rows, scaled, strange]), tmp_path
    )


def test_ties_exist_that_only_the_probabilities_show() -> None:
    """Otherwise the largest sum would do, and the kernel could be simpler."""
    sums = np.array([[0, 1e-8], [1, np.nextafter(np.float32(1), INF)]], np.float32)
    probabilities = c_replay.KERNELS["softmax"](sums)
    assert (np.argmax(sums, axis=1) == 1).all()
    assert (np.argmax(probabilities, axis=1) == 0).any()


@pytest.mark.parametrize("activation", ["linear", "tanh", "hard_sigmoid", "relu"])
@pytest.mark.parametrize(("task", "width"), [("binary", 1), ("multiclass", 3)])
def test_outputs_of_another_kind(activation: str, task: str, width: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    special = np.array([0, -0.0, INF, -INF, NAN, 0.5, 0.3, -2, 1e-45, 3e38], np.float32)
    rows = random.choice(special, (3000, width))
    assert_agree(identity(task, width, activation, 0.3), rows, tmp_path)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_whole_network_and_a_missing_reading(task: str, tmp_path: Path) -> None:
    mlp = network((4, 8, 1 if task == "binary" else 3), task=task)  # type: ignore[arg-type]
    rows = readings(mlp, 500)
    rows[::7, 2] = np.nan
    assert_agree(mlp, rows, tmp_path)
    _, answers = compiled(mlp, tmp_path)(rows[:1])
    assert answers == [-1]


def test_where_the_exponential_is_left_out() -> None:
    text = export(network()).decode()
    assert "mlp_edge_choose_sigmoid(logits, -2.0000" in text
    assert (
        "mlp_edge_choose_softmax(logits, NET_OUTPUTS)"
        in export(network((2, 3), task="multiclass")).decode()
    )
    assert (
        "mlp_edge_above(outputs, NET_THRESHOLD)"
        in export(network(threshold=np.float32(0))).decode()
    )
    assert "classify" not in export(network(task="regression")).decode()
    assert "classify" not in export(replace(network(), name="x"), weights_only=True).decode()
