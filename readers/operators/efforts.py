"""How often a file rounds on its way to a formula, which this reading puts together exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mlp_edge.proof.bound import UNIT
from mlp_edge.readers.assembling.values import Doubt
from mlp_edge.readers.operators.terms import Form, Term, key_of
from mlp_edge.reference import Doubles


class Effort(NamedTuple):
    """What a formula took: how often the file rounds on the way, and how large its terms became.

    Each of the roundings is at most a unit of the sum of all terms by their absolute sizes, so the
    formula is off by at most so many units of that (Higham, 2002, 3.4).
    """

    roundings: int
    sizes: Form


class Efforts:
    """The efforts of formulas."""

    def __init__(self) -> None:
        self._known: dict[object, Effort] = {}

    def of(self, form: Form) -> Effort:
        """What a formula took; nothing where no operator has made it."""
        plain = Effort(0, {term: np.abs(each) for term, each in form.items()})
        return self._known.get(key_of(form), plain)

    def keep(
        self, made: Form, one: Form, other: Form, joined: Callable[[Form, Form], Form]
    ) -> None:
        """Remember what an operator made of two formulas; the most of several ways to it.

        Args:
            made: the formula.
            one: of what.
            other: and of what else.
            joined: ``sum_of`` or ``product_of``.
        """
        before, after = self.of(one), self.of(other)
        sizes = joined(before.sizes, after.sizes)
        found = Effort(before.roundings + after.roundings + 1, sizes)
        known = self._known.setdefault(key_of(made), found)
        if known.roundings < found.roundings:
            self._known[key_of(made)] = found

    def turn(self, made: Form, form: Form) -> None:
        """Remember that a sign was turned, which rounds nothing."""
        self._known[key_of(made)] = self.of(form)

    def doubt(self, form: Form, term: Term) -> Doubt:
        """How far the file may be off in a term and in the constant of a formula."""
        effort = self.of(form)
        units = effort.roundings * UNIT
        sizes = (effort.sizes.get(each, np.zeros(())) for each in (term, ()))
        return Doubt(*(units * np.atleast_1d(each) for each in sizes))


def sum_of(one: Form, other: Form) -> Form:
    """The sum of two formulas of sizes."""
    nothing = np.zeros(())
    return {term: one.get(term, nothing) + other.get(term, nothing) for term in {**one, **other}}


def product_of(one: Form, other: Form) -> Form:
    """Their product."""
    found: dict[Term, Doubles] = {}
    for left, factor in one.items():
        for right, coefficient in other.items():
            term = tuple(sorted((*left, *right)))
            found[term] = found.get(term, np.zeros(())) + factor * coefficient
    return found
