"""A Keras model, of any version, as what it computes when it predicts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.keras import activations, normalising
from mlp_edge.readers.keras.merging import MERGES
from mlp_edge.readers.keras.operations import OPERATIONS
from mlp_edge.readers.keras.refusals import refusal
from mlp_edge.readers.keras.walk import KerasLayer, Read, Rows, Walk, flat
from mlp_edge.readers.keras_layers import article, computes_in

IDLE = frozenset({
    "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization",
    "Identity",
})  # fmt: skip
"""Layers that change nothing when a model predicts."""
EINSUM = re.compile(r"(\.\.\.|[a-zA-Z])([a-zA-Z]),([a-zA-Z])([a-zA-Z])->\1([a-zA-Z])")
"""Rows, their numbers, two axes of weights, and the numbers that they make of each row."""
LOW_RANK = 16
"""A rank of a LoRA that any layer may have, however small."""
EINSUM_ALONE = ("equation", "output_shape", "bias_axes")
"""Settings that a Dense has not."""


class LayerCall(NamedTuple):
    """One use of a layer.

    Attributes:
        layer: with its weights.
        reads: numbers of earlier calls, and constants; () for what goes into the model.
    """

    layer: KerasLayer
    reads: Sequence[int | NDArray[Any]]


class KerasGraph(NamedTuple):
    """A model with its weights, call by call.

    Attributes:
        calls: each behind those that it reads; the inputs first, in their order.
        outputs: the numbers of the calls that the model predicts with.
        names: of the outputs, where it has several.
    """

    calls: Sequence[LayerCall]
    outputs: Sequence[int]
    names: Sequence[str]


class KerasNetwork(NamedTuple):
    """What a model computes.

    Attributes:
        layers: the network.
        notes: what is done otherwise than in Keras, and what is worth knowing, a sentence each.
        targets: a name for each number of several outputs; None for one output.
    """

    layers: Layers
    notes: tuple[str, ...]
    targets: tuple[str, ...] | None


def network_of(graph: KerasGraph) -> KerasNetwork:
    """What a model's layers compute.

    Raises:
        ModelError: naming the layer that cannot be read, and why.
    """
    walk, found = Walk(), list[Rows]()
    source = "the model"
    for layer, reads in graph.calls:
        source = layer.source
        found.append(_called(walk, layer, [
            found[each] if isinstance(each, int) else each for each in reads
        ]))  # fmt: skip
    outputs = [found[number].value for number in graph.outputs]
    layers = walk.assembly.finished(outputs, source)
    notes, targets = [*walk.notes(), *layers.notes], None
    if graph.names:
        targets = _targets(graph.names, [value.width or 1 for value in outputs])
        notes.append(
            f"its {len(outputs)} outputs are predicted side by side as numbers, whatever they "
            f"stand for: {', '.join(map(repr, graph.names))[:200]}"
        )
    return KerasNetwork(layers, tuple(notes), targets)


def _targets(names: Sequence[str], widths: Sequence[int]) -> tuple[str, ...]:
    """A name for each number of several outputs: that of its layer, numbered where it has more."""
    return tuple(
        name if width == 1 else f"{name}_{number + 1}"
        for name, width in zip(_distinct(names), widths, strict=True)
        for number in range(width)
    )


def _distinct(names: Sequence[str]) -> Iterator[str]:
    """Names of outputs, numbered where several are of one model inside, as Keras does."""
    seen = Counter[str]()
    for name in names:
        yield f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1


def weight_names(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The weights of a layer in the order in which Keras 2 and 3 keep them."""
    optional = tuple(
        name
        for name, setting in (("gamma", "scale"), ("beta", "center"))
        if config.get(setting, True)
    )
    return {
        "Dense": ("kernel", "bias"),
        "EinsumDense": ("kernel", "bias"),
        "BatchNormalization": (*optional, "moving_mean", "moving_variance"),
        "LayerNormalization": optional,
        "RMSNormalization": ("scale",),
        "Normalization": ("mean", "variance", "count"),
        "PReLU": ("alpha",),
    }.get(kind, ())


def _called(walk: Walk, layer: KerasLayer, reads: Sequence[Rows | NDArray[Any]]) -> Rows:
    """What one use of a layer gives."""
    kind = layer.kind
    if kind not in (*IDLE, *TAKEN, *MERGES, *OPERATIONS):
        raise ModelError(refusal(kind, layer.source))
    walk.check_policy(layer, idle=kind in ("InputLayer", *IDLE))
    if kind not in IDLE:
        _ = layer.settings  # refuses those that are not known
    if kind in OPERATIONS:
        return OPERATIONS[kind](walk, layer, reads)
    several = [each for each in reads if isinstance(each, Rows)]
    if len(several) != len(reads):
        raise ModelError(f"{layer.source} is called with a constant")
    if kind in MERGES:
        return MERGES[kind](walk, layer, several)
    if len(several) > 1:
        raise ModelError(f"{layer.source} is {article(kind)} that reads {len(several)} others")
    rows = several[0] if several else walk.given(layer)
    return rows if kind in IDLE else TAKEN[kind](walk, layer, rows)


