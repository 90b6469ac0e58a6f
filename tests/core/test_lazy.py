"""Heavy libraries come when they are needed, quietly; one that is missing is named in a line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import mlp_edge
from mlp_edge.errors import CheckError, InputError, MissingError, MlpEdgeError, first_line
from mlp_edge.lazy import installed, quiet, require


def test_what_is_installed() -> None:
    assert installed("json", "numpy")
    assert not installed("json", "no_such_module")


def test_a_missing_library_names_the_extra() -> None:
    with pytest.raises(MissingError) as caught:
        require("no_such_module")
    assert str(caught.value) == (
        "no_such_module is not installed; pip install 'mlp-edge[train]' brings it"
    )
    assert require("json").dumps(1) == "1"


def test_a_library_that_the_system_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"damaged_library{EXTENSION_SUFFIXES[0]}").write_bytes(b"no ELF")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingError) as caught:
        require("damaged_library")
    message = str(caught.value)
    assert message.startswith("damaged_library is installed, and cannot be loaded: ")
    assert message.endswith("; more memory (ulimit -v) or a new installation would do")


def test_noise_is_swallowed(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"noise of C++\n")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


WITHOUT_A_CONSOLE = """
import os, sys
os.close(2)
sys.stderr = None
from mlp_edge.lazy import quiet
with quiet():
    print("done")
"""


def test_a_program_without_a_console_has_nothing_to_swallow() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_A_CONSOLE], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "done\n")


def fail_noisily(noise: bytes, error: Exception) -> None:
    with quiet():
        os.write(2, noise)
        raise error


def test_noise_is_told_when_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_noisily(b"the reason\n", ZeroDivisionError())
    assert capfd.readouterr().err == "the reason\n"


def test_noise_is_not_told_beside_a_sentence_of_ours(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError):
        fail_noisily(b"ERROR: the same in other words\n", InputError("the file is damaged"))
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"


def test_threads_redirect_one_after_the_other(capfd: pytest.CaptureFixture[str]) -> None:
    begun = threading.Barrier(8)

    def work() -> None:
        begun.wait()
        for _ in range(30):
            with quiet():
                os.write(2, b"noise\n")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_one_line_of_an_error() -> None:
    assert first_line(ValueError("\n  one \ntwo")) == "one"
    assert first_line(ValueError("")) == "ValueError"
    assert first_line(KeyError()) == "KeyError"
    assert first_line(ValueError("x" * 30_000)) == "x" * 400 + " …"


def test_exit_codes() -> None:
    assert (InputError.exit_code, CheckError.exit_code, MlpEdgeError.exit_code) == (2, 1, 70)
    assert MissingError.exit_code == 2


def test_the_front_door() -> None:
    assert mlp_edge.load.__module__ == "mlp_edge.runtime.load"
    assert mlp_edge.Predictor.__name__ == "Predictor"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mlp_edge.nothing  # noqa: B018


def test_importing_every_room_imports_nothing_heavy() -> None:
    program = """
import pkgutil, sys
from importlib import import_module
import mlp_edge
for room in ("core", "readers", "data", "training", "quantise", "export", "runtime", "parity",
             "measure", "plots", "api", "cli"):
    package = import_module("mlp_edge" if room == "core" else f"mlp_edge.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("build_sets"):
            import_module(module.name)
heavy = ("tensorflow", "keras", "onnx", "tf2onnx", "sklearn", "onnxruntime", "ai_edge_litert")
print(sorted(name for name in heavy if name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("[]\n", "")
