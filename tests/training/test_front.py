"""Which size is chosen for a chip, of candidates whose figures are made up."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mlp_edge.errors import CheckError
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search.front import Candidate, Sized, Taken
from mlp_edge.training.search.search_space import parameters
from mlp_edge.training.search.sizing import LADDER, ladder, of_size


def candidate(score: float, cycles: int, *, over: str = "", complaint: str = "") -> Candidate:
    """Five folds around a score, alike for all candidates: their differences do not vary."""
    folds = tuple(score + fold for fold in (-0.02, -0.01, 0.0, 0.01, 0.02))
    taken = Taken(cycles, 50, cycles, "cycles", cycles / 16e3, (over,) if over else ())
    complaints = (complaint,) if complaint else ()
    return Candidate((cycles,), "int8", cycles, folds, taken, complaints)


def sized(*candidates: Candidate, **budget: float) -> Sized:
    return Sized(candidates, "log_loss", "uno", budget, {}, (0.6, 0.61))


def test_the_best_score_that_fits_is_chosen() -> None:
    cheap, best = candidate(0.5, 100), candidate(0.4, 300)
    beyond = candidate(0.3, 900, over="flash 900 bytes on uno, allowed 500")
    found = sized(beyond, best, cheap)
    assert found.best is best
    assert found.chosen is best
    assert found.front == [cheap, best, beyond]


def test_a_cheaper_one_is_chosen_within_a_standard_error() -> None:
    best = candidate(0.40, 300)
    near = replace(candidate(0.0, 100), folds=(0.36, 0.42, 0.38, 0.44, 0.41))
    differences = [-0.02, 0.03, -0.02, 0.03, -0.01]  # mean 0.002, standard error 0.011
    assert [a - b for a, b in zip(near.folds, best.folds, strict=True)] == pytest.approx(
        differences
    )
    found = sized(best, near)
    assert found.best is best
    assert found.chosen is near
    # The same mean is worse by more than a standard error where every fold says so.
    steady = replace(near, folds=tuple(value + 0.002 for value in best.folds))
    assert sized(best, steady).chosen is best


def test_what_loses_too_much_is_neither_chosen_nor_on_the_front() -> None:
    lossy, exact = candidate(0.3, 100, complaint="9 of 60 labels change"), candidate(0.4, 200)
    found = sized(lossy, exact)
    assert found.chosen is exact
    assert found.front == [exact]


def test_dominated_sizes_are_not_on_the_front() -> None:
    cheap, worse, best = candidate(0.5, 100), candidate(0.6, 200), candidate(0.4, 300)
    too_large = candidate(0.45, 400, over="it does not fit")  # and no better than what fits
    assert sized(worse, best, cheap, too_large).front == [cheap, best]


def test_flash_counts_where_nothing_runs() -> None:
    taken = Taken(400, None, None, "nothing", None)
    large = replace(candidate(0.4, 1), taken=taken)
    small = replace(candidate(0.4, 2), taken=replace(taken, flash=300))
    assert sized(large, small).chosen is small


def test_nothing_fits_says_what_the_smallest_takes() -> None:
    large = candidate(0.3, 900, over="flash 900 bytes on uno, allowed 50")
    small = replace(candidate(0.4, 70, over="flash 70 bytes on uno, allowed 50"), hidden=())
    with pytest.raises(CheckError) as refused:
        _ = sized(large, small, flash=50.0).chosen
    assert str(refused.value) == (
        "nothing fits uno within flash=50: the smallest that was tried, no hidden layer in int8: "
        "flash 70 bytes on uno, allowed 50; a larger chip or budget would do"
    )


def test_what_does_not_fit_once_it_is_trained_is_chosen_no_more() -> None:
    cheap, best = candidate(0.5, 100), candidate(0.4, 300)
    found = sized(cheap, best)
    trained = replace(best.taken, over=("cycles 301 on uno, allowed 300",))
    left = found.without(best, trained)
    assert left.chosen is cheap
    assert left.candidates[1].taken is trained


def test_the_dictionary_is_plain() -> None:
    found = sized(candidate(0.5, 100), candidate(0.4, 300), flash=8192.0)
    kept = json.loads(json.dumps(found.to_dict()))
    assert kept == found.to_dict()
    assert [one["chosen"] for one in kept["candidates"]] == [False, True]
    assert (kept["hidden"], kept["dtype"], kept["budget"]) == ([300], "int8", {"flash": 8192.0})


def test_the_ladder_rises() -> None:
    tried = ladder(Recipe(hidden=(20, 5)), frozenset())
    assert set(tried) == {*LADDER, (20, 5)}
    weights = [parameters(8, hidden, 1) for hidden in tried]
    assert weights == sorted(weights)
    assert (tried[0], tried[-1]) == ((), (64, 32))
    assert ladder(Recipe(hidden=(20, 5)), frozenset({"hidden"})) == ((20, 5),)


def test_no_hidden_layers_take_no_dropout() -> None:
    recipe = Recipe(dropout=0.2, l2=0.1)
    assert of_size(recipe, ()) == Recipe(hidden=(), l2=0.1)
    assert of_size(recipe, (4,)) == Recipe(hidden=(4,), dropout=0.2, l2=0.1)
