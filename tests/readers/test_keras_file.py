"""Keras files as users save them are read to the numbers that Keras predicts; others are refused.

Every model here is built and saved by Keras itself.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from support.keras_files import assert_answers
from support.networks import assert_within_bound
from support.spoilt import refusals, wrong_bytes

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras_file import read_mlp, read_network

Build = Callable[[Any], list[Any]]
"""keras -> the layers of a Sequential model that takes four readings."""

ROWS = np.random.default_rng(3).normal(2, 5, (50, 4)).astype(np.float32)


def saved(keras: Any, path: Path, layers: list[Any]) -> Any:
    model = keras.Sequential([keras.Input((4,)), *layers])
    return kept(model, path)


def kept(model: Any, path: Path) -> Any:
    """Save a model whose biases are not zero."""
    generator = np.random.default_rng(1)
    for variable in model.trainable_variables:
        if len(variable.shape) == 1:
            variable.assign(generator.normal(0, 0.5, variable.shape))
    model.save(path)
    return model


def check_reads(model: Any, path: Path) -> None:
    mlp = read_mlp(path)
    assert_within_bound(mlp, ROWS, model.predict(ROWS, verbose=0))


def check_reads_folded(model: Any, path: Path) -> None:
    """As ``check_reads``, of a model some of whose layers are folded into others."""
    assert_answers(read_mlp(path), ROWS, model.predict(ROWS, verbose=0), times=2)


def adapted(keras: Any) -> Any:
    layer = keras.layers.Normalization()
    layer.adapt(ROWS)
    return layer


READ: dict[str, Build] = {
    "one layer": lambda k: [k.layers.Dense(3)],
    "the tutorial's": lambda k: [
        k.layers.Dense(12, activation="relu"),
        k.layers.Dense(8, activation="relu"),
        k.layers.Dense(1, activation="sigmoid"),
    ],
    "adapted": lambda k: [adapted(k), k.layers.Dense(5, "tanh"), k.layers.Dense(2)],
    "never adapted": lambda k: [k.layers.Normalization(), k.layers.Dense(2)],
    "given moments": lambda k: [
        k.layers.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 9, 16]), k.layers.Dense(2),
    ],
    "one moment for all": lambda k: [
        k.layers.Normalization(axis=None, mean=2.0, variance=9.0), k.layers.Dense(2),
    ],
    "a constant column": lambda k: [
        k.layers.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 0, 9, 16]), k.layers.Dense(2),
    ],
    "dropout": lambda k: [
        k.layers.Dropout(0.5), k.layers.Dense(6, "relu"), k.layers.Dropout(0.9),
        k.layers.GaussianNoise(0.9), k.layers.Dense(2),
    ],
    "activations apart": lambda k: [
        k.layers.Dense(6), k.layers.Activation("elu"), k.layers.Dense(6), k.layers.ReLU(),
        k.layers.Dense(6), k.layers.LeakyReLU(negative_slope=0.2), k.layers.Dense(6),
        k.layers.ELU(), k.layers.Dense(3), k.layers.Dropout(0.1), k.layers.Softmax(),
    ],
    "no biases": lambda k: [
        k.layers.Dense(5, "relu", use_bias=False), k.layers.Dense(4, "relu"),
        k.layers.Dense(1, use_bias=False),
    ],
    "odd names": lambda k: [
        k.layers.Normalization(mean=1.0, variance=4.0, axis=None, name="dense_2"),
        k.layers.Dense(5, "relu", name="dense-7.b"), k.layers.Dense(5, name="x"),
        k.layers.Dense(5, "relu", name="dense"), k.layers.Dense(2, name="normalization"),
    ],
    "swish, and functions": lambda k: [
        k.layers.Dense(5, "swish"), k.layers.Dense(5, k.activations.gelu),
        k.layers.Dense(5, k.activations.silu), k.layers.Dense(2, None),
    ],
    "twelve layers": lambda k: [k.layers.Dense(4, "tanh") for _ in range(12)],
    "frozen": lambda k: [k.layers.Dense(5, "relu", trainable=False), k.layers.Dense(1, "sigmoid")],
    "regularised": lambda k: [
        k.layers.Dense(5, kernel_regularizer="l2", kernel_constraint="non_neg"), k.layers.Dense(2),
    ],
}  # fmt: skip


FOLDED: dict[str, Build] = {
    "batch normalisation": lambda k: [
        k.layers.BatchNormalization(), k.layers.Dense(3), k.layers.BatchNormalization(),
        k.layers.ReLU(), k.layers.Dense(2), k.layers.BatchNormalization(),
    ],
    "a scaling in the middle": lambda k: [
        k.layers.Dense(3), k.layers.Normalization(mean=0.5, variance=4.0, axis=None),
        k.layers.Dense(3),
    ],
    "a scaling backwards": lambda k: [
        k.layers.Dense(3), k.layers.Normalization(mean=[1.0, 2, 3], variance=[4.0, 0, 9],
                                                  invert=True),
    ],
    "a rescaling": lambda k: [k.layers.Rescaling(0.1), k.layers.Dense(3)],
    "a model in a model": lambda k: [
        k.Sequential([k.Input((4,)), k.layers.Dense(3, "relu")]), k.layers.Dense(1),
    ],
    "an activation first": lambda k: [k.layers.ReLU(), k.layers.Dense(1)],
    "two activations": lambda k: [k.layers.Dense(3, "relu"), k.layers.Activation("tanh")],
    "relu6": lambda k: [k.layers.Dense(3, "relu6"), k.layers.Dense(1)],
    "an activation with a setting": lambda k: [
        k.layers.Dense(3, k.layers.LeakyReLU(negative_slope=0.01)), k.layers.Dense(1),
    ],
    "another slope": lambda k: [k.layers.Dense(3), k.layers.LeakyReLU(negative_slope=0.01)],
    "a ceiling": lambda k: [k.layers.Dense(3), k.layers.ReLU(max_value=6.0), k.layers.Dense(2)],
    "softmax inside": lambda k: [k.layers.Dense(3, "softmax"), k.layers.Dense(1)],
    "slopes that were learnt": lambda k: [k.layers.Dense(3), k.layers.PReLU(), k.layers.Dense(2)],
}  # fmt: skip


@pytest.mark.parametrize("build", FOLDED.values(), ids=FOLDED)
def test_layers_that_are_folded(keras: Any, folder: Path, build: Build) -> None:
    check_reads_folded(saved(keras, folder / "m.keras", build(keras)), folder / "m.keras")


@pytest.mark.parametrize("dtype", ["float16", "float64", "mixed_float16"])
def test_other_precision_is_read_and_said(keras: Any, folder: Path, dtype: str) -> None:
    layers = [keras.layers.Dense(3, dtype=dtype, name="first"), keras.layers.Dense(1)]
    model = saved(keras, folder / "m.keras", layers)
    network = read_network(folder / "m.keras")
    assert network.found.notes == (
        f"layer 'first' computed in {dtype}; mlp-edge computes in float32",
    )
    kernel = model.layers[0].get_weights()[0]
    assert (network.layers[0].weights == kernel.T.astype(np.float32)).all()


@pytest.mark.parametrize("build", READ.values(), ids=READ)
def test_a_sequential_model(keras: Any, folder: Path, build: Build) -> None:
    check_reads(saved(keras, folder / "m.keras", build(keras)), folder / "m.keras")


@pytest.mark.parametrize("build", READ.values(), ids=READ)
def test_the_same_as_a_functional_model(keras: Any, folder: Path, build: Build) -> None:
    start = tensor = keras.Input((4,), name="readings")
    for layer in build(keras):
        tensor = layer(tensor)
    check_reads(kept(keras.Model(start, tensor), folder / "m.keras"), folder / "m.keras")


def test_a_compiled_and_fitted_model(keras: Any, folder: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(3, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        ROWS, (ROWS[:, :1] > 0).astype("float32"), epochs=1, verbose=0
    )  # no Input: built by what it was fed
    model.save(folder / "m.keras")
    check_reads(model, folder / "m.keras")


def test_a_zip_that_somebody_packed_again(keras: Any, folder: Path) -> None:
    model = saved(keras, folder / "m.keras", [keras.layers.Dense(2)])
    packed(folder / "m.keras", kind=zipfile.ZIP_DEFLATED)
    check_reads(model, folder / "m.keras")


def test_the_scaling_is_what_keras_divides_by(keras: Any, folder: Path) -> None:
    layer = adapted(keras)
    saved(keras, folder / "m.keras", [layer, keras.layers.Dense(1)])
    scaling = read_network(folder / "m.keras").scaling
    assert scaling is not None
    divisor = np.maximum(np.sqrt(np.asarray(layer.variance)), np.float32(1e-7)).reshape(-1)
    assert scaling.mean.tolist() == np.asarray(layer.mean).reshape(-1).tolist()
    assert scaling.std.tolist() == divisor.tolist()


@pytest.mark.parametrize(
    ("units", "activation", "task", "labels"),
    [
        (1, "sigmoid", "binary", ("0", "1")),
        (1, "linear", "regression", ()),
        (2, "sigmoid", "regression", ()),
        (3, "softmax", "multiclass", ("0", "1", "2")),
    ],
)
def test_a_file_on_its_own_gets_names(
    keras: Any, folder: Path, units: int, activation: str, task: str, labels: tuple[str, ...]
) -> None:
    saved(keras, folder / "My model (2).keras", [keras.layers.Dense(units, activation)])
    mlp = read_mlp(folder / "My model (2).keras")
    assert (mlp.name, mlp.task, mlp.labels) == ("my_model_2", task, labels)
    assert [feature.name for feature in mlp.features] == ["x1", "x2", "x3", "x4"]
    assert mlp.features[0].low is None


# What is refused


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_mlp(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


REFUSED: dict[str, tuple[Build, str]] = {
    "a convolution": (
        lambda k: [k.layers.Reshape((4, 1)), k.layers.Conv1D(2, 2), k.layers.Flatten(),
                   k.layers.Dense(1)], "is a Conv1D, which is a convolution",
    ),
    "no dense layer": (lambda k: [k.layers.Dropout(0.1)], "no Dense layer"),
    "an unknown activation": (
        lambda k: [k.layers.Dense(3, "sparsemax"), k.layers.Dense(1)],
        "has the activation 'sparsemax'",
    ),
    "softmax over the rows": (
        lambda k: [k.layers.Dense(3), k.layers.Softmax(axis=0)], "axis 0; -1 would do",
    ),
    "softmax of one": (lambda k: [k.layers.Dense(1, "softmax")], "at least two outputs"),
}  # fmt: skip


@pytest.mark.parametrize(("build", "said"), REFUSED.values(), ids=REFUSED)
def test_a_sequential_model_that_is_refused(
    keras: Any, folder: Path, build: Build, said: str
) -> None:
    keras.Sequential([keras.Input((4,)), *build(keras)]).save(folder / "m.keras")
    assert said in refused(folder / "m.keras")


def test_a_network_for_images(keras: Any, folder: Path) -> None:
    layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()]
    keras.Sequential([*layers, keras.layers.Dense(3, "softmax")]).save(folder / "m.keras")
    refused(folder / "m.keras")
    dense = keras.Sequential([keras.Input((5, 3)), keras.layers.Dense(2)])
    dense.save(folder / "m.keras")
    assert "takes 2 dimensions per row; one, the features, would do" in refused(folder / "m.keras")


def test_code_of_a_stranger_is_not_run(keras: Any, folder: Path) -> None:
    layers = [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(1)]
    keras.Sequential(layers).save(folder / "m.keras")
    assert "is a Lambda" in refused(folder / "m.keras")


def test_a_class_of_ones_own(keras: Any, folder: Path) -> None:
    class Own(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.dense = keras.layers.Dense(1)

        def call(self, rows: Any) -> Any:
            return self.dense(rows)

    model = Own()
    model(ROWS)
    model.save(folder / "m.keras")
    assert f" is of {__name__}, and not Keras's own class" in refused(folder / "m.keras")


# What is damaged


def packed(path: Path, kind: int = zipfile.ZIP_STORED, **changed: bytes | None) -> None:
    """Write a .keras file again; a member given as None is left out ('_' stands for '.')."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {name.replace("_", "."): content for name, content in changed.items()}  # type: ignore[dict-item]
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


