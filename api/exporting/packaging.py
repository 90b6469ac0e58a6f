"""Models put into one library, with one copy of the kernels, or into one package for a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mlp_edge.api.exporting.export_settings import ExportSettings
from mlp_edge.api.observer import Observer
from mlp_edge.api.opened_model import OpenedModel
from mlp_edge.errors import InputError
from mlp_edge.finding import Finding
from mlp_edge.settings import setting

if TYPE_CHECKING:
    from mlp_edge.export.packages.package import Package
    from mlp_edge.export.servers.package import ServerPackage
    from mlp_edge.mlp import Mlp


class Split(NamedTuple):
    """A model in three files of C, or as ONNX.

    Attributes:
        mlp: the network, named without its dtype.
        dtype: of its numbers.
        files: name -> content, with what else was made.
    """

    mlp: Mlp
    dtype: str
    files: Mapping[str, bytes]


def check_others(settings: ExportSettings, name: str, others: Sequence[Any], table: Any) -> None:
    """Refuse further models where there is no package, two of one name, and what is no model.

    Args:
        settings: of the export.
        name: of the first model.
        others: those that were given beside the first.
        table: rows to quantise with, or None.

    Raises:
        InputError: saying what would do.
    """
    if not others:
        return
    for other in others:
        if not isinstance(other, OpenedModel):
            named = f"{setting('others')} holds {other!r}, which is no model"
            raise InputError(f"{named}; `mlp_edge.open()` gives one")
    if settings.package is None:
        raise InputError(f"{setting('others')} is for packages: with {setting('package')}")
    if table is not None:
        raise InputError(
            f"{setting('calibration_table')} has rows of one model, and this package has several; "
            "without it each is quantised with its own"
        )
    names = [name, *(other.name for other in others)]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        remedy = f"; {setting('name', f'{twice}_2')} gives the first another name"
        raise InputError(f"two models are called {twice!r}{remedy if twice == name else ''}")


def packed(
    settings: ExportSettings, models: Sequence[Split], observer: Observer
) -> dict[str, bytes]:
    """The package, and what was made of the first model beside it; says what does not fit.

    Raises:
        ModelError: for a name that a model cannot have in it.
    """
    from mlp_edge.export.servers.package import ServerPackage

    kind = _kind(settings.package)
    if isinstance(kind, ServerPackage):
        return _for_server(kind, settings, models)
    return _library(kind, settings, models, observer)


def _for_server(
    kind: ServerPackage, settings: ExportSettings, models: Sequence[Split]
) -> dict[str, bytes]:
    from mlp_edge.export.servers.served import Deployment, Served

    members = []
    for mlp, dtype, files in models:
        [name] = [name for name in files if name.endswith(".onnx")]
        named = replace(mlp, name=name.removesuffix(".onnx"))
        members.append(Served(named, dtype, files[name]))
    deployment = Deployment(members[0].name, settings.package_version, tuple(members))
    beside = {n: c for n, c in models[0].files.items() if not n.endswith(".onnx")}
    return {kind.file_name(deployment): kind.export(deployment), **beside}


def _library(
    kind: Package, settings: ExportSettings, models: Sequence[Split], observer: Observer
) -> dict[str, bytes]:
    from mlp_edge.export.packages.library import Library, Member

    members = tuple(
        Member(replace(mlp, name=_stem(files)), mlp.name, dtype, _sources(files))
        for mlp, dtype, files in models
    )
    library = Library(members[0].name, settings.package_version, members)
    observer.found([Finding("too-large", remark) for remark in kind.remarks(library)])
    beside = {n: c for n, c in models[0].files.items() if n not in members[0].files}
    return {kind.file_name(library): kind.export(library), **beside}


def install(package: str) -> str:
    """How a package of that kind is installed, a sentence without its full stop."""
    return _kind(package).install


def _kind(name: str | None) -> Package | ServerPackage:
    from mlp_edge.export.packages import PACKAGES
    from mlp_edge.export.servers import SERVERS

    kinds: list[Package | ServerPackage] = [*PACKAGES, *SERVERS]
    return next(kind for kind in kinds if kind.name == name)


def _sources(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name.endswith((".h", ".c"))}


def _stem(files: Mapping[str, bytes]) -> str:
    """What a model's files and symbols are called."""
    [stem] = [name.removesuffix(".c") for name in files if name.endswith(".c")]
    return stem
