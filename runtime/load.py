"""``mlp_edge.load``: open any artifact and predict, labels included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mlp_edge.card import DTYPES, Card
from mlp_edge.errors import InputError, MissingError, ModelError
from mlp_edge.files.swap import mend
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.original import Original
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.keras_file import read_mlp
from mlp_edge.readers.model_directory import MANIFEST, MODEL, ModelDirectory, undisturbed
from mlp_edge.reading import read_file
from mlp_edge.runtime import RUNTIMES
from mlp_edge.runtime.foreign import OURS, foreign_runtime, is_foreign
from mlp_edge.runtime.foreign_tflite import runtime_of
from mlp_edge.runtime.onnxruntime import CPU, DEFAULT, SessionSettings, open_onnx
from mlp_edge.runtime.onnxruntime import RUNTIME as ONNXRUNTIME
from mlp_edge.runtime.predictor import Predictor
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.threads import threadsafe
from mlp_edge.runtime.verify import (
    check_bytes,
    check_origin,
    folder_around,
    named_dtype,
)
from mlp_edge.settings import call, setting
from mlp_edge.signing.signature import signed_by as signed_by_key

PREFERRED = ("onnxruntime", "keras")
"""What runs a model directory when nobody says: the first whose file is there."""


def load(
    path: str | Path,
    runtime: str | None = None,
    trust: bool = False,
    verify: bool = False,
    *,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    signed_by: str | Path | None = None,
) -> Predictor:
    """Open a model directory or a .keras, .onnx, .tflite, .h, .js or .py file.

    Args:
        path: what to open.
        runtime: the name of what runs it; None is the one that reads the file, and for a
            directory onnxruntime when it was exported to ONNX in float32, otherwise keras.
        trust: run a header or a script of unknown origin. It is a program: without trust it runs
            only from a model directory whose manifest has its hash.
        verify: before the first prediction, check that the file is the one its model directory
            lists, where it is in one; that its checksum is right; and that its golden rows have
            the right predictions here. A .keras file is checked by its model directory.
        threads: of onnxruntime, for one call; None for one where the network is small, as is
            best for it, and otherwise for as many as onnxruntime chooses.
        providers: of onnxruntime, the first preferred, such as ["CUDAExecutionProvider",
            "CPUExecutionProvider"]; None for the CPU. It is an error when the first does not run.
        signed_by: a public key in PEM, with whose private half the model directory has to be
            signed: every file of it, as it stands there now.

    Returns:
        The open file, which predicts until it is closed.

    Raises:
        ModelError: when the file is missing, damaged, foreign or stale, or ``verify`` or
            ``signed_by`` finds something.
        MissingError: when this machine lacks what runs it.
        InputError: for a runtime that does not exist or does not read the file, threads or
            providers of another runtime than onnxruntime, or a key that cannot be one.
    """
    path = Path(path)
    how = None
    if threads is not None or providers is not None:
        how = SessionSettings(threads, (CPU,) if providers is None else tuple(providers))
    mend(path)
    place = path if path.is_dir() else folder_around(path)

    key = _key(path, place, signed_by)

    def read() -> Predictor:
        with signed_by_key(place or path, key):
            opened = _load(path, runtime, trust, verify, how)
            return opened if key is None else _unchanged(opened)

    # What is replaced while it is opened is opened again.
    return read() if place is None else undisturbed(place, read, Predictor.close)


def _key(path: Path, place: Path | None, signed_by: str | Path | None) -> Path | None:
    """The key that a model has to be signed with; None for none.

    Raises:
        InputError: for a file in no model directory, or none.
    """
    if signed_by is None:
        return None
    if place is None and not path.exists():
        raise ModelError(f"{path}: there is no such model")
    if place is None:
        raise InputError(
            f"{path}: a file on its own, and signatures are of model directories; name the "
            "directory that it came in"
        )
    return Path(signed_by)


def _unchanged(opened: Predictor) -> Predictor:
    """The same, if its file still is the one that was signed: Keras reads it by its name."""
    try:
        if opened.path.is_file():
            read_file(opened.path)
    except BaseException:
        opened.close()
        raise
    return opened


def _load(
    path: Path, runtime: str | None, trust: bool, verify: bool, how: SessionSettings | None
) -> Predictor:
    if (held := _foreign(path, runtime)) is not None:
        (chosen, card), artifact = held, path
    elif path.is_dir():
        directory = ModelDirectory.open(path)
        artifact, chosen = _of_directory(directory, runtime)
        card = directory_card(directory)
    else:
        if not path.exists():
            hint = "" if path.suffix else "; `mlp_edge.train()` makes one, or name another"
            raise ModelError(f"{path}: there is no such model{hint}")
        chosen, artifact, card = _runtime_for(path, runtime), path, None
    if how is not None:
        if chosen is not ONNXRUNTIME:
            raise InputError(
                f"{artifact}: {chosen.name} runs it, which has neither threads nor providers to "
                "choose; onnxruntime has"
            )
        chosen = replace(chosen, open=partial(open_onnx, how=how))
    if verify:
        check_bytes(artifact)
    if held is None and not trust:
        check_origin(artifact)
    missing = chosen.missing()
    if missing:
        raise MissingError(f"the runtime {chosen.name} cannot run here: {missing}")
    nameless = held is not None
    if chosen.reads == ".keras" and card is None:
        nameless = not _is_in_directory(artifact)
        card = _keras_card(artifact)
    model = Predictor(artifact, chosen, card)
    model.nameless = nameless
    if chosen.name == ONNXRUNTIME.name:
        model.providers = (how or DEFAULT).providers
    if card is not None and model.card.weights_sha256 != card.weights_sha256:
        model.close()
        raise ModelError(
            f"{artifact}: exported from other weights than {path / MODEL} has; "
            "run `Model.export()` again"
        )
    if verify:
        model.check_predictions()
    return model


def _foreign(path: Path, name: str | None) -> tuple[Runtime, Card | None] | None:
    """What runs a stranger's network, and its card with what was made up; None for ours.

    Raises:
        InputError: for another runtime than that.
    """
    if not is_foreign(path):
        return None
    theirs = runtime_of(path) if path.is_file() else None
    if theirs is not None and name in (None, theirs.name):
        return theirs, None
    found = _read_foreign(path)
    chosen = foreign_runtime(path, found)
    if name not in (None, chosen.name):
        raise InputError(f"{path}: {chosen.name} runs this file, not {name}")
    return chosen, Card.of(found.mlp)


def _read_foreign(path: Path) -> Imported:
    try:
        return read_foreign(path)
    except ModelError as error:
        if path.suffix not in OURS:
            raise
        reason = str(error).removeprefix(f"{path}: ")
        raise ModelError(
            f"{path}: carries no mlp-edge metadata, and cannot be read as somebody else's network "
            f"({reason})"
        ) from error


def _of_directory(directory: ModelDirectory, name: str | None) -> tuple[Path, Runtime]:
    """The file of a model directory that predicts, and what runs it."""
    if directory.manifest.imported is not None:
        original = foreign_runtime(directory.original_path, directory.imported())
        chosen = None if name is None else named_runtime(name)
        exported = _exported(directory, ".onnx" if chosen is None else chosen.reads)
        if not exported and name in (None, original.name):
            return directory.original_path, original
        if chosen is not None and chosen.reads == ".keras":
            raise InputError(
                f"{directory.path}: was imported from {directory.original_path.name}, which "
                f"{original.name} runs, not keras"
            )
    chosen = _runtime_of(directory, name)
    return artifact_path(directory, chosen), chosen


def _exported(directory: ModelDirectory, suffix: str) -> bool:
    """Whether there is an export in float32."""
    names = directory.manifest.exports
    return any(name.endswith(suffix) and not _is_reduced(name) for name in names)


def in_memory(path: Path, original: Original, mlp: Mlp) -> Predictor:
    """A model that a Python program holds, as it predicts itself.

    Args:
        path: what messages call it.
        original: what predicts.
        mlp: its network, which has the names.

    Returns:
        It predicts until it is closed.
    """

    def predict(rows: Rows) -> Rows:
        return np.asarray(original.predict(rows), np.float32)

    @contextmanager
    def opened(path: Path) -> Iterator[Opened]:
        with threadsafe(path, predict, one_at_a_time=True) as shared:
            yield Opened(shared, Card.of(mlp))

    return Predictor(path, Runtime(original.runtime, "", lambda: None, opened), None)


def named_runtime(name: str) -> Runtime:
    """The runtime of that name.

    Raises:
        InputError: listing the names there are.
    """
    for runtime in RUNTIMES:
        if runtime.name == name:
            return runtime
    names = ", ".join(runtime.name for runtime in RUNTIMES)
    raise InputError(f"there is no runtime {name!r}; there are {names}")


def directory_card(directory: ModelDirectory) -> Card:
    """The card of a model directory, from its manifest alone."""
    manifest = directory.manifest
    return Card(
        name=manifest.name,
        features=manifest.features,
        targets=manifest.targets,
        labels=tuple(manifest.labels),
        task=manifest.task,
        threshold=manifest.threshold,
        weights_sha256=manifest.sha256["weights"],
        version=manifest.versions.get("mlp-edge", ""),
    )


def artifact_path(directory: ModelDirectory, runtime: Runtime) -> Path:
    """The file of a model directory that a runtime reads: float32 where there is one.

    Raises:
        ModelError: when it was not exported yet.
    """
    if runtime.reads == ".keras":
        return directory.keras_path
    path = directory.exports_path / f"{directory.manifest.name}{runtime.reads}"
    if not path.exists():
        # Exported under another name only, or in reduced precision only.
        other = [path for path in directory.exported_models if path.suffix == runtime.reads]
        for file in sorted(other, key=lambda path: _is_reduced(path.name)):
            if file.exists():
                return file
        raise not_exported(path)
    return path


def not_exported(path: Path, dtype: str | None = None) -> ModelError:
    """What is raised where an export is missing.

    Args:
        path: of the export.
        dtype: that it would have; None where any would do.
    """
    named = call("Model.export") if dtype is None else call("Model.export", dtype=dtype)
    return ModelError(f"{path}: not exported yet; {named} writes it")


def reduced_precision_path(directory: ModelDirectory, dtype: str, runtime: str | None) -> Path:
    """The export of a model directory in a dtype other than float32.

    Args:
        directory: the model.
        dtype: such as int8.
        runtime: what is to run it; None for the first that there is a file for.

    Raises:
        InputError: for a dtype or a runtime that does not exist.
        ModelError: when it was not exported yet.
    """
    if dtype not in DTYPES:
        raise InputError(f"{setting('dtype', dtype)} is not one of {', '.join(DTYPES)}")
    names = ("onnxruntime", "litert", "c", "js", "micropython") if runtime is None else (runtime,)
    for name in names:
        stem = f"{directory.manifest.name}_{dtype}"
        path = directory.exports_path / f"{stem}{named_runtime(name).reads}"
        if path.exists():
            return path
    raise not_exported(path, dtype)


def _is_reduced(name: str) -> bool:
    return named_dtype(name) is not None


def _runtime_of(directory: ModelDirectory, name: str | None) -> Runtime:
    if name is not None:
        return named_runtime(name)
    candidates: Sequence[Runtime] = [named_runtime(preferred) for preferred in PREFERRED]
    float32 = [name for name in directory.manifest.exports if not _is_reduced(name)]
    for runtime in candidates:
        if any(name.endswith(runtime.reads) for name in float32):
            return runtime
    return candidates[-1]


def _runtime_for(path: Path, name: str | None) -> Runtime:
    readers = [runtime for runtime in RUNTIMES if runtime.reads == path.suffix]
    if not readers:
        suffixes = ", ".join(dict.fromkeys(runtime.reads for runtime in RUNTIMES))
        raise ModelError(f"{path}: cannot tell what this is; a directory or {suffixes} would do")
    if name is None:
        return readers[0]
    runtime = named_runtime(name)
    if runtime not in readers:
        names = ", ".join(reader.name for reader in readers)
        raise InputError(f"{path}: {name} reads {runtime.reads} files; {names} can read this one")
    return runtime


def _keras_card(path: Path) -> Card:
    """The card of a .keras file: its model directory's, or made up for a file on its own."""
    if _is_in_directory(path):
        return Card.of(ModelDirectory.open(path.parent).mlp())
    return Card.of(read_mlp(path))


def _is_in_directory(path: Path) -> bool:
    """Whether a .keras file is the original of a model directory, which has its names."""
    return path.name == MODEL and (path.parent / MANIFEST).exists()
