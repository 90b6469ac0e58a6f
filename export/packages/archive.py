"""A package as one file: a zip whose bytes depend on nothing but what is in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from mlp_edge.proof.checksum import BLANK, with_checksum

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first instant that a zip can name."""
_UNIX, _READABLE = 3, 0o100644 << 16


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip; the checksum stands in the comment at its end.

    Nothing is compressed: what zlib makes of the same bytes differs between its versions.

    Args:
        files: folder/name -> content.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            zipped.writestr(entry, files[name])
        zipped.comment = BLANK
    return with_checksum(content.getvalue())
