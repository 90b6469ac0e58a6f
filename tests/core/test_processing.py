"""The operations around the dense layers: carried out by NumPy, and by Keras and back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.feature_strategies import features_and_rows, stress_values
from support.networks import assert_within_bound

from mlp_edge.encoding import Encoding
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.mlp import Rows
from mlp_edge.processing import MLP, Operation, carry_out, operations, same
from mlp_edge.readers.keras_file import read_mlp, read_network

Array = NDArray[Any]
CLIPS = st.sampled_from([None, (-1.0, 1.0), (0.0, 5.0)])

NUMPY: dict[str, Callable[..., Array]] = {
    "Isnan": np.isnan,
    "Equal": np.equal,
    "Where": lambda condition, yes, no: np.where(condition, np.asarray(yes, no.dtype), no),
    "Take": lambda x, indices: np.take(x, indices, axis=1),
    "Cast": lambda x: x.astype(np.float32),
    "Concatenate": lambda *parts: np.concatenate(parts, axis=1),
    "Any": lambda x: np.any(x, axis=1, keepdims=True),
    "Clip": np.clip,
}


@given(features_and_rows(), CLIPS)
def test_the_operations_encode_and_guard(
    drawn: tuple[tuple[Feature, ...], Rows], clip: tuple[float, float] | None
) -> None:
    features, rows = drawn
    encoding = Encoding.of(features)
    preprocessed = []

    def do(step: Operation, inputs: list[Array]) -> Array:
        if step.name == MLP:
            preprocessed.extend(inputs)
            return np.arange(-2, len(rows) - 2, dtype=np.float32)[:, None]
        return NUMPY[step.kind](inputs[0], *step.constants, *inputs[1:])

    answer = carry_out(operations(encoding, clip), rows, do)
    [inputs] = preprocessed
    assert np.array_equal(inputs, encoding.encode(rows), equal_nan=True)
    expected = np.arange(-2, len(rows) - 2, dtype=np.float32)[:, None]
    if clip is not None:
        expected = np.clip(expected, *clip)
    expected[encoding.rejected(rows)] = np.nan
    assert np.array_equal(answer, expected, equal_nan=True)


@given(features_and_rows(), CLIPS)
def test_every_operation_has_a_name_of_its_own_and_is_used(
    drawn: tuple[tuple[Feature, ...], Rows], clip: tuple[float, float] | None
) -> None:
    steps = operations(Encoding.of(drawn[0]), clip)
    names = [step.name for step in steps]
    assert len(set(names)) == len(names)
    used = {name for step in steps for name in step.inputs}
    assert set(names[:-1]) <= used
    assert same(steps, steps[::-1])


def test_a_plain_model_has_a_guard_and_nothing_else() -> None:
    steps = operations(Encoding.of((Feature("a"), Feature("b"))), None)
    assert [step.name for step in steps] == [MLP, "unknown", "rejected", "answer"]
    filled = Encoding.of((Feature("a", fill=1.0),))
    assert [step.name for step in operations(filled, None)] == ["missing", "filled", MLP]


def test_what_is_not_the_same() -> None:
    features = (Feature("a", fill=1.0), Feature("b", sentinel=2.0), Feature("c", indicator=True))
    steps = operations(Encoding.of(features), (0.0, 1.0))
    for place, step in enumerate(steps):
        others = [step._replace(kind="Other"), step._replace(inputs=(*step.inputs, "x"))]
        if step.constants:
            changed = tuple(np.nan_to_num(np.asarray(value)) + 1 for value in step.constants)
            others.append(step._replace(constants=changed))
        for other in others:
            assert not same(steps, (*steps[:place], other, *steps[place + 1 :]))
        assert not same(steps, (*steps[:place], *steps[place + 1 :]))


# Through Keras and back

NUMBER, MASS = Feature("age"), Feature("mass", sentinel=0.0, fill=70.5, indicator=True)
COLOUR = Feature("colour", categories=("r", "g", "b"), codes=(3, 0, -7), fill=0.0)
SEX = Feature("sex", categories=("f", "m"), codes=(1, 2), sentinel=-999.0, indicator=True)
WIRED: dict[str, tuple[tuple[Feature, ...], tuple[float, float] | None]] = {
    "plain": ((NUMBER, NUMBER), None),
    "clipped": ((NUMBER,), (-1.0, 0.25)),
    "filled": ((Feature("a", fill=1.5), Feature("b", fill=-2.0)), None),
    "sentinels": ((Feature("a", sentinel=-1.0), NUMBER), (0.0, 6.0)),
    "indicators": ((Feature("a", indicator=True), NUMBER), None),
    "one category": ((SEX,), None),
    "categories": ((COLOUR, SEX), None),
    "all": ((SEX, NUMBER, COLOUR, MASS), (-2.0, 2.0)),
}


def wired(
    folder: Path,
    features: tuple[Feature, ...],
    clip: tuple[float, float] | None = None,
    activation: str = "tanh",
) -> tuple[Any, Path]:
    """A Keras model around random weights, saved: the model and its file."""
    from mlp_edge.training.network import build, with_processing
    from mlp_edge.training.recipe import Recipe

    encoding = Encoding.of(features)
    random = np.random.default_rng(5)
    rows = random.normal(1, 2, (30, encoding.width)).astype(np.float32)
    recipe = Recipe(hidden=(5,), activation=activation, output_activation="linear")
    inner = build(recipe, rows, 1, len(encoding.numbers))
    for layer in inner.layers:
        if hasattr(layer, "kernel"):
            layer.set_weights([random.normal(0, 1, array.shape) for array in layer.get_weights()])
    inner.compile("sgd", "mse")
    model = with_processing(inner, encoding, clip)
    model.save(folder / "wired.keras")
    return model, folder / "wired.keras"


def stress_rows(features: tuple[Feature, ...]) -> Rows:
    """Each reading that may be odd, one at a time, among ordinary ones."""
    ordinary = [float(one.codes[-1]) if one.codes else 1.25 for one in features]
    rows = [ordinary]
    for place, one in enumerate(features):
        rows += [[*ordinary[:place], value, *ordinary[place + 1 :]] for value in stress_values(one)]
    return np.array(rows, np.float32)


@pytest.mark.parametrize(("features", "clip"), WIRED.values(), ids=WIRED)
def test_a_wired_file_reads_back(
    keras: Any,
    folder: Path,
    features: tuple[Feature, ...],
    clip: tuple[float, float] | None,
) -> None:
    model, path = wired(folder, features, clip)
    network = read_network(path)
    encoding = Encoding.of(features)
    assert network.clip == clip
    assert same(operations(network.encoding, network.clip), operations(encoding, clip))
    assert network.scaling is not None
    assert network.scaling.mean.shape == (encoding.width,)
    kernels = [np.asarray(layer.kernel) for layer in model.get_layer(MLP).layers[1:]]
    for dense, kernel in zip(network.layers, kernels, strict=True):
        assert np.array_equal(dense.weights, kernel.T)
    rows = stress_rows(features)
    expected = model.predict(rows, verbose=0)
    assert np.isnan(expected).any() == encoding.rejects
    assert np.isfinite(expected).any()
    assert_within_bound(read_mlp(path), rows, expected)


def test_a_loaded_file_answers_as_the_saved_one(keras: Any, folder: Path) -> None:
    features, clip = WIRED["all"]
    model, path = wired(folder, features, clip, "relu")
    rows = stress_rows(features)
    again = keras.models.load_model(path).predict(rows, verbose=0)
    assert np.array_equal(again, model.predict(rows, verbose=0), equal_nan=True)


# What somebody has changed in the file

Change = Callable[[dict[str, Any]], None]
"""What is done to the layers' entries by name, ``None`` being the model's own."""


def swap(entry: dict[str, Any], one: int, other: int) -> None:
    arguments = entry["inbound_nodes"][0]["args"]
    arguments[one], arguments[other] = arguments[other], arguments[one]


def history(entry: dict[str, Any], argument: int, name: str) -> None:
    entry["inbound_nodes"][0]["args"][argument]["config"]["keras_history"][0] = name


def values(entry: dict[str, Any], new: list[Any]) -> None:
    entry["inbound_nodes"][0]["args"][1]["config"]["value"] = new


CHANGES: dict[str, Change] = {
    "another axis of a choice": lambda k: k["numbers"]["config"].update(axis=0),
    "another axis of any": lambda k: k["rejected"]["config"].update(axis=0),
    "any without its dimension": lambda k: k["rejected"]["config"].update(keepdims=False),
    "another axis of the concatenation": lambda k: k["prepared"]["config"].update(axis=0),
    "another type": lambda k: k["indicators"]["config"].update(dtype="float16"),
    "a concatenation in halves": lambda k: k["prepared"]["config"].update(dtype="float16"),
    "exchanged inputs of the guard": lambda k: swap(k["answer"], 1, 2),
    "exchanged inputs of the fill": lambda k: swap(k["filled"], 1, 2),
    "exchanged parts": lambda k: k["prepared"]["inbound_nodes"][0]["args"][0].reverse(),
    "another operation": lambda k: k["missing"].update(
        class_name="LogicalAnd", registered_name="LogicalAnd"
    ),
    "a code of Lambda": lambda k: k["missing"].update(
        class_name="Lambda", registered_name="Lambda"
    ),
    "an operation of somebody's own": lambda k: k["missing"].update(module="mine"),
    "a registered operation": lambda k: k["missing"].update(registered_name="mine>Where"),
    "a registered concatenation": lambda k: k["prepared"].update(registered_name="a>Concatenate"),
    "a model of somebody's own": lambda k: k["mlp"].update(module=None, registered_name="a>b"),
    "a guard beside the answer": lambda k: k[""].update(output_layers=["clipped", 0, 0]),
    "an answer of another place": lambda k: k[""].update(output_layers=["answer", 0, 1]),
    "two answers": lambda k: k[""].update(output_layers=[["answer", 0, 0], ["mlp", 0, 0]]),
    "a guard of the raw readings": lambda k: history(k["unknown"], 0, "features"),
    "the clip left out": lambda k: history(k["answer"], 2, "mlp"),
    "an answer that is no NaN": lambda k: k["answer"]["inbound_nodes"][0]["args"].__setitem__(
        1, 0.0
    ),
    "a layer that is used twice": lambda k: k["unknown"]["inbound_nodes"].append(
        k["unknown"]["inbound_nodes"][0]
    ),
    "numbers in another order": lambda k: values(k["numbers"], [3, 1]),
    "a number twice": lambda k: values(k["numbers"], [1, 1]),
    "indicators in another order": lambda k: values(k["indicated"], [3, 0]),
    "an index out of range": lambda k: values(k["numbers"], [1, 9]),
    "a fraction of a code": lambda k: values(k["is_code"], [1.5, 2.0, 3.0, 0.0, -7.0]),
    "one code twice": lambda k: values(k["is_code"], [1.0, 1.0, 3.0, 0.0, -7.0]),
    "a code too many": lambda k: values(k["is_code"], [1.0, 2.0, 3.0, 0.0, -7.0, 8.0]),
    "indices of another shape": lambda k: values(k["numbers"], [[1, 3]]),
    "a fill that is no code": lambda k: values(k["filled"], [np.nan, np.nan, 5.0, 70.5]),
    "fewer fills": lambda k: values(k["filled"], [np.nan, np.nan]),
    "no constant": lambda k: k["numbers"]["inbound_nodes"][0]["args"].pop(),
    "another width": lambda k: k["features"]["config"].update(batch_shape=[None, 5]),
    "readings of more dimensions": lambda k: k["features"]["config"].update(
        batch_shape=[None, 2, 4]
    ),
    "readings of another type": lambda k: k["features"]["config"].update(dtype="int32"),
    "a clip the wrong way round": lambda k: k["clipped"]["config"].update(x_min=9.0),
    "a clip of nothing": lambda k: k["clipped"]["config"].update(x_min=None),
}


@pytest.fixture(scope="module")
def tampered(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Change], Path]:
    """The file of "all", with its configuration changed."""
    path = wired(tmp_path_factory.mktemp("wired"), *WIRED["all"])[1]

    def change(function: Change) -> Path:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        entries = {entry["name"]: entry for entry in config["config"]["layers"]}
        function({**entries, "": config["config"]})
        members["config.json"] = json.dumps(config).encode()
        other = path.with_name("changed.keras")
        with zipfile.ZipFile(other, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return other

    return change


def refused(path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_mlp(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_packed_again_is_read(tampered: Callable[[Change], Path]) -> None:
    assert read_mlp(tampered(lambda _: None)).clip == (-2.0, 2.0)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_operation_is_refused(tampered: Callable[[Change], Path], change: Change) -> None:
    refused(tampered(change))


def test_a_missing_operation_is_refused(tampered: Callable[[Change], Path]) -> None:
    names = [step.name for step in operations(Encoding.of(WIRED["all"][0]), WIRED["all"][1])]
    for name in names:

        def without(entries: dict[str, Any], name: str = name) -> None:
            layers = entries[""]["layers"]
            layers[:] = [entry for entry in layers if entry["name"] != name]

        refused(tampered(without))
