"""Keras models in memory are read as their files would be, and predict by themselves."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.keras_files import assert_answers, shaken

from mlp_edge.errors import InputError, ModelError
from mlp_edge.readers.objects.opening import read_object

RANDOM = np.random.default_rng(6)
ROWS = RANDOM.normal(0.5, 1.5, (30, 4)).astype(np.float32)
K1, B1 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((4, 6), (6,)))
K2, B2 = (RANDOM.normal(0, 0.6, shape).astype(np.float32) for shape in ((6, 3), (3,)))


def refused(model: Any) -> str:
    with pytest.raises(ModelError) as caught:
        read_object(model)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("form", ["sequential", "functional", "nested", "built by a call"])
def test_a_model_of_keras_3(keras: Any, form: str) -> None:
    k = keras.layers
    layers = [k.Dense(6, "relu"), k.BatchNormalization(), k.Dropout(0.5), k.Dense(5), k.PReLU(),
              k.Dense(3, "softmax")]  # fmt: skip
    if form == "nested":
        layers = [keras.Sequential(layers[:3]), keras.Sequential(layers[3:])]
    start = result = keras.Input((4,))
    if form == "functional":
        for layer in layers:
            result = layer(result)
        model = keras.Model(start, result)
    else:
        model = keras.Sequential(layers if form == "built by a call" else [start, *layers])
    model(ROWS)
    found = read_object(shaken(model))
    predictions = model.predict(ROWS, verbose=0)
    assert_answers(found.mlp, ROWS, predictions, times=2)
    assert found.original is not None
    np.testing.assert_array_equal(found.original.predict(ROWS), predictions)
    assert found.mlp.task == "multiclass"
    assert found.written_by == f"Keras {keras.__version__}"


def test_what_lora_added_is_merged(keras: Any) -> None:
    layer = keras.layers.Dense(6, "relu")
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(3)])
    layer.enable_lora(2)
    found = read_object(shaken(model))
    assert_answers(found.mlp, ROWS, model.predict(ROWS, verbose=0), times=4)


def test_a_model_is_read_as_it_is_now(keras: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    before = read_object(model)
    model.set_weights([K1[:, :3], B2])
    assert read_object(model).mlp.layers[0].bias.tobytes() == B2.tobytes()
    assert before.mlp.layers[0].bias.tobytes() != B2.tobytes()
    assert before.original is not None
    with pytest.raises(InputError, match="its weights changed since it was opened"):
        before.original.predict(ROWS)


def test_what_is_refused(keras: Any) -> None:
    k = keras.layers

    class Doubled(k.Dense):  # type: ignore[misc, name-defined]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    class Net(keras.Model):  # type: ignore[misc, name-defined]
        pass

    Doubled.__name__ = "Dense"
    start = keras.Input((4,))
    assert f"'twice' is a Dense of {__name__}, and not of Keras's own class" in refused(
        keras.Sequential([start, keras.Sequential([Doubled(3, name="twice")])])
    )
    assert f"is a Net of {__name__}" in refused(Net(start, k.Dense(3)(start)))
    assert "nobody knows what rows it takes" in refused(keras.Sequential([k.Dense(3)]))
    with_code = k.Lambda(lambda x: x * 2, name="code")
    assert "layer 'code' is a Lambda" in refused(keras.Sequential([start, with_code, k.Dense(3)]))
    quantised = keras.Sequential([start, k.Dense(3, name="small")])
    quantised.quantize("int8")
    assert "layer 'small' is quantised (int8)" in refused(quantised)


# Keras 2 as tf_keras has it, laid out by hand


def of_tf_keras(kind: str, module: str, **contents: Any) -> Any:
    own = type(kind, (SimpleNamespace,), {"__module__": f"tf_keras.src.{module}"})
    return own(**contents)


@pytest.fixture
def tf_keras(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("tf_keras")
    vars(module)["__version__"] = "2.21.0"
    monkeypatch.setitem(sys.modules, "tf_keras", module)
    return module


def test_a_model_of_tf_keras(tf_keras: ModuleType) -> None:
    def dense(name: str, kernel: Any, bias: Any, activation: str) -> tuple[Any, Any]:
        def save_own_variables(kept: dict[str, Any]) -> None:
            kept.update({"0": kernel, "1": bias})

        config = {"name": name, "units": len(bias), "activation": activation, "use_bias": True,
                  "dtype": "float32"}  # fmt: skip
        entry = {"module": "keras.layers", "class_name": "Dense", "config": config,
                 "registered_name": None}  # fmt: skip
        return entry, of_tf_keras("Dense", "layers.core.dense", name=name,
                                  save_own_variables=save_own_variables)  # fmt: skip

    entries, layers = zip(
        dense("dense", K1, B1, "hard_sigmoid"), dense("dense_1", K2, B2, "linear"), strict=True
    )
    config = {"class_name": "Sequential", "keras_version": "2.21.0", "backend": "tensorflow",
              "config": {"name": "net", "layers": list(entries)}}  # fmt: skip
    expected = np.clip(0.2 * (ROWS @ K1 + B1) + 0.5, 0, 1) @ K2 + B2

    def predict(rows: Any, **_: Any) -> Any:
        return np.clip(0.2 * (rows @ K1 + B1) + 0.5, 0, 1) @ K2 + B2

    model = of_tf_keras(
        "Sequential", "engine.sequential", name="net", built=True, layers=list(layers),
        to_json=lambda: json.dumps(config), predict=predict,
        inputs=[SimpleNamespace(shape=(None, 4))],
    )  # fmt: skip
    found = read_object(model)
    assert_answers(found.mlp, ROWS, expected.astype(np.float32), times=2)
    assert found.original is not None
    np.testing.assert_array_equal(found.original.predict(ROWS), expected)
    assert (found.written_by, found.mlp.name) == ("Keras 2.21.0", "net")
