"""mlp-edge export: a model in, a file per format out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.options import DEFAULT_MODEL, MaxBytesOption, ModelOption, model_option
from mlp_edge.cli.printing.console import out
from mlp_edge.cli.printing.progress import start_tensorflow
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from mlp_edge.cli.calibrating import Source
    from mlp_edge.export.exporter import Exporter
    from mlp_edge.mlp import Mlp
    from mlp_edge.quantise.judge import Limits
    from mlp_edge.readers.model_directory import ModelDirectory

FLOAT32, SMALLEST = "float32", "smallest"


def export(
    model: ModelOption = DEFAULT_MODEL,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", help="tflite, onnx or c; several times for several. [all]"),
    ] = None,
    dtype: Annotated[
        str,
        typer.Option(
            "--dtype", "-d",
            help="float32; int8; int16 (c); float16, dynamic (tflite); smallest that holds.",
        ),
    ] = FLOAT32,
    rows: Annotated[
        str | None,
        typer.Option(help="Table to calibrate integers with; by default the model's own rows."),
    ] = None,
    max_bytes: MaxBytesOption = None,
    max_flips: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of labels that a smaller dtype may change."),
    ] = 0.02,
    max_drop: Annotated[
        float, typer.Option(min=0, help="How much accuracy or R2 it may lose.")
    ] = 0.02,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Chip that --dtype smallest is measured on. [avr]"),
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
    split: Annotated[
        bool,
        typer.Option("--split", help="With -f c: NAME.h, NAME.c and kernels that models share."),
    ] = False,
) -> None:  # fmt: skip
    """Write a model as TFLite, ONNX and a C header, in float32 or smaller."""
    from mlp_edge.cli.calibrating import Source
    from mlp_edge.cli.smallest import smallest
    from mlp_edge.data.reading.size import read_size
    from mlp_edge.files.writing import write_files
    from mlp_edge.mlp import check_name
    from mlp_edge.quantise.judge import Limits
    from mlp_edge.readers.model_directory import EXPORTS, WEIGHTS_ONLY, directory_of

    exporters = _exporters(formats, dtype)
    if weights_only and (formats != ["c"] or dtype != FLOAT32):
        raise InputError("--weights-only is for float32 C headers: --format c --weights-only")
    if split and (formats != ["c"] or weights_only):
        raise InputError(
            "--split is for C with its functions: --format c --split, without --weights-only"
        )
    _check_smaller(dtype, rows, target, max_flips, max_drop)
    if name is not None:
        check_name(name)
    model = directory_of(model)  # whose model.json has the names and labels of its .keras file
    saved, mlp = _opened(model)
    mlp = mlp if name is None else replace(mlp, name=name)
    place = directory or (model if saved is not None else model.parent) / EXPORTS
    if weights_only:
        # It has nothing to run, so that no manifest lists it and parity leaves it alone.
        files = {f"{mlp.name}{WEIGHTS_ONLY}": weights_header(mlp)}
        write_files(place, files)
    else:
        source = Source(model, mlp, saved, rows, place, read_size(max_bytes))
        limits = Limits(max_flips, max_drop)
        if dtype == SMALLEST:
            dtype = smallest(source, limits, target)
            exporters = [exporter for exporter in exporters if dtype in exporter.dtypes]
        files = _files(source, exporters, dtype, limits, split)
        if saved is not None and directory is None:
            saved.add_exports(files)
        else:
            write_files(place, files)
    for file, content in files.items():
        out.print(f"wrote {place / file} ({len(content):,} bytes)", soft_wrap=True)
    if saved is not None and directory is None and not weights_only:
        out.print(f"\nnext: mlp-edge parity{model_option(model)}", soft_wrap=True)


def _check_smaller(
    dtype: str, rows: str | None, target: str | None, max_flips: float, max_drop: float
) -> None:
    """Refuse options of smaller numbers that have nothing to say here."""
    if rows is not None and dtype == FLOAT32:
        raise InputError("--rows is for smaller numbers: with --dtype int8, int16 or smallest")
    if target is not None and dtype != SMALLEST:
        raise InputError(
            "--target is the chip of --dtype smallest; `mlp-edge cost` measures others"
        )
    for option, value in (("--max-flips", max_flips), ("--max-drop", max_drop)):
        if not math.isfinite(value):
            raise InputError(f"{option} {value} limits nothing; 0.02 would do")


def _opened(model: Path) -> tuple[ModelDirectory | None, Mlp]:
    """The model directory, None for a .keras file alone, and the network.

    Raises:
        ModelError: for what cannot be read, and a file alone that Keras reads otherwise, where
            Keras is installed.
    """
    from mlp_edge.readers.keras_file import read_mlp
    from mlp_edge.readers.model_directory import open_model
    from mlp_edge.runtime.keras import RUNTIME
    from mlp_edge.runtime.verify import check_keras

    if model.suffix == ".keras" and not model.is_dir():
        mlp = read_mlp(model)
        if RUNTIME.missing() is None:
            start_tensorflow()
            check_keras(model, mlp)
        return None, mlp
    return open_model(model)


def _exporters(formats: Sequence[str] | None, dtype: str) -> list[Exporter]:
    """The formats that are asked for; every one that has the dtype where none is.

    Raises:
        InputError: for a format or a dtype that does not exist, or not together.
    """
    from mlp_edge.export import EXPORTERS

    known = {exporter.name: exporter for exporter in EXPORTERS}
    for wanted in formats or []:
        if wanted not in known:
            raise InputError(f"--format {wanted!r} is not one of {', '.join(known)}")
    dtypes = list(dict.fromkeys(name for exporter in EXPORTERS for name in exporter.dtypes))
    if dtype not in (*dtypes, SMALLEST):
        raise InputError(f"--dtype {dtype!r} is not one of {', '.join(dtypes)}, {SMALLEST}")
    if dtype == SMALLEST and "c" not in (formats or known):
        raise InputError("--dtype smallest is measured on a C header: with --format c")
    chosen = [known[wanted] for wanted in dict.fromkeys(formats or known)]
    having = [exporter for exporter in chosen if dtype in (*exporter.dtypes, SMALLEST)]
    if formats and len(having) < len(chosen):
        lacking = next(exporter for exporter in chosen if exporter not in having)
        raise InputError(
            f"--format {lacking.name} has no {dtype}; it has {', '.join(lacking.dtypes)}"
        )
    return having


def _files(
    source: Source, exporters: Sequence[Exporter], dtype: str, limits: Limits, split: bool = False
) -> dict[str, bytes]:
    """Name -> content of each file; smaller dtypes are judged first.

    Raises:
        CheckError: when a dtype loses too much.
    """
    from mlp_edge.cli import quantising
    from mlp_edge.export.c import export_split
    from mlp_edge.integers.quantised_file import parameters_name

    if any(exporter.needs == "train" for exporter in exporters):
        start_tensorflow()
    mlp = source.mlp
    if dtype == FLOAT32 and split:
        return export_split(mlp)
    if dtype == FLOAT32:
        return {f"{mlp.name}{exporter.suffix}": exporter.export(mlp) for exporter in exporters}
    renamed = replace(mlp, name=f"{mlp.name}_{dtype}")
    if any(dtype in exporter.floats for exporter in exporters):
        if dtype == "dynamic":
            quantising.say_unchanged(mlp)
        return {
            f"{renamed.name}{exporter.suffix}": quantising.judged(
                source, exporter.floats[dtype](renamed), dtype, limits
            )
            for exporter in exporters
        }
    numbers = quantising.held(source, dtype, limits)
    if any(exporter.name == "tflite" for exporter in exporters):
        quantising.say_twice_rounded(numbers)
    files = (
        export_split(renamed, numbers.quantised)
        if split
        else {
            f"{renamed.name}{exporter.suffix}": exporter.integers[dtype](renamed, numbers.quantised)
            for exporter in exporters
        }
    )
    return files | {parameters_name(mlp.name, dtype): numbers.to_json().encode()}


def weights_header(mlp: Mlp) -> bytes:
    """The C header without its functions."""
    from mlp_edge.export import c

    return c.export(mlp, weights_only=True)
