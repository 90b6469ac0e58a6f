"""Whether a header is what this very program writes of a network, so that it may be compiled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlp_edge.errors import MlpEdgeError
from mlp_edge.integers.quantised_file import SUFFIX, read_parameters
from mlp_edge.mlp import Mlp
from mlp_edge.reading import read_file
from mlp_edge.runtime.verify import named_dtype


def written_here(header: Path, mlp: Mlp) -> bool:
    """Whether exporting the network again gives the same bytes.

    Args:
        header: NAME.h in one file; of integers, NAME_int8.json stands beside it.
        mlp: the network.
    """
    from mlp_edge.export.c import EXPORTER

    dtype, named = named_dtype(header.name), replace(mlp, name=header.stem)
    try:
        content = read_file(header)
        if dtype is None:
            return EXPORTER.export(named) == content
        quantised = read_parameters(header.with_suffix(SUFFIX)).quantised
        return EXPORTER.integers[dtype](named, quantised) == content
    except (MlpEdgeError, KeyError):
        return False
