"""``mlp-edge doctor``: whatever it finds, it reports and ends well."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from support.commands import Type

from mlp_edge import requirements
from mlp_edge.api.doctor import diagnosis, machine, processor
from mlp_edge.requirements import Requirement, holds, parse

GROUPS = {"python", "packages", "devices", "runtimes", "programs"}
FIELDS = {"name", "state", "version", "tried", "detail", "purpose", "remedy"}
STATES = {"ok", "missing", "not tried", "broken"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library is started."""
    monkeypatch.setattr(machine, "probe", lambda _source: ({"devices": ["CPU:0"]}, ""))


def described(typed: Type) -> dict[str, Any]:
    answer = typed("doctor", "--json")
    assert answer.code == 0, answer.err
    return dict(json.loads(answer.out))


def by_name(findings: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in findings}


def test_what_is_reported(typed: Type, quick: None) -> None:
    found = described(typed)
    assert set(found) == GROUPS | {"mlp_edge", "system"}
    for group in GROUPS:
        assert found[group], group
        for finding in found[group]:
            assert set(finding) == FIELDS
            assert finding["state"] in STATES
            assert finding["purpose"]
    packages = by_name(found["packages"])
    assert packages["numpy"]["version"] == metadata.version("numpy")
    assert packages["numpy"]["tried"].startswith(">=")
    assert {"tensorflow", "onnxruntime", "ai-edge-litert"} <= set(packages)
    assert {"mlflow-skinny", "model-signing", "tensorboard"} <= set(packages)
    assert not {"pytest", "ruff"} & set(packages)


