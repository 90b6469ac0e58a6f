"""Headers of strangers' integers: the bits of the reference, wherever they are compiled."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import STRICT, run
from support.chips import every_chip
from support.chips import require as require_chip
from support.cross_compilers import COMPILERS, there
from support.integer_headers import assert_same_bits, compiled
from support.integer_tflite import CHAINS, Scale, chain, read, rows_for

from mlp_edge.card import Card, choose
from mlp_edge.errors import ModelError
from mlp_edge.export.c import asymmetric
from mlp_edge.export.c.page import single
from mlp_edge.export.c.split import files_of
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.integers.asymmetric_reference import integers_of, predict_asymmetric
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.proof.golden import disagreement
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import open_header

WEIRD_FLAGS = {
    "unoptimised": ("-std=c99", "-O0"),
    "fast": ("-std=gnu99", "-O3", "-march=native", "-ffast-math"),
    "checked": ("-std=c99", "-O1", "-fsanitize=undefined,float-cast-overflow",
                "-fno-sanitize-recover=all"),
}  # fmt: skip
ODD = (0.0, -0.0, 3.4e38, -3.4e38, 1e-40, np.inf, -np.inf, np.nan)


def network_of(name: str) -> tuple[Mlp, AsymmetricNetwork]:
    found = read(CHAINS[name])
    assert found.integers is not None
    return found.mlp, found.integers


def header_of(name: str) -> bytes:
    return single(asymmetric.page(*network_of(name)))


def stress_rows(name: str) -> Floats:
    """Ordinary readings, halves between two integers, and what no integer stands for."""
    found = read(CHAINS[name])
    _, network = network_of(name)
    places = np.arange(-256, 257) + 0.5
    halves = (network.given.scale * (places - network.given.zero_point)).astype(np.float32)
    odd = np.concatenate([halves, np.nextafter(halves, np.float32(9e9)), np.float32(ODD)])
    columns = np.repeat(odd[:, None], network.inputs, axis=1)
    return np.concatenate([rows_for(found, 300), columns])


@pytest.mark.parametrize("name", CHAINS)
def test_bits_are_those_of_the_reference(name: str, tmp_path: Path) -> None:
    mlp, network = network_of(name)
    rows = stress_rows(name)
    wanted = predict_asymmetric(mlp, network, rows)
    got, classes = compiled(mlp, header_of(name), tmp_path)(rows)
    assert_same_bits(got, wanted)
    assert np.isnan(got).any()
    if mlp.labels:
        labels = [None if one < 0 else mlp.labels[one] for one in classes]
        assert labels == choose(Card.of(mlp), wanted)


@pytest.mark.parametrize("flags", WEIRD_FLAGS.values(), ids=WEIRD_FLAGS)
@pytest.mark.parametrize("name", ["softmax", "tanh"])
def test_bits_under_any_flags(name: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    mlp, network = network_of(name)
    rows = stress_rows(name)
    got, _ = compiled(mlp, header_of(name), tmp_path, *flags)(rows)
    assert_same_bits(got, predict_asymmetric(mlp, network, rows))


@pytest.mark.parametrize("name", ["wide softmax", "uint8", "leaky relu"])
def test_the_function_of_integers(name: str, tmp_path: Path) -> None:
    _, network = network_of(name)
    (tmp_path / "net.h").write_bytes(header_of(name))
    (tmp_path / "all.c").write_text('#include "net.h"\n')
    run(tmp_path, "gcc", "-std=c99", "-O2", *STRICT, "-shared", "-fPIC", "all.c", "-o", "all.so")
    function = ctypes.CDLL(str(tmp_path / "all.so")).net_predict_int8
    rows = np.random.default_rng(0).integers(-128, 128, (2000, network.inputs)).astype(np.int8)
    found = np.empty((len(rows), network.outputs), np.int8)
    for row, result in zip(rows, found, strict=True):
        given, place = (ctypes.c_void_p(array.ctypes.data) for array in (row, result))
        assert function(given, place) == 0
    assert (found == integers_of(network, rows.astype(np.int64))).all()


@every_chip
@pytest.mark.parametrize("name", ["softmax", "hidden sigmoid"])
def test_bits_on_simulated_chips(chip: Chip, name: str, tmp_path: Path) -> None:
    require_chip(chip)
    mlp, network = network_of(name)
    path = tmp_path / "net.h"
    path.write_bytes(header_of(name))
    rows = stress_rows(name)[::40]
    with chip.open(path) as opened:
        assert_same_bits(opened.predict(rows), predict_asymmetric(mlp, network, rows))
        assert opened.golden is not None
        assert disagreement(opened.golden, opened.predict) is None


@pytest.mark.parametrize("split", [False, True])
def test_it_is_opened_like_any_header(split: bool, tmp_path: Path) -> None:
    mlp, network = network_of("sigmoid")
    page = asymmetric.page(mlp, network)
    files = files_of(page) if split else {"net.h": single(page)}
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    rows = stress_rows("sigmoid")
    with open_header(tmp_path / "net.h") as opened:
        assert_same_bits(opened.predict(rows), predict_asymmetric(mlp, network, rows))
        assert opened.golden is not None
        assert disagreement(opened.golden, opened.predict) is None
        assert opened.card is not None
        assert opened.card.dtype == "int8"


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_no_warning(compiler: str, language: str, tmp_path: Path) -> None:
    program, *flags = there(compiler)
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for number, name in enumerate(("softmax", "leaky relu")):
        mlp, network = network_of(name)
        named = read(CHAINS[name], f"net{number}").mlp
        assert named.layers[0].outputs == mlp.layers[0].outputs
        (tmp_path / f"net{number}.h").write_bytes(single(asymmetric.page(named, network)))
    (tmp_path / "all.c").write_text('#define NET0_SELFTEST\n#include "net0.h"\n#include "net1.h"\n')
    for level in ("-Os", "-O3"):
        run(tmp_path, program, *flags, "-x", language, standard, *STRICT, "-Wundef", level,
            "-c", "all.c", "-o", "all.o")  # fmt: skip


def test_the_banner_describes_the_layers_of_integers() -> None:
    """A leaky relu of another slope is two relus in float32."""
    text = header_of("leaky relu").decode()
    assert "layers    6-9-3 (leaky_relu, linear), 93 weights and biases, int8" in text
    assert "mlp-edge export --format c --name net\n" in text


def test_the_selftest_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "net.h").write_bytes(header_of("softmax"))
    (tmp_path / "main.c").write_text(
        '#define NET_SELFTEST\n#include "net.h"\nint main(void) { return net_selftest(); }\n'
    )
    run(tmp_path, "gcc", "-std=c99", "main.c", "-o", "main")
    run(tmp_path, "./main")


def test_a_scale_in_front_of_the_first_layer(tmp_path: Path) -> None:
    """Its table works on a copy: what the caller gives stays as it is."""
    made = chain((3, 4, 2), 21)
    first = made.graph.operators[0]
    quantised = made.tensor((1, 3), "int8", Scale(made.graph.tensors[0].quantization.scale[0], 5))
    made.graph.tensors[0].quantization.scale = [0.02]
    made.operator("QUANTIZE", [0], quantised)
    made.graph.operators = [made.graph.operators[-1], *made.graph.operators[:-1]]
    first.inputs[0], made.last = quantised, made.graph.operators[-1].outputs[0]
    found = read(made.content())
    assert found.integers is not None
    text = single(asymmetric.page(found.mlp, found.integers))
    assert b"memcpy(inputs, given, NET_INPUTS);" in text
    rows = rows_for(found, 200)
    got, _ = compiled(found.mlp, text, tmp_path)(rows)
    assert_same_bits(got, predict_asymmetric(found.mlp, found.integers, rows))


def test_readings_that_are_not_the_file_s_own_are_refused() -> None:
    from dataclasses import replace

    mlp, network = network_of("deep")
    with pytest.raises(ModelError, match="integers of a file stand for its own inputs"):
        asymmetric.page(replace(mlp, clip=(0.0, 1.0)), network)
