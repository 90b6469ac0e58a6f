"""Keras models in HDF5 as each version lays them out, written by h5py alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.accuracy import ANY, Accuracy
from mlp_edge.proof.folding import folded_bound
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.reference import FORMULAS, Doubles, distance, predict

NAMES_1 = {"kernel": "W", "bias": "b", "moving_mean": "running_mean",
           "moving_variance": "running_std", "alpha": "alphas"}  # fmt: skip
SETTINGS_1 = {"units": "output_dim", "use_bias": "bias", "rate": "p"}
"""What Keras 1 calls the weights and settings that later versions have."""


class Layer(NamedTuple):
    """A layer: its class, settings and weights as Keras 2 names them."""

    kind: str
    config: Mapping[str, Any]
    weights: Mapping[str, Any]


def dense(kernel: Any, bias: Any | None = None, activation: Any = "linear", **config: Any) -> Layer:
    """A Dense layer; kernel (inputs, outputs)."""
    kernel = np.asarray(kernel, config.pop("numbers", np.float32))
    settings = {"units": kernel.shape[1], "activation": activation, "use_bias": bias is not None}
    biases = {} if bias is None else {"bias": np.asarray(bias, kernel.dtype)}
    return Layer("Dense", {**settings, **config}, {"kernel": kernel, **biases})


def batch_normalization(
    gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: float = 1e-3, **config: Any
) -> Layer:
    """A BatchNormalization; without a scale or a center where gamma or beta is None."""
    weights = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    settings = {"axis": -1, "momentum": 0.99, "epsilon": epsilon, "scale": gamma is not None,
                "center": beta is not None}  # fmt: skip
    return Layer(
        "BatchNormalization", {**settings, **config},
        {name: np.asarray(value, np.float32) for name, value in weights.items()
         if value is not None},
    )  # fmt: skip


def other(kind: str, weights: Mapping[str, Any] = {}, **config: Any) -> Layer:
    """A layer of any class."""
    return Layer(kind, config, weights)


def write_h5(
    path: Path, layers: Sequence[Layer], version: str = "2.4.0", form: str = "sequential",
    inputs: int | None = None,
) -> Path:  # fmt: skip
    """A whole model.

    Args:
        path: where to.
        layers: in order.
        version: of Keras; names and layout follow it.
        form: "sequential", its configuration a list before 2.2.3; "functional"; or "model", as
            2.2 called that.
        inputs: width of a row, said where this version says it.
    """
    config = configuration(layers, version, form, inputs)
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        fill_weights(file.create_group("model_weights"), layers, version)
    return path


def write_graph_h5(
    path: Path, layers: Mapping[str, tuple[Layer, Sequence[str]]], outputs: Sequence[str],
    version: str = "2.4.0",
) -> Path:  # fmt: skip
    """A Functional model that is no chain.

    Args:
        path: where to.
        layers: name -> layer, and the names of those that it reads; none for an input.
        outputs: names of the layers that predict.
        version: of Keras; how calls are written follows it.
    """
    entries = []
    for name, (layer, reads) in layers.items():
        calls: list[Any] = [[read, 0, 0, {}] for read in reads]
        if version.startswith("3."):
            tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": call[:3]}}
                       for call in calls]  # fmt: skip
            nodes: list[Any] = [{"args": [tensors], "kwargs": {}}]
        else:
            nodes = [[call[:3] for call in calls] if version.startswith("1.") else calls]
        entries.append({
            "class_name": layer.kind, "name": name,
            "config": {"name": name, "trainable": True, **layer.config},
            "inbound_nodes": nodes if reads else [],
        })  # fmt: skip
    inputs = [[name, 0, 0] for name, (_, reads) in layers.items() if not reads]
    config = {"class_name": "Model", "config": {
        "name": "net", "layers": entries, "input_layers": inputs,
        "output_layers": [[name, 0, 0] for name in outputs]}}  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps(config).encode()
        for name, (layer, _) in layers.items():
            for which, array in layer.weights.items():
                place = weight_place(name, which, version)
                file[f"model_weights/{name}/{place}"] = array
    return path


def given(width: int) -> Layer:
    """An InputLayer."""
    return other("InputLayer", batch_input_shape=[None, width], sparse=False, ragged=False)


def fill_weights(group: h5py.Group, layers: Sequence[Layer], version: str) -> None:
    """The weights as a version before Keras 3's ``.weights.h5`` lays them out."""
    names = [f"layer_{number}" for number in range(len(layers))]
    group.attrs["layer_names"] = np.array([name.encode() for name in names])
    for name, layer in zip(names, layers, strict=True):
        part = group.create_group(name)
        places = {which: weight_place(name, which, version) for which in layer.weights}
        part.attrs["weight_names"] = np.array([place.encode() for place in places.values()], "S")
        for which, place in places.items():
            part[place] = layer.weights[which]


def weight_place(layer: str, weight: str, version: str) -> str:
    if version.startswith("1."):
        return f"{layer}_{NAMES_1.get(weight, weight)}"
    return f"sequential/{layer}/{weight}" if version.startswith("3.") else f"{layer}/{weight}:0"


