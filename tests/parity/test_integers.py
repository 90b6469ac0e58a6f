"""Artifacts in integers: the bits of their numbers or FAIL, and faults of one unit FAIL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.c_compiler import require
from support.chips import BY_NAME
from support.chips import require as require_chip
from support.networks import as_float32, encoded, network, readings, save_keras
from support.quantised_networks import quantised

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export import EXPORTERS, Exporter
from mlp_edge.feature import Feature
from mlp_edge.files.writing import sha256
from mlp_edge.integers.integer_reference import predict_quantised, trace
from mlp_edge.integers.quantised import Inputs, Quantised
from mlp_edge.integers.quantised_file import QuantisationParameters, parameters_name
from mlp_edge.mlp import Floats, Mlp, Predict, Rows
from mlp_edge.parity.diagnose import likely_integer_cause, other_integers
from mlp_edge.parity.entry import Entry
from mlp_edge.parity.integer_faults import IntegerFault, integer_faults, saturated
from mlp_edge.parity.integer_rows import first_value, integer_rows
from mlp_edge.parity.integers import ExpectedBits, compare_bits, same_bits, unproved
from mlp_edge.parity.parity import check
from mlp_edge.parity.result import CHIP_ROWS, ArtifactResult, RealRows, in_integers
from mlp_edge.parity.rows import stress_rows
from mlp_edge.proof.bound import LARGEST
from mlp_edge.proof.declared import inside, ranges
from mlp_edge.proof.golden import golden_integers
from mlp_edge.reference import predict as exact
from mlp_edge.runtime import HOSTED, RUNTIMES, Opened, Runtime
from mlp_edge.runtime.c import RUNTIME as C
from mlp_edge.runtime.c import open_header
from mlp_edge.runtime.originals import own_original
from mlp_edge.runtime.verify import PROGRAMS

DTYPES = ("int8", "int16", "int24")
MIXED = (
    Feature("length", 0.0, 10.0, fill=2.5, indicator=True),
    Feature("sex", categories=("f", "m"), codes=(0, 1), fill=1.0),
    Feature("width", 0.0, 5.0, sentinel=-1.0),
)
NETWORKS: dict[str, Callable[[], Mlp]] = {
    "binary": lambda: network((8, 8, 8, 1), "relu", "binary"),
    "multiclass": lambda: network((4, 10, 10, 3), "tanh", "multiclass"),
    "regression": lambda: network((6, 6, 2), "relu", "regression"),
}


def expected_of(mlp: Mlp, dtype: str = "int8", stressed: bool = True) -> ExpectedBits:
    """What parity asks, and what it expects."""
    net, sample = quantised(mlp, dtype), readings(mlp, 150, 5)
    rows = [sample, stress_rows(mlp, sample)]
    rows += [integer_rows(mlp, net, sample)] if stressed else []
    every = np.vstack(rows)
    return ExpectedBits(mlp, net, every, np.ones(len(every), bool))


def right(expected: ExpectedBits) -> Predict:
    return lambda rows: predict_quantised(expected.mlp, expected.quantised, rows)


# The comparison


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_bits_pass_and_tell_the_integers_apart(name: str, dtype: str) -> None:
    expected = expected_of(NETWORKS[name](), dtype)
    found = compare_bits(expected, right(expected))
    assert found.passed
    assert found.rows == found.same == len(expected.rows) > 2000
    answered = ~np.isnan(expected.predictions).any(axis=1)
    assert 0.9 * answered.sum() < found.told_apart <= answered.sum() < found.rows


def test_answers_that_integers_share_are_not_counted_as_telling() -> None:
    """Where a clip cuts answers off, many results look alike."""
    mlp = replace(NETWORKS["regression"](), clip=(-0.125, 0.125))
    expected = expected_of(mlp)
    told = compare_bits(expected, right(expected)).told_apart
    free = ~(np.abs(expected.predictions) >= 0.125).any(axis=1) & ~np.isnan(
        expected.predictions[:, 0]
    )
    assert 0 < free.sum() <= told < 0.5 * len(expected.rows)


def nudged(expected: ExpectedBits, row: int, output: int, value: float, size: int = 0) -> Predict:
    """The right answers but for one, at one batch size or at all."""
    key = expected.rows[row].tobytes()

    def answers(rows: Rows) -> Floats:
        found = right(expected)(rows)
        if size in (0, len(rows)):
            found[[bytes(x) == key for x in rows], output] = value
        return found

    return answers


@pytest.mark.parametrize("size", [0, 1, 7, 1024])
def test_one_bit_of_one_answer_fails_at_any_batch_size(size: int) -> None:
    expected = expected_of(NETWORKS["regression"](), stressed=False)
    belongs = expected.predictions[17, 1]
    other = np.nextafter(belongs, np.float32(9))
    found = compare_bits(expected, nudged(expected, 17, 1, float(other), size))
    assert found.failure is not None
    assert (found.failure.row, found.failure.output) == (17, 1)
    assert found.failure.batch == (size or 1)
    assert (found.failure.got, found.failure.expected) == (float(other), float(belongs))
    assert found.failure.got_activation is None
    assert found.same == found.rows - 1


def test_a_failure_names_the_results_that_two_answers_stand_for() -> None:
    expected = expected_of(NETWORKS["regression"](), stressed=False)
    result = int(expected.activations[17, 1])
    net = expected.quantised
    neighbour = net.offset[1] + net.step[1] * np.float32(result + 1)
    failure = compare_bits(expected, nudged(expected, 17, 1, float(neighbour))).failure
    assert failure is not None
    assert (failure.got_activation, failure.expected_activation) == (result + 1, result)


@pytest.mark.parametrize(("row", "value"), [(3, np.nan), (3, np.inf), (-1, 0.5)])
def test_nan_belongs_where_it_belongs_and_nowhere_else(row: int, value: float) -> None:
    expected = expected_of(NETWORKS["binary"](), stressed=False)
    expected.rows[-1, 2] = np.nan
    found = compare_bits(expected, nudged(expected, row % len(expected.rows), 0, value))
    assert not found.passed


def test_zeros_of_both_signs_are_told_apart() -> None:
    plus, minus = np.float32([[0.0, np.nan]]), np.float32([[-0.0, np.nan]])
    assert same_bits(plus, minus).tolist() == [[False, True]]


def test_a_runtime_with_a_memory_fails() -> None:
    expected = expected_of(NETWORKS["binary"](), stressed=False)
    calls = iter(range(10**6))

    def forgetful(rows: Rows) -> Floats:
        found = right(expected)(rows)
        if next(calls) == 240:
            found[0] = np.nextafter(found[0], np.float32(2))
        return found

    assert not compare_bits(expected, forgetful).passed


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_proved_of_requantisation_is_asked_of_the_numbers(name: str) -> None:
    for dtype in DTYPES:
        assert unproved(quantised(NETWORKS[name](), dtype)) == []
    net = quantised(NETWORKS[name]())
    middle = net.layers[1]
    even = replace(middle, multiplier=np.full_like(middle.multiplier, 512), segments=1)
    says = unproved(replace(net, layers=(net.layers[0], even, *net.layers[2:])))
    assert says[0].startswith("layer 2: float32 arithmetic has other results for ")
    assert all("layer 2: " in sentence for sentence in says)


# The rows


@given(
    low=st.floats(width=32, min_value=-(2.0**20), max_value=2.0**20),
    factor=st.floats(width=32, min_value=2.0**-10, max_value=2.0**10),
    high=st.sampled_from([1, 255, 4095]),
    share=st.floats(0, 1),
)
def test_the_first_reading_of_an_integer(
    low: float, factor: float, high: int, share: float
) -> None:
    wanted = np.array([1, 1 + int(share * (high - 1)), high])
    first = first_value(np.float32(low), np.float32(factor), high, wanted)
    inputs = Inputs(np.float32([low]), np.float32([factor]), high)
    before = np.nextafter(first, np.float32(-np.inf))
    assert (inputs.integers(first[:, None])[:, 0] >= wanted).all()
    assert (inputs.integers(before[:, None])[:, 0] < wanted).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_input_is_taken_to_its_boundaries_and_beyond(dtype: str) -> None:
    mlp = encoded(MIXED, outputs=2)
    net, sample = quantised(mlp, dtype), readings(mlp, 60)
    rows = integer_rows(mlp, net, sample)
    assert rows.dtype == np.float32
    for place, feature in enumerate(mlp.encoding.numbers):
        low, factor, high = net.inputs.low[place], net.inputs.factor[place], net.inputs.high
        met = net.inputs.integers(mlp.encoding.encode(rows))[:, place]
        assert len(set(met.tolist())) >= 255
        spread_over = np.linspace(0, high - 1, 2048 // 2).round().astype(np.int64)
        first = first_value(low, factor, high, 1 + spread_over[[0, -1]])
        own = set(rows[:, feature].tolist())
        assert {float(x) for x in first} <= own
        assert {float(np.nextafter(x, np.float32(-np.inf))) for x in first} <= own
        assert {-np.inf, np.inf, LARGEST, -LARGEST, float(low)} <= own
        assert min(own - {-np.inf, -LARGEST}) < low - 5 * high / factor


@pytest.mark.parametrize(("dtype", "off"), [("int8", 0), ("int16", 3), ("int24", 2**11)])
@pytest.mark.parametrize("name", NETWORKS)
def test_sums_stand_beside_steps(name: str, dtype: str, off: int) -> None:
    """For most units a row gives the last sum of a result, and another the first."""
    mlp = NETWORKS[name]()
    net = quantised(mlp, dtype)
    rows = integer_rows(mlp, net, readings(mlp, 150, 5))
    met = []
    for layer, (sums, found) in zip(net.layers, trace(mlp, net, rows), strict=True):
        for by in (1 + off, -1 - off):
            moved = layer.requantise(sums + by) != found
            met += moved.any(axis=0).tolist()
    assert np.mean(met) > 0.9


def test_the_rows_are_the_same_every_time_and_differ_from_one_another() -> None:
    mlp = NETWORKS["binary"]()
    net, sample = quantised(mlp), readings(mlp, 50)
    rows = integer_rows(mlp, net, sample)
    assert rows.tobytes() == integer_rows(mlp, net, sample).tobytes()
    assert len(np.unique(rows, axis=0)) > 0.9 * len(rows)


def test_int24_that_is_off_by_more_than_float32_fails(tmp_path: Path) -> None:
    """Its bits are those of its numbers, and its numbers are not good enough."""
    mlp = NETWORKS["binary"]()
    expected = expected_of(mlp, "int24")
    within = inside(mlp, expected.rows, *ranges(mlp, readings(mlp, 150, 5)))
    expected = replace(expected, within=within)
    assert expected.grade is not None
    assert expected.grade.holds
    assert compare_bits(expected, right(expected)).of_bound == expected.grade.used
    layers = [replace(one, weights=one.weights >> 8 << 8) for one in expected.quantised.layers]
    worse = replace(expected, quantised=replace(expected.quantised, layers=tuple(layers)))
    assert compare_bits(worse, right(worse)).passed
    path = tmp_path / "net_int24.onnx"
    entry = Entry(path, runtime_of(".onnx"), dtype="int24")
    real = RealRows(mlp, worse.rows, exact(mlp, worse.rows))
    line = in_integers(entry, right(worse), worse, real)
    assert line.verdict == "FAIL"
    assert "times what float32 may be off by there" in line.says[0]
    assert expected_of(mlp, "int16").grade is None


# Planted faults

KINDS = {
    "one weight", "one bias", "bias", "truncated", "one shift", "low", "factor", "one node",
    "one multiplier", "one stride", "transposed", "step",
}  # fmt: skip
ONLY_INT8 = {"one multiplier", "one stride"}
"""The others requantise with a shift, and take one result for an answer."""


def plantable(expected: ExpectedBits, most: int = 3) -> Iterator[IntegerFault]:
    """Up to so many faults of each kind and layer that change an answer."""
    taken: dict[tuple[str, int], int] = {}
    for fault in integer_faults(expected.quantised):
        key = fault.kind, fault.layer
        if taken.get(key, 0) < most:
            got = predict_quantised(expected.mlp, fault.faulty, expected.rows)
            if not same_bits(got, expected.predictions).all():
                taken[key] = taken.get(key, 0) + 1
                yield fault


def where_it_shows(expected: ExpectedBits, fault: IntegerFault) -> ExpectedBits:
    """A few rows of those whose predictions a fault changes: an interpreter takes long for all."""
    got = predict_quantised(expected.mlp, fault.faulty, expected.rows)
    changed = np.flatnonzero(~same_bits(got, expected.predictions).all(axis=1))[:50]
    return replace(expected, rows=expected.rows[changed], within=expected.within[changed])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_fault_fails_and_is_named(name: str, dtype: str) -> None:
    expected = expected_of(NETWORKS[name](), dtype)
    last = len(expected.quantised.layers)
    named, planted = 0, list(plantable(expected))
    for fault in planted:
        found = compare_bits(
            expected,
            lambda rows, bad=fault.faulty: predict_quantised(expected.mlp, bad, rows),
            (1024,),
        )
        assert not found.passed, (fault.kind, fault.layer)
        cause = likely_integer_cause(
            expected, lambda rows, bad=fault.faulty: predict_quantised(expected.mlp, bad, rows)
        )
        assert cause is not None
        named += cause == (f"layer {fault.layer}: " if fault.layer else "") + fault.says
    assert named > 0.9 * len(planted)  # two faults may be one another's equal
    # No kind, no layer goes unseen: each is caught somewhere.
    kinds = {fault.kind for fault in planted}
    lacking = (set() if dtype == "int8" else ONLY_INT8) | {
        "binary": set(), "multiclass": {"step"}, "regression": {"one node"},
    }[name]  # fmt: skip
    if dtype == "int24":
        lacking |= {"step"} | ({"one node"} if name == "binary" else set())
    also = {"zero"} if dtype == "int24" and name != "multiclass" else set()
    assert kinds == KINDS - lacking | also
    assert {fault.layer for fault in planted} == set(range(last + 1))
    weights = {fault.layer for fault in planted if fault.kind == "one weight"}
    assert weights == set(range(1, last + 1))
    assert {"low", "factor"} <= {fault.kind for fault in planted if fault.layer == 0}


def test_the_rows_made_for_integers_are_what_finds_most_of_them() -> None:
    mlp = NETWORKS["binary"]()
    with_rows, without = (expected_of(mlp, stressed=stressed) for stressed in (True, False))
    found, missed = ({f.kind for f in plantable(e)} for e in (with_rows, without))
    assert {"low", "factor"} <= found - missed


def test_unknown_bits_are_not_explained() -> None:
    expected = expected_of(NETWORKS["binary"](), stressed=False)
    assert likely_integer_cause(expected, lambda rows: np.full((len(rows), 1), 0.25)) is None


def test_what_goes_wrong_at_one_batch_size_only_is_not_explained() -> None:
    expected = expected_of(NETWORKS["binary"](), stressed=False)
    assert likely_integer_cause(expected, nudged(expected, 3, 0, 0.25, 7)) is None


def test_sums_kept_in_16_bits_fail_and_are_named() -> None:
    """The kernels of x86 processors without VNNI: two products of 255 * 127 are too much."""
    mlp = NETWORKS["binary"]()
    net = quantised(mlp)
    first = net.layers[0]
    heavy = replace(first, weights=np.where(first.weights < 0, -127, 127))
    expected = replace(expected_of(mlp), quantised=replace(net, layers=(heavy, *net.layers[1:])))
    assert not compare_bits(
        expected, lambda rows: saturated(mlp, expected.quantised, rows), (1024,)
    ).passed
    cause = likely_integer_cause(expected, lambda rows: saturated(mlp, expected.quantised, rows))
    assert cause == "sums of two products are kept in 16 bits"


def test_where_no_sum_saturates_saturation_is_no_fault() -> None:
    for name in NETWORKS:
        mlp = replace(NETWORKS[name](), clip=(-0.5, 0.5) if name == "regression" else None)
        net, rows = quantised(mlp), readings(mlp, 50)
        rows[3, 1] = np.nan
        small = tuple(replace(layer, weights=layer.weights // 2) for layer in net.layers)
        net = replace(net, layers=small)
        assert same_bits(saturated(mlp, net, rows), predict_quantised(mlp, net, rows)).all()


# Files


INTEGERS = [
    (exporter, dtype) for exporter in EXPORTERS for dtype in DTYPES if dtype in exporter.integers
]


def runtime_of(suffix: str) -> Runtime:
    return next(runtime for runtime in RUNTIMES if runtime.reads == suffix)


def written(folder: Path, mlp: Mlp, exporter: Exporter, net: Quantised) -> Path:
    path = folder / f"{mlp.name}_{net.dtype}{exporter.suffix}"
    renamed = replace(mlp, name=path.stem)
    path.write_bytes(exporter.integers[net.dtype](renamed, net))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("exporter", "dtype"), INTEGERS, ids=[f"{one.name}-{dtype}" for one, dtype in INTEGERS]
)
def test_faults_planted_in_files_fail(
    name: str, exporter: Exporter, dtype: str, tmp_path: Path
) -> None:
    require("gcc")
    mlp = NETWORKS[name]()
    expected = expected_of(mlp, dtype)
    runtime = runtime_of(exporter.suffix)
    path = written(tmp_path, mlp, exporter, expected.quantised)
    with runtime.open(path) as opened:
        assert compare_bits(expected, opened.predict).passed  # the suite is able to pass, too
    content = path.read_bytes()
    if exporter.suffix not in PROGRAMS:
        assert other_integers(content, expected.quantised) == []

    caught = set()
    for fault in plantable(expected, 1):
        try:
            path = written(tmp_path, mlp, exporter, fault.faulty)
        except ModelError:  # what a converter would change is refused as it is exported
            continue
        with runtime.open(path) as opened:
            found = compare_bits(where_it_shows(expected, fault), opened.predict, (1024,))
        assert not found.passed, (fault.kind, fault.layer)
        caught.add(fault.kind)
        if exporter.suffix not in PROGRAMS and fault.kind == "one weight":
            [says] = other_integers(path.read_bytes(), expected.quantised)
            assert f"weights of layer {fault.layer}" in says
    assert len(caught) >= 6
    if exporter.suffix in PROGRAMS:
        kinds = {fault.kind for fault in plantable(expected, 1)}
        assert caught == kinds


# The command's heart


@pytest.fixture(scope="module")
def original(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_keras(MODEL, tmp_path_factory.mktemp("integers") / "net.keras")


MODEL = network((4, 6, 1), seed=3)


class Exported:
    """A network's file in integers, and what parity says of it."""

    def __init__(self, folder: Path, original: Path, exporter: str = "c") -> None:
        self.folder, self.original = folder, original
        self.net = quantised(MODEL)
        chosen = next(entry for entry in EXPORTERS if entry.name == exporter)
        self.path = written(folder, MODEL, chosen, self.net)
        self.numbers = folder / parameters_name(MODEL.name, "int8")
        self.numbers.write_text(
            QuantisationParameters(self.net, MODEL.weights_sha256, "c", {}).to_json()
        )

    def results(self, *runtimes: Runtime, **options: Any) -> list[ArtifactResult]:
        sample = readings(MODEL, 20)
        with own_original(self.original, MODEL) as original:
            found = check(MODEL, original, sample, [self.path], runtimes or HOSTED, **options)
        self.report = found
        return list(found.results)


