"""Networks drawn at random in Keras, saved in every way that people save them, and read again.

    .venv/bin/python tests/foreign_zoo.py [--count 200] [--seed 0] [--exports]

Each network is saved as .keras, .h5, SavedModel, .onnx and .tflite and given as an object. What is
read of each is held to the original, run by what runs it, within the derived bound; what nothing
runs, to Keras where it has one input. With --exports the network is also exported to C, ONNX and
TFLite, and every export run and held to its own bound. Prints a line per failure, then how many of
each kind were right, refused or wrong. Exit code 1 for a wrong one.
"""

from __future__ import annotations

import argparse
import collections
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np

import mlp_edge
from mlp_edge.errors import MlpEdgeError
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.bound import bound
from mlp_edge.proof.original import Original
from mlp_edge.reference import Doubles, distance, predict
from mlp_edge.runtime import HOSTED
from mlp_edge.runtime.originals import open_original

KINDS = ("keras", "h5", "object", "saved_model", "onnx", "tflite")
ROWS = 40
NOT_DERIVED = 1e-3
ACTIVATIONS = (
    "relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "softplus", "softsign",
    "hard_sigmoid", "leaky_relu", "mish", "relu6", "exponential", "linear", "softmax",
    "log_sigmoid", "hard_tanh",
)  # fmt: skip


class Drawn:
    """A functional model that grows layer by layer; values of it are Keras tensors."""

    def __init__(self, seed: int) -> None:
        import keras

        self.keras, self.layers = keras, keras.layers
        keras.utils.set_random_seed(seed)
        self.random = np.random.default_rng(seed)
        self.inputs = [
            keras.Input((int(self.random.integers(2, 7)),), name=name)
            for name in ("a", "a", "ab")[self.random.integers(3)]
        ]
        self.values: list[Any] = list(self.inputs)

    def model(self) -> Any:
        """The whole: what nobody reads predicts."""
        for _ in range(self.random.integers(1, 8)):
            self.values.append(self._layer(self._value()))
        used = [value for value in self.inputs if value is not self.values[-1]]
        last = self.values[-1] if not used else self.layers.Concatenate()([self.values[-1], *used])
        outputs = [self._end(last)]
        if self.random.random() < 0.15:
            outputs.append(self._end(self._value()))
        model = self.keras.Model(self.inputs if len(self.inputs) > 1 else self.inputs[0],
                                 outputs if len(outputs) > 1 else outputs[0])  # fmt: skip
        for layer in model.layers:
            self._untrained_no_more(layer)
        given = [np.zeros((1, value.shape[-1]), np.float32) for value in self.inputs]
        model(given if len(given) > 1 else given[0])  # or Keras does not export it
        return model

    def _value(self) -> Any:
        back = min(int(self.random.exponential(1.0)), len(self.values) - 1)
        return self.values[len(self.values) - 1 - back]

    def _end(self, value: Any) -> Any:
        units, activation = [
            (1, "sigmoid"),
            (1, None),
            (3, "softmax"),
            (2, None),
            (3, "log_softmax"),
        ][self.random.choice(5, p=[0.3, 0.2, 0.3, 0.15, 0.05])]
        return self.layers.Dense(units, activation=activation)(value)

    def _activation(self, width: int) -> str:
        """Any but a softmax of one unit, which is 1 whatever it is given."""
        known = [name for name in ACTIVATIONS if width > 1 or name != "softmax"]
        return str(self.random.choice(known))

    def _layer(self, value: Any) -> Any:
        layers, random, width = self.layers, self.random, value.shape[-1]
        alike = [other for other in self.values if other.shape[-1] == width]
        other = alike[random.integers(len(alike))]
        units = int(random.integers(1, 9))
        relus = ((6.0,), (None, 0.1), (4.0, 0.2))
        made = {
            "dense": layers.Dense(
                units, activation=self._activation(units), use_bias=bool(random.random() < 0.8)
            ),
            "activation": layers.Activation(self._activation(width)),
            "batch": layers.BatchNormalization(),
            "dropout": layers.Dropout(0.3),
            "relu": layers.ReLU(*relus[random.integers(3)]),
            "leaky": layers.LeakyReLU(negative_slope=float(random.choice([0.01, 0.3]))),
            "prelu": layers.PReLU(alpha_initializer="random_uniform"),
            "elu": layers.ELU(alpha=float(random.choice([0.5, 1.7]))),
            "rescaling": layers.Rescaling(0.5, -0.25),
            "flatten": layers.Flatten(),
            "nested": self.keras.Sequential([layers.Dense(4, "tanh"), layers.Dense(3)]),
        }
        if width > 1:  # of one unit they are constants
            epsilon = float(random.choice([1e-3, 1e-5]))
            made["layer"] = layers.LayerNormalization(epsilon=epsilon)
            made["unit"] = layers.UnitNormalization()
        merges = (layers.Add, layers.Subtract, layers.Multiply, layers.Average)
        kind = str(random.choice([*["dense"] * 6, *made, "merge", "merge", "concatenate", "twice"]))
        if kind == "merge":
            # A value less itself is 0, which converters compute beforehand.
            return merges[random.integers(4) if other is not value else 0]()([value, other])
        if kind == "concatenate":
            return layers.Concatenate()([value, self._value()])
        if kind == "twice":
            shared = layers.Dense(width, "tanh")
            return layers.Add()([shared(value), shared(other)])
        return made[kind](value)

    def _untrained_no_more(self, layer: Any) -> None:
        """Weights as of a layer that has learned: no zeros and ones."""
        for part in getattr(layer, "layers", ()):
            self._untrained_no_more(part)
        for variable in getattr(layer, "weights", ()):
            moved = np.asarray(variable) + self.random.normal(0, 0.2, variable.shape)
            variance = "variance" in variable.name or "gamma" in variable.name
            variable.assign(np.abs(moved) + 0.1 if variance else moved)


