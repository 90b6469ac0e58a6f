"""`Scorer`: what predicts, in whichever process it is."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.card import Card, predicted_classes
from mlp_edge.errors import ModelError
from mlp_edge.files.writing import sha256
from mlp_edge.mlp import Floats, Rows
from mlp_edge.runtime import RUNTIMES
from mlp_edge.runtime.load import load
from mlp_edge.runtime.predictor import Predictor

CALL = 2048
"""Rows of every call of a runtime; the last ones are filled up with zeros."""
_SENT: dict[tuple[Any, ...], Predictor] = {}
_SENDING = Lock()
_SLOW = frozenset(runtime.name for runtime in RUNTIMES if runtime.by_row)


class Scorer:
    """An artifact that predicts, opened once in each process that needs it.

    A row's prediction has the same bits whichever rows stand beside it: a runtime is called with
    ``CALL`` rows at a time, always. Pickled it is a path and a hash; a process to which it is sent
    opens the file there, and refuses another one.

    Args:
        path: a model directory, or a .keras, .onnx, .tflite, .h, .js or .py file.
        runtime: the name of what runs it; None for the first that can.
        trust: run a header or script that no model directory vouches for.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        runtime: str | None = None,
        trust: bool = False,
    ) -> None:
        self._path, self._runtime, self._trust = Path(path).absolute(), runtime, trust
        self._opened: Predictor | None = None
        self._opening = Lock()
        self._sha256 = ""
        self._sha256 = _digest(self.opened.path)

    @classmethod
    def of(cls, opened: Predictor) -> Scorer:
        """One around a predictor that is open already."""
        made = cls.__new__(cls)
        made._path, made._runtime, made._trust = opened.path.absolute(), opened.runtime, True
        made._opened, made._opening = opened, Lock()
        made._sha256 = _digest(opened.path)
        return made

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_path", "_runtime", "_trust", "_sha256")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _opened=None, _opening=Lock())

    @property
    def opened(self) -> Predictor:
        """What predicts, opened in this process.

        Raises:
            ModelError: when it is missing, damaged, or not the file that was sent.
        """
        with self._opening:
            if self._opened is None:
                opened = self._shared()
                if self._sha256 not in ("", _digest(opened.path)):
                    raise ModelError(
                        f"{opened.path}: another file than where the work was given out; every "
                        "machine takes the same model"
                    )
                self._opened = opened
            return self._opened

    def _shared(self) -> Predictor:
        """The artifact, opened once for all scorers that were sent to this process."""
        if not self._sha256:
            return load(self._path, self._runtime, self._trust)
        key = self._path, self._runtime, self._trust, self._sha256
        with _SENDING:
            if key not in _SENT:
                _SENT[key] = load(self._path, self._runtime, self._trust)
            return _SENT[key]

    @property
    def card(self) -> Card:
        """Names, labels, task and threshold."""
        return self.opened.card

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of predictions are called."""
        return self.card.columns

    def predict(self, readings: Rows) -> Floats:
        """Predict raw readings (n, inputs) float32: (n, outputs) float32."""
        opened = self.opened
        if not len(readings):
            return np.empty((0, len(self.columns)), np.float32)
        if opened.runtime in _SLOW:
            return opened.predict(readings)
        found = [
            opened.predict(_filled(readings[start : start + CALL]))[: len(readings) - start]
            for start in range(0, len(readings), CALL)
        ]
        return np.concatenate(found) if len(found) != 1 else found[0]

    def label_places(self, values: Floats) -> NDArray[np.int64]:
        """The place of each row's label in ``card.labels``; one behind them where it has none."""
        if self.card.task == "regression":
            return np.zeros(len(values), np.int64)
        places = predicted_classes(self.card.task, self.card.threshold, values)
        places[~np.isfinite(values).all(axis=1)] = len(self.card.labels)
        return places


def _filled(rows: Rows) -> Rows:
    """Rows filled up to ``CALL`` of them."""
    if len(rows) == CALL:
        return np.ascontiguousarray(rows)
    full = np.zeros((CALL, rows.shape[1]), np.float32)
    full[: len(rows)] = rows
    return full


def _digest(path: Path) -> str:
    """The hash of a file, or of every file in a folder, as a SavedModel is one."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    return sha256("".join(sha256(file.read_bytes()) for file in files).encode())
