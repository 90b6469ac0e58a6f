"""A stranger's network with what its file lacks made up: names, labels, threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.mlp import DEFAULT_THRESHOLD, Mlp, Rows, Task, identifier
from mlp_edge.proof.original import Original, PredictAny, Steps
from mlp_edge.readers.assembling.assembly import Layers
from mlp_edge.readers.assembling.unfolding import Unfolded
from mlp_edge.readers.importing.adaptation import Adaptation
from mlp_edge.walk import head_numbers

COARSER = ("float16", "int8")
"""Where a remark names one, the file computes in what is coarser than float32."""
HELD = (
    "it computes in int8; predictions and C are those of its integers, with the bits of TFLite "
    "Micro; LiteRT on a computer rounds otherwise and may be some steps off"
)
MADE_UP = "the names, the labels and the threshold are made up: the file has none"


class Imported(NamedTuple):
    """A file of a stranger, read.

    Attributes:
        mlp: the network.
        format: what the file is, such as "Keras HDF5".
        written_by: the program that wrote it, as far as it signed; may be "".
        remarks: what the network is not as the file has it, a sentence each.
        folded: whether weights were multiplied together that the file has apart.
        adaptation: what its owner says of it that the file does not; None where nobody did.
        as_read: the network before that; None where ``mlp`` is it.
        unfolded: puts the network together as the file carries it out; None where it was not kept.
        logarithms: the columns of the predictions whose logarithms the file gives.
        original: what predicts as its owner's, where that is an object in memory; files are
            opened by ``runtime/originals.py``.
        integers: the network in the integers that the file holds; None where it has none. ``mlp``
            is then what they stand for, in float32.
        made_up: what of it nobody but this reader says, a sentence.
    """

    mlp: Mlp
    format: str
    written_by: str
    remarks: tuple[str, ...] = ()
    folded: bool = False
    original: Original | None = None
    integers: AsymmetricNetwork | None = None
    made_up: str = MADE_UP
    adaptation: Adaptation | None = None
    as_read: Mlp | None = None
    unfolded: Callable[[], Unfolded | None] | None = None
    logarithms: tuple[int, ...] = ()

    @property
    def steps(self) -> Steps | None:
        """The network as the file carries it out; None where its rounding is not derived."""
        coarser = any(kind in remark for remark in self.remarks for kind in COARSER)
        if coarser or self.integers is not None or self.logarithms:
            return None
        if self.unfolded is None:
            return None if self.folded else Steps(self.mlp)
        found = self.unfolded()
        if found is None:
            return None
        scaling, layers, heads = None, found.layers, found.heads
        if self.adaptation is not None:
            scaling = self.adaptation.scaling
            layers, heads = self.adaptation.steps(layers, heads)
        mlp = replace(self.mlp, scaling=scaling, layers=layers, heads=heads)
        return Steps(mlp, found.slacks)

    def probabilities(self, predict: PredictAny) -> PredictAny:
        """What predicts as the file, with probabilities in the place of their logarithms."""
        if not self.logarithms:
            return predict

        def exponentiated(rows: Rows) -> NDArray[np.floating[Any]]:
            predictions = np.asarray(predict(rows), np.float64)
            columns = list(self.logarithms)
            predictions[:, columns] = np.exp(predictions[:, columns])
            return predictions

        return exponentiated

    def adapted(self, adaptation: Adaptation, **fields: Any) -> Imported:
        """The same with what its owner says: see ``Adaptation.network``."""
        network = adaptation.network(self.mlp, **fields)
        return self._replace(mlp=network, adaptation=adaptation, as_read=self.mlp)

    @property
    def notes(self) -> tuple[str, ...]:
        """All that is worth knowing of the reading."""
        held = [] if self.integers is None else [HELD]
        return (*([] if self.adaptation else [self.made_up]), *self.remarks, *held)


def named(
    path: Path,
    network: Layers,
    features: Sequence[Feature] | None = None,
    labels: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Mlp:
    """A network on its own as an Mlp; what nobody says is made up: x1 … and class numbers.

    The task follows from the last layer: one sigmoid is binary, softmax multiclass, anything else
    a regression, and so are the outputs of several layers.

    Args:
        path: of the file, after which the model is named.
        network: its numbers.
        features: the raw readings; by default one number per input of the network.
        labels: class names, where the file has them.
        targets: what a regression predicts, where the file names its outputs; by default y, or
            y1 …

    Raises:
        ModelError: for a network that is no ``Mlp``, without the name of the file.
    """
    numbers = head_numbers(network.layers, network.heads)
    last, *others = [network.layers[number - 1] for number in numbers]
    outputs = sum(head.outputs for head in (last, *others))
    task: Task = "regression"
    if not others and last.times is None:
        if last.activation == "softmax":
            task = "multiclass"
        elif last.activation == "sigmoid" and last.outputs == 1:
            task = "binary"
    classes = {"regression": 0, "binary": 2, "multiclass": outputs}[task]
    if labels is not None and len(labels) != classes:
        raise ModelError(f"it has {len(labels)} class labels for {classes} classes")
    if task != "regression":
        targets = None
    several = task == "regression" and outputs > 1
    made_up = tuple(f"y{i + 1}" for i in range(outputs)) if several else ("y",)
    width = network.layers[0].inputs
    return Mlp(
        name=identifier(path.stem.removesuffix(".weights")),
        features=tuple(features or (Feature(f"x{i + 1}") for i in range(width))),
        targets=made_up if targets is None else tuple(targets),
        labels=tuple(str(i) for i in range(classes)) if labels is None else tuple(labels),
        task=task,
        threshold=DEFAULT_THRESHOLD,
        scaling=network.scaling,
        layers=network.layers,
        clip=network.clip,
        heads=network.heads,
    )
