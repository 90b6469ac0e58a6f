"""The PlatformIO library: accepted by PlatformIO itself."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import pytest
from specimens import load
from support.packagers import platformio
from support.packages import packed, unpacked

HOW_AND_HASHES = re.compile(rb"--package \w+|[0-9a-f]{64}")


def test_source_and_examples_are_those_of_the_arduino_library(tmp_path: Path) -> None:
    models = (load("pima"), load("iris"))
    ours, theirs = (
        unpacked(packed(kind, *models), tmp_path / kind) for kind in ("platformio", "arduino")
    )
    paths = [path for path in theirs.rglob("*") if path.suffix in (".ino", ".c", ".h")]
    assert len(paths) == 12
    for path in paths:
        twin = ours / path.relative_to(theirs)
        assert HOW_AND_HASHES.sub(b"", twin.read_bytes()) == HOW_AND_HASHES.sub(
            b"", path.read_bytes()
        )


@pytest.mark.slow
def test_platformio_packs_and_installs_it(tmp_path: Path) -> None:
    package = packed("platformio", load("pima"), load("iris"))
    folder = unpacked(package, tmp_path)
    said = platformio(tmp_path, "pkg", "pack", folder, "--output", tmp_path / "pima.tar.gz")
    assert "Wrote a tarball" in said
    with tarfile.open(tmp_path / "pima.tar.gz") as packed_by_them:
        names = set(packed_by_them.getnames())
    assert {"library.json", "LICENSE", "src/pima.c", "src/mlp_edge_kernels.h"} <= names
    file, store = tmp_path / "pima_platformio.zip", tmp_path / "store"
    file.write_bytes(package)
    store.mkdir()
    platformio(
        tmp_path, "pkg", "install", "--global", "--storage-dir", store,
        "--library", f"file://{file}",
    )  # fmt: skip
    [installed] = store.iterdir()
    assert installed.name == "pima"
    manifest = json.loads((installed / "library.json").read_text())
    assert manifest["version"] == "1.2.3"
    for example in manifest["examples"]:
        for name in example["files"]:
            assert (installed / example["base"] / name).is_file()
