"""A search ends the same however often it was interrupted, and its best is no worse than its start.

Networks are judged by a formula: what is tested is the search.
"""

from __future__ import annotations

import csv
import io
import json
import math
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlp_edge.errors import InputError, MissingError, RecipeError
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.search import search_space as space_module
from mlp_edge.training.search.search_space import drawn, firsts, nearest, parameters, search_space
from mlp_edge.training.search.trials import (
    Trial,
    Tuned,
    best_of,
    discard,
    recipe_with,
    tune,
    tuning_csv,
)
from mlp_edge.training.search.tuning_journal import has_trials

ALL = frozenset({"hidden", "learning_rate", "dropout", "l2", "batch_normalization"})
TRIALS = 14
in_a_directory = settings(max_examples=25, suppress_health_check=list(HealthCheck))


def bowl(recipe: Recipe) -> list[float]:
    """A score whose least value is inside the space, on four folds."""
    rate = math.log((recipe.learning_rate or 0.001) / 0.005)
    size = math.log(sum(recipe.hidden or (1,)) / 40)
    strength = math.log10(recipe.l2 or 1e-7) + 4
    score = rate**2 + size**2 + abs(recipe.dropout - 0.15) + strength**2 / 9
    return [score - recipe.batch_normalization / 7 + fold / 50 for fold in range(4)]


def search(journal: Path, judge: Callable[[Recipe], Sequence[float]] = bowl, **options: Any) -> Any:
    """Tune with defaults for everything that a test does not care about."""
    given = {
        "recipe": Recipe(), "task": "binary", "inputs": 8, "outputs": 1, "trials": TRIALS,
        "fingerprint": "rows", "tell": lambda *_: None,
    }  # fmt: skip
    return tune(**{**given, "judge": judge, "journal": journal, **options})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tuned, bytes]:
    """A search that nobody interrupted, and its journal."""
    journal = tmp_path_factory.mktemp("whole") / "journal"
    return search(journal), journal.read_bytes()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def refused(kind: type[Exception], action: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    return message


# What is tried


def test_the_first_trials_are_the_recipe_and_the_linear_network(whole: tuple[Tuned, bytes]) -> None:
    tuned, _ = whole
    first, second = tuned.trials[:2]
    assert (first.number, first.hidden, first.learning_rate) == (0, (12, 8), None)
    assert (second.number, second.hidden, second.dropout) == (1, (), 0.0)
    assert recipe_with(Recipe(), first) == Recipe()
    assert recipe_with(Recipe(), second) == Recipe(hidden=())
    assert (first.parameters, second.parameters) == (221, 9)


def test_the_best_is_judged_by_its_own_recipe(whole: tuple[Tuned, bytes]) -> None:
    tuned, _ = whole
    assert len(tuned.trials) == TRIALS
    assert list(tuned.best.folds) == bowl(tuned.recipe)
    assert tuned.best.score == min(trial.score for trial in tuned.trials)  # type: ignore[type-var]
    assert tuned.best.number > 1  # the formula's least value is far from both
    assert replace(tuned.recipe, **dict.fromkeys(["dropout", "l2"], 0.0)).epochs == Recipe().epochs
    assert tuned.metric == "log_loss"


def test_a_regression_is_scored_by_its_error(journal: Path) -> None:
    assert search(journal, task="regression", trials=1).metric == "rmse"


def test_later_trials_learn_from_earlier_ones(tmp_path: Path) -> None:
    guided, blind = [], []
    for seed in range(3):
        recipe = Recipe(seed=seed)
        tuned = search(tmp_path / f"{seed}", recipe=recipe, trials=40)
        scores = [trial.score for trial in tuned.trials if trial.score is not None]
        blind += scores[2:10]
        guided += scores[-8:]
    assert sorted(guided)[len(guided) // 2] < sorted(blind)[len(blind) // 2]


def test_no_network_is_tried_twice(tmp_path: Path) -> None:
    for number, fixed in enumerate([ALL - {"hidden"}, ALL - {"dropout"}, ALL - {"l2"}]):
        seen: list[Recipe] = []

        def judge(recipe: Recipe, seen: list[Recipe] = seen) -> list[float]:
            seen.append(recipe)
            return bowl(recipe)

        search(tmp_path / str(number), judge, fixed=fixed, trials=20)
        assert len(seen) == len(set(seen)) > 2


def test_a_search_ends_when_everything_was_tried(journal: Path) -> None:
    tuned = search(journal, fixed=ALL - {"batch_normalization"})
    assert [trial.batch_normalization for trial in tuned.trials] == [False, True]
    again = search(journal, fixed=ALL - {"batch_normalization"})
    assert again == tuned


@given(
    depth=st.integers(0, 3), width=st.integers(0, 8), fall=st.integers(0, 2),
    rate=st.floats(3e-4, 3e-2), dropout=st.integers(-4, 10), l2=st.floats(1e-8, 1e-1),
    normalised=st.booleans(),
)  # fmt: skip
def test_a_draw_can_be_typed_and_is_nearest_to_itself(
    depth: int, width: int, fall: int, rate: float, dropout: int, l2: float, normalised: bool
) -> None:
    draw = {
        "depth": depth, "width": width, "fall": fall, "learning_rate": rate, "dropout": dropout,
        "l2": l2, "batch_normalization": normalised,
    }  # fmt: skip
    recipe = drawn(Recipe(), draw)
    assert len(recipe.hidden) == depth
    assert list(recipe.hidden) == sorted(recipe.hidden, reverse=True)
    assert all(4 <= neurons <= 64 for neurons in recipe.hidden)
    assert recipe.dropout in [step / 20 for step in range(11)]
    assert recipe.learning_rate == float(f"{rate:.2g}")
    assert (recipe.l2 == 0) == (l2 < 1e-6)
    space = search_space(Recipe(), frozenset())
    again = nearest(recipe, space)
    assert all(space[name]._contains(space[name].to_internal_repr(again[name])) for name in space)
    assert drawn(Recipe(), again) == recipe


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(hidden=(500, 400, 300, 200, 100), learning_rate=1.0, dropout=0.9, l2=100.0),
        Recipe(hidden=(1, 1000), learning_rate=1e-9, dropout=0.01, l2=1e-30, optimizer="sgd"),
        Recipe(hidden=()),
    ],
)
def test_a_recipe_outside_the_space_is_tried_as_it_is(recipe: Recipe, journal: Path) -> None:
    tuned = search(journal, recipe=recipe)
    assert recipe_with(recipe, tuned.trials[0]) == recipe
    assert len(tuned.trials) == TRIALS
    assert search(journal, recipe=recipe) == tuned


