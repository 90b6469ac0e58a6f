"""The replay of a header's arithmetic, and the golden rows that a board checks itself with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from c_compiler import C99, CPP11, STRICT, run
from networks import encoded, network, readings

from mlp_edge.export import c_replay
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import HIDDEN_ACTIVATIONS, Dense, Floats, Mlp
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import open_header

PENGUINS = (
    Feature("bill", 32.1, 59.6, fill=45.0, indicator=True),
    Feature("island", categories=("Biscoe", "Dream", "Torgersen"), codes=(0, 1, 2)),
    Feature("depth", 13.1, 21.5, sentinel=-999.0),
    Feature("anything"),
)


def models() -> Iterator[Mlp]:
    for name in HIDDEN_ACTIVATIONS:
        yield network((3, 9, 5, 2), name, "regression", name=f"{name}_")
    for task in ("binary", "multiclass"):
        mlp = network((5, 6, 1 if task == "binary" else 4), task=task, name=task)  # type: ignore[arg-type]
        yield mlp
    yield encoded(PENGUINS, name="penguins", outputs=2, clip=(-1.0, 0.5))
    yield network((1, 16, 16, 1), task="regression", standardised=False, name="sine")


MODELS = {mlp.name: mlp for mlp in models()}


def assert_same_bits(got: Floats, expected: Floats) -> None:
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(expected[got == 0]))


def strange(mlp: Mlp) -> Floats:
    rows = readings(mlp, 200)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-40, 3e38, -3e38], np.float32)
    mixed = np.random.default_rng(0).choice(special, (100, mlp.inputs))
    return np.concatenate([rows, rows * np.float32(1000), rows * np.float32(1e-42), mixed])


@pytest.mark.parametrize("name", MODELS)
def test_the_replay_has_the_bits_of_the_compiled_header(name: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    path = tmp_path / f"{mlp.name}.h"
    path.write_bytes(export(mlp))
    with open_header(path) as header:
        rows = strange(mlp)
        assert_same_bits(header.predict(rows), c_replay.predict(mlp, rows))


def test_fma_rounds_once() -> None:
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, (3, 20_000), dtype=np.uint32).view(np.float32)
    close = random.normal(size=(3, 20_000)).astype(np.float32)
    tie = np.array([[1 + 2.0**-12] * 2, [1 + 2.0**-12] * 2, [2.0**-60, -(2.0**-60)]], np.float32)
    a, b, c = np.concatenate([bits, close, tie], axis=1)
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(c)
    with np.errstate(all="ignore"):
        got = c_replay.fma(a, b, c)[finite]
        exact = a[finite].astype(np.longdouble) * b[finite] + c[finite]
        half = np.spacing(np.abs(got)).astype(np.longdouble) / 2
    off = np.abs(got - exact)
    assert (off[np.isfinite(got)] <= 1.000001 * half[np.isfinite(got)]).all()
    assert (np.abs(exact[np.isinf(got)]) > 3.4e38).all()
    # 1 + 2^-11 + 2^-24 is a tie; what is added decides it, however little.
    assert (got[-2], got[-1]) == (np.float32(1 + 2.0**-11 + 2.0**-23), np.float32(1 + 2.0**-11))


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.target.name)
def test_the_replay_has_the_bits_of_every_chip(chip: object, tmp_path: Path) -> None:
    if chip.missing():  # type: ignore[attr-defined]
        pytest.skip(chip.missing())  # type: ignore[attr-defined]
    mlp = network((5, 9, 6, 3), task="multiclass", name="net")
    (tmp_path / "net.h").write_bytes(export(mlp))
    rows = strange(mlp)[::40]
    with chip.open(tmp_path / "net.h") as header:  # type: ignore[attr-defined]
        got = header.predict(rows)
    fused = chip.target.name == "cortex-m4"  # type: ignore[attr-defined]
    assert_same_bits(got, c_replay.predict(mlp, rows, fused=fused))
    if fused:
        assert (got != c_replay.predict(mlp, rows))[~np.isnan(got)].any()


def test_a_negative_zero_is_passed_over_like_any_other_zero(tmp_path: Path) -> None:
    """The kernel without a float unit leaves inputs of 0 out: not where that would change -0."""
    weights = np.array([[1, -1], [-1, -1], [0.0, -0.0]], np.float32)
    layer = Dense(weights, np.array([-0.0, -0.0, 0.0], np.float32), "linear")
    features = (Feature("a"), Feature("b"))
    mlp = network((2, 3), task="regression", layers=(layer,), scaling=None, features=features)
    rows = np.array([[0, 0], [-0.0, -0.0], [0, -0.0], [1e-45, 0], [1, -1]], np.float32)
    (tmp_path / "net.h").write_bytes(export(mlp))
    for chip in CHIPS[:2]:
        if not chip.missing():
            with chip.open(tmp_path / "net.h") as header:
                assert_same_bits(header.predict(rows), c_replay.predict(mlp, rows))


# The self-test


def verdict(mlp: Mlp, text: str, folder: Path, *flags: str) -> int:
    name = mlp.name
    (folder / f"{name}.h").write_text(text)
    (folder / "main.c").write_text(
        f'#include <stdio.h>\n#define {name.upper()}_SELFTEST\n#include "{name}.h"\n'
        f'int main(void) {{ printf("%d", {name}_selftest()); return 0; }}\n'
    )
    run(folder, *flags, *STRICT, "-O2", "main.c", "-o", "main")
    return int(run(folder, "./main"))


@pytest.mark.parametrize("name", MODELS)
def test_a_good_board_passes(name: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    assert verdict(mlp, export(mlp).decode(), tmp_path, *C99, "-ffp-contract=off") == 0


def test_in_cpp(tmp_path: Path) -> None:
    mlp = MODELS["penguins"]
    assert verdict(mlp, export(mlp).decode(), tmp_path, *CPP11, "-ffp-contract=off") == 0


def test_one_wrong_digit_is_found_and_a_tolerance_lets_it_by(tmp_path: Path) -> None:
    mlp = MODELS["sine"]
    text = export(mlp).decode()
    bias = re.search(r"SINE_LAYER3_BIAS\[1\] MLP_EDGE_FLASH = \{\n    (\S+)f,", text)
    assert bias
    wrong = np.float32(bias[1]) + np.float32(1e-5)
    changed = text.replace(f"    {bias[1]}f,", f"    {float(wrong):.9g}f,")
    assert verdict(mlp, changed, tmp_path, *C99) == 1
    assert verdict(mlp, changed, tmp_path, *C99, "-DMLP_EDGE_SELFTEST_TOLERANCE=1e-5f") == 0
    far = text.replace(f"    {bias[1]}f,", "    0.9f,")
    assert verdict(mlp, far, tmp_path, *C99, "-DMLP_EDGE_SELFTEST_TOLERANCE=1e-5f") == 1


def test_fast_math_that_loses_the_guard_would_be_found(tmp_path: Path) -> None:
    mlp = MODELS["binary"]
    text = export(mlp).decode().replace("mlp_edge_reject(outputs, 1);", "outputs[0] = 0.5f;")
    assert verdict(mlp, text, tmp_path, *C99) == 6


def test_golden_rows_cover_what_a_reading_may_be() -> None:
    text = export(MODELS["penguins"]).decode()
    found = re.findall(r"    /\* (\d), (.*) \*/\n    \{0x", text)
    assert [what for _, what in found] == [
        "every reading at its lowest", "in the middle", "at its highest",
        "lowest and highest in turn", "highest and lowest in turn", "missing where it is filled",
        "a sentinel where it has one", "[1] missing",
    ]  # fmt: skip
    assert "#ifdef PENGUINS_SELFTEST" in text


def test_no_selftest_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sine.h").write_bytes(export(replace(MODELS["sine"])))
    (tmp_path / "main.c").write_text('#include "sine.h"\ntypedef int not_empty;\n')
    run(tmp_path, *C99, *STRICT, "-O0", "-c", "main.c", "-o", "main.o")
    symbols = run(tmp_path, "nm", "main.o")
    assert "sine_predict" in symbols
    assert "GOLDEN" not in symbols
    assert "selftest" not in symbols
