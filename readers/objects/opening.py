"""Any model that a Python program holds, by the library whose class it is: the one door.

No library is imported: a program that holds a model has imported what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlp_edge.errors import InputError
from mlp_edge.readers.importing.imported import Imported
from mlp_edge.readers.objects.keras_models import read_keras_model
from mlp_edge.readers.objects.torch_modules import check_no_weights, read_torch
from mlp_edge.readers.sklearn.estimators import read_sklearn

READERS: Mapping[str, Callable[[Any], Imported]] = {
    "keras": read_keras_model,
    "sklearn": read_sklearn,
    "tf_keras": read_keras_model,
    "torch": read_torch,
}
"""Package of the classes that a model derives from -> what reads it."""


def read_object(source: Any) -> Imported:
    """Read the network of a model in memory.

    Args:
        source: a Keras model, a fitted estimator of scikit-learn, or a module of PyTorch.

    Raises:
        ModelError: naming the class and what of it cannot be read.
        InputError: for anything else.
    """
    packages = [each.__module__.partition(".")[0] for each in type(source).__mro__]
    for package in packages:
        if package in READERS:
            return READERS[package](source)
    check_no_weights(source)
    raise InputError(
        f"{type(source).__name__} is no model; a model directory, a file of a network, or a Keras, "
        "scikit-learn or PyTorch model in memory would do"
    )
