"""Graphs that Keras itself builds and saves are read to the numbers that it predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Floats
from mlp_edge.proof.accuracy import EIGEN
from mlp_edge.proof.bound import bound
from mlp_edge.proof.folding import folded_bound
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.objects.keras_models import inputs_of, side_by_side
from mlp_edge.reference import predict

SUFFIXES = (".keras", ".h5")
ACTIVATIONS = (
    None, "relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus", "softsign",
    "leaky_relu", "relu6", "hard_sigmoid", "hard_tanh", "hard_silu", "log_sigmoid", "celu", "mish",
    "tanh_shrink", "soft_shrink", "squareplus", "sparse_plus", "sparse_sigmoid",
)  # fmt: skip


def answered(model: Any, rows: Floats) -> Floats:
    """What Keras predicts, the columns of its inputs and outputs one after the other."""
    return side_by_side(model(inputs_of(model, rows), training=False)).astype(np.float32)


def shaken(model: Any, seed: int = 0) -> Any:
    """Give every weight a value that no initialiser gives; variances stay above 0."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        spread = random.normal(0, 0.5, variable.shape)
        variable.assign(np.abs(spread) + 0.5 if "variance" in variable.path else spread)
    return model


def check(model: Any, folder: Path) -> Imported:
    """Save a model in both formats, read it, and compare predictions; what was read of .keras."""
    random = np.random.default_rng(3)
    width = sum(each.shape[1] for each in model.inputs)
    rows = random.normal(0, 2, (40, width)).astype(np.float32)
    wanted = answered(model, rows)
    found = []
    for suffix in SUFFIXES:
        model.save(folder / f"net{suffix}")
        found.append(read_foreign(folder / f"net{suffix}"))
        mlp, steps = found[-1].mlp, found[-1].steps
        assert steps is not None
        room = bound(steps.mlp, rows, EIGEN, steps.slacks) + folded_bound(mlp, rows)
        off = np.abs(predict(mlp, rows) - wanted)
        assert np.isfinite(room).any()
        assert (off <= room).all(), f"{suffix}: {np.max(off / room)} bounds"
    assert found[0].mlp.weights_sha256 == found[1].mlp.weights_sha256
    return found[0]


# Each kind of graph

Build = Callable[[Any, Any], Any]
"""keras.layers, an input of four readings -> the outputs."""


def shared(k: Any, x: Any) -> Any:
    layer = k.Dense(4, "tanh")
    return k.Dense(2)(k.Subtract()([layer(x), layer(layer(x))]))


def residual(k: Any, x: Any) -> Any:
    stream = k.Dense(6, "relu")(x)
    for _ in range(2):
        inner = k.Dense(6)(k.Dense(3, "relu")(k.LayerNormalization()(stream)))
        stream = k.Add()([stream, inner])
    return k.Dense(3, "softmax")(k.LayerNormalization()(stream))


def gated(k: Any, x: Any) -> Any:
    gate = k.Dense(5, "sigmoid")(x)
    return k.Dense(1, "sigmoid")(k.Multiply()([k.Dense(5, "tanh")(x), gate, k.Dense(1)(x)]))


def _ops() -> Any:
    import keras

    return keras.ops


GRAPHS: dict[str, Build] = {
    "a branch": lambda k, x: k.Dense(2)(k.Concatenate()([k.Dense(3, "relu")(x), x])),
    "a merge": lambda k, x: k.Add()([k.Dense(4, "relu")(x), x]),
    "a layer used twice": shared,
    "a residual network": residual,
    "gates": gated,
    "softmax inside": lambda k, x: k.Dense(2)(k.Dense(3, "softmax")(x)),
    "wide and deep": lambda k, x: k.Dense(1, "sigmoid")(k.Concatenate()([
        k.BatchNormalization()(k.Dense(6, "relu")(k.BatchNormalization()(x))), x])),
    "experts": lambda k, x: k.Multiply()([k.Dense(3, "softmax")(x), k.Concatenate()([
        k.Dense(1)(k.Dense(4, "relu")(x)) for _ in range(3)])]),
    "the largest": lambda k, x: k.Maximum()([k.Dense(3)(x), k.Dense(3)(x), k.Dense(3)(x)]),
    "the smallest": lambda k, x: k.Dense(2)(k.Minimum()([k.Dense(3, "relu")(x), k.Dense(1)(x)])),
    "the mean": lambda k, x: k.Average()([k.Dense(2, "tanh")(x), k.Dense(2)(x), k.Dense(1)(x)]),
    "a length of 1": lambda k, x: k.Dense(2)(k.UnitNormalization()(k.Dense(5)(x))),
    "root mean squares": lambda k, x: k.Dense(2)(k.RMSNormalization()(k.Dense(5, "relu")(x))),
    "operators": lambda k, x: (1 - k.Dense(3)(x)) * 0.5 + k.Dense(1)(x) / 4 - k.Dense(3)(x),
    "ends for each number": lambda k, x: k.Dense(2)(_ops().minimum(
        _ops().maximum(k.Dense(3)(x), np.float32([0.1, -0.2, 0.3])),
        np.float32([[0.5, 0.4, 0.6]]))),
    "an elu of another scale": lambda k, x: k.Dense(2)(k.ELU(alpha=0.3)(k.Dense(5)(x))),
}  # fmt: skip


