"""Where commands print, and how they end: results on stdout, everything else on stderr."""

from __future__ import annotations

import errno
import functools
import os
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
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors end as one sentence and an exit code.

    130 for Ctrl-C, 70 with a traceback for a fault of ours, otherwise what the error says.
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
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            # Whoever read our output has enough; Python would complain once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from error
        except typer.Exit:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                err.print(f"error: {error.strerror}; free some space and try again", style="red")
                raise typer.Exit(InputError.exit_code) from error
            traceback.print_exc()
            err.print(
                "\nThis is a fault of mlp-edge, not of yours. Please report it with the lines "
                "above as an issue of the project: what you ran, and mlp-edge --version.",
                style="red",
            )
            raise typer.Exit(OUR_FAULT) from error

    return run


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
