"""What Keras 1 calls its settings and weights, in the words of Keras 2.

It stored the running variance of a BatchNormalization under the name ``running_std``, and computed
with it as with a variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp_edge.errors import ModelError

EVERYWHERE = {"input_dtype": "dtype"}
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "Dense": {
        "output_dim": "units", "bias": "use_bias", "init": "kernel_initializer",
        "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
        "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    },
    "BatchNormalization": {
        "beta_init": "beta_initializer", "gamma_init": "gamma_initializer",
    },
    "Dropout": {"p": "rate"},
    "GaussianDropout": {"p": "rate"},
    "GaussianNoise": {"sigma": "stddev"},
    "PReLU": {"init": "alpha_initializer"},
}  # fmt: skip
"""Layer class -> its setting in Keras 1 -> in Keras 2."""
WEIGHTS: Mapping[str, str] = {
    "W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance",
    "alphas": "alpha",
}  # fmt: skip
"""Weight in Keras 1 -> in Keras 2."""


def modern(kind: str, config: Mapping[str, Any], keras: int | None) -> Mapping[str, Any]:
    """The settings of a layer as Keras 2 names them; those of Keras 2 and 3 as they are.

    Args:
        kind: its class.
        config: as the file has it.
        keras: the generation that wrote it; None where the file does not say.

    Raises:
        ModelError: for a BatchNormalization that normalises each batch or each row.
    """
    if keras in (2, 3):
        return config
    names = {**EVERYWHERE, **SETTINGS.get(kind, {})}
    found = {names.get(key, key): value for key, value in config.items()}
    if kind == "BatchNormalization" and found.pop("mode", 0) != 0:
        raise ModelError(
            f"layer {str(config.get('name'))!r} is a BatchNormalization with mode "
            f"{config['mode']!r:.20}, which normalises by what it is given; mode 0 would do"
        )
    if keras == 1 and kind == "BatchNormalization":
        found.setdefault("center", True)
        found.setdefault("scale", True)
    return found