def test_each_kind_of_graph(keras: Any, tmp_path: Path) -> None:
    for name, build in GRAPHS.items():
        start = keras.Input((4,))
        try:
            check(shaken(keras.Model(start, build(keras.layers, start))), tmp_path)
        except (ModelError, AssertionError) as error:
            raise AssertionError(f"{name}: {error}") from error


def test_models_inside_models_that_are_called_twice(keras: Any, tmp_path: Path) -> None:
    k = keras.layers
    one, other = keras.Input((3,)), keras.Input((3,))
    difference = k.Subtract()([k.Dense(3, "relu")(one), other])
    pair = keras.Model([one, other], [difference, k.Dense(2)(other)])
    line = keras.Sequential([keras.Input((4,)), k.Dense(5, "relu"), k.BatchNormalization(),
                             k.Dense(3)])  # fmt: skip
    start, more = keras.Input((4,)), keras.Input((4,))
    first, second = line(start), line(more)
    left, right = pair([first, second])
    again, _ = pair([second, left])
    found = check(shaken(keras.Model([start, more], k.Concatenate()([left, right, again]))),
                  tmp_path)  # fmt: skip
    assert found.mlp.inputs == 8


def test_several_inputs_and_outputs(keras: Any, tmp_path: Path) -> None:
    k = keras.layers
    inputs = [keras.Input((2,), name="b"), keras.Input((3,), name="a")]
    scaled = k.Normalization(mean=[1.0, 2, 3], variance=[4.0, 9, 16])(inputs[1])
    hidden = k.Dense(5, "relu")(k.Concatenate()([inputs[0], scaled]))
    outputs = [k.Dense(1, "sigmoid", name="sick")(hidden), k.Dense(2, name="size")(hidden)]
    found = check(shaken(keras.Model(inputs, outputs)), tmp_path)
    assert found.mlp.task == "regression"
    assert found.mlp.targets == ("sick", "size_1", "size_2")
    assert found.mlp.scaling is not None
    assert found.mlp.scaling.mean.tolist() == [0, 0, 1, 2, 3]
    assert found.remarks == (
        "its 2 outputs are predicted side by side as numbers, whatever they stand for: 'sick', "
        "'size'",
    )
    named = keras.Model({"z": inputs[0], "y": inputs[1]}, {"q": outputs[0], "p": outputs[1]})
    found = check(named, tmp_path)
    assert found.mlp.targets == ("p_1", "p_2", "q")
    assert found.mlp.scaling is not None
    assert found.mlp.scaling.mean.tolist() == [1, 2, 3, 0, 0]


def test_outputs_of_a_model_inside(keras: Any, tmp_path: Path) -> None:
    """Keras counts its calls from 1 where it names outputs, and from 0 elsewhere."""
    k, start = keras.layers, keras.Input((4,))
    pair = keras.Model(start, [k.Dense(1)(start), k.Dense(2)(start)], name="pair")
    outer = keras.Input((4,))
    first, second = pair(k.Dense(4, "relu")(outer))
    again, _ = pair(k.Dense(4, "tanh")(outer))
    model = keras.Model(outer, [first, second, k.Dense(1, name="last")(again)])
    found = check(shaken(model), tmp_path)
    assert found.mlp.targets == ("pair", "pair_1_1", "pair_1_2", "last")


