"""What each dtype costs a server: processor time of onnxruntime and LiteRT, times float32's.

    .venv/bin/python benchmarks/runtimes.py [--only linear sigmoid ...] [--rounds 21]

Networks with random weights, 8 inputs, 12 and 8 hidden units, and the shape of MLPerf Tiny's
autoencoder with random integers; one row and 1,024 rows; one thread. All files of a network take
turns in every round, and a figure is the median of the rounds' ratios. Each is called in two ways:

- as users do: ``session.run`` with arrays, or an interpreter's ``set_tensor``, ``invoke`` and
  ``get_tensor``;
- bound: the arrays are known beforehand (``run_with_iobinding``, or ``invoke`` alone), which leaves
  what the runtime itself takes.

Before a file is timed its predictions are held against the reference: in integers to the bit.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from mlp_edge.export import onnx, tflite
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Quantised
from mlp_edge.lazy import quiet
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.reference import predict

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.integer_networks import made
from support.networks import network, readings
from support.quantised_networks import quantised

NETWORKS = {
    "linear": ("relu, a number", network((8, 12, 8, 1), task="regression")),
    "sigmoid": ("relu, a sigmoid", network((8, 12, 8, 1))),
    "softmax": ("relu, a softmax of 3", network((8, 12, 8, 3), task="multiclass")),
    "tanh": ("tanh, a number", network((8, 12, 8, 1), "tanh", "regression")),
    "autoencoder": (
        "the autoencoder's shape",
        network(
            (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640),
            task="regression", standardised=False,
        ),
    ),
}  # fmt: skip
BATCHES = (1, 1024)
EXPORTERS = {"onnxruntime": onnx.EXPORTER, "LiteRT": tflite.EXPORTER}
SHARE = 0.02
"""Processor seconds of a file in a round, roughly."""
Call = Callable[[], object]


def integers_of(name: str, mlp: Mlp, dtype: str) -> Quantised:
    """Calibrated ones; of a large network those that take no time to make."""
    return made(mlp, dtype) if name == "autoencoder" else quantised(mlp, dtype)


def files(name: str, mlp: Mlp) -> Iterator[tuple[str, str, bytes, Quantised | None]]:
    """Runtime, dtype, content, and the integers of those that have any."""
    found = {dtype: integers_of(name, mlp, dtype) for dtype in onnx.EXPORTER.integers}
    for runtime, exporter in EXPORTERS.items():
        with quiet():
            yield runtime, "float32", exporter.export(mlp), None
            for dtype, integers in found.items():
                if dtype in exporter.integers:
                    yield runtime, dtype, exporter.integers[dtype](mlp, integers), integers


def calls(runtime: str, content: bytes, rows: Floats) -> tuple[Call, Call]:
    """What predicts the rows once: as users call it, and bound."""
    if runtime == "LiteRT":
        with quiet():
            interpreter = Interpreter(model_content=content, num_threads=1)
            [given], [output] = interpreter.get_input_details(), interpreter.get_output_details()
            interpreter.resize_tensor_input(given["index"], rows.shape)
            interpreter.allocate_tensors()

        def interpreted() -> object:
            interpreter.set_tensor(given["index"], rows)
            interpreter.invoke()
            return interpreter.get_tensor(output["index"])

        return interpreted, interpreter.invoke
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    [feed], [answer] = session.get_inputs(), session.get_outputs()
    binding = session.io_binding()
    binding.bind_cpu_input(feed.name, rows)
    room = onnxruntime.OrtValue.ortvalue_from_numpy(
        np.empty((len(rows), answer.shape[1]), np.float32)
    )
    binding.bind_ortvalue_output(answer.name, room)
    return (
        lambda: session.run(None, {feed.name: rows})[0],
        lambda: session.run_with_iobinding(binding),
    )


def check(mlp: Mlp, integers: Quantised | None, rows: Floats, got: Floats) -> None:
    """Refuse to time a file whose predictions are not those of the model."""
    if integers is None:
        assert np.allclose(got, predict(mlp, rows), rtol=1e-3, atol=1e-3)
    else:
        assert np.array_equal(got, predict_quantised(mlp, integers, rows))


def seconds(call: Call, times: int) -> float:
    """Processor seconds of one call."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times


def measured(every: list[Call], rounds: int) -> Floats:
    """Processor seconds (rounds, calls); in each round all of them take turns."""
    times = []
    for call in every:
        seconds(call, 5)  # the first ones are slower
        times.append(max(3, int(SHARE / max(seconds(call, 20), 1e-7))))
    return np.array(
        [[seconds(*each) for each in zip(every, times, strict=True)] for _ in range(rounds)]
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    print("| network | runtime | dtype | bytes | one row, µs | times | bound | times | 1,024 rows, "
          "µs | times | bound | times |\n|" + 12 * "---|")  # fmt: skip
    for name in options.only:
        about, mlp = NETWORKS[name]
        every, labels = [], []
        for runtime, dtype, content, integers in files(name, mlp):
            labels.append((runtime, dtype, len(content)))
            for batch in BATCHES:
                rows = readings(mlp, batch)
                pair = calls(runtime, content, rows)
                check(mlp, integers, rows, pair[0]())
                every += pair
        shape = (options.rounds, len(labels), 2 * len(BATCHES))
        found = measured(every, options.rounds).reshape(shape)
        for number, (runtime, dtype, size) in enumerate(labels):
            alike = [each[:2] for each in labels].index((runtime, "float32"))
            ratios = np.median(found[:, number] / found[:, alike], axis=0)
            spent = np.median(found[:, number], axis=0) * 1e6
            cells = " | ".join(
                f"{used:,.1f} | {ratio:.2f}" for used, ratio in zip(spent, ratios, strict=True)
            )
            print(f"| {about} | {runtime} | {dtype} | {size:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
