"""The model directory: what ``mlp-edge train`` leaves on disk.

model/
model.keras   the original: raw readings in, prediction out
model.json    the manifest: names, labels, task, threshold, recipe, scores, versions, hashes
history.csv   a row per epoch
original/     instead of model.keras, the file of a network that somebody else trained
sample.csv    held-out raw rows with their targets, the original's predictions and ID columns
calibration.npz  raw training rows, for quantisation, unless training kept none
tuning.csv    a row per trial of a search
model.sig     a signature over every other file
plots/        pictures, PNG and SVG; those of another table in a folder named after it
report.html   what a report says of the model; report.json, the same for programs, and README.md,
              its model card
exports/      NAME.tflite, NAME.onnx, NAME.h, NAME.js, NAME.py; NAME_int8.tflite … in reduced
              precision, and NAME_int8.json, their integers; parity.json, what parity found about
              them, and parity_serial.txt, what a board said
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.files.manifest import Manifest
from mlp_edge.files.swap import mend
from mlp_edge.files.writing import Files, finish, sha256, write_files
from mlp_edge.mlp import Mlp
from mlp_edge.processing import operations, same
from mlp_edge.readers.header_split import models
from mlp_edge.readers.importing.adaptation import Adaptation
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.keras_file import read_network
from mlp_edge.readers.sample_file import Sample, read_sample
from mlp_edge.reading import read_file, read_text

MODEL, ORIGINAL, MANIFEST, HISTORY, SAMPLE, CALIBRATION, TUNING, EXPORTS, PLOTS = (
    "model.keras",
    "original",
    "model.json",
    "history.csv",
    "sample.csv",
    "calibration.npz",
    "tuning.csv",
    "exports",
    "plots",
)
SIGNATURE = "model.sig"
"""Who made the directory: `mlp-edge sign` writes it, and it covers every other file."""
PARITY = "parity.json"
"""In exports/: what `mlp-edge parity` found; no manifest lists it, as it changes none."""
TRANSCRIPT = "parity_serial.txt"
"""Beside it: every line between this machine and a board that was asked."""
WEIGHTS_ONLY = "_weights.h"
"""How a header without functions ends; no manifest lists it, as it has nothing to run."""
KNOWN = (MODEL, ORIGINAL, MANIFEST, HISTORY, SAMPLE, CALIBRATION, TUNING, EXPORTS, PLOTS,
         SIGNATURE)  # fmt: skip
"""All that a model directory holds; anything else in it is somebody's own."""


