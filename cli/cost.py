"""mlp-edge cost: what the C header takes on a chip, measured there, and whether it is too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption, ModelOption, TrustOption
from mlp_edge.cli.printing.console import err, out, print_json
from mlp_edge.cli.printing.progress import status
from mlp_edge.cli.printing.tables import new_table, show
from mlp_edge.errors import CheckError, InputError, ModelError
from mlp_edge.foreign import typed

if TYPE_CHECKING:
    from mlp_edge.measure.budget import Budget
    from mlp_edge.measure.cost import Cost
    from mlp_edge.mlp import Rows
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime import Chip
    from mlp_edge.runtime.c import Header

ALL, FLOAT32 = "all", "float32"
LARGEST_CLOCK = 10e9
"""Hertz."""


def cost(
    model: ModelOption = DEFAULT_MODEL,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            help="avr, cortex-m0, cortex-m3, cortex-m4, rv32 or all; several times. [all]",
        ),
    ] = None,
    dtype: Annotated[
        str, typer.Option("--dtype", "-d", help="Of the header: float32, int8 or int16.")
    ] = FLOAT32,
    opt: Annotated[str, typer.Option(help="How it is compiled: Os, O2 or O3.")] = "Os",
    clock: Annotated[
        str | None, typer.Option(help="Of the chip, such as 8M; by default the board's.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Exit 1 when over: flash=4k,ram=128,ms=5; also stack, cycles, instructions."
        ),
    ] = None,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what the C header takes on simulated chips: flash, RAM, time."""
    from mlp_edge.measure.budget import read_budget
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime.chips.targets import OPTIMISATIONS

    chips = _chosen(targets)
    hertz = _hertz(clock)
    limits = {} if budget is None else read_budget(budget)
    if opt not in OPTIMISATIONS:
        raise InputError(f"--opt {opt!r} is not one of {', '.join(OPTIMISATIONS)}")
    directory = ModelDirectory.open(model)
    header = _header(directory, dtype, trust)
    missing = {chip.target.name: chip.missing() for chip in chips}
    absent = {name: remedy for name, remedy in missing.items() if remedy}
    present = [chip for chip in chips if chip.target.name not in absent]
    asked = [name for name in absent if targets and name in targets]
    if limits and asked:  # a gate that nobody guards is none
        raise InputError(f"--budget cannot be held on {asked[0]}: {absent[asked[0]]}")
    costs, refused = _measured(header, present, directory.sample().rows, opt, hertz)
    if as_json:
        print_json(_record(directory, dtype, costs, absent, refused, limits))
    else:
        _show(header.card.name, opt, costs)
    for name, remedy in absent.items():
        err.print(f"not measured: {name}: {remedy}")
    for name, reason in refused.items():
        err.print(f"{name}: {reason}", style="red")
    _judge(costs, refused, limits)


def _chosen(names: Sequence[str] | None) -> list[Chip]:
    from mlp_edge.runtime import CHIPS

    known = {chip.target.name: chip for chip in CHIPS}
    for name in names or ():
        if name != ALL and name not in known:
            raise InputError(f"there is no target {name!r}; there are {', '.join(known)}, {ALL}")
    if not names or ALL in names:
        return list(known.values())
    return [known[name] for name in dict.fromkeys(names)]


def _hertz(text: str | None) -> int:
    from mlp_edge.measure.budget import read_amount

    hertz = 0 if text is None else read_amount(text, 1000)
    if hertz is None or (text is not None and not 1 <= hertz <= LARGEST_CLOCK):
        raise InputError(f"--clock takes hertz such as 16M or 32768; got {text!r}")
    return round(hertz)


def _header(directory: ModelDirectory, dtype: str, trust: bool) -> Header:
    """The exported header; one that was changed since is compiled only with trust."""
    from mlp_edge.files.writing import sha256
    from mlp_edge.reading import read_file
    from mlp_edge.runtime.c import read_header

    path = _path(directory, dtype)
    header = read_header(path)
    if header.card.dtype != dtype:
        raise ModelError(
            f"{path}: in {header.card.dtype}; `mlp-edge export --format c` writes one in {dtype}"
        )
    if header.card.weights_sha256 != directory.manifest.sha256["weights"]:
        raise ModelError(f"{path}: of other weights; run `mlp-edge export` again")
    if not trust and directory.manifest.exports.get(path.name) != sha256(read_file(path)):
        raise ModelError(
            f"{path}: was changed since it was exported, and a header is a program; "
            "compile it all the same with --trust, if you know who changed it"
        )
    return header


