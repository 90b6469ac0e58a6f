"""What each exported header takes on boards, as a report says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlp_edge.api.costing import cost
from mlp_edge.api.observer import Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.reporting.numbers import short
from mlp_edge.api.settings import CostSettings
from mlp_edge.measure.cost import Cost
from mlp_edge.readers.model_directory import ModelDirectory

DTYPES = ("float32", "int8", "int16", "int24")
NO_HEADER = "no C header is exported yet; `Model.export()` writes one"
NOT_ASKED = "not measured: it was not asked for"


@dataclass
class Costs:
    """What was found.

    Attributes:
        records: a dict for each header on each board.
        absent: what could not be measured, and why, a sentence each.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def costs(
    model: OpenedModel, directory: ModelDirectory, chosen: CostSettings | None,
    observer: Observer, trust: bool,
) -> Costs:  # fmt: skip
    """Compile every header that exists for the boards whose compiler exists.

    Args:
        model: of the directory.
        directory: with exports, or none.
        chosen: the boards, for every dtype; None measures nothing.
        observer: follows.
        trust: compile a header that was changed since it was exported.

    Raises:
        ModelError: for a header that is damaged, changed or of another model.
    """
    if chosen is None:
        return Costs(absent=[NOT_ASKED])
    found = Costs()
    headers = [dtype for dtype in DTYPES if _header(directory, dtype) in directory.manifest.exports]
    if not headers:
        found.absent.append(NO_HEADER)
    for dtype in headers:
        settings = CostSettings(boards=chosen.boards, dtype=dtype)
        report = cost(model, settings, trust=trust, observer=observer)
        found.records += [_record(each, dtype) for each in report.costs]
        absent = {**report.not_measured, **report.refused}
        found.absent += [f"{name}, {dtype}: {why}" for name, why in absent.items()]
    return found


def _header(directory: ModelDirectory, dtype: str) -> str:
    name = directory.manifest.name
    return f"{name}.h" if dtype == "float32" else f"{name}_{dtype}.h"


def _record(found: Cost, dtype: str) -> dict[str, Any]:
    ran = found.simulated
    milliseconds = found.milliseconds
    return {
        "board": found.target,
        "part": found.chip,
        "dtype": dtype,
        "flash": found.flash,
        "ram": found.ram if ran else None,
        "stack": found.stack if ran else None,
        "cycles": found.worst if ran and found.counts == "cycles" else None,
        "instructions": found.worst if ran and found.counts == "instructions" else None,
        "us": None if milliseconds is None else short(milliseconds * 1000),
        "clock": found.clock,
        "flash_size": found.flash_size,
        "ram_size": found.ram_size,
        "fits": found.fits,
    }
