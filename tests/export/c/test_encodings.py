"""Whole headers with missing values, indicators and categories, on readings of every kind."""

from __future__ import annotations

import ctypes
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.header_models import memory_width
from support.networks import encoded, network, readings

from mlp_edge import reference
from mlp_edge.encoding import input_names
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp, Rows
from mlp_edge.proof import c_replay
from mlp_edge.readers import anatomy
from mlp_edge.readers.header_file import read_header
from mlp_edge.runtime.c import open_header

KINDS = list(product(("number", "category"), *[(False, True)] * 3))
"""Number or category, and whether it has a fill, a sentinel, an indicator."""

Predict = Callable[[Rows], Rows]


def feature(index: int, kind: str, fill: bool, sentinel: bool, indicator: bool) -> Feature:
    random = np.random.default_rng(index)
    missing = float(random.choice([0, -999, -1])) if sentinel else None
    if kind == "number":
        low = float(random.uniform(-40, 20))
        value = float(np.float32(low + 7))
        return Feature(
            f"x{index}", low, low + 30, sentinel=missing, fill=value if fill else None,
            indicator=indicator,
        )  # fmt: skip
    pool = [code for code in (0, 1, 2, 5, -3, 2**24) if code != missing]
    codes = tuple(random.permutation(pool)[: random.integers(1, 5)].tolist())
    return Feature(
        f"x{index}", categories=tuple(f"level {code}" for code in codes), codes=codes,
        sentinel=missing, fill=float(codes[-1]) if fill else None, indicator=indicator,
    )  # fmt: skip


def every_pair_of_neighbours() -> list[int]:
    """A de Bruijn sequence: each kind stands directly in front of each, itself included."""
    count = len(KINDS)
    pairs = [i for first in range(count) for second in range(first, count)
             for i in ((first, second) if first != second else (first,))]  # fmt: skip
    return [*pairs, pairs[0]]


def models() -> Iterator[Mlp]:
    def made(name: str, kinds: list[int], **options: object) -> Mlp:
        features = [feature(index, *KINDS[kind]) for index, kind in enumerate(kinds)]
        return encoded(features, name=name, **options)  # type: ignore[arg-type]

    for kind, values in enumerate(KINDS):
        name = "_".join(part for part, on in zip(("", "fill", "sentinel", "indicator"),
                                                 values, strict=True) if part and on)  # fmt: skip
        yield made(f"{values[0]}_{name or 'bare'}", [kind], hidden=(), outputs=2)
    yield made("neighbours", every_pair_of_neighbours(), outputs=2, hidden=(7,))
    yield made("neighbours_raw", every_pair_of_neighbours(), standardised=False, hidden=())
    for seed in range(24):
        random = np.random.default_rng(seed)
        chosen = random.integers(0, len(KINDS), random.integers(2, 7)).tolist()
        hidden = [(), (6,), (9, 4)][seed % 3]
        options = {"standardised": seed % 4 != 3, "seed": seed, "hidden": hidden}
        if seed % 2:
            yield made(f"clipped{seed}", chosen, outputs=1 + seed % 3, clip=(-0.5, 0.75), **options)
        else:
            yield made(f"open{seed}", chosen, outputs=1 + seed % 3, **options)
    yield replace(network((8, 12, 8, 1), task="regression"), name="plain")
    yield replace(network((8, 6, 2), task="regression", standardised=False), name="plain_raw")


