"""Good and hostile traffic for minutes, and models replaced under load a thousand times.

``python benchmarks/traffic.py MODEL --minutes 10`` serves a model directory or an exported file to
clients that hold every prediction against ``mlp_edge.load`` and to hostile ones, and prints what
they got and the memory that the server took. ``--reloads 1000 --other DIRECTORY`` replaces the
model directory by the other one and by damaged ones in turn, while good clients ask: no request may
be lost, and each reply has to come from the version that it names.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.servers import Running, serving
from support.traffic import (
    GoodClient,
    Seen,
    counted,
    damaged,
    megabytes,
    mixed,
    replace_directory,
    working,
)

import mlp_edge


def version_of(model: Path) -> str:
    """The version that a server would name."""
    with mlp_edge.load(model) as opened:
        return f"{opened.card.weights_sha256[:12]}-{opened.card.dtype}"


def traffic(model: Path, folder: Path, minutes: float, pause: float) -> None:
    """Mixed traffic, and what came of it."""
    with (
        mlp_edge.load(model, "onnxruntime" if model.is_dir() else None) as opened,
        serving(folder, model, "--timeout", 2) as server,
    ):
        seconds = 60 * minutes
        seen = mixed(server, {version_of(model): opened}, seconds, seconds / 10, pause)
        print(f"good: {sum(seen.good.values()):,} requests right, {len(seen.wrong)} wrong")
        print("\n".join(seen.wrong[:10]))
        print(f"hostile: {sum(seen.hostile.values()):,} attacks, statuses {dict(seen.statuses)}")
        tenth = max(1, len(seen.megabytes) // 10)
        told = [f"{max(seen.megabytes[at : at + tenth]):.0f}" for at in range(0, 10 * tenth, tenth)]
        print(f"memory after the warm-up, MB, the most of each tenth: {' '.join(told)}")
        finish(server)


def finish(server: Running) -> None:
    """Print faults, of which there are none."""
    failed = {name: count for name, count in counted(server).items() if 'status="5' in name}
    print(f"faults: {len(server.lines('fault'))}; statuses of 500 and above: {failed}")


def reloads(model: Path, other: Path, folder: Path, count: int, pause: float) -> None:
    """Replace a model directory again and again; one of two that replace it is damaged."""
    good = [model, other]
    bad = damaged(other, folder / "bad")
    served, seen, took = shutil.copytree(model, folder / "served"), Seen(), time.monotonic()
    versions = {version_of(each): mlp_edge.load(each, "onnxruntime") for each in good}
    with serving(folder, served, "--reload", 0.02) as server:
        clients = [GoodClient(server, versions, seen, pause, seed).run for seed in range(4)]
        with working(*clients):
            for number in range(1, count + 1):
                replace_directory(served, bad if number % 2 else good[number // 2 % 2])
                while len(server.lines("reloaded")) + len(server.lines("refused")) < number:
                    time.sleep(0.01)
                if number == count // 10:
                    print(f"memory after a tenth, MB: {megabytes(server):.0f}")
        print(
            f"{count} replacements in {time.monotonic() - took:.0f} s: "
            f"{len(server.lines('reloaded'))} served, {len(server.lines('refused'))} refused"
        )
        print(f"requests right: {sum(seen.good.values()):,}; lost or wrong: {len(seen.wrong)}")
        print("\n".join(seen.wrong[:10]))
        print({name: n for name, n in counted(server).items() if "reloads_total" in name})
        print(f"memory at the end, MB: {megabytes(server):.0f}")
        finish(server)


def main() -> None:
    """Serve, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--reloads", type=int)
    parser.add_argument("--other", type=Path, help="a directory of the same model's name")
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between two requests")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if chosen.reloads is None:
            traffic(chosen.model, Path(made), chosen.minutes, chosen.pause)
        else:
            reloads(chosen.model, chosen.other, Path(made), chosen.reloads, chosen.pause)


if __name__ == "__main__":
    main()
