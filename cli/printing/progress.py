"""What is seen while something takes its time: a bar or a moving line, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mlp_edge.cli.printing.console import Printer, err
from mlp_edge.lazy import tensorflow

if TYPE_CHECKING:
    from mlp_edge.training.fitting import Stage, Watch

SECONDS = 5.0
"""Between two plain lines."""


@contextmanager
def watching() -> Iterator[Stage]:
    """Something to watch each fit with: a bar on a terminal, plain lines elsewhere."""
    if err.is_terminal:
        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[scores]}"),
            TimeRemainingColumn(),
            console=err,
        )
        try:
            yield lambda title, epochs: _bar(progress, title, epochs)
        finally:
            progress.stop()
    else:
        yield _lines


@contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """A moving line on a terminal while something takes its seconds; a function changes it."""
    if not err.is_terminal:
        yield lambda _text: None
        return
    # A descriptor of its own: the noise of libraries is swallowed on descriptor 2 meanwhile.
    with os.fdopen(os.dup(2), "w") as screen, Printer(file=screen).status(text) as line:
        yield line.update


@contextmanager
def streaming(size: int | None) -> Iterator[Callable[[int, int], None]]:
    """A bar with rows, rows a second and the time left; plain lines where there is no terminal.

    Args:
        size: bytes of the source; None for a pipe.
    """
    began = time.monotonic()
    if not err.is_terminal:
        due = began + SECONDS

        def tell(rows: int, done: int) -> None:
            nonlocal due
            if time.monotonic() >= due:
                share = f" ({done / size:.0%})" if size else ""
                err.print(f"{rows:,} rows{share}, {rate(rows, began)}")
                due = time.monotonic() + SECONDS

        yield tell
        return
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=size)

        def show(rows: int, done: int) -> None:
            progress.update(task, completed=done, description=f"{rows:,} rows, {rate(rows, began)}")

        yield show


def rate(rows: int, began: float) -> str:
    """Rows a second since a moment of ``time.monotonic``."""
    return f"{rows / max(time.monotonic() - began, 1e-3):,.0f} rows/s"


def start_tensorflow() -> None:
    """Import TensorFlow, which takes seconds, and say so meanwhile."""
    with status("starting TensorFlow"):
        tensorflow()


def _bar(progress: Progress, title: str, epochs: int) -> Watch:
    progress.start()  # not before the first fit: until then another line may be moving
    task = progress.add_task(title, total=epochs, scores="")

    def watch(epoch: int, logs: Mapping[str, float]) -> None:
        progress.update(task, completed=epoch, scores=scores(logs))

    return watch


def _lines(title: str, epochs: int) -> Watch:
    due = time.monotonic() + SECONDS

    def watch(epoch: int, logs: Mapping[str, float]) -> None:
        nonlocal due
        if time.monotonic() >= due or epoch == epochs:
            err.print(", ".join([f"{title} {epoch} of {epochs}", *filter(None, [scores(logs)])]))
            due = time.monotonic() + SECONDS

    return watch


def scores(logs: Mapping[str, float]) -> str:
    """The loss, and the validation loss where there is one."""
    shown = [name for name in ("loss", "val_loss") if name in logs]
    return ", ".join(f"{name} {logs[name]:.4g}" for name in shown)
