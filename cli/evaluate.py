"""mlp-edge evaluate: how good a model is, beside what it has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlp_edge.cli.options import (
    DEFAULT_MODEL,
    CommentsOption,
    DecimalOption,
    EncodingOption,
    HeaderOption,
    JsonOption,
    MaxBytesOption,
    ModelOption,
    SafeOption,
    SepOption,
    SingleQuotesOption,
    TrustOption,
    names,
)
from mlp_edge.cli.printing.console import out, print_json, warn, warn_of
from mlp_edge.cli.printing.progress import status
from mlp_edge.cli.printing.tables import (
    comparison_table,
    confusion_table,
    record_table,
    score_table,
    show,
)
from mlp_edge.cli.table_out import check_output, write_output
from mlp_edge.errors import InputError

if TYPE_CHECKING:
    from mlp_edge.cli.evaluation import Evaluation
    from mlp_edge.data.reading.dialect import Dialect
    from mlp_edge.readers.model_directory import ModelDirectory
    from mlp_edge.runtime.load import Predictor
    from mlp_edge.training.examples import Examples

FLOAT32 = "float32"


def evaluate(
    table: Annotated[
        str | None, typer.Argument(help="CSV file or data set; by default the held-out rows.")
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    runtime: Annotated[
        str | None, typer.Option("--runtime", "-r", help="keras, litert, onnxruntime or c.")
    ] = None,
    dtype: Annotated[
        str, typer.Option("--dtype", "-d", help="Of the export that predicts, such as int8.")
    ] = FLOAT32,
    metrics: Annotated[
        str | None, typer.Option(help="Scores to report, such as accuracy,auc; by default all.")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Another than the model's own, such as 0.3, to see.")
    ] = None,
    rows_file: Annotated[
        Path | None, typer.Option("--rows", help="CSV file to write: every row, and how it went.")
    ] = None,
    plots: Annotated[
        bool | None,
        typer.Option("--plots/--no-plots", help="Pictures in MODEL/plots. [plots]"),
    ] = None,
    sep: SepOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = None,
    header: HeaderOption = None,
    comments: CommentsOption = None,
    single_quotes: SingleQuotesOption = None,
    max_bytes: MaxBytesOption = None,
    safe: SafeOption = False,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a model on rows that it never saw, or on a table."""
    from mlp_edge.cli.evaluation import Evaluation, chosen_threshold
    from mlp_edge.cli.evaluation_plots import write_pictures
    from mlp_edge.cli.evaluation_rows import rows_csv
    from mlp_edge.data.reading.dialect import Dialect
    from mlp_edge.data.reading.size import read_size
    from mlp_edge.lazy import require
    from mlp_edge.readers.model_directory import SAMPLE, ModelDirectory

    require("sklearn")
    if plots:
        require("matplotlib")
    from mlp_edge.training.scoring.scores import EVALUATED, chosen_metrics

    directory = ModelDirectory.open(model)
    manifest = directory.manifest
    if table is None and manifest.sample != "held-out":
        raise InputError(
            f"{model}: trained on every row (--test-size 0), so none is left to judge it by; "
            "name a table of other rows"
        )
    wanted = chosen_metrics(names(metrics) or EVALUATED[manifest.task], manifest.task)
    limit = chosen_threshold(manifest, threshold)
    if safe and rows_file is None:
        raise InputError("--spreadsheet-safe is for the file that --rows names")
    if rows_file is not None:
        check_output("--rows", rows_file, table or directory.path / SAMPLE)
    dialect = Dialect(sep, decimal, encoding, header, comments, single_quotes)
    examples = _examples(directory, table, dialect, read_size(max_bytes))
    with _opened(model, directory, dtype, runtime, trust) as opened:
        outputs = opened.predict(examples.rows)
        ran, held = opened.runtime, opened.card.dtype
    directory.check_same()
    part = "test" if table is None else f"rows of {table}"
    evaluation = Evaluation(manifest, examples.table, examples, part, outputs, limit, wanted)
    unanswered = _unanswered(evaluation)
    told = evaluation.to_dict()
    pictures = []
    if plots is not False:
        pictures = write_pictures(evaluation, directory, held, asked=bool(plots))
    if rows_file is not None:
        write_output(rows_file, rows_csv(evaluation, safe))
    if as_json:
        print_json(
            {"model": manifest.name, "table": table, "rows": len(evaluation.answered),
             "unanswered": unanswered, "runtime": ran, "dtype": held, **told,
             "files": [str(file) for file in (*filter(None, [rows_file]), *pictures)]}
        )  # fmt: skip
        return
    _show(evaluation)
    out.print(f"\npredicted by {ran}" + ("" if held == FLOAT32 else f" in {held}"))
    _show_files(rows_file, pictures)


