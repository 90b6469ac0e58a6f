"""The shape of a kind of package.

To add one: (1) write export/packages/NAME.py with a function ``Library -> files`` and a ``PACKAGE``
record, and its pages in firmware_headers/templates/packages/, (2) list it in
export/packages/__init__.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlp_edge import __version__
from mlp_edge.errors import ModelError
from mlp_edge.export.c.page import filled
from mlp_edge.export.packages.archive import archive
from mlp_edge.export.packages.library import Library
from mlp_edge.settings import setting

Files = Mapping[str, bytes]
"""Name, or folder/name, -> content."""


@dataclass(frozen=True)
class Package:
    """One kind of package.

    Attributes:
        name: as the setting names it, such as ``esp-idf``.
        files: what is in it: pure, the same library gives the same bytes.
        install: what to do with the file, to follow its name; a sentence without its full stop.
        taken: what has a name already, to end a sentence; None where a model may have it.
        for_avr: whether people build it for AVRs, too.
    """

    name: str
    files: Callable[[Library], Files]
    install: str
    taken: Callable[[str], str | None]
    for_avr: bool = False

    def file_name(self, library: Library) -> str:
        """Of the package."""
        return f"{library.name}_{self.name.replace('-', '_')}.zip"

    def remarks(self, library: Library) -> list[str]:
        """What whoever exports it has to know, a sentence each."""
        if not self.for_avr:
            return []
        return [
            f"{member.name}: not for an Uno or another AVR: {member.too_large}"
            for member in library.members
            if member.too_large is not None
        ]

    def export(self, library: Library) -> bytes:
        """The package: a zip with one folder in it, and its checksum.

        Raises:
            ModelError: when a model has a name that something else has there.
        """
        for member in library.members:
            whose = self.taken(member.name)
            if whose is not None:
                first = member is library.members[0]
                other = setting("name", f"my_{member.model}") if first else "another name"
                raise ModelError(
                    f"{member.name!r} cannot name a model in a package for {self.name}: {whose}; "
                    f"{other} would do"
                )
        files = self.files(library)
        return archive({f"{library.name}/{name}": content for name, content in files.items()})


def nothing_taken(name: str) -> None:
    """Of a kind in which the names of others are in no model's way."""


def page(template: str, library: Library, **more: object) -> bytes:
    """A page of ``templates/packages/`` filled with a library, ASCII."""
    return filled(
        f"packages/{template}.jinja",
        library=library,
        first=library.members[0],
        version=__version__,
        **more,
    ).encode("ascii")


def sources(library: Library, folder: str) -> dict[str, bytes]:
    """The C of all models in a folder; the kernels once."""
    return {
        f"{folder}{name}": content
        for member in library.members
        for name, content in member.files.items()
    }
