"""Places in one array: no two values that are needed at once overlap, and little room is lost."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_edge.export.layout.planner import Life, Plan, planned

LIVES = st.lists(
    st.builds(
        lambda width, first, length: Life(width, first, first + length),
        st.integers(1, 40),
        st.integers(0, 9),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Life], list[list[int]]]:
    """Values, and which of them stand side by side."""
    lives = draw(LIVES)
    order = draw(st.permutations(range(len(lives))))
    ends = sorted(draw(st.sets(st.integers(0, len(lives)), max_size=4)))
    rows = [order[start:end] for start, end in pairwise(ends)]
    return lives, [row for row in rows if len(row) > 1]


def assert_sound(plan: Plan, lives: list[Life], rows: list[list[int]]) -> None:
    ends = [start + life.width for start, life in zip(plan.places, lives, strict=True)]
    assert min(plan.places) >= 0
    assert max(ends) == plan.width
    for one, life in enumerate(lives):
        for other in range(one):
            meet = life.first <= lives[other].last and lives[other].first <= life.last
            apart = ends[one] <= plan.places[other] or ends[other] <= plan.places[one]
            assert apart or not meet
    for row in rows:
        for left, right in pairwise(row):
            assert plan.places[right] == ends[left]


def at_once(lives: list[Life]) -> int:
    """How many numbers are needed at the same time, at most: no array can be smaller."""
    return max(
        sum(life.width for life in lives if life.first <= now <= life.last) for now in range(20)
    )


@given(problems())
@settings(max_examples=300)
def test_values_that_meet_never_overlap(problem: tuple[list[Life], list[list[int]]]) -> None:
    lives, rows = problem
    plan = planned(lives, rows)
    assert_sound(plan, lives, rows)
    assert at_once(lives) <= plan.width <= sum(life.width for life in lives)
    assert planned(lives, rows) == plan


@given(st.lists(st.integers(1, 40), min_size=2, max_size=8))
def test_a_chain_takes_its_widest_neighbours(widths: list[int]) -> None:
    lives = [Life(width, number, number + 1) for number, width in enumerate(widths)]
    plan = planned(lives)
    assert_sound(plan, lives, [])
    assert plan.width == at_once(lives)


def test_a_residual_block_takes_what_it_needs_at_once() -> None:
    # Into the block 16, within it 32 and 16, out of it 16.
    lives = [Life(8, 0, 1), Life(16, 1, 4), Life(32, 2, 3), Life(16, 3, 4), Life(16, 4, 5)]
    assert planned(lives).width == 16 + 32 + 16 == at_once(lives)


def test_a_dense_block_stands_in_one_row() -> None:
    lives = [Life(8, 0, 3), Life(4, 1, 3), Life(4, 2, 3), Life(1, 3, 4)]
    assert planned(lives, [[0, 1, 2]]) == Plan(17, [0, 8, 12, 16])
