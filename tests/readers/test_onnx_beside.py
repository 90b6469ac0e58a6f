"""ONNX files whose numbers stand in files beside them, and those that point elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto
from support.onnx_files import B1, B2, ROWS, W1, W2, Graph, gemm

from mlp_edge.errors import ModelError
from mlp_edge.readers.checks.onnx_checks import check_onnx
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.readers.operators.beside import Beside
from mlp_edge.readers.operators.tensors import in_one_file


def model() -> onnx.ModelProto:
    graph = Graph()
    gemm(graph, W1, B1)
    graph.add("Relu", graph.last)
    gemm(graph, W2, B2)
    return graph.model()


def beside(folder: Path, one_file: bool = True, name: str = "m.onnx.data") -> Path:
    """A model with its numbers in files of their own, in a folder with nothing else."""
    folder.mkdir()
    onnx.save_model(
        model(), folder / "m.onnx", save_as_external_data=True, size_threshold=0,
        all_tensors_to_one_file=one_file, location=name if one_file else None,
    )  # fmt: skip
    return folder / "m.onnx"


@pytest.mark.parametrize("one_file", [True, False])
def test_numbers_beside_the_file_are_those_in_it(tmp_path: Path, one_file: bool) -> None:
    (tmp_path / "whole.onnx").write_bytes(model().SerializeToString())
    found = read_foreign(beside(tmp_path / "apart", one_file)).mlp
    assert found.weights_sha256 == read_foreign(tmp_path / "whole.onnx").mlp.weights_sha256


def test_bfloat16_numbers_beside_the_file(tmp_path: Path) -> None:
    path = beside(tmp_path / "apart")
    found = onnx.load(path, load_external_data=False)
    tensor = found.graph.initializer[0]
    bits = (np.ascontiguousarray(W1.T).view(np.uint32) >> 16).astype("<u2")
    (path.parent / "halves").write_bytes(bits.tobytes())
    tensor.data_type = TensorProto.BFLOAT16
    del tensor.external_data[:]
    tensor.external_data.add(key="location", value="halves")
    path.write_bytes(found.SerializeToString())
    weights = read_foreign(path).mlp.layers[0].weights
    assert weights.view(np.uint32).tolist() == (bits.astype(np.uint32) << 16).tolist()


@pytest.mark.parametrize("one_file", [True, False])
def test_onnx_runtime_is_given_all_of_it_in_one_file(tmp_path: Path, one_file: bool) -> None:
    path = beside(tmp_path / "apart", one_file)
    content = in_one_file(path.read_bytes(), Beside(path))
    check_onnx(content)
    whole = model().SerializeToString()
    one, other = (onnxruntime.InferenceSession(each).run(None, {"x": ROWS})[0]
                  for each in (content, whole))  # fmt: skip
    assert (one == other).all()
    assert in_one_file(whole, Beside(path)) == whole


def refused(path: Path, **entries: str) -> str:
    """What is said where the first tensor has other entries; one without a value goes."""
    found = onnx.load(path, load_external_data=False)
    tensor = found.graph.initializer[0]
    kept = {entry.key: entry.value for entry in tensor.external_data} | entries
    del tensor.external_data[:]
    for key, value in kept.items():
        if value:
            tensor.external_data.add(key=key, value=value)
    path.write_bytes(found.SerializeToString())
    with pytest.raises(ModelError) as caught:
        read_foreign(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: initializer 'c0': ")
    assert "\n" not in message
    return message


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "no name": ({"location": ""}, "another file, which it does not name"),
    "a file that is not there": ({"location": "none.bin"}, "there is no such file beside it"),
    "above": ({"location": "../secret"}, "'../secret', outside the folder"),
    "above, later": ({"location": "a/../../secret"}, "outside the folder of the model"),
    "as Windows writes it": ({"location": "..\\secret"}, "outside the folder of the model"),
    "a drive": ({"location": "C:secret"}, "outside the folder of the model"),
    "the root": ({"location": "/etc/passwd"}, "'/etc/passwd', outside the folder"),
    "a link": ({"location": "link"}, "'link', outside the folder of the model"),
    "a ring of links": ({"location": "ring"}, "ring"),
    "a NUL": ({"location": "a\0b"}, "outside the folder of the model"),
    "a pipe": ({"location": "pipe"}, "a device or a pipe"),
    "a folder": ({"location": "folder"}, "a directory, where a file belongs"),
    "beyond the end": ({"offset": "900"}, "at bytes 900 to 980 of 'm.onnx.data', which has"),
    "far beyond": ({"offset": "9" * 19}, "which has"),
    "before the start": ({"offset": "-4"}, "at the offset '-4' of another file"),
    "a long number": ({"offset": "9" * 5000}, "at the offset '9999"),
    "another length": ({"length": "4"}, "takes 80 bytes, of which 'm.onnx.data' has 4"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stands_nowhere_beside_it_is_refused(tmp_path: Path, name: str) -> None:
    entries, said = REFUSED[name]
    path = beside(tmp_path / "apart")
    (tmp_path / "secret").write_bytes(bytes(1000))
    (path.parent / "link").symlink_to(tmp_path / "secret")
    (path.parent / "ring").symlink_to(path.parent / "ring")
    (path.parent / "folder").mkdir()
    os.mkfifo(path.parent / "pipe")
    assert said in refused(path, **entries)


def test_files_beside_it_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = beside(tmp_path / "apart", one_file=False)
    monkeypatch.setenv("MLP_EDGE_MAX_MB", "1")
    for file in path.parent.iterdir():
        if file != path:
            file.write_bytes(file.read_bytes().ljust(600_000))
    with pytest.raises(ModelError, match="the files beside it: 1,200,000 bytes, where 1 MB are"):
        read_foreign(path)