def member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"PK\x05\x06" + bytes(18), bytes(500)],
    ids=["empty", "text", "empty zip", "zeros"],
)
def test_what_is_no_keras_file(folder: Path, content: bytes) -> None:
    (folder / "m.keras").write_bytes(content)
    assert "not a .keras file, or a damaged one" in refused(folder / "m.keras")


def test_an_older_file_in_hdf5(folder: Path) -> None:
    (folder / "m.keras").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "an HDF5 file, as Keras before 2.12 wrote it" in refused(folder / "m.keras")


def test_what_is_not_there(folder: Path) -> None:
    assert "no such file" in refused(folder / "none.keras")
    assert "a directory" in refused(folder)


def test_a_name_that_the_system_refuses(folder: Path) -> None:
    refused(folder / ("x" * 300 + ".keras"))


@pytest.mark.parametrize(
    "config",
    [b"", b"{", b"null", b"5", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000,
     b'{"class_name": "Sequential"}',
     b'{"class_name": "Sequential", "config": 5}',
     b'{"class_name": "Sequential", "config": {"layers": []}}',
     b'{"class_name": "Sequential", "config": {"layers": [5]}}',
     b'{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}}',
     b'{"class_name": "Functional", "config": {"layers": [], "output_layers": []}}',
     b'{"class_name": ["Sequential"], "config": {"layers": []}}'],
)  # fmt: skip
def test_a_config_that_makes_no_sense(pima: Path, folder: Path, config: bytes) -> None:
    (folder / "m.keras").write_bytes((pima / "model.keras").read_bytes())
    packed(folder / "m.keras", config_json=config)
    refused(folder / "m.keras")


