"""Encoders of categories in scikit-learn: the numbers that each makes of a category."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from mlp_edge.errors import ModelError
from mlp_edge.readers.sklearn.columns import Absent, Category, Column, Given, encoded, plain
from mlp_edge.readers.sklearn.step import Step

SHARING_UNKNOWN = ("infrequent_if_exist", "warn")
"""Settings by which an unknown category counts as an infrequent one."""


def one_hot(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """What a OneHotEncoder makes of columns.

    Raises:
        ModelError: for a column that is not as it was given.
    """
    encoder = step.estimator
    strict = encoder.handle_unknown == "error"
    if strict:
        _forgiven(step, "none of them")
        step.readings.adapted.append((encoder, {"handle_unknown": "ignore"}))
    for place, column in enumerate(columns):
        ranks, shared = _ranks(step, place, ordinal=False)
        given = _known(step, column, place, ranks, strict)
        dropped = None if encoder.drop_idx_ is None else encoder.drop_idx_[place]
        left_out = None if dropped is None else [*ranks.values()][dropped]
        for rank in sorted({*ranks.values()} - {left_out}):
            values = {category: float(own == rank) for category, own in ranks.items()}
            unknown = rank == shared and encoder.handle_unknown in SHARING_UNKNOWN
            yield encoded(given, values, float(unknown))


def ordinal(step: Step, columns: Sequence[Column]) -> Iterator[Column]:
    """What an OrdinalEncoder makes of columns.

    Raises:
        ModelError: for a column that is not as it was given, and unknown categories that are NaN.
    """
    encoder = step.estimator
    strict = encoder.handle_unknown == "error"
    unknown = 0.0 if strict else float(encoder.unknown_value)
    if math.isnan(unknown):
        raise ModelError(
            f"{step.source} makes NaN of unknown categories; unknown_value=-1 would do"
        )
    if strict:
        _forgiven(step, "the first")
        lenient = {"handle_unknown": "use_encoded_value", "unknown_value": 0}
        step.readings.adapted.append((encoder, lenient))
    for place, column in enumerate(columns):
        ranks, _ = _ranks(step, place, ordinal=True)
        values = {category: float(rank) for category, rank in ranks.items()}
        rejected = False
        if Absent.CATEGORY in values:
            values[Absent.CATEGORY] = float(encoder.encoded_missing_value)
            rejected = math.isnan(values[Absent.CATEGORY])
            if rejected:  # as without a fill, which leaves the row without a prediction
                del values[Absent.CATEGORY]
        given = _known(step, column, place, values, strict or rejected)
        yield encoded(given, values, unknown)


def _ranks(step: Step, place: int, ordinal: bool) -> tuple[dict[Category, int], int | None]:
    """The categories of a column with their ranks; and the one that infrequent ones share.

    What is missing has a rank like any other in a one-hot encoding, and none in an ordinal one.
    """
    encoder = step.estimator
    every = getattr(encoder, "infrequent_categories_", None)  # where they are told apart
    few = every[place] if every is not None else None
    infrequent = set() if few is None else set(map(plain, few))
    categories = [plain(each) for each in encoder.categories_[place]]
    ranked = (
        [each for each in categories if not isinstance(each, Absent)] if ordinal else categories
    )
    frequent = [each for each in ranked if each not in infrequent]
    shared = len(frequent) if infrequent else None
    ranks: dict[Category, int] = {each: rank for rank, each in enumerate(frequent)}
    found = {each: ranks.get(each, len(frequent)) for each in categories}
    if len(found) < len(categories):
        raise ModelError(f"{step.source} tells None and NaN apart; one of them would do")
    return found, shared


def _known(
    step: Step, column: Column, place: int, categories: Iterable[Category], strict: bool
) -> Given:
    """The reading that is encoded; a missing one counts as a category, unless it is refused."""
    given, known = column.raw, tuple(categories)
    if given is None:
        raise ModelError(
            f"{step.source} encodes columns that steps before it changed; the first step would do"
        )
    if given.fill is None and (Absent.CATEGORY in known or not strict):
        given = given._replace(fill=Absent.CATEGORY)
    step.readings.know(given, known)
    for category in step.estimator.categories_[place]:
        if isinstance(plain(category), Absent):
            step.readings.absent[given.feature] = category
    return given


def _forgiven(step: Step, counts_as: str) -> None:
    step.readings.notes.append(
        f"{step.source} raises an error for a category that it does not know; exports count it as "
        f"{counts_as}"
    )
