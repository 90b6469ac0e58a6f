"""Headers in integers: any compiler, one program, the self-test, and what is read of one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.cross_compilers import COMPILERS, there
from support.integer_headers import DTYPES, EXPORT, MODELS, assert_same_bits, every_dtype
from support.integer_networks import made
from support.networks import network
from support.quantised_networks import quantised

from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export import EXPORTERS, c
from mlp_edge.mlp import Mlp
from mlp_edge.proof.golden import disagreement, golden_integers
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.runtime.c import open_header, read_golden, read_header

TOGETHER = ("tanh", "binary", "multiclass", "several")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all.c: models in float32 and in integers, self-tests included."""
    folder = tmp_path_factory.mktemp("program")
    lines = []
    for name in TOGETHER:
        mlp = MODELS[name]
        for dtype in DTYPES:
            own = replace(mlp, name=f"{name}_{dtype}")
            (folder / f"{own.name}.h").write_bytes(EXPORT[dtype](own, made(own, dtype)))
            lines += [f"#define {own.name.upper()}_SELFTEST", f'#include "{own.name}.h"']
    # In integers before float32: what one defines for its self-test is not to decide the other's.
    (folder / "net.h").write_bytes(c.export(network()))
    lines += ["#define NET_SELFTEST", '#include "net.h"']
    wide = network((700, 3, 1), standardised=False, name="wide")
    numbers = made(wide, "int8")
    heavy = replace(numbers.layers[0], weights=np.full((3, 700), 127))
    wide_text = EXPORT["int8"](wide, replace(numbers, layers=(heavy, numbers.layers[1])))
    assert b"dense_int8_wide" in wide_text
    (folder / "wide.h").write_bytes(wide_text)
    lines += ['#include "wide.h"']
    (folder / "all.c").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_no_warning(name: str, language: str, program: Path, tmp_path: Path) -> None:
    command, *flags = there(name)
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for level in ("-Os", "-O3"):
        run(program, command, *flags, "-x", language, standard, *STRICT, "-Wundef", level,
            "-c", "all.c", "-o", str(tmp_path / "all.o"))  # fmt: skip


@pytest.mark.parametrize("how", [C99, CPP11], ids=["c", "c++"])
def test_all_of_them_pass_in_one_program(how: tuple[str, ...], program: Path) -> None:
    names = re.findall(r"#define (\w+)_SELFTEST", (program / "all.c").read_text())
    assert len(names) == len(DTYPES) * len(TOGETHER) + 1
    calls = "\n".join(f'    printf("%d ", {name.lower()}_selftest());' for name in names)
    text = f'#include <stdio.h>\n#include "all.c"\nint main(void)\n{{\n{calls}\n    return 0;\n}}\n'
    (program / "main.c").write_text(text)
    run(program, *how, *STRICT, "-O2", "-ffp-contract=off", "main.c", "-o", "main")
    assert run(program, "./main").split() == ["0"] * len(names)


# The self-test, and what else a header says of itself


def verdict(mlp: Mlp, text: str, folder: Path, *flags: str) -> int:
    """What NAME_selftest answers."""
    (folder / "net.h").write_text(text)
    (folder / "main.c").write_text(
        '#include <stdio.h>\n#define NET_SELFTEST\n#include "net.h"\n'
        'int main(void) { printf("%d", net_selftest()); return 0; }\n'
    )
    assert mlp.name == "net"
    run(folder, *C99, *STRICT, "-O2", *flags, "main.c", "-o", "main")
    return int(run(folder, "./main"))


@every_dtype
def test_an_edited_weight_is_found(dtype: str, tmp_path: Path) -> None:
    mlp = network((4, 7, 5, 2), task="regression")
    text = EXPORT[dtype](mlp, quantised(mlp, dtype)).decode()
    # No flag excuses other bits here.
    for flags in ((), ("-DMLP_EDGE_SELFTEST_BITS=0",), ("-ffast-math",)):
        assert verdict(mlp, text, tmp_path, *flags) == 0
    weight = re.search(r"LAYER3_WEIGHTS.*\n    /\* 0 \*/ \{(-?\d+)", text)
    assert weight
    other = str(int(weight[1]) // 2 + 20)
    edited = text[: weight.start(1)] + other + text[weight.end(1) :]
    assert verdict(mlp, edited, tmp_path) > 0
    assert verdict(mlp, edited, tmp_path, "-DMLP_EDGE_SELFTEST_BITS=0") > 0


@every_dtype
def test_the_golden_rows_read_back(dtype: str, tmp_path: Path) -> None:
    mlp = MODELS["several"]
    numbers = quantised(mlp, dtype)
    path = tmp_path / "several.h"
    path.write_bytes(EXPORT[dtype](mlp, numbers))
    wanted = golden_integers(mlp, numbers)
    header = read_header(path)
    assert header.card == Card.of(mlp, dtype)
    for fused in (False, True):
        found = read_golden(header, fused)
        assert found is not None
        assert_same_bits(found.rows, wanted.rows)
        assert_same_bits(found.predictions, wanted.predictions)
        assert not found.bounds.any()
    with open_header(path) as opened:
        assert disagreement(wanted, opened.predict) is None
    text = path.read_text()
    path.write_text(text.replace("SEVERAL_GOLDEN_PREDICTIONS[8]", "SEVERAL_GOLDEN_PREDICTIONS[7]"))
    with pytest.raises(ModelError, match="golden rows are damaged"):
        read_golden(read_header(path))


@every_dtype
@pytest.mark.parametrize("name", ["binary", "multiclass", "several", "gelu"])
def test_what_inspect_reads_of_it(name: str, dtype: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    path = tmp_path / "net.h"
    path.write_bytes(EXPORT[dtype](mlp, quantised(mlp, dtype)))
    found = inspect_file(path)
    assert found.anatomy.parameters == mlp.parameters
    assert [layer.inputs for layer in found.anatomy.layers] == [la.inputs for la in mlp.layers]
    shown = [layer.activation.removesuffix(", clipped") for layer in found.anatomy.layers]
    assert shown == [layer.activation for layer in mlp.layers]
    assert found.card == Card.of(mlp, dtype)
    assert not found.notes
    wrong_checksum = path.read_text().replace("    /* 0 */ {", "    /* 0 */ {1, ", 1)
    path.write_text(wrong_checksum.replace("    /*  0 */ {", "    /*  0 */ {1, ", 1))
    with pytest.raises(ModelError, match="damaged, layer 1 has"):
        inspect_file(path)


@every_dtype
def test_the_same_model_gives_the_same_bytes(dtype: str) -> None:
    mlp = replace(network(), name=f"pima_{dtype}")
    text = EXPORT[dtype](mlp, quantised(mlp, dtype))
    assert text == EXPORT[dtype](mlp, quantised(mlp, dtype))
    lines = text.decode().splitlines()
    [described] = [line for line in lines if line.startswith(" *   layers ")]
    assert described.endswith(f"221 weights and biases, {dtype}")
    assert f"--format c --dtype {dtype} --name pima" in text.decode()
    assert max(map(len, lines)) <= 100


def test_the_exporter_lists_both() -> None:
    [exporter] = [exporter for exporter in EXPORTERS if exporter.name == "c"]
    assert exporter.dtypes == ("float32", *DTYPES)
