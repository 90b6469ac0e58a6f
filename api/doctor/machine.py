"""What is on this machine: packages, libraries that start, compilers and simulators.

Libraries are tried in a Python of their own, so that one that crashes takes nothing with it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlp_edge.api.doctor.processor import described
from mlp_edge.errors import MissingError
from mlp_edge.lazy import NO_TELEMETRY
from mlp_edge.requirements import Requirement, holds, python_range, version_of
from mlp_edge.runtime.chips.avr import HEADER as SIMAVR_HEADER
from mlp_edge.runtime.chips.avr import LIBSIMAVR
from mlp_edge.runtime.chips.targets import AVR, CORTEX_M0, RV32, finds
from mlp_edge.runtime.compilers import compiler

OK, MISSING, UNTRIED, BROKEN = "ok", "missing", "not tried", "broken"

PURPOSES = {
    "duckdb": "reading tables",
    "h5py": "reading .keras files",
    "jinja2": "writing C headers",
    "numpy": "everything",
    "onnxruntime": "running .onnx files",
    "rich": "tables and colours",
    "typer": "the command line",
    "alembic": "MLflow, which keeps trainings in SQLite",
    "mlflow-skinny": "tracking trainings with MLflow",
    "model-signing": "signing model directories",
    "pyopenssl": "model-signing",
    "sqlalchemy": "MLflow, which keeps trainings in SQLite",
    "tensorboard": "tracking trainings with TensorBoard",
    "ai-edge-litert": "writing, reading and running .tflite files",
    "backports-strenum": "ai-edge-litert",
    "keras": "training and running the original",
    "matplotlib": "pictures",
    "onnx": "writing .onnx files",
    "pyserial": "asking a board on a serial port",
    "optuna": "searching for a better network",
    "scikit-learn": "scores and the linear baseline",
    "tensorflow": "training, exporting, running the original",
    "tf2onnx": "writing .onnx files",
    "unicorn": "running headers on simulated Cortex-M and RISC-V chips",
}

DONE = "mlp-edge found "
"""Precedes a probe's answer: libraries print what they like before it."""
PROBES = {
    "tensorflow": """
import tensorflow, keras
devices = tensorflow.config.list_physical_devices()
answer = {"devices": [device.name.removeprefix("/physical_device:") for device in devices],
          "gpus": [tensorflow.config.experimental.get_device_details(device).get("device_name", "")
                   for device in devices if device.device_type == "GPU"],
          "built_for_gpu": tensorflow.test.is_built_with_cuda()}
tensorflow.matmul(tensorflow.ones((64, 64)), tensorflow.ones((64, 64)))
""",
    "ai-edge-litert": """
from ai_edge_litert.interpreter import Interpreter
answer = {"devices": ["CPU, XNNPACK delegate"]}
""",
    "onnxruntime": """
import onnxruntime
answer = {"devices": onnxruntime.get_available_providers()}
""",
    "duckdb": "import duckdb; answer = {}",
    "h5py": "import h5py; answer = {}",
    "numpy": """
import numpy
sets = numpy.show_config(mode="dicts").get("SIMD Extensions", {})
answer = {"kernels": [*sets.get("baseline", []), *sets.get("found", [])]}
try:
    import threadpoolctl
    answer["kernels"] += [f"{one['internal_api']} {one['architecture']}"
                          for one in threadpoolctl.threadpool_info() if one.get("architecture")]
except ImportError:
    pass
""",
    "unicorn": """
import unicorn
unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
answer = {}
""",
}
"""Package -> a program that starts it and puts what it sees into ``answer``: its devices, and its
kernels as far as it tells. LiteRT and onnxruntime do not."""
_ONEDNN = re.compile(r"^onednn_verbose,.*?cpu,isa:(.*)$", re.MULTILINE)
LONGEST_PROBE = 120
"""Seconds that a library may take to start."""


