"""How exact each runtime's activations are: what ``mlp_edge.proof.bound`` takes on trust.

Stated for every finite float32 z whose phi(z) is a float32 number, phi being the formula of
``mlp_edge.reference``; of exponential and rsqrt as far as ``mlp_edge.proof.slopes`` says:

    |computed(z) - phi(z)| <= u (relative |phi(z)| + linear |z| + product |z phi(z)| + absolute)
                              + 2^-124, u = 2^-24

2^-124 is for results below the smallest normal numbers, which may be flushed to 0. Of softmax the
exponential alone is stated, for arguments from -87 to 0; its subtraction, sum and quotient follow
from their formulas.

KERNELS is ours and the same bits everywhere: the largest error over every float32 from 2^-14 to
128, both signs, and every 61st beyond, rounded up. Other people's code has a kernel for each
instruction set: stated is 1.5 times the largest error that was measured of any, or what is proved
from the roundings of a formula, where it says so. Measured means every float32 from 2^-8 to 32,
both signs, and every 257th beyond (benchmarks/activations.py) on a CPU with AVX2 and FMA, and a
million of them for other CPUs; of gelu_tanh, mish, exponential and rsqrt every 11th or 23rd on a
CPU with AVX-512, in strangers' operators too (Gelu, Mish, RSQRT, EXP). Which share is relative and
which absolute, is chosen for the least bound where z is of the size that sums in a network have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracy:
    """The error of one implementation of an activation, in units of u = 2^-24.

    Attributes:
        relative: per |phi(z)|. An ulp of a result is between 1 and 2 of it.
        linear: per |z|, where a formula cancels in proportion to z.
        absolute: whatever z is.
        product: per |z phi(z)|, where an exponential's argument is itself rounded.
    """

    relative: float
    linear: float = 0.0
    absolute: float = 0.0
    product: float = 0.0


_EXACT = Accuracy(0)
_LEAKY = Accuracy(1.25)
"""Proved: the slope 0.2 is off by u / 4, the product is rounded."""
_QUOTIENT = Accuracy(2)
"""Proved: a sum and its quotient, each rounded: z / (1 + |z|), (z + 3) / 6."""
_ROUNDED = Accuracy(1)
"""Proved: one product, rounded: z z."""
_SIXTH = Accuracy(2.5)
"""Proved: z + 3 is rounded, 1 / 6 is off by u / 2, their product is rounded."""

# Keras, op by op on TensorFlow: Eigen's GenericPacketMathFunctions.h, by AVX on every x86 CPU. Its
# merge requests state: logistic 4.5 ulp (780), erfc 5 ulp (1732), tanh "up to 6 ulp" (2082, which
# mends that later). Measured too with oneDNN, whose kernels CPUs with AVX-512 VNNI take.
EIGEN: Mapping[str, Accuracy] = {
    "linear": _EXACT,
    "relu": _EXACT,
    "leaky_relu": _LEAKY,
    "elu": Accuracy(0, absolute=1.75),  # e^z - 1
    "selu": Accuracy(1.6, absolute=3.1),  # the same, scaled; above 0 a product, proved
    "gelu": Accuracy(1.9, absolute=2.4),  # z erfc(-z / sqrt 2) / 2
    "gelu_tanh": Accuracy(1.05, linear=4.35, absolute=0.15),  # z (1 + tanh) / 2: 0 below -4.9
    "silu": Accuracy(3.2, absolute=2.2),  # z logistic(z)
    "mish": Accuracy(7.1, linear=2.4),  # z tanh(softplus(z)); fused by oneDNN, 0 below -16.6
    "softplus": Accuracy(6, absolute=0.9),  # log1p(e^z); z above 13.9, e^z below -13.9
    "softsign": _QUOTIENT,
    "tanh": Accuracy(9.25),  # a rational function, worst where it nears 1: 6.14
    "sigmoid": Accuracy(0.5, absolute=3.7),
    "hard_sigmoid": _QUOTIENT,
    "exponential": Accuracy(3),
    "square": _ROUNDED,
    "rsqrt": Accuracy(4.8),
    "softmax": Accuracy(8),  # oneDNN's e^z: 5.3; Eigen's: 4.0
}

# LiteRT: XNNPACK's f32-v* kernels, or its own where XNNPACK is left out (Eigen's; expm1 of the C
# library). XNNPACK's tests allow a sigmoid 2 u, absolute or relative, a tanh 8 u, a gelu 20 u.
# Measured too on emulated CPUs with SSE4 alone and with AVX; the kernels of NEON and AVX-512 that
# differ (elu, sigmoid, NEON's softmax) were replayed in NumPy.
LITERT: Mapping[str, Accuracy] = {
    "linear": _EXACT,
    "relu": _EXACT,
    "leaky_relu": _LEAKY,
    "elu": Accuracy(0, absolute=1.8),  # worst by a table of 16 powers (SSE, NEON)
    "selu": Accuracy(1.6, absolute=3.8),  # e^z - 1, scaled; above 0 a product, proved
    "gelu": Accuracy(0.9, linear=4.7),  # z (1 + erf) / 2, erf a rational function: 0 below -5.2
    "gelu_tanh": Accuracy(1, linear=4.25),  # its GELU; z sigmoid(2 y), as we write it, is nearer
    "silu": Accuracy(3.2, absolute=2.2),  # z sigmoid(z)
    "mish": Accuracy(3.15, absolute=1.5),  # from e^z, as export/graph.py writes it
    "softplus": Accuracy(1.8, absolute=4.9),  # max(z, 0) + log(1 + e^-|z|), as export/tflite.py
    "softsign": _QUOTIENT,
    "tanh": Accuracy(9.25),  # Eigen's; XNNPACK's: 5.3
    "sigmoid": Accuracy(0.5, absolute=3.7),  # Eigen's
    "hard_sigmoid": _SIXTH,
    "exponential": Accuracy(7, product=1.8),  # (e^(z / 2))^2; XNNPACK rounds z / ln 2
    "square": _ROUNDED,
    "rsqrt": Accuracy(3),
    "softmax": Accuracy(7.1),  # NEON's e^z, which takes ln 2 as one number: 4.7
}

# onnxruntime: its MLAS (logistic.cpp, tanh.cpp, erf.cpp, compute.cpp), which states no error, and
# Eigen for the rest (activations.h). Measured too on emulated CPUs with SSE4 alone and with AVX; by
# their source the kernels of AVX-512 and ARM do the arithmetic of FMA3.
MLAS: Mapping[str, Accuracy] = {
    "linear": _EXACT,
    "relu": _EXACT,
    "leaky_relu": _LEAKY,
    "elu": Accuracy(0, absolute=1.75),  # e^z - 1
    "selu": Accuracy(1.6, absolute=3.1),  # the same, scaled; above 0 a product, proved
    "gelu": Accuracy(2, linear=0.5, absolute=0.8),  # z (1 + erf) / 2: 0 below -5.5
    "gelu_tanh": Accuracy(1, linear=4),  # its Gelu; z / (1 + e^-2y), as we write it, is nearer
    "silu": Accuracy(3, absolute=0.25),  # z / (1 + e^-z), as export/onnx.py writes it
    "mish": Accuracy(7.75, absolute=1.3),  # its Mish; from e^z, as we write it, is nearer
    "softplus": Accuracy(1.1, absolute=3.4),  # z + log(1 + e^-z), log(1 + e^z)
    # Proved: z (1 / (1 + |z|)), whose reciprocal is subnormal beyond 2^126.
    "softsign": Accuracy(3, linear=2.0**-126),
    "tanh": Accuracy(8.25),
    "sigmoid": Accuracy(0.5, absolute=4.7),  # 1/2 + a rational function, clamped at -18 and 18
    "hard_sigmoid": _SIXTH,
    "exponential": Accuracy(2.5),  # worst without FMA: 1.6
    "square": _ROUNDED,
    "rsqrt": Accuracy(2.25),  # a root and its reciprocal
    "softmax": Accuracy(2.5),  # worst without FMA: 1.5
}

# firmware_headers/, where nothing is fused but in the dense kernel. The absolute shares are larger
# than a silu's or gelu's z e^-87, the most that their flushed exponential loses.
KERNELS: Mapping[str, Accuracy] = {
    "linear": _EXACT,
    "relu": _EXACT,
    "leaky_relu": _LEAKY,
    "elu": Accuracy(0, absolute=0.8),
    "selu": Accuracy(1.6, absolute=1.05),
    "gelu": Accuracy(1.5, absolute=1.8),  # its fit of Phi alone: |z error| <= 8e-8 = 1.34 u
    "gelu_tanh": Accuracy(2.5, absolute=0.55),
    "silu": Accuracy(2.5, absolute=0.3),
    "mish": Accuracy(2.5, absolute=0.65),
    "softplus": Accuracy(1, absolute=2.25),
    "softsign": _QUOTIENT,
    "tanh": Accuracy(2.5, absolute=0.18),
    "sigmoid": Accuracy(1.35, absolute=0.32),
    "hard_sigmoid": Accuracy(1.5),
    "exponential": Accuracy(3.1),
    "square": _ROUNDED,
    "rsqrt": Accuracy(1.65),
    "softmax": Accuracy(1.4),
}


def _largest(*stated: Accuracy) -> Accuracy:
    return Accuracy(
        max(one.relative for one in stated),
        max(one.linear for one in stated),
        max(one.absolute for one in stated),
        max(one.product for one in stated),
    )


_TABLES = EIGEN, LITERT, MLAS, KERNELS

ANY: Mapping[str, Accuracy] = {
    name: _largest(*(table[name] for table in _TABLES)) for name in KERNELS
} | {
    # Stated apart: the runtimes err in different ways, and one that covers them all is less.
    "gelu": Accuracy(0.9, linear=4.7),
    "gelu_tanh": Accuracy(1.05, linear=4.35, absolute=0.15),
    "mish": Accuracy(7.1, linear=2.4),
    "sigmoid": Accuracy(0.5, absolute=4.7),
}
"""Whatever runs it."""
