"""The suite is able to fail: faults planted in every format turn PASS into FAIL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.networks import as_float32, network, readings

from mlp_edge.card import Card
from mlp_edge.export import EXPORTERS
from mlp_edge.feature import Feature
from mlp_edge.mlp import Mlp, Scaling
from mlp_edge.parity.compare import Expected, compare, expect
from mlp_edge.parity.diagnose import differences, likely_cause
from mlp_edge.parity.faults import Fault, faults
from mlp_edge.parity.rows import stress_rows
from mlp_edge.proof.accuracy import ANY
from mlp_edge.reference import distance, predict
from mlp_edge.runtime import RUNTIMES, Runtime

FORMATS = [exporter.name for exporter in EXPORTERS]
LEAST_KINDS = 12

NETWORKS: dict[str, Callable[[], Mlp]] = {
    "pima": lambda: network((8, 12, 8, 1), "relu", "binary"),
    "iris": lambda: network((4, 10, 10, 3), "tanh", "multiclass"),
    "raw readings in thousands": lambda: in_thousands(),
}


def in_thousands() -> Mlp:
    """A regression on unscaled readings in thousands, whose first weights are small."""
    mlp = network((6, 10, 10, 2), "relu", "regression", standardised=False)
    first = mlp.layers[0]
    small = replace(first, weights=(first.weights * np.float32(1e-4)).astype(np.float32))
    features = tuple(Feature(feature.name, 1000.0, 9000.0) for feature in mlp.features)
    return replace(mlp, features=features, layers=(small, *mlp.layers[1:]))


def expected(mlp: Mlp) -> Expected:
    """The reference stands in for the original, so that no TensorFlow model is needed."""
    sample = readings(mlp, 100)
    rows = np.vstack([sample, stress_rows(mlp, sample)])
    return expect(mlp, rows, lambda rows: as_float32(predict(mlp, rows)))


def plantable(mlp: Mlp) -> Iterator[Fault]:
    """The faults that move an answer by more than twice its bound somewhere."""
    wanted = expected(mlp)
    limit = wanted.bound(ANY)
    for fault in faults(mlp):
        moved = distance(predict(fault.faulty, wanted.rows), wanted.exact)
        if (moved > 2 * limit).any():
            yield fault


def one_of_each_kind(mlp: Mlp) -> dict[str, Fault]:
    """A fault of each kind, in one layer after the other."""
    kinds: dict[str, list[Fault]] = {}
    for fault in plantable(mlp):
        kinds.setdefault(fault.kind, []).append(fault)
    return {kind: found[turn % len(found)] for turn, (kind, found) in enumerate(kinds.items())}


def runtime_of(suffix: str) -> Runtime:
    return next(runtime for runtime in RUNTIMES if runtime.reads == suffix)


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", NETWORKS)
def test_planted_faults_fail_in_numbers(name: str, format_name: str, tmp_path: Path) -> None:
    mlp = NETWORKS[name]()
    wanted = expected(mlp)
    exporter = next(exporter for exporter in EXPORTERS if exporter.name == format_name)
    runtime = runtime_of(exporter.suffix)
    path = tmp_path / f"net{exporter.suffix}"

    path.write_bytes(exporter.export(mlp))
    with runtime.open(path) as opened:
        assert compare(wanted, opened.predict).passed  # the suite is able to pass, too

    planted = one_of_each_kind(mlp)
    assert len(planted) >= LEAST_KINDS
    assert {fault.layer for fault in planted.values()} >= set(range(1, len(mlp.layers) + 1))
    for kind, fault in planted.items():
        path.write_bytes(exporter.export(fault.faulty))
        with runtime.open(path) as opened:
            comparison = compare(wanted, opened.predict)
        assert not comparison.passed, kind
        assert comparison.failure is not None, kind


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_fault_too_small_for_the_numbers_fails_by_its_hash(
    layer: int, format_name: str, tmp_path: Path
) -> None:
    """One weight of the layer is off by one float32: rounding explains all that it moves."""
    mlp = NETWORKS["pima"]()
    changed = mlp.layers[layer - 1].weights.copy()
    changed[0, 0] = np.nextafter(changed[0, 0], np.float32(9))
    layers = list(mlp.layers)
    layers[layer - 1] = replace(layers[layer - 1], weights=changed)
    wanted = expected(mlp)
    exporter = next(exporter for exporter in EXPORTERS if exporter.name == format_name)
    path = tmp_path / f"net{exporter.suffix}"
    path.write_bytes(exporter.export(replace(mlp, layers=tuple(layers))))
    with runtime_of(exporter.suffix).open(path) as opened:
        assert compare(wanted, opened.predict).passed
        assert "exported from other weights" in differences(opened.card, mlp)[0]


def test_weights_with_six_decimals_are_among_the_planted() -> None:
    assert "six decimals" in one_of_each_kind(in_thousands())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_fault_in_every_layer_fails(name: str) -> None:
    """The same without a runtime in between: the comparison alone, for each layer."""
    mlp = NETWORKS[name]()
    wanted = expected(mlp)
    layers = set()
    for fault in plantable(mlp):
        comparison = compare(wanted, lambda rows, bad=fault.faulty: as_float32(predict(bad, rows)))
        assert comparison.failure is not None, (fault.kind, fault.layer)
        layers.add(fault.layer)
    assert layers >= set(range(1, len(mlp.layers) + 1))


@pytest.mark.slow
def test_the_likely_cause_names_the_layer() -> None:
    mlp = NETWORKS["pima"]()
    wanted = expected(mlp)
    for fault in plantable(mlp):
        cause = likely_cause(wanted, lambda rows, bad=fault.faulty: as_float32(predict(bad, rows)))
        assert cause is not None
        if fault.kind in ("bias", "one sign", "six decimals"):
            assert cause == f"layer {fault.layer}: {fault.says}"


@pytest.mark.parametrize(("form", "other"), [("gelu", "gelu_tanh"), ("gelu_tanh", "gelu")])
def test_the_other_gelu_in_every_layer_is_told(form: str, other: str) -> None:
    mlp, wrong = (network((8, 12, 8, 1), activation) for activation in (form, other))
    cause = likely_cause(expected(mlp), lambda rows: as_float32(predict(wrong, rows)))
    assert cause == f"{form} is computed as {other}"


def test_an_unknown_fault_is_not_explained() -> None:
    mlp = NETWORKS["pima"]()
    wanted = expected(mlp)
    assert likely_cause(wanted, lambda rows: np.full((len(rows), 1), 0.25, np.float32)) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda card: replace(card, weights_sha256="0" * 64), "exported from other weights"),
        (lambda card: replace(card, labels=card.labels[::-1]), "its labels are"),
        (lambda card: replace(card, threshold=0.25), "its threshold are"),
        (lambda card: replace(card, features=card.features[::-1]), "its features are"),
        (lambda card: None, "carries no mlp-edge metadata"),
    ],
)
def test_an_artifact_that_describes_itself_wrongly_fails(
    change: Callable[[Card], Card | None], says: str
) -> None:
    mlp = NETWORKS["pima"]()
    assert differences(Card.of(mlp), mlp) == []
    [sentence] = differences(change(Card.of(mlp)), mlp)
    assert says in sentence


def test_a_stale_scaling_of_one_percent_is_seen() -> None:
    mlp = NETWORKS["pima"]()
    assert mlp.scaling is not None
    stale = Scaling(mlp.scaling.mean, mlp.scaling.std * np.float32(1.01))
    wanted = expected(mlp)
    comparison = compare(
        wanted, lambda rows: as_float32(predict(replace(mlp, scaling=stale), rows))
    )
    assert not comparison.passed
