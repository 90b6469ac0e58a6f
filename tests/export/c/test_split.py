"""A model in three files: NAME.h and NAME.c of its own, and the kernels that models share."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.chips import BY_NAME, require
from support.cross_compilers import COMPILERS, there
from support.header_models import PENGUINS
from support.integer_networks import made
from support.networks import encoded, network, readings

from mlp_edge.card import Card
from mlp_edge.errors import ModelError, VerifyError
from mlp_edge.export.c import EXPORTER, export, export_split
from mlp_edge.export.c.kernels import every_kernel
from mlp_edge.mlp import Mlp
from mlp_edge.readers.header_split import KERNELS_FILE, files_of
from mlp_edge.readers.inspection import inspect_file
from mlp_edge.runtime.c import open_header, read_header
from mlp_edge.runtime.chips.firmware import build
from mlp_edge.runtime.verify import check_bytes

PIMA = network(name="pima", labels=("no", "yes"))
IRIS = network((4, 10, 10, 3), "gelu", "multiclass", name="iris")
BIRDS = encoded(PENGUINS, outputs=2, name="birds", clip=(-1.0, 1.0))
MODELS = (PIMA, IRIS, BIRDS)
DTYPES = ("float32", "int8", "int16", "int24")


def split(mlp: Mlp, dtype: str = "float32") -> dict[str, bytes]:
    """The three files; of a model in integers under a name of its own."""
    if dtype == "float32":
        return export_split(mlp)
    return export_split(replace(mlp, name=f"{mlp.name}_{dtype}"), made(mlp, dtype))


def write(folder: Path, mlp: Mlp, dtype: str = "float32") -> Path:
    """The path of NAME.h."""
    files = split(mlp, dtype)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / next(iter(files))


@pytest.fixture(scope="module")
def all_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model in every dtype in one folder, and main.c, which runs every self-test."""
    folder = tmp_path_factory.mktemp("split")
    names = [write(folder, mlp, dtype).stem for mlp in MODELS for dtype in DTYPES]
    (folder / "names").write_text(" ".join(names))
    calls = "".join(f" + {name}_selftest()" for name in names)
    (folder / "main.c").write_text(
        "".join(f'#include "{name}.h"\n' for name in names)
        + f"int main(void)\n{{\n    return 0{calls};\n}}\n"
    )
    return folder


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_files_are_ascii_narrow_and_the_same_each_time(dtype: str) -> None:
    files = split(PIMA, dtype)
    name = "pima" if dtype == "float32" else f"pima_{dtype}"
    assert list(files) == [f"{name}.h", f"{name}.c", KERNELS_FILE]
    assert files == split(PIMA, dtype)
    for content in files.values():
        assert max(map(len, content.decode("ascii").split("\n"))) <= 100
        assert b"SPDX-License-Identifier: MIT-0" in content


def test_every_model_shares_the_same_kernels() -> None:
    [kernels] = {split(mlp, dtype)[KERNELS_FILE] for mlp in MODELS for dtype in DTYPES}
    for name in every_kernel():
        guard = f"#define MLP_EDGE_KERNEL_{name.upper().replace('/', '_')}\n"
        assert kernels.count(guard.encode()) == 1
    assert b"static inline" not in split(PIMA)["pima.h"]
    assert b"_WEIGHTS[" not in split(PIMA)["pima.h"]


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("language", ["c", "c++"])
def test_no_warning_though_most_kernels_are_unused(
    compiler: str, language: str, all_models: Path, tmp_path: Path
) -> None:
    program, *flags = there(compiler)
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for name in ("pima", "iris_int8", "birds_int16"):
        run(all_models, program, *flags, "-x", language, standard, *STRICT, "-Wundef", "-Os",
            f"-D{name.upper()}_SELFTEST", "-c", f"{name}.c", "-o", f"{tmp_path}/x.o")  # fmt: skip


@pytest.mark.parametrize("language", [C99, CPP11], ids=["c99", "c++11"])
def test_models_in_one_program_predict(
    language: tuple[str, ...], all_models: Path, tmp_path: Path
) -> None:
    names = (all_models / "names").read_text().split()
    asked = [f"-D{name.upper()}_SELFTEST" for name in names]
    sources = [str(all_models / f"{name}.c") for name in (*names, "main")]
    run(tmp_path, *language, *STRICT, "-O1", "-ffp-contract=off", *asked, *sources, "-o", "all")
    run(tmp_path, "./all")


