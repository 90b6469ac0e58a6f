"""Affine forms whose symbols are shared between values (de Figueiredo and Stolfi, 2004).

A symbol is an unknown number in [-1, 1]. Where a value is read by several layers, its symbols come
together again further on, and cancel there as the errors do: so each has a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp_edge.reference import Doubles

Names = NDArray[np.int64]

NAMELESS = -1
"""In the place of the name of a symbol whose coefficient is 0."""
_VALUE = 2**32
"""Names of value n's own symbols begin at n times this."""
_NONE: Names = np.empty(0, np.int64)


class Error(NamedTuple):
    """The errors of n vectors as affine forms.

    Attributes:
        shared: (n, units, symbols), coefficients of the symbols that several units share.
        own: (n, units), coefficient, not below 0, of the symbol that is the unit's own.
        names: (symbols,), of the shared symbols, no two the same.
        own_names: (units,), of the units' own symbols; ``NAMELESS`` where there is none.
    """

    shared: Doubles
    own: Doubles
    names: Names = _NONE
    own_names: Names = _NONE

    @property
    def size(self) -> Doubles:
        """(n, units): no error is larger."""
        return np.asarray(np.abs(self.shared).sum(axis=2) + self.own)


def named(error: Error, value: int) -> Error:
    """The error of value ``value``, its own symbols named."""
    return error._replace(own_names=value * _VALUE + np.arange(error.own.shape[1]))


def joined(errors: Sequence[Error]) -> Error:
    """The errors of values side by side. Of several, all symbols become shared ones."""
    if len(errors) == 1:
        return errors[0]
    names = _union(errors)
    shared = np.concatenate([_spread(error, names) for error in errors], axis=1)
    units = shared.shape[1]
    own = np.zeros((len(shared), units))
    return Error(shared, own, names, np.full(units, NAMELESS, np.int64))


def aligned(error: Error, other: Error) -> tuple[Doubles, Doubles, Names]:
    """The shared symbols of two errors under the same names.

    Args:
        error: whose own symbols are new and stay apart.
        other: whose own symbols become shared ones; of as many units, or of one.

    Returns:
        (n, units, symbols) of the first, (n, units or 1, symbols) of the second, (symbols,) names.
    """
    fresh = error._replace(own=np.zeros_like(error.own),
                           own_names=np.full(error.own.shape[1], NAMELESS, np.int64))  # fmt: skip
    names = _union([fresh, other])
    return _spread(fresh, names), _spread(other, names), names


def _union(errors: Sequence[Error]) -> Names:
    every = np.concatenate([part for error in errors for part in (error.names, error.own_names)])
    return np.unique(every[every != NAMELESS])


def _spread(error: Error, names: Names) -> Doubles:
    """(n, units, symbols): the coefficients in the places of the names."""
    n, units, _ = error.shared.shape
    spread = np.zeros((n, units, len(names)))
    spread[:, :, np.searchsorted(names, error.names)] = error.shared
    told = np.flatnonzero(error.own_names != NAMELESS)
    # A unit's own symbol is in no shared one of the same error, but may be in another's.
    spread[:, told, np.searchsorted(names, error.own_names[told])] += error.own[:, told]
    return spread
