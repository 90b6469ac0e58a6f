"""A script of ours that predicts in an interpreter, which runs beside this one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from mlp_edge.errors import MissingError, ModelError
from mlp_edge.mlp import Rows
from mlp_edge.readers.script_file import script_card, script_golden, script_outputs, script_text
from mlp_edge.runtime.c import checked_rows
from mlp_edge.runtime.runtime import Opened
from mlp_edge.runtime.threads import threadsafe

LONGEST_FAREWELL = 5
"""Seconds that an interpreter has to end once nothing more comes."""
_OPTIONS = ("NODE_OPTIONS", "MICROPYPATH")
"""Of the environment, which would change what runs."""
_LONGEST = 2000
"""Bytes of what an interpreter said that are looked at."""


@contextmanager
def open_script(path: Path, command: Sequence[str], harness: str, name: str) -> Iterator[Opened]:
    """Run a script until the block ends, and predict with it.

    What is written in it runs with the rights of this process. Whether to trust the file is for
    the caller to decide.

    Args:
        path: a script that ``mlp-edge export`` wrote.
        command: the interpreter, with its options.
        harness: the program of ``script_modules/harness/`` that imports the script, and predicts
            rows of float32 numbers.
        name: that the script has in the folder where it runs.

    Yields:
        Its prediction function, its card and its golden rows.

    Raises:
        ModelError: naming the file, when it cannot be read, mlp-edge did not write it, or the
            interpreter refuses it.
        MissingError: when the interpreter does not start.
    """
    text = script_text(path)
    card = script_card(path, text)
    golden = script_golden(path, text, card)
    with (
        tempfile.TemporaryDirectory(prefix="mlp-edge-") as place,
        as_file(files("mlp_edge.script_modules").joinpath("harness", harness)) as program,
    ):
        # What has been checked is what runs, under a name that the interpreter takes as a module.
        folder = Path(place)
        (folder / name).write_text(text, encoding="utf-8")
        widths = len(card.features), script_outputs(text)
        process = _Process(path, [*command, str(program), name], folder, *widths)
        with closing(process), threadsafe(path, process.predict, one_at_a_time=True) as shared:
            shared(np.zeros((1, widths[0]), np.float32))
            yield Opened(shared, card, golden)


class _Process:
    """An interpreter; it takes rows and gives predictions until it is closed."""

    def __init__(
        self, path: Path, command: Sequence[str], folder: Path, inputs: int, outputs: int
    ) -> None:
        self._path, self._program = path, command[0]
        self._inputs, self._outputs = inputs, outputs
        self._said = folder / "said"
        environment = {key: value for key, value in os.environ.items() if key not in _OPTIONS}
        with self._said.open("wb") as said:
            try:
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    env=environment,
                )
            except OSError as error:
                raise MissingError(f"{command[0]} does not start ({error.strerror})") from error

    def predict(self, rows: Rows) -> Rows:
        """Predictions (n, outputs) float32 for raw rows (n, inputs).

        Raises:
            ModelError: when the interpreter has ended.
        """
        given, found = self._process.stdin, self._process.stdout
        checked = checked_rows(rows, self._inputs).astype("<f4")
        size, answer = 4 * len(checked) * self._outputs, b""
        if given is not None and found is not None:
            try:
                given.write(np.array([len(checked)], "<u4").tobytes() + checked.tobytes())
                given.flush()
                answer = found.read(size)
            except (BrokenPipeError, ValueError):  # it has ended, or was closed for that
                answer = b""
        if len(answer) < size:
            raise ModelError(f"{self._path}: does not run ({self._complaint()})")
        predictions = np.frombuffer(answer, "<f4").reshape(len(checked), self._outputs)
        return predictions.astype(np.float32)

    def _complaint(self) -> str:
        """The line that names the error in what the interpreter said before it ended."""
        self.close()
        said = self._said.read_bytes()[:_LONGEST].decode("utf-8", "replace")
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        errors = [line for line in lines if "Error" in line]
        ended = f"{self._program} ended with code {self._process.returncode}"
        return f"{ended}: {errors[0][:200]}" if errors else ended

    def close(self) -> None:
        """Have the interpreter end, or end it."""
        for end in (self._process.stdin, self._process.stdout):
            try:
                if end is not None:
                    end.close()
            except BrokenPipeError:  # it has ended with rows unread
                continue
        try:
            self._process.wait(LONGEST_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
