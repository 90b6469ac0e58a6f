"""Whether a program is what is written here of a network, so that it may be run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlp_edge.errors import MlpEdgeError
from mlp_edge.integers.asymmetric import AsymmetricNetwork
from mlp_edge.integers.quantised_file import SUFFIX, read_parameters
from mlp_edge.mlp import Mlp
from mlp_edge.reading import read_file
from mlp_edge.runtime.verify import named_dtype


def written_here(path: Path, mlp: Mlp, held: AsymmetricNetwork | None = None) -> bool:
    """Whether exporting the network again gives the same bytes.

    Args:
        path: NAME.h in one file, or a script; of integers, NAME_int8.json stands beside it.
        mlp: the network.
        held: the integers that a stranger's file holds, which NAME.h may be of as well.
    """
    from mlp_edge.export import EXPORTERS
    from mlp_edge.export.c import asymmetric
    from mlp_edge.export.c.page import single

    dtype, named = named_dtype(path.name), replace(mlp, name=path.stem)
    [exporter] = [exporter for exporter in EXPORTERS if exporter.suffix == path.suffix]
    try:
        content = read_file(path)
        if held is not None and single(asymmetric.page(named, held)) == content:
            return True
        if dtype is None:
            return exporter.export(named) == content
        quantised = read_parameters(path.with_suffix(SUFFIX)).quantised
        return exporter.integers[dtype](named, quantised) == content
    except (MlpEdgeError, KeyError):
        return False