def _path(directory: ModelDirectory, dtype: str) -> Path:
    """Where the header of a dtype is.

    Raises:
        InputError: for a dtype that C does not have.
        ModelError: when it was not exported yet.
    """
    from mlp_edge.export.c import EXPORTER
    from mlp_edge.runtime.load import artifact_path, named_runtime

    if dtype not in EXPORTER.dtypes:
        raise InputError(f"--dtype {dtype!r} is not one of {', '.join(EXPORTER.dtypes)}")
    if dtype == FLOAT32:
        return artifact_path(directory, named_runtime("c"))
    path = directory.exports_path / f"{directory.manifest.name}_{dtype}{EXPORTER.suffix}"
    if not path.exists():
        raise ModelError(
            f"{path}: not exported yet; `mlp-edge export --format c --dtype {dtype} "
            f"--model {typed(directory.path)}` writes it"
        )
    return path


def _measured(
    header: Header, chips: Sequence[Chip], rows: Rows, opt: str, clock: int
) -> tuple[list[Cost], dict[str, str]]:
    """Figures, and why there are none for the other chips."""
    from mlp_edge.measure.cost import measure

    costs, refused = [], {}
    with status("") as watch:
        for chip in chips:
            watch(f"running {header.path.name} on {chip.target.chip}")
            try:
                costs.append(measure(header, chip, rows, opt, clock))
            except ModelError as error:
                refused[chip.target.name] = str(error)
    return costs, refused


def _judge(costs: Sequence[Cost], refused: Mapping[str, str], limits: Budget) -> None:
    from mlp_edge.measure.budget import overruns, unknown

    if not costs and not refused:
        raise InputError("nothing was measured: none of these targets can be tried here")
    if not costs:
        raise ModelError("nothing was measured: the model runs on none of these targets")
    if not limits:
        return
    for cost in costs:
        for name in unknown(limits, cost):
            err.print(f"not judged: {name} on {cost.target}, which counts {cost.counts}")
    for name in limits:
        if all(name in unknown(limits, cost) for cost in costs):
            raise InputError(f"--budget {name}: no target that was measured has this figure")
    over = [sentence for cost in costs for sentence in overruns(limits, cost)]
    over += [f"it does not run on {name}" for name in refused]
    if over:
        raise CheckError(f"over the budget: {'; '.join(over)}")


def _record(
    directory: ModelDirectory, dtype: str, costs: Sequence[Cost], absent: Mapping[str, str],
    refused: Mapping[str, str], limits: Budget,
) -> dict[str, Any]:  # fmt: skip
    from mlp_edge.measure.budget import overruns

    return {
        "model": directory.manifest.name,
        "weights_sha256": directory.manifest.sha256["weights"],
        "dtype": dtype,
        "budget": dict(limits),
        "costs": [
            {**asdict(cost), "ram": cost.ram, "ms": cost.milliseconds, "fits": cost.fits,
             "over": overruns(limits, cost)}
            for cost in costs
        ],
        "not_measured": dict(absent),
        "refused": dict(refused),
    }  # fmt: skip


def _show(name: str, opt: str, costs: Sequence[Cost]) -> None:
    if not costs:
        return
    columns = ("target", "chip", "flash", "RAM", "stack", "median", "worst", "ms", "fits")
    table = new_table(f"{name}: cost at -{opt}, bytes and per row", *columns, text_columns=2)
    for cost in costs:
        table.add_row(
            cost.target,
            cost.chip,
            f"{cost.flash:,}",
            f"{cost.ram:,}",
            f"{cost.stack:,}",
            f"{cost.middle:,}",
            f"{cost.worst:,}",
            "" if cost.milliseconds is None else f"{cost.milliseconds:.2f}",
            Text("yes", "green") if cost.fits else Text("no", "bold red"),
        )
    show(table)
    out.print()
    for note in _notes(costs):
        out.print(note, style="dim")


def _notes(costs: Sequence[Cost]) -> list[str]:
    first = costs[0]
    counted = {cost.counts for cost in costs}
    if counted == {"cycles"}:
        unit = "cycles"
    elif "cycles" in counted:
        unit = "cycles on avr, executed instructions elsewhere, which give no ms"
    else:
        unit = "executed instructions, which give no ms"
    notes = [
        f"median, worst: {unit}",
        f"median: of {first.rows} rows; worst: every unit active, the slowest of "
        f"{first.searched} rows",
        "beyond the same firmware without a model; RAM: .data, .bss and the deepest stack",
        f"a row and its predictions take {first.arrays:,} bytes more, which are the caller's",
    ]
    clocks = [f"{cost.clock / 1e6:g} MHz" for cost in costs if cost.milliseconds is not None]
    if clocks:
        notes.append(f"ms: the worst case at {clocks[0]}")
    return notes
