"""The onnxruntime of two years ago that `make test` installs beside the suite."""

from __future__ import annotations

from pathlib import Path

OLD_ONNXRUNTIME = Path(__file__).parents[2] / "build" / "old-onnxruntime"
VERSION = "1.20.1"
