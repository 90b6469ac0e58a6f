"""A recipe as a Keras model, built of stock layers and operations only.

What learns is the ``mlp``, a Sequential of dense layers that takes encoded readings. The model
that is saved has it inside, between the encoding of raw readings and the guard against missing
ones, which nobody can learn from and which training therefore does not see.

Batch normalisation is there while a network learns. What is kept is the ``folded`` network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.row_weights import Weights
from mlp_edge.encoding import Encoding
from mlp_edge.lazy import keras
from mlp_edge.mlp import Floats, Rows
from mlp_edge.processing import FEATURES, MLP, Operation, carry_out, operations
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.weighting import mean_and_variance

HISTORY_METRIC = {"regression": "mae", "binary": "accuracy", "multiclass": "accuracy"}
"""What history.csv shows beside the loss; ``compile`` gives it to Keras."""
LAST_RATE = 0.01
"""What is left of the learning rate at the end of an exponential schedule, as a share."""


def build(
    recipe: Recipe,
    rows: Rows,
    outputs: int,
    numbers: int | None = None,
    weights: Weights | None = None,
) -> Any:
    """An uncompiled ``keras.Sequential``: encoded readings in, prediction out.

    Args:
        recipe: resolved for the task.
        rows: the encoded training rows (n, width), from which the standardisation is taken.
        outputs: width of the last layer.
        numbers: so many inputs, the first ones, are numbers and standardised; None means all.
        weights: how much each of the rows counts in that (n,); None for all alike.
    """
    scaling = moments(rows, numbers, weights) if recipe.standardize else None
    return stacked(recipe, rows.shape[1], outputs, scaling)


def stacked(
    recipe: Recipe, inputs: int, outputs: int, scaling: tuple[Floats, Floats] | None
) -> Any:
    """The network that ``build`` makes, of a mean and a variance that are known.

    Every layer is named by us, because Keras numbers unnamed layers through the life of the
    process and the file must not depend on what ran before.

    Args:
        recipe: resolved for the task.
        inputs: width of an encoded row.
        outputs: width of the last layer.
        scaling: mean and variance of each input (inputs,) float32; None scales nothing.
    """
    layers = keras().layers
    stack = [keras().Input((inputs,), name="inputs")]
    if scaling is not None:
        mean, variance = scaling
        stack.append(layers.Normalization(mean=mean, variance=variance, name="scaling"))
    for number, width in enumerate(recipe.hidden, start=1):
        stack += _hidden(recipe, number, width)
    l2 = recipe.l2 if recipe.output_l2 is None else recipe.output_l2
    stack.append(_dense(l2, outputs, recipe.output_activation, "output"))
    return keras().Sequential(stack, name=MLP)


def _hidden(recipe: Recipe, number: int, width: int) -> Iterator[Any]:
    """The layers that make up a hidden one."""
    layers, name = keras().layers, f"hidden{number}"
    if recipe.batch_normalization:
        # A bias would be gone with the mean that is taken away.
        yield _dense(recipe.l2, width, "linear", name, use_bias=False)
        yield layers.BatchNormalization(name=f"normalization{number}")
        yield layers.Activation(recipe.activation, name=f"activation{number}")
    else:
        yield _dense(recipe.l2, width, recipe.activation, name)
    if recipe.dropout:
        yield layers.Dropout(recipe.dropout, name=f"dropout{number}")


def _dense(l2: float, width: int, activation: str, name: str, use_bias: bool = True) -> Any:
    penalty = keras().regularizers.L2(l2) if l2 else None
    return keras().layers.Dense(
        width, activation=activation, use_bias=use_bias, kernel_regularizer=penalty, name=name
    )


def folded(model: Any) -> Any:
    """The network without batch normalisation that answers as a fitted one with it does.

    Each normalisation is a factor and an addend per neuron once its moving mean and variance
    stand still (Ioffe and Szegedy, 2015, algorithm 2), and goes into the kernel and the bias of
    the dense layer before it: computed in float64, rounded once. Microcontrollers thus need not
    know of it. The optimizer is a fresh one with the same settings, since its state was for
    weights that are no more.

    Args:
        model: a compiled one, as ``build`` makes it.

    Returns:
        A compiled ``keras.Sequential`` with layers as ``build`` names them without batch
        normalisation; a model that has none is returned as it is.
    """
    if not any(_is(layer, "BatchNormalization") for layer in model.layers):
        return model
    stack = [keras().Input(model.input_shape[1:], name="inputs")]
    weights: list[list[NDArray[Any]]] = []
    for layer in model.layers:
        if _is(layer, "BatchNormalization"):
            weights[-1] = _normalised(weights[-1][0], layer)
        elif _is(layer, "Activation"):
            stack[-1].activation = layer.activation
        else:
            stack.append(_copy(layer))
            weights.append([variable.numpy() for variable in layer.variables])
    plain = keras().Sequential(stack, name=model.name)
    for layer, arrays in zip(plain.layers, weights, strict=True):
        for variable, array in zip(layer.variables, arrays, strict=True):
            variable.assign(array)
    plain.compile_from_config(model.get_compile_config())
    return plain


def _is(layer: Any, kind: str) -> bool:
    return isinstance(layer, getattr(keras().layers, kind))


def _copy(layer: Any) -> Any:
    """A layer with the same settings and room for a bias, without the numbers."""
    config = layer.get_config()
    if _is(layer, "Dense"):
        config["use_bias"] = True
    return type(layer).from_config(config)


def _normalised(kernel: Floats, layer: Any) -> list[Floats]:
    """Kernel and bias that give what the layer makes of a kernel's sums."""
    gamma, beta, mean, variance = (array.astype(np.float64) for array in layer.get_weights())
    factor = gamma / np.sqrt(variance + layer.epsilon)
    return [(kernel * factor).astype(np.float32), (beta - mean * factor).astype(np.float32)]