def test_models_in_one_source_file_share_the_machine_code_too(tmp_path: Path) -> None:
    for mlp in (PIMA, replace(PIMA, name="other")):
        write(tmp_path, mlp)
    (tmp_path / "both.c").write_text('#include "pima.c"\n#include "other.c"\n')
    avr = ("avr-gcc", "-mmcu=atmega328p", "-std=c99", *STRICT, "-Os", "-c")
    sizes = []
    for name in ("pima", "other", "both"):
        run(tmp_path, *avr, f"{name}.c", "-o", f"{name}.o")
        lines = run(tmp_path, "avr-size", f"{name}.o").split("\n")
        sizes.append(int(lines[1].split()[0]))
    assert sizes[2] < sizes[0] + sizes[1] - 500


def test_kernels_of_another_version_are_refused(tmp_path: Path) -> None:
    header = write(tmp_path, PIMA)
    kernels = tmp_path / KERNELS_FILE
    other = re.sub(r"(#define MLP_EDGE_KERNELS) \d+", r"\1 0", kernels.read_text())
    kernels.write_text(other)
    command = ["gcc", "-std=c99", "-fsyntax-only", "pima.c"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "pima.c: mlp_edge_kernels.h is of another version; export again" in said.stderr
    with pytest.raises(ModelError, match=r"does not compile.*another version"), open_header(header):
        pass


def test_a_header_in_one_file_and_one_in_three_stand_side_by_side(tmp_path: Path) -> None:
    write(tmp_path, PIMA)
    (tmp_path / "iris.h").write_bytes(export(IRIS))
    for first, second in (("iris.h", "pima.c"), ("pima.c", "iris.h")):
        (tmp_path / "all.c").write_text(f'#include "{first}"\n#include "{second}"\n')
        run(tmp_path, *C99, *STRICT, "-c", "all.c", "-o", "all.o")


# What runs and reads it


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mlp", MODELS, ids=lambda mlp: mlp.name)
def test_it_predicts_the_bits_of_the_single_header(mlp: Mlp, dtype: str, tmp_path: Path) -> None:
    path, rows = write(tmp_path, mlp, dtype), readings(mlp, 50)
    whole = tmp_path / "whole"
    whole.mkdir()
    own = replace(mlp, name=path.stem)
    single = export(mlp) if dtype == "float32" else EXPORTER.integers[dtype](own, made(mlp, dtype))
    (whole / path.name).write_bytes(single)
    with open_header(path) as three, open_header(whole / path.name) as one:
        assert three.card == one.card == Card.of(own, dtype)
        np.testing.assert_array_equal(three.predict(rows), one.predict(rows))
        assert three.golden is not None
        np.testing.assert_array_equal(three.golden.predictions, one.golden.predictions)
    three_read, one_read = inspect_file(path), inspect_file(whole / path.name)
    assert three_read.anatomy.layers == one_read.anatomy.layers
    assert (three_read.card, three_read.notes, three_read.dtype) == (one_read.card, [], dtype)
    np.testing.assert_array_equal(three_read.anatomy.mean, one_read.anatomy.mean)


def test_a_model_called_model(tmp_path: Path) -> None:
    with open_header(write(tmp_path, replace(PIMA, name="model"))) as opened:
        assert opened.predict(readings(PIMA, 3)).shape == (3, 1)


def test_a_chip_takes_what_it_takes_in_one_file(tmp_path: Path) -> None:
    target = require(BY_NAME["cortex-m0"]).target
    single = tmp_path / "single"
    single.mkdir()
    (single / "pima.h").write_bytes(export(PIMA))
    three, one = (build(read_header(p), target) for p in (write(tmp_path, PIMA), single / "pima.h"))
    assert three.elf.flash == one.elf.flash


@pytest.mark.parametrize("lost", ["pima.c", KERNELS_FILE])
def test_a_file_that_is_missing_or_altered_is_named(lost: str, tmp_path: Path) -> None:
    header = write(tmp_path, PIMA)
    assert [path.name for path in files_of(header)] == ["pima.h", "pima.c", KERNELS_FILE]
    check_bytes(header)
    (tmp_path / lost).write_bytes((tmp_path / lost).read_bytes() + b"\n")
    with pytest.raises(VerifyError, match=f"pima.h: {lost} beside it is not the one"):
        check_bytes(header)
    (tmp_path / lost).unlink()
    with pytest.raises(VerifyError, match=f"pima.h: {lost}, which it needs, is not beside it"):
        check_bytes(header)
    for reader in (read_header, inspect_file):
        with pytest.raises(ModelError, match=f"{lost}, which it needs, is not beside it"):
            reader(header)


def test_the_kernels_are_no_model(tmp_path: Path) -> None:
    write(tmp_path, PIMA)
    for reader in (read_header, inspect_file):
        with pytest.raises(ModelError, match="holds the kernels that split models share"):
            reader(tmp_path / KERNELS_FILE)
