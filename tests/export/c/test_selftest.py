"""The replay of a header's arithmetic, and the self-test that a board runs."""

from __future__ import annotations

import platform
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import C99, CPP11, STRICT, run
from support.header_models import MODELS
from support.networks import network, readings

from mlp_edge.errors import ModelError
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Dense, Floats, Mlp
from mlp_edge.proof import c_replay
from mlp_edge.proof.golden import Golden, disagreement, golden
from mlp_edge.proof.golden import readings as golden_readings
from mlp_edge.readers.header_text import read_card
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import Header, open_header, read_golden, read_header


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
        assert_same_bits(header.predict(rows), c_replay.replay(mlp, rows))


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
    assert_same_bits(got, c_replay.replay(mlp, rows, fused=fused))
    if fused:
        assert (got != c_replay.replay(mlp, rows))[~np.isnan(got)].any()


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
                assert_same_bits(header.predict(rows), c_replay.replay(mlp, rows))


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


HAS_FMA = " fma " in Path("/proc/cpuinfo").read_text("ascii")
NEAR = "-DMLP_EDGE_SELFTEST_BITS=0"
"""Near is enough, as where products and sums are rounded once."""


@pytest.mark.parametrize("name", MODELS)
def test_a_good_board_passes(name: str, tmp_path: Path) -> None:
    mlp = MODELS[name]
    assert verdict(mlp, export(mlp).decode(), tmp_path, *C99, "-ffp-contract=off") == 0


@pytest.mark.parametrize("asked", ["-DMLP_EDGE_SELFTEST_BITS=1", NEAR])
def test_in_cpp(asked: str, tmp_path: Path) -> None:
    mlp = MODELS["penguins"]
    text = export(mlp).decode()
    assert verdict(mlp, text, tmp_path, *CPP11, "-ffp-contract=off", asked) == 0


def with_last_bias(mlp: Mlp, text: str, change: float) -> str:
    """The header with another bias in its last layer: every answer of a regression moves by it."""
    table = (
        rf"{mlp.name.upper()}_LAYER{len(mlp.layers)}_BIAS\[1\] MLP_EDGE_FLASH = \{{\n    (\S+)f,"
    )
    found = re.search(table, text)
    assert found
    bias = np.float32(found[1]) + np.float32(change)
    return text[: found.start(1)] + f"{float(bias):.9g}" + text[found.end(1) :]


def test_one_wrong_digit_is_found_and_within_the_bound_it_passes_where_near_is_enough(
    tmp_path: Path,
) -> None:
    mlp = MODELS["sine"]
    text = export(mlp).decode()
    bounds = as_read(text, fused=True).bounds[:3]
    slight = with_last_bias(mlp, text, bounds.min() / 2)
    assert verdict(mlp, slight, tmp_path, *C99, "-ffp-contract=off") == 1
    assert verdict(mlp, slight, tmp_path, *C99, NEAR) == 0
    for change in (-2 * bounds.max(), 2 * bounds.max()):
        wrong = with_last_bias(mlp, text, change)
        assert verdict(mlp, wrong, tmp_path, *C99, NEAR) == 1


FUSING = {
    "gcc, GNU C": ("gcc", "-std=gnu11", "-O2", "-mfma"),
    "gcc, for Haswell": ("gcc", "-O2", "-march=haswell"),
    "gcc, unoptimised": ("gcc", "-O0", "-mfma"),
    "gcc, strict but fused": ("gcc", "-std=c99", "-O2", "-mfma", "-ffp-contract=fast"),
    "gcc, strict": ("gcc", "-std=c11", "-O2", "-mfma"),
    "g++": ("g++", "-O3", "-mfma", "-x", "c++"),
    "clang": ("clang", "-std=c99", "-O2", "-mfma"),
    "clang, fast": ("clang", "-O3", "-march=haswell", "-ffp-contract=fast"),
    "clang, off": ("clang", "-O2", "-mfma", "-ffp-contract=off"),
    "the x87's wider registers": ("gcc", "-O2", "-mfpmath=387"),
}
"""What somebody may compile with on a PC, an ESP32 or a Raspberry Pi, contraction as it comes."""


