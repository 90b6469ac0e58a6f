"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge import lazy
from mlp_edge.card import Card
from mlp_edge.errors import InputError, MissingError, ModelError, first_line
from mlp_edge.metadata import ONNX_GOLDEN
from mlp_edge.mlp import Rows
from mlp_edge.proof.accuracy import MLAS
from mlp_edge.proof.golden import Golden
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import read_undamaged
from mlp_edge.settings import setting

SMALL = 1 << 18
"""Bytes of a file with some 64,000 weights; for fewer, starting threads takes longer than sums."""
CPU = "CPUExecutionProvider"


@dataclass(frozen=True)
class SessionSettings:
    """Where ONNX Runtime runs a model.

    Attributes:
        threads: of one call; None for one where the file is smaller than ``SMALL``, and for as
            many as ONNX Runtime chooses where it is larger.
        providers: ONNX Runtime's execution providers, the first preferred.
    """

    threads: int | None = None
    providers: tuple[str, ...] = (CPU,)

    def threads_for(self, size: int) -> int:
        """How many threads a file of ``size`` bytes gets; 0 is ONNX Runtime's own choice."""
        if self.threads is not None:
            return self.threads
        return 1 if size < SMALL else 0

    def check(self, path: Path) -> None:
        """Refuse what this machine's ONNX Runtime does not have.

        Raises:
            InputError: for no thread, or no provider.
            MissingError: for a provider that it was built without.
        """
        if self.threads is not None and self.threads < 1:
            raise InputError(f"{setting('threads', self.threads)}: at least one")
        if not self.providers:
            raise InputError(f"{setting('providers', ())}: at least one, such as {CPU}")
        present = lazy.onnxruntime().get_available_providers()
        for name in self.providers:
            if name not in present:
                raise MissingError(
                    f"{path}: onnxruntime has no {name} here, but {', '.join(present)}; another "
                    "build of it, such as onnxruntime-gpu for CUDA, would do"
                )


DEFAULT = SessionSettings()


@contextmanager
def open_onnx(path: Path, how: SessionSettings = DEFAULT) -> Iterator[Opened]:
    """Open a .onnx file; see ``Runtime.open``.

    Raises:
        MissingError: for a provider that cannot be had here.
    """
    content = read_checked(path)
    how.check(path)
    try:
        session = session_of(content, how=how)
        metadata = session.get_modelmeta().custom_metadata_map
        [feed], [output] = session.get_inputs(), session.get_outputs()
    except Exception as error:  # onnxruntime raises a class of its own for each kind of damage
        raise _refused(path, error) from error
    card = Card.from_strings(metadata, path) if metadata else None
    golden = Golden.from_json(metadata[ONNX_GOLDEN], path) if ONNX_GOLDEN in metadata else None
    if session.get_providers()[0] != how.providers[0]:
        raise MissingError(
            f"{path}: onnxruntime has fallen back from {how.providers[0]} to "
            f"{session.get_providers()[0]}; what the provider needs, such as CUDA, would do"
        )
    if isinstance(feed.shape[0], int):
        raise ModelError(
            f"{path}: not run by mlp-edge (its first dimension is fixed at {feed.shape[0]}; a "
            "model that takes any number of rows would do)"
        )

    def predict(rows: Rows) -> Rows:
        predictions: Rows = session.run([output.name], {feed.name: rows})[0]
        return predictions

    width = feed.shape[1]
    try:
        predict(np.zeros((1, width if isinstance(width, int) else 1), np.float32))
    except Exception as error:
        raise _refused(path, error) from error
    with threadsafe(path, predict) as shared:
        yield Opened(shared, card, golden)


def session_of(content: bytes, as_written: bool = False, how: SessionSettings = DEFAULT) -> Any:
    """A session of a model that ``check_onnx`` has passed.

    Args:
        content: of the file.
        as_written: whether every node is carried out as the file has it, none merged.
        how: where it runs.
    """
    onnxruntime = lazy.onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.inter_op_num_threads = 1  # one node follows the other
    options.intra_op_num_threads = how.threads_for(len(content))
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        content,
        options,
        providers=list(how.providers),
        enable_fallback=False,  # it prints what went wrong on stdout, then tries the same
    )


def read_checked(path: Path) -> bytes:
    """The bytes of a file that ONNX Runtime may open.

    Raises:
        ModelError: when its checksum is wrong, or it is no network of a table.
    """
    content = read_undamaged(path)
    try:
        check_onnx(content)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise ModelError(f"{path}: not run by mlp-edge ({first_line(error)})") from error
    return content


def _refused(path: Path, error: Exception) -> ModelError:
    return ModelError(f"{path}: not an ONNX model, or a damaged one ({first_line(error)})")


RUNTIME = Runtime(
    name="onnxruntime", reads=".onnx", missing=lambda: None, open=open_onnx, accuracy=MLAS
)