@pytest.fixture
def exported(original: Path, tmp_path: Path) -> Exported:
    require("gcc")
    return Exported(tmp_path, original)


def test_a_directory_of_integers_only_passes(exported: Exported) -> None:
    keras_line, line = exported.results()
    assert (keras_line.verdict, line.verdict) == ("PASS", "PASS")
    assert (line.dtype, line.comparison, line.says) == ("int8", None, [])
    assert line.bits is not None
    assert line.bits.rows == line.bits.same > 1000
    assert line.changed is not None
    assert line.changed.rows == 20
    sample = readings(MODEL, 20)
    off = np.abs(predict_quantised(MODEL, exported.net, sample) - exact(MODEL, sample)).max()
    assert line.changed.from_original == pytest.approx(off, abs=1e-6)
    assert exported.report.passed
    assert exported.report.failed == 0


def test_what_quantisation_flips_is_counted(exported: Exported, original: Path) -> None:
    last = exported.net.layers[-1]
    turned = replace(last, weights=-last.weights, bias=3 * last.offset * 2 - last.bias)
    net = replace(exported.net, layers=(*exported.net.layers[:-1], turned))
    chosen = next(entry for entry in EXPORTERS if entry.name == "c")
    written(exported.folder, MODEL, chosen, net)
    exported.numbers.write_text(
        QuantisationParameters(net, MODEL.weights_sha256, "c", {}).to_json()
    )
    line = exported.results()[1]
    assert line.verdict == "PASS"  # it is what its numbers say, whatever they are worth
    assert line.changed is not None
    sample = readings(MODEL, 20)
    flips = (predict_quantised(MODEL, net, sample) > 0.5) != (exact(MODEL, sample) > 0.5)
    assert line.changed.labels == flips.sum() > 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda numbers: numbers.unlink(), "net_int8.json: is gone"),
        (lambda numbers: numbers.write_text("{"), "damaged"),
        (
            lambda numbers: numbers.write_text(
                QuantisationParameters(quantised(MODEL), "0" * 64, "c", {}).to_json()
            ),
            "made from other weights",
        ),
        (
            lambda numbers: numbers.write_text(
                QuantisationParameters(
                    quantised(MODEL, "int16"), MODEL.weights_sha256, "c", {}
                ).to_json()
            ),
            "holds int16, the file int8",
        ),
    ],
)
def test_numbers_that_are_no_good_fail_in_a_sentence(
    exported: Exported, change: Callable[[Path], object], said: str
) -> None:
    change(exported.numbers)
    line = exported.results()[1]
    assert line.verdict == "FAIL"
    [sentence] = line.says
    assert said in sentence
    assert not line.ran
    assert not exported.report.passed


