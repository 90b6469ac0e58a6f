"""The parity matrix: every shape of network, in every format, on every runtime."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from support.zoo import FACTORS, Animal, raise_animal, zoo

from mlp_edge.export import EXPORTERS
from mlp_edge.parity.parity import check
from mlp_edge.runtime import HOSTED
from mlp_edge.runtime.originals import own_original

ANIMALS = zoo()


@pytest.mark.slow
@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.name)
def test_every_runtime_agrees_with_keras(animal: Animal, tmp_path: Path) -> None:
    mlp, original, rows = raise_animal(animal, tmp_path)
    artifacts = []
    for exporter in EXPORTERS:
        artifacts.append(tmp_path / f"{mlp.name}{exporter.suffix}")
        artifacts[-1].write_bytes(exporter.export(mlp))
    with own_original(original, mlp) as opened:
        results = check(mlp, opened, rows, artifacts).results
    assert {result.runtime for result in results} == {runtime.name for runtime in HOSTED}
    # Sums of so many terms, and answers that few categories or a clip leave hardly a range: what
    # rounding may do to them can be more than a thousandth of it.
    wide = animal.width == 130 and animal.task == "regression"
    verdicts = {"PASS", "VACUOUS"} if wide or animal.clip else {"PASS"}
    for result in results:
        assert (result.says, result.verdict in verdicts) == ([], True), result


def test_the_zoo_is_pairwise() -> None:
    for one, other in combinations(FACTORS, 2):
        seen = {(getattr(a, one), getattr(a, other)) for a in ANIMALS}
        wanted = {(x, y) for x in FACTORS[one] for y in FACTORS[other]}
        assert wanted <= seen, (one, other)
