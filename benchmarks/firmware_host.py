"""How long a row takes on this machine in every dtype, beside the loop by hand and emlearn."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from firmware_peers import MADE_BY_HAND, Emlearn, candidates
from support.integer_networks import made

from mlp_edge.export.c import EXPORTER
from mlp_edge.mlp import Mlp

COMPILERS = ("gcc", "clang")
OPTIMISATIONS = ("O2", "O3")
CALLS = 100_000
"""How many multiply-adds a turn has, about."""
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
{declarations}
static float x[64][640], y[640];
static double now(void)
{{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}}
static double best(void (*f)(const float *, float *), int calls, double before)
{{
    double start = now();
    for (int i = 0; i < calls; i++)
        f(x[i % 64], y);
    double took = (now() - start) / calls;
    return took < before ? took : before;
}}
int main(void)
{{
    double took[{count}];
    for (int i = 0; i < {count}; i++)
        took[i] = 1e30;
    for (int i = 0; i < 64 * 640; i++)
        x[i / 640][i % 640] = (float)rand() / (float)RAND_MAX * 2.0f - 1.0f;
    for (int turn = 0; turn < 200; turn++) {{
{calls}
    }}
    for (int i = 0; i < {count}; i++)
        printf("%.1f\\n", took[i]);
    return 0;
}}
"""


def on_host(models: Sequence[Mlp], emlearn: Emlearn, folder: Path) -> None:
    """Nanoseconds per row by every compiler that is here, the best of 200 turns each."""
    for compiler in filter(shutil.which, COMPILERS):
        for opt in OPTIMISATIONS:
            print(f"\nthis machine, {compiler} -{opt} -ffp-contract=off, best of 200 turns")
            for mlp in models:
                texts = dict(_texts(mlp, emlearn))
                took = dict(zip(texts, _race(mlp, texts, compiler, opt, folder), strict=True))
                for name, value in took.items():
                    share = value / took[MADE_BY_HAND]
                    line = f"{mlp.name:6} {name:16} {value:10.1f} ns a row {share:6.2f}"
                    print(f"{line} of the {MADE_BY_HAND}", flush=True)


def _texts(mlp: Mlp, emlearn: Emlearn) -> Iterator[tuple[str, str]]:
    """Name and C of each; integers are any: what they take hardly depends on them."""
    yield from candidates(mlp, emlearn)
    for dtype, write in EXPORTER.integers.items():
        yield dtype, write(mlp, made(mlp, dtype)).decode()


def _race(
    mlp: Mlp, texts: dict[str, str], compiler: str, opt: str, folder: Path
) -> Iterator[float]:
    """Nanoseconds per row of each, by turns in one program."""
    compiled = (compiler, "-std=gnu11", f"-{opt}", "-ffp-contract=off", "-w", "-c")
    for index, text in enumerate(texts.values()):
        # Each in a file of its own, under a name of its own: two may use the same names.
        changed = re.sub(rf"\b{mlp.name}_predict\b", f"f{index}", text)
        (folder / f"f{index}.c").write_text(changed)
        _run(folder, *compiled, f"f{index}.c")
        _run(folder, "objcopy", f"--keep-global-symbol=f{index}", f"f{index}.o")
    every = range(len(texts))
    calls = max(20, CALLS // sum(layer.weights.size for layer in mlp.layers))
    (folder / "main.c").write_text(MAIN.format(
        declarations="\n".join(f"void f{i}(const float *, float *);" for i in every),
        count=len(texts),
        calls="\n".join(f"        took[{i}] = best(f{i}, {calls}, took[{i}]);" for i in every),
    ))  # fmt: skip
    _run(folder, *compiled, "main.c")
    _run(folder, compiler, "main.o", *(f"f{i}.o" for i in every), "-o", "race", "-lm")
    return map(float, _run(folder, "./race").split())


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout
