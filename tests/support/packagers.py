"""PlatformIO and Espressif's component manager, installed beside the suite (``make``)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGERS = Path(__file__).parents[2] / "build" / "packagers"
PLATFORMIO = """
import json, sys
from platformio.package.manifest.schema import ManifestSchema
licences = {"licenses": [{"licenseId": name} for name in json.loads(sys.argv.pop(1))]}
ManifestSchema.load_spdx_licenses = staticmethod(lambda: licences)
from platformio.__main__ import main
sys.exit(main())
"""
"""PlatformIO asks the network for SPDX's list of licences; here it has the one of packaging."""


def platformio(folder: Path, *words: object) -> str:
    """What ``pio`` prints in a folder; the test fails when it refuses."""
    from packaging.licenses._spdx import LICENSES

    known = json.dumps([entry["id"] for entry in LICENSES.values()])
    settings = {
        "PLATFORMIO_CORE_DIR": str(folder / "core"),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
    }
    return _run(folder, settings, "-c", PLATFORMIO, known, *map(str, words))


def compote(folder: Path, *words: object) -> str:
    """What ``compote`` prints in a folder; the test fails when it refuses."""
    return _run(folder, {}, "-m", "idf_component_manager", *map(str, words))


def _run(folder: Path, settings: dict[str, str], *words: str) -> str:
    if not PACKAGERS.is_dir():
        remedy = "make build/packagers/installed brings PlatformIO and compote"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    environment = {**os.environ, "PYTHONPATH": str(PACKAGERS), **settings}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
