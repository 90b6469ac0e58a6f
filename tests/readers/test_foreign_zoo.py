"""Some of the networks that tests/foreign_zoo.py draws, in every way that they are saved."""

from __future__ import annotations

from typing import Any

import pytest
from foreign_zoo import KINDS, tried


@pytest.mark.parametrize("seed", [3, 9, 14, 96])
def test_a_network_of_others_is_read_right(keras: Any, seed: int) -> None:
    """Layer normalisation, several inputs, log_softmax, an activation of readings; one exported."""
    verdicts = list(tried(seed, KINDS, exports=seed == 9))
    assert [kind for kind, verdict, _ in verdicts if verdict == "right"] == list(KINDS), verdicts
