"""What is printed of a workflow while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.api.observer import Observer
from mlp_edge.cli.printing.console import err, warn_of
from mlp_edge.cli.printing.progress import status, streaming, watching
from mlp_edge.cli.printing.search import tell_resumed, tell_trial
from mlp_edge.cli.printing.sheets import show_sheets

if TYPE_CHECKING:
    from mlp_edge.api.result import Result
    from mlp_edge.finding import Finding
    from mlp_edge.training.fitting import Stage
    from mlp_edge.training.search.trials import Trial


class Printing(Observer):
    """Prints on stderr: steps and fits as moving lines, warnings and trials as lines.

    Args:
        quiet: print warnings alone.
        rest: where all warnings stand, such as "--json has each", for those that are summed up.
    """

    def __init__(self, *, quiet: bool = False, rest: str = "") -> None:
        self.quiet = quiet
        self.rest = rest

    def step(self, doing: str) -> AbstractContextManager[Callable[[str], None]]:
        """A moving line on a terminal; nothing elsewhere."""
        return super().step(doing) if self.quiet else status(doing)

    def found(self, findings: Sequence[Finding]) -> None:
        """Warnings, settings in them worded as options."""
        warn_of(findings, self.rest)

    def known(self, part: Result) -> None:
        """Its tables on stdout."""
        if not self.quiet:
            show_sheets(part.sheets())

    def fits(self) -> AbstractContextManager[Stage]:
        """A bar for each fit on a terminal, a line every few seconds elsewhere."""
        return super().fits() if self.quiet else watching()

    def streams(self, size: int | None) -> AbstractContextManager[Callable[[int, int], None]]:
        """A bar with rows a second on a terminal, a line every few seconds elsewhere."""
        return super().streams(size) if self.quiet else streaming(size)

    def resumed(self, trials: int) -> None:
        """A line, and the names of the columns for those of the trials."""
        if not self.quiet:
            tell_resumed(trials)

    def kept(self, journal: Path) -> None:
        """A line, even to those who want no progress."""
        err.print(f"{journal} keeps the trials so far; the same command goes on with them")

    def tried(self, trial: Trial, best: Trial | None, trials: int) -> None:
        """A line."""
        if not self.quiet:
            tell_trial(trial, best, trials)
