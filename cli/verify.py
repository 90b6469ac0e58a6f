"""mlp-edge sign and mlp-edge verify: who made a model directory, and whether it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mlp_edge.cli.options import DEFAULT_MODEL, JsonOption
from mlp_edge.cli.printing.console import err, out, print_json, warn
from mlp_edge.cli.printing.sheets import show_sheets
from mlp_edge.cli.printing.wording import worded
from mlp_edge.foreign import typed

STYLES = {"changed": "bold red", "missing": "bold red", "not signed": "bold red",
          "wrong": "bold red", "right": "green", "signed": "green"}  # fmt: skip
"""Cells that stand out."""


def sign(
    key: Annotated[
        Path,
        typer.Option(
            help="Private key in PEM: P-256, P-384 or P-521.", rich_help_panel="What to run"
        ),
    ],
    model: Annotated[Path, typer.Argument(help="Model directory.")] = DEFAULT_MODEL,
    as_json: JsonOption = False,
) -> None:
    """Sign every file of a model directory, so that others can tell who made it."""
    from mlp_edge.api.model import open_model

    found = open_model(model).sign(key, passphrase=passphrase(key))
    if as_json:
        print_json(found.to_dict())
        return
    assert found.signed is not None  # noqa: S101 (it has just been made)
    files = len(found.signed.digests)
    out.print(f"signed {files} files of {found.path} with the key {found.signed.key[:16]}…")


def verify(
    model: Annotated[Path, typer.Argument(help="Model directory.")] = DEFAULT_MODEL,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Public key in PEM of who should have signed it.",
            rich_help_panel="Trust",
            show_default="no signature is asked for",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a model directory is whole, and who made it."""
    from mlp_edge.api.verifying import verify as verify_model

    found = verify_model(model, key)
    if as_json:
        print_json(found.to_dict())
    else:
        show_sheets(found.sheets(), STYLES)
    for remark in found.remarks():
        err.print(worded(remark))
    found.check()


def warn_stale(model: Path) -> None:
    """Warn where a directory is not what its signature says, as something was written into it.

    Args:
        model: a model directory, its model.keras, or a file, which has no signature.
    """
    from mlp_edge.readers.model_directory import SIGNATURE, directory_of
    from mlp_edge.signing.signature import is_stale

    place = directory_of(model)
    if is_stale(place):
        warn(f"{place / SIGNATURE} is stale: `{_signing(place)}` signs it again")


@contextmanager
def replacing(model: Path) -> Iterator[None]:
    """Around what puts a new model in the place of another: warn where that was signed."""
    from mlp_edge.readers.model_directory import SIGNATURE

    signed = (model / SIGNATURE).exists()
    yield
    if signed:
        warn(
            f"{model}: the model before was signed, and this one is not: "
            f"`{_signing(model)}` signs it"
        )


def _signing(model: Path) -> str:
    return f"mlp-edge sign {typed(model)} --key KEY"


def passphrase(key: Path) -> str | None:
    """What opens a private key, asked for on a terminal where nothing else says it.

    Args:
        key: a PEM file.

    Returns:
        None where the key needs none, or the environment has it, or nobody can be asked.
    """
    from mlp_edge.signing.keys import PASSPHRASE_VARIABLE, is_encrypted

    if PASSPHRASE_VARIABLE in os.environ or not is_encrypted(key) or not sys.stdin.isatty():
        return None
    return str(typer.prompt(f"passphrase of {key}", hide_input=True, err=True))