@pytest.mark.slow
@pytest.mark.parametrize("flags", FUSING.values(), ids=FUSING)
def test_the_selftest_finds_out_whether_the_compiler_fuses(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    if platform.machine() != "x86_64" or not ("-mfpmath=387" in flags or HAS_FMA):
        pytest.skip("this CPU does not run the instructions")
    lines = ["#include <stdio.h>"]
    for name, mlp in MODELS.items():
        (tmp_path / f"{name}.h").write_bytes(export(mlp))
        lines += [f"#define {name.upper()}_SELFTEST", f'#include "{name}.h"']
    calls = " ".join(f'printf("%d ", {name}_selftest());' for name in MODELS)
    lines += [f"int main(void) {{ {calls} return 0; }}", ""]
    (tmp_path / "main.c").write_text("\n".join(lines))
    run(tmp_path, *flags, "main.c", "-o", "main")
    assert set(run(tmp_path, "./main").split()) == {"0"}


def test_the_bits_are_asked_for_wherever_nothing_is_fused(tmp_path: Path) -> None:
    """A float unit alone is no reason to be content with less."""
    mlp = MODELS["sine"]
    text = export(mlp).decode()
    slight = with_last_bias(mlp, text, as_read(text, fused=True).bounds[:3].min() / 2)
    assert verdict(mlp, slight, tmp_path, *C99, "-ffp-contract=off") == 1
    if HAS_FMA:
        assert verdict(mlp, slight, tmp_path, *C99, "-mfma", "-ffp-contract=off") == 1
        fused = ("gcc", "-std=gnu11", "-mfma")
        assert verdict(mlp, slight, tmp_path, *fused) == 0
        assert verdict(mlp, text, tmp_path, *fused, "-DMLP_EDGE_SELFTEST_BITS=1") != 0
        far = with_last_bias(mlp, text, 2 * as_read(text, fused=True).bounds[:3].max())
        assert verdict(mlp, far, tmp_path, *fused) == 1


@pytest.mark.parametrize("name", MODELS)
def test_fused_answers_are_within_the_bounds(name: str) -> None:
    mlp = MODELS[name]
    rows, answers, bounds = as_read(export(mlp).decode(), fused=True)
    off = np.abs(c_replay.replay(mlp, rows, fused=True).astype(float) - answers)
    assert (np.isnan(off) | (off == 0) | (off < bounds)).all()
    assert np.isfinite(off[:3]).all()
    assert (bounds[:3] < 1e-3 * np.maximum(1, np.abs(answers[:3]))).all()


@pytest.mark.parametrize("asked", ["-DMLP_EDGE_SELFTEST_BITS=1", NEAR])
@pytest.mark.parametrize("mathematics", ["-ffp-contract=off", "-ffast-math"])
def test_nan_is_right_where_it_is_expected_and_nowhere_else(
    asked: str, mathematics: str, tmp_path: Path
) -> None:
    mlp = MODELS["binary"]
    text = export(mlp).decode()
    numbered = text.replace("mlp_edge_reject(outputs, BINARY_OUTPUTS);", "outputs[0] = 0.5f;")
    assert verdict(mlp, numbered, tmp_path, *C99, "-ffp-contract=off", asked) == 6
    call = "        binary_predict(features, outputs);\n"
    assert text.count(call) == 1
    for bits in ("0x7fc00000u", "0xffc00000u"):
        lost = text.replace(call, f"{call}        outputs[0] = mlp_edge_from_bits({bits});\n")
        assert verdict(mlp, lost, tmp_path, *C99, mathematics, asked) == 1


# The tables as a runtime reads them


def as_read(text: str, fused: bool = False) -> Golden:
    """The golden rows in the text of a header."""
    card = read_card(text, "net.h")
    sizes = [re.search(rf"#define {card.name.upper()}_{what} (\d+)", text)
             for what in ("INPUTS", "OUTPUTS")]  # fmt: skip
    inputs, outputs = (int(found[1]) for found in sizes if found)
    read = read_golden(Header(Path("net.h"), text, card, inputs, outputs), fused)
    assert read is not None
    return read


@pytest.mark.parametrize("name", MODELS)
def test_the_tables_read_back(name: str) -> None:
    mlp = MODELS[name]
    rows, answers, bounds = as_read(export(mlp).decode())
    assert_same_bits(rows, np.array([*golden_readings(mlp).values()]))
    assert_same_bits(answers, c_replay.replay(mlp, rows))
    assert not bounds.any()


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.target.name)
def test_every_chip_is_held_to_them(chip: object, tmp_path: Path) -> None:
    if chip.missing():  # type: ignore[attr-defined]
        pytest.skip(chip.missing())  # type: ignore[attr-defined]
    mlp = replace(MODELS["penguins"], clip=None)
    path = tmp_path / "penguins.h"
    path.write_bytes(export(mlp))
    with chip.open(path) as opened:  # type: ignore[attr-defined]
        assert len(opened.golden.rows) == len(golden_readings(mlp))
        assert opened.golden.bounds.any() == chip.target.fused  # type: ignore[attr-defined]
        assert disagreement(opened.golden, opened.predict) is None
        wrong = opened.golden._replace(predictions=opened.golden.predictions + np.float32(1e-3))
        assert "golden row 1 of 8, output 1: " in str(disagreement(wrong, opened.predict))