def _examples(
    directory: ModelDirectory, table: str | None, dialect: Dialect, most: int
) -> Examples:
    """The rows to judge by, the held-out ones without a table, and what there is to warn of."""
    from mlp_edge.cli.calibrating import sample_table
    from mlp_edge.data.reading.read import read_table
    from mlp_edge.training.examples import reread_examples

    manifest = directory.manifest
    rows = sample_table(directory.path, most) if table is None else read_table(table, dialect, most)
    group = manifest.recipe.get("group")
    examples = reread_examples(rows, manifest, group if group in rows.columns else None)
    if table is None:
        return examples
    warn_of(examples.findings, "--json has each")
    if examples.table.sha256 == manifest.sha256["data"]:
        held_out = manifest.sample == "held-out"
        end = "; without a table, only those that it never saw are scored" if held_out else ""
        warn(
            f"{table} is the table that the model was trained on: it knows "
            f"{manifest.rows['training']:,} of these rows{end}"
        )
    return examples


def _opened(
    model: Path, directory: ModelDirectory, dtype: str, runtime: str | None, trust: bool
) -> Predictor:
    """What predicts: what was named, or its export in reduced precision."""
    from mlp_edge.runtime.load import load, reduced_precision_path

    with status("opening the model"):
        path = model if dtype == FLOAT32 else reduced_precision_path(directory, dtype, runtime)
        return load(path, runtime, trust)


def _unanswered(evaluation: Evaluation) -> int:
    """How many rows have no answer, with a warning.

    Raises:
        InputError: when none has one.
    """
    rows, scored = len(evaluation.outputs), len(evaluation.answered)
    if not scored:
        raise InputError(
            f"{evaluation.table.source}: the model has an answer to none of these rows"
        )
    if scored < rows:
        warn(f"{rows - scored:,} of {rows:,} rows have no answer and are not scored")
    return rows - scored


def _show(evaluation: Evaluation) -> None:
    """The tables on stdout, what there is to warn of on stderr."""
    manifest, part, count = evaluation.manifest, evaluation.part, len(evaluation.answered)
    scores, intervals = evaluation.scores, evaluation.intervals
    several = len(evaluation.metrics) > 1
    show((comparison_table if several else score_table)(part, count, scores, intervals))
    if evaluation.per_class is not None:
        show(record_table("each class; its auc against the rest", evaluation.per_class))
    if evaluation.per_target is not None and len(evaluation.per_target) > 1:
        show(record_table("each target", evaluation.per_target))
    if evaluation.confusion is not None:
        show(confusion_table(manifest.labels, evaluation.confusion))
    if manifest.task == "binary":
        out.print(
            f"\nanswers {manifest.labels[1]} where the probability is above "
            f"{evaluation.threshold:.4g}",
            soft_wrap=True,
        )
    warn_of(evaluation.findings, "--json has each")


def _show_files(rows_file: Path | None, pictures: Sequence[Path]) -> None:
    """What was written: both files of a picture as one name."""
    if rows_file is not None:
        out.print(f"wrote {rows_file}", soft_wrap=True)
    if pictures:
        stems = ", ".join(dict.fromkeys(file.stem for file in pictures))
        out.print(f"wrote {pictures[0].parent}: {stems} (.png, .svg)", soft_wrap=True)
