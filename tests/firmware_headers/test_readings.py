"""The kernels between raw readings and the first layer, each on its own."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.c_compiler import C99, KERNELS, STRICT, including, run

from mlp_edge.export.c import kernels
from mlp_edge.mlp import Floats

INF, NAN = np.float32(np.inf), np.float32(np.nan)
NAMES = ("any_missing", "reject", "fill", "indicate", "one_hot", "scale", "clip")

# Every kind of NaN: quiet and signalling, both signs, the smallest and the largest payload.
NANS = np.array(
    [0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF], np.uint32
).view(np.float32)
NUMBERS = np.array([0, -0.0, 1, -1, 1e-45, -1e-45, 3.4e38, -3.4e38, INF, -INF], np.float32)

SHIM = """
int any_missing(const float *sentinels, size_t count, const float *x);
void reject(float *values, size_t count);
void fill(const float *fills, const float *sentinels, size_t count, const float *x, float *y);
void indicate(const float *sentinels, size_t count, const float *x, float *y);
void one_hot(const float *codes, size_t count, const float *x, float *y);
void scale(const float *mean, const float *reciprocal, size_t count, const float *x, float *y);
void clip(float *values, size_t count, float low, float high);

int any_missing(const float *sentinels, size_t count, const float *x)
{
    return mlp_edge_any_missing(sentinels, count, x);
}
void reject(float *values, size_t count) { mlp_edge_reject(values, count); }
void fill(const float *fills, const float *sentinels, size_t count, const float *x, float *y)
{
    mlp_edge_fill(fills, sentinels, count, x, y);
}
void indicate(const float *sentinels, size_t count, const float *x, float *y)
{
    mlp_edge_indicate(sentinels, count, x, y);
}
void one_hot(const float *codes, size_t count, const float *x, float *y)
{
    mlp_edge_one_hot(codes, count, x, y);
}
void scale(const float *mean, const float *reciprocal, size_t count, const float *x, float *y)
{
    mlp_edge_scale(mean, reciprocal, count, x, y);
}
void clip(float *values, size_t count, float low, float high)
{
    mlp_edge_clip(values, count, low, high);
}
"""

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """``call("fill", fills, None, 2, x, y)``: arrays as pointers, None as NULL."""
    folder = tmp_path_factory.mktemp("readings")
    (folder / "kernels.c").write_text(including(*NAMES) + SHIM)
    run(
        folder, *C99, *STRICT, "-O2", "-ffp-contract=off", f"-I{KERNELS}", "-shared", "-fPIC",
        "kernels.c", "-o", "kernels.so",
    )  # fmt: skip
    library = ctypes.CDLL(str(folder / "kernels.so"))

    def as_c(value: object) -> object:
        if isinstance(value, np.ndarray):
            assert value.dtype == np.float32
            return ctypes.c_void_p(value.ctypes.data)
        return {int: ctypes.c_size_t, float: ctypes.c_float}.get(type(value), lambda v: v)(value)

    return lambda name, *values: library[name](*map(as_c, values))


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


@pytest.mark.parametrize("sentinel", [None, -999.0, 0.0])
def test_any_missing(sentinel: float | None, call: Call) -> None:
    sentinels = None if sentinel is None else floats(-7, sentinel, -7)
    for value in NANS.view(np.uint32).tolist():
        x = floats(1, 2, 3)
        x.view(np.uint32)[1] = value  # as bits: a signalling NaN would not survive a conversion
        assert call("any_missing", sentinels, 3, x) == 1
        assert call("any_missing", sentinels, 1, x) == 0
    for number in NUMBERS:
        expected = sentinel is not None and number == sentinel
        assert call("any_missing", sentinels, 3, floats(1, number, 3)) == expected
    if sentinel is not None:
        assert call("any_missing", sentinels, 3, floats(sentinel - 1, 1, sentinel + 1)) == 0


def test_reject_writes_a_quiet_nan_and_no_further(call: Call) -> None:
    values = floats(1, 2, 3)
    call("reject", values, 2)
    assert values.view(np.uint32).tolist()[:2] == [0x7FC00000, 0x7FC00000]
    assert values[2] == 3


@pytest.mark.parametrize("in_place", [False, True])
def test_fill(in_place: bool, call: Call) -> None:
    x = floats(NAN, 5, -0.0, INF, -999)
    y = x if in_place else np.zeros_like(x)
    call("fill", floats(10, 20, 30, 40, 50), None, 5, x, y)
    assert y.tobytes() == floats(10, 5, -0.0, INF, -999).tobytes()
    x = floats(NAN, 5, -0.0, INF, -999)
    y = x if in_place else np.zeros_like(x)
    call("fill", floats(10, 20, 30, 40, 50), floats(0, 5, 0, 0, -999), 5, x, y)
    assert y.tobytes() == floats(10, 20, 30, INF, 50).tobytes()


def test_indicate(call: Call) -> None:
    x, y = floats(NAN, 5, -0.0, INF, -999), np.full(6, 7, np.float32)
    call("indicate", None, 5, x, y)
    assert y.tolist() == [1, 0, 0, 0, 0, 7]
    call("indicate", floats(0, 5, 0, 0, -998), 5, x, y)
    assert y.tolist() == [1, 1, 1, 0, 0, 7]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (3, [1, 0, 0]), (0, [0, 1, 0]), (-0.0, [0, 1, 0]), (-70000, [0, 0, 1]),
        (1, [0, 0, 0]), (1.5, [0, 0, 0]), (2.9999998, [0, 0, 0]), (INF, [0, 0, 0]),
        (NAN, [0, 0, 0]), (1e-45, [0, 0, 0]),
    ],
)  # fmt: skip
def test_one_hot(reading: float, expected: list[float], call: Call) -> None:
    codes = floats(3, 0, -70000)
    y = np.full(4, 7, np.float32)
    call("one_hot", codes, 3, floats(reading), y)
    assert y.tolist() == [*expected, 7]
    y[0] = reading
    call("one_hot", codes, 3, y, y)  # the reading in the place of its own first input
    assert y.tolist() == [*expected, 7]


def test_scale_in_place(call: Call) -> None:
    x = floats(1, 2, NAN)
    call("scale", floats(3, 4, 5), floats(0.1, 0.3, 1), 3, x, x)
    expected = (floats(1, 2) - floats(3, 4)) * floats(0.1, 0.3)
    assert x[:2].tobytes() == expected.tobytes()
    assert np.isnan(x[2])


def test_clip(call: Call) -> None:
    values = floats(-1, -INF, -0.0, 0.5, 1, 1.0000001, INF, NAN, 9)
    call("clip", values, 8, 0.0, 1.0)
    np.testing.assert_array_equal(values, floats(0, 0, -0.0, 0.5, 1, 1, 1, NAN, 9))
    assert np.signbit(values[2])


@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_says_what_it_is_for(name: str) -> None:
    assert (KERNELS / kernels.path(name)).read_text(encoding="ascii").startswith("/*")
