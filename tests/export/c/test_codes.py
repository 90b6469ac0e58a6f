"""Categories as constants, and what the top of a header says about readings and answers."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.c_compiler import C99, CPP11, STRICT, run
from support.hostile_text import HOSTILE, TEXT
from support.networks import encoded, network

from mlp_edge.card import Card
from mlp_edge.export.c import export
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp
from mlp_edge.readers.header_text import read_card

FILL = float(np.float32(44.3))
PENGUINS = (
    Feature("bill length", 32.1, 59.6, unit="mm", fill=FILL, indicator=True),
    Feature("island", categories=("Biscoe", "Dream", "Torgersen"), codes=(0, 1, 2)),
    Feature("bill depth", 13.1, 21.5, unit="mm", sentinel=-999.0),
    Feature("flipper length", unit="*/", sentinel=0.0, fill=197.0),
    Feature("sex", categories=("female", "male"), codes=(1, 2), sentinel=0.0, fill=2.0),
)


def category(name: str, levels: list[str], codes: list[int] | None = None) -> Feature:
    numbers = range(len(levels)) if codes is None else codes
    return Feature(name, categories=tuple(levels), codes=tuple(numbers))


def constants(mlp: Mlp) -> dict[str, int]:
    """Name -> value of every code in a header."""
    text = export(mlp).decode()
    prefix = mlp.name.upper()
    enums = re.findall(rf"^    ({prefix}_CODE\w*) = (-?\d+), /\*", text, re.MULTILINE)
    macros = re.findall(rf"^#define ({prefix}_CODE\w*) \(?(-?\d+)L\)? /\*", text, re.MULTILINE)
    counted = Counter(name for name, _ in enums + macros)
    assert set(counted.values()) <= {1}
    return {name: int(value) for name, value in enums + macros}


def test_codes_by_name() -> None:
    assert constants(encoded(PENGUINS, name="penguins")) == {
        "PENGUINS_CODE_ISLAND_BISCOE": 0,
        "PENGUINS_CODE_ISLAND_DREAM": 1,
        "PENGUINS_CODE_ISLAND_TORGERSEN": 2,
        "PENGUINS_CODE_SEX_FEMALE": 1,
        "PENGUINS_CODE_SEX_MALE": 2,
    }


def test_names_that_meet_are_numbered() -> None:
    features = [category("a", ["x", "X", "x!", "x 2", "!"]), category("A", ["x", "年齢", "größe"])]
    assert list(constants(encoded(features))) == [
        "NET_CODE_A_X", "NET_CODE_A_X_3", "NET_CODE_A_X_4", "NET_CODE_A_X_2", "NET_CODE_A",
        "NET_CODE_A_X_5", "NET_CODE_A_2", "NET_CODE_A_GR_E",
    ]  # fmt: skip


def test_digits_need_no_letter_in_front() -> None:
    assert list(constants(encoded([category("1", ["2"])]))) == ["NET_CODE_1_2"]


def test_codes_beyond_an_int_are_macros(tmp_path: Path) -> None:
    small = category("small", ["a", "b"], [-32768, 32767])
    large = category("large", ["a", "b", "c"], [-(2**24), 3, 32768])
    mlp = encoded([small, large])
    text = export(mlp).decode()
    assert "    NET_CODE_SMALL_A = -32768, /*" in text
    assert "#define NET_CODE_LARGE_A (-16777216L) /*" in text
    assert "#define NET_CODE_LARGE_B 3L /*" in text
    (tmp_path / "net.h").write_text(text)
    checks = "".join(
        f"typedef char value{index}[({name} == {value}L) ? 1 : -1];\n"
        for index, (name, value) in enumerate(constants(mlp).items())
    )
    (tmp_path / "main.c").write_text(
        f'#include "net.h"\n{checks}void set(float *features);\nvoid set(float *features)\n{{\n'
        "    features[0] = NET_CODE_SMALL_B;\n    features[1] = NET_CODE_LARGE_A;\n}\n"
    )
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-c", "main.c", "-o", "main.o")
    if shutil.which("avr-gcc"):  # where an int has 16 bits
        warnings = ("-std=c99", *STRICT, "-mmcu=atmega328p", "-Os")
        run(tmp_path, "avr-gcc", *warnings, "-c", "main.c", "-o", "main.o")


LEVELS = st.lists(TEXT.filter(bool), min_size=1, max_size=6, unique=True)


@given(st.lists(st.tuples(TEXT, LEVELS), min_size=1, max_size=4), TEXT)
def test_any_text_gives_names_of_its_own(found: list[tuple[str, list[str]]], unit: str) -> None:
    numbers = [Feature(name, 0, 1, unit=unit) for name, _ in found]
    mlp = encoded([*numbers, *(category(name, levels) for name, levels in found)])
    header = export(mlp).decode("ascii")
    assert len(constants(mlp)) == sum(len(levels) for _, levels in found)
    assert header.count("/*") == header.count("*/")
    assert "??" not in header
    assert read_card(header, "net.h") == Card.of(mlp)
    defined = re.findall(r"^#define (\w+)|^static const float (\w+)|^    (NET_\w+) =", header,
                         re.MULTILINE)  # fmt: skip
    names = Counter("".join(name) for name in defined if "".join(name).startswith("NET_"))
    assert set(names.values()) == {1}


def test_hostile_categories_compile(tmp_path: Path) -> None:
    pairs = list(dict.fromkeys(a + b for a in HOSTILE for b in HOSTILE[:12]))
    pairs = [pair for pair in pairs if pair]
    features = [category(name, pairs[:40]) for name in HOSTILE]
    features += [Feature(name, unit=name) for name in HOSTILE]
    features += [category("all", pairs), Feature("last", fill=1.0, unit="\\")]
    mlp = encoded(features, hidden=())
    (tmp_path / "net.h").write_bytes(export(mlp))
    (tmp_path / "other.h").write_bytes(export(replace(mlp, name="other")))
    (tmp_path / "main.c").write_text(
        '#include "net.h"\n#include "other.h"\ntypedef int not_empty;\n'
    )
    for language in (C99, CPP11):
        run(tmp_path, *language, *STRICT, "-Wtrigraphs", "-Wcomment", "-fsyntax-only", "main.c")


# The banner


def banner(mlp: Mlp, **options: bool) -> list[str]:
    lines = export(mlp, **options).decode().split("#ifndef")[0].splitlines()
    return [line.removeprefix(" *   ") for line in lines]


def test_a_line_says_what_a_reading_is_and_what_if_it_is_missing() -> None:
    lines = banner(encoded(PENGUINS))
    start = next(index for index, line in enumerate(lines) if line.startswith("[0]"))
    assert lines[start : start + 5] == [
        '[0] "bill length"     32.1 to 59.6 mm, NaN counts as 44.3',
        '[1] "island"          0 = "Biscoe", 1 = "Dream", 2 = "Torgersen", '
        "NaN: the prediction is NaN",
        '[2] "bill depth"      13.1 to 21.5 mm, NaN or -999: the prediction is NaN',
        '[3] "flipper length"  range unknown, "*\\u002f", NaN or 0 counts as 197',
        '[4] "sex"             1 = "female", 2 = "male", NaN or 0 counts as 2',
    ]
    assert any("5 readings, which become the 9 inputs of layer 1" in line for line in lines)


def test_where_all_are_alike_it_is_said_once() -> None:
    text = "\n".join(banner(network()))
    assert text.count("the prediction is NaN") == 1


def test_many_categories_are_wrapped() -> None:
    mlp = encoded([category("which one", [f"level {i}" for i in range(100)]), PENGUINS[0]])
    lines = banner(mlp)
    assert max(len(line) for line in export(mlp).decode().splitlines()) <= 100
    assert sum('"level ' in line for line in lines) > 10


@pytest.mark.parametrize("weights_only", [False, True])
def test_several_targets_and_a_clip(weights_only: bool) -> None:
    mlp = encoded(PENGUINS, outputs=2, clip=(0.0, 6300.5), targets=("mass", "*/"))
    lines = banner(mlp, weights_only=weights_only)
    assert '[0] "mass"' in lines
    assert '[1] "*\\u002f"' in lines
    assert "Clipped to NET_CLIP_LOW, 0, and NET_CLIP_HIGH, 6300.5." in lines
    code = export(mlp, weights_only=weights_only).decode()
    assert "#define NET_CLIP_LOW 0.0f\n#define NET_CLIP_HIGH 6300.5f\n" in code
