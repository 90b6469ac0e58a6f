"""What is exported: settings of ``Model.export`` and of the command."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_edge.errors import InputError
from mlp_edge.mlp import check_name
from mlp_edge.settings import declared, setting

if TYPE_CHECKING:
    from mlp_edge.export.exporter import Exporter
    from mlp_edge.quantise.judge import Limits

FLOAT32, SMALLEST, INT8 = "float32", "smallest", "int8"
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
MOST_VERSION = (1 << 31) - 1
"""Of each number of a package's version; Triton and others read them as integers."""


@dataclass(frozen=True, kw_only=True)
class RawSettings:
    """What counts of 16 bits stand for, which a C header in integers takes.

    Attributes:
        raw: counts, for the readings themselves, or auto, as the calibration rows suggest. None is
            counts where the model can have such.
        raw_scale: what a reading rises by from one count to the next: column -> number, or texts
            such as "bmi=0.1", "a,b=0.1" and "0.1" for all numbers.
        raw_offset: the reading of count 0, written alike.
    """

    raw: str | None = declared(
        None,
        "Unit of counts for NAME_predict_raw: counts, or auto, as the rows suggest.",
        "Quantisation",
        shown="counts",
        flag="--raw",
    )
    raw_scale: tuple[str, ...] | Mapping[str, float] = declared(
        (),
        "Reading per count, such as bmi=0.1: COL,COL=VALUE, or VALUE for all.",
        "Quantisation",
        flag="--raw-scale",
        repeat=True,
    )
    raw_offset: tuple[str, ...] | Mapping[str, float] = declared(
        (),
        "Reading of count 0: COL,COL=VALUE, or VALUE for all.",
        "Quantisation",
        flag="--raw-offset",
        repeat=True,
    )

    @property
    def said(self) -> list[str]:
        """Which of these settings somebody gave."""
        return [name for name in ("raw", "raw_scale", "raw_offset") if getattr(self, name)]

    def check_counts(self, dtype: str | None, c: bool) -> None:
        """Refuse units where nothing takes counts.

        Args:
            dtype: of the files.
            c: whether one of them is C.

        Raises:
            InputError: saying what would do.
        """
        if self.raw not in (None, "auto", "counts"):
            raise InputError(f"{setting('raw', self.raw)} is not one of auto, counts")
        if self.said and (dtype not in ("int8", "int16") or not c):
            raise InputError(
                f"{setting(self.said[0])} is for C headers in integers, which take counts: with "
                f"{setting('dtype', INT8)} or int16"
            )


