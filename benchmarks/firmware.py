"""What a header costs on chips and on this machine, beside a plain loop and beside emlearn.

    .venv/bin/python benchmarks/firmware.py [--only avr|cortex-m4|host ...] [--rows N]
    .venv/bin/python benchmarks/firmware.py --trained [auto] [--only avr|cortex-m0|...]

--trained trains pima, sine and iris by the tutorial's recipe, or by the one named (seed 0), and
measures every dtype of their headers, and integers in, a class out; the loop and emlearn get the
scaling folded into their first layer. Then it prints what a multiply-add of a hidden layer takes in
every dtype, and of MLPerf Tiny's autoencoder where there is room for it. Without it:

The networks have the shapes of ../firmware_headers/specimens, raw readings and random weights.
All are built and run by the same code in the same run: flash, RAM and stack are what a model adds
to the same firmware with an empty function, counts are means over the rows. The plain loop is what
one writes by hand over the same tables (on AVR in PROGMEM), with expf. emlearn comes from PyPI
into a virtual environment that is thrown away; without a network there are no figures of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from mlp_edge.export.c import export
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.runtime import CHIPS
from mlp_edge.runtime.c import Header, read_header
from mlp_edge.runtime.chips.firmware import build

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from firmware_host import on_host
from firmware_layers import AUTOENCODER, on_layers
from firmware_peers import Emlearn, candidates, with_libm
from firmware_trained import on_trained
from support.networks import network

MODELS = {
    mlp.name: mlp
    for mlp in (
        network((8, 12, 8, 1), name="pima", standardised=False),
        network((1, 16, 16, 1), task="regression", name="sine", standardised=False),
        network((4, 10, 10, 3), task="multiclass", name="iris", standardised=False),
    )
}


# Chips


def on_chips(names: list[str], rows: int, emlearn: Emlearn, folder: Path) -> None:
    """A table per chip."""
    for chip in CHIPS:
        if chip.target.name not in names:
            continue
        if chip.missing():
            print(f"{chip.target.name}: left out, {chip.missing()}")
            continue
        print(f"\n{chip.target.chip} ({chip.target.name}), {chip.target.counts} per row")
        print(f"{'model':6} {'':16} {'':3} {'count':>9} {'per MAC':>8} {'flash':>7} {'RAM':>6} "
              f"{'stack':>6} {'off':>8}")  # fmt: skip
        for mlp in MODELS.values():
            path = folder / f"{mlp.name}.h"
            path.write_bytes(export(mlp))
            header = read_header(path)
            for opt in ("Os", "O3"):
                for name, text in candidates(mlp, emlearn):
                    line = _measured(
                        chip, header._replace(text=text), mlp, opt, rows, name == "ours"
                    )
                    print(f"{mlp.name:6} {name:16} {opt:3} {line}", flush=True)


def _measured(chip: object, header: Header, mlp: Mlp, opt: str, count: int, ours: bool) -> str:
    target = chip.target  # type: ignore[attr-defined]
    given = random_rows(mlp, count)
    firmware = build(header, target if ours else with_libm(target), opt)
    empty = build(header, target, opt, empty=True)
    with chip.start(empty) as simulator:  # type: ignore[attr-defined]
        floor = simulator.measure(given[0].tobytes()).count
    with chip.start(firmware) as simulator:  # type: ignore[attr-defined]
        found = [simulator.measure(row.tobytes()) for row in given]
        answers = b"".join(simulator.predict(row.tobytes()) for row in given)
    got = np.frombuffer(answers, np.float32).reshape(count, mlp.outputs)
    return _line(mlp, np.mean([one.count for one in found]) - floor, got, given).format(
        flash=firmware.elf.flash - empty.elf.flash,
        ram=firmware.elf.static - empty.elf.static,
        stack=max(one.stack for one in found),
    )


def _line(mlp: Mlp, count: float, got: Floats, given: Floats) -> str:
    from mlp_edge import reference

    off = np.abs(got - reference.predict(mlp, given)).max()
    macs = sum(layer.weights.size for layer in mlp.layers)
    return f"{count:9.0f} {count / macs:8.2f} {{flash:7}} {{ram:6}} {{stack:6}} {off:8.0e}"


def random_rows(mlp: Mlp, count: int) -> Floats:
    """Small numbers of both signs."""
    return np.random.default_rng(0).normal(size=(count, mlp.inputs)).astype(np.float32)


def main() -> None:
    """Print all tables that this machine can make."""
    parser = argparse.ArgumentParser(description=__doc__)
    places = [chip.target.name for chip in CHIPS] + ["host"]
    parser.add_argument("--only", nargs="+", choices=places, default=["avr", "cortex-m4", "host"])
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--trained", nargs="?", const="tutorial", metavar="RECIPE",
                        help="trained models, every dtype")  # fmt: skip
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        emlearn = Emlearn(folder)
        if emlearn.missing:
            print(emlearn.missing)
        if options.trained:
            on_trained(options.only, options.trained, emlearn, folder)
            on_layers(options.only, folder)
            return
        on_chips(options.only, options.rows, emlearn, folder)
        if "host" in options.only:
            on_host([*MODELS.values(), AUTOENCODER], emlearn, folder)


if __name__ == "__main__":
    main()
