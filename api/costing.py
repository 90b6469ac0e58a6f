"""``Model.cost``: what the C header takes on chips, measured there, and whether it is too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        columns = ("chip", "part", "flash", "RAM", "stack", "median", "worst", "ms", "fits")
        title = f"{self.model}: cost at -{self.opt}, bytes and per row"
        raw = {cost.target: cost for cost in self.raw}
        rows = [
            _row(shown)
            for cost in self.costs
            for shown in (cost, raw.get(cost.target))
            if shown is not None
        ]
        notes = [*_notes(self.costs), *_of_raw(self.raw)]
        return [Sheet(title, columns, tuple(rows), tuple(notes), text_columns=2)]

    def remarks(self) -> Sequence[str]:
        """What is said beside the tables.

        Returns:
            What was not measured or not judged, and why, a sentence each.
        """
        return [
            *(f"not measured: {name}: {remedy}" for name, remedy in self.not_measured.items()),
            *(f"{name}: {reason}" for name, reason in self.refused.items()),
            *(
                f"not judged: {name} on {cost.target}, which counts {cost.counts}"
                for cost in self.costs
                for name in unknown(self.budget, cost)
            ),
        ]

    def check(self) -> None:
        """Hold the figures to the budget.

        Raises:
            CheckError: when one is over, or the model does not run on a chip.
            InputError: when nothing could be measured, or no chip has a figure of the budget.
            ModelError: when the model runs on no chip.
        """
        if not self.costs and not self.refused:
            raise InputError("nothing was measured: none of these chips can be simulated here")
        if not self.costs:
            raise ModelError("nothing was measured: the model runs on none of these chips")
        if not self.budget:
            return
        for name in self.budget:
            if all(name in unknown(self.budget, cost) for cost in self.costs):
                named = setting("budget", name)
                raise InputError(f"{named}: no chip that was measured has this figure")
        over = [sentence for cost in self.costs for sentence in overruns(self.budget, cost)]
        over += [f"it does not run on {name}" for name in self.refused]
        if over:
            raise CheckError(f"over the budget: {'; '.join(over)}")


def _figures(cost: Cost) -> dict[str, Any]:
    return {**asdict(cost), "ram": cost.ram, "ms": cost.milliseconds, "fits": cost.fits}


def _row(cost: Cost) -> tuple[str, ...]:
    return (
        cost.target if cost.entry == PREDICT.function else f"{cost.target}, raw",
        cost.chip,
        f"{cost.flash:,}",
        f"{cost.ram:,}",
        f"{cost.stack:,}",
        f"{cost.middle:,}",
        f"{cost.worst:,}",
        "" if cost.milliseconds is None else f"{cost.milliseconds:.2f}",
        "yes" if cost.fits else "no",
    )


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
    return [*notes, f"ms: the worst case at {clocks[0]}"] if clocks else notes


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
    header = _header(directory, settings.dtype, trust)
    chips = settings.chosen
    missing = {chip.target.name: chip.missing() for chip in chips}
    absent = {name: remedy for name, remedy in missing.items() if remedy}
    asked = [name for name in absent if name in settings.chips]
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
        settings.dtype,
        settings.opt,
        settings.limits,
        tuple(cost for cost in costs if cost not in raw),
        absent,
        refused,
        tuple(raw),
    )


def _header(directory: ModelDirectory, dtype: str, trust: bool) -> Header:
    """The exported header; one that was changed since is compiled only with trust."""
    path = _path(directory, dtype)
    header = read_header(path)
    if header.card.dtype != dtype:
        raise ModelError(f"{path}: in {header.card.dtype}; `Model.export()` writes one in {dtype}")
    if header.card.weights_sha256 != directory.manifest.sha256["weights"]:
        raise ModelError(f"{path}: of other weights; run `Model.export()` again")
    if not trust and not is_listed(path, directory.manifest.exports):
        raise ModelError(
            f"{path}: was changed since it was exported, and a header is a program; "
            f"{setting('trust', True)} compiles it all the same, if you know who changed it"
        )
    return header


def _path(directory: ModelDirectory, dtype: str) -> Path:
    """Where the header of a dtype is.

    Raises:
        RecipeError: for a dtype that C does not have.
        ModelError: when it was not exported yet.
    """
    from mlp_edge.export.c import EXPORTER
    from mlp_edge.runtime.load import artifact_path, named_runtime, not_exported

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
    """Figures of each function, and why there are none for the other chips."""
    costs, refused = [], {}
    with observer.step("") as watch:
        for chip in chips:
            watch(f"running {header.path.name} on {chip.target.chip}")
            try:
                for entry in filter(None, (PREDICT, raw_function(header))):
                    costs.append(measure(header, chip, rows, settings.opt, settings.hertz, entry))
            except ModelError as error:
                refused[chip.target.name] = str(error)
    return costs, refused
