"""Every activation and every kind of reading, under each set of instructions that can be forced.

    python tests/instruction_sets.py                     everything that runs here, as a table
    python tests/instruction_sets.py write FOLDER        the networks as files; takes TensorFlow
    python tests/instruction_sets.py check FOLDER NAME   the files of one library; takes it alone

Libraries choose their kernels by the processor. Some take orders from the environment; for the
others qemu plays an older processor, or one of another kind: with AARCH64 set to the root of an
arm64 system that has Python, NumPy, ai-edge-litert and onnxruntime, that one too.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from support.networks import BARE, HUGE, bare, encoded, network, readings

from mlp_edge.feature import Feature
from mlp_edge.mlp import KERAS_ACTIVATIONS, Floats, Mlp, Predict
from mlp_edge.parity.rows import stress_rows
from mlp_edge.proof.bound import bound
from mlp_edge.proof.golden import golden
from mlp_edge.reference import distance, predict

FEATURES = (
    Feature("mass", 1.0, 90.0, sentinel=0.0, fill=70.5, indicator=True),
    Feature("colour", categories=("red", "green", "blue"), codes=(3, 0, -7), fill=0.0),
    Feature("age", 0.0, 99.0),
)
NETWORKS: Mapping[str, Mlp] = {
    **{f"{name}{'_hidden' * hidden}": bare(name, hidden) for name, hidden in BARE},
    "readings": encoded(FEATURES, outputs=2, clip=(-1.0, 1.0)),
    "binary": network((8, 40, 33, 1), "silu"),
    "classes": network((8, 40, 33, 3), "tanh", "multiclass"),
}
ORIGINALS = {*KERAS_ACTIVATIONS, "binary", "classes"}
"""Keras does a hidden layer as it does the last one; train's own layers have test_semantics.py."""
SUFFIXES = {"keras": ".keras", "litert": ".tflite", "onnxruntime": ".onnx"}
BATCHES = (1, 3, 17, 64)
FEW = 96
"""So many rows are asked in small batches; the huge and the stress rows stand first."""
WRITTEN = "golden.json"


class Setting(NamedTuple):
    """What forces kernels.

    Attributes:
        name: what the table says.
        libraries: whose kernels they are.
        environment: variables that the library reads.
        emulator: what runs Python on another processor.
    """

    name: str
    libraries: tuple[str, ...]
    environment: Mapping[str, str] = {}
    emulator: tuple[str, ...] = ()


