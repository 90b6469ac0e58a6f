"""Folds and trials on Ray: the same networks, whoever fits them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlp_edge
from mlp_edge.data.reading.size import read_size
from mlp_edge.errors import RecipeError
from mlp_edge.training.cluster import in_turn, on_ray
from mlp_edge.training.plan import Plan
from mlp_edge.training.streaming.parallel import averaged
from mlp_edge.training.streaming.program import State

QUICK: dict[str, Any] = {"epochs": 4, "recipe": "tutorial", "batch_size": 50}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray on this machine, with two workers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_pieces_come_back_in_their_order_and_failures_as_they_are() -> None:
    sizes = [f"{size}K" for size in range(1, 10)]
    with on_ray(None) as each:
        assert list(each(sizes, read_size)) == list(in_turn(sizes, read_size))
        with pytest.raises(RecipeError, match=r"^`max_bytes` takes bytes.*got 'much'$"):
            list(each(["4K", "much", "more"], read_size))


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("settings", [{"tune": 3, "cv": 2}, {"cv": 3}])
def test_a_search_and_a_cross_validation_end_as_without_ray(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    for engine in ("local", "ray"):
        mlp_edge.train("iris", out=tmp_path / engine, engine=engine, **QUICK, **settings)
    names = {path.name for path in (tmp_path / "local").iterdir()}
    assert ("tuning.csv" in names) == ("tune" in settings)
    for name in names:
        local, ray = ((tmp_path / engine / name).read_bytes() for engine in ("local", "ray"))
        assert local == ray, name


def noisy_csv(rows: int) -> str:
    """A class that follows from two of three columns, but for noise."""
    random = np.random.default_rng(1)
    x = random.normal(size=(rows, 3))
    y = x[:, 0] - x[:, 1] + random.normal(size=rows) > 0
    cells = ("{:.3f},{:.3f},{:.3f},{:d}".format(*row, of) for row, of in zip(x, y, strict=True))
    return "\n".join(["a,b,c,y", *cells]) + "\n"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of four blocks of training rows."""
    path = tmp_path_factory.mktemp("events") / "events.csv"
    path.write_text(noisy_csv(6000))
    return path


BLOCKS: dict[str, Any] = {"block_rows": 1000, "epochs": 12, "recipe": "tutorial", "dropout": 0.1}


@pytest.mark.trains
def test_workers_score_within_a_standard_error_of_one(events: Path, tmp_path: Path) -> None:
    scores = {}
    for workers in (1, 2):
        place = tmp_path / str(workers)
        model = mlp_edge.train(events, out=place, stream=True, workers=workers, **BLOCKS)
        scores[workers] = model.training.scores["test"]["mlp"]["accuracy"]
    error = (scores[1] * (1 - scores[1]) / 1200) ** 0.5
    assert abs(scores[1] - scores[2]) < error
    notes = [each.says for each in model.training.findings if each.kind == "stream"]
    assert "2 workers learn from a block each" in notes[0]


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_workers_on_ray_give_the_bytes_of_workers_in_turn(events: Path, tmp_path: Path) -> None:
    for engine in ("local", "ray"):
        mlp_edge.train(events, out=tmp_path / engine, workers=2, engine=engine, **BLOCKS)
    for path in (tmp_path / "local").iterdir():
        assert path.read_bytes() == (tmp_path / "ray" / path.name).read_bytes(), path.name


def test_a_round_of_one_is_what_the_worker_came_to() -> None:
    def state(value: float, count: int, tally: float) -> State:
        numbers = [np.array([value, 1.0], np.float32)]
        return State(numbers, [np.array(count, np.int64)], [np.array(tally, np.float32)])

    start, end, other = state(1, 10, 5), state(1.1, 14, 2), state(3.1, 11, 1)
    alone = averaged(start, [end], [4])
    assert alone.numbers[0].tobytes() == end.numbers[0].tobytes()
    assert (alone.counters[0], alone.tally[0]) == (14, 7)
    both = averaged(start, [end, other], [3, 1])
    assert both.numbers[0] == pytest.approx([1.6, 1.0])
    assert (both.counters[0], both.tally[0]) == (15, 8)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"engine": "ray", "tune": 3, "fit": "uno"}, "measures each network in this process"),
        ({"engine": "spark"}, "`engine='spark'` is not one of local, ray"),
        ({"engine": "ray"}, "the blocks of a stream with `workers=2`"),
        ({"workers": 2, "stream": False}, "`workers=2` learn from blocks"),
        ({"address": "auto", "cv": 3}, "`address` takes `engine='ray'`"),
        ({"engine": "ray", "cv": 3, "strategy": "mirrored", "device": "gpu"}, "contradict"),
    ],
)
def test_what_ray_is_not_for_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        Plan(**settings)
