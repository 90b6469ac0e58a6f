"""What all packages have in common: bytes, checksum, terms, names."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from specimens import load
from support.networks import network
from support.packages import KINDS, library, packed, unpacked

from mlp_edge.errors import ModelError
from mlp_edge.export.c import export_split
from mlp_edge.export.packages.lamp import lamp
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import checksum_error

TERMS = (Path(__file__).parents[3] / "LICENSES" / "MIT-0.txt").read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_one_sealed_file_and_the_same_each_time(kind: str) -> None:
    package = packed(kind, load("pima"))
    assert package == packed(kind, load("pima"))
    assert checksum_error(package) is None
    place = package.index(b"sigmoid")
    assert checksum_error(package[:place] + b"S" + package[place + 1 :]) is not None
    assert checksum_error(package[:-1]) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_models_share_the_kernels_and_keep_their_headers(kind: str, tmp_path: Path) -> None:
    folder = unpacked(packed(kind, load("pima"), load("iris"), load("sine")), tmp_path)
    assert len(list(folder.rglob("mlp_edge_kernels.h"))) == 1
    for name in ("pima", "iris", "sine"):
        [header] = folder.rglob(f"{name}.h")
        content = header.read_bytes()
        assert checksum_error(content) is None
        assert f"mlp-edge export --package {kind} --name {name}\n".encode() in content
        [source] = folder.rglob(f"{name}.c")
        alone = export_split(load(name))[f"{name}.c"]
        assert _without_command(source.read_bytes()) == _without_command(alone)


def _without_command(source: bytes) -> bytes:
    return re.sub(rb"mlp-edge export .*", b"", source)


@pytest.mark.parametrize("kind", KINDS)
def test_the_terms_stand_in_every_file(kind: str, tmp_path: Path) -> None:
    folder = unpacked(packed(kind, load("pima")), tmp_path)
    assert (folder / "LICENSE").read_text().endswith(TERMS)
    without_comments = {"library.properties", "library.json"}
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in without_comments:
            text = path.read_text("ascii")
            assert "SPDX-License-Identifier: MIT-0\n" in text, path
            assert "Copyright" in text or "SPDX-FileCopyrightText" in text, path
    assert "are yours" in (folder / "README.md").read_text()
    assert "Not tried" in (folder / "README.md").read_text()


def test_a_name_that_something_else_has_there() -> None:
    for name in ("servo", "wire", "arduino_1"):
        with pytest.raises(ModelError, match=rf"`name='my_{name}'` would do"):
            packed("arduino", network(name=name))
    with pytest.raises(ModelError, match=r"'servo' cannot name .*: its servo.h .*; another name"):
        packed("arduino", network(), network(name="servo"))


def test_tables_that_no_avr_can_read_are_said_to_be(tmp_path: Path) -> None:
    models = [network((40, 200, 60, 1), name="wide"), network()]
    said = "wide: not for an Uno or another AVR: 81604 bytes of tables; an AVR reads 65536 bytes"
    for kind in KINDS:
        [*remarks] = KINDS[kind].remarks(library(kind, models))
        if kind in ("arduino", "platformio"):
            assert len(remarks) == 1
            assert remarks[0].startswith(said)
            folder = unpacked(packed(kind, *models), tmp_path / kind)
            assert f"**{remarks[0]}.**" in (folder / "README.md").read_text()
        else:
            assert remarks == []


@pytest.mark.parametrize(
    "mlp",
    [load("pima"), load("iris"), load("sine"), network((3, 4, 2), task="regression")],
    ids=lambda mlp: mlp.name,
)
def test_the_led_changes_between_the_two_rows(mlp: Mlp) -> None:
    assert lamp(mlp).does == "blinks"


def test_an_led_that_never_changes_is_said_to_stay() -> None:
    mlp = network((2, 3, 1), threshold=np.float32(0))
    assert lamp(mlp).does == "stays on"
    assert lamp(network((2, 3, 1), threshold=np.float32(1))).does == "stays off"