def configuration(
    layers: Sequence[Layer], version: str, form: str = "sequential", inputs: int | None = None
) -> dict[str, Any]:
    """What model_config says."""
    first = version.startswith("1.")
    entries = []
    for number, layer in enumerate(layers):
        config = {"name": f"layer_{number}", "trainable": True, **layer.config}
        if first:
            config = {SETTINGS_1.get(key, key): value for key, value in config.items()}
            if layer.kind == "BatchNormalization":
                config = {**config, "mode": 0}
                del config["center"], config["scale"]
        entries.append({"class_name": layer.kind, "config": config})
    if inputs is not None and form == "sequential" and layers[0].kind != "InputLayer":
        entries[0]["config"]["batch_input_shape"] = [None, inputs]
    if form == "sequential":
        older = first or tuple(map(int, version.split(".")[:3])) < (2, 2, 3)
        listed: Any = entries if older else {"name": "sequential", "layers": entries}
        return {"class_name": "Sequential", "config": listed}
    start = {"class_name": "InputLayer", "config": {
        "name": "input_1", "batch_input_shape": [None, inputs], "dtype": "float32",
        "sparse": False, "ragged": False}}  # fmt: skip
    previous = None
    for entry in (start, *entries):
        entry["name"] = entry["config"]["name"]
        call = [previous, 0, 0] if first else [previous, 0, 0, {}]
        entry["inbound_nodes"] = [] if previous is None else [[call]]
        previous = entry["name"]
    return {
        "class_name": "Functional" if form == "functional" else "Model",
        "config": {"name": "model_1", "layers": [start, *entries],
                   "input_layers": [["input_1", 0, 0]], "output_layers": [[previous, 0, 0]]},
    }  # fmt: skip


def shaken(model: Any) -> Any:
    """A model of Keras itself whose weights no initialiser gives; variances stay above 0."""
    generator = np.random.default_rng(2)
    for variable in model.weights:
        if variable.dtype == "float32":
            spread = generator.normal(0, 0.4, variable.shape)
            variable.assign(np.abs(spread) + 0.5 if "variance" in variable.path else spread)
    return model


# What it answers, layer by layer and without any folding


def answers(layers: Sequence[Layer], rows: Floats, version: str = "2.4.0") -> Doubles:
    """What the layers answer in float64: (n, outputs)."""
    x = np.asarray(rows, np.float64)
    for layer in layers:
        x = _answer(layer, x, version)
    return x


def _answer(layer: Layer, x: Doubles, version: str) -> Doubles:
    weights = {name: np.asarray(value, np.float64) for name, value in layer.weights.items()}
    config = layer.config
    if layer.kind == "Dense":
        x = x @ weights["kernel"] + weights.get("bias", 0)
        return activated(config["activation"], x, version)
    if layer.kind == "Activation":
        return activated(config["activation"], x, version)
    if layer.kind == "BatchNormalization":
        x = (x - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + config["epsilon"])
        return x * weights.get("gamma", 1) + weights.get("beta", 0)
    if layer.kind == "Rescaling":
        return x * np.float64(np.float32(config["scale"])) + np.float64(config["offset"])
    if layer.kind in ("LeakyReLU", "PReLU"):
        slope = weights.get("alpha", config.get("negative_slope", config.get("alpha")))
        return np.where(x > 0, x, np.asarray(slope, np.float32).astype(np.float64) * x)
    if layer.kind == "ReLU":
        top = config["max_value"]
        low = np.where(x > 0, x, config["negative_slope"] * x)
        return low if top is None else np.minimum(low, top)
    if layer.kind == "Softmax":
        return FORMULAS["softmax"](x)
    if layer.kind == "ELU":
        return np.where(x > 0, x, config.get("alpha", 1) * np.expm1(np.minimum(x, 0)))
    return x


def activated(name: Any, x: Doubles, version: str = "2.4.0") -> Doubles:
    """An activation as a version of Keras computes it, in float64."""
    if isinstance(name, Mapping):
        return _answer(other(name["class_name"], **name["config"]), x, version)
    if name == "hard_sigmoid" and not version.startswith("3."):
        return np.clip(0.2 * x + 0.5, 0, 1)
    others = {
        "relu6": lambda z: np.clip(z, 0, 6), "hard_tanh": lambda z: np.clip(z, -1, 1),
        "swish": FORMULAS["silu"], None: FORMULAS["linear"],
        "log_sigmoid": lambda z: -FORMULAS["softplus"](-z),
    }  # fmt: skip
    return np.asarray((others | FORMULAS)[name](x))  # type: ignore[operator]


def assert_answers(
    mlp: Mlp, rows: Floats, wanted: Doubles, times: float = 1,
    accuracy: Mapping[str, Accuracy] = ANY,
) -> None:  # fmt: skip
    """The reference of a network answers what its file does, but for the rounding of weights.

    Args:
        mlp: the network, read.
        rows: raw readings (n, inputs).
        wanted: (n, outputs), what the file's layers answer.
        times: 2 where ``wanted`` was computed in float32.
        accuracy: the activations of what computed it.
    """
    got = predict(mlp, rows)
    assert got.shape == wanted.shape
    off = distance(got, np.asarray(wanted, np.float64))
    room = times * folded_bound(mlp, rows, accuracy)
    assert np.isfinite(room).all()
    assert (off <= room).all(), f"{(off / room).max()} bounds"


def check_h5(
    path: Path, layers: Sequence[Layer], rows: Floats, version: str = "2.4.0",
    form: str = "sequential", inputs: int | None = None,
) -> Mlp:  # fmt: skip
    """Write a model, read it, and compare it with its layers; the network that was read."""
    mlp = read_foreign(write_h5(path, layers, version, form, inputs)).mlp
    assert_answers(mlp, rows, answers(layers, rows, version))
    return mlp
