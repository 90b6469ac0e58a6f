"""Kernels of int24 on a simulated AVR, in assembly and in C: the integers of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.avr_programs import HOW, float_table, program, table
from support.c_compiler import including
from support.chips import BY_NAME, require
from support.integer_networks import made
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.export.c import EXPORTER
from mlp_edge.integers import exponential
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Integers
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.reference import predict
from mlp_edge.runtime.chips.avr import CHIP, chip
from mlp_edge.runtime.chips.targets import AVR

every_way = pytest.mark.parametrize("how", HOW)
MOST = 2**24 - 1
EDGES = np.array([0, 1, 255, 256, 65535, 65536, MOST])
SHAPES = [(1, 40), (2, 3), (8, 12), (31, 6), (32, 5), (33, 4), (65, 3), (150, 2)]
"""Inputs and outputs: around the 32 products that are added up before carries are."""


def packed(values: Integers, size: int = 3) -> bytes:
    """Integers as an AVR holds them."""
    return np.asarray(values, "<u4").view(np.uint8).reshape(-1, 4)[:, :size].tobytes()


# Layers


def layer(seed: int, inputs: int, outputs: int) -> IntegerLayer:
    """Random weights or extreme ones, sums up to 2^52, every shift."""
    random = np.random.default_rng(seed)
    limit = min(2**23 - 1, 2**52 // (inputs * MOST + 1))
    weights = random.integers(-limit, limit + 1, (outputs, inputs))
    extreme = [-limit, limit, -1, 1, 0, min(limit, 65535), -min(limit, 65536), 255]
    weights[1::2] = random.choice(extreme, weights[1::2].shape)
    weights[2::5] = -1
    room = 2**52 - np.abs(weights).sum(axis=1) * MOST
    bias = np.trunc(room * random.uniform(-1, 1, outputs) ** 9).astype(np.int64)
    shift = np.where(random.random(outputs) < 0.5, random.integers(1, 48, outputs),
                     random.integers(20, 30, outputs))  # fmt: skip
    high = int(random.choice([MOST, 2**23, 200, random.integers(1, MOST)]))
    return IntegerLayer(weights, bias, np.ones_like(shift), shift, high, 1, np.zeros_like(bias))


LAYERS = [layer(seed, *shape) for seed, shape in enumerate(SHAPES)]
HIGHEST = [2**31 - 1, 2**30, 5, 2**24 + 7]
"""Of outputs of a last layer, which take 4 bytes."""


def written(number: int, one: IntegerLayer, high: int | None) -> str:
    """The tables of a layer, and a function that hands them to the kernel."""
    name, wide = f"LAYER{number}", "" if high is None else "_wide"
    tables = [("WEIGHTS", "mlp_edge_int24", one.weights.ravel()), ("BIAS", "int64_t", one.bias),
              ("SHIFT", "uint8_t", one.shift)]  # fmt: skip
    arguments = ", ".join(f"{name}_{which}" for which, _, _ in tables)
    result = "mlp_edge_uint24" if high is None else "uint32_t"
    return "".join(table(f"{name}_{which}", kind, values) for which, kind, values in tables) + (
        f"static void call{number}(const float *x, float *y)\n{{\n"
        f"    mlp_edge_uint24 u[{one.inputs}];\n    {result} r[{one.outputs}];\n"
        f"    memcpy(u, x, sizeof u);\n"
        f"    mlp_edge_dense_int24{wide}({arguments}, {high or one.high}u{'l' * bool(high)}, "
        f"{one.inputs}, {one.outputs}, u, r);\n    memcpy(y, r, sizeof r);\n}}\n"
    )


def rows(one: IntegerLayer) -> Iterator[Integers]:
    """Inputs: the extremes, those with the extreme sums, zeros among others."""
    random, count = np.random.default_rng(one.inputs), one.inputs
    signs = one.weights[0] > 0
    yield from (np.full(count, MOST), np.where(signs, MOST, 0), np.where(signs, 0, MOST))
    for _ in range(4):
        yield random.integers(0, MOST + 1, count)
        yield random.choice(EDGES, count)
        yield random.integers(0, MOST + 1, count) * random.integers(0, 2, count)
        yield random.integers(0, 2**16, count)


@every_way
def test_layers(how: str, tmp_path: Path) -> None:
    cases = [*((one, None) for one in LAYERS),
             *((one, HIGHEST[n % 4]) for n, one in enumerate(LAYERS[::2]))]  # fmt: skip
    calls = "".join(f"    case {n}: call{n}(x + 1, y); break;\n" for n in range(len(cases)))
    text = including("dense_int24", "dense_int24_wide") + "".join(
        written(number, *case) for number, case in enumerate(cases)
    ) + (
        "static void net_predict(const float *x, float *y)\n{\n    uint8_t which;\n"
        "    memcpy(&which, x, 1);\n    switch (which) {\n"
        f"{calls}    default: break;\n    }}\n}}\n"
    )  # fmt: skip
    with program(tmp_path, text, 1 + 120, 40, *HOW[how]) as run:
        for number, (one, high) in enumerate(cases):
            for row in rows(one):
                sums = one.sums(row)
                found = np.clip((sums + (1 << (one.shift - 1))) >> one.shift, 0, high or one.high)
                wanted = packed(found, 3 if high is None else 4)
                answer = run(number.to_bytes(4, "little") + packed(row))
                assert answer[: len(wanted)] == wanted, (number, row)
                assert set(answer[len(wanted) :]) <= {255}


# Inputs


def features(seed: int, count: int = 24) -> Inputs:
    """Units of any size: a low end that is 0, near 0, or far from it in units of a step."""
    random = np.random.default_rng(seed)
    low = np.array([0, 0, random.normal(0, 100), -random.random(), 21, 0.078, -15,
                    10 ** random.uniform(-44, 38)])  # fmt: skip
    span = np.array([17, 199, 1, 846, 67, 2.4, 10.0 ** random.uniform(-28, 30),
                     10 ** random.uniform(-28, 38)])  # fmt: skip
    high = int(random.choice([MOST, 2**23, MOST - 2, 1000]))
    factor = np.resize(high / span, count).astype(np.float32)
    return Inputs(np.resize(low, count).astype(np.float32), factor, high)


def samples(inputs: Inputs, seed: int) -> Iterator[Floats]:
    """Within the range, half way between integers, around its low end, and anything at all."""
    random, count = np.random.default_rng(seed), len(inputs.low)
    step = 1 / inputs.factor.astype(np.float64)
    odd = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38])
    with np.errstate(over="ignore"):
        for _ in range(60):
            yield (inputs.low + random.uniform(0, inputs.high, count) * step).astype(np.float32)
            middle = random.integers(0, inputs.high, count) + 0.5
            yield (inputs.low + middle * step).astype(np.float32)
            near = inputs.low.view(np.int32) + random.integers(-40, 41, count).astype(np.int32)
            yield near.view(np.float32)
            yield random.integers(0, 2**32, count, dtype=np.uint32).view(np.float32)
            yield random.choice(odd, count).astype(np.float32)


@every_way
@pytest.mark.parametrize("seed", range(3))
def test_inputs(seed: int, how: str, tmp_path: Path) -> None:
    inputs = features(seed)
    count = len(inputs.low)
    text = including("quantise_int24") + (
        float_table("LOW", inputs.low) + float_table("FACTOR", inputs.factor)
    ) + (
        "static void net_predict(const float *x, float *y)\n{\n"
        f"    mlp_edge_uint24 u[{count}];\n"
        f"    mlp_edge_quantise_int24(LOW, FACTOR, {inputs.high}u, {count}, x, u);\n"
        "    memcpy(y, u, sizeof u);\n}\n"
    )  # fmt: skip
    with program(tmp_path, text, count, count, *HOW[how]) as run:
        for row in samples(inputs, seed):
            assert run(row.tobytes())[: 3 * count] == packed(inputs.integers(row)), row.tolist()


# Exponentials


@every_way
def test_exponentials(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    text = (
        including("power_int24") + "static void net_predict(const float *x, float *y)\n{\n"
        "    int32_t value, scaled;\n    mlp_edge_uint24 by = 0;\n    uint32_t power;\n"
        "    memcpy(&value, x, 4);\n    memcpy(&by, x + 1, sizeof by);\n"
        "    scaled = mlp_edge_scaled_int24(value, by);\n    power = mlp_edge_power_int24(by);\n"
        "    memcpy(y, &scaled, 4);\n    memcpy(y + 1, &power, 4);\n}\n"
    )
    ends = np.array([0, 1, -1, 255, -256, 65535, -65536, 2**24, -(2**24), 2**31 - 1, -(2**31)])
    values = np.concatenate([np.repeat(ends, len(EDGES)), random.integers(-(2**31), 2**31, 300)])
    by = np.concatenate([np.tile(EDGES, len(ends)), random.integers(0, MOST + 1, 300)])
    powers = exponential.power(by, 24).mantissa
    with program(tmp_path, text, 2, 2, *HOW[how]) as run:
        for value, factor, power in zip(values, by, powers, strict=True):
            given = np.array([value, factor], "<i4").tobytes()
            wanted = np.array([value * factor >> 24, power], "<i4").tobytes()
            assert run(given) == wanted, (value, factor)


# Predictions


def outputs(seed: int, zero: Integers, octave: int, count: int) -> Iterator[Integers]:
    """Outputs anywhere, and around their zeros, as far as exponentials reach and further."""
    random = np.random.default_rng(seed)
    ends = np.array([0, 1, 2**24, 2**30, 2**31 - 1, 117 << octave, 118 << octave])
    for size in range(3, 31):
        for _ in range(4):
            near = zero + random.integers(-(2**size), 2**size, count)
            yield np.clip(near, 0, 2**31 - 1)
        yield random.integers(0, 2**31, count)
        yield np.clip(random.choice(ends, count), 0, 2**31 - 1)


@every_way
@pytest.mark.parametrize("octave", [16, 20, 24])
def test_sigmoid_and_softmax(octave: int, how: str, tmp_path: Path) -> None:
    zero = np.array([2**30, 5, 2**30, 2**30, 2**30])
    text = including("sigmoid_int24", "softmax_int24") + (
        table("ZERO", "int32_t", zero[:2])
        + "static void net_predict(const float *x, float *y)\n{\n    uint32_t r[5];\n"
        "    memcpy(r, x, sizeof r);\n"
        f"    mlp_edge_sigmoid_int24(ZERO, {octave}, 2, r, y);\n"
        f"    mlp_edge_softmax_int24({octave}, 3, r + 2, y + 2);\n}}\n"
    )
    with program(tmp_path, text, 5, 5, *HOW[how]) as run:
        for row in outputs(octave, zero, octave, 5):
            sigmoids = exponential.sigmoid(row[:2] - zero[:2], octave)
            shares = exponential.softmax(row[None, 2:], octave)[0]
            assert run(packed(row, 4)) == sigmoids.tobytes() + shares.tobytes(), row


@every_way
def test_lines(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    zero = np.array([0, 2**30, 2**31 - 1, 2**30, 2**30, 12345])
    offset = np.array([0, -0.0, 1, -1, 1e-39, random.normal()], np.float32)
    step = np.float32(2) ** np.array([-31, -31, -31, -20, -100, 4], np.float32)
    text = including("dequantise_int24") + (
        float_table("OFFSET", offset) + float_table("STEP", step) + table("ZERO", "int32_t", zero)
    ) + (
        "static void net_predict(const float *x, float *y)\n{\n    uint32_t r[6];\n"
        "    memcpy(r, x, sizeof r);\n"
        "    mlp_edge_dequantise_int24(OFFSET, STEP, ZERO, 6, r, y);\n}\n"
    )  # fmt: skip
    with program(tmp_path, text, 6, 6, *HOW[how]) as run:
        for row in outputs(1, zero, 20, 6):
            wanted = offset + step * (row - zero).astype(np.float32)
            assert run(packed(row, 4)) == wanted.astype(np.float32).tobytes(), row


def tiny(activation: str) -> Mlp:
    """Predictions so small that their steps, 2^31 to a range, would not be normal numbers."""
    mlp = network((3, 4, 2), "relu", "regression")
    *hidden, last = mlp.layers
    least = np.float32(1e-34)
    last = Dense(last.weights * least, last.bias * least, activation)
    return replace(mlp, layers=(*hidden, last))


@pytest.mark.parametrize("activation", ["linear", "softsign"])
def test_tiny_predictions(activation: str, tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    mlp = tiny(activation)
    numbers = quantised(mlp, "int24")
    (tmp_path / "net.h").write_bytes(EXPORTER.integers["int24"](mlp, numbers))
    rows = readings(mlp, 8)
    wanted = predict_quantised(mlp, numbers, rows)
    np.testing.assert_allclose(wanted, predict(mlp, rows), atol=1e-37)
    with CHIP.open(tmp_path / "net.h") as opened:
        assert opened.predict(rows).tobytes() == wanted.tobytes()


# An AVR without a multiplier


def test_an_attiny_has_the_same_bits(tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    tiny = replace(AVR, chip="ATtiny85", flags=("-mmcu=attiny85",), flash=8 * 1024, ram=512)
    mlp = network((3, 4, 2), "relu", "multiclass")
    numbers = made(mlp, "int24")
    (tmp_path / "net.h").write_bytes(EXPORTER.integers["int24"](mlp, numbers))
    rows = readings(mlp, 5)
    with chip(tiny).open(tmp_path / "net.h") as opened:
        assert opened.predict(rows).tobytes() == predict_quantised(mlp, numbers, rows).tobytes()
