"""Eight threads share an open model: every answer is that of its own rows, and none is lost.

100,000 calls in all. Keras takes milliseconds for one, a simulated chip a tenth of that; they get
fewer. ``thread_calls.py`` beside this file does any number on any file.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.c_compiler import require as require_compiler
from support.c_compiler import run
from support.chips import BY_NAME, require
from support.networks import network, save_keras
from support.quantised_networks import quantised
from thread_calls import faults, impatient

import mlp_edge
from mlp_edge.errors import InputError
from mlp_edge.export import EXPORTERS
from mlp_edge.runtime import HOSTED, RUNTIMES

SPECIMENS = Path(__file__).parents[2] / "firmware_headers" / "specimens"
CALLS = {
    **{(runtime.name, dtype): 16_300 for runtime in HOSTED[1:] for dtype in ("float32", "int8")},
    ("keras", "float32"): 800,
    **{(name, "float32"): 320 for name in BY_NAME},
}
"""(runtime, dtype) -> calls of all threads together."""
assert sum(CALLS.values()) >= 100_000


@pytest.fixture(scope="module")
def nets(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one network in every format, in float32 and int8."""
    folder, mlp = tmp_path_factory.mktemp("nets"), network()
    integers, renamed = quantised(mlp), replace(mlp, name="net_int8")
    for exporter in EXPORTERS:
        (folder / f"float32{exporter.suffix}").write_bytes(exporter.export(mlp))
        (folder / f"int8{exporter.suffix}").write_bytes(
            exporter.integers["int8"](renamed, integers)
        )
    save_keras(mlp, folder / "float32.keras")
    return folder


def opened(nets: Path, runtime: str, dtype: str) -> mlp_edge.Predictor:
    require_compiler("gcc")
    if runtime in BY_NAME:
        require(BY_NAME[runtime])
    suffix = next(known.reads for known in RUNTIMES if known.name == runtime)
    return mlp_edge.load(nets / f"{dtype}{suffix}", runtime, trust=True)


@pytest.mark.slow
@pytest.mark.parametrize(("runtime", "dtype"), CALLS, ids=lambda value: str(value))
def test_every_thread_gets_its_own_answers(nets: Path, runtime: str, dtype: str) -> None:
    with opened(nets, runtime, dtype) as model:
        assert faults(model, CALLS[runtime, dtype]) == {}


def test_threads_share_a_model_directory(pima: Path) -> None:
    asked = {exporter.suffix for exporter in EXPORTERS if exporter.asked}
    for runtime in (runtime for runtime in HOSTED if runtime.reads not in asked):
        with mlp_edge.load(pima, runtime.name) as model:
            assert faults(model, 400) == {}


@pytest.mark.parametrize("specimen", sorted(path.name for path in SPECIMENS.glob("*.h")))
def test_a_header_keeps_nothing_between_calls(tmp_path: Path, specimen: str) -> None:
    """Interrupts and tasks may call it while it is called: it has no variable of its own."""
    (tmp_path / "model.c").write_text(f'#include "{SPECIMENS / specimen}"\n')
    run(tmp_path, "gcc", "-c", "-O0", "model.c")
    listed = run(tmp_path, "nm", "model.o")
    kinds = {line.split()[-2] for line in listed.splitlines()}
    assert "T" in kinds
    assert not kinds & set("bBdDcCgGsS"), listed


@pytest.mark.parametrize("runtime", [*(runtime.name for runtime in HOSTED), *BY_NAME])
def test_close_waits_for_who_predicts_and_refuses_who_comes_later(nets: Path, runtime: str) -> None:
    rows = np.linspace(-50, 150, 64 * 8, dtype=np.float32).reshape(64, 8)
    found: list[object] = []
    for _ in range(3):
        model = opened(nets, runtime, "float32")
        expected = model.predict(rows).tobytes()
        begun = threading.Barrier(5)

        def work(model: mlp_edge.Predictor, expected: bytes, begun: threading.Barrier) -> None:
            begun.wait()
            try:
                while True:
                    assert model.predict(rows).tobytes() == expected
            except Exception as error:
                found.append(error)

        threads = [threading.Thread(target=work, args=(model, expected, begun)) for _ in range(4)]
        with impatient():
            for thread in threads:
                thread.start()
            begun.wait()
            model.close()
            for thread in threads:
                thread.join()
        model.close()
    assert len(found) == 12
    assert {type(error) for error in found} == {InputError}
    assert all("was closed; open it again with mlp_edge.load" in str(error) for error in found)


def test_keras_is_called_by_one_thread_at_a_time(
    nets: Path, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow's own dispatch is not made for several; see ``mlp_edge.runtime.keras``."""
    inside, most = [0], [0]

    def counted(function: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            try:
                return function(*args, **options)
            finally:
                inside[0] -= 1

        return call

    monkeypatch.setattr(keras.Model, "__call__", counted(keras.Model.__call__))
    monkeypatch.setattr(keras.models, "load_model", counted(keras.models.load_model))

    def work() -> None:
        for _ in range(2):
            with mlp_edge.load(nets / "float32.keras", trust=True) as model:
                model.predict(np.ones((1, 8), np.float32))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])


FIRST = """
import os, sys, threading
import mlp_edge
sys.setswitchinterval(1e-6)
files, found, begun = sys.argv[1:], [], threading.Barrier(8)

def work(number):
    begun.wait()
    turn = number % len(files)
    for file in files[turn:] + files[:turn]:
        try:
            with mlp_edge.load(file, trust=True) as model:
                found.append((file, model.predict([[1.0] * 8]).tobytes()))
        except Exception as error:
            found.append((file, repr(error)))

threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), *sorted(set(found)), sep="\\n")
os.write(2, b"still heard\\n")
"""


@pytest.mark.slow
def test_the_first_imports_may_come_from_all_threads_at_once(nets: Path) -> None:
    """No library is seen half imported, and file descriptor 2 is what it was."""
    require_compiler("gcc")
    files = [str(nets / f"float32{suffix}") for suffix in (".tflite", ".keras", ".onnx", ".h")]
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FIRST), *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "still heard\n")
    count, *answers = result.stdout.splitlines()
    assert count == "32"
    assert len(answers) == len(files), answers
