"""Where the files of a report go, and that none of somebody else's is lost there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlp_edge.errors import InputError
from mlp_edge.files.writing import write_files
from mlp_edge.readers.model_directory import ModelDirectory
from mlp_edge.readers.report_files import REPORT_FACTS, REPORT_PAGE, is_report
from mlp_edge.settings import setting

SUFFIXES = (".html", ".htm")


@dataclass(frozen=True)
class Place:
    """Where a report goes.

    Attributes:
        page: of the HTML file.
        facts: of the JSON file beside it.
        directory: the model directory where they go there; None for another folder.
    """

    page: Path
    facts: Path
    directory: ModelDirectory | None

    def write(self, made: Mapping[Path, bytes]) -> None:
        """Put files into the folder, all of them or none.

        Args:
            made: path -> content.

        Raises:
            InputError: when the disk refuses, or the model directory holds other exports by now.
        """
        folder = self.page.parent
        files = {path.relative_to(folder).as_posix(): each for path, each in made.items()}
        if self.directory is not None:
            self.directory.write(files, of_exports=True)
        else:
            write_files(folder, files)


def place_of(directory: ModelDirectory, out: Path | None) -> Place:
    """Where a report of a model goes; nothing of somebody else's stands there.

    Raises:
        InputError: saying what stands there and what would do.
    """
    if out is None:
        place = Place(directory.path / REPORT_PAGE, directory.path / REPORT_FACTS, directory)
    else:
        place = _named(out)
    for path in (place.page, place.facts):
        if path.exists() and not is_report(path):
            raise InputError(
                f"{path}: was not written by a report and would be lost; move it, or name another "
                f"file with {setting('out')}"
            )
    return place


def _named(out: Path) -> Place:
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{setting('out', str(out))}: takes the name of an HTML file: {out}.html")
    if not out.parent.is_dir():
        raise InputError(f"{out}: its folder does not exist")
    return Place(out, out.with_suffix(".json"), None)
