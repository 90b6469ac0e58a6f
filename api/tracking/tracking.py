"""Tells libraries of a training: each epoch as it comes, and all of it when the model is there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from mlp_edge.api.observer import Observer
from mlp_edge.api.tracking.mlflow import MLflow
from mlp_edge.api.tracking.tensorboard import TensorBoard
from mlp_edge.api.tracking.tracked import (
    FAILED,
    KILLED,
    Epoch,
    TrackedRun,
    as_parameters,
    tracked,
)
from mlp_edge.errors import first_line
from mlp_edge.finding import Finding
from mlp_edge.training.fitting import Stage, Watch
from mlp_edge.training.outcome import Trained

_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")
"""In an address, who logs in there: messages do without."""
SINGLE = "training"
"""The title of a fit where there is one."""


class Tracker(Protocol):
    """A library that tracks trainings. ``tensorboard.py`` is the smallest to copy.

    It may raise anything: what it was not told is a warning then, and the training goes on.

    Attributes:
        pieces: what ``log`` logs, in its order, as messages name it.
    """

    pieces: tuple[str, ...]

    def __init__(self, name: str) -> None:
        """Import the library.

        Args:
            name: of the model.

        Raises:
            MissingError: when it is not installed.
        """

    def epoch(self, fit: str, epoch: Epoch) -> None:
        """An epoch came; ``fit`` is "" for the model's own network, or such as "run 2 of 3"."""

    def log(self, run: TrackedRun, began: float, model: Path | None) -> Iterator[str]:
        """Log a run that has ended, and give each of ``pieces`` once it is logged.

        Args:
            run: what there is to log.
            began: when, in seconds since 1970.
            model: its model directory; None where nothing was trained to the end.
        """

    @property
    def where(self) -> str:
        """Where a finished run stands, for who looks for it."""


TRACKERS: Mapping[str, type[Tracker]] = {"mlflow": MLflow, "tensorboard": TensorBoard}
"""By their names in ``Plan.log``."""


class Tracking:
    """Follows one training for the libraries that are to know of it.

    Args:
        libraries: names of ``TRACKERS``.
        name: of the model.

    Raises:
        MissingError: when one is not installed.
    """

    def __init__(self, libraries: Sequence[str], name: str) -> None:
        self.name, self.began = name, time.time()
        self.trackers = {library: TRACKERS[library](name) for library in libraries}
        self.curves: list[list[Epoch]] = []
        self.failed: dict[str, Exception] = {}
        self.logged: list[str] = []

    def watched(self, stage: Stage) -> Stage:
        """The same, each epoch of a network told to the libraries besides."""
        return self._stage(stage) if self.trackers else stage

    def _stage(self, stage: Stage) -> Stage:
        def tracked_stage(title: str, epochs: int) -> Watch:
            watch, curve = stage(title, epochs), list[Epoch]()

            def told(number: int, logs: Mapping[str, float]) -> None:
                watch(number, logs)
                if not logs:  # a step of something else
                    return
                if not curve:
                    self.curves.append(curve)
                curve.append(Epoch(time.time(), number, dict(logs)))
                self._tell(self._fit(title), curve[-1])

            return told

        return tracked_stage

    def _fit(self, title: str) -> str:
        name, count = title.removesuffix(": epoch"), len(self.curves)
        if name != SINGLE:
            return name
        return "" if count == 1 else f"{SINGLE} {count}"

    def _tell(self, fit: str, epoch: Epoch) -> None:
        for library, tracker in self.trackers.items():
            if library not in self.failed:
                try:
                    tracker.epoch(fit, epoch)
                except Exception as error:  # whatever it is, the training goes on
                    self.failed[library] = error

    @contextmanager
    def following(self, settings: Mapping[str, Any], observer: Observer) -> Iterator[None]:
        """Around the training; where it ends early, its epochs are logged with how it ended."""
        try:
            yield
        except BaseException as error:
            if self.curves:
                stopped = isinstance(error, KeyboardInterrupt)
                run = TrackedRun(
                    self.name,
                    as_parameters(settings),
                    {},
                    self.curves[-1],
                    status=KILLED if stopped else FAILED,
                    failure="" if stopped else first_line(error),
                )
                observer.found(self._log(run, None))
            raise

    def finished(self, trained: Trained, model: Path, observer: Observer) -> tuple[Finding, ...]:
        """Log a training whose model is written; give and say what could not be logged."""
        if not self.trackers:
            return ()
        with observer.step("logging"):
            missing = self._log(tracked(trained, self.curves), model)
        observer.found(missing)
        return missing

    def _log(self, run: TrackedRun, model: Path | None) -> tuple[Finding, ...]:
        return tuple(
            finding
            for library, tracker in self.trackers.items()
            for finding in self._log_to(library, tracker, run, model)
        )

    def _log_to(
        self, library: str, tracker: Tracker, run: TrackedRun, model: Path | None
    ) -> tuple[Finding, ...]:
        done: list[str] = []
        error = self.failed.get(library)
        try:
            for piece in tracker.log(run, self.began, model):
                done.append(piece)
        except Exception as raised:  # whatever it is, the model is there
            error = raised
        if error is None:
            self.logged.append(_LOGIN.sub("", tracker.where))
            return ()
        missing = [piece for piece in tracker.pieces if piece not in done] or ["some epochs"]
        kept = "" if model is None else f"; the model is whole, in {model}"
        why = _LOGIN.sub("", first_line(error))
        says = f"{library} was not told {', '.join(missing)} ({why}){kept}"
        return (Finding("untracked", says),)