NO_SIMD = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL", "OPENBLAS_CORETYPE": "Prescott"}
BY_ENVIRONMENT = (
    Setting("this processor", ("keras", "litert", "onnxruntime", "numpy")),
    Setting("TF_ENABLE_ONEDNN_OPTS=0", ("keras",), {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    Setting("ONEDNN_MAX_CPU_ISA=SSE41", ("keras",), {"ONEDNN_MAX_CPU_ISA": "SSE41"}),
    Setting("NumPy and OpenBLAS without AVX", ("numpy",), NO_SIMD),
    Setting("OPENBLAS_CORETYPE=Haswell", ("numpy",), {"OPENBLAS_CORETYPE": "Haswell"}),
)
PLAYED = {"Nehalem": "SSE4.2", "SandyBridge": "AVX", "Haswell": "AVX2, FMA"}
EMULATED = tuple(
    Setting(f"qemu -cpu {cpu} ({sets})", ("litert", "onnxruntime", "numpy"), {},
            ("qemu-x86_64", "-cpu", cpu, sys.executable))
    for cpu, sets in PLAYED.items()
)  # fmt: skip


def aarch64(root: str) -> Setting:
    """The arm64 system under ``root``."""
    emulator = ("qemu-aarch64", "-L", root, f"{root}/usr/bin/python3")
    libraries = ("litert", "onnxruntime", "numpy")
    return Setting("qemu-aarch64 (NEON)", libraries, {"PYTHONHOME": f"{root}/usr"}, emulator)


def write(folder: Path) -> None:
    """Every network as a file of each library, and the hash of its golden rows."""
    from support.networks import save_keras

    from mlp_edge.export import onnx, tflite

    hashes = {}
    for name, mlp in NETWORKS.items():
        (folder / f"{name}.tflite").write_bytes(tflite.export(mlp))
        (folder / f"{name}.onnx").write_bytes(onnx.export(mlp))
        if name in ORIGINALS:
            save_keras(mlp, folder / f"{name}.keras")
        hashes[name] = _hash(mlp)
    (folder / WRITTEN).write_text(json.dumps(hashes))


def _hash(mlp: Mlp) -> str:
    return hashlib.sha256(golden(mlp).to_json().encode()).hexdigest()


def check(folder: Path, library: str) -> list[str]:
    """What a library answers wrongly, a line each; [] when all is within its bound."""
    if library == "numpy":
        hashes = json.loads((folder / WRITTEN).read_text())
        return [f"{name}: other golden rows" for name, mlp in NETWORKS.items()
                if _hash(mlp) != hashes[name]]  # fmt: skip
    wrong = []
    for name, mlp in NETWORKS.items():
        path = folder / f"{name}{SUFFIXES[library]}"
        if not path.exists():
            continue
        given = rows(mlp)
        exact, limit = predict(mlp, given), bound(mlp, given)
        if name in ("readings", "binary"):
            assert np.isfinite(limit).all(axis=1).mean() > 0.9
        for how, run in _runs(path, library):
            for size in (*BATCHES[0 if library != "keras" else 2 :], len(given)):
                few = slice(None if size > max(BATCHES) else FEW)
                parts = [run(given[few][i : i + size]) for i in range(0, len(given[few]), size)]
                off = distance(np.vstack(parts).astype(np.float64), exact[few])
                missed = np.argwhere(~(off <= limit[few]))
                if len(missed):
                    row, output = missed[0]
                    got = np.vstack(parts)[row, output]
                    wrong.append(f"{name} ({how}, batches of {size}): {got} for "
                                 f"{exact[row, output]:.9g} at {given[row]}")  # fmt: skip
    return wrong


def rows(mlp: Mlp) -> Floats:
    """Readings of every size for one input, ordinary and stress rows for several."""
    if mlp.inputs == 1:
        near = np.linspace(-20, 20, 1021, dtype=np.float32)
        far = np.linspace(-104, 104, 257, dtype=np.float32)
        tiny = np.float32([0.0, -0.0, 1e-20, -1e-20, 1e-38])
        return np.concatenate([HUGE, tiny, near, far])[:, None]
    sample = readings(mlp, 200)
    missing = np.where(np.random.default_rng(0).random(sample.shape) < 0.3, np.nan, sample)
    stress = stress_rows(mlp, sample)
    return np.vstack([stress[~np.isinf(stress).any(axis=1)], sample, np.float32(missing)])


def _runs(path: Path, library: str) -> Iterator[tuple[str, Predict]]:
    """Each way in which a library runs a file on one processor."""
    content = path.read_bytes()
    if library == "litert":
        for kernels in ("AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"):
            yield kernels, litert(content, kernels)
    elif library == "onnxruntime":
        for level in ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL"):
            yield level, onnxruntime(content, level)
    else:
        from mlp_edge.runtime.keras import open_keras

        with open_keras(path) as opened:
            yield "model", opened.predict


def litert(content: bytes, kernels: str) -> Predict:
    """LiteRT with the kernels of XNNPACK (AUTO), or with its own."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = getattr(OpResolverType, kernels)
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kind)
    [feed], [output] = interpreter.get_input_details(), interpreter.get_output_details()

    def answers(rows: Floats) -> Floats:
        interpreter.resize_tensor_input(feed["index"], rows.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(feed["index"], rows)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output["index"]))

    return answers


def onnxruntime(content: bytes, level: str) -> Predict:
    """ONNX Runtime at a level of graph optimisation."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda rows: np.asarray(session.run(None, {"features": rows})[0])


def asked(setting: Setting, library: str, folder: Path) -> str:
    """Check a library in a Python of its own; "" when it is right, otherwise what is not."""
    program = setting.emulator or (sys.executable,)
    here = Path(__file__)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **setting.environment}
    ran = subprocess.run(
        [*program, str(here), "check", str(folder), library],
        capture_output=True, text=True, env=environment, check=False, timeout=900,
    )  # fmt: skip
    if ran.returncode not in (0, 1):
        return f"ended with {ran.returncode}: {ran.stderr.strip()[-300:]}"
    return ran.stdout.strip()


def main() -> int:
    """Run what can run here; 1 when something is wrong."""
    import tempfile

    arm = [aarch64(os.environ["AARCH64"])] if "AARCH64" in os.environ else []
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
        for setting in (*BY_ENVIRONMENT, *EMULATED, *arm):
            for library in setting.libraries:
                if setting.emulator and not shutil.which(setting.emulator[0]):
                    print(f"{setting.name:34} {library:12} not run: no {setting.emulator[0]}")
                    continue
                says = asked(setting, library, Path(place))
                wrong += bool(says)
                print(f"{setting.name:34} {library:12} {says or 'within every bound'}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", place]:
            write(Path(place))
        case ["check", place, library]:
            found = check(Path(place), library)
            print("\n".join(found), end="")
            sys.exit(bool(found))
        case _:
            sys.exit(main())