@given(fixed=st.sets(st.sampled_from(sorted(ALL)), max_size=4), linear=st.booleans())
@in_a_directory
def test_what_was_typed_is_kept(
    fixed: set[str], linear: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recipe = Recipe(learning_rate=0.123, l2=0.456)
    if linear:
        recipe = replace(recipe, hidden=())
    else:
        recipe = replace(recipe, hidden=(7, 5), dropout=0.33, batch_normalization=True)
    place = tmp_path_factory.mktemp("kept") / "journal"
    if linear and {"hidden", "learning_rate", "l2"} <= fixed:
        with pytest.raises(RecipeError, match="nothing left to search"):
            search(place, recipe=recipe, fixed=frozenset(fixed))
        return
    tuned = search(place, recipe=recipe, fixed=frozenset(fixed))
    assert len(tuned.trials) > 2 or fixed >= ALL - {"batch_normalization"}
    for trial in tuned.trials:
        found = recipe_with(recipe, trial)
        for name in fixed:
            if found.hidden or name not in ("dropout", "batch_normalization"):
                assert getattr(found, name) == getattr(recipe, name)
    for name in ALL - fixed:
        if recipe.hidden or "hidden" not in fixed or name in ("learning_rate", "l2"):
            assert len({getattr(recipe_with(recipe, trial), name) for trial in tuned.trials}) > 1


def test_hidden_layers_that_were_typed_have_no_linear_trial() -> None:
    assert firsts(Recipe(), frozenset({"hidden"})) == (Recipe(),)
    assert firsts(Recipe(hidden=()), frozenset()) == (Recipe(hidden=()),)


def test_nothing_left_to_search(journal: Path) -> None:
    message = refused(RecipeError, lambda: search(journal, fixed=ALL))
    assert "`hidden`, `learning_rate`, `dropout`, `l2` and `batch_normalization`" in message
    assert not journal.exists()


def test_steps_of_one_row_are_not_normalised(journal: Path) -> None:
    tuned = search(journal, recipe=Recipe(batch_size=1))
    assert not any(trial.batch_normalization for trial in tuned.trials)


def test_parameters_are_those_of_dense_layers() -> None:
    assert parameters(8, (12, 8), 1) == 8 * 12 + 12 + 12 * 8 + 8 + 8 + 1
    assert parameters(4, (), 3) == 15


# Scores


def trial(number: int, hidden: tuple[int, ...], folds: tuple[float, ...]) -> Trial:
    return Trial(number, hidden, 0.01, 0.0, 0.0, False, parameters(4, hidden, 1), folds)


def test_of_equal_scores_the_smaller_network_wins() -> None:
    trials = [trial(0, (64,), (1.0, 3.0)), trial(1, (8,), (2.0, 2.0)), trial(2, (8,), (2.0, 2.0))]
    assert best_of(trials) == trials[1]
    assert best_of([trial(0, (), ())]) is None


def test_the_smallest_within_one_standard_error() -> None:
    best = trial(0, (64, 64), (1.0, 1.1, 1.2, 1.3))  # mean 1.15, standard error 0.0645
    near, far = trial(1, (8,), (1.21,) * 4), trial(2, (4,), (1.22,) * 4)
    failed = trial(3, (), ())
    tuned = Tuned((best, near, far, failed), best, Recipe(hidden=(64, 64)), "rmse")
    assert tuned.smallest == near
    assert best.deviation == pytest.approx(0.12909944)
    alone = trial(0, (64,), (1.0,))
    assert alone.deviation == 0
    assert Tuned((alone, near), alone, Recipe(), "rmse").smallest == alone


def test_what_diverges_has_no_score_and_the_search_goes_on(journal: Path) -> None:
    def judge(recipe: Recipe) -> list[float]:
        if recipe.learning_rate is None:
            raise RecipeError("the training diverged: the loss is nan")
        return [math.inf, 1.0] if recipe.learning_rate > 0.01 else bowl(recipe)

    told: list[tuple[Trial, Trial | None, int]] = []
    tuned = search(journal, judge, tell=lambda *said: told.append(said))
    assert [one.number for one, _, _ in told] == list(range(TRIALS))
    assert {total for _, _, total in told} == {TRIALS}
    assert [best for _, best, _ in told[:2]] == [None, None]
    assert told[-1][1] == tuned.best
    failed = [one for one in tuned.trials if one.score is None]
    assert len(failed) > 2  # both that have no rate, and at least one of a high rate
    assert all(one.deviation is None and one.failure for one in failed)
    assert failed[0].failure == "the training diverged: the loss is nan"
    assert tuned.to_dict()["failed"] == len(failed)
    assert search(journal, refuse) == tuned


def refuse(recipe: Recipe) -> list[float]:
    raise AssertionError(f"{recipe} was judged, and stands in the journal")


def test_when_everything_diverges_the_reason_of_the_smallest_is_given(journal: Path) -> None:
    def judge(recipe: Recipe) -> list[float]:
        raise RecipeError(f"diverged with {len(recipe.hidden)} hidden layers")

    for judge_again in (judge, refuse):
        message = refused(
            RecipeError, lambda judge=judge_again: search(journal, judge, trials=4)
        )  # fmt: skip
        assert "no network could be scored; the smallest, of 9 weights: " in message
        assert "diverged with 0 hidden layers" in message


# Interrupts


@pytest.mark.parametrize("interrupts", [(0,), (1,), (2,), (9, 9), (3, 7, 13)])
def test_an_interrupted_search_ends_as_one_that_was_not(
    interrupts: tuple[int, ...], journal: Path, whole: tuple[Tuned, bytes]
) -> None:
    done: list[int] = []
    for stop in interrupts:

        def judge(recipe: Recipe, stop: int = stop) -> list[float]:
            if len(done) == stop:
                raise KeyboardInterrupt
            return bowl(recipe)

        with pytest.raises(KeyboardInterrupt):
            search(journal, judge, tell=lambda one, *_: done.append(one.number))
    read: list[int] = []
    tuned = search(
        journal, tell=lambda one, *_: done.append(one.number), resumed=read.append
    )  # fmt: skip
    assert tuned == whole[0]
    assert read == [stop for stop in interrupts[-1:] if stop]
    assert done == list(range(TRIALS))  # each told once


@given(share=st.floats(0, 1))
@example(share=0.0)
@example(share=1.0)
@in_a_directory
def test_a_journal_cut_anywhere_is_gone_on_with(
    share: float, tmp_path_factory: pytest.TempPathFactory, whole: tuple[Tuned, bytes]
) -> None:
    tuned, content = whole
    place = tmp_path_factory.mktemp("cut") / "journal"
    left = content[: round(share * len(content))]
    place.write_bytes(left)
    read: list[int] = [0]
    assert search(place, resumed=read.append) == tuned
    assert read[-1] == max(0, left.count(b"\n") - 1)


def test_a_killed_search_ends_as_one_that_was_not(
    tmp_path: Path, whole: tuple[Tuned, bytes]
) -> None:
    place = tmp_path / "journal"
    script = f"""
import os, signal, sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from pathlib import Path
from test_tuning import bowl, search
told = []
def judge(recipe):
    if len(told) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return bowl(recipe)
search(Path({str(place)!r}), judge, tell=lambda one, *_: told.append(one))
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal"]
    read: list[int] = []
    assert search(place, resumed=read.append) == whole[0]
    assert read == [5]


def test_a_longer_search_begins_as_a_shorter_one(journal: Path, whole: tuple[Tuned, bytes]) -> None:
    short = search(journal, trials=11)
    assert short.trials == whole[0].trials[:11]
    assert search(journal) == whole[0]
    assert search(journal, refuse, trials=11) == short
    assert search(journal, trials=2).trials == short.trials[:2]


def test_another_seed_draws_other_networks(journal: Path, whole: tuple[Tuned, bytes]) -> None:
    other = search(journal, recipe=Recipe(seed=1))
    networks = [{one.to_dict()["learning_rate"] for one in t.trials} for t in (other, whole[0])]
    assert networks[0] != networks[1]


def test_nothing_but_the_journal_is_written(journal: Path) -> None:
    found: set[tuple[str, ...]] = set()

    def judge(recipe: Recipe) -> list[float]:
        found.add(tuple(entry.name for entry in journal.parent.iterdir()))
        return bowl(recipe)

    search(journal, judge)
    assert found == {("journal",)}
    discard(journal)
    assert list(journal.parent.iterdir()) == []
    discard(journal)  # nothing there is fine


def test_nothing_is_said(journal: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(journal)
    assert capfd.readouterr() == ("", "")


# Journals that are not this search's


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "other rows"},
        {"recipe": Recipe(epochs=151)},
        {"inputs": 9},
        {"fixed": frozenset({"hidden"})},
        {"task": "regression"},
    ],
    ids=["rows", "recipe", "inputs", "fixed", "task"],
)
def test_the_journal_of_another_search_is_refused(change: dict[str, Any], journal: Path) -> None:
    search(journal, trials=3)
    before = journal.read_bytes()
    message = refused(InputError, lambda: search(journal, refuse, **change))
    assert message.startswith(f"{journal}: holds the trials of another search")
    assert "`force=True`" in message
    assert "removing the file" in message
    assert journal.read_bytes() == before
    told: list[int] = []
    search(journal, trials=3, afresh=True, tell=lambda one, *_: told.append(one.number), **change)
    assert told == [0, 1, 2]
    search(journal, refuse, trials=3, **change)


def test_afresh_goes_on_with_the_same_search(journal: Path) -> None:
    tuned = search(journal)
    assert search(journal, refuse, afresh=True) == tuned


def test_two_searches_at_once_are_refused(journal: Path) -> None:
    def judge(recipe: Recipe) -> list[float]:
        return list(search(journal, bowl, afresh=True).best.folds)

    message = refused(InputError, lambda: search(journal, judge))
    assert "another search is writing to it" in message


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\n1,0.5\n",
        b"no newline",
        b"\x00\xff\n",
        b'{"op_code":0,\n',
        b'{"op_code":0,"worker_id":"a","study_name":"somebody\'s","directions":[1]}\n',
        b'{"op_code":0,"worker_id":"a"}\n',
    ],
    ids=["table", "text", "bytes", "half", "study", "keys"],
)
def test_what_is_no_journal_is_refused_and_left_alone(content: bytes, journal: Path) -> None:
    journal.write_bytes(content)
    message = refused(InputError, lambda: search(journal, refuse))
    assert message.startswith(f"{journal}: ")
    assert "`force=True` starts anew" in message
    assert journal.read_bytes() == content


def test_what_is_no_file_is_no_journal(journal: Path) -> None:
    journal.symlink_to("/dev/zero")
    assert not has_trials(journal)
    assert "no regular file" in refused(InputError, lambda: search(journal, refuse))
    journal.unlink()
    with journal.open("wb") as holes:
        holes.truncate(10 * 2**30)
    assert not has_trials(journal)
    assert "are the limit" in refused(InputError, lambda: search(journal, refuse))


@given(data=st.data())
@in_a_directory
def test_a_damaged_journal_is_refused_in_a_sentence(
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[Tuned, bytes],
) -> None:
    content = bytearray(whole[1])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    place = tmp_path_factory.mktemp("damaged") / "journal"
    place.write_bytes(content)
    said = ""
    try:
        assert len(search(place).trials) == TRIALS  # a time of day may be damaged without harm
    except InputError as error:
        said = str(error)
    if said:
        assert said.startswith(f"{place}: ")
        assert "\n" not in said
        assert search(place, afresh=True) == whole[0]


@pytest.mark.parametrize("line", [1, 4, TRIALS - 1])
def test_a_journal_without_one_of_its_lines(
    line: int, journal: Path, whole: tuple[Tuned, bytes]
) -> None:
    lines = whole[1].splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    assert "damaged" in refused(InputError, lambda: search(journal, refuse))


def test_a_score_that_was_changed_is_noticed(journal: Path, whole: tuple[Tuned, bytes]) -> None:
    lines = whole[1].splitlines()
    changed = json.loads(lines[3])
    changed["user_attrs"]["folds"][0] -= 1
    lines[3] = json.dumps(changed, separators=(",", ":")).encode()
    journal.write_bytes(b"\n".join(lines) + b"\n")
    assert "contradicts itself" in refused(InputError, lambda: search(journal, refuse))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    message = refused(InputError, lambda: search(tmp_path, refuse))
    assert message.startswith(f"{tmp_path}: no regular file, where the journal of a search belongs")
    for place in (tmp_path / "missing" / "journal", tmp_path / ("x" * 300)):
        message = refused(InputError, lambda place=place: search(place, refuse))  # type: ignore[misc]
        assert message.startswith(f"{place}: cannot be written (")
    with pytest.raises(InputError, match="cannot be removed"):
        discard(tmp_path)


def test_without_optuna(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    message = refused(MissingError, lambda: search(journal))
    assert "pip install 'mlp-edge[tune]'" in message
    assert not journal.exists()


# What is kept


def test_the_table_of_trials(whole: tuple[Tuned, bytes]) -> None:
    tuned, _ = whole
    rows = list(csv.DictReader(io.StringIO(tuning_csv(tuned).decode())))
    assert list(rows[0]) == list(tuned.best.to_dict())
    assert [int(row["number"]) for row in rows] == list(range(TRIALS))
    assert [float(row["score"]) for row in rows] == [one.score for one in tuned.trials]
    assert (rows[0]["hidden"], rows[0]["learning_rate"]) == ("12,8", "")
    assert rows[1]["hidden"] == "none"


def test_the_dictionary_of_a_search_is_plain(whole: tuple[Tuned, bytes]) -> None:
    kept = json.loads(json.dumps(whole[0].to_dict()))
    assert kept == whole[0].to_dict()
    assert (kept["metric"], kept["folds"], kept["trials"]) == ("log_loss", 4, TRIALS)
    assert kept["best"]["hidden"] == list(whole[0].best.hidden)


def test_the_widths_suit_a_chip() -> None:
    assert space_module.WIDTHS[0] == 4
    assert space_module.WIDTHS[-1] == 64
