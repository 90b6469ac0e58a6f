"""Headers in integers for tests: exported, compiled, and held to the reference."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mlp_edge.card import Card, choose
from mlp_edge.export import c
from mlp_edge.integers import integer_reference
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Floats, Mlp
from support.c_compiler import STRICT, run
from support.header_models import PENGUINS
from support.networks import encoded, network, readings

DTYPES = ("int8", "int16", "int24")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
EXPORT = c.EXPORTER.integers
ODD = (0.0, -0.0, 3.4e38, -3.4e38, 1e30, -1e30, 16777216.0, 8388609.0, np.inf, -np.inf, np.nan)
"""Readings that a conversion to an integer, or a rounding, may stumble over."""
SEVERAL = encoded(PENGUINS, outputs=3, name="several", clip=(-0.25, 0.5))
Both = Callable[[Floats], tuple[Floats, list[int]]]


def compiled(mlp: Mlp, text: bytes, folder: Path, *flags: str) -> Both:
    """Predictions and classes of a header, which may have been compiled in any way."""
    name = mlp.name
    (folder / f"{name}.h").write_bytes(text)
    classify = f"{name}_classify(x + row * {mlp.inputs})" if mlp.labels else "-1"
    (folder / "all.c").write_text(
        f'#include "{name}.h"\nvoid all(const float *x, float *y, int *answers, size_t count);\n'
        "void all(const float *x, float *y, int *answers, size_t count)\n{\n"
        "    for (size_t row = 0; row < count; row++) {\n"
        f"        {name}_predict(x + row * {mlp.inputs}, y + row * {mlp.outputs});\n"
        f"        answers[row] = {classify};\n    }}\n}}\n"
    )
    how = flags or ("-std=c99", "-O2")
    library = f"{len(list(folder.glob('*.so')))}.so"  # one that is loaded stays as it is
    run(folder, "gcc", *how, *STRICT, "-fPIC", "-c", "all.c", "-o", "all.o")
    # Linked with -ffast-math it would have the whole process flush subnormal numbers.
    sanitizers = [flag for flag in how if flag.startswith("-fsanitize")]
    run(folder, "gcc", *sanitizers, "-shared", "all.o", "-o", library)
    function = ctypes.CDLL(str(folder / library)).all

    def both(rows: Floats) -> tuple[Floats, list[int]]:
        given_rows = np.ascontiguousarray(rows, np.float32)
        predictions = np.empty((len(rows), mlp.outputs), np.float32)
        answers = np.empty(len(rows), np.intc)
        arrays = (given_rows, predictions, answers)
        pointers = (ctypes.c_void_p(array.ctypes.data) for array in arrays)
        function(*pointers, ctypes.c_size_t(len(rows)))
        return predictions, answers.tolist()

    return both


def assert_same_bits(got: Floats, wanted: Floats) -> None:
    """The same float32 numbers; every NaN counts as one."""
    nan = np.isnan(wanted)
    np.testing.assert_array_equal(np.isnan(got), nan)
    np.testing.assert_array_equal(got.view(np.uint32)[~nan], wanted.view(np.uint32)[~nan])


def assert_right(mlp: Mlp, numbers: Quantised, rows: Floats, folder: Path, *flags: str) -> None:
    """Predictions are the reference's to the bit, classes those that they stand for."""
    text = EXPORT[numbers.dtype](mlp, numbers)
    predictions, answers = compiled(mlp, text, folder, *flags)(rows)
    wanted = integer_reference.predict_quantised(mlp, numbers, rows)
    assert_same_bits(predictions, wanted)
    if mlp.labels:
        labels = choose(Card.of(mlp), wanted)
        expected = [-1 if label is None else mlp.labels.index(label) for label in labels]
        assert answers == expected


def stress_rows(mlp: Mlp, seed: int = 0) -> Floats:
    """Usual rows, rows far outside, and what arithmetic treats specially, alone and together."""
    random = np.random.default_rng(seed)
    usual = readings(mlp, 200, seed)
    single = np.repeat(usual[:3], len(ODD) * mlp.inputs, axis=0)
    for row in range(len(single)):
        single[row, row // len(ODD) % mlp.inputs] = ODD[row % len(ODD)]
    special = [*ODD, *(value for f in mlp.features for value in (f.sentinel, f.fill, *f.codes)
                       if value is not None)]  # fmt: skip
    mixed = random.choice(np.array(special, np.float32), (100, mlp.inputs))
    return np.concatenate([usual, usual * np.float32(30), single, mixed]).astype(np.float32)


def models() -> dict[str, Mlp]:
    """One per hidden activation, per task, and one with everything that can precede a layer."""
    every = {name: network((4, 7, 5, 2), name, "regression") for name in HIDDEN_ACTIVATIONS}
    every["binary"] = network((8, 12, 8, 1))
    every["multiclass"] = network((4, 10, 10, 3), "tanh", task="multiclass")
    every["several"] = SEVERAL
    every["one layer"] = network((3, 1), standardised=False)
    return every


MODELS = models()
