"""Where commands print, and how they end: results on stdout, everything else on stderr.

What is printed names columns, labels, files and messages of strangers. A string is one line here:
whatever in it a terminal would act on is spelled out (``mlp_edge.foreign``), save for line feeds at
its front, which are ours.
"""

from __future__ import annotations

import errno
import functools
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from mlp_edge.cli.printing.wording import worded
from mlp_edge.errors import InputError, MlpEdgeError
from mlp_edge.foreign import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlp_edge.finding import Finding

INTERRUPTED, BROKEN_PIPE, OUR_FAULT = 130, 141, 70
_SPACE = "free some space and try again"
REFUSALS = {
    errno.ENOSPC: _SPACE, errno.EDQUOT: _SPACE, errno.EIO: "the disk or its connection is failing",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and try again",
    errno.EROFS: "TMPDIR names another folder for temporary files",
}  # fmt: skip
"""What would do where the system refuses to write."""

NARROW = 60
"""Columns of a terminal below which no line is folded: it does that itself and cuts no number."""
LONGEST_LINE = 4000
"""Characters of a line; of a longer one both ends are shown."""


class Printer(Console):
    """A console on which nobody's text is a command to the terminal.

    Args:
        stderr: print there; what cannot be written is then dropped, as there is nobody to tell.
    """

    def __init__(self, *, stderr: bool = False, file: IO[str] | None = None) -> None:
        # Nothing in a name is markup or an emoji.
        super().__init__(
            stderr=stderr, file=file, markup=False, emoji=False, highlight=False, soft_wrap=stderr
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as one line, with the line feeds before it."""
        line = text.lstrip("\n")
        return super().render_str(text[: len(text) - len(line)] + one_line(line), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Anything as segments; a text that no string was before is spelled out as well."""
        if isinstance(renderable, Text):
            lines = renderable.plain.split("\n")
            if not all(line.isprintable() for line in lines):
                renderable = Text("\n".join(map(printable, lines)), style=renderable.style)
        return super().render(renderable, options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, as rich does.

        Raises:
            BrokenPipeError: when nobody reads standard output any more.
            InputError: when it cannot be written to.
        """
        if self.width < NARROW and all(isinstance(each, str) for each in objects):
            options["soft_wrap"] = True
        try:
            super().print(*objects, **options)
        except OSError as error:
            self._failed(error)

    def on_broken_pipe(self) -> None:
        """Leave it to ``print``, where rich would end the process with 1."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def _failed(self, error: OSError) -> None:
        if self.stderr:
            deafen(sys.stderr)
        else:
            raise refused(error) from error


def one_line(text: str) -> str:
    """Foreign text as a line: spelled out, and not endless."""
    return shortened(printable(text), LONGEST_LINE)


out = Printer()
err = Printer(stderr=True)


def refused(error: OSError) -> Exception:
    """What is raised where standard output does not take what is written to it."""
    deafen(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return error
    reason = (error.strerror or str(error)).lower()
    return InputError(f"standard output: cannot be written to: {reason}")


def deafen(stream: IO[str]) -> None:
    """Have a stream that failed swallow the rest, of which Python would complain at exit."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        pass  # no descriptor is behind it


def open_streams() -> None:
    """Make standard streams fit for any text, and give those that are closed a place to go.

    Of a closed one the descriptor is taken too: a file that is opened later would get its number,
    and whatever is printed.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123 (until the end)
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no letter is worth a traceback
            stream.reconfigure(errors="backslashreplace")


def write_text(text: str) -> None:
    """A text of several lines on stdout: to a file or a pipe as it is, to a terminal spelled out.

    Raises:
        BrokenPipeError, InputError: as ``Printer.print``.
    """
    if out.is_terminal:
        text = "\n".join(map(printable, text.split("\n")))
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise refused(error) from error


class Standard:
    """Standard output for what writes bytes of UTF-8, whole lines at a time."""

    def write(self, content: bytes) -> int:
        """Write as ``write_text`` does."""
        write_text(content.decode())
        return len(content)

    def flush(self) -> None:
        """Keep nothing back."""


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

    130 for Ctrl-C, 143 for SIGTERM, 141 when nobody reads on, 70 with a traceback for a fault of
    ours, otherwise what the error says.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except MlpEdgeError as error:
            err.print(f"error: {worded(str(error))}", style="red")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            err.print("interrupted; nothing was left half done")
            code = error.exit_code if isinstance(error, Ended) else INTERRUPTED
            raise typer.Exit(code) from error
        except BrokenPipeError as error:  # whoever read our output has enough
            deafen(sys.stdout)
            raise typer.Exit(BROKEN_PIPE) from error
        except MemoryError as error:
            err.print("error: not enough memory; a smaller table or model would do", style="red")
            raise typer.Exit(InputError.exit_code) from error
        except typer.Exit:
            raise
        except Exception as error:
            if isinstance(error, OSError) and (remedy := _remedy(error)):
                err.print(f"error: {error.strerror}; {remedy}", style="red")
                raise typer.Exit(InputError.exit_code) from error
            err.print(*traceback.format_exc().rstrip("\n").split("\n"), "", sep="\n")
            err.print(
                "This is a fault of mlp-edge, not of yours. Please report it with the lines "
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
    err.print(f"warning: {worded(says)}", style="yellow")


def warn_of(findings: Sequence[Finding], rest: str = "") -> None:
    """Findings as warnings on stderr; many of one kind are one, as ``gathered`` has it."""
    from mlp_edge.data.quoting import gathered

    for says in gathered(findings, rest):
        warn(says)


def print_json(value: Any) -> None:
    """One JSON document on stdout; a number that is not finite becomes null."""
    from mlp_edge.files.writing import json_text

    write_text(json_text(value))  # which is ASCII
