"""Sums of products: what a formula is, and how two of them are joined and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.reference import Doubles

CLOSE = 1e-6
"""So far apart, relatively, two ways of writing one float32 constant are."""

Term = tuple[int, ...]
"""The values that are multiplied, by their numbers, in order; () is 1."""
Form = Mapping[Term, Doubles]
"""Term -> its coefficient, one number or one for each number of a row."""


def shared_by(terms: Form, number: int) -> dict[Term, Doubles]:
    """What a value is multiplied by, in all terms that have it."""
    found = {}
    for term, coefficient in terms.items():
        if number in term:
            at = term.index(number)
            found[(*term[:at], *term[at + 1 :])] = coefficient
    return found


def times_value(terms: Form, number: int) -> dict[Term, Doubles]:
    """Terms times a value."""
    return {tuple(sorted((*term, number))): each for term, each in terms.items()}


def less(terms: Form, used: Form) -> dict[Term, Doubles]:
    """What is left of a sum without some of it; what differs by rounding alone is gone."""
    found = dict(terms)
    for term, each in used.items():
        left = found.get(term, np.zeros(())) - each
        if term and same(found.get(term, np.zeros(())), each):
            del found[term]
        else:
            found[term] = left
    return kept_of(found, empty=True)


def joined(
    one: Doubles, other: Doubles, do: Callable[[Doubles, Doubles], Doubles], source: str
) -> Doubles:
    """Two coefficients as one; raises ``ModelError`` for vectors of two sizes."""
    if one.ndim and other.ndim and one.size != other.size and 1 not in (one.size, other.size):
        raise ModelError(f"{source} joins {one.size} numbers and {other.size}")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(do(one, other))


def kept_of(form: Mapping[Term, Doubles], empty: bool = False) -> dict[Term, Doubles]:
    """A sum without what is 0."""
    kept = {
        term: each.reshape(-1)[:1].reshape(()) if (each == each.flat[0]).all() else each
        for term, each in form.items()
        if not (each == 0).all()
    }
    return kept if kept or empty else {(): np.zeros(())}


def same(one: Doubles, other: Doubles) -> bool:
    """Whether two coefficients differ by rounding alone."""
    return bool(np.allclose(one, other, rtol=CLOSE, atol=0))


def near(one: Form, other: Form) -> bool:
    """Whether two sums differ by rounding alone."""
    return one.keys() == other.keys() and all(same(one[term], other[term]) for term in one)


def ratio(one: Form, other: Form) -> Doubles | None:
    """The k of ``one`` = k ``other``."""
    terms = [term for term in other if term]
    if one.keys() != other.keys() or not terms:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.asarray(one[terms[0]] / other[terms[0]])
        if not np.isfinite(factor).all():
            return None
        scaled = {term: other[term] * factor for term in other}
    return factor if near(one, scaled) else None


def key_of(form: Form) -> object:
    """What a sum is known by: equal sums have equal keys."""
    return tuple(sorted((term, bits_of(coefficient)) for term, coefficient in form.items()))


def bits_of(numbers: Doubles) -> tuple[tuple[int, ...], bytes]:
    """What a coefficient is known by."""
    numbers = np.asarray(numbers, np.float64)
    return numbers.shape, numbers.tobytes()
