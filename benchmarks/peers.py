"""Tools that turn models into C, each used as its documentation says; importing.py compares them.

emlearn converts what Keras loads. emx-onnx-cgen takes ONNX files; other files go through Keras's
own export to ONNX or through tf2onnx first. Both come from PyPI into a virtual environment that is
thrown away, with this one's TensorFlow and tf2onnx behind it; without a network they give no
figures. onnx2c has no package: operators are looked up in its list, and nothing of it is run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.runtime.c import read_header

PROGRAM = str(Path(sys.executable).with_name("mlp-edge"))
PEERS = ("emlearn", "emx-onnx-cgen")
EMLEARN = """\
import sys, emlearn, keras
model = keras.models.load_model(sys.argv[1], compile=False)
emlearn.convert(model, return_type="regressor").save(name="eml", file=sys.argv[2])
"""
TO_ONNX = """\
import sys, keras
model = keras.models.load_model(sys.argv[1], compile=False)
rows = [keras.ops.zeros((1, *each.shape[1:])) for each in model.inputs]
model(rows if len(rows) > 1 else rows[0])  # Keras exports no model that was never called
model.export(sys.argv[2], format="onnx", verbose=False)
"""
ONNX2C = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift Cast
    Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh
    DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand Flatten Floor
    Gather Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual HardSigmoid HardSwish
    Identity InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
    LogSoftmax MatMul MatMulInteger Max MaxPool Mean Min Mod Mul Neg Not Or PRelu Pad Pow
    QLinearAdd QLinearConv QLinearMatMul QLinearMul QuantizeLinear RandomUniform Range
    Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterND Selu Shape Shrink
    Sigmoid Sign Sin Sinh Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tan Tanh
    ThresholdedRelu Transpose TreeEnsembleClassifier Unsqueeze Upsample Where Xor
"""
"""The operators that onnx2c has at commit ea045cc (src/graph.cc; "91 out of 166", its README)."""


class Source(NamedTuple):
    """C with ``void NAME_predict(const float *x, float *y)``, and what it took to get it."""

    text: str
    name: str
    inputs: int
    outputs: int
    seconds: float


class FailedError(Exception):
    """A tool gave no C, or none that runs; the message is its own last words."""


class UntoldError(Exception):
    """There is C, of which nothing is said whether it is right; the message says why."""


Tool = Callable[[Path, Path], Source]


def run(command: list[str], folder: Path, given: bytes = b"") -> bytes:
    """What a process prints that has to succeed."""
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace").splitlines()
        complaints = [line for line in said if re.search(r"(^|: )error: ", line)]
        raise FailedError([f"exit code {done.returncode}", *said[-1:], *complaints[:1]][-1])
    return done.stdout


def seconds(command: list[str], folder: Path) -> float:
    """Of a whole process that has to succeed."""
    began = time.perf_counter()
    run(command, folder)
    return time.perf_counter() - began


def ours(path: Path, folder: Path) -> Source:
    """What ``mlp-edge export`` writes."""
    words = ["export", "--model", str(path), "--format", "c", "--out", str(folder / "exports")]
    took = seconds([PROGRAM, *words], folder)
    header = read_header(next((folder / "exports").glob("*.h")))
    return Source(header.text, header.card.name, header.inputs, header.outputs, took)


