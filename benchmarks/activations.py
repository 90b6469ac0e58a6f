"""How exact every runtime's activations are, beside what mlp_edge.proof.accuracy states.

    .venv/bin/python benchmarks/activations.py [--every N] [--densely M] [--only keras ...]
        [--of tanh ...]

Each activation alone is a network that is exported as any other, opened and asked for every Nth
float32, for every Mth of those from 2^-14 to 128 in size, and in batches of 1 to 17, whose ends
other code may compute. It is the last layer, and a hidden one that a runtime might fuse or compile
in another way. The truth is the float64 formula.

Printed is the largest error in units of the stated one and where it is; then, in u = 2^-24, the
largest error relative to the result, and the largest absolute one where |z| <= 20. Of softmax the
exponential is shown, from -87 to -17.4, where it is alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from mlp_edge.mlp import ACTIVATIONS, Floats, Predict
from mlp_edge.reference import Doubles
from mlp_edge.runtime import HOSTED

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "core"))
from support.networks import bare
from test_accuracy import ANY, TABLES, errors, meant, running, share

CHUNK = 2**20
NEAR = 20
SIGN = 0x80000000
BENT = 0x38800000, 0x43000000
"""2^-14 and 128 as bits: where the curves bend."""


@dataclass
class Worst:
    """The largest errors seen of one activation on one runtime.

    Attributes:
        of_stated: in units of the stated error.
        at: z of that.
        of_any: in units of what is stated of whatever runs it.
        relative: in u of the result.
        absolute: in u, where z is at most ``NEAR``.
    """

    of_stated: float = 0
    at: float = 0
    of_any: float = 0
    relative: float = 0
    absolute: float = 0

    def see(self, runtime: str, activation: str, z: Floats, exact: Doubles, off: Doubles) -> None:
        """Take errors into account."""
        used = share(TABLES[runtime][activation], z, exact, off)
        worst = int(np.argmax(used))
        if used[worst] > self.of_stated:
            self.of_stated, self.at = float(used[worst]), float(z[worst])
        self.of_any = max(self.of_any, float(share(ANY[activation], z, exact, off).max()))
        wrong = off > 0
        sizes = np.abs(exact[wrong])
        with np.errstate(divide="ignore"):
            self.relative = max(self.relative, float((off[wrong] / sizes).max(initial=0)))
        near = off[np.abs(z) <= NEAR]
        self.absolute = max(self.absolute, float(near.max(initial=0)))


def sweep(every: int, densely: int) -> Iterator[Floats]:
    """Finite numbers in chunks, by their bits."""
    low, high = BENT
    rows = ((0, 2**32, every), (low, high, densely), (SIGN + low, SIGN + high, densely))
    for start, end, step in rows:
        for first in range(start, end, CHUNK * step):
            bits = np.arange(first, min(first + CHUNK * step, end), step, dtype=np.uint64)
            z = bits.astype(np.uint32).view(np.float32)
            yield z[np.isfinite(z)]


def small_batches() -> Iterator[Floats]:
    """1 to 17 numbers at a time, of the size that sums of a network have."""
    random = np.random.default_rng(0)
    for size in range(1, 18):
        for _ in range(20):
            yield random.uniform(-12, 12, size).astype(np.float32)
            yield -random.uniform(18, 87, size).astype(np.float32)


def measure(
    activation: str, runs: list[tuple[str, Predict]], every: int, densely: int
) -> dict[str, Worst]:
    """The worst of an activation by the runtime's name; see ``sweep``.

    Args:
        activation: its name.
        runs: runtimes by name, each perhaps several times.
        every: distance in bits of the floats that are tried.
        densely: the same where the curves bend.
    """
    found = {name: Worst() for name, _ in runs}
    for numbers in chain(sweep(every, densely), small_batches()):
        z, exact = meant(activation, numbers)
        if not len(z):
            continue
        for name, run in runs:
            found[name].see(name, activation, z, exact, errors(z, exact, run))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--every", type=int, default=257)
    parser.add_argument("--densely", type=int, default=31, help="1 tries all")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--of", nargs="+", choices=ACTIVATIONS, default=ACTIVATIONS)
    options = parser.parse_args()
    runtimes = [runtime for runtime in HOSTED if runtime.name in options.only]
    for runtime in runtimes:
        if runtime.missing():
            sys.exit(f"{runtime.name}: {runtime.missing()}")
    print(f"{'activation':13} {'runtime':12} {'of stated':>9} {'at':>15} {'of any':>7} "
          f"{'relative':>9} {'absolute':>9}")  # fmt: skip
    for activation in options.of:
        with ExitStack() as stack:
            runs = []
            for runtime in runtimes:
                for hidden in (False, True):
                    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    run = stack.enter_context(running(bare(activation, hidden), runtime, folder))
                    runs.append((runtime.name, run))
            found = measure(activation, runs, options.every, options.densely)
            for name, worst in found.items():
                print(f"{activation:13} {name:12} {worst.of_stated:9.3f} {worst.at:15.9g} "
                      f"{worst.of_any:7.3f} {worst.relative:9.4g} {worst.absolute:9.4f}",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
