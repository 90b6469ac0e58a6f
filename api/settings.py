"""What can be set of each workflow: the command line makes its options of these.

Nothing heavy is imported here, so that help is quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp_edge.cluster import ENGINES, RAY
from mlp_edge.data.reading.dialect import Dialect
from mlp_edge.data.reading.size import read_size
from mlp_edge.errors import InputError, RecipeError
from mlp_edge.settings import declared, setting

if TYPE_CHECKING:
    from mlp_edge.runtime import Chip

ALL, FLOAT32 = "all", "float32"
ON_ERROR = ("fail", "skip", "null")
"""What may become of a bad row."""
LARGEST_CLOCK = 10e9
"""Hertz."""
LARGEST_BATCH = 1_000_000
"""Rows per call, between commas."""
SECONDS = (0.001, 600.0)
"""Least and most for a figure."""


@dataclass(frozen=True)
class Reading(Dialect):
    """How a file is read: what it is written in, and how much of it at most.

    Every one is None where it is detected.

    Attributes:
        sep: delimiter between cells: one ASCII character, "tab" or "space" (runs of blanks).
        decimal: "." or ",".
        encoding: a text encoding that Python knows, such as "latin-1" or "utf-16-le".
        header: whether the first line names the columns.
        comments: whether every line that begins with # is left out; False lets each be a row.
        single_quotes: whether single quotes around cells are taken off.
        max_bytes: of a table, unpacked: a number, or K, M, G, T after it; more is refused. None is
            512M for a table that is read as a whole, and no limit for one that is streamed.
    """

    max_bytes: str | None = declared(
        None, "Most bytes of a table, unpacked, such as 4G.", "Table", shown="512M"
    )

    def __post_init__(self) -> None:
        """Check what needs no table.

        Raises:
            RecipeError: naming the setting.
        """
        super().__post_init__()
        read_size(self.max_bytes)


@dataclass(frozen=True)
class StreamedReading(Reading):
    """How a file of any size is read: ``Reading``, where what is large is streamed."""

    max_bytes: str | None = declared(
        None, "Most bytes of a table, unpacked, such as 4G; more is refused.", "Table",
        shown="no limit; large tables are streamed",
    )  # fmt: skip


GUESSED = Reading()
"""Everything guessed."""


def _runtime() -> Any:
    return declared(
        None,
        "Runtime that predicts: keras, litert, onnxruntime, c, js or micropython.",
        "What to run",
        shown="the first that can run",
        flag="--runtime -r",
    )


def _spreadsheet_safe() -> Any:
    return declared(
        False,
        "Write words that a spreadsheet would compute (=A1) as '=A1.",
        "Output",
        flag="--spreadsheet-safe",
    )


@dataclass(frozen=True)
class PredictionSettings:
    """What predicts, and what is written.

    Attributes:
        runtime: keras, litert, onnxruntime, c, js, micropython or a chip; None for any.
        verify: check the file's checksum and its golden rows before the first prediction.
        signed_by: a public key in PEM, with whose private half the model directory has to be
            signed; None for the one that the model was opened with, if any.
        out: a CSV file to write: the table with predictions as further columns.
        spreadsheet_safe: write words that a spreadsheet would compute (=A1) as '=A1.
    """

    runtime: str | None = _runtime()
    verify: bool = declared(
        False, "Check the file's checksum and golden rows first.", "Trust", flag="--verify"
    )
    signed_by: Path | None = declared(
        None, "Public key with whose private half the model has to be signed.", "Trust",
        shown="no signature is asked for",
    )  # fmt: skip
    out: Path | None = declared(
        None,
        "File to write: .csv, .parquet, .csv.gz or .csv.zst.",
        "Output",
        shown="standard output",
    )
    spreadsheet_safe: bool = _spreadsheet_safe()


@dataclass(frozen=True)
class StreamSettings:
    """How a table of any size is predicted, block by block.

    Attributes:
        on_error: what becomes of a row with a cell that cannot be read: "fail" ends the work,
            "skip" leaves the row out, "null" keeps it without a prediction. A line that is no row
            of the table, as it has too few cells or too many, is left out by "skip" alone and
            ends the work else. Of several bad lines the first in the file ends it.
        report: count missing readings, unknown categories and readings out of range.
        engine: what works on blocks: "local", the cores of this machine, or "ray".
        address: of a Ray cluster; None for one of this machine.
    """

    on_error: str = declared(
        "fail", "Bad rows: fail, skip (leave out) or null (no prediction).", "Table"
    )
    report: bool = declared(
        False,
        "Count missing, unknown and out-of-range readings per column.",
        "Output",
        flag="--report",
    )
    engine: str = declared(
        "local", "What predicts blocks of rows: local (this machine) or ray.", "What to run"
    )
    address: str | None = declared(
        None, "Address of a Ray cluster.", "What to run", shown="Ray on this machine"
    )

    def __post_init__(self) -> None:
        """Check what needs no table.

        Raises:
            RecipeError: naming the setting.
        """
        for name, known in (("on_error", ON_ERROR), ("engine", ENGINES)):
            value = getattr(self, name)
            if value not in known:
                raise RecipeError(f"{setting(name, value)} is not one of {', '.join(known)}")
        if self.address is not None and self.engine != RAY:
            raise RecipeError(f"{setting('address')} takes {setting('engine', RAY)}")


@dataclass(frozen=True)
class EvaluationSettings:
    """What is evaluated, and what is written of it.

    Attributes:
        runtime: keras, litert, onnxruntime, c, js or micropython; None for the first that can.
        dtype: of the export that predicts.
        signed_by: as ``PredictionSettings`` has it.
        metrics: names of the scores; () for all.
        threshold: another than the model's own, a number between 0 and 1; None for its own.
        plots: whether to draw pictures into the model directory; None draws them where matplotlib
            is installed and the directory can be written to.
        importance: whether to shuffle each column, to see by how much the first of the metrics gets
            worse; of no metrics log_loss or rmse.
        rows_out: a CSV file to write: every row with its prediction and whether it is right.
        spreadsheet_safe: write words that a spreadsheet would compute (=A1) as '=A1.
    """

    runtime: str | None = _runtime()
    dtype: str = declared(
        FLOAT32,
        "Data type of the export that predicts, such as int8.",
        "What to run",
        flag="--dtype -d",
    )
    signed_by: Path | None = declared(
        None, "Public key with whose private half the model has to be signed.", "Trust",
        shown="no signature is asked for",
    )  # fmt: skip
    metrics: tuple[str, ...] = declared(
        (), "Scores to report, such as accuracy,auc.", "Evaluation", shown="all"
    )
    threshold: str | float | None = declared(
        None, "Threshold to try, such as 0.3.", "Evaluation", shown="the model's own"
    )
    plots: bool | None = declared(
        None, "Whether to draw pictures into MODEL/plots.", "Output", shown="plots"
    )
    importance: bool = declared(
        False, "Say which columns the scores rest on, by shuffling each.", "Evaluation",
        flag="--importance",
    )  # fmt: skip
    rows_out: Path | None = declared(
        None, "CSV file to write with every row and its prediction.", "Output"
    )
    spreadsheet_safe: bool = _spreadsheet_safe()


@dataclass(frozen=True)
class CostSettings:
    """What is measured, and what it may take.

    Attributes:
        chips: avr, cortex-m0, cortex-m3, cortex-m4, rv32 or all; () for all, unless there are
            boards.
        boards: uno, pico, esp32-c3 and the like, or all: docs/reference/boards.md has them.
        dtype: of the header: float32, int8, int16 or int24; None for float32 where it was exported,
            else for the one that was.
        opt: how it is compiled: Os, O2 or O3.
        clock: of the chip, in hertz: a number or a text such as "8M"; None for the board's.
        budget: figure -> the most it may be, or a text such as "flash=4k,ram=128,ms=5"; also
            stack, cycles and instructions. None for no limit.
    """

    chips: tuple[str, ...] = declared(
        (),
        "Chip to measure on: avr, cortex-m0, cortex-m3, cortex-m4, rv32 or all.",
        "What to run",
        shown="all",
        flag="--chip",
        repeat=True,
    )
    boards: tuple[str, ...] = declared(
        (),
        "Board to measure on, such as uno, pico or esp32-c3, or all.",
        "What to run",
        shown="none",
        flag="--board",
        repeat=True,
    )
    dtype: str | None = declared(
        None,
        "Data type of the header: float32, int8, int16 or int24.",
        "What to run",
        shown="float32 where there is one",
        flag="--dtype -d",
    )
    opt: str = declared("Os", "Optimisation of the compiler: Os, O2 or O3.", "Measurement")
    clock: str | float | None = declared(
        None, "Clock of the chip in hertz, such as 8M.", "Measurement", shown="the board's"
    )
    budget: str | Mapping[str, float] | None = declared(
        None,
        "Limits such as flash=4k,ram=128,ms=5; also stack, cycles, instructions.",
        "Measurement",
        shown="no limit",
    )

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            InputError: for a chip or a board that does not exist.
            RecipeError: for another setting.
        """
        from mlp_edge.runtime.chips.targets import OPTIMISATIONS

        _ = self.chosen, self.hertz, self.limits
        if self.opt not in OPTIMISATIONS:
            raise RecipeError(
                f"{setting('opt', self.opt)} is not one of {', '.join(OPTIMISATIONS)}"
            )

    @property
    def chosen(self) -> list[Chip]:
        """The chips of these names, then the boards; every chip where none is named."""
        from mlp_edge.runtime import CHIPS
        from mlp_edge.runtime.chips.boards import BOARDS

        chips = self.chips or (() if self.boards else (ALL,))
        return [*_picked("chip", chips, CHIPS), *_picked("board", self.boards, BOARDS)]

    @property
    def named(self) -> tuple[str, ...]:
        """What was asked for by its name."""
        return tuple(name for name in (*self.chips, *self.boards) if name != ALL)

    @property
    def hertz(self) -> int:
        """The clock; 0 for the board's."""
        if self.clock is None:
            return 0
        from mlp_edge.measure.budget import read_amount

        hertz = read_amount(f"{self.clock}", 1000)
        if hertz is None or not 1 <= hertz <= LARGEST_CLOCK:
            raise RecipeError(f"{setting('clock', self.clock)}: takes hertz such as 16M or 32768")
        return round(hertz)

    @property
    def limits(self) -> Mapping[str, float]:
        """The budget, read; empty without one."""
        from mlp_edge.measure.budget import read_budget

        return {} if self.budget is None else read_budget(self.budget)


