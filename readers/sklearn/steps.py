"""Fitted transformers of scikit-learn: the columns that each makes of those that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.sklearn.columns import Column, combined
from mlp_edge.readers.sklearn.encoders import one_hot, ordinal
from mlp_edge.readers.sklearn.imputers import imputed, indicators
from mlp_edge.readers.sklearn.step import WOULD_DO, Step, check_fitted, check_stock
from mlp_edge.reference import Doubles

UNCHANGED = (None, "passthrough")
REASONS: Mapping[str, str] = {
    "FunctionTransformer": "runs a function of its own",
    "PolynomialFeatures": "multiplies readings with each other",
    "SplineTransformer": "makes splines of readings",
    "KBinsDiscretizer": "jumps at the ends of its bins",
    "Binarizer": "jumps at its threshold",
    "PowerTransformer": "raises readings to a power",
    "QuantileTransformer": "looks readings up in a table",
    "Normalizer": "divides a row by its length",
    "KNNImputer": "looks for similar rows of the training",
    "IterativeImputer": "holds a model for each column",
}


def transformed(step: Step, columns: Sequence[Column]) -> list[Column]:
    """The columns that a step makes of others.

    Raises:
        ModelError: naming the step that is not read, and why.
    """
    estimator, source, _ = step
    kind = type(estimator).__name__
    if isinstance(estimator, str | None):
        if estimator in UNCHANGED:
            return list(columns)
        raise ModelError(f"{source} is {estimator!r:.40}")
    check_stock(estimator, source)
    if kind not in TRANSFORMERS:
        reason = REASONS.get(kind)
        because = "is not read" if reason is None else f"{reason}, which dense layers cannot do"
        raise ModelError(f"{source} {because}; {WOULD_DO}")
    check_fitted(estimator, source)
    given = getattr(estimator, "n_features_in_", len(columns))
    if given != len(columns):
        raise ModelError(f"{source} takes {given} columns, and {len(columns)} arrive")
    return list(TRANSFORMERS[kind](step, columns))


def _affine(columns: Sequence[Column], factors: Doubles, offsets: Doubles) -> list[Column]:
    """Factor * x + offset of each column."""
    return [
        column.scaled(factor, offset)
        for column, factor, offset in zip(columns, factors, offsets, strict=True)
    ]


def _standard(step: Step, columns: Sequence[Column]) -> list[Column]:
    mean = step.numbers("mean_") if step.estimator.with_mean else None
    scale = step.numbers("scale_") if step.estimator.with_std else None
    return _centred(columns, mean, scale)


def _robust(step: Step, columns: Sequence[Column]) -> list[Column]:
    centre = step.numbers("center_") if step.estimator.with_centering else None
    scale = step.numbers("scale_") if step.estimator.with_scaling else None
    return _centred(columns, centre, scale)


def _centred(
    columns: Sequence[Column], mean: Doubles | None, scale: Doubles | None
) -> list[Column]:
    """(x - mean) / scale of each column; None changes nothing."""
    mean = np.zeros(len(columns)) if mean is None else mean
    scale = np.ones(len(columns)) if scale is None else scale
    return _affine(columns, 1 / scale, -mean / scale)


def _min_max(step: Step, columns: Sequence[Column]) -> list[Column]:
    ends = zip(step.numbers("data_min_"), step.numbers("data_max_"), strict=True)
    for column, (low, high) in zip(columns, ends, strict=True):
        if column.raw is not None and low <= high:  # and not NaN, of an empty column
            step.readings.ranges.setdefault(column.raw.feature, (float(low), float(high)))
    scaled = _affine(columns, step.numbers("scale_"), step.numbers("min_"))
    if not step.estimator.clip:
        return scaled
    low, high = map(float, step.estimator.feature_range)
    return [column.clipped(low, high, step.source) for column in scaled]


def _max_abs(step: Step, columns: Sequence[Column]) -> list[Column]:
    scaled = _centred(columns, None, step.numbers("scale_"))
    if not getattr(step.estimator, "clip", False):  # which came with scikit-learn 1.9
        return scaled
    return [column.clipped(-1, 1, step.source) for column in scaled]


def _pca(step: Step, columns: Sequence[Column]) -> list[Column]:
    components, mean = step.numbers("components_"), step.numbers("mean_")
    if step.estimator.whiten:
        scale = np.sqrt(np.asarray(step.estimator.explained_variance_, np.float64))
        # As scikit-learn does, so that a component without variance is not divided by 0.
        scale = np.maximum(scale, np.finfo(scale.dtype).eps)
        components = components / scale[:, None]
    return [combined(columns, row, -float(row @ mean)) for row in components]


def _svd(step: Step, columns: Sequence[Column]) -> list[Column]:
    return [combined(columns, row, 0.0) for row in step.numbers("components_")]


def _selected(step: Step, columns: Sequence[Column]) -> list[Column]:
    chosen = step.estimator.get_support()
    return [column for column, taken in zip(columns, chosen, strict=True) if taken]


def _function(step: Step, columns: Sequence[Column]) -> list[Column]:
    if step.estimator.func is not None:
        reason = REASONS["FunctionTransformer"]
        raise ModelError(f"{step.source} {reason}, whose formula nothing tells; {WOULD_DO}")
    return list(columns)


def _pipeline(step: Step, columns: Sequence[Column]) -> list[Column]:
    made = list(columns)
    for name, estimator in step.estimator.steps:
        made = transformed(Step.of(name, estimator, step.readings), made)
    return made


def _side_by_side(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """A ColumnTransformer: each part takes columns of its own."""
    estimator = step.estimator
    weights = estimator.transformer_weights or {}
    for name, part, _ in estimator.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        # By number, whatever they were chosen by: names, masks, slices, functions.
        chosen = [columns[place] for place in estimator._transformer_to_input_indices[name]]
        if chosen:
            made = transformed(Step.of(name, part, step.readings), chosen)
            yield from (column.scaled(weights.get(name, 1), 0) for column in made)


def _union(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """A FeatureUnion: each part takes all columns."""
    weights = step.estimator.transformer_weights or {}
    for name, part in step.estimator.transformer_list:
        if not (isinstance(part, str) and part == "drop"):
            made = transformed(Step.of(name, part, step.readings), columns)
            yield from (column.scaled(weights.get(name, 1), 0) for column in made)


Transformer = Callable[[Step, Sequence[Column]], Iterable[Column]]
TRANSFORMERS: Mapping[str, Transformer] = {
    "StandardScaler": _standard, "RobustScaler": _robust, "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs, "SimpleImputer": imputed, "MissingIndicator": indicators,
    "OneHotEncoder": one_hot, "OrdinalEncoder": ordinal, "PCA": _pca, "TruncatedSVD": _svd,
    "VarianceThreshold": _selected, "SelectKBest": _selected, "SelectPercentile": _selected,
    "SelectFromModel": _selected, "RFE": _selected, "RFECV": _selected,
    "FunctionTransformer": _function, "Pipeline": _pipeline,
    "ColumnTransformer": _side_by_side, "FeatureUnion": _union,
}  # fmt: skip