@dataclass(frozen=True)
class Component:
    """One thing that is on this machine, or is not.

    Attributes:
        name: of the package, device or program.
        state: ok, missing, not tried (a version outside the range) or broken.
        version: what it says of itself; None when it is not there or does not say.
        tried: the range of versions that was tried; "" for any.
        detail: devices, providers, or what went wrong.
        purpose: what it is for.
        remedy: the one command that brings or repairs it; "" when nothing has to be done.
    """

    name: str
    state: str
    version: str | None
    tried: str
    detail: str
    purpose: str
    remedy: str


@dataclass(frozen=True)
class Tool:
    """A program that mlp-edge can use, or a library that it compiles against.

    Attributes:
        name: what is typed, or what the library is called.
        purpose: what it is for.
        packages: Debian's and Ubuntu's names of what brings it.
        header: what this machine's compiler finds where the library is; "" for a program.
    """

    name: str
    purpose: str
    packages: str
    header: str = ""


TOOLS = (
    Tool("gcc", "the runtime c, which compiles a header to run it here", "gcc"),
    Tool("g++", "tests of the headers as C++, which is what Arduino compiles", "g++"),
    Tool("clang", "the runtime c where gcc is missing", "clang"),
    Tool("node", "the runtime js, which runs scripts in JavaScript", "nodejs"),
    Tool("avr-gcc", "the runtime avr: boards such as the Uno", AVR.packages),
    Tool("libsimavr", "the runtime avr, which it simulates", LIBSIMAVR, SIMAVR_HEADER),
    Tool(
        "arm-none-eabi-gcc",
        "the runtimes cortex-m0, cortex-m3 and cortex-m4",
        CORTEX_M0.packages,
    ),
    Tool("riscv64-unknown-elf-gcc", "the runtime rv32", RV32.packages),
)


def python() -> Component:
    """The Python that runs this."""
    version, tried = platform.python_version(), python_range()
    return Component(
        name="Python",
        state=OK if holds(version, tried) else UNTRIED,
        version=version,
        tried=tried,
        detail=sys.executable,
        purpose="everything",
        remedy="" if holds(version, tried) else f"uv venv --python '{tried}'",
    )


def cpu() -> Component:
    """The processor, by whose instruction sets every library chooses its kernels."""
    purpose = "the kernels of TensorFlow, LiteRT, onnxruntime and NumPy, and their last digits"
    return Component("processor", OK, None, "", described(), purpose, "")


def package(requirement: Requirement) -> Component:
    """A Python package: there, of a version that was tried, and able to start."""
    name, tried = requirement.name, requirement.tried
    version = version_of(name)
    state, detail, remedy = OK, "", ""
    if version is None:
        bring = f"mlp-edge[{requirement.extra}]" if requirement.extra else requirement.wanted
        state, remedy = MISSING, f"pip install '{bring}'"
    elif not holds(version, tried):
        state, remedy = UNTRIED, f"pip install '{requirement.wanted}'"
    if version is not None and name in PROBES:
        answer, complaint = probe(PROBES[name])
        detail = _devices(answer)
        if complaint:
            state, detail = BROKEN, complaint
            remedy = f"pip install --force-reinstall '{requirement.wanted}'"
    return Component(name, state, version, tried, detail, PURPOSES.get(name, ""), remedy)


def gpu(tensorflow: Component) -> Component:
    """Whether TensorFlow sees a GPU, judged by what it said of its devices.

    Args:
        tensorflow: the package.
    """
    seen = [device for device in tensorflow.detail.split(", ") if device.startswith("GPU")]
    remedy, detail = "", ", ".join(seen)
    if not seen and tensorflow.state == BROKEN:
        detail = "nobody knows: TensorFlow does not start"
    elif not seen and shutil.which("nvidia-smi"):
        detail = "TensorFlow sees none, although there is an NVIDIA driver"
        remedy = "pip install 'mlp-edge[gpu]'"
    elif not seen:
        detail = "none seen, and no NVIDIA driver (nvidia-smi) on this machine"
    purpose = "training large networks faster; small ones are as fast without"
    return Component("GPU", OK if seen else MISSING, None, "", detail, purpose, remedy)


