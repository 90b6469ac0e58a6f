"""Graphs of operations become networks that compute the same, in few and small layers.

Weights and factors are small multiples of powers of two: whatever is multiplied together is exact
in float32, so that the network has to compute what its operations do, to the rounding of float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Mlp
from mlp_edge.readers.assembling.assembly import Assembly, Layers, Value
from mlp_edge.readers.importing.imported import named
from mlp_edge.reference import FORMULAS, Doubles, predict

S = "layer 'x'"
CLOSE = 1e-9
ROUGH = ("relu", "tanh", "sigmoid", "elu", "softplus", "hard_sigmoid", "leaky_relu")


class Both:
    """Each operation twice: in an ``Assembly``, and on rows of float64."""

    def __init__(self, *widths: int | None, rows: Sequence[int] = ()) -> None:
        random = np.random.default_rng(7)
        self.assembly = Assembly()
        self.rows = [random.normal(0, 2, (30, width)).astype(np.float32)
                     for width in rows or [width or 1 for width in widths]]  # fmt: skip
        self.inputs = [
            (self.assembly.given(width), rows.astype(np.float64))
            for width, rows in zip(widths, self.rows, strict=True)
        ]

    def dense(self, v: Any, weights: Doubles, bias: Doubles) -> Any:
        return self.assembly.dense(v[0], weights, bias, S), v[1] @ weights.T + bias

    def scaled(self, v: Any, factor: Any, offset: Any) -> Any:
        return self.assembly.scaled(v[0], factor, offset, S), v[1] * factor + offset

    def activated(self, v: Any, name: str) -> Any:
        return self.assembly.activated(v[0], name, S), FORMULAS[name](v[1])

    def leaky(self, v: Any, slopes: Any) -> Any:
        return self.assembly.leaky(v[0], slopes, S), np.where(v[1] > 0, v[1], slopes * v[1])

    def elu(self, v: Any, alpha: float) -> Any:
        found = np.where(v[1] > 0, v[1], alpha * np.expm1(np.minimum(v[1], 0)))
        return self.assembly.elu(v[0], alpha, S), found

    def clipped(self, v: Any, low: float, high: float) -> Any:
        return self.assembly.clipped(v[0], low, high, S), np.clip(v[1], low, high)

    def added(self, vs: Any, factors: Sequence[float]) -> Any:
        found = sum(factor * v[1] for v, factor in zip(vs, factors, strict=True))
        return self.assembly.added([v[0] for v in vs], factors, S), found

    def multiplied(self, vs: Any) -> Any:
        found = math.prod(v[1] for v in vs)
        return self.assembly.multiplied([v[0] for v in vs], S), found

    def maximum(self, vs: Any) -> Any:
        found = self.assembly.maximum([v[0] for v in vs], S)
        return found, np.maximum.reduce(np.broadcast_arrays(*(v[1] for v in vs)))

    def minimum(self, vs: Any) -> Any:
        found = self.assembly.maximum([v[0] for v in vs], S, sign=-1)
        return found, np.minimum.reduce(np.broadcast_arrays(*(v[1] for v in vs)))

    def concatenated(self, vs: Any) -> Any:
        return self.assembly.concatenated([v[0] for v in vs], S), np.hstack([v[1] for v in vs])

    def part(self, v: Any, start: int, stop: int) -> Any:
        return self.assembly.part(v[0], start, stop, S), v[1][:, start:stop]

    def normalised(self, v: Any, gamma: Any, beta: Any, centred: bool) -> Any:
        x = v[1] - v[1].mean(axis=1, keepdims=True) if centred else v[1]
        found = gamma * x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 0.25) + beta
        return self.assembly.normalised(v[0], gamma, beta, 0.25, centred, S), found

    def unit_length(self, v: Any) -> Any:
        size = np.sqrt(np.maximum((v[1] ** 2).sum(axis=1, keepdims=True), 2.0**-40))
        return self.assembly.unit_length(v[0], 2.0**-40, S), v[1] / size

    def check(self, *outputs: Any) -> Layers:
        """The network computes what the operations do, and so do its steps one by one."""
        layers = self.assembly.finished([v[0] for v in outputs], S)
        wanted = np.hstack([v[1] for v in outputs])
        assert layers.steps is not None
        steps = layers.steps()
        assert steps is not None
        stepwise = layers._replace(scaling=None, layers=steps.layers, heads=steps.heads)
        for made in (layers, stepwise):
            got = predict(regression(made), np.hstack(self.rows))
            np.testing.assert_allclose(got, wanted, rtol=CLOSE, atol=CLOSE)
        return layers


def regression(layers: Layers) -> Mlp:
    return named(Path("net.h5"), layers)


def numbers(random: np.random.Generator, *shape: int) -> Doubles:
    """Multiples of 1/2, few of them 0."""
    return np.asarray(random.choice([-1, -0.5, 0.5, 1, 0], shape, p=[0.25, 0.25, 0.25, 0.2, 0.05]))


def shapes(layers: Layers) -> list[str]:
    """Each layer in short: "3x4 relu reads 1, 2 times 3"."""
    return [
        " ".join((
            f"{layer.outputs}x{layer.inputs} {layer.activation}",
            *([f"reads {', '.join(map(str, layer.reads))}"] if layer.reads else []),
            *([] if layer.times is None else [f"times {layer.times}"]),
        ))
        for layer in layers.layers
    ]  # fmt: skip


# Any graph


class Grower:
    """Operations at random, each on values that exist."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        widths = self.random.integers(1, 5, self.random.integers(1, 4)).tolist()
        self.both = Both(*widths)
        self.values = list(self.both.inputs)

    def width(self, value: Any) -> int:
        return int(value[1].shape[1])

    def pick(self) -> Any:
        late = self.values[-4:] if self.random.random() < 0.6 else self.values
        return late[self.random.integers(len(late))]

    def alike(self, value: Any, count: int) -> list[Any]:
        """Values of one width, the first one given; one of width 1 may be among them."""
        fit = [v for v in self.values if self.width(v) in (1, self.width(value))]
        return [value, *(fit[self.random.integers(len(fit))] for _ in range(count))]

    def grow(self) -> None:
        random, both, value = self.random, self.both, self.pick()
        width = self.width(value)
        do: dict[str, Callable[[], Any]] = {
            "dense": lambda: self.dense(value),
            "both": lambda: both.activated(self.dense(value), str(random.choice(ROUGH))),
            "scaled": lambda: both.scaled(
                value, random.choice([-0.5, 0.5, 1, 2, 0], width), numbers(random, width)
            ),
            "activated": lambda: both.activated(value, str(random.choice(ROUGH))),
            "leaky": lambda: both.leaky(value, random.choice([-0.5, 0.25, 2], width)),
            "elu": lambda: both.elu(value, 0.5),
            "clipped": lambda: both.clipped(value, *[(-1.5, 1.5), (0, 6), (-math.inf, 1)][
                random.integers(3)]),
            "added": lambda: both.added(
                self.alike(value, 2), [float(f) for f in random.choice([1, -1, 0.5], 3)]),
            "multiplied": lambda: both.multiplied(self.alike(value, 1)),
            "maximum": lambda: both.maximum(self.alike(value, 1)),
            "minimum": lambda: both.minimum(self.alike(value, 2)),
            "concatenated": lambda: both.concatenated([value, self.pick(), self.pick()]),
            "part": lambda: both.part(value, width // 2, width),
            "normalised": lambda: both.normalised(
                value, numbers(random, width), numbers(random, width), bool(random.random() < 0.5)
            ),
            "unit length": lambda: both.unit_length(value),
            "softmax": lambda: both.activated(value, "softmax"),
        }  # fmt: skip
        if width & (width - 1):
            del do["normalised"]  # 1 / width is no float32 number
        found = do[str(random.choice(list(do)))]()
        if self.width(found) <= 40 and np.abs(found[1]).max() < 1e4:
            self.values.append(found)

    def dense(self, value: Any) -> Any:
        outputs = int(self.random.integers(1, 6))
        weights = numbers(self.random, outputs, self.width(value))
        return self.both.dense(value, weights, numbers(self.random, outputs))


@pytest.mark.parametrize("block", range(10))
def test_graphs_at_random(block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        made = Grower(seed)
        for _ in range(made.random.integers(2, 14)):
            made.grow()
        outputs = [made.dense(made.values[-1])]
        outputs += [made.pick() for _ in range(made.random.integers(0, 3))]
        made.both.check(*outputs)


# What costs a layer, and what does not

W3, W2 = numbers(np.random.default_rng(1), 4, 3), numbers(np.random.default_rng(2), 4, 2)
W4, B4 = numbers(np.random.default_rng(3), 4, 4), numbers(np.random.default_rng(4), 4)


def wide(both: Both, value: int, activation: str = "relu") -> Any:
    """A layer of four units on an input."""
    width = both.inputs[value][1].shape[1]
    return both.activated(both.dense(both.inputs[value], {3: W3, 2: W2}[width], B4), activation)


def test_a_concatenation_costs_nothing() -> None:
    both = Both(3, 2)
    joined = both.concatenated([wide(both, 0), wide(both, 1), both.inputs[1]])
    found = both.check(both.dense(joined, np.hstack([W4, W4, W2]), B4))
    assert shapes(found) == ["4x5 relu", "4x5 relu reads 0", "4x13 linear reads 1, 2, 0"]


def test_what_is_concatenated_at_the_end_are_the_heads() -> None:
    both = Both(3)
    found = both.check(both.concatenated([wide(both, 0), wide(both, 0, "tanh")]))
    assert shapes(found) == ["4x3 relu", "4x3 tanh reads 0"]
    assert found.heads == (1, 2)


def test_layers_of_the_same_input_side_by_side_are_one() -> None:
    both = Both(3)
    one, other = (both.dense(both.inputs[0], W3 * factor, B4) for factor in (1, 2))
    found = both.check(both.activated(both.concatenated([one, other]), "relu"))
    assert shapes(found) == ["8x3 relu"]


def test_a_sum_of_dense_layers_is_one() -> None:
    both = Both(3, 2)
    hidden = [wide(both, 0), wide(both, 1)]
    found = both.check(
        both.activated(both.added([both.dense(each, W4, B4) for each in hidden], [1, -1]), "tanh")
    )
    assert shapes(found)[2:] == ["4x8 tanh reads 1, 2"]


def test_a_sum_goes_into_few_units_and_is_a_layer_before_many() -> None:
    """Side by side for one unit; for four, that matrix twice is more than one layer of sums."""
    for units, wanted in (
        (1, ["1x8 linear reads 1, 2"]),
        (4, ["4x8 linear reads 1, 2", "4x4 linear"]),
    ):
        both = Both(3, 2)
        total = both.added([wide(both, 0), wide(both, 1)], [1, 1])
        found = both.check(both.dense(total, W4[:units], B4[:units]))
        assert shapes(found)[2:] == wanted


def test_a_residual_block() -> None:
    both = Both(3)
    start = wide(both, 0)
    inner = both.dense(both.activated(both.dense(start, W4, B4), "relu"), W4, B4)
    end = both.activated(both.added([inner, start], [1, 1]), "relu")
    found = both.check(both.dense(end, W4[:1], B4[:1]))
    assert shapes(found) == [
        "4x3 relu", "4x4 relu", "4x4 linear", "4x8 relu reads 3, 1", "1x4 linear",
    ]  # fmt: skip
    assert found.layers[3].diagonals is not None


def test_what_is_added_to_what_made_it_goes_into_its_weights() -> None:
    both = Both(3)
    start = wide(both, 0)
    found = both.check(both.added([both.dense(start, W4, B4), start], [1, 1]))
    assert shapes(found) == ["4x3 relu", "4x4 linear"]


def test_a_gate_is_the_product_of_two_layers() -> None:
    both = Both(3, 2)
    found = both.check(both.multiplied([wide(both, 0, "tanh"), wide(both, 1, "sigmoid")]))
    assert shapes(found) == ["4x5 sigmoid", "4x5 tanh reads 0 times 1"]
    both = Both(3)
    squared = both.activated(both.dense(both.inputs[0], W3, B4), "relu")
    found = both.check(both.multiplied([squared, squared]))
    assert shapes(found) == ["4x3 relu", "4x4 square"]


def test_layer_normalisation() -> None:
    both = Both(3)
    hidden = both.dense(both.inputs[0], W3, B4)
    normal = both.normalised(hidden, np.float64([1, 2, 0.5, -1]), B4, centred=True)
    found = both.check(both.dense(normal, W4, B4))
    assert shapes(found) == [
        "4x3 linear", "4x4 square", "1x4 rsqrt", "4x4 linear reads 1 times 3", "4x4 linear",
    ]  # fmt: skip
    np.testing.assert_allclose(found.layers[0].weights.mean(axis=0), 0, atol=1e-7)
    both = Both(4)
    found = both.check(both.dense(both.unit_length(both.inputs[0]), W4, B4))
    assert shapes(found) == [
        "4x4 square", "1x4 relu", "1x1 rsqrt", "4x4 linear reads 0 times 3", "4x4 linear",
    ]  # fmt: skip


def test_the_maximum_needs_one_layer() -> None:
    both = Both(3, 2)
    found = both.check(both.dense(both.maximum([wide(both, 0), wide(both, 1)]), W4[:1], B4[:1]))
    assert shapes(found)[2:] == ["4x8 relu reads 2, 1", "1x8 linear reads 1, 3"]


def test_operations_that_nothing_reads_are_left_out() -> None:
    both = Both(3)
    both.normalised(both.dense(both.inputs[0], W3, B4), 1, 0, centred=True)
    assert shapes(both.check(wide(both, 0))) == ["4x3 relu"]


# What stands in front


def test_each_input_has_its_own_scaling() -> None:
    both = Both(3, 2)
    inputs = [both.scaled(both.inputs[0], [0.5, -2, 0], [3, 1, 8]), both.inputs[1]]
    weights = np.hstack([W3, W2])
    found = both.check(both.dense(both.concatenated(inputs), weights, B4))
    assert shapes(found) == ["4x5 linear"]
    assert found.scaling is not None
    assert found.scaling.mean.tolist() == [-6, 0.5, 0, 0, 0]
    assert found.scaling.std.tolist() == [2, 0.5, 1, 1, 1]
    assert not found.folded


def test_scaled_behind_a_concatenation() -> None:
    both = Both(1, 2)
    scaled = both.scaled(both.concatenated(both.inputs), [1, 2, 4], [5, 6, 7])
    found = both.check(both.dense(scaled, W3, B4))
    assert shapes(found) == ["4x3 linear"]
    assert found.scaling is not None
    assert found.scaling.std.tolist() == [1, 0.5, 0.25]


def test_readings_that_are_scaled_twice_and_read_as_they_are() -> None:
    both = Both(3)
    start = both.inputs[0]
    ways = [both.scaled(start, 0.5, 32), both.scaled(start, 2, -1), start]
    found = both.check(both.dense(both.concatenated(ways), np.hstack([W3, W3, W3]), B4))
    assert shapes(found) == ["4x3 linear"]
    assert found.scaling is not None
    assert found.scaling.mean.tolist() == [-64, -64, -64]


# The end


def test_outputs_that_others_read_are_passed_on() -> None:
    """A head is read by nothing else."""
    both = Both(3)
    first = wide(both, 0)
    found = both.check(both.dense(first, W4, B4), first)
    assert shapes(found) == ["4x3 relu", "4x4 linear", "4x4 linear reads 1"]
    assert found.heads == (2, 3)
    assert found.layers[2].diagonals is not None
    found = both.check(first, first)
    assert found.heads == (3, 2)


def test_a_clip_at_the_end_and_on_the_way() -> None:
    both = Both(3)
    both.check(both.clipped(both.dense(both.inputs[0], W3, B4), 0, 6))
    clipped = both.clipped(both.dense(both.inputs[0], W3, B4), 0, 6)
    found = both.check(both.dense(clipped, W4, B4))
    assert shapes(found) == ["4x3 hard_sigmoid", "4x4 linear"]
    assert found.clip is None
    for name, units in (("sigmoid", 1), ("softmax", 4)):
        both = Both(3)
        dense = both.dense(both.inputs[0], W3[:units], B4[:units])
        found = both.check(both.clipped(both.activated(dense, name), 0, 1))
        assert found.clip is None
        assert [layer.activation for layer in found.layers] == [name]


def test_logarithms_of_probabilities() -> None:
    assembly = Assembly()
    logits = assembly.dense(assembly.given(3), W3, B4, S)
    logarithms = assembly.log_softmax(logits, S)
    found = assembly.finished([logarithms], S)
    assert shapes(found) == ["4x3 softmax"]
    assert found.notes == (
        "layer 'x' gives logarithms of probabilities, and mlp-edge the probabilities",
    )
    with pytest.raises(ModelError, match="layer 'x' takes the logarithms of probabilities before"):
        assembly.finished([assembly.dense(logarithms, W4, B4, S)], S)


# What does not fit


def test_widths_that_are_told_late() -> None:
    both = Both(None, rows=[3])
    early = both.activated(both.inputs[0], "tanh")
    found = both.check(both.dense(both.added([early, both.inputs[0]], [1, 1]), W3, B4))
    assert shapes(found) == ["3x3 tanh", "3x6 linear reads 1, 0", "4x3 linear"]


REFUSED: dict[str, tuple[Callable[[Assembly, Value], object], str]] = {
    "another width": (lambda a, v: a.dense(v, W4, B4, S), "takes 4 inputs, and 3 arrive"),
    "other factors": (lambda a, v: a.scaled(v, W4[0], 0, S), "takes 4 inputs, and 3 arrive"),
    "a matrix of factors": (lambda a, v: a.scaled(v, W4, 0, S), r"numbers of the shape \(4, 4\)"),
    "infinity": (lambda a, v: a.scaled(v, math.inf, 0, S), "multiplies or adds NaN or infinity"),
    "other slopes": (lambda a, v: a.leaky(v, W4[0], S), r"slopes of the shape \(4,\) for 3 units"),
    "a slope": (lambda a, v: a.leaky(v, math.nan, S), "a slope that is NaN or infinite"),
    "no space": (lambda a, v: a.clipped(v, 2, 2, S), "keeps numbers between 2 and 2"),
    "a sum": (
        lambda a, v: a.added([v, a.given(2)], [1, 1], S), "joins values of 3, 2 numbers, one by one"
    ),
    "a product": (
        lambda a, v: a.multiplied([v, v, a.given(2)], S), "joins values of 3, 2 numbers"
    ),
    "a part": (lambda a, v: a.part(v, 2, 5, S), "takes numbers 2 to 5 of 3"),
    "no epsilon": (lambda a, v: a.normalised(v, 1, 0, 0, True, S), "has epsilon 0; a number above"),
    "unknown rows": (
        lambda a, v: a.concatenated([v, a.given(None)], S), "rows whose width the file does not"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit(name: str) -> None:
    operation, said = REFUSED[name]
    assembly = Assembly()
    with pytest.raises(ModelError, match=f"^layer 'x' .*{said}"):
        operation(assembly, assembly.given(3))


def test_no_dense_layer() -> None:
    assembly = Assembly()
    with pytest.raises(ModelError, match="no Dense layer"):
        assembly.finished([assembly.activated(assembly.given(3), "relu", S)], S)


def test_weights_that_float32_does_not_hold() -> None:
    assembly = Assembly()
    hidden = assembly.activated(assembly.dense(assembly.given(3), W3, B4, S), "relu", S)
    dense = assembly.dense(assembly.scaled(hidden, 1e39, 0, S), W4, B4, S)
    with pytest.raises(ModelError, match="layer 'x' has weights that are NaN, infinite or beyond"):
        assembly.finished([dense], S)


# What a hostile file can ask for


def refused(operation: Callable[[Value], Value], value: Value) -> str:
    """What is said when an operation goes on and on."""
    try:
        for _ in range(20_000):
            value = operation(value)
    except ModelError as error:
        return str(error)
    return ""


def test_graphs_that_double_at_each_step() -> None:
    assembly = Assembly()
    value = assembly.dense(assembly.given(3), W3, B4, S)
    for _ in range(200):  # 2 ** 200 times the same layer
        value = assembly.added([value, value], [0.5, 0.5], S)
    assert shapes(assembly.finished([value], S)) == ["4x3 linear"]
    assert "numbers for a row; 10,000 steps and 16,777,216 numbers would do" in refused(
        lambda value: assembly.concatenated([value, value], S), value
    )


@pytest.mark.parametrize("join", ["sums", "concatenations"])
def test_values_that_join_all_values_before_them(join: str) -> None:
    assembly = Assembly()
    first = assembly.dense(assembly.given(3), W3[:1], B4[:1], S)
    values = [assembly.activated(first, "relu", S)]
    for _ in range(600):
        one = assembly.activated(values[0], "tanh", S)
        both = (values[-1], one)
        values.append(
            assembly.added(both, (1, 1), S) if join == "sums" else assembly.concatenated(both, S)
        )
    with pytest.raises(ModelError, match="parts in all; 131,072 would do"):
        assembly.finished([values[-1]], S)


def test_a_matrix_that_is_used_again_and_again() -> None:
    assembly = Assembly()
    weights = np.eye(1000)
    value = assembly.given(1000)
    for _ in range(100):
        value = assembly.dense(value, weights, np.zeros(1000), S)
    with pytest.raises(ModelError, match="repeat their 1,000,000 weights until they are 100,000"):
        assembly.finished([value], S)


def test_more_steps_than_a_network_has() -> None:
    assembly = Assembly()
    value = assembly.given(3)
    assert "is step 10,001 of a graph" in refused(
        lambda value: assembly.activated(value, "relu", S), value
    )


def test_a_wide_layer_that_is_no_dense_one() -> None:
    assembly = Assembly()
    wide_one = assembly.activated(assembly.given(2049), "relu", S)
    dense = assembly.dense(wide_one, np.ones((1, 2049)), np.zeros(1), S)
    with pytest.raises(ModelError, match=r"2,049 units of its own; 2,048 would do"):
        assembly.finished([dense], S)