def _input(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    found = layer.settings
    if found["sparse"] or found["ragged"]:
        raise ModelError(f"{layer.source} takes sparse or ragged rows; full ones would do")
    return rows


def _dense(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    flat(layer, rows)
    found = layer.settings
    if "kernel" not in layer.weights:
        raise ModelError(f"{layer.source} has no weights in the file")
    kernel = layer.weights["kernel"]
    if kernel.ndim != 2 or kernel.dtype.kind != "f":
        raise ModelError(
            f"{layer.source} has weights {kernel.dtype} {kernel.shape}; float32 (inputs, outputs) "
            "would do"
        )
    if kernel.dtype == np.float64 and computes_in(layer.name, layer.config) == "float32":
        walk.computed_in("float64", layer)  # as Keras 1 was set up
    inputs, outputs = kernel.shape
    if not kernel.size or layer.config.get("units", outputs) != outputs:
        raise ModelError(
            f"{layer.source} declares {layer.config.get('units')!r:.20} units, and has weights for "
            f"{outputs} of {inputs} inputs"
        )
    if found["use_bias"] not in (True, False) or found["use_bias"] != ("bias" in layer.weights):
        raise ModelError(
            f"{layer.source} has use_bias {found['use_bias']!r:.20}, and "
            f"{'a' if 'bias' in layer.weights else 'no'} bias in the file"
        )
    _check_rank(layer, max(LOW_RANK, min(inputs, outputs)))
    bias = layer.weight("bias", outputs) if found["use_bias"] else np.zeros(outputs)
    value = walk.assembly.dense(rows.value, layer.matrix, bias, layer.source)
    return activations.applied(walk, layer, Rows(value, (outputs,)), found["activation"])


def _check_rank(layer: KerasLayer, most: int) -> None:
    """Refuse a LoRA for which Keras would make more room than the weights justify."""
    rank = layer.config.get("lora_rank")
    if rank is not None and not (type(rank) is int and 1 <= rank <= most):
        raise ModelError(
            f"{layer.source} is {article(layer.kind)} with lora_rank {rank!r:.20}; 1 to {most} "
            "would do"
        )


def _einsum_dense(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """One that multiplies the features of a row by a matrix, as a Dense does."""
    found, kernel = layer.settings, layer.weights.get("kernel")
    equation = EINSUM.fullmatch(str(found["equation"]).replace(" ", ""))
    letters = equation.groups() if equation else ("",) * 5
    batch, inner, *weights, outer = letters
    if not equation or {*weights} != {inner, outer} or len({batch, inner, outer}) < 3:
        raise ModelError(
            f"{layer.source} is an EinsumDense of {found['equation']!r:.60}; 'ab,bc->ac', which a "
            "Dense computes, would do"
        )
    if kernel is not None and kernel.ndim == 2 and weights[0] == outer:
        kernel = kernel.T
    units, bias = found["output_shape"], found["bias_axes"]
    units = units[-1] if isinstance(units, list) and units else units
    if bias not in (None, "", outer):
        raise ModelError(f"{layer.source} has the bias_axes {bias!r:.20}; {outer!r} would do")
    config = {**layer.config, "units": units, "use_bias": bool(bias)}
    config = {key: value for key, value in config.items() if key not in EINSUM_ALONE}
    arrays = layer.weights if kernel is None else {**layer.weights, "kernel": kernel}
    return _dense(walk, KerasLayer("Dense", layer.name, config, layer.keras, arrays), rows)


def _flatten(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    if rows.shape is None or len(rows.shape) == 1:
        return rows
    if layer.settings["data_format"] == "channels_first":
        raise ModelError(f"{layer.source} puts the last index first; channels_last would do")
    if None in rows.shape:
        raise ModelError(f"{layer.source} flattens rows of the shape {rows.shape!s:.60}")
    return rows._replace(shape=(math.prod(filter(None, rows.shape)),))


def _reshape(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    target, shape = layer.settings["target_shape"], rows.shape
    if not isinstance(target, list) or not all(isinstance(size, int) for size in target):
        raise ModelError(f"{layer.source} is a Reshape to {target!r:.60}")
    if shape is None or None in shape:
        if len(target) == 1:
            return rows
        raise ModelError(f"{layer.source} reshapes rows whose shape the file does not tell")
    size = math.prod(filter(None, shape))
    known = math.prod(each for each in target if each != -1)
    if -1 in target and known > 0:
        target = [size // known if each == -1 else each for each in target]
    if math.prod(target) != size or min(target, default=1) < 1:
        raise ModelError(f"{layer.source} makes {tuple(target)!s:.60} of rows of {shape!s:.60}")
    return rows._replace(shape=tuple(target))


TAKEN: Mapping[str, Read] = {
    "InputLayer": _input, "Dense": _dense, "EinsumDense": _einsum_dense,
    "Activation": activations.activation,
    **activations.LAYERS,
    "BatchNormalization": normalising.batch_normalization,
    "LayerNormalization": normalising.layer_normalization,
    "UnitNormalization": normalising.unit_normalization,
    "RMSNormalization": normalising.rms_normalization,
    "Normalization": normalising.normalization, "Rescaling": normalising.rescaling,
    "Flatten": _flatten, "Reshape": _reshape,
}  # fmt: skip
"""Layer class of one input -> how it is read."""
