"""What ``Model.parity`` compares: settings, from which the command makes its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.errors import InputError
from mlp_edge.settings import declared, setting

if TYPE_CHECKING:
    from mlp_edge.runtime import Runtime

ALL = "all"


@dataclass(frozen=True)
class ParitySettings:
    """What is compared, where, and what counts as a failure.

    Attributes:
        runtimes: litert, onnxruntime, c; a chip: avr, cortex-m0, cortex-m3, cortex-m4, rv32; or
            all. () for those of this machine.
        formats: tflite, onnx, c; () for all.
        require: names of runtimes that have to run, or all that are chosen: one that cannot is a
            failure.
        allow_vacuous: whether a bound may be too wide to prove anything, or not be derived.
        exports: folder of the exports of a file alone; None for exports/ beside it.
        trust: compile a header that was changed since it was exported.
    """

    runtimes: tuple[str, ...] = declared(
        (), "Runtime: litert, onnxruntime, c, a chip such as avr, or all.",
        "What to run", shown="litert, onnxruntime, c", flag="--runtime -r", repeat=True,
    )  # fmt: skip
    formats: tuple[str, ...] = declared(
        (), "Format to compare: tflite, onnx or c.", "What to run", shown="all",
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
    exports: Path | None = declared(
        None, "Folder of the exports of a file alone.", "What to run", shown="exports/ beside it"
    )
    trust: bool = declared(
        False,
        "Compile a C header that no model directory vouches for.",
        "Trust",
        flag="--trust",
    )

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            InputError: for a runtime or a format that does not exist.
        """
        from mlp_edge.export import EXPORTERS

        self.chosen()
        known = [exporter.name for exporter in EXPORTERS]
        for wanted in self.formats:
            if wanted not in known:
                raise InputError(f"{setting('formats', [wanted])} is not one of {', '.join(known)}")

    def chosen(self) -> tuple[list[Runtime], list[str]]:
        """Where to run, and the names of what has to; what has to run is chosen by that."""
        from mlp_edge.runtime import HOSTED, RUNTIMES

        chosen = list(RUNTIMES) if ALL in self.runtimes else _named(self.runtimes) or list(HOSTED)
        required = _named(self.require)
        chosen += [runtime for runtime in required if runtime not in chosen]
        has_to = chosen if ALL in self.require else required
        return chosen, [runtime.name for runtime in has_to]


def _named(names: Sequence[str]) -> list[Runtime]:
    from mlp_edge.runtime.load import named_runtime

    return [named_runtime(name) for name in dict.fromkeys(names) if name != ALL]
