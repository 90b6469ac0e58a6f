"""The activation that operators behind a layer compute together, by Keras's name."""

from __future__ import annotations

from itertools import pairwise

_BETWEEN = ("Greater", "Less", "SelectV2", "SelectV2")
"""A number between two ends, NaN left as it is."""
ACTIVATION_OF: dict[tuple[str, ...], str] = {
    (): "linear",
    ("Relu",): "relu",
    ("LeakyRelu",): "leaky_relu",
    ("Elu",): "elu",
    ("Selu",): "selu",
    ("Gelu",): "gelu",
    ("Softplus",): "softplus",
    ("Softsign",): "softsign",
    ("Tanh",): "tanh",
    ("Sigmoid",): "sigmoid",
    ("HardSigmoid",): "hard_sigmoid",
    ("Softmax",): "softmax",
    # Where a format has no operator of that name, its exporter writes several.
    ("Mul", "Erf", "Add", "Mul", "Mul"): "gelu",
    ("Mul", "Erf", "Mul", "Add", "Mul"): "gelu",
    ("Neg", "Exp", "Add", "Div"): "silu",
    ("Sigmoid", "Mul"): "silu",
    ("Mul", "Mul", "Sub", "Mul", "Exp", "Add", "Div"): "gelu_tanh",
    ("Mul", "Mul", "Add", "Mul", "Min", "Max", "Sigmoid", "Mul"): "gelu_tanh",
    ("Min", "Exp", "Add", "Mul", "Add", "Div", "Mul"): "mish",
    ("Exp",): "exponential",
    ("NotEqual", "Mul", "Exp", "Mul", "SelectV2"): "exponential",
    ("Square",): "square",
    ("Sqrt", "Reciprocal"): "rsqrt",
    ("Rsqrt",): "rsqrt",
    ("Min", "Max", "Sigmoid", "Tanh", "Mul", "Add"): "sigmoid",
    ("Min", "Max", "Sigmoid", "Mul"): "silu",
    ("Abs", "Add", "Div"): "softsign",
    ("Greater", "Mul", "Exp", "Sub", "Mul", "SelectV2"): "selu",
    ("Exp", "Sub", "Mul", "LessEqual", "Mul", "SelectV2"): "selu",
    ("Add", "Clip", "Mul"): "hard_sigmoid",
    ("Add", "Relu6", "Mul"): "hard_sigmoid",
}
"""Operators behind a dense layer -> Keras's name. Others are shown as they are."""
CLIPS: tuple[tuple[str, ...], ...] = (
    ("Min", "Max"),
    ("Min", "Relu"),
    ("Clip",),
    ("Relu6",),
    ("ReluN1To1",),
    ("Relu0To1",),
    _BETWEEN,
)
"""What clips predictions, as the last operators behind the last layer."""
CARRIED = (
    "Quantize",
    "Dequantize",
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "Identity",
    "ZipMap",
)
"""Operators that change how a result is written, not what it is."""
NOT_NEGATIVE = "NotNegative"
"""Fused where a result cannot be below 0 as it is written: a ReLU where nothing else is applied."""
SCALED = ["Cast", "Mul"]
"""What makes numbers of a layer's sums of integers."""


def activation_named(names: list[str]) -> str:
    """Keras's name of what operators compute together, or the operators."""
    names = [name for name in unguarded(names) if name not in CARRIED]
    floor = NOT_NEGATIVE in names
    names = [name for name in names if name != NOT_NEGATIVE] or (["Relu"] if floor else [])
    names = names[len(SCALED) :] if names[: len(SCALED)] == SCALED else names
    return ACTIVATION_OF.get(tuple(names), " ".join(names))


def of_results(names: list[str]) -> str:
    """What follows the sums of integers, as far as a file tells: its formula is in a table."""
    if not {"Gather", "GatherElements"} & set(names):
        return "clamp"
    return "softmax" if "ReduceMax" in names else "table"


def unguarded(names: list[str]) -> list[str]:
    """The same without what only keeps NaN as it is."""
    while (place := _guard(names)) is not None:
        names = names[:place] + names[place + 2 :]
    return names


def _guard(names: list[str]) -> int | None:
    """Where NaN becomes NaN: an exporter keeps constants apart with what changes nothing."""
    pairs = enumerate(pairwise(names))
    return next((place for place, pair in pairs if pair == ("NotEqual", "SelectV2")), None)


def take_clip(names: list[str]) -> bool:
    """Take the clip off the end of a layer's operators; False when there is none."""
    for clip in CLIPS:
        if tuple(names[-len(clip) :]) == clip:
            del names[-len(clip) :]
            return True
    return False