@dataclass(frozen=True)
class ExportSettings(RawSettings):
    """What is exported, and what a smaller dtype may lose.

    Attributes:
        formats: tflite, onnx, c, js, micropython; () for each of the first three that has the
            dtype.
        dtype: float32; int8; int16 and int24 (not tflite); float16 and dynamic (tflite); smallest,
            the cheapest of int8, int16, int24 and float32 that holds. None is float32, or int8 of
            a file that computes in int8, as the integers that it holds.
        weights_only: a C header of arrays, without functions.
        split: C in three files: NAME.h, NAME.c, and kernels that several models share.
        package: arduino, platformio, esp-idf, zephyr or cmake: a library of C; triton or kserve:
            ONNX for a model server; None for files alone.
        package_version: of the package.
        name: of files and C symbols; None for the model's.
        max_flips: share of the labels that a smaller dtype may change, 0 to 1.
        max_drop: how much accuracy, or R² of a regression, it may lose.
        chip: that smallest is measured on; None for the first that can be simulated of avr and
            cortex-m4.
        signed_by: a public key in PEM, with whose private half the model directory has to be
            signed, and that of every further model; None for the one that it was opened with, if
            any.
        out: folder to write to; None for exports/ of the model directory.
    """

    formats: tuple[str, ...] = declared(
        (), "Format to write: tflite, onnx, c, js or micropython.", "What to export",
        shown="tflite, onnx, c",
        flag="--format -f", repeat=True,
    )  # fmt: skip
    dtype: str | None = declared(
        None,
        "Data type: float32, int8, int16, int24 (not tflite), float16, dynamic (tflite), smallest.",
        "What to export",
        shown="float32; int8 of a file in int8",
        flag="--dtype -d",
    )
    weights_only: bool = declared(
        False, "Write a C header of arrays, NAME_weights.h, without functions.", "What to export",
        flag="--weights-only",
    )  # fmt: skip
    split: bool = declared(
        False,
        "Write NAME.h, NAME.c and kernels that several models share.",
        "What to export",
        flag="--split",
    )
    package: str | None = declared(
        None,
        "Library of C: arduino, platformio, esp-idf, zephyr, cmake; for servers: triton, kserve.",
        "What to export",
        flag="--package",
    )
    package_version: str = declared(
        "1.0.0", "Version of the package.", "What to export", flag="--package-version"
    )
    name: str | None = declared(
        None, "Name of files and C symbols.", "What to export", shown="the model's"
    )
    max_flips: float = declared(
        0.02, "Share of labels that a smaller data type may change, 0 to 1.", "Quantisation"
    )
    max_drop: float = declared(
        0.02, "How much accuracy or R2 a smaller data type may lose.", "Quantisation"
    )
    chip: str | None = declared(
        None, "Chip on which the candidates of smallest are measured.", "Quantisation", shown="avr"
    )
    signed_by: Path | None = declared(
        None, "Public key with whose private half the model has to be signed.", "Trust",
        shown="no signature is asked for",
    )  # fmt: skip
    out: Path | None = declared(
        None, "Folder to write to.", "Output", shown="exports/ of the model"
    )

    def __post_init__(self) -> None:
        """Check what needs no model.

        Raises:
            InputError: for settings that do not exist, or not together.
            ModelError: for a name that files and C symbols cannot have.
        """
        self._check_package()
        self.check_counts(self.dtype, "c" in (self.chosen_formats or ("c",)))
        chosen_exporters(self.chosen_formats, self.dtype or FLOAT32)
        if self.weights_only and (self.formats != ("c",) or self.dtype not in (None, FLOAT32)):
            alone = f"{setting('formats', ['c'])} {setting('weights_only', True)}"
            raise InputError(f"{setting('weights_only')} is for float32 C headers: {alone}")
        if self.split and (self.formats != ("c",) or self.weights_only):
            alone = f"{setting('formats', ['c'])} {setting('split', True)}"
            raise InputError(
                f"{setting('split')} is for C with its functions: {alone}, without "
                f"{setting('weights_only')}"
            )
        if self.chip is not None and self.dtype != SMALLEST:
            raise InputError(
                f"{setting('chip')} is what {setting('dtype', SMALLEST)} is measured on; "
                "`Model.cost()` measures others"
            )
        for name, value in (("max_flips", self.max_flips), ("max_drop", self.max_drop)):
            most = 1 if name == "max_flips" else float("inf")
            if not 0 <= value <= most or value == float("inf"):
                raise InputError(f"{setting(name, value)} limits nothing; 0.02 would do")
        if self.name is not None:
            check_name(self.name)

    def _check_package(self) -> None:
        from mlp_edge.export.packages import PACKAGES
        from mlp_edge.export.servers import SERVERS

        if self.package is None:
            if self.package_version != "1.0.0":
                wanted = setting("package_version")
                raise InputError(f"{wanted} is for packages: with {setting('package')}")
            return
        known = [*(kind.name for kind in PACKAGES), *(kind.name for kind in SERVERS)]
        if self.package not in known:
            wanted = setting("package", self.package)
            raise InputError(f"{wanted} is not one of {', '.join(known)}")
        self._check_packed()
        wanted = setting("package_version", self.package_version)
        if not _VERSION.fullmatch(self.package_version) or len(self.package_version) > 32:
            raise InputError(f"{wanted} is no version; three numbers such as 1.2.0 would do")
        if max(map(int, self.package_version.split("."))) > MOST_VERSION:
            raise InputError(f"{wanted}: numbers up to {MOST_VERSION:,} would do")
        first = {server.name: server.first_version for server in SERVERS}.get(self.package, "0")
        if int(self.package_version.partition(".")[0]) < int(first.partition(".")[0]):
            raise InputError(f"{wanted}: {self.package} takes versions from {first} on")

    def _check_packed(self) -> None:
        """Refuse what a package does not hold."""
        from mlp_edge.export import EXPORTERS

        [held] = self.chosen_formats
        wanted, what = setting("package", self.package), {"c": "C in three files"}.get(held, "ONNX")
        if self.formats not in ((), (held,)) or self.split or self.weights_only:
            raise InputError(
                f"{wanted} holds {what}: without {setting('formats')}, {setting('split')} and "
                f"{setting('weights_only')}"
            )
        [dtypes] = [exporter.dtypes for exporter in EXPORTERS if exporter.name == held]
        dtypes = (*dtypes, SMALLEST) if held == "c" else dtypes
        if self.dtype not in (None, *dtypes):
            raise InputError(
                f"{wanted} holds {what}, which has no {self.dtype}; {', '.join(dtypes[:-1])} or "
                f"{dtypes[-1]} would do"
            )

    @property
    def in_three_files(self) -> bool:
        """Whether C is split, as it is in a library."""
        return self.split or (self.package is not None and self.chosen_formats == ("c",))

    @property
    def chosen_formats(self) -> tuple[str, ...]:
        """The formats that are asked for; a library is C, a package for a server ONNX."""
        if self.package is None:
            return self.formats
        from mlp_edge.export.servers import SERVERS

        return ("onnx",) if self.package in [server.name for server in SERVERS] else ("c",)

    @property
    def limits(self) -> Limits:
        """What a smaller dtype may lose."""
        from mlp_edge.quantise.judge import Limits

        return Limits(self.max_flips, self.max_drop)


