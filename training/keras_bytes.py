"""The same model, the same bytes: a .keras file without dates, addresses and other accidents."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can express."""


def keras_bytes(model: Any) -> bytes:
    """The content of ``model.save("x.keras")``, made reproducible."""
    with tempfile.TemporaryDirectory(prefix="mlp-edge-") as directory:
        path = Path(directory) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    config = json.loads(members["config.json"])
    _renumber(config, {})
    members["config.json"] = json.dumps(config).encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return content.getvalue()


def _renumber(node: Any, numbers: dict[int, int]) -> None:
    """Replace each shared_object_id, an address in memory, by the order of first appearance."""
    if isinstance(node, dict):
        shared = node.get("shared_object_id")
        if shared is not None:
            node["shared_object_id"] = numbers.setdefault(shared, len(numbers))
        for value in node.values():
            _renumber(value, numbers)
    elif isinstance(node, list):
        for value in node:
            _renumber(value, numbers)
