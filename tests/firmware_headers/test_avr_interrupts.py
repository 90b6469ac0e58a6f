"""Predictions on a simulated AVR that is interrupted all the time."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from support.c_compiler import HEADERS, run
from support.chips import BY_NAME, require
from support.integer_headers import EXPORT, every_dtype
from support.networks import network, readings
from support.quantised_networks import quantised

HOST = HEADERS.parent / "tests" / "export" / "c" / "far_flash.c"
ROWS = 8
PROGRAM = """\
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include "net.h"
static const float rows[{rows}][{inputs}] = {{{numbers}}};
volatile struct {{ uint16_t different, interrupts; }} result;

ISR(TIMER0_COMPA_vect)
{{
    result.interrupts = (uint16_t)(result.interrupts + 1u);
    OCR0A = (uint8_t)(100u + result.interrupts * 7u % 61u); /* at another place next time */
}}

int main(void)
{{
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS00);
    OCR0A = 100;
    TIMSK0 = _BV(OCIE0A);
    for (uint8_t i = 0; i < {rows}; i++) {{
        float quiet[{outputs}], disturbed[{outputs}];
        net_predict(rows[i], quiet);
        sei();
        net_predict(rows[i], disturbed);
        cli();
        result.different += memcmp(quiet, disturbed, sizeof quiet) != 0;
    }}
    sleep_mode();
    return 0;
}}
"""


@every_dtype
@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_interrupts_change_no_bit(task: str, dtype: str, tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    mlp = network((6, 9, 5, 3), "tanh" if task == "regression" else "relu", task)
    (tmp_path / "net.h").write_bytes(EXPORT[dtype](mlp, quantised(mlp, dtype)))
    numbers = ", ".join(f"{float(x):.9g}f" for x in np.ravel(readings(mlp, ROWS)))
    (tmp_path / "main.c").write_text(
        PROGRAM.format(rows=ROWS, inputs=mlp.inputs, outputs=mlp.outputs, numbers=numbers)
    )
    run(tmp_path, "avr-gcc", "-mmcu=atmega328p", "-Os", "-std=c99", "-Wno-missing-braces",
        "main.c", "-o", "main.elf")  # fmt: skip
    run(tmp_path, "avr-objcopy", "-O", "binary", "-R", ".eeprom", "main.elf", "main.bin")
    found = re.search(r"^([0-9a-f]+) \w result$", run(tmp_path, "avr-nm", "main.elf"), re.MULTILINE)
    assert found
    run(tmp_path, "gcc", "-O1", str(HOST), "-o", "host", "-lsimavr")
    address = int(found[1], 16) & 0xFFFF
    run(tmp_path, "sh", "-c", f"./host atmega328p main.bin {address} 4 > out.bin")
    different, interrupts = struct.unpack("<HH", (tmp_path / "out.bin").read_bytes())
    assert different == 0
    assert interrupts > 100
