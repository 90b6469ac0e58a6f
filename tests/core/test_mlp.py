"""The value Mlp: what it refuses, what its hash covers, what a name may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.networks import encoded, network

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.mlp import MAX_NAME, Dense, Mlp, Scaling, check_name, identifier

COLOUR = Feature("colour", categories=("red", "blue"), codes=(0, 1))


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def refused(build: object, *arguments: object, **fields: object) -> str:
    with pytest.raises(ModelError) as caught:
        build(*arguments, **fields)  # type: ignore[operator]
    message = str(caught.value)
    assert "\n" not in message
    return message


# Layers and scaling


@pytest.mark.parametrize(
    ("weights", "bias", "activation", "said"),
    [
        (floats(3), floats(3), "relu", "shape (outputs, inputs), got float32 (3,)"),
        (floats(3, 2, 1), floats(3), "relu", "got float32 (3, 2, 1)"),
        (floats(3, 2).astype(np.float64), floats(3), "relu", "got float64 (3, 2)"),
        (floats(3, 2).astype(np.float16), floats(3), "relu", "got float16"),
        (floats(0, 2), floats(0), "relu", "got float32 (0, 2)"),
        (floats(3, 0), floats(3), "relu", "got float32 (3, 0)"),
        (floats(3, 2), floats(2), "relu", "a layer of 3 neurons has 2 biases"),
        (floats(3, 2), floats(3, 1), "relu", "bias: expected float32 of shape (n,)"),
        (floats(3, 2), floats(3).astype(np.float64), "relu", "bias: expected float32"),
        (floats(3, 2), floats(3), "swish", "activation 'swish' is not one of linear, relu"),
        (floats(3, 2), floats(3), "RELU", "activation 'RELU'"),
        (floats(3, 2), floats(3), None, "activation None"),
    ],
)
def test_a_layer_that_makes_no_sense(
    weights: np.ndarray, bias: np.ndarray, activation: str, said: str
) -> None:
    assert said in refused(Dense, weights, bias, activation)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["weights", "bias", "means", "standard deviations"])
def test_numbers_that_are_none_tell_of_a_diverged_training(where: str, bad: float) -> None:
    arrays = {
        "weights": floats(3, 2),
        "bias": floats(3),
        "means": floats(2),
        "standard deviations": floats(2),
    }
    arrays[where].flat[-1] = bad
    if where in ("weights", "bias"):
        message = refused(Dense, arrays["weights"], arrays["bias"], "relu")
    else:
        message = refused(Scaling, arrays["means"], arrays["standard deviations"])
    assert f"{where} hold NaN or infinity" in message
    assert "`learning_rate`" in message


def test_a_scaling_that_makes_no_sense() -> None:
    assert "2 means for 3 standard deviations" in refused(Scaling, floats(2), floats(3))
    for zero in (0.0, -1.0):
        deviation = np.array([1, zero], np.float32)
        assert "not above zero" in refused(Scaling, floats(2), deviation)
    assert "float64" in refused(Scaling, floats(2).astype(np.float64), floats(2))


def test_the_reciprocal_is_rounded_once() -> None:
    deviation = np.array([3, 0.1, 1e-7, 7e30], np.float32)
    exact = [np.float32(1 / float(value)) for value in deviation]
    assert Scaling(floats(4), deviation).reciprocal.tolist() == exact


# The network


def test_shapes_and_counts() -> None:
    mlp = network((8, 12, 8, 1))
    assert (mlp.inputs, mlp.outputs, mlp.topology) == (8, 1, "8-12-8-1")
    assert mlp.parameters == 221
    assert mlp.output_name == "probability"
    assert network((4, 3), task="multiclass").output_name == "probabilities"
    assert network((4, 3), task="regression").output_name == "value"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": ()}, "at least one dense layer"),
        ({"features": ()}, "layer 1 takes 8 inputs but is given 0"),
        ({"features": tuple(Feature(f"x{i}") for i in range(9))}, "takes 8 inputs but is given 9"),
        ({"layers": network((8, 5, 1)).layers[:1] + network((4, 1)).layers}, "layer 2 takes 4"),
        ({"scaling": Scaling(floats(7), floats(7))}, "covers 7 inputs of 8"),
        ({"labels": ("0",)}, "takes 2 labels, got 1"),
        ({"labels": ("a", "b", "c")}, "takes 2 labels, got 3"),
        ({"labels": ("a", "a")}, "the same label"),
        ({"task": "regression"}, "takes 0 labels, got 2"),
        ({"task": "poetry"}, "task 'poetry' is not one of regression, binary, multiclass"),
        ({"name": "Pima"}, "'Pima' cannot name a model"),
        ({"threshold": np.float32("nan")}, "a threshold of nan"),
        ({"threshold": np.float32("inf")}, "a threshold of inf"),
        ({"targets": ()}, "has 0 targets"),
        ({"targets": ("a\ud800",)}, r"target 'a\ud800' is text with half a character"),
        ({"labels": ("a", "\udc9b")}, r"label or target '\udc9b' is text with half a character"),
        ({"targets": ("a", "b")}, "with 1 outputs has 2 targets"),
        ({"clip": (0.0, 1.0)}, "a binary model has nothing to clip"),
        ({"features": (*network((7, 1)).features, COLOUR)}, "takes 8 inputs but is given 9"),
    ],
)  # fmt: skip
def test_a_network_that_makes_no_sense(changes: dict[str, object], said: str) -> None:
    assert said in refused(replace, network(), **changes)


def test_labels_follow_the_task() -> None:
    three = network((4, 3), task="multiclass")
    assert "takes 3 labels, got 2" in refused(replace, three, labels=("a", "b"))
    assert "binary model has one output" in refused(
        replace, three, task="binary", labels=("a", "b")
    )
    assert "at least two outputs" in refused(network, (4, 1), task="multiclass")


@pytest.mark.parametrize("clip", [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0), (0.0, 0.1)])
def test_a_clip_that_makes_no_sense(clip: tuple[float, float]) -> None:
    assert "a clip from" in refused(network, (4, 1), task="regression", clip=clip)


@pytest.mark.parametrize("clip", [(float("-inf"), 1.0), (0.0, float("inf"))])
def test_a_clip_has_two_ends(clip: tuple[float, float]) -> None:
    refused(network, (4, 1), task="regression", clip=clip)


def test_a_regression_has_a_target_for_each_output() -> None:
    assert "2 outputs has 1 targets" in refused(network, (4, 2), task="regression", targets=("y",))
    assert network((4, 2), task="regression").targets == ("y0", "y1")


MIXED = (
    Feature("a", sentinel=0.0, fill=1.0),
    Feature("b", categories=("x", "y"), codes=(0, 1), fill=1.0, indicator=True),
)


def test_the_first_layer_takes_encoded_readings() -> None:
    mlp = encoded(MIXED)
    assert (mlp.inputs, mlp.encoding.width, mlp.topology) == (2, 4, "4-6-1")


# The hash of the numbers


def numbers(mlp: Mlp) -> list[np.ndarray]:
    """Every array that makes a prediction."""
    assert mlp.scaling is not None
    arrays = [mlp.scaling.mean, mlp.scaling.std]
    return arrays + [array for layer in mlp.layers for array in (layer.weights, layer.bias)]


def test_the_hash_covers_every_number() -> None:
    mlp = network((3, 4, 1))
    seen = {mlp.weights_sha256}
    for array in numbers(mlp):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = np.nextafter(kept, np.float32(np.inf))
            seen.add(mlp.weights_sha256)
            array[index] = kept
    assert len(seen) == 1 + sum(array.size for array in numbers(mlp))
    assert mlp.weights_sha256 == network((3, 4, 1)).weights_sha256


def test_the_hash_covers_activations_scaling_and_shape() -> None:
    mlp = network((4, 4, 4), task="regression")
    first, last = mlp.layers
    others = [
        replace(mlp, layers=(replace(first, activation="elu"), last)),
        replace(mlp, layers=(first, replace(last, activation="tanh"))),
        replace(mlp, layers=(replace(first, weights=np.ascontiguousarray(first.weights.T)), last)),
        replace(mlp, layers=(last, first)),
        replace(mlp, layers=(first,)),
        replace(mlp, scaling=None),
    ]
    assert len({mlp.weights_sha256, *(other.weights_sha256 for other in others)}) == 7


def test_the_hash_covers_the_encoding_and_the_clip() -> None:
    mlp = encoded(MIXED)
    number, category = MIXED
    others = [
        replace(mlp, features=(replace(number, fill=2.0), category)),
        replace(mlp, features=(replace(number, fill=None), category)),
        replace(mlp, features=(replace(number, sentinel=-1.0), category)),
        replace(mlp, features=(replace(number, sentinel=None), category)),
        replace(
            mlp, features=(replace(number, indicator=True), replace(category, indicator=False))
        ),
        replace(mlp, features=(number, replace(category, codes=(1, 0)))),
        replace(mlp, features=(number, replace(category, codes=(1, 2)))),
        replace(mlp, features=(number, replace(category, fill=0.0))),
        replace(mlp, features=(category, number)),
        replace(mlp, clip=(0.0, 1.0)),
        replace(mlp, clip=(0.0, 2.0)),
    ]
    assert len({mlp.weights_sha256, *(other.weights_sha256 for other in others)}) == 12


def test_the_hash_leaves_ranges_and_levels_alone() -> None:
    mlp = encoded(MIXED)
    number, category = MIXED
    named = replace(mlp, features=(
        replace(number, low=0.0, high=9.0, unit="mm"), replace(category, categories=("p", "q")),
    ))  # fmt: skip
    assert named.weights_sha256 == mlp.weights_sha256


def test_the_hash_leaves_names_alone() -> None:
    mlp = network((2, 2), task="multiclass")
    renamed = replace(
        mlp, name="other", features=(Feature("a"), Feature("b")), targets=("z",), labels=("p", "q"),
        threshold=np.float32(0.3),
    )  # fmt: skip
    assert renamed.weights_sha256 == mlp.weights_sha256


def test_the_hash_does_not_depend_on_the_layout_in_memory() -> None:
    mlp = network((3, 4, 1))
    first = mlp.layers[0]
    turned = replace(first, weights=np.asfortranarray(first.weights))
    assert replace(mlp, layers=(turned, mlp.layers[1])).weights_sha256 == mlp.weights_sha256


# Names


@given(st.text())
@example("")
@example("_")
@example("1st")
@example("for")
@example("İstanbul")
@example("ſ")
@example("a" * 47 + "_" * 5 + "b")
@example("9" * 60)
@example("model_" * 20)
def test_any_text_has_an_identifier(text: str) -> None:
    name = identifier(text)
    check_name(name)
    assert identifier(name) == name


def test_identifiers_stay_readable() -> None:
    assert identifier("My data (1)") == "my_data_1"
    assert identifier("2024") == "model_2024"
    assert identifier("Größe") == "gr_e"
    assert identifier("数据") == "model"


@pytest.mark.parametrize(
    "name",
    ["", "_x", "9x", "X", "a-b", "a b", "a.b", "../x", "é", "x\n", "a" * (MAX_NAME + 1), "a;b"],
)
def test_a_name_that_is_no_identifier(name: str) -> None:
    message = refused(check_name, name)
    assert message.startswith(repr(name))
    assert message.endswith("would do")
    check_name(message.split("; ")[-1].removesuffix(" would do").strip("'"))


@pytest.mark.parametrize("name", ["a", "a1_b__c", "x" * MAX_NAME])
def test_a_good_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["string", "stddef", "math", "mlp_edge_kernels"])
def test_a_header_stands_in_the_way_of_no_other(name: str) -> None:
    assert identifier(f"{name}.csv".removesuffix(".csv")) == f"{name}_model"
    with pytest.raises(ModelError, match=f"another {name}.h; '{name}_model' would do"):
        check_name(name)