def with_processing(
    mlp: Any, encoding: Encoding, clip: tuple[float, float] | None, metric: str | None = None
) -> Any:
    """The model that is saved: raw readings in, encoded, through ``mlp``, clipped, guarded.

    Where ``mlp`` is compiled, its optimizer goes over to the whole, so that the whole can be
    evaluated and trained as it stands; ``taken_out`` gives it back.

    Args:
        mlp: as ``build`` makes it.
        encoding: of the raw readings.
        clip: lowest and highest answer, or None.
        metric: what ``evaluate`` shows beside the loss, or None.
    """
    kinds = _kinds(mlp)

    def do(step: Operation, inputs: list[Any]) -> Any:
        if step.kind == "Concatenate":
            return keras().layers.Concatenate(name=step.name)(inputs)
        result = kinds[step.kind](inputs[0], *step.constants, *inputs[1:])
        if step.kind != "Sequential":
            # Keras numbers unnamed operations through the life of the process.
            result._keras_history.operation.name = step.name
        return result

    features = keras().Input((encoding.features,), name=FEATURES)
    model = keras().Model(
        features, carry_out(operations(encoding, clip), features, do), name="model"
    )
    if mlp.compiled:
        metrics = None if metric is None else [metric]
        model.compile(optimizer=mlp.optimizer, loss=mlp.loss, metrics=metrics)
        # With two owners Keras saves the state with the inner one, and misses it when it loads.
        mlp.compiled, mlp.optimizer = False, None
    return model


def _kinds(mlp: Any) -> dict[str, Callable[..., Any]]:
    """Kind of operation -> Keras's function; see ``mlp_edge.processing``."""
    ops = keras().ops
    return {
        "Isnan": ops.isnan,
        "Equal": ops.equal,
        "Where": ops.where,
        "Take": lambda x, indices: ops.take(x, indices, axis=1),
        "Cast": lambda x: ops.cast(x, "float32"),
        "Any": lambda x: ops.any(x, axis=1, keepdims=True),
        "Clip": ops.clip,
        "Sequential": mlp,
    }


def taken_out(model: Any, metric: str) -> Any:
    """What learns inside a saved model, with the model's loss and the state of its optimizer.

    Args:
        model: its ``mlp`` is taken out; a model of layers in one line is that itself.
        metric: what its history shows beside the loss.
    """
    if MLP not in [layer.name for layer in model.layers]:
        return model
    mlp = model.get_layer(MLP)
    mlp.compile(optimizer=model.optimizer, loss=model.loss, metrics=[metric])
    return mlp


def compile_model(model: Any, recipe: Recipe, metric: str, steps: int | None = None) -> None:
    """Give a model the optimizer and the loss of a resolved recipe.

    Args:
        model: as ``build`` makes it.
        recipe: resolved for the task.
        metric: what its history shows beside the loss.
        steps: how many the training takes at most, in all epochs together; what a learning rate
            that is not constant falls over.
    """
    settings = {
        "name": recipe.optimizer,  # or Keras numbers it, as it does layers
        "learning_rate": recipe.learning_rate,
        "momentum": recipe.momentum,
    }
    optimizer = keras().optimizers.get(
        {
            "class_name": recipe.optimizer,
            "config": {name: value for name, value in settings.items() if value is not None},
        }
    )
    if recipe.schedule != "constant":
        if steps is None:
            raise ValueError(f"a {recipe.schedule} schedule needs to know the number of steps")
        optimizer.learning_rate = _falling(recipe.schedule, float(optimizer.learning_rate), steps)
    model.compile(optimizer=optimizer, loss=recipe.loss, metrics=[metric])


def _falling(schedule: str, start: float, steps: int) -> Any:
    """A learning rate that falls from ``start`` over so many steps."""
    schedules = keras().optimizers.schedules
    if schedule == "cosine":
        return schedules.CosineDecay(start, steps)
    return schedules.ExponentialDecay(start, steps, LAST_RATE)


def moments(
    rows: Rows, numbers: int | None = None, weights: Weights | None = None
) -> tuple[Floats, Floats]:
    """Mean and variance of each column (width,), float32, computed in float64.

    Each row counts as much as its weight (n,) says, or all count alike.
    A constant column gets the variance 1: there is nothing to scale and nothing to divide by.
    From column ``numbers`` on, where ones and zeros stand, the mean is 0 and the variance 1.
    """
    constant = rows.min(axis=0) == rows.max(axis=0)
    return scaled_by(*mean_and_variance(rows, weights), constant, numbers)


def scaled_by(
    means: NDArray[np.float64], variances: NDArray[np.float64], constant: NDArray[np.bool_],
    numbers: int | None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """What ``moments`` gives, of columns (width,) whose statistics are known in float64."""
    mean = means.astype(np.float32)
    variance = np.where(constant, np.float32(1), variances.astype(np.float32))
    if numbers is not None:
        mean[numbers:], variance[numbers:] = 0, 1
    return mean, variance
