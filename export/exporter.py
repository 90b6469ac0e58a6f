"""The shape of an exporter.

To add a format: (1) write export/NAME.py with a function ``Mlp -> bytes`` and an ``EXPORTER``
record, (2) list it in export/__init__.py. The smallest one to copy is export/c.py. The command
line, the parity suite and the tests take it from the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlp_edge.mlp import Mlp


@dataclass(frozen=True)
class Exporter:
    """One file format.

    Attributes:
        name: what ``--format`` takes.
        suffix: of the file, with the dot.
        needs: the extra that has to be installed (``train``), or None.
        export: a pure function of the model: same Mlp, same bytes; writes and prints nothing.
    """

    name: str
    suffix: str
    needs: str | None
    export: Callable[[Mlp], bytes]
