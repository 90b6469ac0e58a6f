"""What ``Model.parity`` compares: settings, from which the command makes its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.errors import InputError, RecipeError
from mlp_edge.proof.monotone import directions
from mlp_edge.settings import declared, setting

if TYPE_CHECKING:
    from mlp_edge.runtime import Runtime
    from mlp_edge.runtime.serial.port import Place

ALL, SERIAL = "all", "serial"
WAITS = (0.01, 3600.0)
"""Least and most seconds for a board."""


@dataclass(frozen=True)
class ParitySettings:
    """What is compared, where, and what counts as a failure.

    Attributes:
        runtimes: litert, onnxruntime, c, js, micropython; a chip: avr, cortex-m0, cortex-m3,
            cortex-m4, rv32; all; serial:PORT, or serial:PORT@BAUD, for the board that is plugged in
            there. () for those of this machine.
        formats: tflite, onnx, c, js, micropython; () for all.
        require: names of runtimes that have to run, or all that are chosen: one that cannot is a
            failure.
        allow_vacuous: whether a bound may be too wide to prove anything, or not be derived.
        monotone: columns that every prediction is to follow, "age=+" or "age=-", or a mapping
            column -> "+" or "-"; beside those that the model was trained to follow.
        exports: folder of the exports of a file alone; None for exports/ beside it.
        trust: run a header or script that was changed since it was exported.
        wait: seconds that a board may take to start, and to predict a row.
    """

    runtimes: tuple[str, ...] = declared(
        (),
        "Runtime such as c, js or micropython; a chip such as avr; all; serial:PORT.",
        "What to run", shown="those of this machine", flag="--runtime -r", repeat=True,
    )  # fmt: skip
    formats: tuple[str, ...] = declared(
        (), "Format to compare: tflite, onnx, c, js or micropython.", "What to run", shown="all",
        flag="--format -f", repeat=True,
    )  # fmt: skip
    require: tuple[str, ...] = declared(
        (), "Runtimes that have to run, between commas, or all.", "Evaluation", shown="none"
    )
    allow_vacuous: bool = declared(
        False,
        "Pass although a bound is too wide to prove anything.",
        "Evaluation",
        flag="--allow-vacuous",
    )
    monotone: tuple[str, ...] | Mapping[str, str] = declared(
        (), "COL=+ or COL=-: prove that no prediction falls, or rises, with it.", "Evaluation",
        shown="as trained", repeat=True,
    )  # fmt: skip
    exports: Path | None = declared(
        None, "Folder of the exports of a file alone.", "What to run", shown="exports/ beside it"
    )
    trust: bool = declared(
        False,
        "Run a header or script that no model directory vouches for.",
        "Trust",
        flag="--trust",
    )
    wait: float = declared(
        10.0, "Seconds that a board may take to start, and to predict a row.", "What to run"
    )

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            InputError: for a runtime or a format that does not exist.
            RecipeError: for a wait or a direction that is none.
        """
        from mlp_edge.export import EXPORTERS

        _ = self.chosen(), self.place, directions(self.monotone)
        least, most = WAITS
        if not least <= self.wait <= most:
            raise RecipeError(
                f"{setting('wait', self.wait)}: takes seconds from {least:g} to {most:g}"
            )
        known = [exporter.name for exporter in EXPORTERS]
        for wanted in self.formats:
            if wanted not in known:
                raise InputError(f"{setting('formats', [wanted])} is not one of {', '.join(known)}")

    def chosen(self) -> tuple[list[Runtime], list[str]]:
        """Where to run, and the names of what has to; what has to run is chosen by that."""
        from mlp_edge.export import EXPORTERS
        from mlp_edge.runtime import HOSTED, RUNTIMES

        named = _named(self.runtimes)
        chosen = list(RUNTIMES) if ALL in self.runtimes else named
        if not chosen and self.place is None:
            read = {runtime.reads for runtime in HOSTED}
            # What takes its time is asked for by the format that nothing else reads.
            asked = {one.suffix for one in EXPORTERS if one.name in self.formats} - read
            chosen = [*HOSTED, *(runtime for runtime in RUNTIMES if runtime.reads in asked)]
        required = _named(self.require)
        chosen += [runtime for runtime in required if runtime not in chosen]
        has_to = chosen if ALL in self.require else required
        return chosen, [runtime.name for runtime in has_to]

    @property
    def place(self) -> Place | None:
        """Where the board is; None without one.

        Raises:
            InputError: for more than one board, or a port that is none.
        """
        from mlp_edge.runtime.serial.port import Place

        places = list(dict.fromkeys(Place.read(name) for name in self.runtimes if _is_port(name)))
        if len(places) > 1:
            ports = " and ".join(place.device for place in places)
            raise InputError(f"boards at {ports}: one at a time would do")
        return places[0] if places else None


def _is_port(name: str) -> bool:
    """Whether a runtime is a board on a serial port."""
    return name.partition(":")[0] == SERIAL


def _named(names: Sequence[str]) -> list[Runtime]:
    from mlp_edge.runtime.load import named_runtime

    chosen = [name for name in dict.fromkeys(names) if name != ALL and not _is_port(name)]
    return [named_runtime(name) for name in chosen]
