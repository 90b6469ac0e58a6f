"""The command ``mlp-edge``, assembled from one file per command."""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer

from mlp_edge import __version__
from mlp_edge.cli.bench import bench
from mlp_edge.cli.cost import cost
from mlp_edge.cli.declaring import Command
from mlp_edge.cli.doctor import doctor
from mlp_edge.cli.evaluate import evaluate
from mlp_edge.cli.export import export
from mlp_edge.cli.importing import import_
from mlp_edge.cli.inspect import inspect
from mlp_edge.cli.parity import parity
from mlp_edge.cli.predict import predict
from mlp_edge.cli.printing.console import (
    BROKEN_PIPE,
    deafen,
    end_orderly,
    err,
    guarded,
    open_streams,
    out,
    refused,
)
from mlp_edge.cli.report import report
from mlp_edge.cli.serve import serve
from mlp_edge.cli.train import train
from mlp_edge.cli.verify import sign, verify
from mlp_edge.errors import InputError, MlpEdgeError

app = typer.Typer(
    name="mlp-edge",
    help="Train an MLP on a table, export it to TFLite, ONNX and C, and prove that they agree.",
    no_args_is_help=True,
    rich_markup_mode=None,  # its help imports a Markdown parser and takes twice as long
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, import_, export, parity, evaluate, predict, inspect, report, cost, bench,
                serve, sign, verify, doctor):  # fmt: skip
    app.command(command.__name__.rstrip("_"), cls=Command)(guarded(command))


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"mlp-edge {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    open_streams()
    end_orderly()
    sys.exit(_ended())


def _ended() -> int:
    """Run the command that was typed; its exit code."""
    try:
        code = app(standalone_mode=False)  # as it prints what was typed with its escape sequences
        sys.stdout.flush()
    except SystemExit as end:
        checksum_error = isinstance(end.__context__, BrokenPipeError)
        code = BROKEN_PIPE if checksum_error else end.code
    except MlpEdgeError as error:  # of --version, whose output nobody takes
        err.print(f"error: {error}", style="red")
        code = error.exit_code
    except BrokenPipeError:
        deafen(sys.stdout)
        code = BROKEN_PIPE
    except OSError as error:  # of --help, which is not printed by us
        err.print(f"error: {refused(error)}", style="red")
        code = InputError.exit_code
    except Exception as error:
        usage: Any = error
        if not hasattr(usage, "show"):  # which the errors of typer have, wherever its classes are
            raise
        text = io.StringIO()
        usage.show(file=text)
        err.print(*text.getvalue().rstrip("\n").split("\n"), sep="\n")
        code = usage.exit_code
    return code if isinstance(code, int) else 0
