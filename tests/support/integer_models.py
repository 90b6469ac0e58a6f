"""Features and networks in integers that several runtimes are asked about."""

from __future__ import annotations

import numpy as np
import onnxruntime

from mlp_edge.feature import Feature
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import HIGHEST, Inputs, IntegerLayer, Quantised
from mlp_edge.lazy import quiet
from mlp_edge.mlp import Floats, Mlp, Predict
from mlp_edge.parity.integers import same_bits
from support.agreed_networks import hostile
from support.networks import encoded, network

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


NETWORKS: dict[str, Mlp] = {
    "binary": network((8, 12, 8, 1)),
    "multiclass": network((4, 16, 3), "tanh", "multiclass"),
    "regression": network((3, 5, 2), "gelu", "regression", clip=(-0.5, 0.5)),
    "one": network((1, 1), "relu", "regression", standardised=False),
    "chain": network((1, 1, 1, 1, 1), "relu", "regression"),
    "wide": network((640, 32, 640), "relu", "regression"),
    "mixed": encoded(MIXED, clip=(0.0, 6.0)),
    "filled": encoded(FILLED, outputs=2, clip=(-1.0, 1.0)),
    "codes": encoded(CODES, outputs=4, task="multiclass"),
    "unit": encoded(MIXED, clip=(0.0, 1.0)),
}

LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL")


def assert_bits(got: Floats, expected: Floats) -> None:
    assert got.dtype == expected.dtype == np.float32
    assert same_bits(got, expected).all()


def onnxruntime_of(content: bytes, level: str, threads: int = 0) -> Predict:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda rows: np.asarray(session.run(None, {"features": rows})[0])


def assert_everywhere(mlp: Mlp, integers: Quantised, predicts: list[Predict]) -> None:
    rows = hostile(mlp, 1024)
    expected = predict_quantised(mlp, integers, rows)
    assert len(np.unique(expected)) > 1
    assert np.isnan(expected).any() == mlp.encoding.rejects
    for answers in predicts:
        for count in (1024, 1, 7):
            assert_bits(answers(rows[:count]), expected[:count])


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
