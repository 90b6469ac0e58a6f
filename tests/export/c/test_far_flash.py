"""Tables that a pointer cannot reach, and tables that are to stay out of RAM."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import STRICT, run
from support.chips import BY_NAME, require
from support.networks import network, readings
from support.quantised_networks import quantised

from mlp_edge.export.c import EXPORTER, export
from mlp_edge.mlp import Mlp
from mlp_edge.proof import c_replay

MEGA = ("avr-gcc", "-mmcu=atmega2560", "-Os", "-std=gnu99", "-ffp-contract=off")
XTENSA = ("xtensa-lx106-elf-gcc", "-mlongcalls", "-Os", "-ffreestanding")
HOST = Path(__file__).with_name("far_flash.c")
WIDE = (60, 100, 24, 1)
"""34 kB of weights in float32."""


def answers(folder: Path, headers: dict[str, Mlp], row: np.ndarray) -> dict[str, float]:
    """What an ATmega2560 with all these models predicts for a row, and answers otherwise."""
    lines = ["#include <avr/interrupt.h>", "#include <avr/sleep.h>"]
    for name in headers:
        lines += [f"#define {name.upper()}_SELFTEST", f'#include "{name}.h"']
    numbers = ", ".join(f"{float(value):.9g}f" for value in row)
    lines += [
        f"static const float row[] = {{{numbers}}};",
        f"volatile struct {{ float predicted; int16_t klass, selftest; }} result[{len(headers)}];",
        "int main(void) {",
        "    float predicted;",
    ]
    for index, name in enumerate(headers):
        lines += [
            f"    {name}_predict(row, &predicted); result[{index}].predicted = predicted;",
            f"    result[{index}].klass = {name}_classify(row);",
            f"    result[{index}].selftest = {name}_selftest();",
        ]
    lines += ["    cli(); sleep_mode(); return 0;", "}"]
    (folder / "main.c").write_text("\n".join(lines))
    run(folder, *MEGA, "main.c", "-o", "main.elf")
    run(folder, "avr-objcopy", "-O", "binary", "-R", ".eeprom", "main.elf", "main.bin")
    found = re.search(r"^([0-9a-f]+) \w result$", run(folder, "avr-nm", "main.elf"), re.MULTILINE)
    assert found
    run(folder, "gcc", "-O1", str(HOST), "-o", "host", "-lsimavr")
    address = int(found[1], 16) & 0xFFFF
    run(folder, "sh", "-c", f"./host atmega2560 main.bin {address} {8 * len(headers)} > out.bin")
    content = (folder / "out.bin").read_bytes()
    return dict(zip(headers, struct.iter_unpack("<fhh", content), strict=True))


@pytest.fixture
def two_models(tmp_path: Path) -> dict[str, Mlp]:
    require(BY_NAME["avr"])
    models = {
        name: network(WIDE, task="binary", name=name, seed=seed)
        for seed, name in enumerate(("one", "two"))
    }
    for name, mlp in models.items():
        (tmp_path / f"{name}.h").write_bytes(export(mlp))
    return models


def test_tables_out_of_reach_make_the_prediction_nan(
    two_models: dict[str, Mlp], tmp_path: Path
) -> None:
    row = readings(two_models["one"], 1)
    found = answers(tmp_path, two_models, row[0])
    right = {name: float(c_replay.replay(mlp, row)[0, 0]) for name, mlp in two_models.items()}
    lost = [name for name, (predicted, *_) in found.items() if np.isnan(predicted)]
    assert len(lost) == 1  # 68 kB of tables: one model lies beyond 64 kB, the other within
    for name, (predicted, klass, selftest) in found.items():
        if name in lost:
            assert (klass, selftest) == (-1, 1)
        else:
            assert (predicted, klass, selftest) == (right[name], right[name] > 0.5, 0)


def test_tables_within_reach_are_read_on_a_chip_with_more_flash(tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    mlp = network((5, 6, 1), task="binary", name="small")
    named = replace(mlp, name="small_int8")
    (tmp_path / "small.h").write_bytes(export(mlp))
    (tmp_path / "small_int8.h").write_bytes(EXPORTER.integers["int8"](named, quantised(mlp)))
    row = readings(mlp, 1)
    found = answers(tmp_path, {"small": mlp, "small_int8": named}, row[0])
    assert found["small"][0] == c_replay.replay(mlp, row)[0, 0]
    assert [selftest for *_, selftest in found.values()] == [0, 0]
    assert abs(found["small_int8"][0] - found["small"][0]) < 0.1


# An ESP8266 copies every constant to its 80 kB of RAM, unless it is PROGMEM.

PGMSPACE = """
#define PROGMEM __attribute__((section(".irom.text." __FILE__)))
#define pgm_read_byte(address) mlp_edge_test_read8(address)
#define pgm_read_word(address) mlp_edge_test_read16(address)
#define pgm_read_dword(address) (*(const uint32_t *)(const void *)(address))
uint8_t mlp_edge_test_read8(const void *address);
uint16_t mlp_edge_test_read16(const void *address);
"""
"""What the Arduino core's <pgmspace.h> declares, as far as a header uses it."""


@pytest.mark.parametrize("dtype", ["float32", "int8", "int16", "int24"])
def test_no_table_takes_ram_of_an_esp8266(dtype: str, tmp_path: Path) -> None:
    mlp = network((8, 12, 4), task="multiclass", name="net")
    content = export(mlp) if dtype == "float32" else EXPORTER.integers[dtype](
        mlp, quantised(mlp, dtype)
    )  # fmt: skip
    (tmp_path / "net.h").write_bytes(content)
    (tmp_path / "pgmspace.h").write_text(PGMSPACE)
    (tmp_path / "net.c").write_text('#define NET_SELFTEST\n#include "net.h"\n')
    run(tmp_path, *XTENSA, "-std=c99", *STRICT, "-DESP8266", "-DARDUINO=10819", "-I.", "-c",
        "net.c")  # fmt: skip
    sections = {
        name: int(size, 16)
        for name, size in re.findall(
            r"^ *\d+ (\S+) +([0-9a-f]+)", run(tmp_path, "xtensa-lx106-elf-objdump", "-h", "net.o"),
            re.MULTILINE,
        )
    }  # fmt: skip
    in_ram = {name: size for name, size in sections.items()
              if name.startswith((".rodata", ".data", ".bss")) and size}  # fmt: skip
    assert in_ram == {}
    assert sum(size for name, size in sections.items() if name.startswith(".irom")) > 500


@pytest.mark.parametrize("shape", [(8, 6, 6, 1), (60, 9, 9, 1), (8, 5, 3, 1), (8, 12, 8, 1)])
def test_the_banner_counts_the_tables_that_an_avr_links(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Of int8, where assembly has tables of its own: four neurons a row, the last ones again."""
    require(BY_NAME["avr"])
    mlp = network(shape, "relu", task="regression")
    text = EXPORTER.integers["int8"](mlp, quantised(mlp, "int8")).decode()
    (tmp_path / "net.h").write_text(text)
    calls = "float x[64], y;\nint main(void) { net_predict(x, &y); return 0; }\n"
    (tmp_path / "main.c").write_text(f'#include "net.h"\n{calls}')
    run(tmp_path, *MEGA, "-c", "main.c", "-o", "main.o")
    listed = run(tmp_path, "avr-nm", "-S", "main.o")
    symbols = re.findall(r"^\w+ (\w+) \w NET_(?!RAW)", listed, re.M)  # of counts: another function
    [stated] = re.findall(r"^ \*   tables +(\d+) bytes", text, re.M)
    assert int(stated) == sum(int(size, 16) for size in symbols)
