"""The processor, and the instruction sets by which libraries choose their kernels."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

X86 = (
    "sse4_1", "sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512dq", "avx512bw",
    "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
)  # fmt: skip
ARM = ("asimd", "fphp", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme")
"""Linux's names of what TensorFlow, XNNPACK, MLAS, oneDNN, NumPy and OpenBLAS have kernels for."""
_CPUINFO = Path("/proc/cpuinfo")


def described() -> str:
    """The processor's name and its instruction sets, such as ``"AMD EPYC: avx2, fma"``."""
    told = _told()
    name, flags = _field(told, "model name"), _field(told, "flags") or _field(told, "Features")
    known = set(flags.split())
    sets = ", ".join(flag for flag in (*X86, *ARM) if flag in known)
    name = name or platform.processor() or platform.machine()
    return f"{name}: {sets or 'does not say its instruction sets'}"


def _told() -> str:
    """What the system says of its processors, as Linux writes it."""
    if platform.system() == "Darwin":
        return _of_macos()
    try:
        return _CPUINFO.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _of_macos() -> str:
    values = {
        "machdep.cpu.brand_string": "",
        "machdep.cpu.features": "",
        "machdep.cpu.leaf7_features": "",
    }
    for key in values:
        try:
            asked = subprocess.run(
                ["sysctl", "-n", key], capture_output=True, text=True, timeout=20, check=False
            )
            values[key] = asked.stdout.strip()
        except (OSError, subprocess.SubprocessError):
            pass
    name, *flags = values.values()
    spelt = " ".join(flags).lower().replace(".", "_").replace("avx1_0", "avx")
    return f"model name: {name}\nflags: {spelt}\n"


def _field(told: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", told, re.MULTILINE)
    return found[1].strip() if found else ""
