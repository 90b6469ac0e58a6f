"""The header as a C and a C++ compiler see it, with every warning an error."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.header_models import memory_width
from support.integer_networks import made
from support.networks import ANY_SUM, network

from mlp_edge.errors import ModelError
from mlp_edge.export.c import EXPORTER, export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Scaling

NETWORKS = {
    **{name: network((3, 4, 2, 1), name, name=name) for name in ANY_SUM},
    "regression": network((2, 5, 2), "gelu", "regression", name="regression"),
    "multiclass": network((4, 10, 10, 3), task="multiclass", name="multiclass"),
    "no_hidden": network((8, 1), name="no_hidden"),
    "raw": network((8, 12, 1), standardised=False, name="raw"),
    "only_outputs": network((2, 3), task="multiclass", standardised=False, name="only_outputs"),
    "one_input": network((1, 16, 16, 1), task="regression", name="one_input"),
    "int": network((2, 2, 1), name="int"),
    "mlp_edge_relu": network((2, 2, 1), name="mlp_edge_relu"),
    "l" * 48: network((2, 2, 1), name="l" * 48),
}


def write(folder: Path, mlp: Mlp, **options: bool) -> None:
    (folder / f"{mlp.name}.h").write_bytes(export(mlp, **options))


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("headers")
    for mlp in NETWORKS.values():
        write(folder, mlp)
    calls = "".join(f"    {name}_predict(features, outputs);\n" for name in NETWORKS)
    includes = "".join(f'#include "{name}.h"\n' for name in NETWORKS)
    (folder / "all.c").write_text(
        f"{includes}void all(const float *features, float *outputs);\n"
        f"void all(const float *features, float *outputs)\n{{\n{calls}}}\n"
    )
    return folder


@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize("language", [C99, CPP11], ids=["c99", "c++11"])
def test_all_networks_in_one_program(
    headers: Path, language: tuple[str, ...], level: str, tmp_path: Path
) -> None:
    run(headers, *language, *STRICT, level, "-c", "all.c", "-o", str(tmp_path / "all.o"))


@pytest.mark.parametrize("name", NETWORKS)
def test_each_header_is_self_contained(headers: Path, name: str, tmp_path: Path) -> None:
    source = tmp_path / "one.c"
    source.write_text(f'#include "{name}.h"\n#include "{name}.h"\ntypedef int not_empty;\n')
    run(headers, *C99, *STRICT, f"-I{headers}", "-fsyntax-only", str(source))


def test_no_state_and_nothing_from_the_c_library(headers: Path, tmp_path: Path) -> None:
    run(headers, *C99, *STRICT, "-O2", "-c", "all.c", "-o", str(tmp_path / "all.o"))
    symbols = [line.split()[-2:] for line in run(tmp_path, "nm", "all.o").splitlines()]
    writable = [name for kind, name in symbols if kind in "dDbBCsS"]
    foreign = {name for kind, name in symbols if kind == "U"}
    assert writable == []
    assert foreign <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


def test_weights_only_holds_tables_and_no_function(tmp_path: Path) -> None:
    mlp = network(name="pima")
    write(tmp_path, mlp, weights_only=True)
    text = (tmp_path / "pima.h").read_text()
    assert "PIMA_LAYER3_WEIGHTS[1][8]" in text
    assert "(size_t" not in text
    assert "pima_predict" not in text
    (tmp_path / "own.c").write_text(
        '#include "pima.h"\nfloat own(int n, int i);\n'
        "float own(int n, int i) { return MLP_EDGE_READ_FLOAT(&PIMA_LAYER1_WEIGHTS[n][i]); }\n"
    )
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-c", "own.c", "-o", "own.o")


@pytest.mark.parametrize("dtype", EXPORTER.dtypes)
def test_every_function_and_every_reader_in_it_is_used(dtype: str) -> None:
    for mlp in NETWORKS.values():
        text = (
            export(mlp) if dtype == "float32" else EXPORTER.integers[dtype](mlp, made(mlp, dtype))
        )
        code = re.sub(r"/\*.*?\*/", "", text.decode(), flags=re.DOTALL)
        defined = re.findall(r"^static (?:inline )?\w+ (mlp_edge_\w+)\(", code, re.MULTILINE)
        readers = re.findall(r"#define (MLP_EDGE_READ_\w+)", code)
        assert defined
        assert readers
        calls = re.sub(r"^(?:static|#define) .*", "", code, flags=re.MULTILINE)
        assert {name for name in (*defined, *readers) if f"{name}(" not in calls} == set()


def test_the_network_stands_before_its_kernels() -> None:
    text = export(network(name="pima", labels=("no", "yes"))).decode()
    predict = "void pima_predict(const float *features, float *outputs)"
    order = (
        "SPDX-License-Identifier: MIT-0",
        "#define PIMA_INPUTS 8",
        f"{predict};",
        "PIMA_LAYER1_WEIGHTS[12][8]",
        "static inline void mlp_edge_relu(float *values, size_t count);",
        f"{predict}\n{{",
        "int pima_classify(const float *features)\n{",
        "#define MLP_EDGE_KERNEL_RELU",
        "PIMA_GOLDEN[",
        "mlp-edge-seal",
        "mlp-edge-card",
    )
    places = [text.index(what) for what in order]
    assert places == sorted(places)
    body = text[text.index("void pima_logits(") : text.index(f"{predict}\n{{")]
    assert "PIMA_LAYER1_INPUTS" in body
    assert not re.search(r"mlp_edge_\w+\([^)]*[ (]\d", body)


def test_only_the_kernels_it_needs() -> None:
    text = export(network((2, 3, 1), "relu", "regression", standardised=False)).decode()
    assert "mlp_edge_relu" in text
    assert not any(name in text for name in ("mlp_edge_exp", "mlp_edge_scale", "mlp_edge_sigmoid"))


@pytest.mark.parametrize(
    ("widths", "floats"),
    [((8, 12, 8, 1), 20), ((100, 2, 2, 100, 1), 102), ((3, 50, 1), 53), ((7, 1), 7)],
)
def test_stack_is_the_widest_pair_of_neighbours(widths: tuple[int, ...], floats: int) -> None:
    assert memory_width(export(network(widths)).decode()) == floats


def test_same_model_same_bytes() -> None:
    assert export(network()) == export(network())
    assert export(network(seed=1)) != export(network())


def test_lines_fit_a_screen() -> None:
    lines = export(network((64, 32, 10), task="multiclass", name="digits")).decode().splitlines()
    assert max(map(len, lines)) <= 100


def test_constants_say_what_the_model_is() -> None:
    lines = export(network(name="pima", threshold=np.float32(0.3))).decode().splitlines()
    assert "#define PIMA_INPUTS 8" in lines
    assert "#define PIMA_LAYERS 3" in lines
    assert "#define PIMA_LAYER2_OUTPUTS 8" in lines
    assert "#define PIMA_THRESHOLD 0.300000012f" in lines


def test_a_regression_has_no_threshold() -> None:
    assert "THRESHOLD" not in export(network(task="regression")).decode()


@pytest.mark.parametrize("deviation", [1e-42, 2e38])
def test_a_deviation_without_reciprocal_is_refused(deviation: float) -> None:
    scaling = Scaling(np.zeros(1, np.float32), np.array([deviation], np.float32))
    mlp = network((1, 1), features=(Feature("mass in kg"),), scaling=scaling)
    with pytest.raises(ModelError, match=r"mass in kg.*another unit"):
        export(mlp)


def test_the_record() -> None:
    assert (EXPORTER.name, EXPORTER.suffix, EXPORTER.needs) == ("c", ".h", None)
    assert EXPORTER.export(network()) == export(network())
