"""The shape of an exporter.

To add a format: (1) write export/NAME.py with a function ``Mlp -> bytes`` and an ``EXPORTER``
record, (2) list it in export/__init__.py. The smallest one to copy is export/c/exporter.py. The
command line, the parity suite and the tests take it from the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Mlp


@dataclass(frozen=True)
class Exporter:
    """One file format.

    All functions are pure: same numbers, same bytes; they write and print nothing.

    Attributes:
        name: as ``formats`` names it.
        suffix: of the file, with the dot.
        needs: the extra that has to be installed (``train``), or None.
        export: the model in float32.
        integers: dtype -> the model in integers, for those that the format has.
        floats: dtype -> the model in reduced precision, for those that the format has.
        beside: suffix -> a file that goes with each of them.
        asked: whether it is written only where somebody asks for it by its name.
    """

    name: str
    suffix: str
    needs: str | None
    export: Callable[[Mlp], bytes]
    integers: Mapping[str, Callable[[Mlp, Quantised], bytes]] = field(default_factory=dict)
    floats: Mapping[str, Callable[[Mlp], bytes]] = field(default_factory=dict)
    beside: Mapping[str, Callable[[Mlp], bytes]] = field(default_factory=dict)
    asked: bool = False

    def files(self, mlp: Mlp, content: bytes) -> dict[str, bytes]:
        """A model's file, and those that go with it, by their names.

        Args:
            mlp: under the name of the file.
            content: of the file.
        """
        beside = {f"{mlp.name}{suffix}": write(mlp) for suffix, write in self.beside.items()}
        return {f"{mlp.name}{self.suffix}": content, **beside}

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Every dtype that the format has."""
        return ("float32", *self.integers, *self.floats)
