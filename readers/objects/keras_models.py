"""Keras models in memory, of Keras 3 with any backend and of Keras 2 (``tf_keras``).

A model says of itself what a .keras file would, and is read as one; Keras is not imported here.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.mlp import Rows
from mlp_edge.proof.original import Original
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.keras.config import GRAPHS, LINES, group_names
from mlp_edge.readers.keras_archive import Archive
from mlp_edge.readers.keras_file import imported
from mlp_edge.readers.keras_layers import ROOTS, plain

IN_MEMORY = "Keras model"
FLOATS = ("float16", "float32", "float64")
BATCH = 1024
"""Rows that are predicted at once."""


def read_keras_model(model: Any) -> Imported:
    """Read a Keras model in memory.

    Args:
        model: a Sequential or Functional one.

    Raises:
        ModelError: naming the class or layer that cannot be read, and why.
    """
    name = str(getattr(model, "name", "model"))
    path = Path(name.replace("/", "_"))
    _check_class(model, path)
    if not getattr(model, "built", False):
        raise ModelError(f"{path}: nobody knows what rows it takes; call it once, or add an Input")
    for layer in _layers(model):
        _check_class(layer, path)
    keras = sys.modules[type(model).__module__.partition(".")[0]]
    try:
        config = json.loads(model.to_json())
        arrays = dict(_arrays(keras, model, ""))
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ModelError(f"{path}: Keras cannot describe it ({first_line(error)})") from error
    # Keras 2 names no module of the outermost model; that it is its own, is known by now.
    config = {"module": "keras", "registered_name": None, **config}
    found = imported(path, Archive(config, str(keras.__version__), arrays))
    predict = found.probabilities(partial(_predict, keras, model, _digest(arrays)))
    original = Original(name, "keras", predict, found.steps)
    return found._replace(format=IN_MEMORY, original=original)


def _check_class(layer: Any, path: Path) -> None:
    kind = type(layer)
    if kind.__module__.partition(".")[0] not in ROOTS:
        raise ModelError(
            f"{path}: {layer.name!r:.60} is a {plain(kind.__name__)} of {plain(kind.__module__)}, "
            "and not of Keras's own class; layers of keras.layers in a Sequential or a Functional "
            "model would do"
        )


def _layers(model: Any) -> Iterator[Any]:
    """Every layer, those of models inside as well."""
    for layer in model.layers:
        yield layer
        if _is_model(layer):
            yield from _layers(layer)


def _is_model(layer: Any) -> bool:
    return type(layer).__name__ in (*LINES, *GRAPHS)


def _arrays(keras: Any, model: Any, group: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """The weights of a model under the names that they have in a file."""
    names = group_names([type(layer).__name__ for layer in model.layers])
    for layer, name in zip(model.layers, names, strict=True):
        place = f"{group}layers/{name}"
        if _is_model(layer):
            yield from _arrays(keras, layer, f"{place}/")
            continue
        kept: dict[str, Any] = {}
        layer.save_own_variables(kept)  # merges LoRA
        for key, value in kept.items():
            yield f"{place}/vars/{key}", _as_array(keras, value)


def _as_array(keras: Any, value: Any) -> NDArray[Any]:
    """A tensor or variable of any backend as NumPy's; bfloat16 as float32."""
    convert = getattr(getattr(keras, "ops", None), "convert_to_numpy", np.asarray)
    found = np.asarray(convert(value))
    known = found.dtype.name in FLOATS or found.dtype.kind in "biu"
    return found if known else found.astype(np.float32)


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = sha256()
    for name, array in arrays.items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def _predict(keras: Any, model: Any, digest: str, rows: Rows) -> NDArray[np.floating[Any]]:
    """What the model itself predicts, the columns of several outputs side by side.

    Raises:
        InputError: where it was trained since it was opened.
    """
    if _digest(dict(_arrays(keras, model, ""))) != digest:
        raise InputError(
            f"{model.name}: its weights changed since it was opened; open it again with "
            "`mlp_edge.open()`"
        )
    answer = model.predict(inputs_of(model, rows), batch_size=BATCH, verbose=0)
    return side_by_side(answer).astype(np.float64)


def inputs_of(model: Any, rows: Rows) -> Any:
    """Rows as a model takes them: the columns of each input, in its own shape.

    Args:
        model: of Keras, whose inputs say their shapes.
        rows: (n, inputs), the columns of several inputs one after the other.

    Returns:
        An array, a list of them, or a dict by the names that the model has for them.
    """
    shapes = [tuple(each.shape[1:]) for each in model.inputs]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    columns = zip(np.split(rows, ends, axis=1), shapes, strict=True)
    parts = [part.reshape(len(rows), *shape) for part, shape in columns]
    named = getattr(model, "input", None)
    if isinstance(named, Mapping):
        return dict(zip(sorted(named), parts, strict=True))
    return parts if len(parts) > 1 else parts[0]


def side_by_side(answer: Any) -> NDArray[np.floating[Any]]:
    """What a model of Keras answers: the columns of its outputs, one after the other."""
    if isinstance(answer, Mapping):
        answer = [answer[name] for name in sorted(answer)]
    answers = answer if isinstance(answer, list | tuple) else [answer]
    arrays = [np.asarray(each) for each in answers]
    return np.hstack([each.reshape(len(each), math.prod(each.shape[1:])) for each in arrays])
