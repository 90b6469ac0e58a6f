"""TensorBoard: event files, written while a network learns."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from mlp_edge.api.tracking.tracked import FINISHED, Epoch, TrackedRun
from mlp_edge.lazy import require, tensorflow

FOLDER = ("TENSORBOARD_LOGGING_DIR", "logs")
"""The variable that names the folder of all runs, as in Hugging Face Transformers; its default."""
SECONDS = 1.0
"""After so long, at most, an epoch stands in the file."""


class TensorBoard:
    """A folder for each training: curves in train/ and validation/, as Keras's callback has them.

    Parameters stand where the HParams tab looks for them, and each seed, fold and trial has a
    folder of its own.
    """

    pieces: tuple[str, ...] = ("curves", "parameters", "scores", "warnings", "nested runs")

    def __init__(self, name: str) -> None:
        require("tensorboard", "tensorboard")
        self.name = name
        self.writers: dict[str, Any] = {}

    @cached_property
    def folder(self) -> Path:
        """A new one, made when there is something to write."""
        base = Path(os.environ.get(*FOLDER))
        stem = f"{self.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        for number in count(1):
            place = base / (stem if number == 1 else f"{stem}-{number}")
            try:
                place.mkdir(parents=True)
                return place
            except FileExistsError:
                continue
        raise AssertionError("count() ends nowhere")

    @property
    def where(self) -> str:
        """The folder."""
        return f"tensorboard: {self.folder}"

    def epoch(self, fit: str, epoch: Epoch) -> None:
        """Write the logs of an epoch."""
        for name, value in epoch.logs.items():
            part = "validation" if name.startswith("val_") else "train"
            with self._writer(fit, part).as_default():
                tag = f"epoch_{name.removeprefix('val_')}"
                tensorflow().summary.scalar(tag, value, step=epoch.number)

    def log(self, run: TrackedRun, began: float, model: Path | None) -> Iterator[str]:
        """Write what is known at the end; epochs were written as they came."""
        yield "curves"
        try:
            yield from self._logged("", run, began, model)
            for each in run.nested:
                for _ in self._logged(each.name, each, began, None):
                    pass
            yield "nested runs"
        finally:
            for writer in self.writers.values():
                writer.close()

    def _logged(
        self, part: str, run: TrackedRun, began: float, model: Path | None
    ) -> Iterator[str]:
        hparams = require("tensorboard.plugins.hparams.api")
        session = require("tensorboard.plugins.hparams.summary")
        status = require("tensorboard.plugins.hparams.api_pb2").Status.Value
        summary = tensorflow().summary
        known = {name: value for name, value in run.parameters.items() if value is not None}
        with self._writer(part).as_default(step=0):
            _write(hparams.hparams_pb(known, str(self.folder / _folder(part)), began))
            yield "parameters"
            for name, value in run.scores.items():
                summary.scalar(name, value)
            yield "scores"
            for title, text in _texts(run, model).items():
                summary.text(title, text)
            ended = "STATUS_SUCCESS" if run.status == FINISHED else "STATUS_FAILURE"
            _write(session.session_end_pb(status(ended)))
            yield "warnings"

    def _writer(self, *parts: str) -> Any:
        folder = "/".join(map(_folder, filter(None, parts)))
        if folder not in self.writers:
            self.writers[folder] = tensorflow().summary.create_file_writer(
                str(self.folder / folder), flush_millis=int(1000 * SECONDS)
            )
        return self.writers[folder]


def _folder(name: str) -> str:
    """The folder of a part: TensorBoard shows it as the name of a run."""
    return name.replace(" ", "-")


def _write(summary: Any) -> None:
    tensorflow().summary.experimental.write_raw_pb(summary.SerializeToString())


def _texts(run: TrackedRun, model: Path | None) -> dict[str, str]:
    """Title -> Markdown."""
    found = {
        "warnings": "\n".join(f"- {each.says}" for each in run.warnings),
        "failure": run.failure,
        "model directory": "" if model is None else f"`{model.resolve()}`",
    }
    return {title: text for title, text in found.items() if text}