def test_every_activation_by_its_name(keras: Any, tmp_path: Path) -> None:
    k, start = keras.layers, keras.Input((4,))
    parts = [k.Activation(name)(k.Dense(3)(start)) for name in ACTIVATIONS]
    dense = k.Dense(6)(start)
    parts += [keras.ops.glu(dense), keras.ops.gelu(dense, approximate=True),
              keras.ops.leaky_relu(dense, negative_slope=0.3), keras.ops.elu(dense, alpha=0.5),
              keras.ops.log_sigmoid(dense), keras.ops.softmax(dense), -dense,
              keras.ops.square(dense), keras.ops.maximum(dense, 0.5)]  # fmt: skip
    check(shaken(keras.Model(start, k.Concatenate()(parts))), tmp_path)


def test_logarithms_of_probabilities(keras: Any, tmp_path: Path) -> None:
    model = shaken(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "log_softmax")]))
    model.save(tmp_path / "m.keras")
    found = read_foreign(tmp_path / "m.keras")
    rows = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    np.testing.assert_allclose(np.log(predict(found.mlp, rows)), answered(model, rows), rtol=1e-5)
    assert found.mlp.task == "multiclass"
    assert "gives logarithms of probabilities" in found.remarks[0]


# Any graph


class Grower:
    """Layers of Keras at random, each on results that exist."""

    def __init__(self, keras: Any, seed: int) -> None:
        self.keras, self.random = keras, np.random.default_rng(seed)
        widths = self.random.integers(1, 6, self.random.integers(1, 4))
        self.inputs = [keras.Input((int(width),)) for width in widths]
        self.values = list(self.inputs)

    def pick(self) -> Any:
        late = self.values[-5:]
        return late[self.random.integers(len(late))]

    def alike(self, value: Any, count: int) -> list[Any]:
        fit = [each for each in self.values if each.shape[1] in (1, value.shape[1])]
        return [value, *(fit[self.random.integers(len(fit))] for _ in range(count))]

    def nested(self, value: Any) -> Any:
        k = self.keras.layers
        line = self.keras.Sequential([self.keras.Input((value.shape[1],)), k.Dense(3, "relu"),
                                      k.BatchNormalization(), k.Dense(2)])  # fmt: skip
        return k.Concatenate()([line(value), line(k.Dense(value.shape[1])(value))])

    def grow(self) -> None:
        k, random, value = self.keras.layers, self.random, self.pick()
        name = ACTIVATIONS[random.integers(len(ACTIVATIONS))]
        units = int(random.integers(1, 7))
        kinds: Sequence[Callable[[], Any]] = (
            lambda: k.Dense(units, name, use_bias=bool(random.random() < 0.8))(value),
            lambda: k.Dense(units, name)(value),
            lambda: k.Activation(name or "linear")(value),
            lambda: k.BatchNormalization()(value),
            lambda: k.LayerNormalization(center=bool(random.random() < 0.7))(k.Dense(4)(value)),
            lambda: k.Rescaling(0.5, offset=0.25)(value),
            lambda: k.Normalization(mean=1.5, variance=4.0, axis=None)(value),
            lambda: k.Add()(self.alike(value, 2)),
            lambda: k.Subtract()(self.alike(value, 1)),
            lambda: k.Multiply()(self.alike(value, 1)),
            lambda: k.Average()(self.alike(value, 2)),
            lambda: k.Maximum()(self.alike(value, 1)),
            lambda: k.Minimum()(self.alike(value, 1)),
            lambda: k.Concatenate()([value, self.pick()]),
            lambda: k.LeakyReLU(negative_slope=0.1)(value),
            lambda: k.PReLU()(value),
            lambda: k.ReLU(max_value=1.5, negative_slope=0.2)(value),
            lambda: k.ELU(alpha=0.3)(value),
            lambda: k.Softmax()(value),
            lambda: k.Dropout(0.5)(value),
            lambda: self.nested(value),
            lambda: value * 0.5 + 1,
        )
        found = kinds[random.integers(len(kinds))]()
        if found.shape[1] <= 30:
            self.values.append(found)

    def model(self) -> Any:
        for _ in range(self.random.integers(3, 12)):
            self.grow()
        k = self.keras.layers
        outputs = [k.Dense(2, "softmax")(self.values[-1])]
        outputs += [k.Dense(1, "sigmoid")(self.pick()) for _ in range(self.random.integers(0, 2))]
        inputs = self.inputs if len(self.inputs) > 1 else self.inputs[0]
        return self.keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])


@pytest.mark.parametrize("block", range(2))
def test_graphs_at_random(keras: Any, tmp_path: Path, block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        model = shaken(Grower(keras, seed).model(), seed)
        try:
            check(model, tmp_path)
        except (ModelError, AssertionError) as error:
            raise AssertionError(f"seed {seed}: {error}") from error
