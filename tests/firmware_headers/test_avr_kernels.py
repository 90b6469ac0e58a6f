"""Kernels in assembly on a simulated AVR: the integers of the reference, as the C beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from support.avr_programs import HOW, float_table, program, table
from support.c_compiler import including
from support.chips import BY_NAME, require
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.export.c.integers import export
from mlp_edge.export.c.integers_fours import fours
from mlp_edge.export.c.raw_lines import SHIFTED, line
from mlp_edge.integers.activation_tables import ActivationTable
from mlp_edge.integers.integer_reference import predict_quantised
from mlp_edge.integers.quantised import Inputs, IntegerLayer, Integers
from mlp_edge.mlp import Floats
from mlp_edge.raw_units import EVERY, MISSING, RawUnits
from mlp_edge.runtime.c import read_header
from mlp_edge.runtime.chips.firmware import build

every_way = pytest.mark.parametrize("how", HOW)
Random = np.random.Generator


class Case(NamedTuple):
    """A layer, and how a kernel is called on it."""

    kernel: str
    layer: IntegerLayer
    largest: int
    """Input."""


def requantised(random: Random, reach: Integers, high: int) -> tuple[Integers, Integers]:
    """Multipliers and shifts that make anything from 1 to beyond ``high`` of the highest sums."""
    reach = np.maximum(reach, 1)
    multiplier = random.integers(1, 1024, len(reach)) if high == 255 else np.ones_like(reach)
    if (reach < 2**23).all():
        multiplier = np.minimum(multiplier, (2**32 - 1) // reach)
    wanted = high * 2.0 ** random.uniform(-9, 4, len(reach))
    shift = np.rint(np.log2(reach * multiplier / wanted)).astype(np.int64)
    return multiplier, np.clip(shift, np.maximum(np.log2(multiplier).astype(int) + 1, 1), 31)


def layer(seed: int, shape: tuple[int, int], largest: int, bits: int) -> IntegerLayer:
    """Random weights, with the largest of either sign among them, and sums of either sign.

    Args:
        seed: of what is random.
        shape: inputs and outputs.
        largest: the largest input.
        bits: of a sum, its sign included.
    """
    random = np.random.default_rng(seed)
    inputs, outputs = shape
    high = 32767 if largest == 32767 else 255
    most = 2 ** (bits - 1)
    limit = min((most - most // 128) // (inputs * largest), 127 if high == 255 else 32767)
    weights = random.integers(-limit, limit + 1, (outputs, inputs))
    weights[::3] = limit * random.choice([-1, 1], weights[::3].shape)
    weights[1::7] = limit * random.choice([-1, 1], (len(weights[1::7]), 1))
    room = most - 1 - np.abs(weights).sum(axis=1) * largest
    bias = np.int64(room * random.uniform(-1, 1, outputs)) >> random.integers(0, 20, outputs)
    bias[::5] = room[::5] * random.choice([-1, 1], len(room[::5]))
    reach = np.maximum(weights, 0).sum(axis=1) * largest + bias
    multiplier, shift = requantised(random, reach, high)
    return IntegerLayer(weights, bias, multiplier, shift, high, 1, np.zeros_like(bias))


def in_segments(one: IntegerLayer, segments: int) -> IntegerLayer:
    """The same as a last layer."""
    offset = np.rint(one.high * 2.0**one.shift / one.multiplier)
    offset = np.minimum(offset, 2**30).astype(np.int64)  # no sum gets there
    return replace(one, segments=segments, offset=offset)


SHAPES = [(1, 1), (2, 3), (3, 5), (4, 3), (5, 4), (8, 12), (12, 8), (64, 3), (65, 2), (255, 2),
          (256, 2), (1, 258)]  # fmt: skip
"""Inputs and outputs: around what fits a byte, and what is taken at once."""
VECTOR = {255: "uint8_t", 1020: "uint16_t", 32767: "uint16_t"}
NUMPY = {"uint8_t": np.uint8, "uint16_t": np.uint16}
WIDE = [*SHAPES, (513, 2), (700, 1)]
LAYERS = {
    "dense_int8": [Case("dense_int8", layer(n, shape, 255, 24), 255)
                   for n, shape in enumerate(SHAPES)],
    "dense_int8_from_16": [Case("dense_int8_from_16", layer(n, shape, 1020, 24), 1020)
                           for n, shape in enumerate(SHAPES)],
    "dense_int8_wide": [Case("dense_int8_wide", layer(n, shape, 255, 32), 255)
                        for n, shape in enumerate(WIDE)],
    "dense_int16": [Case("dense_int16", layer(n, shape, 32767, 32), 32767)
                    for n, shape in enumerate(WIDE[:-1])],
    "segments_int8": [Case("segments_int8", in_segments(layer(n, shape, 255, 24), 1 + n % 5), 255)
                      for n, shape in enumerate(SHAPES)],
}  # fmt: skip


def written(number: int, case: Case) -> str:
    """The tables of a layer, and the lines that call the kernel where it is asked for."""
    one, name, kernel = case.layer, f"LAYER{number}", case.kernel
    kind, given = ("int16_t", "uint16_t") if one.high > 255 else ("int8_t", VECTOR[case.largest])
    segmented = kernel.startswith("segments")
    result = "uint16_t" if segmented else "uint8_t" if one.high == 255 else "uint16_t"
    tables = [("WEIGHTS", kind, one.weights.ravel()), ("BIAS", "int32_t", one.bias),
              ("MULTIPLIER", "uint16_t", one.multiplier), ("SHIFT", "uint8_t", one.shift),
              ("OFFSET", "int32_t", one.offset)]  # fmt: skip
    names = ["WEIGHTS", "BIAS", *(["MULTIPLIER"] if one.high == 255 else []), "SHIFT"]
    settings = [str(one.high)] if one.high > 255 else []
    if segmented:
        names, settings = [*names, "OFFSET"], [str(one.segments)]
    given_tables = [f"{name}_{which}" for which in names]
    arguments = ", ".join([*given_tables, *settings, str(one.inputs), str(one.outputs), "u", "r"])
    return "".join(
        table(f"{name}_{which}", kind, values) for which, kind, values in tables if which in names
    ) + (
        f"static void call{number}(const float *x, float *y)\n{{\n"
        f"    const {given} *const u = (const {given} *)(const void *)x;\n"
        f"    {result} *const r = ({result} *)(void *)y;\n"
        f"    mlp_edge_{kernel}({arguments});\n}}\n"
    )


def expected(case: Case, inputs: Integers) -> bytes:
    """The memory that the kernel leaves."""
    result = case.layer.requantise(case.layer.sums(inputs[None]))[0]
    wide = case.layer.high > 255 or case.kernel.startswith("segments")
    return bytes(result.astype(np.uint16 if wide else np.uint8).tobytes())


def rows(random: Random, case: Case) -> list[Integers]:
    """Inputs of a layer: the extremes, those with the extreme sums, others."""
    count, most = case.layer.inputs, case.largest
    signs = case.layer.weights[0] > 0
    return [
        np.zeros(count, np.int64),
        np.full(count, most),
        np.where(signs, most, 0),
        np.where(signs, 0, most),
        *(random.integers(0, most + 1, count) for _ in range(4)),
        *(random.integers(0, most + 1, count) * random.integers(0, 2, count) for _ in range(4)),
    ]


FOURS = [
    Case("fours_int8", layer(n, shape, largest, 24), largest)
    for largest in (255, 1020)
    for n, shape in enumerate([(1, 4), (2, 8), (8, 12), (12, 8), (33, 16), (255, 4), (1, 256)])
]


def test_layers_in_fours_requantise_in_every_way() -> None:
    kinds = [fours(one)[:, -12:][:, 2::3] for _, one, _ in FOURS]
    assert set(np.concatenate([each.ravel() for each in kinds])) == {0, 1, 2, 4, 6}


@pytest.mark.parametrize("how", [how for how in HOW if how != "in plain C"])
def test_layers_in_fours(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    calls, tables = "", ""
    for number, (_, one, largest) in enumerate(FOURS):
        tables += table(f"FOURS{number}", "int8_t", fours(one).ravel())
        given = f"FOURS{number}, {one.inputs}, {one.outputs // 4}, x + 1, (uint8_t *)(void *)y"
        size = NUMPY[VECTOR[largest]]().itemsize
        calls += (
            f"    case {number}:\n        mlp_edge_avr_fours_int8({given}, {size});\n"
            "        break;\n"
        )
    text = (
        f'#include "read.h"\n#include "avr/fours_int8.h"\n{tables}'
        "static inline void net_predict(const float *x, float *y)\n{\n    uint8_t which;\n"
        f"    memcpy(&which, x, 1);\n    switch (which) {{\n{calls}"
        "    default:\n        break;\n    }\n}\n"
    )
    with program(tmp_path, text, 130, 80, *HOW[how]) as call:
        for number, case in enumerate(FOURS):
            for row in rows(random, case):
                kind = NUMPY[VECTOR[case.largest]]
                got = call(bytes([number, 0, 0, 0]) + row.astype(kind).tobytes())
                wanted = expected(case, row)
                assert got.startswith(wanted)
                assert set(got[len(wanted) :]) == {255}  # nothing beyond


@pytest.mark.parametrize("flags", [(), ("-DMLP_EDGE_PLAIN_C",)], ids=["assembly", "plain C"])
def test_headers_have_layers_in_fours(flags: tuple[str, ...], tmp_path: Path) -> None:
    mlp = network((3, 8, 5, 7, 4, 6, 1), task="regression")
    numbers = quantised(mlp)
    path = tmp_path / "net.h"
    path.write_bytes(export(mlp, numbers))
    defined = re.findall(r"^static const .* NET_(LAYER._FOURS)", path.read_text(), re.MULTILINE)
    assert defined == [f"LAYER{n}_FOURS" for n in (1, 3, 4, 5)]  # not of 5 neurons
    rows = readings(mlp, 20)
    chip = require(BY_NAME["avr"])
    target = replace(chip.target, flags=(*chip.target.flags, *flags))
    with chip.start(build(read_header(path), target)) as simulator:
        got = b"".join(simulator.predict(row.tobytes()) for row in rows)
    np.testing.assert_array_equal(
        np.frombuffer(got, np.uint32),
        predict_quantised(mlp, numbers, rows).astype(np.float32).ravel().view(np.uint32),
    )


@every_way
@pytest.mark.parametrize("kernel", LAYERS)
def test_layers(kernel: str, how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    cases = LAYERS[kernel]
    calls = "".join(
        f"    case {n}:\n        call{n}(x + 1, y);\n        break;\n" for n in range(len(cases))
    )
    text = "".join([
        including("read", kernel), *map(written, range(99), cases),
        "static inline void net_predict(const float *x, float *y)\n{\n    uint8_t which;\n"
        "    memcpy(&which, x, 1);\n    switch (which) {\n",
        calls, "    default:\n        break;\n    }\n}\n",
    ])  # fmt: skip
    with program(tmp_path, text, 260, 150, *HOW[how]) as call:
        for number, case in enumerate(cases):
            for row in rows(random, case):
                kind = NUMPY[VECTOR[case.largest]]
                got = call(bytes([number, 0, 0, 0]) + row.astype(kind).tobytes())
                wanted = expected(case, row)
                assert got.startswith(wanted)
                assert set(got[len(wanted) :]) == {255}  # nothing beyond


# From floats to integers, and back

ODD = np.array([0, 1, 0x7FFFFF, 0x800000, 0x3F800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001,
                0x7FC00000, 0x80000000, 0x80000001, 0x807FFFFF, 0x80800000, 0xBF800000,
                0xFF7FFFFF, 0xFF800000, 0xFFC00000], np.uint32).view(np.float32)  # fmt: skip
"""Floats of every kind, with both signs: subnormal, infinite, NaN."""
WIDTH = 16


def near(random: Random, inputs: Inputs) -> Floats:
    """Readings (n, width) that become integers and halves, and those one ulp to either side."""
    halves = random.integers(-2, 2 * inputs.high + 3, (40, len(inputs.low))) / 2
    with np.errstate(over="ignore"):
        readings = (inputs.low + halves / inputs.factor.astype(np.float64)).astype(np.float32)
    ends = np.float32(np.inf) * random.choice([-1, 1], readings.shape).astype(np.float32)
    return np.vstack([readings, np.nextafter(readings, ends)])


def ranges(random: Random, high: int) -> Inputs:
    """Ranges of readings: usual ones, those far from 0, those as large or small as floats are."""
    low = random.uniform(-100, 100, WIDTH) * 10.0 ** random.integers(-3, 4, WIDTH)
    factor = high / (np.abs(low) * 2.0 ** random.integers(-3, 9, WIDTH))
    low[:3] = 0, -0.0, 21
    huge = random.uniform(-3e38, 3e38, WIDTH)
    tiny = np.ldexp(random.uniform(-1, 1, WIDTH), random.integers(-149, -110, WIDTH))
    any_factor = 10.0 ** random.uniform(-30, 30, WIDTH)
    power = np.exp2(np.rint(np.log2(factor)))
    lows = [low, low, np.rint(low), huge, huge, tiny, tiny]
    factors = [factor, power, 0 * factor + 2, 0 * huge + high / 6e38, any_factor, any_factor,
               0 * tiny + 1e30]  # fmt: skip
    return Inputs(np.float32(np.concatenate(lows)), np.float32(np.concatenate(factors)), high)


@every_way
@pytest.mark.parametrize("high", [255, 1020, 32767])
def test_quantise(high: int, how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(high)
    kernel, kind = ("int8", "uint8_t") if high == 255 else ("int16", "uint16_t")
    inputs = ranges(random, high)
    count = len(inputs.low)
    text = (
        including("read", f"quantise_{kernel}")
        + float_table("LOW", inputs.low)
        + float_table("FACTOR", inputs.factor)
        + "static inline void net_predict(const float *x, float *y)\n{\n"
        f"    {kind} u[{count}];\n"
        f"    mlp_edge_quantise_{kernel}(LOW, FACTOR, {high}.0f, {count}, x, u);\n"
        "    memcpy(y, u, sizeof u);\n}\n"
    )
    anything = random.integers(0, 2**32, (20, count), dtype=np.uint32).view(np.float32)
    special = np.tile(ODD[:, None], count)
    readings = np.vstack([near(random, inputs), special, anything, inputs.low[None]])
    with np.errstate(invalid="ignore"):
        wanted = inputs.integers(readings)
    with program(tmp_path, text, count, count, *HOW[how]) as call:
        got = [np.frombuffer(call(row.tobytes()), NUMPY[kind])[:count] for row in readings]
    np.testing.assert_array_equal(got, wanted)


@every_way
@pytest.mark.parametrize("high", [255, 1020, 32767])
def test_quantise_raw(high: int, how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(high)
    kernel, kind = ("int8", "uint8_t") if high == 255 else ("int16", "uint16_t")
    lows, spans = random.uniform(-3000, 3000, WIDTH), random.choice([3, 60, 700, 4000], WIDTH)
    inputs = Inputs(np.float32(lows), np.float32(high / spans), high)
    units = RawUnits(tuple(random.choice([-1.0, 1.0], WIDTH).tolist()), (0.0,) * WIDTH)
    finest = 32 - high.bit_length()
    for shift in (SHIFTED, min(19, finest), finest) if how == "small" else (finest,):
        parts = zip(inputs.low.tolist(), inputs.factor.tolist(), units.scale, strict=True)
        each = [line(low, factor, high, scale, 0.0, shift) for low, factor, scale in parts]
        found = [one for one in each if one is not None]
        count = len(found)
        rows = [f"{{{one.low}, {one.span}, {one.factor}, {one.start}u}}" for one in found]
        text = (
            including("read", "raw_line", f"quantise_raw_{kernel}")
            + table("LINES", "mlp_edge_raw_line", rows)
            + "static inline void net_predict(const float *x, float *y)\n{\n"
            f"    int16_t counts[{count}];\n    {kind} u[{count}];\n"
            "    memcpy(counts, x, sizeof counts);\n"
            f"    mlp_edge_quantise_raw_{kernel}(LINES, {shift - SHIFTED}, {high}, {count}, counts,"
            " u);\n    memcpy(y, u, sizeof u);\n}\n"
        )
        starts, ends = np.array([(one.low, one.low + one.span) for one in found]).T
        beside = [starts, starts - 1, ends, ends + 1, (starts + ends) // 2]
        anything = random.integers(MISSING + 1, -MISSING, (60, count))
        counts = np.vstack([*beside, *(beside[4] + move for move in range(-20, 20)), anything])
        wanted = np.array([one.integers(shift, high) for one in found])
        places = np.clip(counts, MISSING + 1, -MISSING - 1) - EVERY[0]
        with program(tmp_path, text, count, count, *HOW[how]) as call:
            for row in places:
                got = call(EVERY[row].astype("<i2").tobytes())
                listed = [EVERY[at] in one.listed for at, one in zip(row, found, strict=True)]
                expected = wanted[np.arange(count), row] - listed
                np.testing.assert_array_equal(np.frombuffer(got, NUMPY[kind])[:count], expected)


@every_way
def test_dequantise(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    digits = random.integers(129, 256, WIDTH) | 1  # 8 of them: products with 16 bits are exact
    step = np.ldexp(digits.astype(np.float32), random.integers(-30, 10, WIDTH))
    step[:2] = 2.0**-120, 2.0**111
    middle = random.integers(0, 65536, WIDTH)
    ends = np.tile(np.float32([3.4e38, -3.4e38, 1e-45, -1e-45]), WIDTH // 4)
    offsets = [0 * step, -step * middle, np.nextafter(-step * middle, np.float32(0)),
               step * middle * np.float32(1.7), step * 2.0**15, -step * 2.0**-12, ends]  # fmt: skip
    offset, times = np.float32(np.concatenate(offsets)), len(offsets)
    step, middle, count = np.tile(step, times), np.tile(middle, times), times * WIDTH
    text = (
        including("read", "dequantise")
        + float_table("OFFSET", offset)
        + float_table("STEP", step)
        + "static inline void net_predict(const float *x, float *y)\n{\n"
        f"    uint16_t q[{count}];\n    memcpy(q, x, sizeof q);\n"
        f"    mlp_edge_dequantise(OFFSET, STEP, {count}, q, y);\n}}\n"
    )
    rows = [random.integers(0, 65536, count) >> random.integers(0, 16) for _ in range(20)]
    rows += [np.full(count, each) for each in (0, 1, 255, 256, 65535)]
    rows += [middle, np.minimum(middle + 1, 65535), np.maximum(middle - 1, 0)]
    with program(tmp_path, text, count, count, *HOW[how]) as call:
        for row in rows:
            got = np.frombuffer(call(row.astype(np.uint16).tobytes()), np.uint32)
            with np.errstate(over="ignore"):
                wanted = offset + step * row.astype(np.float32)
            np.testing.assert_array_equal(got, wanted.view(np.uint32))


@every_way
def test_interpolate(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    tables = []
    for shift in range(16):
        points = random.integers(0, 65536, (32767 >> shift) % 300 + 2)
        points[:6] = np.array([0, 65535, 0, 1, 65535, 65535])[: len(points)]
        tables.append(ActivationTable(points, shift))
    text = "".join([
        including("read", "interpolate"),
        *(table(f"TABLE{one.shift}", "uint16_t", one.points) for one in tables),
        "static inline void net_predict(const float *x, float *y)\n{\n"
        "    uint16_t values[2], found = 0;\n    memcpy(values, x, sizeof values);\n"
        "    switch (values[0]) {\n",
        *(f"    case {n}:\n        found = mlp_edge_interpolate(TABLE{n}, {n}, values[1]);\n"
          "        break;\n" for n in range(16)),
        "    default:\n        break;\n    }\n    memcpy(y, &found, sizeof found);\n}\n",
    ])  # fmt: skip
    with program(tmp_path, text, 1, 1, *HOW[how]) as call:
        for one in tables:
            end = min(len(one.points) - 1 << one.shift, 65536)
            for x in {0, end - 1, end // 2, *random.integers(0, end, 200).tolist()}:
                got = np.frombuffer(call(np.uint16([one.shift, x]).tobytes()), np.uint16)[0]
                assert got == one.at(np.array([x]))[0]


@every_way
def test_softmax_table(how: str, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    points = np.rint(65535 * np.exp(-np.arange(0, 1022, 2) / 120)).astype(np.int64)
    points[-9:] = 300, 255, 3, 2, 1, 1, 0, 0, 0
    one = ActivationTable(points, 1)
    text = (
        including("read", "softmax_table")
        + table("TABLE", "uint16_t", points)
        + "static inline void net_predict(const float *x, float *y)\n{\n"
        f"    uint16_t logits[{WIDTH}];\n    uint8_t count;\n    memcpy(&count, x, 1);\n"
        "    memcpy(logits, x + 1, sizeof logits);\n"
        "    mlp_edge_softmax_table(TABLE, 1, count, logits, y);\n}\n"
    )
    with program(tmp_path, text, 1 + WIDTH // 2, WIDTH, *HOW[how]) as call:
        for number in range(200):
            count = 1 + number % WIDTH
            logits = random.integers(0, 1020, count) >> random.integers(0, 10)
            powers = one.at(logits.max() - logits)
            given = bytes([count, 0, 0, 0]) + logits.astype(np.uint16).tobytes()
            got = np.frombuffer(call(given), np.float32)[:count]
            wanted = powers.astype(np.float32) / np.float32(powers.sum())
            np.testing.assert_array_equal(got.view(np.uint32), wanted.view(np.uint32))
