"""Numbers of an .onnx file that stand in files beside it, as PyTorch writes them today."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from mlp_edge.errors import ModelError
from mlp_edge.readers.checks.protobuf import Message
from mlp_edge.reading import limit, read_file, too_large


class Beside:
    """The files beside a model, each read once and whole.

    Args:
        path: of the model. Nothing outside its folder is read, by whatever name or link.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path.parent.resolve()
        self._contents: dict[str, bytes] = {}

    def bytes_of(self, tensor: Message, size: int) -> bytes:
        """The ``size`` bytes of a tensor that only names where its numbers stand.

        Raises:
            ValueError: in one line, where that is no place in a file of the folder.
            ModelError: naming the file that cannot be read.
        """
        entries = {entry.text(1): entry.text(2) for entry in tensor.messages(13)}
        name = entries.get("location", "")
        if not name:
            raise ValueError("its numbers stand in another file, which it does not name")
        start = _whole(entries, "offset", 0)
        told = _whole(entries, "length", size)
        if told != size:
            raise ValueError(f"it takes {size:,} bytes, of which {name[:80]!r} has {told:,}")
        content = self._content(name)
        if start + size > len(content):
            raise ValueError(
                f"its numbers stand at bytes {start:,} to {start + size:,} of {name[:80]!r}, "
                f"which has {len(content):,}"
            )
        return content[start : start + size]

    def _content(self, name: str) -> bytes:
        if name in self._contents:
            return self._contents[name]
        away = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
        if away or ".." in (*PurePosixPath(name).parts, *PureWindowsPath(name).parts):
            raise ValueError(f"its numbers stand in {name[:80]!r}, outside the folder of the model")
        place = self._folder / name
        try:
            inside = place.resolve().is_relative_to(self._folder)
        except (OSError, RuntimeError, ValueError):  # a ring of links, a NUL
            inside = False
        if not inside:
            raise ValueError(f"its numbers stand in {name[:80]!r}, outside the folder of the model")
        content = read_file(
            place, f"its numbers stand in {name[:80]!r}, and there is no such file beside it"
        )
        total = len(content) + sum(map(len, self._contents.values()))
        if total > limit():
            raise ModelError(f"the files beside it: {too_large(total)}")
        self._contents[name] = content
        return content


def _whole(entries: Mapping[str, str], key: str, otherwise: int) -> int:
    text = entries.get(key, str(otherwise))
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise ValueError(f"its numbers stand at the {key} {text[:20]!r} of another file")
    return int(text)
