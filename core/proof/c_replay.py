"""What an exported header computes, replayed in NumPy float32, operation by operation.

The order of the sums and of every activation is the one of firmware_headers/, so the results are
those of a device bit for bit: where nothing is fused, or, with ``fused``, where the dense kernel
fuses and nothing else does (docs/reference/header.md). The expected predictions of a header's
self-test come from here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.walk import heads_of, walk

_F = np.float32
_SHIFT = _F(12582912)


def replay(mlp: Mlp, rows: Floats, fused: bool = False) -> Floats:
    """What NAME_predict gives, (n, outputs) float32, for raw readings (n, inputs).

    Args:
        mlp: the network.
        rows: raw readings, float32.
        fused: as on a chip whose dense kernel multiplies and adds in one rounding.
    """
    x = mlp.encoding.encode(rows)
    numbers = len(mlp.encoding.numbers)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        if mlp.scaling is not None:
            centred = x[:, :numbers] - mlp.scaling.mean[:numbers]
            x[:, :numbers] = centred * mlp.scaling.reciprocal[:numbers]

        def step(layer: Dense, given: Floats, gate: Floats | None) -> Floats:
            value = KERNELS[layer.activation](_sums(layer, given, fused))
            return value if gate is None else value * gate

        x = heads_of(mlp.layers, mlp.heads, walk(mlp.layers, x, step))
        if mlp.clip is not None:
            low, high = _F(mlp.clip[0]), _F(mlp.clip[1])
            x = np.where(x < low, low, np.where(x > high, high, x))
    x[mlp.encoding.rejected(rows)] = np.nan
    return x


def _sums(layer: Dense, x: Floats, fused: bool) -> Floats:
    """The pre-activations: bias first, then the products in the order of the inputs."""
    factors, columns = layer.weights.T, x.T[:, :, None]
    if layer.diagonals is not None:  # the zeros beside them are left out, and a bias of zeros is
        factors, columns = layer.diagonals, x.reshape(len(x), -1, layer.outputs).swapaxes(0, 1)
        if not layer.bias.any():
            return _added(factors[0] * columns[0], factors[1:], columns[1:], fused)
    return _added(np.repeat(layer.bias[None], len(x), axis=0), factors, columns, fused)


def _added(sums: Floats, factors: Floats, columns: Floats, fused: bool) -> Floats:
    for weights, column in zip(factors, columns, strict=True):
        sums = fma(weights, column, sums) if fused else sums + weights * column
    return sums


def fma(a: Floats, b: Floats, c: Floats) -> Floats:
    """The sum of c and a * b in float32, rounded once."""
    product = a.astype(np.float64) * b  # exact: 24 digits by 24 fit into 53
    total = product + c
    # What the addition lost (Knuth's two-sum). Where it lost something, the last digit is made
    # odd: rounding to float32 then sees that the number lies beside the tie, not on it.
    part = total - product
    lost = (product - (total - part)) + (c - part)
    inexact = (lost != 0) & np.isfinite(total)
    even = (np.ascontiguousarray(total).view(np.int64) & 1) == 0
    nudged = np.nextafter(total, np.where(lost > 0, np.inf, -np.inf))
    return np.asarray(np.where(inexact & even, nudged, total).astype(np.float32))


# The activations, as their files in firmware_headers/ write them


def _either(
    question: NDArray[np.bool_], yes: Floats | np.float32, no: Floats | np.float32
) -> Floats:
    return np.asarray(np.where(question, yes, no), np.float32)


def _polynomial(x: Floats, *coefficients: float) -> Floats:
    """Horner's scheme, the coefficient of the highest power first."""
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + _F(coefficient)
    return result


def _expm1_near_zero(r: Floats) -> Floats:
    p = _polynomial(r, 1.39466696e-3, 8.36671051e-3, 4.16662805e-2, 1.6666542e-1, 0.5)
    return r + r * r * p


def _exp(x: Floats) -> Floats:
    inside = _either(x >= _F(-87), x, _F(0))
    whole = (inside * _F(1.44269502) + _SHIFT) - _SHIFT
    r = (inside - whole * _F(0.693359375)) + whole * _F(2.12194441e-4)
    powers = np.ldexp(_F(1), whole.astype(np.int32)) * (_F(1) + _expm1_near_zero(r))
    return _either(x >= _F(-87), powers, _either(x < 0, _F(0), x))