class Peers:
    """The other tools in an environment of their own, or why they are not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._converted: dict[Path, float | str] = {}
        self.python = str(folder / "peers" / "bin" / "python")
        self.missing = self.versions = ""
        run([sys.executable, "-m", "venv", str(folder / "peers")], folder)
        place = Path(self._said("import site; print(site.getsitepackages()[0])"))
        # TensorFlow is large: that of this environment serves.
        behind = [path for path in sys.path if path.endswith("site-packages")]
        (place / "behind.pth").write_text("\n".join(behind))
        try:
            run([self.python, "-m", "pip", "install", "-q", *PEERS], folder)
        except FailedError:
            self.missing = "the others are left out: they could not be installed from PyPI"
            return
        names = (*PEERS, "tf2onnx", "keras", "tensorflow")
        listed = f"print(*[f'{{name}} {{version(name)}}' for name in {names}], sep=', ')"
        self.versions = self._said(f"from importlib.metadata import version; {listed}")
        os.environ["C_INCLUDE_PATH"] = str(place / "emlearn")

    def _said(self, code: str) -> str:
        return run([self.python, "-c", code], Path.cwd()).decode().strip()

    def emlearn(self, path: Path, folder: Path) -> Source:
        """The C of a model that Keras loads."""
        if path.suffix not in (".keras", ".h5"):
            raise FailedError("takes no such file")
        took = seconds([self.python, "-c", EMLEARN, str(path), "eml.h"], folder)
        text = (folder / "eml.h").read_text()
        sizes = [int(size) for size in re.findall(r"eml_layer_\d+_biases\[(\d+)\]", text)]
        weights = re.search(r"eml_layer_0_weights\[(\d+)\]", text)
        inputs = int(weights[1]) // sizes[0] if weights else 0
        shim = (
            "\nvoid eml_row_predict(const float *x, float *y);"
            "\nvoid eml_row_predict(const float *x, float *y)\n{\n"
            f"    eml_regress(x, {inputs}, y, {sizes[-1]});\n}}\n"
        )
        return Source(text + shim, "eml_row", inputs, sizes[-1], took)

    def emx(self, path: Path, folder: Path) -> Source:
        """The C of an ONNX file, or of what Keras or tf2onnx make one of."""
        made, before = self._as_onnx(path)
        words = ["-m", "emx_onnx_cgen", "compile", "--model-name", "emx"]
        # Weights in the C and temporaries on the stack, as on a microcontroller.
        limits = ["--large-weight-threshold", "0", "--large-temp-threshold", "0"]
        took = seconds([self.python, *words, *limits, str(made), "emx.c"], folder)
        text = (folder / "emx.c").read_text()
        shim, inputs, outputs = emx_shim(text, path)
        return Source(text + shim, "emx_row", inputs, outputs, before + took)

    def onnx2c_lacks(self, path: Path) -> set[str]:
        """The operators of such an ONNX file that onnx2c does not list."""
        import onnx

        made, _ = self._as_onnx(path)
        return {node.op_type for node in onnx.load(str(made)).graph.node} - set(ONNX2C.split())

    def _as_onnx(self, path: Path) -> tuple[Path, float]:
        """An ONNX file of a model, and the seconds that it took; made once."""
        if path.suffix == ".onnx":
            return path, 0.0
        made = self.folder / f"{path.name}.onnx"
        convert = [self.python, "-m", "tf2onnx.convert", "--output", str(made)]
        if path.suffix in (".keras", ".h5"):
            command = [self.python, "-c", TO_ONNX, str(path), str(made)]
        elif path.suffix == ".tflite":
            command = [*convert, "--tflite", str(path)]
        elif path.is_dir():
            command = [*convert, "--saved-model", str(path)]
        else:
            raise FailedError("no converter takes such a file")
        if path not in self._converted:
            try:
                self._converted[path] = seconds(command, self.folder)
            except FailedError as failed:
                self._converted[path] = str(failed)
        took = self._converted[path]
        if isinstance(took, str):
            raise FailedError(took)
        return made, took


def emx_shim(text: str, path: Path) -> tuple[str, int, int]:
    """``emx_row_predict`` around ``emx``, whose arrays may hold several rows; its two sizes."""
    signature = re.search(r"^void emx\(([^)]*)\)", text, re.MULTILINE)
    if signature is None:
        raise UntoldError("there is no function emx in its C")
    given, declared, filled, taken, sizes = [], [], [], [], [0, 0]
    for number, part in enumerate(signature[1].split(",")):
        shape = re.findall(r"\[(?:restrict )?(\w+)\]", part)
        if not shape:  # how many rows
            given.append("1")
            continue
        kind, name = part.replace("const ", "").split()[0], f"v{number}"
        if kind not in ("float", "int8_t"):
            raise UntoldError(f"its C takes {kind}")
        rows, *others = [int(size) if size.isdigit() else 1 for size in shape]
        width, out = int(np.prod(others)), "const" not in part
        declared.append(f"    static {kind} {name}[{rows * width}];")
        moved = moves(name, sizes[out], kind, out, path)
        (taken if out else filled).append(f"    for (int i = 0; i < {width}; i++) {moved}")
        sizes[out] += width
        given.append(f"(void *){name}")
    body = "\n".join([*declared, *filled, f"    emx({', '.join(given)});", *taken])
    declaration = "void emx_row_predict(const float *x, float *y)"
    shim = f"\n#include <math.h>\n{declaration};\n{declaration}\n{{\n{body}\n}}\n"
    return shim, sizes[0], sizes[1]


def moves(name: str, place: int, kind: str, out: bool, path: Path) -> str:
    """A number of a row into an array, or out of it; integers by the scales of the file."""
    if kind == "float":
        return f"y[{place} + i] = {name}[i];" if out else f"{name}[i] = x[{place} + i];"
    integers = read_foreign(path).integers
    if integers is None:
        raise UntoldError("its C takes integers, whose scale is not known")
    end = integers.result if out else integers.given
    scale, zero = float(end.scale).hex(), end.zero_point
    if out:
        return f"y[{place} + i] = {scale}f * (float)({name}[i] - {zero});"
    nearest = f"roundf(x[{place} + i] / {scale}f) + {zero}"
    return f"{name}[i] = (int8_t)fmaxf(-128.0f, fminf(127.0f, {nearest}));"
