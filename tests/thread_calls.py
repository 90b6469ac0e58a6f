"""One open model, many threads: every answer is held against that of its own rows, to the bit.

python tests/thread_calls.py 100000 model model/exports/pima.tflite avr:model/exports/pima.h
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

import mlp_edge
from mlp_edge.mlp import Floats

THREADS = 8


@contextmanager
def impatient() -> Iterator[None]:
    """Let the interpreter change threads as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def faults(model: mlp_edge.Predictor, calls: int) -> Counter[str]:
    """What goes wrong in so many calls by ``THREADS`` threads, by kind.

    Each thread has a row of its own and asks for it alone and three times at once, in turns.
    """
    generator = np.random.default_rng(0)
    own = generator.uniform(1, 150, (THREADS, len(model.card.features))).astype(np.float32)
    found: Counter[str] = Counter()

    def work(rows: list[Floats], expected: list[bytes]) -> None:
        for call in range(calls // THREADS):
            try:
                answer = model.predict(rows[call % 2])
            except Exception as error:
                found[f"{type(error).__name__}: {error}"] += 1
            else:
                found["another answer"] += answer.tobytes() != expected[call % 2]

    threads = []
    for row in own:
        rows = [row[None], np.repeat(row[None], 3, axis=0)]
        expected = [model.predict(each).tobytes() for each in rows]
        threads.append(threading.Thread(target=work, args=(rows, expected)))
    with impatient():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return +found


def main() -> None:
    """Count faults for each file; RUNTIME:FILE names what runs it."""
    calls = int(sys.argv[1])
    for name in sys.argv[2:]:
        runtime, _, path = name.rpartition(":")
        with mlp_edge.load(path, runtime or None, trust=True) as model:
            print(f"{name} on {model.runtime}: {calls:,} calls, {dict(faults(model, calls))}")


if __name__ == "__main__":
    main()