CPUINFO = """processor\t: 0
model name\t: A Chip of 2026
flags\t\t: fpu sse4_1 fma avx2 avx512f nothing_known

processor\t: 1
"""


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (CPUINFO, "sse4_1, fma, avx2, avx512f"),
        ("processor\t: 0\nFeatures\t: fp asimd sve\n", ": asimd, sve"),
        ("", "does not say its instruction sets"),
        (None, "does not say its instruction sets"),
    ],
)
def test_the_processor_and_its_instruction_sets(
    told: str | None, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    assert machine.cpu().detail.endswith(says)


def test_the_kernels_that_a_library_says() -> None:
    answer, complaint = machine.probe(machine.PROBES["numpy"])
    assert complaint == ""
    assert answer["kernels"]
    said = "print('onednn_verbose,v1,info,cpu,isa:Some ISA'); answer = {'devices': ['CPU:0']}"
    assert machine.probe(said)[0]["kernels"] == ["oneDNN Some ISA"]


def test_nothing_in_the_current_folder_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "duckdb.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    assert machine.probe(machine.PROBES["duckdb"]) == ({"kernels": []}, "")


def test_it_is_readable_at_80_columns_and_plain_in_a_pipe(
    typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = typed("doctor")
    assert shown.code == 0
    assert "\x1b" not in shown.out
    for line in shown.out.splitlines():
        assert len(line) <= 80 or line.startswith("  "), line  # commands are never broken
    for word in ("packages", "runtimes", "compilers", "gcc", "onnxruntime", "processor"):
        assert word in shown.out


def test_without_any_program(
    typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    found = described(typed)
    for tool in found["programs"]:
        assert tool["state"] == "missing"
        assert tool["remedy"].startswith("apt-get install ")
        assert tool["purpose"]
    assert by_name(found["runtimes"])["c"]["state"] == "missing"
    shown = typed("doctor")
    assert shown.code == 0
    assert "apt-get install gcc-avr avr-libc" in shown.out


def test_a_program_that_does_not_say_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in (("gcc", "#!/bin/sh\nexit 3\n"), ("g++", "no program at all")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for tool in machine.TOOLS[:2]:
        finding = machine.tool(tool)
        assert finding.state == "ok"
        assert finding.version is None


def test_without_any_package(typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _name: None)
    packages = by_name(described(typed)["packages"])
    assert {finding["state"] for finding in packages.values()} == {"missing"}
    assert packages["tensorflow"]["remedy"] == "pip install 'mlp-edge[train]'"
    assert packages["numpy"]["remedy"].startswith("pip install 'numpy>=")
    # One command for all that it brings.
    assert typed("doctor").out.count("pip install 'mlp-edge[train]'") == 1


def test_versions_that_nobody_tried(
    typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _name: "99.0")
    packages = by_name(described(typed)["packages"])
    assert packages["tensorflow"]["state"] == "not tried"
    assert packages["tensorflow"]["remedy"].startswith("pip install 'tensorflow>=")


def test_modules_that_cannot_even_be_looked_for(
    typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ill(*_: object) -> bool:
        raise ValueError("tensorflow.__spec__ is None")

    monkeypatch.setattr("mlp_edge.runtime.keras.installed", ill)
    finding = by_name(described(typed)["runtimes"])["keras"]
    assert finding["state"] == "missing"
    assert "__spec__" in finding["detail"]
    assert typed("doctor").code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("raise RuntimeError('libcudart is of another age')", "libcudart is of another age"),
        ("import os; os.abort()", "signal 6"),
        ("import sys; sys.exit(7)", "code 7"),
        ("print('noise'); import nothing_of_that_name", "nothing_of_that_name"),
    ],
)
def test_a_broken_library(
    typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, says: str
) -> None:
    (tmp_path / "tensorflow.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    wanted = Requirement("tensorflow", ">=2,<3", "train")
    monkeypatch.setattr(diagnosis, "requirements", lambda: [wanted])
    monkeypatch.setattr(machine, "version_of", lambda _name: "2.21.0")
    found = described(typed)
    [finding] = found["packages"]
    assert finding["state"] == "broken"
    assert says in finding["detail"]
    assert finding["remedy"] == "pip install --force-reinstall 'tensorflow>=2,<3'"
    assert by_name(found["runtimes"])["keras"]["state"] == "broken"
    shown = typed("doctor")
    assert shown.code == 0
    assert "broken" in shown.out


def test_a_library_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LONGEST_PROBE", 0.2)
    answer, complaint = machine.probe("import time; time.sleep(20); answer = {}")
    assert not answer
    assert "did not start" in complaint


def test_a_gpu_is_named_and_its_absence_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def tensorflow(detail: str, state: str = "ok") -> machine.Component:
        return machine.Component("tensorflow", state, "2.21.0", "", detail, "", "")

    monkeypatch.setenv("PATH", str(tmp_path))
    assert "GPU:0 (T4)" in machine.gpu(tensorflow("CPU:0, GPU:0 (T4)")).detail
    without = machine.gpu(tensorflow("CPU:0"))
    assert "no NVIDIA driver" in without.detail
    assert without.remedy == ""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert machine.gpu(tensorflow("CPU:0")).remedy == "pip install 'mlp-edge[gpu]'"
    assert "does not start" in machine.gpu(tensorflow("a crash", "broken")).detail


def test_no_registry_is_named(typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _name: None)
    answer = typed("doctor")
    assert "://" not in answer.out + answer.err


def test_without_metadata(typed: Type, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "DISTRIBUTION", "mlp-edge-of-nowhere")
    answer = typed("doctor")
    assert answer.code == 0
    assert "not installed as a package" in answer.err


@pytest.mark.parametrize(
    ("version", "tried", "expected"),
    [
        ("2.21.0", ">=2.21,<2.22", True),
        ("2.22.0", ">=2.21,<2.22", False),
        ("2.21", ">=2.21.0", True),
        ("2.9", ">=2.21", False),
        ("2.22.0rc1", ">=2.21,<2.22", False),
        ("0.2.4", "==0.2.4", True),
        ("0.2.4.post1", "==0.2.4", True),
        ("1.0", "!=1", False),
        ("1!2.0", ">=1.0", True),
        ("5", "", True),
    ],
)
def test_ranges(version: str, tried: str, expected: bool) -> None:
    assert holds(version, tried) is expected


def test_every_line_of_our_own_metadata_is_understood() -> None:
    for line in metadata.requires("mlp-edge") or []:
        found = parse(line)
        assert found is not None, line
        assert found.name in line
        assert ("extra" in line) == bool(found.extra)


@pytest.mark.slow
def test_what_this_machine_really_has(keras: Any, typed: Type) -> None:
    packages = by_name(described(typed)["packages"])
    assert "CPU:0" in packages["tensorflow"]["detail"]
    assert "CPUExecutionProvider" in packages["onnxruntime"]["detail"]
    assert all(finding["state"] != "broken" for finding in packages.values())