def tool(wanted: Tool) -> Component:
    """A compiler or a simulator."""
    path = _library(wanted) if wanted.header else shutil.which(wanted.name)
    return Component(
        name=wanted.name,
        state=OK if path else MISSING,
        version=_version(path) if path and not wanted.header else None,
        tried="",
        detail=path or "",
        purpose=wanted.purpose,
        remedy="" if path else f"apt-get install {wanted.packages}",
    )


def _library(wanted: Tool) -> str | None:
    """The header of a library, if there is a compiler that finds it."""
    try:
        return wanted.header if finds(compiler(), wanted.header) else None
    except MissingError:
        return None


def runtimes(packages: Sequence[Component]) -> list[Component]:
    """Every place to run, and what it lacks; one whose library does not start is broken."""
    from mlp_edge.runtime import RUNTIMES

    checksum_error = {item.name for item in packages if item.state == BROKEN}
    libraries = {
        "keras": "tensorflow",
        "litert": "ai-edge-litert",
        "onnxruntime": "onnxruntime",
        "cortex-m0": "unicorn",
        "cortex-m3": "unicorn",
        "cortex-m4": "unicorn",
        "rv32": "unicorn",
    }
    found = []
    for runtime in RUNTIMES:
        try:
            remedy = runtime.missing() or ""
        except Exception as error:  # a doctor reports; it does not fall ill
            remedy = f"{type(error).__name__}: {error}"
        state = MISSING if remedy else OK
        if libraries.get(runtime.name) in checksum_error:
            state = BROKEN
        purpose = f"predicting with {runtime.reads} files"
        found.append(Component(runtime.name, state, None, "", remedy, purpose, ""))
    return found


def probe(source: str) -> tuple[Mapping[str, Any], str]:
    """Run a program in a Python of its own, which imports nothing from the current folder.

    Args:
        source: it leaves a dictionary in ``answer``.

    Returns:
        The answer and "", or nothing and what went wrong, in one line.
    """
    ending = f"\nimport json; print({DONE!r} + json.dumps(answer))"
    quieter = {**dict([NO_TELEMETRY]), **os.environ}
    quieter |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "ONEDNN_VERBOSE": "1"}
    try:
        result = subprocess.run(
            [sys.executable, "-P", "-c", source + ending],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_PROBE,
            check=False,
            env=quieter,
        )
    except subprocess.TimeoutExpired:
        return {}, f"did not start within {LONGEST_PROBE} s"
    except OSError as error:
        return {}, f"could not be tried ({error.strerror})"
    for line in result.stdout.splitlines():
        if line.startswith(DONE):
            answer = json.loads(line.removeprefix(DONE))
            onednn = [f"oneDNN {isa}" for isa in _ONEDNN.findall(result.stdout)[:1]]
            return {**answer, "kernels": [*answer.get("kernels", []), *onednn]}, ""
    return {}, _complaint(result)


def _complaint(result: subprocess.CompletedProcess[str]) -> str:
    """The last line of a traceback, or the signal that ended the process."""
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    if result.returncode < 0:
        return f"crashed with signal {-result.returncode} when it was imported"
    return lines[-1][:200] if lines else f"ended with code {result.returncode}, without a word"


def _devices(answer: Mapping[str, Any]) -> str:
    """``"CPU:0, GPU:0 (NVIDIA T4), oneDNN Intel AVX2"``."""
    devices = list(answer.get("devices", []))
    gpus = iter(answer.get("gpus", []))
    for index, device in enumerate(devices):
        model = next(gpus, "") if device.startswith("GPU") else ""
        devices[index] = f"{device} ({model})" if model else device
    return ", ".join([*devices, *answer.get("kernels", [])])


def _version(path: str) -> str | None:
    """The first line of what a program prints when asked for its version."""
    try:
        result = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = result.stdout.splitlines()
    return lines[0].strip() if lines and result.returncode == 0 else None
