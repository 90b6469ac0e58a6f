"""A few of the spoilt tables of ``fuzz_tables.py``, which is run by hand for ten thousand."""

from fuzz_tables import fuzz


def test_a_spoilt_table_is_read_or_refused_and_nothing_else():
    answers = fuzz(60, seed=1_000_000)
    assert answers["read"] >= 5
    assert answers["refused"] >= 5
