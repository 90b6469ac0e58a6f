"""Whose class, which Keras, which settings: a stranger's file is read as its Keras meant it.

What is read has the answers of Keras itself. What is refused is refused by every door.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from support.keras_files import assert_answers
from support.networks import assert_within_bound

import mlp_edge
from mlp_edge.errors import ModelError, OpeningError
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.readers.keras_layers import generation

Config = dict[str, Any]
WEIGHTS = [
    (np.array([[2.0, -1], [0.5, 3]], np.float32), np.array([0.25, -0.5], np.float32)),
    (np.array([[1.5], [-2.0]], np.float32), np.array([0.1], np.float32)),
]
ROWS = np.array([[1, -2], [-3, 1], [0, 0], [0.5, 4], [-0.2, 0.1]], np.float32)


def written(
    path: Path, edit: Callable[[Config], object] = lambda config: None, version: str = "3.15.1"
) -> Path:
    """A .keras file of two Dense layers and a LeakyReLU between them, as Keras 3 writes it."""
    layers = [
        layer("InputLayer", batch_shape=[None, 2], sparse=False, ragged=False),
        layer("Dense", units=2, activation="linear", use_bias=True),
        layer("LeakyReLU", negative_slope=0.2),
        layer("Dense", units=1, activation="linear", use_bias=True),
    ]
    for number, each in enumerate(layers):
        each["config"]["name"] = f"layer{number}"
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None,
              "config": {"name": "net", "layers": layers}}  # fmt: skip
    edit(config)
    stream = io.BytesIO()
    old = config.pop("older_places", False)  # layers with weights counted twice
    places = [f"_layer_checkpoint_dependencies/{name}" for name in ("dense", "dense_2")]
    with h5py.File(stream, "w") as file:
        for place, arrays in zip(
            places if old else ("layers/dense", "layers/dense_1"), WEIGHTS, strict=True
        ):
            for number, array in enumerate(arrays):
                file[f"{place}/vars/{number}"] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", stream.getvalue())
        if version:
            archive.writestr("metadata.json", json.dumps({"keras_version": version}))
    return path


def layer(kind: str, **settings: Any) -> Config:
    config = {"name": kind.lower(), "trainable": True, "dtype": "float32", **settings}
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


def layers_of(config: Config) -> list[Config]:
    return list(config["config"]["layers"])


def instead(kind: str, **settings: Any) -> Callable[[Config], object]:
    """Another layer in the place of the LeakyReLU."""
    return lambda config: config["config"]["layers"].__setitem__(
        2, layer(kind, **{"name": "layer2", **settings})
    )


def first_dense(**settings: Any) -> Callable[[Config], object]:
    return lambda config: layers_of(config)[1]["config"].update(settings)


def without(key: str, number: int = 2) -> Callable[[Config], object]:
    return lambda config: layers_of(config)[number]["config"].pop(key)


def foreign(number: int, **entry: Any) -> Callable[[Config], object]:
    return lambda config: layers_of(config)[number].update(entry)


def older(**settings: Any) -> Callable[[Config], object]:
    """The file as Keras 2 writes it."""

    def edit(config: Config) -> None:
        layers = layers_of(config)
        layers[0]["config"]["batch_input_shape"] = layers[0]["config"].pop("batch_shape")
        instead("LeakyReLU", **settings)(config)

    return edit


def functional_of_keras_2(config: Config) -> None:
    older(alpha=0.2)(config)
    layers, previous = layers_of(config), None
    for each in layers:
        name = each["name"] = each["config"]["name"]
        each["inbound_nodes"] = [] if previous is None else [[[previous, 0, 0, {}]]]
        previous = name
    config.update(module="tf_keras.src.engine.functional", class_name="Functional",
                  registered_name="Functional")  # fmt: skip
    config["config"].update(input_layers=[["layer0", 0, 0]], output_layers=[["layer3", 0, 0]])


def older_places(config: Config) -> None:
    """What ``written`` takes for a file of Keras 2.12 to 2.14."""
    older(alpha=0.2)(config)
    config["older_places"] = True


def leaky(x: Any, slope: float = 0.2) -> Any:
    return np.where(x > 0, x, slope * x)


def answers(activation: Callable[[Any], Any]) -> Any:
    (kernel, bias), (last, end) = WEIGHTS
    return activation(ROWS @ kernel.astype(np.float64) + bias) @ last.astype(np.float64) + end


READ: dict[str, tuple[Callable[[Config], object], str, Callable[[Any], Any]]] = {
    "as it is": (lambda c: None, "3.15.1", leaky),
    "of an unknown Keras, all said": (lambda c: None, "", leaky),
    "alpha of Keras 2": (older(alpha=0.20000000298023224), "2.15.0", leaky),
    "the default slope of Keras 2": (older(), "2.15.0", lambda x: leaky(x, 0.3)),
    "the default slope of Keras 3": (
        without("negative_slope"), "3.15.1", lambda x: leaky(x, 0.3),
    ),
    "another slope of Keras 2": (
        older(alpha=0.30000001192092896), "2.15.0", lambda x: leaky(x, 0.3),
    ),
    "a ceiling": (instead("ReLU", max_value=6), "2.15.0", lambda x: np.clip(x, 0, 6)),
    "a slope below 0": (
        instead("ReLU", negative_slope=0.1), "2.15.0", lambda x: leaky(x, 0.1),
    ),
    "a layer as an activation": (
        first_dense(activation=layer("ELU", alpha=1.0)), "3.15.1",
        lambda x: leaky(np.where(x > 0, x, np.expm1(x))),
    ),
    "ReLU": (instead("ReLU"), "3.0.0", lambda x: np.maximum(x, 0)),
    "ReLU of Keras 2": (
        instead("ReLU", max_value=None, negative_slope=0.0, threshold=0.0), "2.12.0",
        lambda x: np.maximum(x, 0),
    ),
    "ELU": (instead("ELU"), "2.15.0", lambda x: np.where(x > 0, x, np.expm1(x))),
    "ELU of another scale": (
        instead("ELU", alpha=0.5), "3.15.1", lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)),
    ),
    "ELU, said": (instead("ELU", alpha=1), "", lambda x: np.where(x > 0, x, np.expm1(x))),
    "hard_sigmoid of Keras 3": (
        instead("Activation", activation="hard_sigmoid"), "3.4.1",
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
    ),
    "leaky_relu by name": (instead("Activation", activation="leaky_relu"), "2.14.0", leaky),
    "swish": (instead("Activation", activation="swish"), "", lambda x: x / (1 + np.exp(-x))),
    "a policy": (
        foreign(1, config={
            "name": "d", "units": 2, "activation": None, "use_bias": True,
            "dtype": {"module": "keras", "class_name": "DTypePolicy", "registered_name": None,
                      "config": {"name": "float32"}},
        }), "3.15.1", leaky,
    ),
    "constraints, regularisers": (
        first_dense(kernel_constraint={"class_name": "NonNeg"}, bias_regularizer={"l2": 1}),
        "3.15.1", leaky,
    ),
    "low-rank weights, which the file has merged": (
        first_dense(lora_rank=1, lora_alpha=1), "3.15.1", leaky,
    ),
    "settings that are not used": (
        first_dense(lora_rank=None, quantization_config=None, x=False), "3.15.1", leaky,
    ),
}  # fmt: skip


NOT_KERAS = ("constraints, regularisers", "settings that are not used")
"""Not all of a regulariser, and a setting that Keras does not know: it opens neither."""
NOT_KERAS_3: dict[str, tuple[Callable[[Config], object], str, Callable[[Any], Any], str]] = {
    "hard_sigmoid": (
        instead("Activation", activation="hard_sigmoid"), "2.13.1",
        lambda x: np.clip(0.2 * x + 0.5, 0, 1), "hard_sigmoid, clip(0.2 x + 0.5, 0, 1)",
    ),
    "hard_sigmoid as a setting": (
        first_dense(activation="hard_sigmoid"), "2.15.0",
        lambda x: np.clip(0.2 * x + 0.5, 0, 1), "hard_sigmoid, clip(0.2 x + 0.5, 0, 1)",
    ),
    "branches of names": (functional_of_keras_2, "2.13.1", leaky, "a Functional model"),
    "old places": (older_places, "2.12.0", leaky, "weights in _layer_checkpoint_dependencies"),
}  # fmt: skip
"""What Keras 2 wrote, and Keras 3 does not open or computes otherwise."""


READ_OF_ALL = READ | {name: case[:3] for name, case in NOT_KERAS_3.items()}


@pytest.mark.parametrize(("edit", "version", "formula"), READ_OF_ALL.values(), ids=READ_OF_ALL)
def test_read_as_its_keras_meant_it(
    folder: Path, edit: Callable[[Config], object], version: str, formula: Callable[[Any], Any]
) -> None:
    mlp = read_mlp(written(folder / "m.keras", edit, version))
    assert_answers(mlp, ROWS, answers(formula).astype(np.float32), times=2)


REFUSED: dict[str, tuple[Callable[[Config], object], str, str]] = {
    "alpha beside its new name": (
        instead("LeakyReLU", alpha=0.2, negative_slope=0.2), "3.0.0", "both alpha and negative",
    ),
    "a slope that is an array": (
        older(alpha={"class_name": "__numpy__", "config": {"value": 0.2}}), "2.15.0",
        "LeakyReLU with negative_slope {'class_name'",
    ),
    "no slope, no version": (without("negative_slope"), "", "without negative_slope, whose"),
    "no slope, a later Keras": (without("negative_slope"), "4.0.0", "without negative_slope"),
    "no use_bias, no version": (without("use_bias", 1), "", "is a Dense without use_bias"),
    "ELU": (instead("ELU", alpha=True), "3.15.1", "is an ELU with alpha True"),
    "ELU, no version": (instead("ELU"), "nightly", "is an ELU without alpha"),
    "ReLU, a threshold": (instead("ReLU", threshold=1.0), "3.15.1", "threshold 1, where it jumps"),
    "ReLU, true": (instead("ReLU", max_value=True), "3.15.1", "is a ReLU with max_value True"),
    "Softmax": (instead("Softmax", axis=0), "3.15.1", "is a Softmax with axis 0; -1 would do"),
    "a setting to come": (instead("ELU", alpha=1.0, approximate=True), "3.99.0",
                          "is an ELU with approximate True, which mlp-edge does not know"),
    "hard_sigmoid, no version": (
        first_dense(activation="hard_sigmoid"), "", "hard_sigmoid of an unknown Keras",
    ),
    "a registered function": (
        first_dense(activation="mine>relu"), "3.15.1", "has the activation 'mine>relu', which",
    ),
    "code": (
        first_dense(activation={"value": ["4wEAAA==", None, None]}), "3.15.1",
        "layer 'layer1' has as its activation code of its own; the name of one would do",
    ),
    "an EinsumDense over two axes": (
        instead("EinsumDense", equation="abc,bcd->ad", output_shape=[2], bias_axes="d"), "3.15.1",
        "layer 'layer2' is an EinsumDense of 'abc,bcd->ad'; 'ab,bc->ac', which",
    ),
    "a function called relu": (
        first_dense(activation={"module": "builtins", "class_name": "function", "config": "relu",
                                "registered_name": "function"}), "3.15.1",
        "has as its activation the function 'relu', which is not Keras's own",
    ),
    "a layer as an activation": (
        first_dense(activation=layer("ELU", alpha="a")), "3.15.1",
        "layer 'layer1' is an ELU with alpha 'a'",
    ),
    "a registered Dense": (
        foreign(1, module=None, registered_name="mine>Dense"), "3.15.1",
        "its Dense 'layer1' is of no module, registered as 'mine>Dense', and not Keras's own class",
    ),
    "a layer of QKeras": (
        foreign(1, class_name="QDense", module="qkeras.qlayers", registered_name="QDense"),
        "3.15.1", "its QDense 'layer1' is of qkeras.qlayers, and not Keras's own class; it rounds "
        "numbers as it learns; the network with plain Dense layers would do",
    ),
    "a Dense of a module": (
        foreign(1, module="net.layers", registered_name="Dense"), "3.15.1",
        "its Dense 'layer1' is of net.layers, and not Keras's own class",
    ),
    "a Dense that says nothing": (
        foreign(1, module=None), "3.15.1", "its Dense 'layer1' is of no module",
    ),
    "a module with a like name": (foreign(1, module="kerasx.layers"), "3.15.1", "of kerasx.layers"),
    "a registered name beside Keras's module": (
        foreign(1, registered_name="mine>Dense"), "3.15.1", "registered as 'mine>Dense'",
    ),
    "a module that is a trick": (
        foreign(1, module="\x1b]0;gone\n"), "3.15.1",
        r"its Dense 'layer1' is of '\x1b]0;gone\n', and not",
    ),
    "a LeakyReLU": (foreign(2, module="own"), "3.15.1", "its LeakyReLU 'layer2' is of own"),
    "an InputLayer": (foreign(0, module="own"), "2.15.0", "its InputLayer 'layer0' is of own"),
    "a Dropout": (
        lambda c: c["config"]["layers"].insert(
            1, {**layer("Dropout", rate=0.5), "module": None, "registered_name": "m>Dropout"}
        ), "3.15.1", "its Dropout 'dropout' is of no module, registered as 'm>Dropout'",
    ),
    "a Sequential": (
        lambda c: c.update(module="own", registered_name="own>Sequential"), "3.15.1",
        "its Sequential 'net' is of own, registered as 'own>Sequential'",
    ),
    "a dtype policy": (
        first_dense(dtype={"module": None, "class_name": "DTypePolicy", "registered_name": "a>b",
                           "config": {"name": "float32"}}), "3.15.1", "its DTypePolicy is of no ",
    ),
    "a quantised one": (
        first_dense(dtype={"module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy",
                           "registered_name": None,
                           "config": {"mode": "int8", "source_name": "float32"}}), "3.15.1",
        "'layer1' is quantised (int8); the model as it was saved before model.quantize() would do",
    ),
    "integers go in": (
        lambda c: layers_of(c)[0]["config"].update(dtype="int32"), "3.15.1", "computes in int32",
    ),
    "sparse rows go in": (
        lambda c: layers_of(c)[0]["config"].update(sparse=True), "2.15.0", "takes sparse or ragged",
    ),
    "images go in": (
        lambda c: (older(alpha=0.2)(c),
                   layers_of(c)[0]["config"].update(batch_input_shape=[None, 2, 2])), "2.15.0",
        "layer 'layer1' takes 2 dimensions per row",
    ),
    "other inputs": (
        lambda c: (older(alpha=0.2)(c),
                   layers_of(c)[0]["config"].update(batch_input_shape=[None, 5])), "2.15.0",
        "layer 'layer1' takes 2 inputs, and 5 arrive",
    ),
    "a bias that is not used": (
        first_dense(use_bias=False), "3.15.1", "use_bias False, and a bias in the file",
    ),
    "a scaling with a mean alone": (
        lambda c: c["config"]["layers"].insert(1, layer("Normalization", mean=[1.0, 2.0])),
        "3.15.1", "has a mean or a variance of its own, and not both",
    ),
    "a scaling, no version": (
        lambda c: c["config"]["layers"].insert(1, layer("Normalization", mean=1.0, variance=2.0)),
        "", "is a Normalization without axis",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "version", "said"), REFUSED.values(), ids=REFUSED)
def test_refused_by_every_door_alike(
    folder: Path, typed: Any, edit: Callable[[Config], object], version: str, said: str
) -> None:
    path = written(folder / "m.keras", edit, version)
    with pytest.raises(ModelError) as caught:
        read_mlp(path)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    with pytest.raises(ModelError) as caught:
        mlp_edge.load(path)
    assert str(caught.value) == message
    for command in (("inspect", path), ("export", "--model", path, "--format", "c")):
        answer = typed(*command)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err == f"error: {message}\n"
    assert not (folder / "exports").exists()


@pytest.mark.parametrize("name", NOT_KERAS_3)
def test_what_keras_3_cannot_be_asked_about(folder: Path, typed: Any, name: str) -> None:
    edit, version, _, reason = NOT_KERAS_3[name]
    path = written(folder / "m.keras", edit, version)
    said = f"it has {reason}, which Keras 3 does not run as Keras {version} did; exports do"
    with pytest.raises(OpeningError) as caught:
        mlp_edge.load(path)
    assert str(caught.value) == f"{path}: {said}"
    answer = typed("export", "--model", path, "--format", "tflite")
    assert answer.code == 0
    assert f"not compared with Keras itself: {path}: {said}" in " ".join(answer.err.split())


def test_an_older_file_that_keras_3_does_not_open(folder: Path, typed: Any) -> None:
    path = written(folder / "m.keras", older(alpha=0.2, batch_input_shape=[None, 2]), "2.15.0")
    answer = typed("export", "--model", path, "--format", "tflite")
    assert answer.code == 0
    assert f"not compared with Keras itself: {path}: Keras cannot" in " ".join(answer.err.split())


def test_generations() -> None:
    known = {"2.12.0": 2, "2.15.0": 2, "2.21.0": 2, "3.0.0": 3, "3.15.1": 3, "3.16.0.dev2027": 3}
    assert {version: generation(version) for version in known} == known
    assert {generation(version) for version in ("", "4.0.0", "30.1", "x", "1.2.2")} == {None}


# With Keras itself


@pytest.mark.parametrize("name", [name for name in READ if name not in NOT_KERAS])
def test_keras_reads_it_the_same(keras: Any, folder: Path, name: str) -> None:
    edit, version, formula = READ[name]
    with mlp_edge.load(written(folder / "m.keras", edit, version)) as model:
        assert_within_bound(read_mlp(folder / "m.keras"), ROWS, model.predict(ROWS))
        np.testing.assert_allclose(model.predict(ROWS), answers(formula), rtol=1e-5, atol=1e-5)


@contextmanager
def own(keras: Any, kind: str) -> Iterator[Any]:
    """A registered class that is called as one of Keras's, and doubles what that answers."""
    stock = getattr(keras.layers, kind)

    def call(self: Any, inputs: Any) -> Any:
        return 2 * stock.call(self, inputs)

    doubled = type(kind, (stock,), {"call": call, "__module__": "mine"})
    yield keras.saving.register_keras_serializable(package="mine")(doubled)
    del keras.saving.get_custom_objects()[f"mine>{kind}"]


