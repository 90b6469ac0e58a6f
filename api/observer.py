"""Who follows a workflow while it runs: nobody, unless a subclass says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from mlp_edge.finding import Finding


class Observer:
    """Follows a workflow and shows nothing. The command line has one that prints."""

    def step(self, doing: str) -> AbstractContextManager[Callable[[str], None]]:
        """Around something that takes seconds; the function says what is done by now."""
        return nullcontext(_nothing)

    def found(self, findings: Sequence[Finding]) -> None:
        """What there is to warn of, once for each; results hold them as well."""


def _nothing(doing: str) -> None:
    """Show nothing."""


SILENT = Observer()
