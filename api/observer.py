"""Who follows a workflow while it runs: nobody, unless a subclass says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.api.result import Result
from mlp_edge.finding import Finding

if TYPE_CHECKING:
    from mlp_edge.training.fitting import Stage, Watch
    from mlp_edge.training.search.trials import Trial


class Observer:
    """Follows a workflow and shows nothing. The command line has one that prints."""

    def step(self, doing: str) -> AbstractContextManager[Callable[[str], None]]:
        """Around something that takes seconds; the function says what is done by now."""
        return nullcontext(_nothing)

    def found(self, findings: Sequence[Finding]) -> None:
        """What there is to warn of, once for each; results hold them as well."""

    def known(self, part: Result) -> None:
        """A part of the result that is known before the rest."""

    def fits(self) -> AbstractContextManager[Stage]:
        """Around one or more fits.

        Its function is called before each fit with a title and the number of epochs, and gives
        what is called after each epoch with its number, from 1, and its logs.
        """
        return nullcontext(_unwatched)

    def streams(self, size: int | None) -> AbstractContextManager[Callable[[int, int], None]]:
        """Around a table that is predicted block by block.

        Its function is called after each block with the rows that are done, and with how many of
        the source's ``size`` bytes are; the size of a pipe is None.
        """
        return nullcontext(_no_block)

    def resumed(self, trials: int) -> None:
        """An interrupted search goes on after so many trials."""

    def kept(self, journal: Path) -> None:
        """A search was interrupted; this file keeps its trials for the next attempt."""

    def tried(self, trial: Trial, best: Trial | None, trials: int) -> None:
        """A trial of a search is finished.

        Args:
            trial: the latest.
            best: the best so far; None when every one diverged.
            trials: how many there will be.
        """


class Recording(Observer):
    """Passes on to another what it hears, and keeps the findings for the result."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.findings: list[Finding] = []

    def step(self, doing: str) -> AbstractContextManager[Callable[[str], None]]:
        """As the other shows it."""
        return self.observer.step(doing)

    def found(self, findings: Sequence[Finding]) -> None:
        """Keep them, and pass them on."""
        self.findings += findings
        self.observer.found(findings)

    def known(self, part: Result) -> None:
        """Pass it on."""
        self.observer.known(part)


def _nothing(doing: str) -> None:
    """Show nothing."""


def _unwatched(title: str, epochs: int) -> Watch:
    return _no_epoch


def _no_epoch(epoch: int, logs: Mapping[str, float]) -> None:
    """Show nothing."""


def _no_block(rows: int, size: int) -> None:
    """Show nothing."""


SILENT = Observer()
