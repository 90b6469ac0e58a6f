"""Keras models in HDF5, as Keras 1 to 3 wrote them, are read right, or refused by name."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.commands import Type
from support.integer_networks import made
from support.keras_files import (
    Layer,
    answers,
    assert_answers,
    batch_normalization,
    check_h5,
    configuration,
    dense,
    fill_weights,
    other,
    shaken,
    write_graph_h5,
    write_h5,
)
from support.keras_files import (
    given as an_input,
)
from support.networks import network
from support.spoilt import refusals, wrong_bytes

import mlp_edge
from mlp_edge.errors import ModelError
from mlp_edge.integers.quantised_file import QuantisationParameters
from mlp_edge.mlp import HIDDEN_ACTIVATIONS
from mlp_edge.readers.importing.opening import read_foreign

RANDOM = np.random.default_rng(5)
ROWS = RANDOM.normal(1, 3, (40, 4)).astype(np.float32)
K1, B1 = RANDOM.normal(0, 0.5, (4, 3)), RANDOM.normal(0, 0.5, 3)
K2, B2 = RANDOM.normal(0, 0.5, (3, 2)), RANDOM.normal(0, 0.5, 2)
VERSIONS = ("1.0.8", "1.2.2", "2.0.9", "2.2.2", "2.2.4", "2.4.0", "2.15.0", "3.15.1")
NORM_4 = batch_normalization(
    [1.5, -0.5, 2, 0], [0.1, 0.2, -0.3, 0.4], [1, 2, -3, 0.5], [4, 0.25, 1, 9]
)
NORM_3 = batch_normalization([1.5, -0.5, 2], [0.1, 0.2, -0.3], [0.3, -0.2, 0.1], [1, 0.25, 0.5])
NORM_2 = batch_normalization([-2, 0.7], [0.1, 5], [3, -1], [2, 0.1], epsilon=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", ["sequential", "functional", "model"])
def test_each_version_and_form(tmp_path: Path, version: str, form: str) -> None:
    layers = [dense(K1, B1, "relu"), other("Dropout", rate=0.3), NORM_3, dense(K2, B2)]
    mlp = check_h5(tmp_path / "m.h5", layers, ROWS, version, form, 4)
    assert mlp.topology == "4-3-2"
    assert read_foreign(tmp_path / "m.h5").written_by == f"Keras {version}"


READ: dict[str, list[Layer]] = {
    "no biases": [dense(K1, None, "tanh"), dense(K2)],
    "batch normalisation first": [NORM_4, dense(K1, B1, "relu"), dense(K2, B2)],
    "before an activation": [dense(K1, B1), NORM_3, other("Activation", activation="relu"),
                             dense(K2, B2)],
    "after an activation": [dense(K1, B1, "selu"), NORM_3, dense(K2, B2)],
    "last": [dense(K1, B1, "elu"), dense(K2, B2), NORM_2],
    "last, behind an activation": [dense(K1, B1), dense(K2, B2, "sigmoid"), NORM_2],
    "twice": [dense(K1, B1), NORM_3, NORM_3, other("ReLU", max_value=None, negative_slope=0.0,
              threshold=0.0), NORM_3, dense(K2, B2)],
    "alone before one": [batch_normalization(None, None, [1, 2, 3, 4], [1, 4, 9, 16]), dense(K1)],
    "no gamma": [dense(K1, B1), batch_normalization(None, [1, 2, 3], [1, 0, 1], [1, 2, 1])],
    "rescaled": [other("Rescaling", scale=1 / 255, offset=0.5), dense(K1, B1, "relu"),
                 dense(K2, B2)],
    "rescaled backwards": [other("Rescaling", scale=-0.5, offset=0.0), dense(K1, B1)],
    "rescaled between": [dense(K1, B1, "tanh"), other("Rescaling", scale=3.0, offset=-1.0),
                         dense(K2, B2)],
    "leaky": [dense(K1, B1), other("LeakyReLU", alpha=0.30000001192092896), dense(K2, B2)],
    "leaky, normalised, last": [dense(K1, B1), other("LeakyReLU", alpha=0.01), NORM_3],
    "leaky as a setting": [dense(K1, B1, {"class_name": "LeakyReLU", "config": {"alpha": 0.1}}),
                           dense(K2, B2)],
    "prelu": [dense(K1, B1), other("PReLU", {"alpha": np.float32([0.1, -0.5, 2])},
              shared_axes=None), dense(K2, B2)],
    "a ceiling": [dense(K1 * 4, B1), other("ReLU", max_value=1.5, negative_slope=0.0,
                  threshold=0.0), dense(K2, B2)],
    "a ceiling and a slope": [dense(K1, B1), other("ReLU", max_value=1.0, negative_slope=0.25,
                              threshold=0.0), dense(K2, B2)],
    "relu6 last": [dense(K1, B1), dense(K2 * 9, B2, "relu6")],
    "relu6": [dense(K1 * 9, B1, "relu6"), dense(K2, B2)],
    "hard tanh": [dense(K1, B1, "hard_tanh"), dense(K2, B2)],
    "log sigmoid": [dense(K1, B1, "log_sigmoid"), dense(K2, B2, "log_sigmoid")],
    "hard sigmoid of Keras 2": [dense(K1, B1, "hard_sigmoid"), dense(K2, B2)],
    "two activations": [dense(K1, B1, "relu"), other("Activation", activation="tanh"),
                        dense(K2, B2)],
    "an activation first": [other("InputLayer", batch_input_shape=[None, 4], sparse=False,
                            ragged=False), other("Activation", activation="tanh"), dense(K1, B1)],
    "softmax inside": [dense(K1, B1, "softmax"), dense(K2, B2)],
    "an elu of another scale": [dense(K1, B1), other("ELU", alpha=0.5), dense(K2, B2)],
    "softmax apart": [dense(K1, B1), other("Dropout", rate=0.5), other("Softmax", axis=-1)],
    "flat already": [dense(K1, B1, "relu"), other("Flatten", data_format="channels_last"),
                     other("Reshape", target_shape=[3]), dense(K2, B2)],
    "regularised": [dense(K1, B1, "relu", kernel_regularizer={"class_name": "L2"},
                    kernel_constraint={"class_name": "MaxNorm"}, activity_regularizer=None),
                    other("ActivityRegularization", l1=0.1, l2=0.0), dense(K2, B2)],
    "nothing but noise": [other("GaussianNoise", stddev=0.5), dense(K1, B1, "relu"),
                          other("GaussianDropout", rate=0.5), other("AlphaDropout", rate=0.1),
                          dense(K2, B2)],
    "linear after an activation": [dense(K1, B1, "relu"), other("Activation", activation="linear"),
                                   dense(K2, B2)],
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_layers_that_are_read(tmp_path: Path, name: str) -> None:
    check_h5(tmp_path / "m.h5", READ[name], ROWS)


@pytest.mark.parametrize("activation", [*HIDDEN_ACTIVATIONS, "swish", "softmax"])
def test_activations(tmp_path: Path, activation: str) -> None:
    for version in ("2.15.0", "3.15.1"):
        layers = [dense(K1, B1, "tanh"), dense(K2, B2, activation)]
        mlp = check_h5(tmp_path / "m.h5", layers, ROWS, version)
        assert len(mlp.layers) == 2 or (version, activation) == ("2.15.0", "hard_sigmoid")


def test_numbers_that_nothing_is_folded_into_stay_the_same_bits(tmp_path: Path) -> None:
    mlp = check_h5(tmp_path / "m.h5", [dense(K1, B1, "relu"), dense(K2, B2)], ROWS)
    assert mlp.layers[0].weights.tobytes() == K1.T.astype(np.float32).tobytes()
    assert mlp.layers[1].bias.tobytes() == B2.astype(np.float32).tobytes()
    assert mlp.scaling is None


def test_images_that_are_made_flat(tmp_path: Path) -> None:
    image = other("Flatten", data_format="channels_last", batch_input_shape=[None, 2, 2])
    path = write_h5(tmp_path / "m.h5", [image, dense(K1, B1)])
    found = read_foreign(path)
    assert_answers(found.mlp, ROWS, answers([dense(K1, B1)], ROWS))
    assert "a row is the 2 x 2 numbers" in found.notes[-1]


def test_weights_of_secondprecision_are_read_and_said(tmp_path: Path) -> None:
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    layers = [dense(K1, B1, "relu", dtype=policy), dense(K2, B2, numbers=np.float64)]
    found = read_foreign(write_h5(tmp_path / "m.h5", layers))
    assert_answers(found.mlp, ROWS, answers(layers, ROWS))
    assert found.remarks == (
        "layer 'layer_0' computed in mixed_float16; mlp-edge computes in float32",
        "layer 'layer_1' computed in float64; mlp-edge computes in float32",
    )


def nested(version: str) -> tuple[dict[str, Any], list[Layer]]:
    inner = [dense(K1, B1, "relu"), NORM_3]
    config = configuration([other("Model"), dense(K2, B2)], version)
    inside = configuration(inner, version)
    for number, entry in enumerate(inside["config"]["layers"]):
        entry["config"]["name"] = f"inner_{number}"
    inside["config"]["name"] = "layer_0"
    config["config"]["layers"][0] = inside
    return config, inner


def test_a_model_in_a_model(tmp_path: Path) -> None:
    config, inner = nested("2.4.0")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
        for number, layer in enumerate(inner):
            for name, array in layer.weights.items():
                file[f"model_weights/layer_0/inner_{number}/{name}:0"] = array
        for name, array in dense(K2, B2).weights.items():
            file[f"model_weights/layer_1/layer_1/{name}:0"] = array
    mlp = read_foreign(tmp_path / "m.h5").mlp
    assert_answers(mlp, ROWS, answers([*inner, dense(K2, B2)], ROWS))


def test_a_model_in_a_model_whose_layers_keras_3_0_did_not_name(tmp_path: Path) -> None:
    config, inner = nested("3.0.5")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "3.0.5"
        for number, layers in enumerate((inner, [dense(K2, B2)])):
            for name, array in (each for layer in layers for each in layer.weights.items()):
                file[f"model_weights/layer_{number}/{name}"] = array
    mlp = read_foreign(tmp_path / "m.h5").mlp
    assert_answers(mlp, ROWS, answers([*inner, dense(K2, B2)], ROWS))


def test_an_old_file_that_keras_3_loads_with_ansecondrank(tmp_path: Path) -> None:
    """Keras 2.2.4 says [None, 4] of a layer, which Keras 3 takes for the shape of a row."""
    mlp = check_h5(tmp_path / "m.h5", [dense(K1, B1, "relu"), dense(K2)], ROWS, "2.2.4", inputs=4)
    assert mlp.inputs == 4


# Graphs


def branches(**merging: str) -> dict[str, tuple[Layer, Sequence[str]]]:
    return {
        "right": (an_input(2), []),
        "left": (an_input(4), []),
        "hidden": (dense(K1, B1, "relu"), ["left"]),
        "small": (dense(K2, B2, "tanh"), ["hidden"]),
        "joined": (other("Concatenate", axis=-1), ["small", "right"]),
        "added": (other("Add"), ["small", "right"]),
        "last": (dense(np.vstack([K2[:2], K1[:2, :2]]), B2, "sigmoid"), ["joined"]),
        **{name: (other(kind), ["small", "right"]) for name, kind in merging.items()},
    }  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_graphs_as_each_version_lays_them_out(tmp_path: Path, version: str) -> None:
    several = {"least": "Minimum", "less": "Subtract", "gate": "Multiply"}
    layers = branches(**several)
    if version.startswith("1."):
        more = {"mode_type": "raw", "concat_axis": -1, "dot_axes": -1, "output_shape": None,
                "output_shape_type": "raw", "arguments": {}}  # fmt: skip
        layers["joined"] = (other("Merge", mode="concat", **more), ["small", "right"])
        layers["added"] = (other("Merge", mode="sum", **more), ["small", "right"])
    outputs = ["last", "added", *several]
    found = read_foreign(write_graph_h5(tmp_path / "m.h5", layers, outputs, version))
    right, left = np.hsplit(RANDOM.normal(size=(30, 6)).astype(np.float32), [2])
    small = answers([dense(K1, B1, "relu"), dense(K2, B2, "tanh")], left)
    joined = np.hstack([small, right])
    wanted = [answers([layers["last"][0]], joined), small + right, np.minimum(small, right),
              small - right, small * right]  # fmt: skip
    assert_answers(found.mlp, np.hstack([right, left]), np.hstack(wanted))
    assert found.mlp.targets[:4] == ("last_1", "last_2", "added_1", "added_2")


def test_functions_of_tensorflow_between_layers_of_keras_2(tmp_path: Path) -> None:
    """``1 - tf.nn.relu(hidden) * other + 0.5``, as Keras 2.15 writes it."""

    def function(name: str) -> Layer:
        return other("TFOpLambda", dtype="float32", function=name)

    layers = {
        "start": (an_input(4), []),
        "hidden": (dense(K1, B1), ["start"]),
        "other": (dense(K1 * 2, B1), ["start"]),
        "relu": (function("nn.relu"), ["hidden"]),
        "times": (function("math.multiply"), ["relu"]),
        "less": (function("math.subtract"), ["times"]),
        "sum": (function("__operators__.add"), ["less"]),
    }
    calls = {
        "times": ["relu", 0, 0, {"y": ["other", 0, 0], "name": None}],
        "less": ["_CONSTANT_VALUE", -1, 1, {"y": ["times", 0, 0], "name": None}],
        "sum": ["less", 0, 0, {"y": 0.5, "name": None}],
    }
    path = write_graph_h5(tmp_path / "m.h5", layers, ["sum"], "2.15.0")

    def edit(changed: Mapping[str, list[Any]]) -> None:
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            for entry in config["config"]["layers"]:
                entry["inbound_nodes"] = [changed[entry["name"]]] if entry["name"] in changed else (
                    entry["inbound_nodes"])  # fmt: skip
            file.attrs["model_config"] = json.dumps(config)

    edit(calls)
    hidden, more = (answers([layers[name][0]], ROWS) for name in ("hidden", "other"))
    wanted = 1 - np.maximum(hidden, 0) * more + 0.5
    assert_answers(read_foreign(path).mlp, ROWS, wanted)
    edit({"times": ["relu", 0, 0, {"y": [0.5, 2.0], "name": None}]})
    assert "layer 'times' joins 1 inputs" in refused(path)


def test_inspect_says_what_each_layer_reads(typed: Type, folder: Path) -> None:
    write_graph_h5(folder / "m.h5", branches(gate="Multiply"), ["last", "gate"])
    shown = typed("inspect", "m.h5")
    assert shown.code == 0
    rows = [line.split() for line in shown.out.splitlines()]
    for row in (
        ["1", "inputs", "relu"],
        ["2", "1", "tanh"],
        ["3", "output", "inputs", "times", "2", "linear"],
        ["4", "output", "2,", "inputs", "sigmoid"],
    ):
        assert row in [found[: len(row)] for found in rows]
    assert "graph of 4 layers, 6 to 4" in shown.out
    layers = json.loads(typed("inspect", "m.h5", "--json").out)["layers"]
    assert [(layer["reads"], layer["times"]) for layer in layers] == [
        ([], None), ([], None), ([0], 2), ([2, 0], None),
    ]  # fmt: skip
    chain = write_h5(folder / "c.h5", [dense(K1, B1, "relu"), dense(K2, B2)])
    assert "reads" not in typed("inspect", chain).out


def test_merges_that_are_not_read(tmp_path: Path) -> None:
    layers = branches(product="Dot")
    path = write_graph_h5(tmp_path / "m.h5", layers, ["product"])
    assert "'product' is a Dot, which multiplies rows with each other" in refused(path)
    layers = branches(odd="Merge")
    layers["odd"] = (other("Merge", mode="cos"), ["small", "right"])
    path = write_graph_h5(tmp_path / "m.h5", layers, ["odd"], "1.2.2")
    assert "is a Merge with mode 'cos'; sum, mul, ave, max, concat would do" in refused(path)
    layers["odd"] = (other("Add"), ["small", "hidden"])
    path = write_graph_h5(tmp_path / "m.h5", layers, ["odd"])
    assert "layer 'odd' joins values of 2, 3 numbers, one by one" in refused(path)
    layers["odd"] = (other("Concatenate", axis=0), ["small", "right"])
    path = write_graph_h5(tmp_path / "m.h5", layers, ["odd"])
    assert "layer 'odd' is a Concatenate with axis 0; -1 would do" in refused(path)


@pytest.mark.parametrize("first", [0, 1])
def test_calls_of_a_model_inside_are_counted_from_1(tmp_path: Path, first: int) -> None:
    """Keras 2 counts the one with which a Functional model was made, which no file lists."""
    square = RANDOM.normal(0, 0.5, (4, 4))
    inside = configuration([dense(K1, B1, "relu")], "2.4.0", "functional", 4)
    inside["config"]["layers"][1]["config"]["name"] = "deep"
    inside["config"]["layers"][1]["name"] = "deep"
    inside["config"]["output_layers"] = [["deep", 0, 0]]
    layers = {
        "start": (an_input(4), []),
        "other": (dense(square), ["start"]),
        "inner": (dense(K1, B1), ["start"]),
        "sum": (other("Subtract"), ["inner", "inner"]),
    }
    path = write_graph_h5(tmp_path / "m.h5", layers, ["sum"])
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        calls = [[["start", 0, 0, {}]], [["other", 0, 0, {}]]]
        config["config"]["layers"][2] = {**inside, "name": "inner", "inbound_nodes": calls}
        config["config"]["layers"][3]["inbound_nodes"] = [
            [["inner", first, 0, {}], ["inner", first + 1, 0, {}]]
        ]
        file.attrs["model_config"] = json.dumps(config)
        for name in ("kernel", "bias"):
            file[f"model_weights/inner/deep/{name}:0"] = file[f"model_weights/inner/inner/{name}:0"]
            del file[f"model_weights/inner/inner/{name}:0"]
    once = [dense(K1, B1, "relu")]
    wanted = answers(once, ROWS) - answers([dense(square), *once], ROWS)
    assert_answers(read_foreign(path).mlp, ROWS, wanted)


def test_models_that_call_models_without_end(tmp_path: Path) -> None:
    """Each level calls the next one twice: 2 ** 14 layers in a file of a few kB."""
    inside = configuration([dense(K1[:3, :3], B1)], "2.4.0", "functional", 3)
    for level in range(14):
        start = {"class_name": "InputLayer", "name": "in", "inbound_nodes": [],
                 "config": {"name": "in", "batch_input_shape": [None, 3]}}  # fmt: skip
        calls = [[["in", 0, 0, {}]], [["m", 0, 0, {}]]]
        inside = {"class_name": "Functional", "config": {
            "name": f"level{level}", "layers": [start, {**inside, "name": "m",
                                                        "inbound_nodes": calls}],
            "input_layers": [["in", 0, 0]], "output_layers": [["m", 1, 0]]}}  # fmt: skip
    path = write_h5(tmp_path / "m.h5", [dense(K1, B1)])
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(inside)
    assert "its layers are called more than 10,000 times" in refused(path)


# Weights beside an architecture


def test_old_weights_beside_an_architecture(tmp_path: Path) -> None:
    layers = [dense(K1, B1, "relu"), dense(K2, B2)]
    for version, names in (("1.2.2", ("a.json", "a.h5")), ("2.2.4", ("b.json", "b_weights.h5"))):
        config = configuration(layers, version) | {"keras_version": version}
        (tmp_path / names[0]).write_text(json.dumps(config))
        with h5py.File(tmp_path / names[1], "w") as file:
            fill_weights(file, layers, version)
        for name in names:
            found = read_foreign(tmp_path / name)
            assert_answers(found.mlp, ROWS, answers(layers, ROWS))
            assert found.written_by == f"Keras {version}"
            assert len(found.remarks) == 1


def test_weights_of_keras_3_beside_an_architecture(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([
        keras.Input((4,)), keras.layers.Dense(5), keras.layers.BatchNormalization(),
        keras.layers.LeakyReLU(), keras.layers.Dense(3, "hard_sigmoid"), keras.layers.Dense(2),
    ])  # fmt: skip
    shaken(model)
    (tmp_path / "net.json").write_text(model.to_json())
    model.save_weights(tmp_path / "net.weights.h5")
    for name in ("net.json", "net.weights.h5"):
        mlp = read_foreign(tmp_path / name).mlp
        assert_answers(mlp, ROWS, model.predict(ROWS, verbose=0), times=2)


def test_weights_that_keras_2_12_to_2_14_counted_twice(tmp_path: Path) -> None:
    """Every layer with weights takes two numbers of its class, in each model on its own."""
    square = dense(K1[:3] + 1, B1, "elu")
    inner = [dense(K1, B1, "relu"), NORM_3, other("Dropout", rate=0.1), square, square]
    config = configuration([other("Model"), square, dense(K2, B2)], "2.13.1")
    inside = configuration(inner, "2.13.1")
    inside["config"]["name"] = "layer_0"
    config["config"]["layers"][0] = inside
    place = "_layer_checkpoint_dependencies"
    within = f"{place}/sequential/{place}"
    groups = {f"{within}/dense": inner[0], f"{within}/batch_normalization": NORM_3,
              f"{within}/dense_2": square, f"{within}/dense_4": square,
              f"{place}/dense": square, f"{place}/dense_2": dense(K2, B2)}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(config | {"keras_version": "2.13.1"}))
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        for group, layer in groups.items():
            for number, array in enumerate(layer.weights.values()):
                file[f"{group}/vars/{number}"] = array
    mlp = read_foreign(tmp_path / "a.weights.h5").mlp
    assert_answers(mlp, ROWS, answers([*inner, square, dense(K2, B2)], ROWS))


def test_an_architecture_that_names_a_module_and_no_version(tmp_path: Path) -> None:
    layers = [dense(K1, B1, "hard_sigmoid"), dense(K2, B2)]
    config = configuration(layers, "3.8.0", "functional", 4) | {"module": "keras.src.models"}
    (tmp_path / "a.json").write_text(json.dumps(config))
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        for group, layer in zip(("layers/dense", "layers/dense_1"), layers, strict=True):
            for number, array in enumerate(layer.weights.values()):
                file[f"{group}/vars/{number}"] = array
    mlp = read_foreign(tmp_path / "a.json").mlp
    assert_answers(mlp, ROWS, answers(layers, ROWS, "3.8.0"))


def test_half_a_model(tmp_path: Path) -> None:
    layers = [dense(K1, B1)]
    (tmp_path / "a.json").write_text(json.dumps(configuration(layers, "2.4.0")))
    assert "beside it none of a.weights.h5, a_weights.h5" in refused(tmp_path / "a.json")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        fill_weights(file, layers, "2.4.0")
    assert "weights without an architecture, and beside it none of b.json" in refused(
        tmp_path / "b.h5"
    )
    (tmp_path / "c.json").write_text('{"a": 1}')
    assert "which model.to_json() gives" in refused(tmp_path / "c.json")


def test_quantisation_parameters_are_no_model(tmp_path: Path) -> None:
    mlp = network()
    parameters = QuantisationParameters(made(mlp, "int24"), mlp.weights_sha256, "0" * 64, {})
    (tmp_path / "net_int24.json").write_text(parameters.to_json())
    says = refused(tmp_path / "net_int24.json")
    assert "quantisation parameters that exports share" in says
    assert "net_int24.onnx or net_int24.h" in says


def test_half_of_ansecondmodel(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(configuration([dense(K1, B1)], "2.4.0")))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        fill_weights(file, [dense(K2, B2)], "2.4.0")
    assert "declares 3 units, and has weights for 2" in refused(tmp_path / "a.json")


# Keras itself


@pytest.mark.parametrize("form", ["sequential", "functional", "nested"])
def test_what_keras_3_saves(keras: Any, tmp_path: Path, form: str) -> None:
    k = keras.layers
    layers = [k.Rescaling(0.5, offset=1.0), k.BatchNormalization(), k.Dense(6), k.PReLU(),
              k.Dropout(0.2), k.Dense(5, "relu6"), k.BatchNormalization(), k.ReLU(max_value=2.0),
              k.Dense(4, k.LeakyReLU(negative_slope=0.1)), k.Dense(3, "softmax")]  # fmt: skip
    if form == "nested":
        layers = [keras.Sequential(layers[:4]), keras.Sequential(layers[4:])]
    start = result = keras.Input((4,))
    for layer in layers:
        result = layer(result)
    functional = keras.Model(start, result)
    model = functional if form == "functional" else keras.Sequential([start, *layers])
    shaken(model)
    model.save(tmp_path / "m.h5")
    found = read_foreign(tmp_path / "m.h5")
    assert_answers(found.mlp, ROWS, model.predict(ROWS, verbose=0), times=2)
    assert found.mlp.labels == ("0", "1", "2")


@pytest.mark.parametrize("alpha", [3, 0])
def test_low_rank_weights_beside_a_kernel(tmp_path: Path, alpha: int) -> None:
    first, second = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(2, 3))
    layer = dense(K1, B1, "relu", lora_rank=2, lora_alpha=alpha)
    weights = {**layer.weights, "lora_kernel_a": first, "lora_kernel_b": second}
    layers = [layer._replace(weights=weights), dense(K2, B2)]
    kernel = layer.weights["kernel"] + alpha / 2 * first @ second
    found = read_foreign(write_h5(tmp_path / "m.h5", layers, "3.15.1")).mlp
    assert_answers(found, ROWS, answers([dense(kernel, B1, "relu"), dense(K2, B2)], ROWS))


@pytest.mark.parametrize(
    ("equation", "bias", "turned"),
    [("ab,bc->ac", "c", False), ("...x,yx->...y", "y", True), ("ab, bc -> ac", None, False)],
)
def test_an_einsum_dense_that_is_a_dense(
    tmp_path: Path, equation: str, bias: str | None, turned: bool
) -> None:
    alike = dense(K1, B1 if bias else None, "relu")
    kernel = np.float32(K1.T if turned else K1)
    layer = Layer("EinsumDense", {
        "equation": equation, "output_shape": [3], "bias_axes": bias, "activation": "relu",
    }, {**alike.weights, "kernel": kernel})  # fmt: skip
    mlp = read_foreign(write_h5(tmp_path / "m.h5", [layer, dense(K2, B2)], "3.15.1")).mlp
    assert_answers(mlp, ROWS, answers([alike, dense(K2, B2)], ROWS))


# What is refused


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_foreign(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert message.count(str(path)) == 1
    assert "\n" not in message
    return message


REFUSED: dict[str, tuple[list[Layer], str]] = {
    "code": ([other("Lambda", function=["4wEA", None, None]), dense(K1)],
             "layer 'layer_0' is a Lambda, which holds code of its own: no layer of an MLP"),
    "a class of one's own": ([other("mine>Dense"), dense(K1)], "is a 'mine>Dense'"),
    "a convolution": ([other("Conv1D"), dense(K1)], "a Conv1D, which is a convolution"),
    "a recurrent layer": ([other("LSTM"), dense(K1)], "a LSTM, which is recurrent"),
    "attention": ([other("MultiHeadAttention"), dense(K1)], "weighs a row by itself"),
    "an embedding": ([other("Embedding"), dense(K1)], "looks numbers up by an index"),
    "a layer's own normalisation": ([dense(K1), other("LayerNormalization")], "layer 'layer_1' is"),
    "an unknown activation": ([dense(K1, B1, "sparsemax")], "has the activation 'sparsemax'"),
    "an activation of ours": ([dense(K1, B1, "rsqrt")], "has the activation 'rsqrt'"),
    "a threshold": ([dense(K1), other("ReLU", max_value=None, negative_slope=0.0, threshold=1.0)],
                    "ReLU with threshold 1"),
    "softmax over the rows": ([dense(K1), other("Softmax", axis=0)], "Softmax with axis 0"),
    "no dense layer": ([other("Dropout", rate=0.5)], "no Dense layer"),
    "integers": ([dense(K1, B1, dtype="int8")], "computes in int8"),
    "another width": ([dense(K1), dense(K1)], "'layer_1' takes 4 inputs, and 3 arrive"),
    "another width between": ([dense(K1), NORM_4, dense(K2)], "'layer_1' takes 4 inputs, and 3"),
    "a normalisation of other numbers": (
        [dense(K1), batch_normalization([1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1])],
        "as its gamma"),
    "a variance below 0": ([dense(K1), batch_normalization(None, None, [0, 0, 0], [-1, 1, 1])],
                           "multiplies or adds NaN or infinity"),
    "weights that are NaN": ([dense(K1 * np.nan)], "layer 'layer_0' has weights that are NaN"),
    "no weights": ([Layer("Dense", {"units": 3, "activation": None, "use_bias": True}, {})],
                   "layer 'layer_0' has no weights in the file"),
    "no bias": ([Layer("Dense", {"units": 3, "activation": None, "use_bias": True},
                       {"kernel": np.float32(K1)})], "no bias in the file"),
    "a sequence": ([dense(K1, B1, batch_input_shape=[None, 7, 4])], "takes 2 dimensions per row"),
    "a scale of 0 in front": (
        [other("Rescaling", scale=1e-45, offset=0.0), dense(K1)], "scales readings beyond float32"),
    "quantised": ([dense(K1, B1, dtype={"class_name": "QuantizedDTypePolicy", "config": {
        "mode": "int8", "name": "int8_from_float32"}})], "is quantised (int8)"),
    "a setting of another Keras": ([dense(K1, B1, shift=3)], "with shift 3, which"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Lambda", "holds code of its own: no layer of an MLP; layers of keras.layers would do"),
        ("Embedding", "looks numbers up by an index: no layer of an MLP; a Dense layer on one"),
        ("StringLookup", "makes numbers of words or codes"),
        ("CategoryEncoding", "makes columns of categories"),
        ("Discretization", "makes categories of numbers: no layer of an MLP; columns that are"),
        ("Bidirectional", "is recurrent"),
        ("SeparableConv1D", "is a convolution"),
        ("RandomFlip", "is for images"),
        (
            "QDense",
            "computes with rounded numbers while it trains: no layer of an MLP; the network",
        ),
        ("QuantizeWrapperV2", "computes with rounded numbers while it trains"),
        ("HDenseBatchNorm", "computes with rounded numbers while it trains"),
        ("PruneLowMagnitude", "wraps another layer while it trains: no layer of an MLP; the model"),
        ("Permute", "turns lines into columns: no layer of an MLP; columns in that order would do"),
        ("RepeatVector", "makes a sequence of a row: no layer of an MLP; a Concatenate of the row"),
        ("Mine", "which mlp-edge does not read here; it reads Dense, EinsumDense, Activation"),
    ],
)
def test_what_is_said_of_other_layers(tmp_path: Path, kind: str, said: str) -> None:
    message = refused(write_h5(tmp_path / "m.h5", [dense(K1, B1), other(kind), dense(K2, B2)]))
    assert f"layer 'layer_1' is {'an' if kind[0] == 'E' else 'a'} {kind}, " in message
    assert said in message


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(tmp_path: Path, name: str) -> None:
    layers, said = REFUSED[name]
    assert said in refused(write_h5(tmp_path / "m.h5", layers))


def edited(path: Path, edit: Callable[[dict[str, Any]], object], version: str = "2.4.0") -> str:
    write_h5(path, [dense(K1, B1, "relu"), dense(K2, B2)], version, "functional", 4)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        edit(config["config"])
        file.attrs["model_config"] = json.dumps(config)
    return refused(path)


def test_calls_that_make_no_sense(tmp_path: Path) -> None:
    def reads(*calls: list[Any], layer: int = 2) -> Callable[[dict[str, Any]], None]:
        def edit(config: dict[str, Any]) -> None:
            config["layers"][layer]["inbound_nodes"] = [list(calls)]

        return edit

    def outputs(*calls: list[Any]) -> Callable[[dict[str, Any]], None]:
        return lambda config: config.update(output_layers=list(calls))

    first, start, last = ["layer_0", 0, 0, {}], ["input_1", 0, 0, {}], ["layer_1", 0, 0, {}]
    path = tmp_path / "m.h5"
    assert "'layer_1' is a Dense that reads 2 others" in edited(path, reads(first, start))
    assert "layer 'layer_1' takes 3 inputs, and 4 arrive" in edited(path, reads(start))
    assert "reads its own result" in edited(path, reads(last, layer=1))
    assert "it reads 'layer_9', which is no layer" in edited(path, reads(["layer_9", 0, 0, {}]))
    assert "call 3 of layer 'layer_0' is not there" in edited(path, reads(["layer_0", 2, 0, {}]))
    assert "call 1 of layer 'layer_0' is not there" in edited(
        path, lambda config: config["layers"][1].update(inbound_nodes=[])
    )
    assert "a result of 'layer_1' that is not there" in edited(path, outputs(["layer_1", 0, 1]))
    assert "layer 'layer_1' is called with training=True, which may change" in edited(
        path, reads(["layer_0", 0, 0, {"training": True}])
    )


def test_functions_of_keras_3_that_no_layer_is(keras: Any, tmp_path: Path) -> None:
    def said(function: Callable[[Any], Any]) -> str:
        start = keras.Input((4,))
        model = keras.Model(start, keras.layers.Dense(1)(function(start)))
        model.save(tmp_path / "m.h5")
        return refused(tmp_path / "m.h5")

    assert "takes a part of what it reads, as x[:, 1:3]; an Input for each part" in said(
        lambda x: x[:, 1:3]
    )
    assert "is keras.ops.Mean, which makes one number of several: no layer of an MLP" in said(
        lambda x: keras.ops.mean(x, axis=-1, keepdims=True)
    )
    assert "is keras.ops.Power, which takes powers: no layer of an MLP; keras.ops.square" in said(
        lambda x: x**2
    )
    # A layer without settings to train, which looks like a function there.
    assert "is a Discretization, which makes categories of numbers" in said(
        keras.layers.Discretization(bin_boundaries=[0.0, 1.0])
    )


def test_a_batch_normalisation_of_keras_1_that_looks_at_the_batch(tmp_path: Path) -> None:
    layers = [dense(K1, B1), NORM_3]
    path = write_h5(tmp_path / "m.h5", layers, "1.2.2")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"][1]["config"]["mode"] = 2
        file.attrs["model_config"] = json.dumps(config)
    assert "with mode 2" in refused(path)


def test_an_unknown_keras_and_a_default_that_depends_on_it(tmp_path: Path) -> None:
    layers = [dense(K1, B1), other("LeakyReLU"), dense(K2, B2)]
    assert "whose default depends on the Keras" in refused(
        write_h5(tmp_path / "m.h5", layers, "4.0.0")
    )
    check_h5(
        tmp_path / "m.h5", [layers[0], other("LeakyReLU", alpha=0.3), layers[2]], ROWS, "4.0.0"
    )


def test_what_is_no_plain_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "not a Keras HDF5 file, or a damaged one" in refused(path)
    write_h5(path, [dense(K1, B1)])
    with h5py.File(path, "r+") as file:
        file["model_weights/layer_9"] = h5py.ExternalLink("/etc/passwd", "x")
    assert "is a link to elsewhere" in refused(path)
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = np.arange(4)
    assert "its model_config is no text" in refused(path)
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "[]"
    assert "its model_config makes no sense" in refused(path)


def test_texts_that_hdf5_would_look_for_without_end(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "m.h5", [dense(K1, B1)])
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 32] = bytes(16)  # an object without a number and a length
    path.write_bytes(content)
    assert "texts of a length that makes no sense" in refused(path)


# At random


FUNCTIONS = [*HIDDEN_ACTIVATIONS, "relu6", "hard_tanh", "log_sigmoid", "swish"]


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Layer], str]:
    """Layers in one line that take four readings, and the Keras that wrote them."""
    version = draw(st.sampled_from(VERSIONS))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    width, layers = 4, list[Layer]()
    kinds = draw(st.lists(st.sampled_from(["dense", "dense", "norm", "leaky", "function", "rescale",
                                           "prelu", "dropout"]), max_size=7))  # fmt: skip
    for kind in [*kinds, "dense"]:
        layers.append(drawn(draw, kind, width, generator, version))
        width = layers[-1].weights["kernel"].shape[1] if kind == "dense" else width
    if draw(st.booleans()) and width > 1:
        layers.append(other("Softmax", axis=-1))
    return layers, version


def drawn(
    draw: st.DrawFn, kind: str, width: int, generator: np.random.Generator, version: str
) -> Layer:
    if kind == "dense":
        outputs = draw(st.integers(1, 6))
        bias = generator.normal(0, 1, outputs) if draw(st.booleans()) else None
        function = draw(st.sampled_from(["linear", *FUNCTIONS]))
        return dense(generator.normal(0, 1 / np.sqrt(width), (width, outputs)), bias, function)
    if kind == "norm":
        numbers = generator.normal(0, 1, (3, width))
        return batch_normalization(*numbers, generator.uniform(0.2, 4, width))
    if kind == "leaky":
        slope = draw(st.sampled_from([0.0, 0.01, 0.2, 0.3, 1.0]))
        return other("LeakyReLU", **{"negative_slope" if version[0] == "3" else "alpha": slope})
    if kind == "prelu":
        return other("PReLU", {"alpha": generator.normal(0, 0.5, width).astype(np.float32)},
                     shared_axes=None)  # fmt: skip
    if kind == "rescale":
        return other("Rescaling", scale=draw(st.sampled_from([0.5, -1.5, 2.0])), offset=0.25)
    if kind == "function":
        return other("Activation", activation=draw(st.sampled_from(FUNCTIONS)))
    return other("Dropout", rate=0.5)


@settings(max_examples=100)
@given(chains())
def test_a_chain_at_random(tmp_path_factory: Any, chain: tuple[Sequence[Layer], str]) -> None:
    layers, version = chain
    path = tmp_path_factory.getbasetemp() / "random.h5"
    rows = ROWS[:12] / 2
    mlp = read_foreign(write_h5(path, layers, version, inputs=4)).mlp
    assert_answers(mlp, rows, answers(layers, rows, version))


def test_files_with_wrong_bytes_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    layers = [NORM_4, dense(K1, B1, "relu"), NORM_3, dense(K2, B2)]
    original = write_h5(path, layers, inputs=4).read_bytes()
    generator = random.Random(4)  # noqa: S311 (nothing secret)

    def spoilt() -> bytes:
        content = wrong_bytes(
            original, generator, lambda: generator.choice([0, 1, 255, generator.randrange(256)])
        )
        cut = generator.random() < 0.1
        return content[: generator.randrange(len(content))] if cut else content

    assert refusals(path, read_foreign, (spoilt() for _ in range(400))) > 40


def test_graphs_of_other_calls_are_read_or_refused(tmp_path: Path) -> None:
    """A value anywhere in the architecture in the place of another: names, calls, settings."""
    layers = branches(less="Subtract", gate="Multiply", most="Maximum")
    weights = write_graph_h5(tmp_path / "m.h5", layers, ["last", "less", "gate", "most"], "3.15.1")
    with h5py.File(weights, "r+") as file:
        architecture = json.loads(file.attrs["model_config"])
        del file.attrs["model_config"]
    generator = random.Random(4)  # noqa: S311 (nothing secret)

    def places(value: Any) -> Iterator[tuple[Any, Any]]:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            if isinstance(value[key], dict | list):
                yield from places(value[key])

    def spoilt() -> bytes:
        changed = json.loads(json.dumps(architecture))
        for _ in range(generator.choice([1, 1, 2])):
            every = list(places(changed))
            (inside, key), (other, name) = generator.choice(every), generator.choice(every)
            odd = generator.choice([None, {}, [], -1, 10**12, "x", True])
            value = other[name] if generator.random() < 0.6 else odd
            inside[key] = json.loads(json.dumps(value))
        return json.dumps(changed).encode()

    assert refusals(tmp_path / "m.json", read_foreign, (spoilt() for _ in range(250))) > 60


# The doors


def test_open_and_its_notes(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "Old net.h5", [dense(K1, B1, "relu"), dense(K2, B2)], "1.2.2")
    model = mlp_edge.open(path)
    assert (model.name, model.directory) == ("old_net", None)
    assert "made up" in model.notes[0]


def test_the_commands_take_it(tmp_path: Path, typed: Any) -> None:
    path = write_h5(tmp_path / "theirs.h5", [dense(K1, B1, "relu", dtype="float64"), dense(K2, B2)])
    exported = typed("export", "--model", path, "--format", "c", "--out", tmp_path / "out")
    assert exported.code == 0
    assert "computed in float64; mlp-edge computes in float32" in exported.err
    assert "theirs_predict" in (tmp_path / "out/theirs.h").read_text()
    shown = typed("inspect", path)
    assert shown.code == 0
    assert "Keras 2.4.0" in shown.out
    assert "4-3-2" in shown.out
    refusal = typed("export", "--model", write_h5(path, [other("LSTM")]), "--format", "c")
    assert (refusal.code, refusal.out) == (2, "")
    assert "layer 'layer_0' is a LSTM, which is recurrent" in refusal.err
