"""mlp-edge evaluate: how good a model is, beside what it has to beat."""

from __future__ import annotations

from typing import Annotated

import typer

from mlp_edge.cli.console import out, print_json, warn
from mlp_edge.cli.options import (
    DEFAULT_MODEL,
    DecimalOption,
    EncodingOption,
    HeaderOption,
    JsonOption,
    ModelOption,
    SepOption,
    TrustOption,
    names,
)
from mlp_edge.cli.progress import status
from mlp_edge.cli.tables import confusion_table, score_table, show
from mlp_edge.errors import InputError

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
        str | None, typer.Option(help="Scores to report, such as accuracy,auc.")
    ] = None,
    sep: SepOption = None,
    decimal: DecimalOption = None,
    encoding: EncodingOption = None,
    header: HeaderOption = None,
    trust: TrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a model on rows that it never saw, or on a table."""
    import numpy as np

    from mlp_edge.cli.calibrating import sample_table
    from mlp_edge.data.dialect import Dialect
    from mlp_edge.data.read import read_table
    from mlp_edge.lazy import require
    from mlp_edge.model_directory import ModelDirectory
    from mlp_edge.reference import predict
    from mlp_edge.runtime.load import coarser_path, load

    require("sklearn")
    from mlp_edge.train.baseline import from_description
    from mlp_edge.train.examples import reread_examples
    from mlp_edge.train.recipe import Recipe
    from mlp_edge.train.scores import chosen_metrics, confusion, score

    directory = ModelDirectory.open(model)
    manifest = directory.manifest
    if table is None and manifest.sample != "held-out":
        raise InputError(
            f"{model}: trained on every row (--test-size 0), so none is left to judge it by; "
            "name a table of other rows"
        )
    wanted = chosen_metrics(
        names(metrics) or Recipe.from_dict(manifest.recipe).metrics, manifest.task
    )
    dialect = Dialect(sep, decimal, encoding, header)
    rows = sample_table(model) if table is None else read_table(table, dialect)
    examples = reread_examples(rows, manifest)
    for finding in examples.findings if table is not None else ():
        warn(finding.says)
    with status("opening the model"):
        path = model if dtype == FLOAT32 else coarser_path(directory, dtype, runtime)
        opened = load(path, runtime, trust)
    with opened:
        outputs = opened.predict(examples.rows)
        ran, held = opened.runtime, opened.card.dtype
    answered = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    unanswered = len(outputs) - len(answered)
    if not len(answered):
        raise InputError(f"{rows.source}: the model has an answer to none of these rows")
    if unanswered:
        warn(f"{unanswered:,} of {len(outputs):,} rows have no answer and are not scored")
    truth, outputs = examples.truth(answered), outputs[answered]
    scores = {"mlp": score(wanted, truth, outputs)}
    if manifest.baseline is not None:
        linear = from_description(manifest.baseline, directory.mlp())
        straight = predict(linear, examples.rows[answered]).astype(np.float32)
        scores["linear"] = score(wanted, truth, straight)
    constant = np.tile(np.array(manifest.prior, np.float32), (len(answered), 1))
    scores["prior"] = score(wanted, truth, constant)
    part = "test" if table is None else f"rows of {table}"
    counts = None if manifest.task == "regression" else confusion(truth, outputs)
    if as_json:
        print_json(
            {"model": manifest.name, "table": table, "rows": len(answered),
             "unanswered": unanswered, "runtime": ran, "dtype": held, "scores": scores,
             "labels": manifest.labels, "confusion": None if counts is None else counts.tolist()}
        )  # fmt: skip
        return
    show(score_table(part, len(answered), scores))
    if counts is not None:
        show(confusion_table(manifest.labels, counts))
    out.print(f"\npredicted by {ran}" + ("" if held == FLOAT32 else f" in {held}"))
