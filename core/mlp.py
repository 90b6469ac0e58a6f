"""`Mlp`, the value that every room works with: a trained network as plain NumPy.

It knows no framework and no file. Exporters read it, the float64 reference in
``mlp_edge.reference`` computes it, and its hash travels inside every artifact.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlp_edge.encoding import Encoding
from mlp_edge.encoding import Floats as Floats
from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.foreign import check_text
from mlp_edge.settings import setting
from mlp_edge.walk import check_graph, head_numbers, is_chain, sources

Rows = NDArray[np.float32]
"""Rows of readings or of predictions: shape (n, width), float32, C order."""
Predict = Callable[[Rows], Rows]
"""Raw readings (n, inputs) in, predictions (n, outputs) out."""

Task = Literal["regression", "binary", "multiclass"]
Activation = Literal[
    "linear", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish", "softplus",
    "softsign", "tanh", "sigmoid", "hard_sigmoid", "exponential", "square", "rsqrt", "softmax",
]  # fmt: skip
"""What a layer can apply to its pre-activations (``mlp_edge.reference`` has the formulas)."""

ACTIVATIONS: tuple[str, ...] = get_args(Activation)
SCALAR_ACTIVATIONS = tuple(name for name in ACTIVATIONS if name != "softmax")
"""Functions of one number."""
KERAS_ACTIVATIONS = tuple(
    name for name in ACTIVATIONS if name not in ("gelu_tanh", "square", "rsqrt")
)
"""Those that have a name in Keras, with Keras's default parameters; the others come from layers
of networks that are read."""
HIDDEN_ACTIVATIONS = tuple(
    name for name in KERAS_ACTIVATIONS if name not in ("exponential", "softmax")
)
"""What the hidden layers of a training can have."""
MONOTONE_ACTIVATIONS = (
    "linear", "relu", "leaky_relu", "elu", "selu", "softplus", "softsign", "tanh", "sigmoid",
    "hard_sigmoid", "exponential",
)  # fmt: skip
"""Those that never fall when their argument rises."""
TASKS: tuple[str, ...] = get_args(Task)

OUTPUT_NAMES = {"regression": "value", "binary": "probability", "multiclass": "probabilities"}
"""What an artifact calls its output tensor."""

DEFAULT_THRESHOLD = np.float32(0.5)

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
C_HEADERS = frozenset({
    "assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits",
    "locale", "math", "new", "setjmp", "signal", "stdalign", "stdarg", "stdatomic", "stdbool",
    "stddef", "stdint", "stdio", "stdlib", "stdnoreturn", "string", "strings", "tgmath", "threads",
    "time", "uchar", "unistd", "wchar", "wctype", "arduino", "mlp_edge_kernels",
})  # fmt: skip
"""Names of C's headers, of Arduino's and ours, in whose way a model's header would stand."""
MAX_NAME = 48
"""Longest model name: C99 promises 63 significant characters, and suffixes follow."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Standardisation: (x - mean) / std, per input of the first layer.

    Inputs that are no number (indicators, categories) have the mean 0 and the standard deviation 1,
    which change nothing.

    Attributes:
        mean: (width,) float32, in the feature's unit.
        std: (width,) float32, in the feature's unit, above zero. This is the float32
            number that Keras's Normalization divides by: max(sqrt(variance), 1e-7).
    """

    mean: Floats
    std: Floats

    def __post_init__(self) -> None:
        _check_vector("means", self.mean)
        _check_vector("standard deviations", self.std)
        if self.mean.shape != self.std.shape:
            raise ModelError(
                f"the scaling has {self.mean.size} means for {self.std.size} standard deviations"
            )
        if not (self.std > 0).all():
            raise ModelError("the scaling has a standard deviation that is not above zero")

    @property
    def reciprocal(self) -> Floats:
        """1 / std rounded to float32: what exports multiply by, as division is slow."""
        return (1 / self.std.astype(np.float64)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Dense:
    """A fully connected layer: activation(weights @ x + bias).

    Attributes:
        weights: (outputs, inputs) float32; a row is a neuron (Keras stores the transpose).
        bias: (outputs,) float32.
        activation: one of ``ACTIVATIONS``.
        reads: the numbers of the values that are its inputs, one after the other: 0 is the scaled
            inputs, n what layer n gives (from 1). () is the layer before, as in a chain.
        times: the number of a value by which the activations are multiplied, of as many units or
            of one; None in a chain.
    """

    weights: Floats
    bias: Floats
    activation: str
    reads: tuple[int, ...] = ()
    times: int | None = None

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.weights.dtype != np.float32 or not self.weights.size:
            raise ModelError(
                "a dense layer takes float32 weights of shape (outputs, inputs), "
                f"got {self.weights.dtype} {self.weights.shape}"
            )
        _check_finite("weights", self.weights)
        _check_vector("bias", self.bias)
        if self.bias.size != self.outputs:
            raise ModelError(f"a layer of {self.outputs} neurons has {self.bias.size} biases")
        if self.activation not in ACTIVATIONS:
            raise ModelError(
                f"activation {self.activation!r} is not one of {', '.join(ACTIVATIONS)}"
            )

    @property
    def inputs(self) -> int:
        """Width of a row that goes in."""
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        """Number of neurons."""
        return int(self.weights.shape[0])

    @property
    def parameters(self) -> int:
        """Number of weights and biases, without the zeros beside a diagonal."""
        weights = self.weights if self.diagonals is None else self.diagonals
        return int(weights.size + self.bias.size)

    @cached_property
    def diagonals(self) -> Floats | None:
        """(k, outputs) float32 where the weights are k diagonals side by side, else None.

        Unit i then adds up ``diagonals[j, i] * x[j * outputs + i]``: sums of values, or one value
        times a factor. An export may leave out the products with 0. None for a single unit.
        """
        return diagonals_of(self.weights)


@dataclass(frozen=True, eq=False)
class Mlp:
    """A trained multilayer perceptron, raw readings in, predictions out.

    Attributes:
        name: lower-case C identifier; files and C symbols are named after it.
        features: the raw readings, in order, and what happens to missing ones.
        targets: names of the columns that are predicted; any text that a file can hold. One, or
            one per output of a regression.
        labels: class names in the order of the outputs; ("0", "1") for a binary task, whose
            single output is the probability of the second; () for a regression.
        task: what the outputs mean.
        threshold: a binary model predicts ``labels[1]`` where probability > threshold. A float32
            number, because a microcontroller compares in float32.
        scaling: standardisation in front of the first layer, or None.
        layers: at least one, each behind the values that it reads.
        clip: lowest and highest prediction of a regression, float32 numbers, or None.
        heads: the numbers of the layers whose outputs, one after the other, are the predictions;
            () is the last layer. No layer reads a head.

    The inputs of the first layer are the encoded readings (``mlp_edge.encoding``). A row with a
    missing reading that has no fill has the prediction NaN, whatever the layers compute.
    """

    name: str
    features: tuple[Feature, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    threshold: np.float32
    scaling: Scaling | None
    layers: tuple[Dense, ...]
    clip: tuple[float, float] | None = None
    heads: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.task not in TASKS:
            raise ModelError(f"task {self.task!r} is not one of {', '.join(TASKS)}")
        if not np.isfinite(self.threshold):
            raise ModelError(f"a threshold of {self.threshold} decides nothing; 0.5 would do")
        if not self.layers:
            raise ModelError("an Mlp takes at least one dense layer")
        check_graph(self.layers, self.encoding.width, self.heads)
        if self.scaling is not None and self.scaling.mean.size != self.encoding.width:
            raise ModelError(
                f"the scaling covers {self.scaling.mean.size} inputs of {self.encoding.width}"
            )
        if self.scaling is not None and _scales_categories(self.scaling, self.encoding):
            raise ModelError("the scaling changes an input that is no number")
        _check_labels(self)
        _check_clip(self)

    @cached_property
    def encoding(self) -> Encoding:
        """How raw readings become the inputs of the first layer."""
        return Encoding.of(self.features)

    @property
    def inputs(self) -> int:
        """Width of a row of raw readings."""
        return len(self.features)

    @property
    def outputs(self) -> int:
        """Width of a row of predictions."""
        return sum(layer.outputs for layer in self.head_layers)

    @cached_property
    def head_layers(self) -> tuple[Dense, ...]:
        """The layers whose outputs, one after the other, are the predictions."""
        return tuple(self.layers[number - 1] for number in head_numbers(self.layers, self.heads))

    @cached_property
    def is_chain(self) -> bool:
        """Whether every layer reads the one before it alone, and the last one predicts."""
        return is_chain(self.layers, self.heads)

    def pieces(self, number: int) -> list[tuple[int, Floats]]:
        """The values that a layer reads, each with the weights (outputs, width) that it meets."""
        layer = self.layers[number - 1]
        values = sources(layer, number)
        widths = [self.layers[value - 1].outputs if value else self.encoding.width
                  for value in values]  # fmt: skip
        split = np.split(layer.weights, np.cumsum(widths)[:-1], axis=1)
        return list(zip(values, split, strict=True))

    @cached_property
    def front(self) -> Floats:
        """The weights (rows, width) that meet the scaled inputs, of all layers that read them."""
        numbers = range(1, len(self.layers) + 1)
        blocks = [piece for n in numbers for value, piece in self.pieces(n) if value == 0]
        return np.vstack(blocks or [np.zeros((0, self.encoding.width), np.float32)])

    @property
    def output_name(self) -> str:
        """What an artifact calls its output: value, probability or probabilities."""
        return OUTPUT_NAMES[self.task]

    @property
    def topology(self) -> str:
        """Layer widths, the encoded readings first, such as 8-12-8-1, or the size of a graph."""
        if not self.is_chain:
            return f"graph of {len(self.layers)} layers, {self.encoding.width} to {self.outputs}"
        return "-".join(
            str(width) for width in (self.encoding.width, *(la.outputs for la in self.layers))
        )

    @property
    def parameters(self) -> int:
        """Number of trained weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of everything that makes the numbers, from the encoding to the clip."""
        digest = hashlib.sha256(b"mlp-edge weights 2\n")
        for name, array in vars(self.encoding).items():
            _feed(digest, name, array.astype(np.float32))
        if self.clip is not None:
            _feed(digest, "clip", np.array(self.clip, np.float32))
        if self.scaling is not None:
            _feed(digest, "mean", self.scaling.mean)
            _feed(digest, "deviation", self.scaling.std)
        for layer in self.layers:
            _feed(digest, layer.activation, layer.weights)
            _feed(digest, "bias", layer.bias)
        if not self.is_chain:
            wires = [[*layer.reads, "times", layer.times] for layer in self.layers]
            digest.update(f"graph {wires} {self.heads}\n".encode())
        return digest.hexdigest()


def diagonals_of(weights: NDArray[Any]) -> NDArray[Any] | None:
    """The diagonals (k, outputs) of weights (outputs, inputs); see ``Dense.diagonals``."""
    outputs = len(weights)
    count, rest = divmod(weights.shape[1], outputs)
    if rest or outputs == 1:
        return None
    squares = weights.reshape(outputs, count, outputs)
    found = np.ascontiguousarray(np.einsum("iki->ki", squares))
    return found if np.count_nonzero(squares) == np.count_nonzero(found) else None


def check_name(name: str) -> None:
    """Refuse a model name that cannot be a file name and a C identifier at once.

    Raises:
        ModelError: with a name that would do.
    """
    if name in C_HEADERS:
        raise ModelError(
            f"{name!r} cannot name a model: its header would stand in the way of another {name}.h; "
            f"{identifier(name)!r} would do"
        )
    if not _IDENTIFIER.fullmatch(name) or len(name) > MAX_NAME:
        raise ModelError(
            f"{name!r} cannot name a model: lower-case letters, digits and underscores, a letter "
            f"first, at most {MAX_NAME}; {identifier(name)!r} would do"
        )


def identifier(text: str) -> str:
    """The nearest model name to any text: ``identifier("My data (1)") == "my_data_1"``."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:MAX_NAME].rstrip("_")
    if not name or name[0].isdigit():
        name = f"model_{name}".rstrip("_")[:MAX_NAME]
    return f"{name}_model" if name in C_HEADERS else name


def _feed(digest: Any, what: str, array: Floats) -> None:
    digest.update(f"{what} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())


def _check_vector(what: str, vector: Floats) -> None:
    if vector.ndim != 1 or vector.dtype != np.float32:
        raise ModelError(
            f"{what}: expected float32 of shape (n,), got {vector.dtype} {vector.shape}"
        )
    _check_finite(what, vector)


def _check_finite(what: str, array: Floats) -> None:
    if not np.isfinite(array).all():
        raise ModelError(
            f"the {what} hold NaN or infinity: the training diverged; a smaller "
            f"{setting('learning_rate')} or {setting('standardize', True)} would do"
        )


def _scales_categories(scaling: Scaling, encoding: Encoding) -> bool:
    others = slice(len(encoding.numbers), None)
    return bool((scaling.mean[others] != 0).any() or (scaling.std[others] != 1).any())


def _check_labels(mlp: Mlp) -> None:
    for text in (*mlp.labels, *mlp.targets):
        try:
            check_text(text)
        except ValueError as error:
            raise ModelError(f"the label or target {text!r} is {error}") from error
    expected = {"regression": 0, "binary": 2, "multiclass": mlp.outputs}[mlp.task]
    if len(mlp.labels) != expected:
        raise ModelError(
            f"a {mlp.task} model with {mlp.outputs} outputs takes {expected} labels, "
            f"got {len(mlp.labels)}"
        )
    if mlp.task == "binary" and mlp.outputs != 1:
        raise ModelError(f"a binary model has one output, the probability; got {mlp.outputs}")
    if mlp.task == "multiclass" and mlp.outputs < 2:
        raise ModelError("a multiclass model has at least two outputs")
    if len(set(mlp.labels)) != len(mlp.labels):
        raise ModelError("two classes have the same label")
    if len(mlp.targets) != (mlp.outputs if mlp.task == "regression" else 1):
        raise ModelError(
            f"a {mlp.task} model with {mlp.outputs} outputs has {len(mlp.targets)} targets"
        )


def _check_clip(mlp: Mlp) -> None:
    if mlp.clip is None:
        return
    low, high = mlp.clip
    if mlp.task != "regression":
        raise ModelError(f"a {mlp.task} model has nothing to clip; a regression does")
    exact = all(math.isfinite(end) and float(np.float32(end)) == end for end in mlp.clip)
    if not (low < high and exact):
        raise ModelError(f"a clip from {low!r} to {high!r}: two float32 numbers, the lower first")
