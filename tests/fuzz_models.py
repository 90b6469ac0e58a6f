"""Model files spoilt at random: each is used, refused with one sentence, or a fault of ours.

    python tests/fuzz_models.py MODEL [FIRST:]10000 [onnx tflite h5 …]

MODEL is a model directory with every export in float32 and int8. FIRST is the seed to begin with,
0 where none is named; 10000 is where to end. A file of MODEL is spoilt: its bytes,
or what they mean (JSON, members of a zip, operators and tensors), and given a new checksum half of
the time, so that not the checksum alone is tested. Then commands use it, in a process of their own
that may take 1 GB more than its libraries and 30 seconds of the processor, and whose files are
watched: it may end with the codes 0, 1 and 2, open nothing that is not its own or a library's, and
write nothing elsewhere.
"""

from __future__ import annotations

import copy
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import sysconfig
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from support.commands import Typed, typed
from support.integer_tflite import CHAINS
from support.keras_files import batch_normalization, dense, other, write_h5
from support.tflite_graphs import Graph

from mlp_edge import lazy
from mlp_edge.proof import checksum
from mlp_edge.proof.checksum import MARK, with_checksum

SPARE, PATIENCE, BATCH = 2**30, 30, 40
NUMBERS = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
OPERATORS = ("Expand", "Loop", "MatMul", "Concat", "Tile", "Reshape", "Add", "Gather", "Cast")
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2, 0.5, 1e308, -1e-40, 2**31, 2**62, 10**24, "", "x", "../../evil.h",
    "\x1b[31m", "a\0b", "é" * 300, [], [[]], [None], {}, {"x": {"y": []}}, [1e39] * 3,
)  # fmt: skip
KINDS = {
    "keras": "model.keras", "onnx": "exports/pima.onnx", "int8onnx": "exports/pima_int8.onnx",
    "tflite": "exports/pima.tflite", "int8tflite": "exports/pima_int8.tflite",
    "h": "exports/pima.h", "json": "model.json", "int8json": "exports/pima_int8.json",
    "npz": "calibration.npz", "csv": "sample.csv",
}  # fmt: skip
"""Kind -> the file that is spoilt."""
SLOW = {
    "keras-run": "model.keras", "parity-keras": "model.keras", "parity-onnx": "exports/pima.onnx",
    "parity-tflite": "exports/pima_int8.tflite", "parity-h": "exports/pima.h",
    "parity-json": "exports/pima_int8.json",
}  # fmt: skip
"""The same for commands that take TensorFlow, tried where they are named."""
PARITY = {".tflite": "litert", ".h": "c"}
"""Suffix -> the runtime that parity opens such a file with."""

FOREIGN = {
    "h5": "theirs.h5", "theirs-tflite": "theirs.tflite", "theirs-int8": "theirs_int8.tflite",
    "theirs-c": "theirs.cc", "theirs-int8-c": "theirs_int8.h",
}  # fmt: skip
"""Files of strangers, which no model directory has: written beside the others, then spoilt."""

FILES = KINDS | SLOW | FOREIGN

# Spoiling


def foreign(kind: str) -> bytes:
    """A stranger's network of four readings."""
    if kind == "h5":
        return _h5_file()
    content = _tflite_file() if "int8" not in kind else CHAINS["four readings"]
    if not kind.endswith("-c"):
        return content
    lines = [content[start : start + 12] for start in range(0, len(content), 12)]
    numbers = "\n".join("".join(f" 0x{byte:02x}," for byte in line) for line in lines)
    return f"const unsigned char g_model[] = {{\n{numbers}\n}};\n".encode()


def _tflite_file() -> bytes:
    """TFLite in float32: a scaling, two dense layers, activations."""
    made, options = Graph(4), schema.BuiltinOptions
    mean = made.constant(np.float32([[1, 2, 3, 4]]))
    made.add("SUB", [made.last, mean], (1, 4), options.SubOptions)
    made.dense(np.full((5, 4), 0.25, np.float32), np.full(5, 0.1, np.float32), fused=1)
    made.add("LEAKY_RELU", [made.last], (1, 5), options.LeakyReluOptions, alpha=0.3)
    made.dense(np.full((1, 5), 0.5, np.float32), np.ones(1, np.float32))
    made.add("LOGISTIC", [made.last], (1, 1))
    return made.content()


