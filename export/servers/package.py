"""The shape of a kind of package for a server.

To add one: (1) write export/servers/NAME.py with a function ``Deployment -> files`` and a
``PACKAGE`` record, and its pages in templates/, (2) list it in export/servers/__init__.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2

from mlp_edge import __version__
from mlp_edge.export.packages.archive import archive
from mlp_edge.export.servers.served import Deployment

Files = Mapping[str, bytes]
"""folder/name -> content."""


@dataclass(frozen=True)
class ServerPackage:
    """One kind of package.

    Attributes:
        name: as the setting names it, such as ``triton``.
        files: what is in it: pure, the same models give the same bytes.
        install: what to do with the file, to follow its name; a sentence without its full stop.
        first_version: smallest that a package can have.
    """

    name: str
    files: Callable[[Deployment], Files]
    install: str
    first_version: str = "0.0.0"

    def file_name(self, deployment: Deployment) -> str:
        """Of the package."""
        return f"{deployment.name}_{self.name}.zip"

    def export(self, deployment: Deployment) -> bytes:
        """The package: a zip, and its checksum."""
        return archive(self.files(deployment))


def page(template: str, **values: object) -> bytes:
    """A template filled with values, ASCII; every value that it asks for has to be there."""
    filled = _environment().get_template(template).render(version=__version__, **values)
    return filled.encode("ascii")


def text_literal(text: str) -> str:
    r"""Any text as protobuf's text format takes it: ASCII, every other byte as ``\ooo``."""
    told = (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}" for byte in _escaped(text))
    return f'"{"".join(told)}"'


def _escaped(text: str) -> bytes:
    return text.replace("\\", r"\\").replace('"', r"\"").encode()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 (none of the pages is HTML)
        loader=jinja2.FunctionLoader(_template),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = text_literal
    return environment


def _template(name: str) -> str:
    folder = files("mlp_edge.export.servers").joinpath("templates")
    return folder.joinpath(f"{name}.jinja").read_text(encoding="ascii")
