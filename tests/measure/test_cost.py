"""What a header takes on a chip: the figures, the budget, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.chips import BY_NAME, every_chip, require
from support.commands import Type
from support.graphs import residual
from support.header_models import PENGUINS
from support.networks import encoded, network, readings

from mlp_edge.card import Card
from mlp_edge.errors import InputError
from mlp_edge.export.c import export
from mlp_edge.measure.budget import COUNTED, FIGURES, overruns, read_budget, unknown
from mlp_edge.measure.cost import Cost, measure
from mlp_edge.mlp import Mlp
from mlp_edge.proof.declared import drawn, ranges
from mlp_edge.runtime import Chip
from mlp_edge.runtime.c import Header
from mlp_edge.runtime.chips.boards import BOARDS
from mlp_edge.runtime.chips.firmware import build

pytestmark = pytest.mark.slow

COST = Cost(
    target="avr", chip="ATmega328P", opt="Os", flash=3000, data=0, bss=8, stack=120, arrays=36,
    counts="cycles", least=60_000, middle=62_000, most=64_000, rows=20, worst=65_600, searched=240,
    clock=16_000_000,
    flash_size=32_768, ram_size=2_048,
)  # fmt: skip


def header_of(mlp: Mlp) -> Header:
    return Header(Path("net.h"), export(mlp).decode(), Card.of(mlp), mlp.inputs, mlp.outputs)


def measured(chip: Chip, mlp: Mlp, **options: object) -> Cost:
    return measure(header_of(mlp), require(chip), readings(mlp, 6), **options)  # type: ignore[arg-type]


def test_a_sum_of_values_takes_little_beside_dense_layers() -> None:
    chip, chain = BY_NAME["avr"], network((8, 8, 8, 8, 1))
    sums, plain = (measured(chip, mlp) for mlp in (residual(8, 1), chain))
    assert sums.worst < 1.1 * plain.worst
    assert plain.flash < sums.flash < plain.flash + 4 * 8 * 16  # it has no matrix of its own


@every_chip
def test_a_wider_network_takes_more_of_everything(chip: Chip) -> None:
    small, large = (measured(chip, network((4, width, 1))) for width in (8, 16))
    assert large.flash - small.flash == pytest.approx(4 * 8 * 6, abs=64)  # 8 units of 6 numbers
    assert large.flash > 4 * (4 * 16 + 16 + 16 + 1)
    assert (large.data, large.bss) == (0, 0)  # every table in flash
    assert large.ram == large.stack >= small.stack + 4 * 8
    assert small.most < large.least
    assert large.least <= large.middle <= large.most <= large.worst
    assert large.searched > 100
    assert large.fits
    assert large.counts == ("cycles" if chip.target.name == "avr" else "instructions")
    assert (large.milliseconds is None) == (chip.target.name != "avr")


def test_the_same_again_and_how_it_was_compiled() -> None:
    chip = BY_NAME["cortex-m4"]
    once, again = measured(chip, network()), measured(chip, network())
    assert once == again
    quick = measured(chip, network(), opt="O3")
    assert quick.opt == "O3"
    assert quick.most < once.most
    assert quick.flash > once.flash


WORST = {
    "relu, scaled": network((4, 10, 10, 3), task="multiclass"),
    "relu, raw": network((8, 12, 8, 1), standardised=False),
    "hard sigmoid": network((4, 8, 6, 1), "hard_sigmoid"),
    "no zeros": network((3, 6, 1), "tanh", task="regression"),
    "categories": encoded(PENGUINS, outputs=2),
}


@pytest.mark.parametrize("name", WORST)
def test_no_row_of_the_ranges_takes_longer_than_the_worst_case(name: str) -> None:
    mlp, chip = WORST[name], require(BY_NAME["avr"])
    header, random = header_of(mlp), np.random.default_rng(3)
    cost = measure(header, chip, readings(mlp, 20))
    low, high = ranges(mlp, readings(mlp, 200))
    rows = np.vstack([drawn(mlp.features, low, high, 300, random), readings(mlp, 100, seed=9)])
    full, empty = build(header, chip.target), build(header, chip.target, empty=True)
    with chip.start(full) as chip_full, chip.start(empty) as chip_empty:
        nothing = chip_empty.measure(rows[0].tobytes()).count
        taken = [chip_full.measure(row.tobytes()).count - nothing for row in rows]
    assert max(taken) <= cost.worst
    assert cost.worst < 1.2 * max(taken) or "relu" in name or "sigmoid" in name  # no wild guess


def test_units_that_no_measured_row_makes_active_count() -> None:
    """Ten of twelve units are dead in every row: a row that wakes them would take far longer."""
    mlp = network((4, 12, 12, 1), seed=2)
    first = mlp.layers[0]
    bias = np.where(np.arange(12) < 10, np.float32(-1e3), first.bias)
    dead = replace(mlp, layers=(replace(first, bias=bias), *mlp.layers[1:]))
    chip = require(BY_NAME["avr"])
    cost = measure(header_of(dead), chip, readings(dead, 20))
    assert cost.worst > 1.3 * cost.most
    assert cost.worst >= measure(header_of(mlp), chip, readings(mlp, 20)).most


def test_with_a_float_unit_every_row_takes_as_long_as_the_worst_case() -> None:
    cost = measured(BY_NAME["cortex-m4"], network((8, 16, 16, 1), task="regression"))
    assert cost.least == cost.most == cost.worst


def test_milliseconds_are_of_the_clock() -> None:
    assert COST.milliseconds == pytest.approx(4.1)  # of the worst case
    assert replace(COST, clock=8_000_000).milliseconds == pytest.approx(8.2)
    assert replace(COST, counts="instructions").milliseconds is None


def test_what_fits() -> None:
    assert COST.ram == 128
    assert COST.fits
    assert replace(COST, stack=2_048 - 8 - 36).fits
    assert not replace(COST, stack=2_048 - 8 - 35).fits
    assert not replace(COST, flash=32_769).fits


# The budget


def test_what_is_counted_says_which_figures_are_known() -> None:
    for counts in ("cycles", "instructions", "nothing"):
        cost = replace(COST, counts=counts)
        known = {name for name in FIGURES if counts in COUNTED.get(name, (counts,))}
        assert known == {*FIGURES} - {*unknown(dict.fromkeys(FIGURES, 1.0), cost)}


def test_a_budget_is_read() -> None:
    assert read_budget("flash=4k, ram=128,ms=2.5,cycles=60k,instructions=1M,stack=0") == {
        "flash": 4096, "ram": 128, "ms": 2.5, "cycles": 60_000, "instructions": 1e6, "stack": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "flash", "flash=", "flash=-1", "flash=4q", "flash=1,flash=2", "heap=3", "ms=nan",
     "ram=1e3", "flash=4 k", ",", "flash=1;ram=2", "ram=" + "9" * 99],
)  # fmt: skip
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(InputError, match="takes"):
        read_budget(text)


def test_what_is_over_is_named_with_figure_and_limit() -> None:
    assert overruns(read_budget("flash=3000,ram=128,ms=4.1,cycles=66k"), COST) == []
    assert overruns(
        read_budget("flash=2999,ram=127,ms=4.05,cycles=65599,instructions=1"), COST
    ) == [
        "flash 3,000 bytes on avr, allowed 2,999",
        "ram 128 bytes on avr, allowed 127",
        "4.1 ms on avr, allowed 4.05",
        "65,600 cycles on avr, allowed 65,599",
    ]


# The command


def test_the_table(typed: Type, model: Path) -> None:
    for chip in BY_NAME.values():
        require(chip)
    answer = typed("cost", "--opt", "O2")
    assert answer.code == 0, answer.err
    for chip in BY_NAME.values():
        [line] = [line for line in answer.out.splitlines() if line.startswith(chip.target.name)]
        assert chip.target.chip in line
        assert line.split()[-1] == "yes"
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "at 16 MHz" in answer.out


def test_json_and_a_clock(typed: Type, model: Path) -> None:
    require(BY_NAME["avr"])
    answer = typed("cost", "--chip", "avr", "--clock", "8M", "--json")
    assert answer.code == 0, answer.err
    report = json.loads(answer.out)
    [found] = report["costs"]
    assert found["clock"] == 8_000_000
    assert found["ms"] == pytest.approx(found["worst"] / 8000)
    assert found["ram"] == found["data"] + found["bss"] + found["stack"]
    assert (report["not_measured"], report["refused"]) == ({}, {})


def test_the_header_in_int8_takes_a_fraction_of_the_cycles(typed: Type, model: Path) -> None:
    require(BY_NAME["avr"])
    words = ("cost", "--chip", "avr", "--json")
    missing = typed(*words, "--dtype", "int8")
    assert missing.code == 2
    assert "pima_int8.h: not exported yet" in missing.err
    assert typed("export", "--format", "c", "--dtype", "int8").code == 0
    whole, small = (
        json.loads(typed(*words, "--dtype", dtype).out) for dtype in ("float32", "int8")
    )
    assert small["dtype"] == "int8"
    [one], [other] = whole["costs"], small["costs"]
    assert other["middle"] < one["middle"] / 2
    assert other["data"] == 0
    assert other["ram"] < one["ram"]


def test_a_budget_that_is_over_is_1_and_one_sentence(typed: Type, model: Path) -> None:
    require(BY_NAME["avr"])
    assert typed("cost", "--chip", "avr", "--budget", "flash=32k,ram=2k,ms=100").code == 0
    answer = typed("cost", "--chip", "avr", "--budget", "flash=1k,ms=100")
    assert answer.code == 1
    assert len(answer.err.strip().splitlines()) == 1
    assert answer.err.startswith("error: over the budget: flash ")
    assert "allowed 1,024" in answer.err


def test_a_budget_of_what_nobody_knows_is_no_pass(typed: Type, model: Path) -> None:
    require(BY_NAME["cortex-m4"])
    answer = typed("cost", "--chip", "cortex-m4", "--budget", "ms=5")
    assert answer.code == 2
    assert "no chip that was measured has this figure" in answer.err


def test_what_this_machine_lacks_is_listed(
    typed: Type, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(BY_NAME["avr"])
    monkeypatch.setattr("mlp_edge.runtime.chips.unicorn.installed", lambda _name: False)
    answer = typed("cost")
    assert answer.code == 0
    assert answer.err.count("pip install 'mlp-edge[sim]' brings it") == 4
    assert "cortex-m4" not in answer.out
    assert typed("cost", "--chip", "rv32").code == 2
    answer = typed("cost", "--chip", "avr", "--chip", "rv32", "--budget", "flash=9k")
    assert answer.code == 2
    assert "--budget cannot be held on rv32: " in answer.err


def test_a_model_that_does_not_fit_is_named(
    typed: Type, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlp_edge.runtime import CHIPS
    from mlp_edge.runtime.chips import avr

    require(BY_NAME["cortex-m0"])
    tiny = replace(CHIPS[1], target=replace(CHIPS[1].target, flash=4096))
    monkeypatch.setattr("mlp_edge.runtime.CHIPS", (avr.CHIP, tiny))
    answer = typed("cost")
    assert answer.code == 0
    assert "takes more than its 4,096 bytes of flash" in answer.err
    answer = typed("cost", "--budget", "flash=32k")
    assert answer.code == 1
    assert "it does not run on cortex-m0" in answer.err
    assert typed("cost", "--chip", "cortex-m0").code == 2


def boards_of(monkeypatch: pytest.MonkeyPatch, **flash: int) -> None:
    """Boards with the chip of an Uno and so many bytes of flash."""
    uno = BOARDS[0]
    boards = tuple(
        replace(uno, target=replace(uno.target, name=name, flash=size))
        for name, size in flash.items()
    )
    monkeypatch.setattr("mlp_edge.runtime.chips.boards.BOARDS", boards)


def test_boards_by_their_names(typed: Type, model: Path) -> None:
    words = ("cost", "--board", "uno", "--board", "nano", "--board", "esp8266")
    for chip in (BOARDS[0], BOARDS[-1]):
        require(chip)
    answer = typed(*words)
    assert answer.code == 0, answer.err
    shown = {line.split()[0]: line.split() for line in answer.out.splitlines() if line.strip()}
    assert shown["board"] == ["board", "part", "flash", "RAM", "median", "worst", "ms", "fits"]
    assert shown["uno"][1:] == shown["nano"][1:]
    assert shown["esp8266"][1] == "ESP8266EX"
    assert len(shown["esp8266"]) == 4  # the part, its flash, whether it fits
    assert "fits: beside what an empty sketch takes on uno, nano\n" in answer.out
    assert "not simulated: esp8266, of whose RAM 0 bytes are known to be taken" in answer.err
    uno, nano, esp8266 = json.loads(typed(*words, "--json").out)["costs"]
    assert (uno["flash_size"], nano["flash_size"]) == (32_256, 30_720)
    assert (uno["core_flash"], uno["core_ram"], uno["instructions"]) == (444, 9, "AVR")
    assert [esp8266[name] for name in ("ram", "stack", "worst", "ms")] == [None] * 4
    assert esp8266["flash"] > 1000
    answer = typed("cost", "--board", "esp8266", "--budget", "flash=64k,ram=1k")
    assert answer.code == 2
    assert "--budget ram: no chip that was measured has this figure" in answer.err


def test_several_that_were_named_have_to_fit(
    typed: Type, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(BOARDS[0])
    boards_of(monkeypatch, large=32_256, small=2_048)
    answer = typed("cost", "--board", "large", "--board", "small")
    assert answer.code == 1
    assert answer.err == "error: pima does not fit small\n"
    ends = {line.split()[0]: line.split()[-1] for line in answer.out.splitlines() if line.strip()}
    assert (ends["large"], ends["small"]) == ("yes", "no")
    answer = typed("cost", "--board", "large", "--board", "small", "--budget", "flash=32k")
    assert answer.code == 1
    assert "error: over the budget: it does not fit small" in answer.err
    assert typed("cost", "--board", "all").code == 0  # where does it fit?
    assert typed("cost", "--board", "large").code == 0
    boards_of(monkeypatch, small=2_048, smaller=1_024)
    answer = typed("cost", "--board", "small", "--board", "smaller")
    assert answer.code == 1
    assert "error: pima does not fit small, smaller\n" in answer.err
    answer = typed("cost", "--board", "small")
    assert answer.code == 2
    assert "takes more than its 2,048 bytes of flash" in answer.err


def test_the_option_has_another_name_now(process: Type) -> None:
    says = "error: --target of `mlp-edge cost` is now --chip\n"
    assert process("cost", "--target", "avr") == (2, "", says)


def test_a_header_that_was_changed_needs_trust(typed: Type, model: Path) -> None:
    require(BY_NAME["avr"])
    header = model / "exports" / "pima.h"
    header.write_text(header.read_text().replace("Use:", "Used:"))
    answer = typed("cost", "--chip", "avr")
    assert answer.code == 2
    assert "--trust" in answer.err
    assert typed("cost", "--chip", "avr", "--trust").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--board", "tpu"), "there is no board 'tpu'; there are uno, nano, mega2560"),
        (("--chip", "tpu"), "there is no chip 'tpu'; there are avr, cortex-m0"),
        (("--opt", "O9"), "--opt O9 is not one of Os, O2, O3"),
        (("--clock", "fast"), "--clock fast: takes hertz"),
        (("--clock", "0"), "--clock 0: takes hertz"),
        (("--budget", "flash:3"), "--budget flash:3: takes"),
        (("--model", "nowhere"), "there is no model"),
    ],
)
def test_misuse_is_one_sentence(typed: Type, words: tuple[str, str], says: str) -> None:
    answer = typed("cost", *words)
    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1
    assert says in answer.err