MODELS = {mlp.name: mlp for mlp in models()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All headers, and one file that includes them: models with the same names side by side."""
    folder = tmp_path_factory.mktemp("encodings")
    code = ["#include <stddef.h>"]
    for name, mlp in MODELS.items():
        (folder / f"{name}.h").write_bytes(export(mlp))
        head = f"void all_{name}(const float *rows, float *predictions, size_t count)"
        code += [
            f'#include "{name}.h"',
            "#ifdef __cplusplus",
            'extern "C"',
            "#endif",
            f"{head};",
            f"{head}\n{{",
            "    for (size_t row = 0; row < count; row++) {",
            f"        {name}_predict(rows + row * {mlp.inputs},",
            f"            predictions + row * {mlp.outputs});",
            "    }\n}",
        ]
    (folder / "all.c").write_text("\n".join(code) + "\n")
    return folder


@pytest.fixture(scope="module", params=["c99", "c++11"])
def predict(request: pytest.FixtureRequest, folder: Path) -> Callable[[str, Rows], Rows]:
    language = C99 if request.param == "c99" else CPP11
    library = f"{request.param}.so"
    run(folder, *language, *STRICT, "-O2", "-ffp-contract=off", "-shared", "-fPIC", "all.c",
        "-o", library)  # fmt: skip
    loaded = ctypes.CDLL(str(folder / library))

    def call(name: str, rows: Rows) -> Rows:
        given = np.ascontiguousarray(rows, np.float32)
        predictions = np.empty((len(rows), MODELS[name].outputs), np.float32)
        loaded[f"all_{name}"](
            ctypes.c_void_p(given.ctypes.data), ctypes.c_void_p(predictions.ctypes.data),
            ctypes.c_size_t(len(given)),
        )  # fmt: skip
        return predictions

    return call


def hard_rows(mlp: Mlp, infinite: bool) -> Floats:
    """Ordinary rows, and one per feature with everything that a reading may be."""
    ordinary = readings(mlp, 20)
    rows = [*ordinary]
    for index, entry in enumerate(mlp.features):
        values = [np.nan, entry.sentinel, 0.0, -0.0, 1.5, -1e30, entry.fill, entry.unknown_code]
        values += [np.inf, -np.inf] if infinite else []
        for number, value in enumerate(value for value in values if value is not None):
            row = ordinary[number].copy()
            row[index] = value
            rows.append(row)
    missing = ordinary.copy()
    missing[np.random.default_rng(1).random(missing.shape) < 0.4] = np.nan
    sentinels = np.where(np.isnan(missing), mlp.encoding.sentinel, ordinary)
    return np.concatenate([np.array(rows), missing, sentinels, np.full_like(ordinary[:1], np.nan)])


def assert_same_bits(got: Floats, expected: Floats) -> None:
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(expected[got == 0]))


@pytest.mark.parametrize("name", MODELS)
def test_bit_for_bit(name: str, predict: Callable[[str, Rows], Rows]) -> None:
    rows = hard_rows(MODELS[name], infinite=True)
    assert_same_bits(predict(name, rows), c_replay.replay(MODELS[name], rows))


@pytest.mark.parametrize("name", MODELS)
def test_close_to_the_reference(name: str, predict: Callable[[str, Rows], Rows]) -> None:
    mlp = MODELS[name]
    rows = hard_rows(mlp, infinite=False)
    rows = rows[~(np.abs(rows) > 1e6).any(axis=1)]  # where one rounding exceeds the tolerance
    got, expected = predict(name, rows), reference.predict(mlp, rows)
    rejected = mlp.encoding.rejected(rows)
    assert np.isnan(got[rejected]).all()
    assert np.isfinite(got[~rejected]).all()
    error = np.abs(got - expected)[~rejected]
    assert (error <= 1e-5 * np.maximum(1, np.abs(expected[~rejected]))).all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_classifier(task: str, tmp_path: Path) -> None:
    features = [feature(index, *kind) for index, kind in enumerate(KINDS)]
    labels = ("no", "yes") if task == "binary" else ("a", "b", "c")
    mlp = replace(
        encoded(features, outputs=1 if task == "binary" else 3, task=task),  # type: ignore[arg-type]
        labels=labels,
    )
    (tmp_path / "net.h").write_bytes(export(mlp))
    rows = hard_rows(mlp, infinite=False)
    with open_header(tmp_path / "net.h") as opened:
        got = opened.predict(rows)
    expected = reference.predict(mlp, rows)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    assert np.nanmax(np.abs(got - expected)) <= 1e-5


def test_an_infinite_reading_is_not_missing(tmp_path: Path) -> None:
    mlp = network((3, 1), task="regression", layers=(
        Dense(np.ones((1, 3), np.float32), np.zeros(1, np.float32), "linear"),
    ))  # fmt: skip
    (tmp_path / "net.h").write_bytes(export(mlp))
    with open_header(tmp_path / "net.h") as opened:
        got = opened.predict(np.array([[np.inf, 1, 2], [1, -np.inf, 2]], np.float32))
    assert got.ravel().tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize("name", ["plain", "open4"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_guard_survives_fast_math(
    name: str, compiler: str, folder: Path, tmp_path: Path
) -> None:
    """As a program: a library compiled so would switch subnormals off for the whole process."""
    if compiler == "clang" and shutil.which("clang") is None:
        pytest.skip("clang is missing")
    mlp = MODELS[name]
    rows = hard_rows(mlp, infinite=False)
    flags = ("-std=c99", "-O3", "-ffast-math", f"-I{folder}")
    got = filtered(tmp_path, name, rows, compiler, *flags)
    rejected = mlp.encoding.rejected(rows)
    assert rejected.any()
    assert np.isnan(got[rejected]).all()
    assert not np.isnan(got[~rejected]).any()


@pytest.mark.slow
def test_nothing_undefined_and_nothing_out_of_bounds(folder: Path, tmp_path: Path) -> None:
    for name in ("open4", "neighbours"):
        rows = hard_rows(MODELS[name], infinite=True)
        flags = (*C99[1:], "-O1", "-g0", "-fsanitize=undefined,address",
                 "-fno-sanitize-recover=all", "-ffp-contract=off", f"-I{folder}")  # fmt: skip
        assert_same_bits(
            filtered(tmp_path, name, rows, "gcc", *flags), c_replay.replay(MODELS[name], rows)
        )


def filtered(place: Path, name: str, rows: Rows, *command: str) -> Rows:
    """Predictions of a program that reads rows and writes what it makes of them."""
    prefix = name.upper()
    (place / "main.c").write_text(
        f'#include <stdio.h>\n#include "{name}.h"\nint main(void) {{\n'
        f"    float x[{prefix}_INPUTS], y[{prefix}_OUTPUTS];\n"
        "    while (fread(x, sizeof x, 1, stdin)) {\n"
        f"        {name}_predict(x, y);\n        fwrite(y, sizeof y, 1, stdout);\n    }}\n"
        "    return 0;\n}\n"
    )
    run(place, *command, "main.c", "-o", "main")
    rows.astype(np.float32).tofile(place / "rows")
    run(place, "sh", "-c", "./main < rows > predictions")
    return np.fromfile(place / "predictions", np.float32).reshape(len(rows), -1)


# What a header holds


def body(mlp: Mlp) -> str:
    text = export(mlp).decode()
    return text[
        text.index("/* Whether there is no prediction") : text.index("/* The kernels that this")
    ]


def test_a_plain_model_has_the_guard_and_nothing_else() -> None:
    text = export(network()).decode()
    assert "return mlp_edge_any_missing(NULL, NET_INPUTS, features);" in body(network())
    assert not any(f"mlp_edge_{name}(" in text for name in ("fill", "indicate", "one_hot", "clip"))
    assert memory_width(text) == 20


def test_where_everything_is_filled_there_is_no_guard() -> None:
    text = export(MODELS["number_fill_sentinel"]).decode()
    assert "any_missing(NULL" not in text
    assert "any_missing(&" not in text
    assert "    (void)features;\n    return 0;\n" in text  # only a table may be out of reach


def test_layers_read_the_readings_where_nothing_is_between() -> None:
    mlp = encoded([Feature("a", sentinel=-1.0), Feature("b")], standardised=False, hidden=())
    assert "memory[" not in body(mlp)
    assert "NET_LAYER1_OUTPUTS, features, outputs);" in re.sub(r"\s+", " ", body(mlp))


def test_numbers_at_the_front_are_scaled_from_where_they_are() -> None:
    mlp = encoded(
        [Feature("a"), Feature("b"), Feature("c", categories=("no", "yes"), codes=(0, 1))]
    )
    assert "mlp_edge_scale(NET_MEAN, NET_RECIPROCAL, NET_NUMBERS, features, encoded);" in body(mlp)
    assert "#define NET_NUMBERS 2 " in export(mlp).decode()
    assert "memcpy(" not in body(mlp)


def test_tables_hold_the_numbers_only() -> None:
    text = export(MODELS["neighbours"]).decode()
    numbers = len(MODELS["neighbours"].encoding.numbers)
    assert f"NEIGHBOURS_MEAN[{numbers}]" in text
    assert f"NEIGHBOURS_RECIPROCAL[{numbers}]" in text
    assert "_MEAN" not in export(MODELS["category_bare"]).decode()


@pytest.mark.parametrize("name", ["plain", "open4", "neighbours", "category_bare"])
def test_a_header_read_as_text_has_the_anatomy_of_the_network(name: str, folder: Path) -> None:
    mlp = MODELS[name]
    found, expected = read_header(folder / f"{name}.h").anatomy, anatomy.of_mlp(mlp)
    assert found.layers == expected.layers
    if len(mlp.encoding.numbers):
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_allclose(found.std, expected.std, rtol=1e-6)
    else:
        assert found.mean is found.std is None


def test_weights_only_says_what_the_first_layer_takes(tmp_path: Path) -> None:
    mlp = MODELS["open4"]
    text = export(mlp, weights_only=True).decode()
    for index, name in enumerate(input_names(mlp.features)):
        assert f'\n *   [{index}] "{name}"\n' in text
    assert "mlp_edge_missing" not in text
    (tmp_path / "open4.h").write_text(text)
    (tmp_path / "own.c").write_text('#include "open4.h"\ntypedef int not_empty;\n')
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-c", "own.c", "-o", "own.o")
