"""Where training runs: the CPU, a GPU, or several GPUs at once."""

from __future__ import annotations

import ctypes.util
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mlp_edge.errors import MissingError, RecipeError
from mlp_edge.lazy import installed, tensorflow
from mlp_edge.settings import setting

STRATEGIES = ("none", "mirrored")
SMALL = 10_000_000
"""Multiply-adds of a step's forward pass, rows of a batch times weights, below which ``auto`` stays
on the CPU: starting a GPU's kernels takes longer than the arithmetic. A rule of thumb: a CPU core
does some 10^9 to 10^10 a second, and a step of a few kernels costs a GPU about a millisecond."""

_WANTED = re.compile(r"auto|cpu|gpu(:\d+)?")


@dataclass(frozen=True)
class Device:
    """A place to train.

    Attributes:
        names: TensorFlow's names of the devices; several with the mirrored strategy.
        says: what was taken, and why, in a sentence.
        mirrored: whether tf.distribute copies the model to each.
    """

    names: tuple[str, ...]
    says: str
    mirrored: bool = False

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Everything that is built and fitted in this block lands on the device."""
        tf = tensorflow()
        if self.mirrored:
            with tf.distribute.MirroredStrategy(list(self.names)).scope():
                yield
        else:
            with tf.device(self.names[0]):
                yield


ON_CPU = Device(("CPU:0",), "on the CPU")


def check_wanted(wanted: str, strategy: str) -> None:
    """Refuse a device or a strategy that cannot be meant; needs no TensorFlow.

    Raises:
        RecipeError: saying what would do.
    """
    if not _WANTED.fullmatch(wanted):
        raise RecipeError(
            f"{setting('device', wanted)} is not auto, cpu, gpu or gpu:N, such as gpu:0"
        )
    if strategy not in STRATEGIES:
        raise RecipeError(f"{setting('strategy', strategy)} is not one of {', '.join(STRATEGIES)}")
    if strategy == "mirrored" and wanted != "gpu":
        raise RecipeError(
            f"{setting('strategy', strategy)} copies the model to every GPU: "
            f"{setting('device', 'gpu')} with it"
        )


def take(wanted: str, strategy: str, work: int, tf32: bool) -> Device:
    """Choose a device.

    Args:
        wanted: auto, cpu, gpu or gpu:N.
        strategy: none or mirrored.
        work: multiply-adds of a step's forward pass.
        tf32: let a GPU round products to TensorFloat-32, which costs three digits.

    Raises:
        MissingError: when a GPU is wanted and there is none, with what is missing.
        RecipeError: when there are too few for the wish.
    """
    check_wanted(wanted, strategy)
    tensorflow().config.experimental.enable_tensor_float_32_execution(tf32)
    if wanted == "cpu":
        return Device(("CPU:0",), f"on the CPU, as {setting('device')} says")
    return decide(wanted, strategy, work, gpus())


def decide(wanted: str, strategy: str, work: int, seen: Sequence[str]) -> Device:
    """The choice between the GPUs that are seen and the CPU; raises as ``take`` does."""
    if not seen:
        if wanted == "auto":
            return Device(("CPU:0",), "on the CPU: TensorFlow sees no GPU")
        raise MissingError(f"{setting('device', wanted)}: no GPU is usable; {why_none()}")
    if wanted == "auto":
        if work < SMALL:
            says = (
                f"on the CPU although there is a GPU: {work:,} multiply-adds a step are too few "
                f"to be faster there (fewer than {SMALL:,}); {setting('device', 'gpu')} overrules "
                "it"
            )
            return Device(("CPU:0",), says)
        return Device((seen[0],), f"on {seen[0]}: {work:,} multiply-adds a step")
    if strategy == "mirrored":
        if len(seen) < 2:
            raise RecipeError(
                f"{setting('strategy', strategy)} takes several GPUs; TensorFlow sees {seen[0]}"
            )
        return Device(tuple(seen), f"mirrored on {', '.join(seen)}", mirrored=True)
    number = int(wanted.partition(":")[2] or 0)
    if number >= len(seen):
        raise RecipeError(f"{setting('device', wanted)}: TensorFlow sees only {', '.join(seen)}")
    slow = " (the CPU is probably faster for so small a network)" if work < SMALL else ""
    return Device((seen[number],), f"on {seen[number]}, as {setting('device')} says{slow}")


def gpus() -> list[str]:
    """TensorFlow's short names of the GPUs that it sees: GPU:0, GPU:1 and so on."""
    found: Sequence[Any] = tensorflow().config.list_physical_devices("GPU")
    return [f"GPU:{number}" for number in range(len(found))]


def why_none() -> str:
    """What TensorFlow saw, which library is missing, and what to install, in a sentence."""
    tf = tensorflow()
    seen = ", ".join(device.device_type for device in tf.config.list_physical_devices())
    reasons = [f"TensorFlow {tf.__version__} sees {seen}"]
    if not tf.sysconfig.get_build_info().get("is_cuda_build"):
        reasons.append("it was built without CUDA; pip install 'mlp-edge[gpu]' on Linux brings one")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden in ("", "-1"):
        reasons.append(f"CUDA_VISIBLE_DEVICES={hidden!r} hides every GPU")
    if ctypes.util.find_library("cuda") is None:
        reasons.append("libcuda.so.1 is missing, which the NVIDIA driver brings")
    if not (installed("nvidia") and installed("nvidia.cudnn")):
        reasons.append("the CUDA libraries are missing; pip install 'mlp-edge[gpu]' brings them")
    return "; ".join(reasons)
