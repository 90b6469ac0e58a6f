"""Features and networks in integers that several runtimes are asked about."""

from __future__ import annotations

import numpy as np

from mlp_edge.feature import Feature
from mlp_edge.integers.quantised import HIGHEST, Inputs, IntegerLayer, Quantised
from mlp_edge.lazy import quiet
from mlp_edge.mlp import Floats, Mlp, Predict
from support.networks import network

MIXED = (
    Feature("mass", 1.0, 90.0, unit="kg", sentinel=0.0, fill=70.5, indicator=True),
    Feature("colour", categories=("red", "green", "blue"), codes=(3, 0, -7), fill=0.0),
    Feature("age", 0.0, 99.0),
)


FILLED = (Feature("a", 0.0, 9.0, fill=3.0, indicator=True), Feature("b", -5.0, 5.0, fill=0.0))


CODES = (
    Feature("c", categories=("x", "y"), codes=(0, 1)),
    Feature("d", categories=("u", "v", "w"), codes=(1, 2, 3), fill=2.0),
)


def litert_of(content: bytes, resolver: str) -> Predict:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = getattr(OpResolverType, resolver)
    with quiet():
        interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kind)
    feed = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]

    def answers(rows: Floats) -> Floats:
        interpreter.resize_tensor_input(feed, rows.shape)
        with quiet():
            interpreter.allocate_tensors()
        interpreter.set_tensor(feed, rows)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output))

    return answers


def beside_steps(seed: int) -> tuple[Mlp, Quantised]:
    """Neurons of one input whose 256 sums lie about a step, with every multiplier."""
    random = np.random.default_rng(seed)
    count = 64
    shift, multiplier = (
        random.integers(10, 24, count),
        random.integers(256, 512, count) * 2 + 1,
    )
    wanted = (random.integers(1, 255, count) << shift) - (1 << (shift - 1))
    weights = random.integers(1, 128, count)
    bias = -(-wanted // multiplier) - weights * random.integers(100, 150, count)
    bias -= random.integers(0, 2, count)
    mlp = network((1, count), task="regression", standardised=False)
    layer = IntegerLayer(
        weights[:, None], bias, multiplier, shift, HIGHEST["int8"], 1, np.zeros(count, np.int64)
    )
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    ends = np.zeros(count, np.float32), np.ones(count, np.float32)
    return mlp, Quantised("int8", Inputs(zero, one, 255), (layer,), False, None, *ends)