def _expm1(x: Floats) -> Floats:
    return _either(x > _F(-0.34657359), _expm1_near_zero(x), _exp(x) - _F(1))


def _logistic(x: Floats) -> Floats:
    power = _exp(_either(x < 0, x, -x))
    return _either(x < 0, power, _F(1)) / (_F(1) + power)


def _tanh(x: Floats) -> Floats:
    t = _expm1(_either(x < 0, _F(2) * x, _F(-2) * x))
    return _either(x < 0, t, -t) / (_F(2) + t)


def _gelu(x: Floats) -> Floats:
    q = _polynomial(
        _either(x < 0, -x, x),
        3.00635861e-7,
        -5.3854319e-6,
        1.48576137e-5,
        3.96425137e-4,
        -5.32449502e-3,
        3.67084332e-2,
        3.18184823e-1,
        7.97900081e-1,
        6.93146884e-1,
    )
    tail = _exp(-q)
    return x * _either(x < 0, tail, _F(1) - tail)


def _log1p(u: Floats) -> Floats:
    s = u / (_F(2) + u)
    square = s * s
    p = _polynomial(square, 2.80312747e-1, 2.79978633e-1, 4.00217712e-1, 6.66664124e-1)
    return np.asarray(s * (_F(2) + square * p))


def _softplus(x: Floats) -> Floats:
    return _either(x > 0, x, _F(0)) + _log1p(_exp(_either(x > 0, -x, x)))


def _mish(x: Floats) -> Floats:
    t = _exp(_either(x < 0, x, -x))
    share = _either(x < 0, t * (t + _F(2)), _F(1) + _F(2) * t)
    return np.asarray(x * (share / (share + _either(x < 0, _F(2), _F(2) * t * t))))


def _exponential(x: Floats) -> Floats:
    large = x >= _F(64)
    below = _exp(_either(x < 0, x, _either(large, _F(16) - x, -x)))
    return _either(x < 0, below, _either(large, _F(8886110.5), _F(1)) / below)


def _rsqrt(x: Floats) -> Floats:
    bits = np.ascontiguousarray(x).view(np.uint32)
    y: Floats = (np.uint32(0x5F375A86) - (bits >> np.uint32(1))).view(np.float32)
    for _ in range(3):
        y = np.asarray(y + y * (_F(0.5) - x * y * (_F(0.5) * y)), _F)
    small = np.abs(x) < _F(2.0**-126)
    y = _either(small, np.copysign(_F(np.inf), x), _either(x < 0, _F(np.nan), y))
    return _either(x == np.inf, _F(0), y)


def _softmax(x: Floats) -> Floats:
    largest: Floats = x[:, 0]
    for column in x.T[1:]:
        largest = _either(column > largest, column, largest)
    powers = _exp(x - largest[:, None])
    total: Floats = np.zeros_like(largest)
    for column in powers.T:
        total = total + column
    return np.asarray(powers / total[:, None])


KERNELS: dict[str, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "relu": lambda x: _either(x <= 0, _F(0), x),
    "leaky_relu": lambda x: _either(x >= 0, x, _F(0.2) * x),
    "elu": lambda x: _either(x < 0, _expm1(x), x),
    "selu": lambda x: _either(x < 0, _F(1.75809934) * _expm1(x), _F(1.05070098) * x),
    "gelu": _gelu,
    "gelu_tanh": lambda x: x * _logistic(x * (_F(1.59576912) + _F(7.13548163e-2) * (x * x))),
    "silu": lambda x: x * _logistic(x),
    "mish": _mish,
    "softplus": _softplus,
    "softsign": lambda x: x / (_F(1) + _either(x < 0, -x, x)),
    "tanh": _tanh,
    "sigmoid": _logistic,
    "hard_sigmoid": lambda x: _either(
        x < _F(-3), _F(0), _either(x > _F(3), _F(1), (x + _F(3)) / _F(6))
    ),
    "exponential": _exponential,
    "square": lambda x: x * x,
    "rsqrt": _rsqrt,
    "softmax": _softmax,
}
"""By the activation's name: z (n, width) in, activation(z) out."""
