"""Whether the header's activations ever fall from one float32 to a later one: all are tried.

    .venv/bin/python benchmarks/every_float.py [--every N] [--of tanh ...]

``mlp_edge.proof.monotone`` says of which activations headers and scripts are monotone to the bit.
Here each is exported alone, compiled, and asked for every Nth finite float32 from the lowest up.
Printed is at how many it gives less than at one before, and the deepest fall, also relatively.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from mlp_edge.mlp import MONOTONE_ACTIVATIONS, Floats, Predict
from mlp_edge.runtime.c import RUNTIME

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "core"))
from support.networks import bare
from test_accuracy import running

CHUNK = 2**22
INFINITY = 0x7F800000


def ascending(every: int) -> Iterator[Floats]:
    """Finite numbers in chunks, the lowest first."""
    for start in range(-INFINITY, INFINITY, CHUNK * every):
        places = np.arange(start, min(start + CHUNK * every, INFINITY), every)
        bits = np.where(places < 0, (-1 - places) | 0x80000000, places)
        yield bits.astype(np.uint32).view(np.float32)


def falls(predict: Predict, every: int) -> tuple[int, float, float]:
    """At how many floats less is given than at one before; the deepest fall, and relatively."""
    count, deepest, relative, top = 0, 0.0, 0.0, -np.inf
    for z in ascending(every):
        values = predict(z[:, None])[:, 0].astype(np.float64)
        tops = np.maximum.accumulate(np.concatenate([[top], values]))
        top, tops = tops[-1], tops[:-1]
        lower = values < tops
        if lower.any():
            depth = (tops - values)[lower]
            count += int(lower.sum())
            deepest = max(deepest, float(depth.max()))
            relative = max(relative, float((depth / np.abs(tops[lower])).max()))
    return count, deepest, relative


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument(
        "--of", nargs="+", choices=MONOTONE_ACTIVATIONS, default=MONOTONE_ACTIVATIONS
    )
    options = parser.parse_args()
    print(f"{'activation':13} {'lower at':>12} {'deepest':>10} {'relative':>10}")
    for activation in options.of:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            predict = stack.enter_context(running(bare(activation), RUNTIME, folder))
            count, deepest, relative = falls(predict, options.every)
        print(f"{activation:13} {count:12,} {deepest:10.3g} {relative:10.3g}", flush=True)


if __name__ == "__main__":
    main()
