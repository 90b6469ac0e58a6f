"""Boxes of readings: their reaches hold every row, their certificates every runtime."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graph, normalised
from support.networks import ANY_SUM, encoded, network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.parity.certificate import certify
from mlp_edge.parity.compare import settled
from mlp_edge.proof import c_replay
from mlp_edge.proof.accuracy import ANY
from mlp_edge.proof.bound import Interval, bound, over
from mlp_edge.proof.box import declared, held, reaches
from mlp_edge.reference import FORMULAS, Doubles, predict, trace

CURVES = [*ANY_SUM, "softmax"]
HAIR = 1 + 1e-9
SMALL = 2.0**20
"""A budget of some hundred boxes."""
WORDS = ("a", "b", "c", "d")
MIXED = (
    Feature("fills far off", 0.1, 9.7, sentinel=-999.0, fill=25.0, indicator=True),
    Feature("fills not", 2.0, 7.0),
    Feature("level", categories=WORDS, codes=(0, 1, 5, 7), sentinel=-1.0, fill=5.0),
    Feature("other", categories=WORDS[:2], codes=(3, 4)),
)


def steep(activation: str, widths: tuple[int, ...] = (3, 6, 5, 4, 2), seed: int = 0) -> Mlp:
    """A network whose sums reach the middle and the tails of its activations."""
    if activation == "softmax":
        mlp = network(widths, "tanh", "multiclass", seed=seed)
    else:
        mlp = network(widths, activation, "regression", seed=seed)
    factor = np.float32(0.5 if activation in ("exponential", "square") else 3)
    layers = [replace(layer, weights=layer.weights * factor) for layer in mlp.layers]
    return replace(mlp, layers=tuple(layers))


def some_boxes(mlp: Mlp, count: int = 40) -> Interval:
    """Boxes of all sizes within the declared one, some of no width in some inputs."""
    random = np.random.default_rng(1)
    whole = declared(mlp, readings(mlp, 1))
    ends = random.uniform(*whole, (2, count, mlp.inputs))
    narrow = 10 ** random.uniform(-6, 0, (count, 1)) * (random.random(ends[0].shape) < 0.9)
    return Interval(ends.min(axis=0), ends.min(axis=0) + narrow * np.ptp(ends, axis=0))


def points(boxes: Interval, each: int = 60) -> Doubles:
    """Rows (boxes, each, width) of every box: corners, and any."""
    random = np.random.default_rng(2)
    share = random.random((len(boxes.low), each, boxes.low.shape[1]))
    share[:, ::2] = share[:, ::2].round()
    return np.minimum(boxes.low[:, None] + share * np.diff(boxes, axis=0)[0][:, None],
                      boxes.high[:, None])  # fmt: skip


@pytest.mark.parametrize("activation", CURVES)
def test_every_layer_stays_within_its_reach(activation: str) -> None:
    mlp = steep(activation)
    boxes = some_boxes(mlp)
    inside = points(boxes)
    rows = inside.reshape(-1, mlp.inputs)
    stack = list(trace(mlp, rows))
    for reach, (z, answer) in zip(reaches(mlp, boxes), stack, strict=True):
        for (low, high), values in ((reach.pre_activations, z), (reach.activations, answer)):
            seen = values.reshape(*inside.shape[:2], -1)
            hair = 1e-13 * np.abs(seen).max(axis=1)
            assert (low - hair <= seen.min(axis=1)).all()
            assert (seen.max(axis=1) <= high + hair).all()


@pytest.mark.parametrize("activation", ANY_SUM)
@settings(max_examples=30)
@given(st.floats(-30, 30), st.floats(0, 40) | st.floats(0, 1e-3))
def test_a_band_holds_the_whole_curve(activation: str, low: float, width: float) -> None:
    ends = Interval(np.array([[low]]), np.array([[low + width]]))
    band, activations = held(activation, ends)
    z = np.minimum(low + width * np.linspace(0, 1, 999), low + width)
    curve = FORMULAS[activation](z)
    assert (np.abs(curve - band.slope * z - band.offset) <= band.height).all()
    assert (activations.low <= curve).all()
    assert (curve <= activations.high).all()
    if activation in ("exponential", "square"):
        return  # of no largest slope
    # Nor is it wider than a parallelogram of the steepest slopes would be.
    assert (activations.high - activations.low <= np.ptp(curve) + 0.3 * width / 8 + 1e-9).all()


@pytest.mark.parametrize("activation", CURVES)
def test_the_bound_of_a_box_holds_for_each_of_its_rows(activation: str) -> None:
    mlp = steep(activation)
    boxes = some_boxes(mlp)
    inside = points(boxes, 30)
    each = bound(mlp, inside.reshape(-1, mlp.inputs)).reshape(*inside.shape[:2], -1)
    assert (each.max(axis=1) <= over(mlp, reaches(mlp, boxes), ANY) * HAIR).all()


@settings(max_examples=60)
@given(st.integers(0, 2**16))
def test_a_graph_stays_within_its_reach(seed: int) -> None:
    mlp = graph(seed)
    boxes = some_boxes(mlp)
    inside = points(boxes, 20)
    rows = inside.reshape(-1, mlp.inputs)
    stack = reaches(mlp, boxes)
    for reach, (z, answer) in zip(stack, trace(mlp, rows), strict=True):
        for (low, high), values in ((reach.pre_activations, z), (reach.outputs, answer)):
            seen = values.reshape(*inside.shape[:2], -1)
            hair = 1e-13 * np.abs(seen).max(axis=1)
            assert (low - hair <= seen.min(axis=1)).all()
            assert (seen.max(axis=1) <= high + hair).all()
    each = bound(mlp, rows).reshape(*inside.shape[:2], -1)
    assert (each.max(axis=1) <= over(mlp, stack, ANY) * HAIR).all()


def test_a_root_behind_squares_never_reaches_0() -> None:
    """Or no bound would hold for a box, as wide as it may be."""
    mlp = normalised(8, 2, 2)
    for layer, reach in zip(mlp.layers, reaches(mlp, declared(mlp, readings(mlp, 1))), strict=True):
        if layer.activation == "rsqrt":
            assert (reach.pre_activations.low > 0).all()
            assert (reach.activations.high < 32).all()  # 1 / sqrt(0.001), its epsilon, is 31.6


@pytest.mark.parametrize("activation", CURVES)
def test_a_box_of_no_width_is_its_row(activation: str) -> None:
    mlp = steep(activation)
    rows = readings(mlp, 50).astype(np.float64)
    alone = over(mlp, reaches(mlp, Interval(rows, rows)), ANY)
    assert alone == pytest.approx(bound(mlp, rows), rel=1e-9)


@pytest.mark.parametrize("activation", CURVES)
def test_no_replay_is_further_off_than_the_certificate(activation: str) -> None:
    mlp = steep(activation, (3, 8, 2))
    rows = readings(mlp, 3000)
    certificate = certify(mlp, declared(mlp, rows), budget=SMALL)
    exact = predict(mlp, rows)
    for fused in (False, True):
        off = np.abs(c_replay.replay(mlp, rows, fused) - exact).max(axis=0)
        assert (off > 0).all()
        assert (off <= certificate.bounds).all()
    assert (bound(mlp, rows).max(axis=0) <= np.multiply(certificate.bounds, HAIR)).all()


def test_more_boxes_never_bound_worse() -> None:
    mlp = network((4, 8, 6, 2), task="regression")
    box = declared(mlp, readings(mlp, 1))
    found = [certify(mlp, box, budget=budget) for budget in (0, 2**16, 2**18, 2**21)]
    assert found[0].boxes == 1
    for fewer, more in pairwise(found):
        assert fewer.boxes < more.boxes
        assert (np.array(more.bounds) <= fewer.bounds).all()
        assert (np.array(more.seen) >= fewer.seen).all()
    assert (np.array(found[-1].bounds) < np.array(found[0].bounds) / 2).all()
    assert (np.array(found[-1].seen) <= found[-1].bounds).all()


def test_it_stops_where_a_row_is_nearly_as_bad() -> None:
    mlp = network((1, 8, 1), task="regression")
    certificate = certify(mlp, declared(mlp, readings(mlp, 1)))
    assert certificate.bounds[0] <= 1.25 * certificate.seen[0]
    assert certificate.boxes < 1000


def test_the_same_box_gets_the_same_certificate() -> None:
    mlp = encoded(MIXED, outputs=2)
    box = declared(mlp, readings(mlp, 9))
    assert certify(mlp, box, budget=SMALL) == certify(mlp, box, budget=SMALL)


def every_kind(mlp: Mlp) -> Rows:
    """Rows of ``MIXED`` with whatever a reading can be."""
    random = np.random.default_rng(3)
    rows = readings(mlp, 2000)
    rows[:, 0] = random.choice([*rows[:, 0], *[np.nan, -999.0, np.float32(0.1)] * 300], len(rows))
    rows[:, 2] = random.choice([0, 1, 5, 7, -1, np.nan, 99], len(rows))
    rows[:, 3] = random.choice([3, 4, 99], len(rows))
    return rows


def test_fills_indicators_and_categories_are_in_the_box_and_sentinels_are_not() -> None:
    mlp = encoded(MIXED, outputs=2)
    box = declared(mlp, readings(mlp, 5))
    inputs = mlp.encoding.encode(every_kind(mlp).astype(np.float64))
    assert (box.low <= inputs).all()
    assert (inputs <= box.high).all()
    assert box.low[0, 0] == 0.1
    assert box.high[0, 0] == 25
    assert (box.high[0, 2:] == 1).all()


def test_the_certificate_holds_for_readings_of_every_kind() -> None:
    mlp = encoded(MIXED, outputs=2)
    rows = every_kind(mlp)
    certificate = certify(mlp, declared(mlp, rows[:5]), budget=SMALL)
    limits = bound(mlp, rows).max(axis=0)
    assert (limits <= np.multiply(certificate.bounds, HAIR)).all()
    assert (np.array(certificate.seen) > limits / 2).all()
    off = np.abs(c_replay.replay(mlp, rows) - predict(mlp, rows)).max(axis=0)
    assert (off <= certificate.bounds).all()


def test_a_row_is_in_one_category_at_most() -> None:
    feature = Feature("level", categories=WORDS, codes=(0, 1, 2, 3))
    mlp = encoded([feature], hidden=(2,))
    weights = np.array([[64, 64, 64, 64], [1, 2, 3, 4]], np.float32)
    mlp = replace(mlp, layers=(replace(mlp.layers[0], weights=weights), mlp.layers[1]))
    rows = np.array([[0], [1], [2], [3], [99]], np.float32)
    certificate = certify(mlp, declared(mlp, rows))
    assert certificate.bounds[0] <= 1.25 * bound(mlp, rows).max()
    assert certificate.boxes <= 9  # that is each category, none, and their parents


@pytest.mark.parametrize(
    ("weights", "bias"),
    [([64, 64], -72), ([1, 64], 0)],
    ids=["a reading both missing and large", "a missing reading"],
)
def test_the_worst_row_that_there_can_be_is_seen(weights: list[int], bias: int) -> None:
    mlp = encoded([Feature("x", 0.0, 1.0, fill=0.0, indicator=True)], (1,), standardised=False)
    first = replace(
        mlp.layers[0], weights=np.array([weights], np.float32), bias=np.array([bias], np.float32)
    )
    mlp = replace(mlp, layers=(first, mlp.layers[1]))
    rows = np.array([[np.nan], *np.linspace(0, 1, 999)[:, None]], np.float32)
    certificate = certify(mlp, declared(mlp, rows), budget=SMALL)
    assert certificate.seen[0] == pytest.approx(bound(mlp, rows).max())


def test_a_range_that_nobody_declared_is_that_of_the_sample() -> None:
    mlp = encoded([Feature("x"), Feature("y", 1.0, 2.0)])
    box = declared(mlp, np.array([[3, 0], [np.nan, 9], [-4, 5]], np.float32))
    assert box.low.tolist() == [[-4, 1]]
    assert box.high.tolist() == [[3, 2]]


def test_a_row_without_an_answer_is_no_matter() -> None:
    mlp = encoded(MIXED)
    rows = readings(mlp, 4)
    rows[:, 1] = np.nan
    assert np.isnan(predict(mlp, rows)).all()
    assert np.isfinite(certify(mlp, declared(mlp, rows), budget=0).bounds).all()


def test_a_clip_counts_and_hides_nothing() -> None:
    mlp = network((2, 6, 1), task="regression")
    rows = readings(mlp, 3000)
    middle = float(np.float32(np.median(predict(mlp, rows))))
    wide = replace(mlp, clip=(middle, middle + 2**-4))
    box = declared(mlp, rows)
    limit = bound(wide, rows).max()
    assert 0 < limit <= certify(wide, box, budget=SMALL).bounds[0] * HAIR
    narrow = replace(mlp, clip=(middle, float(np.nextafter(np.float32(middle), np.float32(9)))))
    assert narrow.clip is not None
    assert certify(narrow, box, budget=SMALL).bounds[0] <= narrow.clip[1] - narrow.clip[0]


@pytest.mark.parametrize("activation", ANY_SUM)
def test_what_cannot_be_bounded_is_said_to_be_unbounded(activation: str) -> None:
    mlp = network((2, 3, 3, 1), activation, "regression", standardised=False)
    layers = [replace(layer, weights=layer.weights * np.float32(1e38)) for layer in mlp.layers]
    vast = (Feature("x", -1e300, 1e300), Feature("y", 0.0, 1.0))
    mlp = replace(mlp, features=vast, layers=tuple(layers))
    for clip in (None, (-1.0, 1.0)):  # a clip lets NaN through
        mlp = replace(mlp, clip=clip)
        box = declared(mlp, np.zeros((1, 2), np.float32))
        assert certify(mlp, box, budget=2**16).bounds == (np.inf,)


def labelled(
    activations: list[list[float]], bounds: list[list[float]], **changes: object
) -> list[bool]:
    outputs = len(activations[0])
    task = "binary" if outputs == 1 else "multiclass"
    mlp = replace(network((2, 3, outputs), task=task), **changes)  # type: ignore[arg-type]
    return settled(mlp, np.array(activations), np.array(bounds)).tolist()


def test_a_label_is_settled_beyond_the_bound_from_the_threshold() -> None:
    threshold = np.float32(0.3)
    at = float(threshold)
    activations = [[at], [at + 2**-10], [at + 2**-10], [at - 2**-10], [at - 2**-10], [np.nan]]
    bounds = [[2**-20], [2**-10], [2**-11], [2**-10], [2**-11], [0.0]]
    wanted = [False, False, True, False, True, True]
    assert labelled(activations, bounds, threshold=threshold) == wanted
    # The threshold is 1.2e-8 above 0.3.
    assert labelled([[0.3]] * 2, [[1.1e-8], [1.3e-8]], threshold=threshold) == [True, False]


def test_a_class_is_settled_beyond_both_bounds_from_every_other() -> None:
    activations = [[0.5, 0.25, 0.25]] * 3 + [[0.25, 0.375, 0.375], [np.nan] * 3]
    bounds = [[0.125, 0.125, 0], [0.125, 0.0625, 0.0625], [0, 0, 0.25], [0, 0, 0], [0, 0, 0]]
    assert labelled(activations, bounds) == [False, True, False, False, True]
