"""The board of a parity run: where it is asked among the runtimes, and what it took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from mlp_edge.api.parity.parity_settings import ParitySettings
from mlp_edge.api.result import Sheet

if TYPE_CHECKING:
    from mlp_edge.runtime import Runtime
    from mlp_edge.runtime.serial.board import Board


@dataclass(frozen=True)
class Asked:
    """Where a parity run takes place.

    Attributes:
        runtimes: the places.
        required: names of those that have to run.
        board: the one on the desk; None without one.
    """

    runtimes: Sequence[Runtime]
    required: Sequence[str]
    board: Board | None = None

    def watched(self, watch: Callable[[str], None]) -> None:
        """Let somebody know how many rows the board has predicted."""
        if self.board is not None:
            self.board.watch = lambda count: watch(
                f"comparing: the board has predicted {count:,} rows"
            )

    def board_report(self, transcript: Path) -> BoardReport | None:
        """What the board took; None without one.

        Args:
            transcript: where every line is written to.
        """
        if self.board is None:
            return None
        took = self.board.took
        return BoardReport(
            artifact=str(self.runtimes[-1].only),
            rows=len(took),
            least=min(took, default=None),
            middle=round(median(took)) if took else None,
            most=max(took, default=None),
            resent=self.board.resent,
            fused=self.board.identity.fused,
            transcript=transcript.name,
        )


@dataclass(frozen=True)
class BoardReport:
    """What a board took, as it measured it.

    Attributes:
        artifact: the header that it runs.
        rows: how many it has predicted.
        least: microseconds of the quickest; None where it predicted none.
        middle: their median.
        most: of the slowest.
        resent: how many were sent again, because a line was damaged or lost.
        fused: whether its compiler may multiply and add in one rounding: then float32 is held to
            the bound alone.
        transcript: name of the file with every line.
    """

    artifact: str
    rows: int
    least: int | None
    middle: int | None
    most: int | None
    resent: int
    fused: bool
    transcript: str

    def sheet(self) -> Sheet:
        """What is shown of it."""
        figures = (self.rows, self.least, self.middle, self.most, self.resent)
        notes = [
            "least, median, most: microseconds of a prediction, as the board measured them",
            f"{self.transcript} beside the exports has every line",
        ]
        if self.fused:
            notes.insert(1, "its compiler may fuse multiply and add: float32 is held to the bound")
        row = tuple("" if figure is None else f"{figure:,}" for figure in figures)
        columns = ("rows", "least", "median", "most", "sent again")
        return Sheet(f"{self.artifact} on the board", columns, (row,), tuple(notes), text_columns=0)


@contextmanager
def asked(settings: ParitySettings, exports: Sequence[Path]) -> Iterator[Asked]:
    """The runtimes of a run, with the board connected until the block ends.

    Raises:
        InputError: when the board does not reply, or runs none of the exports.
        MissingError: when pyserial is not installed.
    """
    runtimes, required = settings.chosen()
    place = settings.place
    if place is None:
        yield Asked(runtimes, required)
        return
    from mlp_edge.runtime.serial.board import connected

    with connected(place, settings.wait) as board:
        headers = [path for path in exports if path.suffix == ".h"]
        yield Asked([*runtimes, board.runtime(headers)], required, board)


def transcript_of(place: Asked) -> bytes | None:
    """Every line between this machine and the board; None without one."""
    return None if place.board is None else place.board.transcript.encode("ascii")


def recorded(report: BoardReport | None) -> dict[str, Any]:
    """What parity.json holds of a board: nothing without one."""
    return {} if report is None else {"board": asdict(report)}
