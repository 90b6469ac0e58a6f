"""Layers of Keras that scale or normalise."""

from __future__ import annotations

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.processing import KERAS_EPSILON
from mlp_edge.readers.keras.walk import KerasLayer, Rows, Walk, along_rows, flat

SMALLEST_LENGTH = {2: 1e-6}
"""Length of a row that UnitNormalization divides by at least, by Keras; 1e-12 from Keras 3 on."""


def batch_normalization(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, each of the training."""
    along_rows(layer, rows, "normalises along")
    variance = layer.weight("moving_variance")
    mean = layer.weight("moving_mean")
    if mean.size != variance.size:
        raise ModelError(f"{layer.source} has {mean.size} means for {variance.size} variances")
    size, found = variance.size, layer.settings
    gamma = layer.weight("gamma", size) if found["scale"] else np.ones(size)
    beta = layer.weight("beta", size) if found["center"] else np.zeros(size)
    value = walk.assembly.batch_normalised(
        rows.value, mean, variance, gamma, beta, layer.number("epsilon"), layer.source
    )
    return rows._replace(value=value)


def normalization(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """(x - mean) / standard deviation, each given or adapted to; the inverse where it says so."""
    flat(layer, rows)
    found = layer.settings
    if found["axis"] not in (-1, [-1], 1, [1], None, []):
        raise ModelError(f"{layer.source} normalises along axis {found['axis']!r:.40}; -1 would do")
    given = found["mean"], found["variance"]
    kept = {"mean", "variance"} & set(layer.weights)
    if given != (None, None) and (None in given or kept):
        raise ModelError(
            f"{layer.source} has a mean or a variance of its own, and not both, or others among "
            "its weights"
        )
    if given == (None, None):
        if len(kept) != 2:
            raise ModelError(f"{layer.source} has no mean: adapt() was never called")
        given = layer.weights["mean"], layer.weights["variance"]
    # The same float32 operations as Keras's, so that the std is the number it divides by.
    mean, variance = (np.asarray(each, np.float32).reshape(-1) for each in given)
    with np.errstate(invalid="ignore"):
        std = np.maximum(np.sqrt(variance), np.float32(KERAS_EPSILON)).astype(np.float64)
    if mean.size != std.size:
        raise ModelError(f"{layer.source} has {mean.size} means for {std.size} variances")
    means, assembly = mean.astype(np.float64), walk.assembly
    if found["invert"]:
        return rows._replace(value=assembly.scaled(rows.value, std, means, layer.source))
    value = assembly.standardised(rows.value, means, std, layer.source)
    return rows._replace(value=value)


def rescaling(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """X * scale + offset."""
    scale, offset = (
        np.asarray(layer.settings[key], np.float32).astype(np.float64)
        for key in ("scale", "offset")
    )
    if scale.ndim > 1 or offset.ndim > 1:
        raise ModelError(f"{layer.source} scales by more than one number per feature")
    if scale.ndim or offset.ndim:
        flat(layer, rows)
    return rows._replace(value=walk.assembly.scaled(rows.value, scale, offset, layer.source))


def layer_normalization(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, each of the row."""
    along_rows(layer, rows, "normalises along")
    if layer.settings["rms_scaling"]:
        raise ModelError(f"{layer.source} is a LayerNormalization with rms_scaling True; an "
                         "RMSNormalization would do")  # fmt: skip
    gamma = layer.weight("gamma", rows.value.width) if layer.settings["scale"] else 1.0
    beta = layer.weight("beta", rows.value.width) if layer.settings["center"] else 0.0
    epsilon = layer.number("epsilon")
    return rows._replace(
        value=walk.assembly.normalised(rows.value, gamma, beta, epsilon, True, layer.source)
    )


def rms_normalization(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """X / sqrt(mean(x ** 2) + epsilon) * scale."""
    along_rows(layer, rows, "normalises along")
    scale, epsilon = layer.weight("scale", rows.value.width), layer.number("epsilon")
    return rows._replace(
        value=walk.assembly.normalised(rows.value, scale, 0, epsilon, False, layer.source)
    )


def unit_normalization(walk: Walk, layer: KerasLayer, rows: Rows) -> Rows:
    """X divided by its length."""
    along_rows(layer, rows, "normalises along")
    smallest = SMALLEST_LENGTH.get(layer.keras or 3, 1e-12)
    value = walk.assembly.unit_length(rows.value, smallest**2, layer.source)
    return rows._replace(value=value)
