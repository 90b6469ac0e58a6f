"""Whether a file is what was written, and predicts as it should: checked before it is relied on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlp_edge.card import DTYPES
from mlp_edge.errors import ModelError, VerifyError
from mlp_edge.files.writing import sha256
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.proof.accuracy import EIGEN
from mlp_edge.proof.checksum import checksum_error, wrong_checksum
from mlp_edge.proof.golden import Golden, disagreement, golden
from mlp_edge.proof.original import PredictAny, Steps
from mlp_edge.readers.header_split import altered, files_of
from mlp_edge.readers.model_directory import EXPORTS, MANIFEST, MODEL, ModelDirectory
from mlp_edge.reading import read_file
from mlp_edge.reference import distance
from mlp_edge.reference import predict as exact
from mlp_edge.runtime.keras import open_keras
from mlp_edge.settings import call, setting

SHOWN = 6
"""Readings of a row that a message shows."""


class Program(NamedTuple):
    """A kind of artifact that is a program, which runs with the rights of whoever opens it.

    Attributes:
        what: it is called.
        runs: what is done with it.
        done: the same, as something that was done.
    """

    what: str
    runs: str
    done: str


PROGRAMS = {
    ".h": Program("a header", "compiles", "compiled"),
    ".js": Program("a script", "runs", "ran"),
    ".py": Program("a script", "runs", "ran"),
}
"""By suffix. They run where a model directory has their hash, or by consent."""


def check_origin(artifact: Path) -> None:
    """Refuse to run a program that no model directory of ours vouches for.

    Raises:
        ModelError: saying how to run it all the same.
    """
    program = PROGRAMS.get(artifact.suffix)
    if program is None:
        return
    directory = _directory_around(artifact)
    if directory and is_listed(artifact, directory.manifest.exports):
        return
    raise ModelError(
        f"{artifact}: {program.what} is a program, and no model directory has the hash of this "
        f"one; {setting('trust', True)} {program.runs} it all the same, if you know who wrote it"
    )


def is_listed(artifact: Path, listed: Mapping[str, str]) -> bool:
    """Whether a program, and every file that a header names, is one that a model directory lists.

    Args:
        artifact: the file.
        listed: name -> SHA-256.

    Raises:
        ModelError: when one cannot be read.
    """
    return all(listed.get(file.name) == sha256(read_file(file)) for file in files_of(artifact))


def damage_of(artifact: Path, content: bytes) -> str | None:
    """What is wrong with a file or those that it names, to follow its name; None if nothing is."""
    damage = checksum_error(content)
    return altered(artifact) if damage is None and artifact.suffix == ".h" else damage


def read_undamaged(artifact: Path) -> bytes:
    """Read an artifact that a library is about to open, and check its checksum if it has one.

    Raises:
        ModelError: when it cannot be read, or its checksum is wrong.
    """
    content = read_file(artifact)
    damage = wrong_checksum(content)
    if damage:
        raise ModelError(f"{artifact}: {damage}; {again(artifact)}")
    return content


def check_bytes(artifact: Path) -> None:
    """Refuse a file whose bytes are not those that were written, before any of them runs.

    Raises:
        VerifyError: when its checksum is wrong, or its model directory lists another file.
    """
    directory = _directory_around(artifact)
    if artifact.suffix == ".keras":
        if directory is None:
            raise VerifyError(
                f"{artifact}: a .keras file carries nothing to check it by; its model directory "
                "has that, and so has every export"
            )
        return
    content = read_file(artifact)
    damage = damage_of(artifact, content)
    if damage:
        raise VerifyError(f"{artifact}: {damage}; {again(artifact)}")
    if directory is None:
        return
    recorded = directory.manifest.exports.get(artifact.name)
    if recorded != sha256(content):
        listed = "no file" if recorded is None else "another file"
        raise VerifyError(
            f"{artifact}: whole, but {directory.path / MANIFEST} lists {listed} of this name; "
            f"{again(artifact)}"
        )


def check_predictions(
    artifact: Path, runtime: str, carried: Golden | None, inputs: int, predict: Predict
) -> None:
    """Refuse a model that does not predict its golden rows as it should.

    Args:
        artifact: the file; a .keras file has its rows from its model directory.
        runtime: the name of what runs it.
        carried: the rows that the file carries.
        inputs: how many readings a row has.
        predict: what runs it.

    Raises:
        VerifyError: when there are none, or one is predicted otherwise.
    """
    directory = _directory_around(artifact)
    if artifact.suffix == ".keras" and directory:
        carried = golden(directory.mlp())
    if carried is None or len(carried.rows) == 0:
        if named_dtype(artifact.name) == "dynamic":
            raise VerifyError(
                f"{artifact}: nothing is proved of dynamic files, so it carries no golden rows to "
                "check it by; its checksum is whole; another dtype would do"
            )
        raise VerifyError(
            f"{artifact}: carries no golden rows to check it by; `Model.export()` writes it "
            "with them"
        )
    if carried.rows.shape[1] != inputs:
        raise VerifyError(f"{artifact}: its golden rows have other readings than its card")
    wrong = disagreement(carried, predict)
    if wrong:
        raise VerifyError(
            f"{artifact}: edited, or not computed as it should be by {runtime}: {wrong}; "
            f"{again(artifact)}"
        )


def check_keras(path: Path, mlp: Mlp, steps: Steps) -> None:
    """Refuse a stranger's .keras file that Keras itself predicts otherwise than its numbers say.

    Args:
        path: the file; Keras runs it, without code of the file's own.
        mlp: what was read of it.
        steps: the network as Keras carries it out.

    Raises:
        OpeningError: when Keras does not open it.
        ModelError: when a prediction is off by more than rounding.
    """
    with open_keras(path) as opened:
        check_reading(path, opened.predict, mlp, steps)


def check_reading(path: Path, predict: PredictAny, mlp: Mlp, steps: Steps) -> None:
    """Refuse a Keras model that itself predicts otherwise than what was read of it.

    Args:
        path: of its file, or what it is called.
        predict: by Keras.
        mlp: what was read.
        steps: as for ``check_keras``.

    Raises:
        ModelError: when a prediction is off by more than rounding.
    """
    rows = _spread(mlp)
    predictions = np.asarray(predict(rows))
    right = exact(mlp, rows)
    allowed = steps.allowed(mlp, rows, EIGEN)
    off = distance(predictions.astype(np.float64), right)
    wrong = np.argwhere(~(off <= allowed))
    if len(wrong):
        row, output = wrong[0]
        raise ModelError(
            f"{path}: Keras itself predicts {predictions[row, output]:.9g} for "
            f"{[float(f'{x:.6g}') for x in rows[row][:SHOWN]]}, and what mlp-edge reads of "
            f"it gives {right[row, output]:.9g} ± {allowed[row, output]:.2g}; it is not exported"
        )


def _spread(mlp: Mlp) -> Rows:
    """Rows about the scaling's mean, from a tenth of its deviation to a hundred times that."""
    random = np.random.default_rng(0)
    mean, deviation = np.zeros(mlp.inputs), np.ones(mlp.inputs)
    if mlp.scaling is not None:
        numbers = mlp.encoding.numbers
        mean[numbers] = mlp.scaling.mean[: len(numbers)]
        deviation[numbers] = mlp.scaling.std[: len(numbers)]
    far = np.repeat([0.1, 1.0, 10.0, 100.0], 4)[:, None]
    rows = mean + far * deviation * random.normal(size=(len(far), mlp.inputs))
    for index, feature in enumerate(mlp.features):
        if feature.codes:
            rows[:, index] = random.choice(feature.codes, len(rows))
    return rows.astype(np.float32)


def named_dtype(name: str) -> str | None:
    """The dtype below float32 that a file is named after; None where there is none."""
    stem = Path(name).stem
    return next((d for d in DTYPES if d != "float32" and stem.endswith(f"_{d}")), None)


def again(artifact: Path) -> str:
    """What to do about an artifact that is not as it should be, to end a sentence."""
    dtype = named_dtype(artifact.name)
    named = call("Model.export") if dtype is None else call("Model.export", dtype=dtype)
    return f"{named} writes it again"


def folder_around(artifact: Path) -> Path | None:
    """The model directory that an original or an export stands in; None for a file on its own."""
    folder = artifact.absolute().parent
    if artifact.name != MODEL:
        if folder.name != EXPORTS:
            return None
        folder = folder.parent
    return folder if (folder / MANIFEST).exists() else None


def _directory_around(artifact: Path) -> ModelDirectory | None:
    folder = folder_around(artifact)
    return None if folder is None else ModelDirectory.open(folder)
