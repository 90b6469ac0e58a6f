"""Simulated chips for tests: there, or missing only where that is allowed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mlp_edge.card import Card
from mlp_edge.runtime import CHIPS, Chip
from mlp_edge.runtime.c import Header
from support.networks import network

every_chip = pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.target.name)
BY_NAME = {chip.target.name: chip for chip in CHIPS}


def require(chip: Chip) -> Chip:
    """Skip the test where compiler or simulator are missing; fail it where CI=true."""
    remedy = chip.missing()
    if remedy:
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    return chip


def compiler_version(chip: Chip) -> str:
    """Such as ``avr-gcc 5.4.0``."""
    command = [chip.target.compiler, "-dumpfullversion", "-dumpversion"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return f"{chip.target.compiler} {said.split()[0]}"


def header_around(body: str, inputs: int = 8) -> Header:
    """A header whose function does what a test wants it to."""
    text = f"static inline void net_predict(const float *x, float *y)\n{{\n{body}\n}}\n"
    return Header(Path("net.h"), text, Card.of(network()), inputs, 1)
