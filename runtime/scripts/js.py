"""JavaScript on this machine: a module in Node.js, the very file that a web page imports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlp_edge.proof.accuracy import KERNELS
from mlp_edge.runtime.runtime import Opened, Runtime
from mlp_edge.runtime.scripts.process import open_script

NODE = "node"


@contextmanager
def open_module(path: Path) -> Iterator[Opened]:
    """Run a .js file in Node.js; see ``open_script``."""
    # By its suffix Node knows a module, wherever it stands.
    with open_script(path, [NODE], "rows.mjs", "model.mjs") as opened:
        yield opened


def _missing() -> str | None:
    if shutil.which(NODE):
        return None
    return "no Node.js on this machine; apt-get install nodejs brings it"


RUNTIME = Runtime(name="js", reads=".js", missing=_missing, open=open_module, accuracy=KERNELS)
