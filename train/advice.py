"""What a good colleague says about a trained model, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlp_edge.data.words import plain
from mlp_edge.errors import TableError
from mlp_edge.finding import Finding
from mlp_edge.mlp import Floats
from mlp_edge.train.examples import Examples
from mlp_edge.train.scores import score

FAR_APART = 0.1
"""Accuracy on the training rows minus on the test rows from which on they are called far apart."""
STANDARD_ERRORS = 2.0
"""And it has to be more than chance: so many standard errors of the test accuracy."""
WORSE = 1.5
"""Test error over training error of a regression from which on they are called far apart."""
CONSTANT = 1e-6
"""Outputs that vary by less than this, relative to their size, are one and the same."""

HARMLESS = ("sorted",)
"""Kinds of findings that are said, but no reason to refuse a table."""

Scored = Mapping[str, NDArray[np.int64]]
"""Row numbers of each part that has rows."""


def check_nothing_found(findings: Sequence[Finding], source: str) -> None:
    """Refuse a table about which there is anything to warn of: what --strict asks for.

    Raises:
        TableError: with the first finding and how many more there are.
    """
    serious = [finding for finding in findings if finding.kind not in HARMLESS]
    if serious:
        more = f" (and {len(serious) - 1} more)" if len(serious) > 1 else ""
        raise TableError(
            f"{plain(source)}: {serious[0].says}{more}; without --strict this is a warning"
        )


def advice(
    examples: Examples, scored: Scored, outputs: Floats, linear: Floats
) -> Iterator[Finding]:
    """What the scores of a model say that its owner might not want to hear.

    Args:
        examples: the table.
        scored: its parts.
        outputs: the model's answers to every row (n, outputs).
        linear: the linear baseline's.
    """
    yield from _constant(examples, outputs)
    if "test" not in scored:
        return
    judge = _classes if examples.task != "regression" else _values
    yield from judge(examples, scored, outputs, linear)


def _constant(examples: Examples, outputs: Floats) -> Iterator[Finding]:
    spread = np.ptp(outputs, axis=0)
    if (spread <= CONSTANT * np.maximum(1.0, np.abs(outputs).max(axis=0))).all():
        answer = ", ".join(f"{value:.6g}" for value in outputs[0])
        yield Finding(
            "constant-output",
            f"the model answers {answer} to each of {len(outputs):,} rows: it has learned nothing; "
            "another --seed, more --epochs or another --learning-rate would be worth a try",
        )


def _classes(
    examples: Examples, scored: Scored, outputs: Floats, linear: Floats
) -> Iterator[Finding]:
    def accuracy(part: str, answers: Floats) -> float:
        rows = scored[part]
        return score(["accuracy"], examples.truth(rows), answers[rows])["accuracy"]

    test, rows = accuracy("test", outputs), scored["test"]
    frequent = int(np.bincount(examples.targets[scored["training"]]).argmax())
    majority = float((examples.targets[rows] == frequent).mean())
    straight = accuracy("test", linear)
    label = examples.labels[frequent]
    if test <= majority:
        yield Finding(
            "majority",
            f"accuracy {test:.3f} on the held-out rows is no better than always answering {label} "
            f"({majority:.3f})",
        )
    elif test <= straight:
        yield Finding(
            "linear",
            f"accuracy {test:.3f} on the held-out rows is no better than a linear model's "
            f"({straight:.3f}): --hidden none would be smaller and no worse",
        )
    training = accuracy("training", outputs)
    error = (max(test * (1 - test), 0.0) / len(rows)) ** 0.5
    if training - test > max(FAR_APART, STANDARD_ERRORS * error):
        yield Finding(
            "far-apart",
            f"accuracy {training:.3f} on the training rows but {test:.3f} on the held-out ones: "
            "learned by heart; --early-stopping 20 or fewer neurons would help",
        )


def _values(
    examples: Examples, scored: Scored, outputs: Floats, linear: Floats
) -> Iterator[Finding]:
    def rmse(part: str, answers: Floats) -> float:
        rows = scored[part]
        return score(["rmse"], examples.truth(rows), answers[rows])["rmse"]

    mean = examples.encoded[scored["training"]].mean(axis=0, keepdims=True)
    constant = np.repeat(mean, len(outputs), axis=0)
    test, prior, straight = (rmse("test", answers) for answers in (outputs, constant, linear))
    if test >= prior:
        yield Finding(
            "majority",
            f"an RMSE of {test:.4g} on the held-out rows is no better than always answering the "
            f"mean ({prior:.4g})",
        )
    elif test >= straight:
        yield Finding(
            "linear",
            f"an RMSE of {test:.4g} on the held-out rows is no better than a linear model's "
            f"({straight:.4g}): --hidden none would be smaller and no worse",
        )
    training = rmse("training", outputs)
    if test > WORSE * training:
        yield Finding(
            "far-apart",
            f"an RMSE of {training:.4g} on the training rows but {test:.4g} on the held-out ones: "
            "learned by heart; --early-stopping 20 or fewer neurons would help",
        )
