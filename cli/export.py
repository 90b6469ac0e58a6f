"""mlp-edge export: a model in, a file per format out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.console import out
from mlp_edge.cli.options import DEFAULT_MODEL, ModelOption
from mlp_edge.cli.progress import start_tensorflow
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from mlp_edge.mlp import Mlp


def export(
    model: ModelOption = DEFAULT_MODEL,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", help="tflite, onnx or c; several times for several. [all]"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of files and C symbols; by default the model's.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--out", help="Where to write; by default MODEL/exports.")
    ] = None,
    weights_only: Annotated[
        bool,
        typer.Option("--weights-only", help="With -f c: NAME_weights.h, arrays without functions."),
    ] = False,
) -> None:
    """Write a model as TFLite, ONNX and a C header."""
    from mlp_edge.export import EXPORTERS
    from mlp_edge.keras_file import read_mlp
    from mlp_edge.mlp import check_name
    from mlp_edge.model_directory import EXPORTS, MANIFEST, MODEL, WEIGHTS_ONLY, ModelDirectory
    from mlp_edge.writing import write_files

    known = {exporter.name: exporter for exporter in EXPORTERS}
    for wanted in formats or []:
        if wanted not in known:
            raise InputError(f"--format {wanted!r} is not one of {', '.join(known)}")
    if name is not None:
        check_name(name)
    if model.name == MODEL and (model.parent / MANIFEST).exists():
        model = model.parent  # whose model.json has the names and labels of this .keras file
    saved = None if model.suffix == ".keras" and not model.is_dir() else ModelDirectory.open(model)
    mlp = read_mlp(model) if saved is None else saved.mlp()
    mlp = mlp if name is None else replace(mlp, name=name)
    place = directory or (model if saved is not None else model.parent) / EXPORTS
    if weights_only:
        if formats != ["c"]:
            raise InputError("--weights-only is for C headers: --format c --weights-only")
        # It has nothing to run, so that no manifest lists it and parity leaves it alone.
        files = {f"{mlp.name}{WEIGHTS_ONLY}": weights_header(mlp)}
        write_files(place, files)
    else:
        chosen = [known[wanted] for wanted in dict.fromkeys(formats or known)]
        if any(exporter.needs == "train" for exporter in chosen):
            start_tensorflow()
        files = {f"{mlp.name}{exporter.suffix}": exporter.export(mlp) for exporter in chosen}
        if saved is not None and directory is None:
            saved.add_exports(files)
        else:
            write_files(place, files)
    for file, content in files.items():
        out.print(f"wrote {place / file} ({len(content):,} bytes)", soft_wrap=True)
    if saved is not None and directory is None and not weights_only:
        option = "" if model == DEFAULT_MODEL else f" --model {model}"
        out.print(f"\nnext: mlp-edge parity{option}", soft_wrap=True)


def weights_header(mlp: Mlp) -> bytes:
    """The C header without its functions."""
    from mlp_edge.export import c

    return c.export(mlp, weights_only=True)
