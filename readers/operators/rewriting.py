"""Functions of formulas that are put in the words of others, which layers compute."""

from __future__ import annotations

import math

import numpy as np

from mlp_edge.errors import ModelError
from mlp_edge.readers.operators.formula import Formulas
from mlp_edge.readers.operators.recognition import NOT_NEGATIVE, Value
from mlp_edge.readers.operators.terms import Form, ratio
from mlp_edge.reference import SELU_ALPHA, SELU_SCALE, Doubles

SOFT_END = 15.0
"""From here on softplus(x) is x in float32."""
ONE = np.ones(())


def clipped(formulas: Formulas, form: Form, low: float, high: float, source: str) -> Form:
    """The formula, kept between two ends; either may be infinite."""
    if (low, high) == (-math.inf, math.inf):
        return form
    inner = formulas.alone(form)
    if inner is not None and low <= 0 and high == math.inf and inner.function in NOT_NEGATIVE:
        return form
    if inner is not None and low >= 0 and inner.function == "relu":
        return clipped(formulas, inner.argument, low, high, source)
    if inner is not None and low >= 0 and inner.function == "sqrt":
        root = clipped(formulas, inner.argument, low**2, high**2, source)
        return square_root(formulas, root, source)
    if inner is not None and low <= 0 < high and inner.function == "rsqrt":
        root = clipped(formulas, inner.argument, high**-2, math.inf, source)
        return formulas.applied("rsqrt", root, source)
    if (low, high) == (0, math.inf):
        return formulas.applied("relu", form, source)
    return formulas.applied("clip", form, source, np.asarray(low), np.asarray(high))


def limited(formulas: Formulas, form: Form, end: Doubles, sign: int, source: str) -> Form:
    """The larger of a formula and a constant (1), or the smaller (-1).

    Of a constant for each number, end + relu(form - end).
    """
    if end.size == 1:
        low, high = (end.item(), math.inf) if sign > 0 else (-math.inf, end.item())
        return clipped(formulas, form, low, high, source)
    if not np.isfinite(end).all():
        raise ModelError(f"{source} compares with NaN or infinity; finite numbers would do")
    beyond = formulas.plus(form, {(): -end}, source)
    kept = formulas.applied("relu", beyond if sign > 0 else formulas.minus(beyond), source)
    return formulas.plus({(): end}, kept if sign > 0 else formulas.minus(kept), source)


def square_root(formulas: Formulas, form: Form, source: str) -> Form:
    """Its square root, which may come to be divided by."""
    return formulas.applied("sqrt", form, source)


def reciprocal(formulas: Formulas, form: Form, source: str) -> Form:
    """1 / form."""
    if form.keys() <= {()}:
        with np.errstate(divide="ignore"):
            found = np.asarray(1 / form.get((), np.zeros(())))
        if not np.isfinite(found).all():
            raise ModelError(f"{source} divides by 0")
        return {(): found}
    if (power := _behind_one(formulas, "exp", form)) is not None:  # 1 / (1 + e^-z)
        return formulas.applied("sigmoid", formulas.minus(power), source)
    if (size := _behind_one(formulas, "abs", form)) is not None:
        return formulas.applied("softsign share", size, source)
    factor, inner = _factored(formulas, form)
    if inner is not None:
        over: Form = {(): np.asarray(1 / factor)}
        match inner.function:
            case "sqrt":
                root = formulas.applied("rsqrt", inner.argument, source)
            case "rsqrt":
                root = square_root(formulas, inner.argument, source)
            case "exp":
                root = formulas.applied("exp", formulas.minus(inner.argument), source)
            case _:
                return formulas.applied("reciprocal", form, source)
        return formulas.times(root, over, source)
    return formulas.applied("reciprocal", form, source)


def logarithm(formulas: Formulas, form: Form, source: str) -> Form:
    """Its natural logarithm."""
    if (argument := _behind_one(formulas, "exp", form)) is not None:
        return formulas.applied("softplus", argument, source)
    inner = formulas.alone(form)
    if inner is not None and inner.function == "softmax":
        return formulas.applied("log_softmax", inner.argument, source)
    if inner is not None and inner.function == "sigmoid":  # -softplus(-z)
        below = formulas.applied("softplus", formulas.minus(inner.argument), source)
        return formulas.minus(below)
    return formulas.applied("log", form, source)


