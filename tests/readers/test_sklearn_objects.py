"""Models of scikit-learn in memory: what is read is what they predict, or they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from mlp_edge.errors import InputError, ModelError
from mlp_edge.readers.objects.opening import read_object
from mlp_edge.reference import predict

ROWS = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
NUMBERS = ROWS @ [[1.0], [-2], [0.5]] + ROWS[:, :1] ** 2


def fitted(model: Any, target: Any, rows: Any = ROWS) -> Any:
    return model.set_params(max_iter=3, random_state=0).fit(rows, target)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "regressions"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_every_activation_and_task(activation: str, kind: str) -> None:
    targets: dict[str, Any] = {
        "binary": np.where(NUMBERS[:, 0] > 0, "yes", "no"),
        "multiclass": np.digitize(NUMBERS[:, 0], [-1, 1]) * 10,
        "regression": NUMBERS[:, 0],
        "regressions": np.hstack([NUMBERS, -NUMBERS]),
    }
    make = MLPRegressor if "regression" in kind else MLPClassifier
    model = fitted(make(hidden_layer_sizes=(5, 4), activation=activation), targets[kind])
    mlp = read_object(model).mlp
    wanted = model.predict(ROWS) if make is MLPRegressor else model.predict_proba(ROWS)
    wanted = wanted[:, 1:] if kind == "binary" else wanted.reshape(len(ROWS), -1)
    np.testing.assert_allclose(predict(mlp, ROWS), wanted, rtol=1e-5, atol=1e-6)
    assert mlp.labels == {"binary": ("no", "yes"), "multiclass": ("0", "10", "20")}.get(kind, ())
    assert mlp.name == ("mlp_regressor" if make is MLPRegressor else "mlp_classifier")


def test_what_is_refused() -> None:
    both = np.hstack([NUMBERS > 0, NUMBERS > 1])
    refused = {
        "fit": MLPClassifier(),
        "2 labels at once": fitted(MLPClassifier(), both),
        "RandomForestClassifier is no network": RandomForestClassifier(),
    }
    for says, model in refused.items():
        with pytest.raises(ModelError, match=says):
            read_object(model)
    with pytest.raises(InputError, match="int is no model"):
        read_object(7)