@pytest.mark.parametrize("kind", ["Dense", "ReLU", "Dropout"])
def test_a_class_that_is_called_as_keras_calls_one(
    keras: Any, folder: Path, typed: Any, kind: str
) -> None:
    arguments = {"Dense": (2,), "ReLU": (), "Dropout": (0.5,)}[kind]
    with own(keras, kind) as doubled:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), doubled(*arguments)])
        model.save(folder / "m.keras")
    with pytest.raises(ModelError, match=f"its {kind} .* is of .*registered as 'mine>{kind}'"):
        read_mlp(folder / "m.keras")
    assert typed("export", "--model", "m.keras").code == 2


def test_a_function_that_is_called_as_keras_calls_one(keras: Any, folder: Path) -> None:
    def relu(x: Any) -> Any:
        return 2 * keras.ops.relu(x)

    layers = [keras.Input((2,)), keras.layers.Dense(2, activation=relu)]
    keras.Sequential(layers).save(folder / "m.keras")
    # Keras itself keeps no more than the name, and answers by its own function.
    with mlp_edge.load(folder / "m.keras") as model:
        assert_within_bound(read_mlp(folder / "m.keras"), ROWS, model.predict(ROWS))
    registered = keras.saving.register_keras_serializable(package="mine", name="relu")(relu)
    layers = [keras.Input((2,)), keras.layers.Dense(2, activation=registered)]
    keras.Sequential(layers).save(folder / "m.keras")
    try:
        mlp = read_mlp(folder / "m.keras")
    except ModelError as error:
        assert "has " in str(error)  # noqa: PT017
    else:
        del keras.saving.get_custom_objects()["mine>relu"]
        with mlp_edge.load(folder / "m.keras") as model:
            assert_within_bound(mlp, ROWS, model.predict(ROWS))


def test_export_asks_keras_itself(keras: Any, folder: Path, typed: Any) -> None:
    scaling = keras.layers.Normalization(mean=[0.0, 0.0], variance=[1e-4, 1e-4])
    keras.Sequential([keras.Input((2,)), scaling, keras.layers.Dense(1)]).save(folder / "m.keras")
    assert typed("export", "--model", "m.keras", "--format", "tflite").code == 0
    (folder / "exports" / "m.tflite").unlink()
    usual = keras.config.epsilon()
    keras.config.set_epsilon(0.5)  # what Normalization divides by at least: the file has it not
    try:
        answer = typed("export", "--model", "m.keras", "--format", "tflite")
    finally:
        keras.config.set_epsilon(usual)
    assert (answer.code, answer.out) == (2, "")
    assert "error: m.keras: Keras itself predicts " in answer.err
    assert "it is not exported" in " ".join(answer.err.split())
    assert list((folder / "exports").iterdir()) == []