def test_a_row_that_may_leave_float32_has_no_bound_and_no_say_where_bits_have_none(
    tmp_path: Path,
) -> None:
    huge = (Feature("x", -3e38, 3e38), Feature("y", -3e38, 3e38))
    mlp = network((2, 3, 1), task="regression", standardised=False, name="huge", features=huge)
    text = export(mlp).decode()
    assert "{3.4028235e+38f}" in text
    assert verdict(mlp, text, tmp_path, *C99, "-ffp-contract=off") == 0
    everything, proved = as_read(text), as_read(text, fused=True)
    assert len(everything.rows) == 6
    assert 2 <= len(proved.rows) < 6
    assert_same_bits(proved.rows, golden(mlp).rows)


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ("SINE_GOLDEN[4][1]", "SINE_GOLDEN[5][1]"),
        ("SINE_GOLDEN[4][1]", "SINE_GOLDEN[4][2]"),
        ("SINE_GOLDEN_PREDICTIONS[4][1]", "SINE_GOLDEN_PREDICTIONS[3][1]"),
        ("    {0x7fc00000u},\n};\n#if", "};\n#if"),
        ("    {0.0f},\n};", "    {zero},\n};"),
    ],
)
def test_tables_that_do_not_belong_together(found: str, instead: str, tmp_path: Path) -> None:
    text = export(MODELS["sine"]).decode()
    assert found in text
    (tmp_path / "sine.h").write_text(text.replace(found, instead))
    header = read_header(tmp_path / "sine.h")
    with pytest.raises(ModelError, match=r"sine\.h: its golden rows are damaged"):
        read_golden(header)


def test_tables_of_different_lengths(tmp_path: Path) -> None:
    text = export(MODELS["sine"]).decode()
    shorter = text.replace("BOUNDS[4]", "BOUNDS[3]").replace("    {0.0f},\n};", "};")
    (tmp_path / "sine.h").write_text(shorter)
    with pytest.raises(ModelError, match="tables of different sizes"):
        read_golden(read_header(tmp_path / "sine.h"))


def test_a_header_of_older_versions_has_no_golden_rows(tmp_path: Path) -> None:
    text = export(MODELS["sine"]).decode()
    (tmp_path / "sine.h").write_text(text.replace("SINE_GOLDEN_BOUNDS", "SINE_BOUNDS"))
    assert read_golden(read_header(tmp_path / "sine.h")) is None


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
