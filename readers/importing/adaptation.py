"""What an owner says of a network that its file does not: a scaling before it, classes behind it.

Both change what is computed, in the ``Mlp``, in the steps of the original and in what the original
answers alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.json_values import number, of_type
from mlp_edge.mlp import Dense, Mlp, Rows, Scaling
from mlp_edge.proof.original import PredictAny
from mlp_edge.reference import FORMULAS, Doubles
from mlp_edge.settings import setting

OUTPUTS: Mapping[str, str] = {
    "": "the predictions are what the file gives",
    "sigmoid": "a sigmoid makes the logit of the last layer the probability of the second class",
    "softmax": "a softmax makes the logits of the last layer probabilities",
    "second": "of the two probabilities the second one is kept: the sigmoid of the difference of "
    "their logits",
    "difference": "a sigmoid of the difference of the two logits gives the probability of the "
    "second class",
}
"""What is made of the last layer -> what is said of it."""
_TAKEN = {
    "sigmoid": ("linear", 1), "softmax": ("linear", 2), "second": ("softmax", 2),
    "difference": ("linear", 2),
}  # fmt: skip
"""What the last layer has to be: its activation, and how many outputs at least."""


def output_of(task: str, mlp: Mlp) -> str:
    """What makes a network's last layer one of a task: one of ``OUTPUTS``.

    Raises:
        ModelError: where nothing does.
    """
    last = mlp.layers[-1]
    single, linear = mlp.outputs == 1, last.activation == "linear"
    if task == "regression" or task == mlp.task:
        return ""
    if task == "multiclass" and linear and not single:
        return "softmax"
    if task == "multiclass" and last.activation == "sigmoid" and not single:
        return ""
    if task == "binary" and single:
        return "sigmoid" if linear else ""
    if task == "binary" and mlp.outputs == 2 and (linear or last.activation == "softmax"):
        return "difference" if linear else "second"
    given = "one number" if single else f"{mlp.outputs} numbers"
    raise ModelError(
        f"its last layer gives {given} with the activation {last.activation}, which "
        f"is no {task} task; {setting('task', mlp.task)} would do"
    )


class Adaptation(NamedTuple):
    """What is computed around a file's network.

    Attributes:
        scaling: of what goes in, or None.
        output: what is made of the last layer, one of ``OUTPUTS``.
    """

    scaling: Scaling | None = None
    output: str = ""

    def network(self, mlp: Mlp, **fields: Any) -> Mlp:
        """The network with both in it.

        Args:
            mlp: as the file has it.
            fields: of the ``Mlp`` to overrule: names, labels, the task.

        Raises:
            ModelError: for a scaling before readings that are encoded, and a last layer that is
                not as ``output`` asks.
        """
        layers = mlp.layers if not self.output else (*mlp.layers[:-1], _ended(mlp, self.output))
        scaling = mlp.scaling
        if self.scaling is not None:
            scaling = _before(self.scaling, mlp)
        return replace(mlp, scaling=scaling, layers=layers, **fields)

    def steps(
        self, layers: Sequence[Dense], heads: tuple[int, ...]
    ) -> tuple[tuple[Dense, ...], tuple[int, ...]]:
        """Layers that are carried out one by one, with the end that ``output`` asks for."""
        if not self.output:
            return tuple(layers), heads
        width = sum(layers[number - 1].outputs for number in heads or (len(layers),))
        weights, activation = {
            "sigmoid": (np.eye(width), "sigmoid"),
            "softmax": (np.eye(width), "softmax"),
            "second": (np.array([[0, 1]]), "linear"),
            "difference": (np.array([[-1, 1]]), "sigmoid"),
        }[self.output]
        bias = np.zeros(len(weights), np.float32)
        end = Dense(weights.astype(np.float32), bias, activation, heads)
        return (*layers, end), ()

    def predict(self, predict: PredictAny) -> PredictAny:
        """What a file answers, with both around it."""
        end = _ENDS[self.output]

        def adapted(rows: Rows) -> Doubles:
            return end(np.asarray(predict(_scaled(rows, self.scaling)), np.float64))

        return adapted

    def to_dict(self) -> dict[str, Any]:
        """As model.json keeps it."""
        scaling = self.scaling and {
            "mean": [float(each) for each in self.scaling.mean],
            "std": [float(each) for each in self.scaling.std],
        }
        return {"scaling": scaling, "output": self.output}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Adaptation:
        """Read what ``to_dict`` wrote; raises TypeError, KeyError, ValueError for anything else."""
        output = of_type("output", values["output"], str)
        if output not in OUTPUTS:
            raise ValueError(f"the output {output[:20]!r} makes no sense")
        given = values["scaling"]
        if given is None:
            return cls(None, output)
        columns = [[number(name, each) for each in given[name]] for name in ("mean", "std")]
        with np.errstate(over="ignore"):
            return cls(Scaling(*(np.array(column, np.float32) for column in columns)), output)


def _scaled(rows: Rows, scaling: Scaling | None) -> Rows:
    if scaling is None:
        return rows
    with np.errstate(over="ignore", invalid="ignore"):
        centred = rows.astype(np.float64) - scaling.mean.astype(np.float64)
        return np.asarray(centred / scaling.std.astype(np.float64), np.float32)


def _before(scaling: Scaling, mlp: Mlp) -> Scaling:
    """One scaling that does what two do, the given one first."""
    if not mlp.encoding.plain:
        raise ModelError("its readings are encoded in the file; a scaling before that has no place")
    if scaling.mean.size != mlp.inputs:
        raise ModelError(f"a scaling of {scaling.mean.size} columns for {mlp.inputs} features")
    if mlp.scaling is None:
        return scaling
    mean, std = (each.astype(np.float64) for each in (scaling.mean, scaling.std))
    own_mean, own_std = (each.astype(np.float64) for each in (mlp.scaling.mean, mlp.scaling.std))
    with np.errstate(over="ignore"):
        return Scaling(
            (mean + std * own_mean).astype(np.float32), (std * own_std).astype(np.float32)
        )


def _ended(mlp: Mlp, output: str) -> Dense:
    """The last layer as the output asks."""
    last = mlp.layers[-1]
    activation, outputs = _TAKEN[output]
    fits = last.outputs == outputs or (output == "softmax" and last.outputs > outputs)
    plain = mlp.head_layers == (last,) and last.times is None and mlp.clip is None
    if last.activation != activation or not fits or not plain:
        raise ModelError(
            f"its last layer gives {mlp.outputs} numbers with the activation {last.activation}; "
            f"{OUTPUTS[output]} only where it is {activation} with {outputs} of them"
        )
    if output in ("sigmoid", "softmax"):
        return replace(last, activation=output)
    weights, bias = (each.astype(np.float64) for each in (last.weights, last.bias))
    return replace(
        last,
        weights=np.ascontiguousarray((weights[1:] - weights[:1]).astype(np.float32)),
        bias=(bias[1:] - bias[:1]).astype(np.float32),
        activation="sigmoid",
    )


_ENDS: Mapping[str, Callable[[Doubles], Doubles]] = {
    "": lambda answers: answers,
    "sigmoid": FORMULAS["sigmoid"],
    "softmax": FORMULAS["softmax"],
    "second": lambda answers: answers[:, 1:],
    "difference": lambda answers: FORMULAS["sigmoid"](answers[:, 1:] - answers[:, :1]),
}
"""What is made of what the file answers."""
