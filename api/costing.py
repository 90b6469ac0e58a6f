"""``Model.cost``: what the C header takes on chips, measured there, and whether it is too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.api.observer import SILENT, Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.result import Result, Sheet
from mlp_edge.api.sample import rows_of
from mlp_edge.api.settings import FLOAT32, CostSettings
from mlp_edge.errors import CheckError, InputError, ModelError, RecipeError
from mlp_edge.measure.budget import Budget, overruns, unknown
from mlp_edge.measure.cost import Cost, measure, raw_function
from mlp_edge.runtime.c import Header, read_header
from mlp_edge.runtime.chips.firmware import PREDICT
from mlp_edge.runtime.verify import is_listed
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.mlp import Rows
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime import Chip


COLUMNS = ("part", "flash", "RAM", "stack", "median", "worst", "ms", "fits")


@dataclass(frozen=True, repr=False)
class CostReport(Result):
    """What a header takes on every chip.

    Attributes:
        model: its name.
        weights_sha256: hash of its weights.
        dtype: of the header.
        opt: how it was compiled.
        budget: figure -> the most it may be.
        costs: of the chips that it was measured on.
        not_measured: chip -> what is missing on this machine.
        refused: chip -> why the model does not run there.
        raw: of the same chips, what ``NAME_classify_raw`` takes alone, or else
            ``NAME_predict_raw``; no budget is for it.
        named: the chips and boards that were asked for by their names: it has to fit each.
        boards: which of the names are those of boards.
        members: networks that the model is the mean of; 1 of a single network.
    """

    model: str
    weights_sha256: str
    dtype: str
    opt: str
    budget: Budget
    costs: tuple[Cost, ...]
    not_measured: Mapping[str, str]
    refused: Mapping[str, str]
    raw: tuple[Cost, ...] = ()
    named: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    members: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values.

        Returns:
            Every figure of every chip, and what is over the budget.
        """
        return {
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "dtype": self.dtype,
            "budget": dict(self.budget),
            "costs": [
                {**_figures(cost), "over": overruns(self.budget, cost)} for cost in self.costs
            ],
            "raw": [_figures(cost) for cost in self.raw],
            "not_measured": dict(self.not_measured),
            "refused": dict(self.refused),
        }

    def sheets(self) -> Sequence[Sheet]:
        """The tables that are shown.

        Returns:
            One with a row per chip that was measured; none without any.
        """
        if not self.costs:
            return []
        of_boards = any(cost.target in self.boards for cost in self.costs)
        columns: tuple[str, ...] = ("board" if of_boards else "chip", *COLUMNS)
        title = f"{self.model}: cost at -{self.opt}, bytes and per row"
        raw = {cost.target: cost for cost in self.raw}
        rows = [
            _row(shown)
            for cost in self.costs
            for shown in (cost, raw.get(cost.target))
            if shown is not None
        ]
        notes = [*_notes(self.costs), *_of_raw(self.raw)]
        if self.members > 1:
            notes.append(f"an ensemble: {self.members} times the weights and time of one network")
        if of_boards:  # their names are long; the stack is in the RAM
            place = columns.index("stack")
            columns, *rows = ((*row[:place], *row[place + 1 :]) for row in (columns, *rows))
        return [Sheet(title, columns, tuple(rows), tuple(notes), text_columns=2)]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What was not measured or not judged, and why, a sentence each.
        """
        return [
            *(f"not measured: {name}: {remedy}" for name, remedy in self.not_measured.items()),
            *(
                f"not simulated: {cost.target}, of whose RAM {cost.data + cost.bss:,} bytes are "
                "known to be taken, without the stack"
                for cost in self.costs
                if not cost.simulated
            ),
            *(f"{name}: {reason}" for name, reason in self.refused.items()),
            *(
                f"not judged: {name} on {cost.target}, which counts {cost.counts}"
                for cost in self.costs
                for name in unknown(self.budget, cost)
            ),
        ]

    def check(self) -> None:
        """Hold the figures to the budget, and to the memories of what was asked for by its name.

        Raises:
            CheckError: when one is over, or the model does not run on a chip.
            InputError: when nothing could be measured, or no chip has a figure of the budget.
            ModelError: when the model runs on no chip.
        """
        if not self.costs and not self.refused:
            raise InputError("nothing was measured: none of these chips can be simulated here")
        if not self.costs and len(self.named) < 2:
            raise ModelError("nothing was measured: the model runs on none of these chips")
        lacking = [cost.target for cost in self.costs if not cost.fits] + [*self.refused]
        too_small = [name for name in lacking if name in self.named]
        if not self.budget:
            if too_small:
                raise CheckError(f"{self.model} does not fit {', '.join(too_small)}")
            return
        for name in self.budget:
            if self.costs and all(name in unknown(self.budget, cost) for cost in self.costs):
                named = setting("budget", name)
                raise InputError(f"{named}: no chip that was measured has this figure")
        over = [sentence for cost in self.costs for sentence in overruns(self.budget, cost)]
        over += [f"it does not run on {name}" for name in self.refused]
        over += [f"it does not fit {name}" for name in too_small if name not in self.refused]
        if over:
            raise CheckError(f"over the budget: {'; '.join(over)}")


def _figures(cost: Cost) -> dict[str, Any]:
    figures = {**asdict(cost), "ram": cost.ram, "ms": cost.milliseconds, "fits": cost.fits}
    unknown = () if cost.simulated else ("stack", "ram", "least", "middle", "most", "worst")
    return figures | dict.fromkeys(unknown)


def _row(cost: Cost) -> tuple[str, ...]:
    return (
        cost.target if cost.entry == PREDICT.function else f"{cost.target}, raw",
        cost.chip,
        f"{cost.flash:,}",
        *(
            f"{figure:,}" if cost.simulated else ""
            for figure in (cost.ram, cost.stack, cost.middle, cost.worst)
        ),
        "" if cost.milliseconds is None else f"{cost.milliseconds:.2f}",
        "yes" if cost.fits else "no",
    )


def _notes(costs: Sequence[Cost]) -> list[str]:
    notes = [*_counted([cost for cost in costs if cost.simulated])]
    notes += [
        "beyond the same firmware without a model; RAM: .data, .bss and the deepest stack",
        f"a row and its predictions take {costs[0].arrays:,} bytes more, which are the caller's",
    ]
    clocks = {cost.clock: cost.target for cost in costs if cost.milliseconds is not None}
    if len(clocks) > 1:
        notes.append("ms: the worst case at the clock of the board")
    elif clocks:
        notes.append(f"ms: the worst case at {min(clocks) / 1e6:g} MHz")
    if cores := [cost.target for cost in costs if cost.core_flash]:
        notes.append(f"fits: beside what an empty sketch takes on {', '.join(cores)}")
    return notes


def _counted(costs: Sequence[Cost]) -> Iterator[str]:
    """What the figures of those that ran are."""
    if not costs:
        return
    counted = {cost.counts for cost in costs}
    unit = "executed instructions, which give no ms"
    if counted == {"cycles"}:
        unit = "cycles"
    elif "cycles" in counted:
        where = "avr" if costs[0].target == "avr" else "AVRs"
        unit = f"cycles on {where}, executed instructions elsewhere, which give no ms"
    yield f"median, worst: {unit}"
    rows, searched = costs[0].rows, costs[0].searched
    yield f"median: of {rows} rows; worst: every unit active, the slowest of {searched} rows"


def _of_raw(costs: Sequence[Cost]) -> list[str]:
    """What the lines of functions for counts are; [] without any."""
    return [f"raw: NAME_{cost.entry} alone, counts in, no float linked" for cost in costs[:1]]


def cost(
    model: OpenedModel,
    settings: CostSettings,
    *,
    trust: bool = False,
    observer: Observer = SILENT,
) -> CostReport:
    """Measure a model's header on simulated chips.

    Args:
        model: from a model directory, with its header exported.
        settings: where, how, and what it may take; ``CostReport.check`` holds it to that.
        trust: compile a header that was changed since it was exported.
        observer: follows.

    Raises:
        InputError: for a file alone, or a budget on a chip that cannot be simulated here.
        ModelError: for a header that is missing, damaged or of another model.
    """
    directory = model.directory
    if directory is None:
        raise InputError(
            f"{model.path}: {model.alone} has no exports to measure; a model directory, "
            "which `mlp_edge.import_model()` makes of a file, would do"
        )
    from mlp_edge.runtime import CHIPS

    header = _header(directory, settings.dtype, trust)
    chips = settings.chosen
    missing = {chip.target.name: chip.missing() for chip in chips}
    absent = {name: remedy for name, remedy in missing.items() if remedy}
    asked = [name for name in absent if name in settings.named]
    if settings.limits and asked:  # a gate that nobody guards is none
        raise InputError(f"{setting('budget')} cannot be held on {asked[0]}: {absent[asked[0]]}")
    present = [chip for chip in chips if chip.target.name not in absent]
    rows = rows_of(directory, model.mlp)
    costs, refused = _measured(header, present, rows, settings, observer)
    raw = [cost for cost in costs if cost.entry != PREDICT.function]
    weights = directory.manifest.sha256["weights"]
    return CostReport(
        header.card.name,
        weights,
        header.card.dtype,
        settings.opt,
        settings.limits,
        tuple(cost for cost in costs if cost not in raw),
        absent,
        refused,
        tuple(raw),
        settings.named,
        tuple(chip.target.name for chip in chips if chip not in CHIPS),
        _members(directory),
    )


def _members(directory: ModelDirectory) -> int:
    """Networks that a model is the mean of; 1 where its recipe does not say."""
    members = directory.manifest.recipe.get("ensemble", 1)
    return members if isinstance(members, int) else 1


def _header(directory: ModelDirectory, dtype: str | None, trust: bool) -> Header:
    """The exported header; one that was changed since is compiled only with trust."""
    path = _path(directory, dtype)
    header = read_header(path)
    if dtype is not None and header.card.dtype != dtype:
        raise ModelError(f"{path}: in {header.card.dtype}; `Model.export()` writes one in {dtype}")
    if header.card.weights_sha256 != directory.manifest.sha256["weights"]:
        raise ModelError(f"{path}: of other weights; run `Model.export()` again")
    if not trust and not is_listed(path, directory.manifest.exports):
        raise ModelError(
            f"{path}: was changed since it was exported, and a header is a program; "
            f"{setting('trust', True)} compiles it all the same, if you know who changed it"
        )
    return header


def _path(directory: ModelDirectory, dtype: str | None) -> Path:
    """Where the header of a dtype is; of None, that of float32, or of what else was exported.

    Raises:
        RecipeError: for a dtype that C does not have.
        ModelError: when it was not exported yet.
    """
    from mlp_edge.export.c import EXPORTER
    from mlp_edge.runtime.load import artifact_path, named_runtime, not_exported

    if dtype is None:
        return artifact_path(directory, named_runtime("c"))
    if dtype not in EXPORTER.dtypes:
        raise RecipeError(f"{setting('dtype', dtype)} is not one of {', '.join(EXPORTER.dtypes)}")
    if dtype == FLOAT32:
        return artifact_path(directory, named_runtime("c"))
    path = directory.exports_path / f"{directory.manifest.name}_{dtype}{EXPORTER.suffix}"
    if not path.exists():
        raise not_exported(path, dtype)
    return path


def _measured(
    header: Header, chips: Sequence[Chip], rows: Rows, settings: CostSettings, observer: Observer
) -> tuple[list[Cost], dict[str, str]]:
    """Figures of each function, and why there are none for the other chips.

    Boards with the same instructions are measured once, on the one with the largest memories.
    """
    costs, refused, known = [], {}, dict[tuple[str, ...], list[Cost] | str]()
    with observer.step("") as watch:
        for chip in chips:
            if (kind := _kind(chip)) not in known:
                largest = max(filter(lambda other: _kind(other) == kind, chips), key=_memories)
                watch(f"running {header.path.name} on {largest.target.chip}")
                known[kind] = _of_each_function(header, largest, rows, settings)
            found = known[kind]
            if isinstance(found, str):
                refused[chip.target.name] = found
            else:
                costs += [cost.on(chip.target, settings.hertz) for cost in found]
    return costs, refused


def _of_each_function(
    header: Header, chip: Chip, rows: Rows, settings: CostSettings
) -> list[Cost] | str:
    """Figures of each function; why there are none."""
    try:
        return [
            measure(header, chip, rows, settings.opt, entry=entry)
            for entry in (PREDICT, raw_function(header))
            if entry is not None
        ]
    except ModelError as error:
        return str(error)


def _kind(chip: Chip) -> tuple[str, ...]:
    """What is alike on boards that run the same instructions."""
    return chip.target.compiler, *chip.target.flags


def _memories(chip: Chip) -> tuple[int, int]:
    return chip.target.flash, chip.target.ram
