"""Fitted estimators of scikit-learn, as an ``Mlp``: what their attributes say, nothing is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.feature import Feature
from mlp_edge.readers.importing.chain import Chain
from mlp_edge.readers.importing.imported import Imported, named

ACTIVATIONS = {
    "identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu",
    "softmax": "softmax",
}  # fmt: skip
"""scikit-learn's names -> ours."""
WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between the words of a class's name."""
READ = "MLPClassifier and MLPRegressor"


def read_sklearn(estimator: Any) -> Imported:
    """Read a fitted estimator.

    Raises:
        ModelError: naming the class and what of it cannot be read.
    """
    kind = type(estimator).__name__
    if kind not in ("MLPClassifier", "MLPRegressor"):
        raise ModelError(f"{kind} is no network that mlp-edge reads; it reads {READ}")
    if not hasattr(estimator, "coefs_"):
        raise ModelError(f"the {kind} is not fitted; fit(X, y) comes first")
    outputs = len(estimator.intercepts_[-1])
    if estimator.out_activation_ == "logistic" and outputs > 1:
        raise ModelError(f"the {kind} gives {outputs} labels at once; one class per row would do")
    chain = Chain()
    last = len(estimator.coefs_) - 1
    for number, (weights, bias) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        source = f"layer {number + 1} of the {kind}"
        chain.dense(np.asarray(weights).T, np.asarray(bias), source)
        given = estimator.out_activation_ if number == last else estimator.activation
        if given not in ACTIVATIONS:
            raise ModelError(f"{source} has the activation {given!r:.40}")
        chain.activated(ACTIVATIONS[given], source)
    features = [Feature(str(name)) for name in getattr(estimator, "feature_names_in_", ())]
    labels = (
        [str(each) for each in estimator.classes_.tolist()]
        if hasattr(estimator, "classes_")
        else None
    )
    network = chain.finished(f"the {kind}")
    return Imported(
        named(Path(WORDS.sub("_", kind)), network, features, labels), "scikit-learn", ""
    )
