"""The command ``mlp-edge``, assembled from one file per command."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from mlp_edge import __version__
from mlp_edge.cli.bench import bench
from mlp_edge.cli.console import end_orderly, guarded, out
from mlp_edge.cli.cost import cost
from mlp_edge.cli.doctor import doctor
from mlp_edge.cli.evaluate import evaluate
from mlp_edge.cli.export import export
from mlp_edge.cli.inspect import inspect
from mlp_edge.cli.parity import parity
from mlp_edge.cli.predict import predict
from mlp_edge.cli.train import train

app = typer.Typer(
    name="mlp-edge",
    help="Train an MLP on a table, export it to TFLite, ONNX and C, and prove that they agree.",
    no_args_is_help=True,
    rich_markup_mode=None,  # its help imports a Markdown parser and takes twice as long
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, export, parity, evaluate, predict, inspect, cost, bench, doctor):
    app.command()(guarded(command))


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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no letter is worth a traceback
            stream.reconfigure(errors="backslashreplace")
    end_orderly()
    app()