def _picked(what: str, names: Sequence[str], there: Sequence[Chip]) -> list[Chip]:
    """Chips or boards by their names; every one for "all".

    Raises:
        InputError: for a name that none of them has.
    """
    known = {chip.target.name: chip for chip in there}
    for name in names:
        if name != ALL and name not in known:
            raise InputError(f"there is no {what} {name!r}; there are {', '.join(known)}, {ALL}")
    if ALL in names:
        return list(known.values())
    return [known[name] for name in dict.fromkeys(names)]


@dataclass(frozen=True)
class BenchSettings:
    """What is measured, and for how long.

    Attributes:
        runtimes: keras, litert, onnxruntime, c, js, micropython or a chip; () for those of this
            machine.
        batches: rows per call; 1 is always among them, as latency is measured with it.
        seconds: for each runtime and batch size.
        cold: whether each also starts in a fresh Python.
    """

    runtimes: tuple[str, ...] = declared(
        (),
        "Runtime to measure: keras, litert, onnxruntime, c, js or micropython.",
        "What to run",
        shown="all",
        flag="--runtime -r",
        repeat=True,
    )
    batches: tuple[int, ...] = declared(
        (1, 16, 256, 4096), "Rows per call, between commas.", "Measurement", flag="--batch"
    )
    seconds: float = declared(0.25, "Seconds for each runtime and batch size.", "Measurement")
    cold: bool = declared(True, "Whether to start each in a fresh Python, too.", "Measurement")

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            InputError: for a runtime that does not exist.
            RecipeError: for another setting.
        """
        from mlp_edge.runtime.load import named_runtime

        for name in self.runtimes:
            named_runtime(name)
        _ = self.sizes
        least, most = SECONDS
        if not least <= self.seconds <= most:
            raise RecipeError(
                f"{setting('seconds', self.seconds)}: takes a number from {least:g} to {most:g}"
            )

    @property
    def sizes(self) -> list[int]:
        """The batches in order, 1 among them."""
        given = setting("batches", tuple(self.batches))
        try:
            sizes = sorted({1, *map(_whole, self.batches)})
        except (ValueError, OverflowError):
            raise RecipeError(f"{given}: takes rows per call such as 1,16,256") from None
        if sizes[0] < 1 or sizes[-1] > LARGEST_BATCH:
            raise RecipeError(f"{given}: takes numbers from 1 to {LARGEST_BATCH:,}")
        return sizes


def _whole(size: int | str) -> int:
    """A whole number, which a command line gives as a text."""
    if isinstance(size, str) or size == int(size):
        return int(size)
    raise ValueError(size)
