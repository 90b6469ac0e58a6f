"""Each activation kernel against its float64 formula, over the whole range of float32."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, KERNELS, STRICT, including, run

from mlp_edge import reference
from mlp_edge.export.c.kernels import every_kernel
from mlp_edge.mlp import SCALAR_ACTIVATIONS, Floats

SCALAR = [name for name in SCALAR_ACTIVATIONS if name != "linear"]

# Largest |error| / max(1, |expected|), as docs/reference/header.md promises it.
BOUNDS = {
    "relu": 0, "leaky_relu": 8e-8, "elu": 6e-8, "selu": 2e-7, "gelu": 2e-7, "gelu_tanh": 2e-7,
    "silu": 2e-7, "mish": 2e-7, "softplus": 2e-7, "softsign": 1e-7, "tanh": 2e-7, "sigmoid": 1e-7,
    "hard_sigmoid": 7e-8, "exponential": 2e-7, "square": 7e-8, "rsqrt": 1e-7,
}  # fmt: skip

INF, NAN = np.inf, np.nan
# What -infinity, infinity, -0 and NaN give.
SPECIAL = {
    "relu": (0, INF, 0, NAN), "leaky_relu": (-INF, INF, 0, NAN), "elu": (-1, INF, 0, NAN),
    "selu": (-1.7580993, INF, 0, NAN), "gelu": (NAN, INF, 0, NAN),
    "gelu_tanh": (NAN, INF, 0, NAN), "silu": (NAN, INF, 0, NAN), "mish": (NAN, INF, 0, NAN),
    "softplus": (0, INF, 0.6931472, NAN), "softsign": (NAN, NAN, 0, NAN), "tanh": (-1, 1, 0, NAN),
    "sigmoid": (0, 1, 0.5, NAN), "hard_sigmoid": (0, 1, 0.5, NAN), "exponential": (0, INF, 1, NAN),
    "square": (INF, INF, 0, NAN), "rsqrt": (NAN, 0, -INF, NAN),
}  # fmt: skip

Kernel = Callable[[Floats], Floats]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kernel]:
    folder = tmp_path_factory.mktemp("kernels")
    names = [*SCALAR, "softmax"]
    (folder / "kernels.c").write_text(
        including(*names)
        + "".join(
            f"void {name}_(float *values, size_t count);\n"
            f"void {name}_(float *values, size_t count) {{ mlp_edge_{name}(values, count); }}\n"
            for name in names
        )
    )
    run(
        folder, *C99, *STRICT, "-O2", "-ffp-contract=off", f"-I{KERNELS}", "-shared", "-fPIC",
        "kernels.c", "-o", "kernels.so",
    )  # fmt: skip
    library = ctypes.CDLL(str(folder / "kernels.so"))

    def kernel(name: str) -> Kernel:
        function = library[f"{name}_"]
        function.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

        def call(values: Floats) -> Floats:
            result = values.astype(np.float32)
            function(result.ctypes.data, result.size)
            return result

        return call

    return {name: kernel(name) for name in names}


def sweep() -> Floats:
    """Finite numbers of every size, both signs, subnormals too, and densely where curves bend."""
    bits = np.arange(0, 2**32, 19_997, dtype=np.uint64).astype(np.uint32)
    dense = np.linspace(-20, 20, 200_001, dtype=np.float32)
    edges = np.array(
        [-87, 87, -43.5, 43.5, -0.34657359, 3, -3, 3.4e38, -3.4e38, 1e-45, -1e-45, 0], np.float32
    )
    near = [np.nextafter(edges, np.float32(to)) for to in (-INF, INF)]
    values = np.concatenate([bits.view(np.float32), dense, edges, *near])
    finite: Floats = values[np.isfinite(values)]
    return finite


def test_every_activation_has_a_kernel() -> None:
    for name in SCALAR:
        assert (KERNELS / "activations" / f"{name}.h").is_file()
    assert BOUNDS.keys() == SPECIAL.keys() == set(SCALAR)


def test_no_two_kernels_share_a_name() -> None:
    """They are called by name, whatever folder their file is in."""
    files = [path for path in KERNELS.rglob("*.h") if path.parent.name not in ("avr", "cortex")]
    assert len({path.stem for path in files}) == len(files)


@pytest.mark.parametrize("name", [name for name in every_kernel() if "/" not in name])
@pytest.mark.parametrize("language", [C99, CPP11], ids=["c99", "c++11"])
def test_every_kernel_compiles_alone(name: str, language: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "one.c").write_text(f"{including(name)}typedef int not_empty;\n")
    run(tmp_path, *language, *STRICT, "-Wundef", f"-I{KERNELS}", "-fsyntax-only", "one.c")


@pytest.mark.parametrize("name", SCALAR)
def test_accuracy(name: str, kernels: dict[str, Kernel]) -> None:
    x = sweep()
    x = x[x >= 2.0**-126] if name == "rsqrt" else x
    with np.errstate(over="ignore"):
        expected = reference.FORMULAS[name](x.astype(np.float64))
        got = kernels[name](x).astype(np.float64)
    finite = np.abs(expected) < 3.4e38  # rounding decides what the last few become
    assert np.isinf(got[np.abs(expected) > 3.41e38]).all()
    got, expected = got[finite], expected[finite]
    error = np.abs(got - expected) / np.maximum(1, np.abs(expected))
    worst = int(np.argmax(error))
    assert error[worst] <= BOUNDS[name], f"{error[worst]:.3g} at {x[finite][worst]!r}"


@pytest.mark.parametrize("name", SCALAR)
def test_infinities_zero_and_nan(name: str, kernels: dict[str, Kernel]) -> None:
    got = kernels[name](np.array([-INF, INF, -0.0, NAN], np.float32))
    np.testing.assert_allclose(got, np.array(SPECIAL[name], np.float32), rtol=1e-7)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "elu", "selu"])
def test_rising_where_the_function_rises(name: str, kernels: dict[str, Kernel]) -> None:
    x = np.linspace(-90, 90, 1_000_001).astype(np.float32)
    steps = np.diff(kernels[name](x).astype(np.float64))
    # A step down by one unit in the last place is all that rounding may cause.
    assert steps.min() >= -4e-7 * max(1, float(np.abs(x).max()) if name == "softplus" else 1)


@pytest.mark.parametrize("scale", [1, 50, 1e30])
@pytest.mark.parametrize("width", [1, 2, 10, 500])
def test_softmax(width: int, scale: float, kernels: dict[str, Kernel]) -> None:
    for seed in range(20):
        z = (np.random.default_rng(seed).normal(size=(1, width)) * scale).astype(np.float32)
        expected = reference.FORMULAS["softmax"](z.astype(np.float64))[0]
        got = kernels["softmax"](z[0])
        assert np.abs(got - expected).max() <= 4e-7
        assert abs(float(got.astype(np.float64).sum()) - 1) <= 4e-6


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_softmax_does_not_hide_a_bad_value(
    place: int, bad: float, kernels: dict[str, Kernel]
) -> None:
    z = np.array([1, 2, 3], np.float32)
    z[place] = bad
    assert np.isnan(kernels["softmax"](z)[place])
