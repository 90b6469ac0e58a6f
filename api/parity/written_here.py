"""Whether a header is what this very program writes of a network, so that it may be compiled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlp_edge.errors import MlpEdgeError
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.integers.quantised_file import SUFFIX, read_parameters
from mlp_edge.mlp import Mlp
from mlp_edge.reading import read_file
from mlp_edge.runtime.verify import named_dtype


def written_here(header: Path, mlp: Mlp, held: AsymmetricNetwork | None = None) -> bool:
    """Whether exporting the network again gives the same bytes.

    Args:
        header: NAME.h in one file; of integers, NAME_int8.json stands beside it.
        mlp: the network.
        held: the integers that a stranger's file holds, which NAME.h may be of as well.
    """
    from mlp_edge.export.c import EXPORTER, asymmetric
    from mlp_edge.export.c.page import single

    dtype, named = named_dtype(header.name), replace(mlp, name=header.stem)
    try:
        content = read_file(header)
        if held is not None and single(asymmetric.page(named, held)) == content:
            return True
        if dtype is None:
            return EXPORTER.export(named) == content
        quantised = read_parameters(header.with_suffix(SUFFIX)).quantised
        return EXPORTER.integers[dtype](named, quantised) == content
    except (MlpEdgeError, KeyError):
        return False
