"""The device: what is taken when, and what is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlp_edge.errors import MissingError, RecipeError
from mlp_edge.training.device import SMALL, Device, check_wanted, decide, take, why_none

TWO = ("GPU:0", "GPU:1")


@pytest.mark.parametrize(
    ("wanted", "work", "seen", "names", "says"),
    [
        ("auto", SMALL, (), ("CPU:0",), "TensorFlow sees no GPU"),
        ("auto", SMALL, TWO, ("GPU:0",), "on GPU:0"),
        ("auto", SMALL - 1, TWO, ("CPU:0",), "although there is a GPU"),
        ("gpu", SMALL, TWO, ("GPU:0",), "on GPU:0, as `device` says"),
        ("gpu", 1, TWO, ("GPU:0",), "the CPU is probably faster"),
        ("gpu:1", SMALL, TWO, ("GPU:1",), "on GPU:1"),
    ],
)
def test_what_is_taken(
    wanted: str, work: int, seen: tuple[str, ...], names: tuple[str, ...], says: str
) -> None:
    device = decide(wanted, "none", work, seen)
    assert device.names == names
    assert says in device.says
    assert not device.mirrored


def test_mirrored_takes_them_all() -> None:
    device = decide("gpu", "mirrored", 1, TWO)
    assert device.names == TWO
    assert device.mirrored


@pytest.mark.parametrize(
    ("wanted", "strategy", "seen", "says"),
    [
        ("gpu:2", "none", TWO, "sees only GPU:0, GPU:1"),
        ("gpu", "mirrored", TWO[:1], "several GPUs"),
    ],
)
def test_too_few_gpus(wanted: str, strategy: str, seen: tuple[str, ...], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        decide(wanted, strategy, 1, seen)


@pytest.mark.parametrize(
    ("wanted", "strategy"),
    [("tpu", "none"), ("gpu:x", "none"), ("gpu", "parallel"), ("cpu", "mirrored")],
)
def test_wishes_that_cannot_be_meant(wanted: str, strategy: str) -> None:
    with pytest.raises(RecipeError):
        check_wanted(wanted, strategy)


def test_without_a_gpu_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr("mlp_edge.training.device.ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr("mlp_edge.training.device.installed", lambda *modules: False)
    with pytest.raises(MissingError) as caught:
        decide("gpu", "none", 1, ())
    sentence = str(caught.value)
    for part in ("sees CPU", "CUDA_VISIBLE_DEVICES", "libcuda.so.1", "mlp-edge[gpu]"):
        assert part in sentence
    assert why_none() in sentence


def test_the_cpu_is_taken_when_asked_for() -> None:
    assert take("cpu", "none", 10**12, tf32=False) == Device(
        ("CPU:0",), "on the CPU, as `device` says"
    )


def test_tf32_is_off_unless_asked_for() -> None:
    from mlp_edge.lazy import tensorflow

    enabled = tensorflow().config.experimental.tensor_float_32_execution_enabled
    take("cpu", "none", 1, tf32=True)
    assert enabled()
    take("cpu", "none", 1, tf32=False)
    assert not enabled()


@pytest.mark.slow
def test_mirrored_training_on_logical_devices_learns_the_same() -> None:
    """Two logical CPUs stand in for two GPUs; they have to be made before TensorFlow starts."""
    script = """
import numpy as np
from mlp_edge.lazy import tensorflow
tf = tensorflow()
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from mlp_edge.data.reading.read import read_table
from mlp_edge.training.device import Device
from mlp_edge.training.recipe import Recipe
from mlp_edge.training.training import train
stage = lambda title, epochs: lambda epoch, logs: None
recipe = Recipe(epochs=3, batch_size=64)
two = Device(("CPU:0", "CPU:1"), "mirrored", mirrored=True)
one = Device(("CPU:0",), "one")
a = train(read_table("pima"), recipe, stage, place=lambda work: two)
b = train(read_table("pima"), recipe, stage, place=lambda work: one)
paths = [found.first.fitted.backend.value for found in (a, b)]
assert paths == ["model.fit"] * 2, paths
for x, y in zip(a.mlp.layers, b.mlp.layers):
    assert np.abs(x.weights - y.weights).max() <= 1e-5 * np.abs(y.weights).max()
    assert np.abs(x.bias - y.bias).max() <= 1e-5
print("the same")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "the same", done.stderr
