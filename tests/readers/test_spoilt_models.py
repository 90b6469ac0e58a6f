"""Some spoilt files of ``fuzz_models.py`` and ``fuzz_readers.py``, run by hand for ten thousand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import fuzz_models
import fuzz_readers
import pytest
from support.commands import typed


@pytest.mark.slow
def test_a_spoilt_file_is_used_or_refused_and_nothing_else(pima: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(pima, tmp_path / "model"))
    assert typed("export", "--model", place, "--dtype", "int8").code == 0
    # In a process of its own: TensorFlow, once used, does not stand being forked.
    result = subprocess.run(
        [sys.executable, fuzz_models.__file__, place, "12"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    for kind in (*fuzz_models.KINDS, *fuzz_models.FOREIGN):
        assert f"{kind}: 12 files, 0 faults" in result.stdout


def test_a_spoilt_file_of_a_stranger_is_read_or_refused_and_nothing_else() -> None:
    result = subprocess.run(
        [sys.executable, fuzz_readers.__file__, "60"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for kind in fuzz_readers.KINDS:
        assert f"{kind}: 60 files, 0 faults" in result.stdout