def power_less_one(formulas: Formulas, form: Form, source: str) -> Form:
    """e^form - 1, which of numbers below 0 is what elu has there."""
    inner = formulas.alone(form)
    ends = [] if inner is None else [float(each) for each in inner.settings if each.size == 1]
    if inner is not None and inner.function == "clip" and ends == [-math.inf, 0]:
        below = formulas.applied("elu", inner.argument, source)
        above = formulas.applied("relu", inner.argument, source)
        return formulas.plus(below, formulas.minus(above), source)
    return formulas.plus(formulas.applied("exp", form, source), {(): -ONE}, source)


def other_error_function(formulas: Formulas, form: Form, source: str) -> Form:
    """1 - erf."""
    below = formulas.minus(error_function(formulas, form, source))
    return formulas.plus(below, {(): ONE}, source)


def error_function(formulas: Formulas, form: Form, source: str) -> Form:
    """erf, of the sign with which gelu has it."""
    first = max(form)
    if (form[first] < 0).all():
        return formulas.minus(formulas.applied("erf", formulas.minus(form), source))
    return formulas.applied("erf", form, source)


def power(formulas: Formulas, form: Form, exponent: float, source: str) -> Form:
    """Form ** exponent."""
    if exponent in (0.5, -0.5):
        found = square_root(formulas, form, source)
        return found if exponent > 0 else reciprocal(formulas, found, source)
    if exponent not in (-2, -1, 1, 2, 3, 4):
        raise ModelError(f"{source} takes numbers to the power {exponent:g}; 2 would do")
    found = form
    for _ in range(1, int(abs(exponent))):
        found = formulas.times(found, form, source)
    return found if exponent > 0 else reciprocal(formulas, found, source)


def chosen(formulas: Formulas, above: Form, yes: Form, no: Form, source: str) -> Form:
    """``yes`` where ``above`` is over 0, else ``no``; what jumps there is refused later."""
    _, inner = _factored(formulas, no)
    if inner is not None and inner.function == "softplus":  # softplus, but x from 20 on
        start = _shift_of(above, inner.argument)
        if start is not None and (start >= SOFT_END).all():
            return no
    below = formulas.minus(above)
    for side, linear, power in ((above, yes, no), (below, no, yes)):
        unit = _exponential_unit(formulas, side, linear, power, source)
        if unit is not None:
            return unit
    one, other = (
        formulas.times(form, formulas.applied("step", each, source), source)
        for form, each in ((yes, above), (no, below))
    )
    return formulas.plus(one, other, source)


def _exponential_unit(
    formulas: Formulas, above: Form, yes: Form, no: Form, source: str
) -> Form | None:
    """Selu, or an elu: a x where x is over 0, else b (exp(x) - 1); None for anything else."""
    factor, power = _factored(formulas, {term: each for term, each in no.items() if term})
    if power is None or power.function != "exp" or not np.all(no.get(()) == -factor):
        return None
    side, slope = (ratio(each, power.argument) for each in (above, yes))
    if side is None or slope is None or not ((side > 0).all() and (slope > 0).all()):
        return None
    alpha = factor / slope
    if np.allclose(slope, SELU_SCALE, rtol=1e-6) and np.allclose(alpha, SELU_ALPHA, rtol=1e-6):
        return formulas.applied("selu", power.argument, source)
    found = formulas.applied("elu", power.argument, source)
    if not (alpha == 1).all():
        found = formulas.applied("leaky", found, source, alpha)
    return formulas.times(found, {(): slope}, source)


def _shift_of(above: Form, argument: Form) -> Doubles | None:
    """The c of ``above`` = k (argument - c)."""
    apart = {term: each for term, each in above.items() if term}
    inner = {term: each for term, each in argument.items() if term}
    factor = ratio(apart, inner)
    if factor is None or not (factor > 0).all():
        return None
    zero = np.zeros(())
    return np.asarray(argument.get((), zero) - above.get((), zero) / factor)


def _behind_one(formulas: Formulas, function: str, form: Form) -> Form | None:
    """The x of a formula that is 1 + function(x)."""
    others = {term: each for term, each in form.items() if term}
    if len(others) != 1 or len(form) != 2 or not (form[()] == 1).all():
        return None
    value = formulas.alone(others)
    return value.argument if value is not None and value.function == function else None


def _factored(formulas: Formulas, form: Form) -> tuple[Doubles, Value | None]:
    """A factor and the function that a formula is a multiple of."""
    if len(form) != 1:
        return ONE, None
    [(term, factor)] = form.items()
    if len(term) != 1 or not (factor != 0).all():
        return ONE, None
    return factor, formulas.value(term[0])