def chosen_exporters(formats: Sequence[str], dtype: str) -> list[Exporter]:
    """The formats that are asked for; where none is, those of ``DEFAULT`` that have the dtype.

    Where none of those has it either, they are all that do.

    Raises:
        InputError: for a format or a dtype that does not exist, or not together.
    """
    from mlp_edge.export import DEFAULT, EXPORTERS

    known = {exporter.name: exporter for exporter in EXPORTERS}
    for wanted in formats:
        if wanted not in known:
            raise InputError(f"{setting('formats', [wanted])} is not one of {', '.join(known)}")
    dtypes = list(dict.fromkeys(name for exporter in EXPORTERS for name in exporter.dtypes))
    if dtype not in (*dtypes, SMALLEST):
        named = setting("dtype", dtype)
        raise InputError(f"{named} is not one of {', '.join(dtypes)}, {SMALLEST}")
    if dtype == SMALLEST and "c" not in (formats or known):
        named = setting("dtype", SMALLEST)
        raise InputError(f"{named} is measured on a C header: with {setting('formats', ['c'])}")
    chosen = [known[wanted] for wanted in dict.fromkeys(formats or known)]
    having = [exporter for exporter in chosen if dtype in (*exporter.dtypes, SMALLEST)]
    if formats and len(having) < len(chosen):
        lacking = next(exporter for exporter in chosen if exporter not in having)
        named = setting("formats", [lacking.name])
        others = [exporter.name for exporter in EXPORTERS if dtype in exporter.dtypes]
        raise InputError(
            f"{named} has no {dtype}, which is for {', '.join(others)}; "
            f"it has {', '.join(lacking.dtypes)}"
        )
    return having if formats else [one for one in having if one in DEFAULT] or having
