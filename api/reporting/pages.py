"""The page of a report, with its playground, and the facts beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.api.reporting.places import Place
from mlp_edge.api.reporting.wording import in_commands
from mlp_edge.api.sample import has_sample, rows_of
from mlp_edge.files.writing import json_text
from mlp_edge.integers.quantised import Quantised
from mlp_edge.integers.quantised_file import parameters_name, read_parameters
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.report.page import page
from mlp_edge.report.playground import Fragment, playground

INTEGERS = ("int8", "int16", "int24")


def pages(
    model: OpenedModel, directory: ModelDirectory, facts: Mapping[str, Any], place: Place
) -> dict[Path, bytes]:
    """What is to be written, by where it goes.

    Args:
        model: of the directory.
        directory: as it was when the facts were gathered.
        facts: what report.json holds.
        place: of the report.

    Raises:
        ModelError: for quantisation parameters that are damaged.
    """
    text = page(in_commands(facts), _playground(model, directory, facts))
    return {place.page: text.encode(), place.facts: json_text(facts).encode()}


def _playground(
    model: OpenedModel, directory: ModelDirectory, facts: Mapping[str, Any]
) -> Fragment:
    """The model itself, in float32 and in the integers that were exported."""
    sampled = has_sample(directory)
    return playground(
        model.mlp,
        list(exported_integers(directory)),
        rows=rows_of(directory, model.mlp),
        targets=directory.sample().targets if sampled else (),
        called=directory.manifest.sample if sampled else "drawn",
        bounds=_bounds(facts["proof"]),
    )


def exported_integers(directory: ModelDirectory) -> Iterator[Quantised]:
    """The integers that exports of a model hold, by ``INTEGERS``; not those of other weights.

    Raises:
        ModelError: for a file of them that is damaged.
    """
    for dtype in INTEGERS:
        name = parameters_name(directory.manifest.name, dtype)
        if name in directory.manifest.exports:
            found = read_parameters(directory.exports_path / name)
            if found.weights_sha256 == directory.manifest.sha256["weights"]:
                yield found.quantised


def _bounds(proof: Mapping[str, Any] | None) -> list[float] | None:
    """How far any runtime is from the exact prediction; None where that is not proved."""
    if proof is None or not (proof["passed"] and proof["certificate"]["proves"]):
        return None
    return list(proof["certificate"]["bounds"])
