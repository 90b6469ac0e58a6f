"""Where commands print, and how they end: results on stdout, everything else on stderr."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from mlp_edge.errors import InputError, MlpEdgeError

if TYPE_CHECKING:
    from mlp_edge.finding import Finding

# Names of columns and files come from users: nothing in them is markup or an emoji.
out = Console(markup=False, emoji=False, highlight=False, soft_wrap=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

INTERRUPTED, BROKEN_PIPE, OUR_FAULT = 130, 141, 70
_SPACE = "free some space and try again"
REFUSALS = {
    errno.ENOSPC: _SPACE, errno.EDQUOT: _SPACE, errno.EIO: "the disk or its connection is failing",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and try again",
    errno.EROFS: "TMPDIR names another folder for temporary files",
}  # fmt: skip
"""What would do where the system refuses to write."""


class Ended(KeyboardInterrupt):
    """Somebody asked this process to end, by SIGTERM or SIGHUP: as Ctrl-C, with its own code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def end_orderly() -> None:
    """Have SIGTERM and SIGHUP end this process as Ctrl-C does: temporary files are removed."""

    def end(number: int, _frame: object) -> None:
        for each in ending:
            signal.signal(each, signal.SIG_IGN)  # it is at it; a killing signal is there for haste
        raise Ended(number)

    names = ("SIGTERM", "SIGHUP")
    there = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # Under nohup it is to stay ignored.
    ending = [each for each in there if signal.getsignal(each) == signal.SIG_DFL]
    for each in ending:
        signal.signal(each, end)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors end as one sentence and an exit code.

    130 for Ctrl-C, 143 for SIGTERM, 70 with a traceback for a fault of ours, otherwise what the
    error says.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except MlpEdgeError as error:
            err.print(f"error: {error}", style="red")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            err.print("interrupted; nothing was left half done")
            code = error.exit_code if isinstance(error, Ended) else INTERRUPTED
            raise typer.Exit(code) from error
        except BrokenPipeError as error:
            # Whoever read our output has enough; Python would complain once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error
        except typer.Exit:
            raise
        except Exception as error:
            if isinstance(error, OSError) and (remedy := _remedy(error)):
                err.print(f"error: {error.strerror}; {remedy}", style="red")
                raise typer.Exit(InputError.exit_code) from error
            traceback.print_exc()
            err.print(
                "\nThis is a fault of mlp-edge, not of yours. Please report it with the lines "
                "above as an issue of the project: what you ran, and mlp-edge --version.",
                style="red",
            )
            raise typer.Exit(OUR_FAULT) from error

    return run


def _remedy(error: OSError) -> str | None:
    """What would do; None where it is not the system that refuses to write."""
    if error.errno == errno.ENOENT and "usable temporary directory" in str(error.strerror):
        return "free some space there, or name another with TMPDIR"  # so says tempfile, if full
    return REFUSALS.get(error.errno or 0)


def warn(says: str) -> None:
    """A warning on stderr."""
    err.print(f"warning: {says}", style="yellow")


def warn_of(findings: Sequence[Finding], rest: str = "") -> None:
    """Findings as warnings on stderr; many of one kind are one, as ``gathered`` has it."""
    from mlp_edge.data.words import gathered

    for says in gathered(findings, rest):
        warn(says)


def print_json(value: Any) -> None:
    """One JSON document on stdout; a number that is not finite becomes null."""
    from mlp_edge.writing import json_text

    sys.stdout.write(json_text(value))
    sys.stdout.flush()