def test_members_that_are_missing(pima: Path, folder: Path) -> None:
    for name in ("config_json", "model_weights_h5"):
        (folder / "m.keras").write_bytes((pima / "model.keras").read_bytes())
        packed(folder / "m.keras", **{name: None})
        assert name.replace("_", ".") in refused(folder / "m.keras")


@pytest.mark.parametrize("damage", ["gone", "nan", "float16", "integers", "short", "flat", "text"])
def test_weights_that_make_no_sense(pima: Path, folder: Path, damage: str) -> None:
    path = folder / "m.keras"
    path.write_bytes((pima / "model.keras").read_bytes())
    stream = io.BytesIO(member(path, "model.weights.h5"))
    with h5py.File(stream, "r+") as file:
        group = file["layers/sequential/layers/dense_1/vars"]
        kernel = np.asarray(group["0"])
        del group["0"]
        changed = {
            "nan": np.where(kernel > 0, np.nan, kernel),
            "float16": kernel.astype(np.float16),
            "integers": kernel.astype(np.int8),
            "short": kernel[:-1],
            "flat": kernel.reshape(-1),
            "text": np.array(b"weights"),
        }.get(damage)
        if changed is not None:
            group["0"] = changed
    packed(path, model_weights_h5=stream.getvalue())
    message = refused(path)
    if damage == "float16":
        assert "weights float16" in message


def test_a_file_cut_anywhere(pima: Path, folder: Path) -> None:
    whole = (pima / "model.keras").read_bytes()
    for length in range(0, len(whole), 101):
        (folder / "m.keras").write_bytes(whole[:length])
        refused(folder / "m.keras")


@pytest.mark.parametrize("part", ["file", "packed file", "config.json", "model.weights.h5"])
def test_a_file_with_wrong_bytes_is_read_or_refused(pima: Path, folder: Path, part: str) -> None:
    path = folder / "m.keras"
    original = (pima / "model.keras").read_bytes()
    generator = random.Random(4)  # noqa: S311

    def spoilt() -> bytes:
        path.write_bytes(original)
        if part == "packed file":
            packed(path, kind=zipfile.ZIP_DEFLATED)
        if part not in ("config.json", "model.weights.h5"):
            return wrong_bytes(path.read_bytes(), generator)
        inside = wrong_bytes(member(path, part), generator)
        packed(path, **{part.replace(".", "_"): inside})
        return path.read_bytes()

    assert refusals(path, read_mlp, (spoilt() for _ in range(150))) > 10
