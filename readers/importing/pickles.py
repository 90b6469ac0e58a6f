"""Files that Python programs save models in: refused with what would do, never opened.

A pickle runs code of whoever wrote it, and files of weights alone do not tell the layers. What a
program holds once it has loaded its own file can be opened as an object (``readers/objects``).
"""

from __future__ import annotations

from pathlib import Path

from mlp_edge.errors import ModelError

PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".skops", ".dill")
WEIGHTS = (".pt", ".pth", ".safetensors", ".ckpt", ".pt2")
PROTOCOLS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
"""How a pickle begins; joblib's do so, too."""
ZIP, INNER = b"PK", b"/data.pkl"
"""PyTorch keeps a pickle within a zip, among the first of its files."""
NEAR = 4096


def check_no_pickle(path: Path, content: bytes) -> None:
    """Refuse a file that only a Python program can open, and say how it opens the model.

    Raises:
        ModelError: naming the file.
    """
    suffix = path.suffix.lower()
    if suffix in WEIGHTS or (content.startswith(ZIP) and INNER in content[:NEAR]):
        raise ModelError(
            f"{path}: a file of PyTorch, which holds weights and code rather than layers; in "
            "Python, `mlp_edge.open(model)` takes an nn.Sequential with these weights, and "
            "`torch.onnx.export(…)` makes an ONNX file of any model"
        )
    if suffix in PICKLES or content.startswith(PROTOCOLS):
        raise ModelError(
            f"{path}: a pickle, which runs code when it is loaded; in Python, "
            "`mlp_edge.open(model)` takes the fitted model of scikit-learn itself, and `export(…)` "
            "writes its files"
        )