@dataclass(frozen=True)
class ModelDirectory:
    """An existing model directory with its manifest read."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> ModelDirectory:
        """Read the manifest of a model directory; its model.keras names it as well.

        Raises:
            ModelError: when there is none, or it is damaged or of another format.
            InputError: when files of an interrupted command wait in it and cannot be put in place.
        """
        path = directory_of(path)
        manifest = path / MANIFEST
        mend(path)
        finish(path)
        if not path.exists():
            raise ModelError(
                f"{path}: there is no model; `mlp_edge.train()` makes one, or name another"
            )
        none = f"{path}: not a model directory (it has no {MANIFEST}); `mlp_edge.train()` makes one"
        return cls(path, Manifest.from_json(read_text(manifest, none), manifest))

    @property
    def keras_path(self) -> Path:
        """The original of a network that was trained here."""
        return self.path / MODEL

    @property
    def original_path(self) -> Path:
        """The original, whoever trained it."""
        imported = self.manifest.imported
        return self.keras_path if imported is None else self.path / ORIGINAL / imported["file"]

    @property
    def exports_path(self) -> Path:
        """The folder of the exports; it may not exist yet."""
        return self.path / EXPORTS

    def mlp(self) -> Mlp:
        """The model: numbers from model.keras, names from model.json.

        Raises:
            ModelError: when either is damaged or they do not belong together.
        """
        manifest = self.manifest
        if manifest.imported is not None:
            return self.imported().mlp
        network = read_network(self.keras_path)
        try:
            mlp = Mlp(
                name=manifest.name,
                features=manifest.features,
                targets=manifest.targets,
                labels=manifest.labels,
                task=manifest.task,
                threshold=np.float32(manifest.threshold),
                scaling=network.scaling,
                layers=network.layers,
                clip=manifest.clip,
                heads=network.heads,
            )
        except ModelError as error:
            raise ModelError(
                f"{self.keras_path}: not the network that {MANIFEST} describes ({error}); train "
                "again, or name a copy of the .keras file"
            ) from error
        expected = operations(mlp.encoding, mlp.clip)
        if not same(expected, operations(network.encoding, network.clip)):
            raise ModelError(
                f"{self.keras_path}: not the network that {MANIFEST} describes (it treats raw "
                "readings otherwise); train again, or name a copy of the .keras file"
            )
        if mlp.weights_sha256 != manifest.sha256["weights"]:
            raise ModelError(
                f"{self.keras_path}: not the network that {MANIFEST} describes (its weights have "
                "another hash); train again, or name a copy of the .keras file"
            )
        return mlp

    def imported(self) -> Imported:
        """The network that somebody else trained, with what its owner says of it.

        Raises:
            ModelError: when it is damaged, or not the one that model.json describes.
        """
        manifest, path = self.manifest, self.original_path
        assert manifest.imported is not None  # noqa: S101 (callers have looked)
        for name, wanted in manifest.imported["files"].items():
            file = self.path / ORIGINAL / name
            if sha256(read_file(file)) != wanted:
                raise ModelError(
                    f"{file}: not the file that {MANIFEST} describes (it has another hash); import "
                    "the network again"
                )
        try:
            found = read_foreign(path).adapted(
                Adaptation.from_dict(manifest.imported["adaptation"]),
                name=manifest.name,
                features=manifest.features,
                targets=manifest.targets,
                labels=manifest.labels,
                task=manifest.task,
                threshold=np.float32(manifest.threshold),
            )
        except (TypeError, KeyError, ValueError, ModelError) as error:
            reason = first_line(error)
            raise ModelError(
                f"{path}: not the network that {MANIFEST} describes ({reason}); import it again"
            ) from error
        if found.mlp.weights_sha256 != manifest.sha256["weights"]:
            raise ModelError(
                f"{path}: not the network that {MANIFEST} describes (its weights have another "
                "hash); import it again"
            )
        return found

    def sample(self) -> Sample:
        """Read sample.csv.

        Raises:
            ModelError: naming the line that cannot be read.
        """
        manifest = self.manifest
        return read_sample(
            self.path / SAMPLE, manifest.features, len(manifest.targets), len(manifest.prior)
        )

    @property
    def exported_models(self) -> list[Path]:
        """The exported files that a runtime may open, without those that only stand beside one."""
        return models(self.exports_path / name for name in self.manifest.exports)

    def unchanged(self) -> bool:
        """Whether model and exports are still those that were opened."""
        return _described(self.path) == self.manifest.to_json()

    def reopened(self) -> ModelDirectory:
        """The directory as it is now, with the exports that were added since it was opened.

        Raises:
            InputError: when it holds another model by now.
        """
        now = ModelDirectory.open(self.path)
        before, after = (replace(each.manifest, exports={}).to_json() for each in (self, now))
        if before != after:
            raise InputError(
                f"{self.path}: another model was put there meanwhile, and nothing of the one "
                "before was written into it; run the command again"
            )
        return now

    def check_same(self) -> None:
        """Refuse to go on with a model that was replaced by another since it was opened.

        Raises:
            InputError: when it was; its exports may have changed.
        """
        self.reopened()

    def write(self, files: Files, of_exports: bool = False) -> None:
        """Put files into the directory, all of them or none, if it still holds this model.

        Args:
            files: name, or folder/name, -> content.
            of_exports: whether they are about the exports, which have to be the same as well.

        Raises:
            InputError: when it holds another, another process is at it, or the disk refuses.
        """

        def made() -> Files:
            self.check_same()
            if of_exports and not self.unchanged():
                raise InputError(f"{self.path}: exports were written meanwhile; run it again")
            return files

        write_files(self.path, made)

    def add_exports(self, files: Mapping[str, bytes]) -> ModelDirectory:
        """Write files into exports/ and their hashes into the manifest, beside what is there.

        Raises:
            InputError: when the directory holds another model by now, another process is at it,
                or the disk refuses; nothing is written then.
        """

        def made() -> Files:
            self.check_same()
            now = ModelDirectory.open(self.path).manifest
            hashes = {name: sha256(content) for name, content in files.items()}
            headers = [name for name in files if name.endswith(".h")]
            # A header with everything in it replaces one that had its tables in NAME.c.
            gone = {f"{name.removesuffix('.h')}.c" for name in headers} & {*now.exports} - {*files}
            kept = {name: known for name, known in now.exports.items() if name not in gone}
            manifest = replace(now, exports=dict(sorted({**kept, **hashes}.items())))
            return {
                **{f"{EXPORTS}/{name}": content for name, content in files.items()},
                **{f"{EXPORTS}/{name}": None for name in gone},
                f"{EXPORTS}/{PARITY}": None,  # they were about the files before
                f"{EXPORTS}/{TRANSCRIPT}": None,
                MANIFEST: manifest.to_json().encode(),
            }

        write_files(self.path, made)
        return ModelDirectory.open(self.path)


def directory_of(path: Path) -> Path:
    """The model directory whose model.keras is named; any other path as it is."""
    return path.parent if path.name == MODEL and (path.parent / MANIFEST).exists() else path


T = TypeVar("T")
ATTEMPTS = 20
"""So often a reader begins again while others write; each waits for the writer to end."""


def undisturbed(
    place: Path, read: Callable[[], T], drop: Callable[[T], None] = lambda _: None
) -> T:
    """What is read of a model directory while nobody changed it: never half of two models.

    Args:
        place: the directory.
        read: reads whatever is needed; is asked again when the directory changed meanwhile.
        drop: closes what was read before that.

    Raises:
        InputError: as ``read``, of a directory that did not change.
    """
    for _ in range(ATTEMPTS):
        before = _described(place)
        try:
            value = read()
        except InputError:
            if _described(place) == before:
                raise
        else:
            if _described(place) == before:
                return value
            drop(value)
    raise ModelError(f"{place}: is written to all the time; try again when that has ended")


def open_model(path: Path) -> tuple[ModelDirectory, Mlp]:
    """A model directory and its network, which belong together.

    Raises:
        ModelError: as ``ModelDirectory.open`` and ``ModelDirectory.mlp``.
    """

    def read() -> tuple[ModelDirectory, Mlp]:
        directory = ModelDirectory.open(path)
        return directory, directory.mlp()

    return undisturbed(path, read)


def _described(place: Path) -> str:
    """A model directory's manifest, which changes with every file that it lists."""
    try:
        return ModelDirectory.open(place).manifest.to_json()
    except InputError as error:
        return str(error)
