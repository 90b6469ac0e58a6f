"""Full-integer TFLite files as the integers that they hold, against LiteRT's reference kernels."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from support.integer_tflite import CHAINS, KINDS, Int8File, Scale, chain, read, rows_for
from support.spoilt import many_with_wrong_bytes, refusals

from mlp_edge.errors import ModelError
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.integers.asymmetric_reference import integers_of, predict_asymmetric
from mlp_edge.integers.fixed_point import Integers
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.reference import predict

RANDOM = np.random.default_rng(3)


def litert(content: bytes, rows: Any, resolver: OpResolverType) -> Any:
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], rows.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], rows.astype(given["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(result["index"])


def network_of(content: bytes) -> AsymmetricNetwork:
    found = read(content).integers
    assert found is not None
    return found


def every_integer(width: int) -> Integers:
    """Rows of integers: each value in every column, and random ones."""
    return np.concatenate(
        [
            np.repeat(np.arange(-128, 128)[:, None], width, axis=1),
            RANDOM.integers(-128, 128, (500, width)),
        ]
    )


@pytest.mark.parametrize("name", CHAINS)
def test_the_bits_of_litert_s_reference_kernels(name: str) -> None:
    """They round once where a microcontroller rounds twice; everything else is the same."""
    content = CHAINS[name]
    found = read(content)
    assert found.integers is not None
    if name == "float32":
        rows = rows_for(found, 500)
        given = found.integers.given.integers(rows)
        wanted = litert(content, rows, OpResolverType.BUILTIN_REF)
        last = integers_of(found.integers, given, once=True)
        assert (found.integers.result.numbers(last) == wanted).all()
        return
    lower = 128 if name == "uint8" else 0
    rows = every_integer(found.integers.inputs)
    wanted = litert(content, rows + lower, OpResolverType.BUILTIN_REF).astype(np.int64) - lower
    assert (integers_of(found.integers, rows, once=True) == wanted).all()
    assert len(np.unique(wanted)) > 20


@pytest.mark.parametrize("name", ["deep", "per channel"])
def test_a_microcontroller_is_a_step_off_at_times(name: str) -> None:
    network = network_of(CHAINS[name])
    rows = every_integer(network.inputs)
    off = np.abs(integers_of(network, rows) - integers_of(network, rows, once=True))
    assert 0 < (off > 0).mean() < 0.1
    assert off.max() <= 2


@pytest.mark.parametrize("name", CHAINS)
def test_the_network_in_float32_is_what_the_integers_stand_for(name: str) -> None:
    """Off by what every layer rounds, and nothing more: a few steps of the output."""
    found = read(CHAINS[name])
    assert found.integers is not None
    rows = rows_for(found, 300)
    low, high = (float(found.integers.given.numbers(np.array(end))) for end in (-128, 127))
    rows = np.clip(rows, low, high)
    got = predict_asymmetric(found.mlp, found.integers, rows)
    exact = np.clip(predict(found.mlp, rows), *found.integers.result.numbers(np.array([-128, 127])))
    assert np.median(np.abs(got - exact)) < 3 * float(found.integers.result.scale)


def test_names_and_ranges(tmp_path: Path) -> None:
    found = read(chain((2, 3), last="SOFTMAX").content(), "gesture")
    assert found.mlp.name == "gesture"
    assert found.mlp.task == "multiclass"
    assert found.integers is not None
    scale, zero_point = found.integers.given
    assert [(one.name, one.low) for one in found.mlp.features] == [
        (name, float(np.float32(scale * np.float32(-128 - zero_point)))) for name in ("x1", "x2")
    ]
    assert "it computes in int8" in found.notes[-1]


def test_a_tensor_of_several_axes_in_front() -> None:
    made = chain((12, 5), 16)
    flat = made.content()
    made.graph.tensors[0].shape = [1, 3, 4]
    first = made.graph.operators[0]
    shape = made.tensor((2,), "int32", None, [-1, 12])
    row = made.tensor((1, 12), "int8", Scale(*network_of(flat).given))
    made.operator("RESHAPE", [0, shape], row)
    made.graph.operators = [made.graph.operators[-1], first]
    first.inputs[0], made.last = row, first.outputs[0]
    rows = every_integer(12)
    found = integers_of(network_of(made.content()), rows)
    assert (found == integers_of(network_of(flat), rows)).all()


def test_readings_beyond_the_range_and_missing_ones() -> None:
    found = read(chain((1, 4, 1), 17).content())
    assert found.integers is not None
    low, high = found.integers.given.numbers(np.array([-128, 127]))
    rows = np.float32([[low], [-np.inf], [-3e38], [high], [np.inf], [3e38], [np.nan]])
    got = predict_asymmetric(found.mlp, found.integers, rows)[:, 0]
    assert (got[:3] == got[0]).all()
    assert (got[3:6] == got[3]).all()
    assert np.isnan(got[6])


def test_a_model_inside_a_c_array(tmp_path: Path) -> None:
    content = chain((2, 3, 1), 18).content()
    path = tmp_path / "model_data.cc"
    path.write_text(f"unsigned char m[] = {{{', '.join(map(str, content))}}};")
    found = read_foreign(path)
    assert found.integers is not None
    rows = every_integer(2)
    wanted = integers_of(network_of(content), rows)
    assert (integers_of(found.integers, rows) == wanted).all()
    assert inspect_file(path).dtype == "int8"


# What is refused


def altered(change: Callable[[Int8File], Any], **how: Any) -> bytes:
    made = chain(**{"widths": (4, 6, 3), "last": "SOFTMAX", **how})
    change(made)
    return made.content()


def tensor(number: int, **values: Any) -> Callable[[Int8File], None]:
    def change(made: Int8File) -> None:
        one = made.graph.tensors[number]
        for name, value in values.items():
            setattr(one.quantization if name in ("scale", "zeroPoint") else one, name, value)

    return change


def squared(made: Int8File) -> None:
    made.add("NEG", Scale(0.1))


def behind_float(made: Int8File) -> None:
    made.add("DEQUANTIZE", made.scale, "float32")
    made.add("LOGISTIC", made.scale, "float32")


def branched(made: Int8File) -> None:
    made.graph.operators[-1].inputs[0] = 3


REFUSED = {
    "scale 0": (tensor(0, scale=[0.0]), "its input has a tensor without a scale from"),
    "scale nan": (tensor(3, scale=[np.nan]), "operator 0 .* without a scale from"),
    "no scale": (tensor(3, scale=[]), "operator 0 .* without a scale from"),
    "zero point": (tensor(3, zeroPoint=[200]), "odd zero point"),
    "weights": (tensor(1, zeroPoint=[3]), "weights with a zero point"),
    "biases": (tensor(2, scale=[1.0]), "has biases of the scale 1 for sums of"),
    "softmax": (tensor(7, scale=[0.01]), "another scale than 0.00390625"),
    "int16": (tensor(3, type=KINDS["int16"][0]), "works on other numbers than int8"),
    "subnormal": (tensor(0, scale=[1e-40]), "without a scale from 1e-30"),
    "shape": (tensor(3, shape=[1, 5]), "makes 5 numbers of 4"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_in_one_sentence(name: str) -> None:
    change, said = REFUSED[name]
    with pytest.raises(ModelError, match=said) as caught:
        read(altered(change))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("net.tflite: ")


UNREAD = {
    "operator": (squared, r"operator 3 \(NEG\) is not read in int8"),
    "float32": (behind_float, r"operator 2 \(DEQUANTIZE\) goes on in float32"),
    "branch": (branched, r"operator 2 \(SOFTMAX\) does not read what the one before it makes"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_no_chain_of_integers_is_read_in_float32(name: str) -> None:
    change, said = UNREAD[name]
    last = "" if name == "float32" else "SOFTMAX"
    found = read(altered(change, last=last))
    assert found.integers is None
    assert re.search(f"it computes in int8, and {said}", found.remarks[0])


def test_sums_that_leave_32_bits_are_refused() -> None:
    made = Int8File(2, Scale(0.1))
    made.dense([[1, 1]], [2**31 - 1], 0.1, Scale(0.1))
    with pytest.raises(ModelError, match="a sum may reach 2147483903, beyond 32 bits"):
        read(made.content())


def test_results_too_fine_for_their_sums_are_refused() -> None:
    made = Int8File(1, Scale(0.125))
    made.dense([[1]], [0], 1.0, Scale(1e-9))
    with pytest.raises(ModelError, match="of a scale too small for its sums"):
        read(made.content())


def test_legacy_networks_in_uint8_are_refused() -> None:
    made = chain((4, 6, 3))
    for one in made.graph.tensors:
        if one.type == KINDS["int8"][0]:
            one.type = KINDS["uint8"][0]
    with pytest.raises(ModelError, match="weights or biases of another type"):
        read(made.content())


def test_files_with_wrong_bytes_are_read_or_refused(tmp_path: Path) -> None:
    original = chain((3, 4, 2), last="SOFTMAX").content()
    assert refusals(tmp_path / "m.tflite", read_foreign, many_with_wrong_bytes(original)) > 40