def _h5_file() -> bytes:
    """A Keras model in HDF5."""
    first, last = np.full((4, 5), 0.25, np.float32), np.full((5, 1), 0.5, np.float32)
    layers = [
        batch_normalization([1] * 4, [0] * 4, [2] * 4, [4] * 4), dense(first, first[0], "relu"),
        other("LeakyReLU", alpha=0.3), dense(last, [1]),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        return write_h5(Path(name) / "theirs.h5", layers, inputs=4).read_bytes()


def spoilt(kind: str, content: bytes, choice: random.Random) -> bytes:
    """A file of a kind, spoilt somewhere; the same choice spoils it alike."""
    ways: dict[str, list[Callable[[bytes, random.Random], bytes]]] = {
        "keras": [_bytes, _zip, _zip], "npz": [_bytes, _zip], "json": [_bytes, _json, _json],
        "int8json": [_bytes, _json, _json], "onnx": [_bytes, _onnx], "int8onnx": [_bytes, _onnx],
        "h5": [_bytes, _h5, _h5],
        "theirs-tflite": [_bytes, _tflite, _tflite], "theirs-int8": [_bytes, _tflite, _tflite],
        "theirs-c": [_bytes, _array, _array], "theirs-int8-c": [_bytes, _array, _array],
        "tflite": [_bytes, _tflite], "int8tflite": [_bytes, _tflite],
    }  # fmt: skip
    kind = kind.removeprefix("parity-").removesuffix("-run")
    found = choice.choice(ways.get(kind, [_bytes]))(content, choice)
    if found.count(MARK) == 1 and choice.random() < 0.75:
        try:
            return with_checksum(found)
        except ValueError:
            return found
    return found.replace(MARK, b"\nmlp-edge-none sha256:") if choice.random() < 0.5 else found


def _bytes(content: bytes, choice: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(choice.choice((1, 1, 2, 4, 16))):
        start = choice.randrange(len(data) + 1)
        stop = min(len(data), start + choice.choice((1, 2, 8, 64, 512)))
        match choice.randrange(7):
            case 0:
                data[start:stop] = b""
            case 1:
                data[start:start] = data[start:stop] * choice.choice((1, 1, 3))
            case 2:
                data = data[:start] if choice.random() < 0.3 else data
            case 3 if data:
                data[min(start, len(data) - 1)] ^= 1 << choice.randrange(8)
            case 4 if data:
                data[min(start, len(data) - 1)] = choice.randrange(256)
            case 5:
                other = choice.randrange(len(data) + 1)
                data[start:stop] = data[other : other + stop - start]
            case _:  # a length, an offset, a dimension
                size, form = choice.choice(((1, "B"), (2, "<H"), (4, "<I"), (8, "<Q")))
                place = start - start % size
                number = choice.choice(NUMBERS) & (256**size - 1)
                data[place : place + size] = struct.pack(form, number)
    return bytes(data)


def _json(content: bytes, choice: random.Random) -> bytes:
    document = json.loads(content)
    for _ in range(choice.choice((1, 1, 1, 3))):
        _edit(document, choice)
    if choice.random() < 0.05:
        return (
            json.dumps(document).replace("0", choice.choice(("9" * 5000, "NaN", "1e999"))).encode()
        )
    if choice.random() < 0.05:
        return json.dumps(document).replace("null", "[" * choice.choice((60, 5000))).encode()
    return json.dumps(document).encode()


def _edit(document: Any, choice: random.Random) -> None:
    """Replace, remove or repeat something at any depth."""
    places = [(holder, key) for holder in _holders(document) for key in _keys(holder)]
    if not places:
        return
    holder, key = choice.choice(places)
    match choice.randrange(4):
        case 0:
            del holder[key]
        case 1:
            holder[key] = copy.deepcopy(choice.choice(places)[0])
        case _:
            holder[key] = copy.deepcopy(choice.choice(VALUES))


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list) and value:
        yield value
        for item in list(value.values()) if isinstance(value, dict) else value:
            yield from _holders(item)


def _zip(content: bytes, choice: random.Random) -> bytes:
    """Members spoilt and packed again, so that their checksums are right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = choice.choice(list(members))
    way = choice.randrange(10)
    if name.endswith(".json"):
        members[name] = _json(members[name], choice)
    elif way < 8:
        members[name] = _bytes(members[name], choice)
    elif way == 8:
        members[name] = b"\0" * choice.choice((0, 2**20, 2**28))
    else:
        members[choice.choice(("../x", "assets/a", "config.json", "é"))] = members.pop(name)
    found = io.BytesIO()
    method = choice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(found, "w", method, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return found.getvalue()


def _h5(content: bytes, choice: random.Random) -> bytes:
    """The configuration spoilt, in a file that is whole otherwise."""
    import h5py

    stream = io.BytesIO(content)
    with h5py.File(stream, "r+") as file:
        config = file.attrs["model_config"].encode()
        file.attrs["model_config"] = _json(config, choice)
    return stream.getvalue()


def _onnx(content: bytes, choice: random.Random) -> bytes:
    """Fields of the message set to something else."""
    import onnx

    model = onnx.load_from_string(content)
    for _ in range(choice.choice((1, 1, 2, 4))):
        with suppress(ValueError):  # what a field does not take
            _edit_message(model, choice)
    return bytes(model.SerializeToString())


def _edit_message(message: Any, choice: random.Random) -> None:
    """Walk down a random way and change what stands at its end."""
    while True:
        fields = message.ListFields()
        if not fields:
            return
        field, value = choice.choice(fields)
        several = not isinstance(value, str | bytes) and hasattr(value, "__len__")
        if several and len(value) and choice.random() < 0.1:
            del value[choice.randrange(len(value))]
            return
        if several and hasattr(value, "add") and len(value) and choice.random() < 0.05:
            value.add().CopyFrom(choice.choice(value))
            return
        if field.message_type is not None:
            message = choice.choice(value) if several else value
            continue
        if isinstance(value, str | bytes):
            text = choice.choice(
                ("", "x", "N", "Expand", "Loop", "MatMul", "Concat", "Tile", "[1]")
            )
            setattr(message, field.name, text if isinstance(value, str) else
                    _bytes(value, choice))  # fmt: skip
        elif several and len(value):
            place = choice.randrange(len(value))
            value[place] = text_or_number(value[place], choice)
        elif not several:
            setattr(message, field.name, text_or_number(value, choice) if not
                    isinstance(value, bool) else not value)  # fmt: skip
        return


def text_or_number(value: Any, choice: random.Random) -> Any:
    """Another value of the same type, as a protobuf field takes it."""
    if isinstance(value, str):
        return choice.choice(("", "x", value + "x", "N"))
    if isinstance(value, bytes):
        return choice.choice((b"", b"x", value * 2))
    if isinstance(value, float):
        return choice.choice((0.0, -1.0, 1e38, float("nan"), float("inf")))
    return choice.choice((0, 1, 2, 3, 6, 7, -1, value + 1, 2**31 - 1))


def _tflite(content: bytes, choice: random.Random) -> bytes:
    """Fields of the schema's objects set to something else, and written as a sound flatbuffer."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for _ in range(choice.choice((1, 1, 2, 4))):
        if model.subgraphs:
            _edit_object(model, choice)
    try:
        builder = flatbuffers.Builder(len(content))
        builder.Finish(model.Pack(builder), b"TFL3")
    except Exception:  # what the schema itself cannot hold
        return _bytes(content, choice)
    return bytes(builder.Output())


def _array(content: bytes, choice: random.Random) -> bytes:
    """A TFLite model inside a C array, spoilt as such."""
    numbers = bytes(int(found[1], 16) for found in re.finditer(rb"0x(\w\w)", content))
    way = choice.choice((_bytes, _tflite))
    written = b", ".join(b"%d" % byte for byte in way(numbers, choice))
    return b"unsigned char g[] = {" + written + b"};"


def _edit_object(model: Any, choice: random.Random) -> None:
    graph = model.subgraphs[0]
    thing = choice.choice(
        [
            model,
            graph,
            *model.operatorCodes,
            *graph.tensors * 2,
            *graph.operators * 3,
            *model.buffers,
        ]
    )
    if getattr(thing, "builtinOptions", None) is not None and choice.random() < 0.4:
        thing = thing.builtinOptions
    if getattr(thing, "quantization", None) is not None and choice.random() < 0.3:
        thing = thing.quantization
    names = [name for name, value in vars(thing).items() if value is not None]
    if not names:
        return
    name = choice.choice(names)
    value = getattr(thing, name)
    if isinstance(value, bool):
        setattr(thing, name, not value)
    elif isinstance(value, int | float):
        setattr(thing, name, choice.choice((0, 1, 2, 3, 4, 6, 9, 11, 18, 22, 36, 41, 114)))
    elif hasattr(value, "dtype") and value.size:
        changed = value.copy()
        if name == "data":
            changed[choice.randrange(value.size)] = choice.randrange(256)
        elif value.dtype.kind == "f":
            changed[choice.randrange(value.size)] = choice.choice((0, -1, 1e30, 1e-30, 1e38))
        else:
            changed[choice.randrange(value.size)] = choice.choice(
                (-1, 0, 1, 2, 5, 2**31 - 1, 65536)
            )
        setattr(thing, name, choice.choice((changed, changed, value[:-1], value.repeat(2))))
    elif isinstance(value, list) and value:
        place = choice.randrange(len(value))
        value[place] = copy.deepcopy(choice.choice(value))
        if choice.random() < 0.3:
            del value[place]


# Using


def commands(kind: str, place: Path, table: Path) -> Iterator[tuple[str, ...]]:
    """What is done with a spoilt file, as words of a command line."""
    model, file, out = str(place), str(place / FILES[kind]), str(place.parent / "out")
    if kind == "keras-run":
        yield "predict", str(table), "--model", file, "--out", f"{out}.csv"
        return
    if kind in SLOW:
        yield "parity", "--model", model, "--runtime", PARITY.get(Path(file).suffix, "onnxruntime")
        return
    if kind in ("json", "csv", "npz", "int8json"):
        yield "inspect", model
        if kind in ("json", "csv"):
            yield "evaluate", "--model", model, "--no-plots"
            yield "export", "--model", model, "--format", "c", "--out", out
        if kind in ("npz", "csv"):
            yield "export", "--model", model, "--format", "c", "--dtype", "int16"
        if kind == "int8json":
            yield "export", "--model", model, "--format", "c", "--dtype", "int8"
        return
    yield "inspect", file
    if kind in FOREIGN:
        yield "export", "--model", file, "--format", "c", "--out", out
        if "int8" in kind:
            yield (
                "predict",
                str(table.with_name("four.csv")),
                "--model",
                file,
                "--out",
                f"{out}.csv",
            )
    elif kind == "keras":
        yield "export", "--model", file, "--format", "c", "--out", out
        yield "inspect", model
    else:
        yield "predict", str(table), "--model", file, "--out", f"{out}.csv"
        yield "inspect", model, "--json"


PLACES = (
    *sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *sys.path,
    str(Path(checksum.__file__).parents[2]),
)  # fmt: skip
LIBRARIES = tuple(str(Path(place).resolve()) for place in PLACES if place)
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect")
SHORT = ("not enough memory", "bad_alloc", "bad allocation", "unable to allocate", "memoryerror")
"""What is said, by us and by libraries, where memory is refused."""
SYSTEM = ("/proc/", "/sys/", "/usr/", "/lib", "/etc/", "/dev/null", "/dev/urandom")


class Watch:
    """Notes what a process opens or starts that is neither its own nor a library's."""

    def __init__(self, own: Path) -> None:
        self.own = str(own.resolve())
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            self.seen.append(f"{event} {arguments[0]}")
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            known = path.startswith(self.own) or path == "/dev/null"
            if not known and (writes or not path.startswith((*LIBRARIES, *SYSTEM))):
                self.seen.append(f"open {path}")


@contextmanager
def spared(most: int) -> Iterator[None]:
    """Let this process map no more than ``most`` bytes meanwhile; spoiling a file may take more."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def try_one(
    kind: str, seed: int, original: Path, folder: Path, watch: Watch, most: int
) -> list[str]:
    """Spoil a file and use it in ``most`` bytes of memory: the codes.

    Raises:
        AssertionError: for a fault.
    """
    place = folder / "model"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(original, place)
    if kind == "parity-h":
        (place / "exports/pima_int8.h").unlink()  # which is whole: a compiler would start
    choice = random.Random(f"{kind} {seed}")  # noqa: S311 (nothing secret)
    file = place / FILES[kind]
    if kind in FOREIGN:
        file.write_bytes(foreign(kind))
    content = file.read_bytes()
    changed = spoilt(kind, content, choice)
    if changed == content:
        return []  # what is whole may be compiled, too
    file.write_bytes(changed)
    watch.seen.clear()  # so far, this read what is to be spoilt
    codes = []
    for words in commands(kind, place, folder / "table.csv"):
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)  # of the processor, which others use, too
        signal.alarm(4 * PATIENCE)
        with spared(most):
            result = typed(*words)
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        codes.append(f"{words[0]} {result.code}")
        assert result.code in (0, 1, 2), f"{words[0]}: {_cause(result)}"
        if result.code == 2:
            assert "Traceback" not in result.err
            assert result.err.strip(), f"{words[0]} says nothing"
        short = [words for words in SHORT if words in result.err.lower()]
        assert not short, f"{words[0]}: takes over 1 GB: {result.err.strip()[-300:]}"
        assert not watch.seen, f"{words[0]}: {watch.seen[0]}"
    return codes


def _cause(result: Typed) -> str:
    """Where a traceback ends."""
    lines = [line.strip() for line in result.err.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("File ") and "/site-packages/" not in line]
    return " | ".join([*ours[-2:], *lines[-2:-1]])


def batch(
    seeds: list[int], child: Callable[[list[int], int], None]
) -> tuple[Counter[str], dict[int, str]]:
    """Tries in a process of their own, and another where one ends it: counts and faults.

    Args:
        seeds: of the tries.
        child: what the process does and ends by: seeds, and where a line is written for each.
    """
    counts: Counter[str] = Counter()
    faults: dict[int, str] = {}
    while seeds:
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reader)
            child(seeds, writer)
        os.close(writer)
        with os.fdopen(reader) as lines:
            done = [json.loads(line) for line in lines]
        _, status = os.waitpid(process, 0)
        for seed, codes, fault in done:
            counts.update(codes)
            if fault:
                faults[seed] = fault
        seeds = seeds[len(done) :]
        if seeds:
            name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else status
            faults[seeds.pop(0)] = f"ended by {name}"
    return counts, faults


def _child(kind: str, original: Path, seeds: list[int], writer: int) -> None:
    with tempfile.TemporaryDirectory() as name, os.fdopen(writer, "w") as lines:
        folder = Path(name)
        os.environ["TMPDIR"] = tempfile.tempdir = name
        os.chdir(folder)
        rows = (original / "sample.csv").read_text().splitlines()[:4]
        (folder / "table.csv").write_text("\n".join(rows) + "\n")
        (folder / "four.csv").write_text("x1,x2,x3,x4\n1,2,3,4\n-5,0,1e30,0.5\n")
        if kind in SLOW:
            lazy.tensorflow()
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        watch = Watch(folder)
        for seed in seeds:
            codes, fault = [], ""
            try:
                codes = try_one(kind, seed, original, folder, watch, size + SPARE)
            except BaseException as error:
                fault = f"{type(error).__name__}: {error}"[:900]
            lines.write(json.dumps([seed, codes, fault]) + "\n")
            lines.flush()
    os._exit(0)


def preload() -> None:
    """Import what every child would import for itself."""
    import ai_edge_litert.interpreter
    import h5py
    import onnx
    import onnxruntime
    import sklearn.metrics  # noqa: F401

    import mlp_edge.runtime.load  # noqa: F401

    _ = ai_edge_litert, h5py, onnx, onnxruntime


def main() -> int:
    original = Path(sys.argv[1]).resolve()
    first, end = map(int, ("0:" + sys.argv[2]).split(":")[-2:])
    preload()
    failed = 0
    for kind in sys.argv[3:] or (*KINDS, *FOREIGN):
        counts: Counter[str] = Counter()
        faults: dict[int, str] = {}
        for start in range(first, end, BATCH):
            seeds = list(range(start, min(start + BATCH, end)))
            each = batch(seeds, partial(_child, kind, original))
            counts.update(each[0])
            for seed, fault in each[1].items():
                print(f"{kind} {seed}: {fault}", flush=True)
            faults.update(each[1])
        told = ", ".join(f"{codes}: {n:,}" for codes, n in sorted(counts.items()))
        print(f"{kind}: {end - first:,} files, {len(faults)} faults; {told}", flush=True)
        failed += len(faults)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