def saved(model: Any, kind: str, folder: Path) -> Any:
    """What somebody else would have: the path of a file or folder, or the model itself."""
    path = folder / f"net.{kind}"
    if kind == "object":
        return model
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        if kind in ("keras", "h5"):
            model.save(path)
        elif kind == "saved_model":
            path = folder / "net"
            model.export(path, verbose=False)
        elif kind == "onnx":
            model.export(path, format="onnx", verbose=False)
        else:
            import tensorflow as tf

            path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return path


def check_reading(source: Any, model: Any) -> tuple[mlp_edge.Model, Rows]:
    """Read it, and hold what was read to the original; where nothing runs that, to the model.

    Raises:
        MlpEdgeError: where it is refused.
        AssertionError: where it is another network.
    """
    opened = mlp_edge.open(source)
    mlp = opened.mlp
    rows = np.random.default_rng(7).uniform(-2, 2, (ROWS, mlp.inputs)).astype(np.float32)
    exact = predict(mlp, rows)
    with original_of(opened) as original:
        missing = original.missing
        if missing is None:
            held(
                np.asarray(original.predict(rows), np.float64), exact, allowed(original, mlp, rows)
            )
    if missing is not None and len(model.inputs) == 1:  # files have orders of their own
        keras = mlp_edge.open(model)
        with original_of(keras) as original:
            limit = allowed(original, mlp, rows) + bound(mlp, rows)
            held(np.asarray(original.predict(rows), np.float64), exact, limit)
    return opened, rows


def original_of(opened: mlp_edge.Model) -> AbstractContextManager[Original]:
    """What runs it as it is."""
    assert opened.imported is not None
    return open_original(opened.path, opened.imported, opened.mlp)


def allowed(original: Original, mlp: Mlp, rows: Rows) -> Doubles:
    """How far the original may be from the network: its bound, and what folding has moved."""
    steps = original.steps
    if steps is None:  # a log_softmax: nothing is derived, and parity says so
        return np.full((len(rows), mlp.outputs), NOT_DERIVED)
    folded = distance(predict(steps.mlp, rows), predict(mlp, rows))
    return bound(steps.mlp, rows, original.accuracy, steps.slacks) + folded


def check_exports(opened: mlp_edge.Model, rows: Rows, folder: Path) -> None:
    """Export to every format, run each, and hold it to its bound."""
    mlp = opened.mlp
    opened.export(("c", "onnx", "tflite"), out=folder)
    exact = predict(mlp, rows)
    for runtime in HOSTED:
        path = folder / f"{mlp.name}{runtime.reads}"
        if path.exists() and runtime.name != "keras":
            with runtime.open(path) as run:
                got = run.predict(rows).astype(np.float64)
            held(got, exact, bound(mlp, rows, runtime.accuracy))


def held(got: Doubles, exact: Doubles, limit: Doubles) -> None:
    """Predictions are within their limit, and most have one."""
    assert got.shape == exact.shape, f"{got.shape} for {exact.shape}"
    off = distance(got, exact)
    worst = np.unravel_index(np.argmax(off - limit), off.shape)
    assert (off <= limit).all(), f"off by {off[worst]:.3g}, allowed {limit[worst]:.3g}"
    assert np.isfinite(limit).mean() > 0.5 or not np.isfinite(exact).all(), "nothing was claimed"


def tried(seed: int, kinds: tuple[str, ...], exports: bool) -> Iterator[tuple[str, str, str]]:
    """(kind, "right", "refused" or "wrong", why) for each way of saving one network."""
    model = Drawn(seed).model()
    for kind in kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                source = saved(model, kind, folder)
            except Exception as error:
                yield kind, "not written", f"{type(error).__name__}: {str(error)[:80]}"
                continue
            try:
                opened, rows = check_reading(source, model)
                if exports and kind == "keras":
                    check_exports(opened, rows, folder)
                yield kind, "right", ""
            except MlpEdgeError as error:
                yield kind, "refused", str(error).replace(name, "")
            except AssertionError as error:
                yield kind, "wrong", str(error).split("\n")[0]


def main() -> None:
    """Draw, save, read, compare, and count."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--exports", action="store_true")
    asked = parser.parse_args()
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for seed in range(asked.seed, asked.seed + asked.count):
        for kind, verdict, why in tried(seed, tuple(asked.kinds), asked.exports):
            counts[kind, verdict] += 1
            if verdict != "right":
                print(f"{seed} {kind}: {verdict}: {why}", flush=True)
    for kind in asked.kinds:
        found = {verdict: count for (name, verdict), count in counts.items() if name == kind}
        print(f"{kind:12}", ", ".join(f"{count} {verdict}" for verdict, count in found.items()))
    sys.exit(any(verdict == "wrong" for _, verdict in counts))


if __name__ == "__main__":
    main()
