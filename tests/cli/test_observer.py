"""What the command line prints of a workflow that runs."""

from __future__ import annotations

import pytest

from mlp_edge.cli.printing.observer import Printing
from mlp_edge.finding import Finding
from mlp_edge.training.search.trials import Trial

TRIAL = Trial(0, (12, 8), None, 0.0, 0.0, False, 221, (0.5, 0.7))


def follow(observer: Printing) -> None:
    observer.found([Finding("id", "column 'id' is left out", ("id",))])
    observer.resumed(1)
    observer.tried(TRIAL, TRIAL, 2)
    with observer.step("thinking") as say, observer.fits() as stage:
        say("thinking on")
        stage("training: epoch", 1)(1, {"loss": 0.25})


def test_who_watches_sees_warnings_trials_and_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Printing())
    printed = capsys.readouterr()
    assert not printed.out
    assert "warning: column 'id' is left out\n" in printed.err
    assert "going on with an interrupted search after 1 trial\n" in printed.err
    assert "12-8" in printed.err
    assert "training: epoch 1 of 1, loss 0.25\n" in printed.err


def test_who_is_left_in_peace_is_warned_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    follow(Printing(quiet=True))
    assert capsys.readouterr().err == "warning: column 'id' is left out\n"