def test_numbers_that_the_manifest_does_not_know_fail(exported: Exported) -> None:
    header = {exported.path.name: sha256(exported.path.read_bytes())}
    line = exported.results(listed={**header, exported.numbers.name: "0" * 64})[1]
    assert line.verdict == "FAIL"
    assert line.says == [
        "model.json lists another net_int8.json; `Model.export(dtype='int8')` writes it again"
    ]


def test_a_failure_is_a_sentence_with_both_integers(exported: Exported) -> None:
    first = exported.net.layers[0]
    bias = first.bias - -(-(1 << (first.shift - 1)) // first.multiplier)
    net = replace(exported.net, layers=(replace(first, bias=bias), *exported.net.layers[1:]))
    written(exported.folder, MODEL, next(e for e in EXPORTERS if e.name == "c"), net)
    line = exported.results()[1]
    assert line.verdict == "FAIL"
    [sentence] = line.says
    assert sentence.startswith("row ")
    assert "batches of 1: 0." in sentence
    assert " belongs; " in sentence
    assert sentence.endswith(
        "rows have other bits; likely cause: layer 1: its results are cut off instead of rounded"
    )
    assert "\n" not in sentence


def test_a_header_whose_counts_alone_go_wrong_fails(exported: Exported) -> None:
    @contextmanager
    def off_by_one(path: Path) -> Iterator[Opened]:
        with open_header(path) as opened:
            assert opened.raw is not None
            predict = opened.raw.predict
            wrong = opened.raw._replace(predict=lambda counts: predict(counts) + 1)
            yield opened._replace(raw=wrong)

    right_line = exported.results(C)[1]
    assert right_line.verdict == "PASS"
    assert right_line.counts > 1000
    line = exported.results(replace(C, open=off_by_one))[1]
    assert line.verdict == "FAIL"
    [sentence] = line.says
    assert sentence.startswith("predict_raw of (")


def test_a_chip_has_the_bits_too(exported: Exported) -> None:
    chip = require_chip(BY_NAME["cortex-m0"])
    line = exported.results(chip.runtime)[1]
    assert (line.verdict, line.says) == ("PASS", [])
    assert line.bits is not None
    assert line.bits.rows == line.bits.same == line.counts == CHIP_ROWS


def opened_as(dtype: str, answers: Predict, with_golden: bool = True) -> Runtime:
    """A runtime of a file that says it is of this dtype."""

    @contextmanager
    def open_file(path: Path) -> Iterator[Opened]:
        rows = golden_integers(MODEL, quantised(MODEL)) if with_golden else None
        yield Opened(answers, Card.of(MODEL, dtype), rows)

    return Runtime("fake", ".h", lambda: None, open_file)


def test_a_dynamic_file_is_measured(exported: Exported) -> None:
    slightly = opened_as("dynamic", lambda rows: as_float32(exact(MODEL, rows)) + np.float32(0.01),
                         with_golden=False)  # fmt: skip
    line = exported.results(slightly)[1]
    assert (line.verdict, line.says) == ("MEASURED", [])
    assert line.changed is not None
    assert line.changed.from_original == pytest.approx(0.01, abs=1e-6)
    assert exported.report.compared
    assert exported.report.failed == 0
    assert not exported.report.passed  # nothing was proved


def test_an_integer_file_without_golden_rows_fails(exported: Exported) -> None:
    one = ExpectedBits(MODEL, exported.net, readings(MODEL, 1), np.ones(1, bool))
    blank = opened_as("int8", right(one), False)
    line = exported.results(blank)[1]
    assert line.verdict == "FAIL"
    assert "carries no golden rows" in line.says[0]


def test_a_runtime_that_breaks_on_the_rows_fails(exported: Exported) -> None:
    def checksum_error(rows: Rows) -> Floats:
        if len(rows) == 7:
            raise RuntimeError("sevens\nare too many")
        return predict_quantised(MODEL, exported.net, rows)

    line = exported.results(opened_as("int8", checksum_error))[1]
    assert line.verdict == "FAIL"
    assert "does not take rows of 4 readings (sevens)" in line.says[0]
