"""Files of strangers spoilt at random: each is read as a network, refused, or a fault of ours.

    python tests/fuzz_readers.py [FIRST:]10000 [keras h5 onnx tflite cc pb index]

FIRST is the seed to begin with, 0 where none is named; 10000 is where to end. A small file of the
kind is spoilt: its bytes, or what they mean (JSON, operators, tensors). Then the reader has ten
seconds of the processor and 1 GB for it, opens nothing that is not its own, and answers: with a
network that predicts, or in one sentence that begins with the name of the file. No command is run
and no process started for a file, so that ten thousand take minutes; ``fuzz_models.py`` does that
with fewer.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from fuzz_models import SHORT, SPARE, Watch, batch, spared, spoilt
from support.saved_models import message, with_checksums
from support.strangers import c_array, originals, saved_model

from mlp_edge.errors import ModelError
from mlp_edge.export.c import asymmetric
from mlp_edge.export.c.page import single
from mlp_edge.integers.asymmetric_reference import predict_asymmetric
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.readers.checks.protobuf import fields_of
from mlp_edge.readers.importing.opening import read_foreign
from mlp_edge.reference import predict

KINDS = ("keras", "h5", "onnx", "tflite", "cc", "pb", "index")
SAVED = {"pb": "saved_model.pb", "index": "variables/variables.index"}
"""Kind -> its place in a SavedModel."""
PATIENCE, BATCH = 10, 500


def spoilt_file(kind: str, choice: random.Random) -> bytes:
    """A file of a kind, spoilt somewhere."""
    if kind == "cc" and choice.random() < 0.7:
        return c_array(spoilt("tflite", choice.choice(originals("tflite")), choice))
    original = choice.choice(originals(kind))
    if kind == "pb" and choice.random() < 0.5:
        return edited_message(original, choice)
    found = spoilt(kind, original, choice)
    if kind == "index" and choice.random() < 0.7:
        return with_checksums(found, original)
    return found


def edited_message(content: bytes, choice: random.Random) -> bytes:
    """A protobuf message with one field of its own, or of one inside, changed, gone or twice."""
    fields = [(number, value if isinstance(value, int) else bytes(value))
              for number, value in fields_of(memoryview(content))]  # fmt: skip
    at = choice.randrange(len(fields))
    number, value = fields[at]
    try:
        if isinstance(value, bytes) and choice.random() < 0.9:
            fields[at] = number, edited_message(value, choice)
            return message(*fields)
    except (ValueError, IndexError):  # no message inside
        pass
    texts = [each for _, each in fields if isinstance(each, bytes)] or [b"x"]
    changed = choice.choice([choice.choice(texts), b"", 0, 1, 2**40, 2**64 - 1])
    fields[at : at + 1] = choice.choice([[], [fields[at]] * 2, [(number, changed)]])
    return message(*fields)


def read_one(kind: str, seed: int, folder: Path, watch: Watch, most: int) -> list[str]:
    """Spoil a file and read it in ``most`` bytes of memory: whether it was read.

    Raises:
        AssertionError: for a fault; whatever else escapes is one, too.
    """
    choice = random.Random(f"{kind} {seed}")  # noqa: S311 (nothing secret)
    file = folder / f"theirs.{kind}"
    if kind in SAVED:
        if not file.exists():
            saved_model(file)
        (file / SAVED[kind]).write_bytes(spoilt_file(kind, choice))
    else:
        file.write_bytes(spoilt_file(kind, choice))
    watch.seen.clear()
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)  # of the processor, which others use, too
    signal.alarm(4 * PATIENCE)
    try:
        with spared(most), np.errstate(all="ignore"):
            found = read_foreign(file)
            predictions = predict(found.mlp, np.zeros((1, found.mlp.inputs)))
            if found.integers is not None:
                predictions = predict_asymmetric(found.mlp, found.integers, _extremes(found.mlp))
                single(asymmetric.page(found.mlp, found.integers))
        answer = "read"
        assert predictions.shape[1:] == (found.mlp.outputs,)
    except ModelError as error:
        answer, message = "refused", str(error)
        assert message.startswith(f"{file}: "), f"begins otherwise: {message[:200]!r}"
        assert "\n" not in message, f"several lines: {message[:200]!r}"
        assert len(message) < 1000, f"{len(message):,} characters: {message[:200]!r}"
        assert not any(words in message.lower() for words in SHORT), message[:200]
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    assert not watch.seen, watch.seen[0]
    return [answer]


def _extremes(mlp: Mlp) -> Floats:
    """Rows that reach every end of integers."""
    ends = np.array([0, 1, -3e38, np.inf, -np.inf, np.nan], np.float32)
    return np.repeat(ends[:, None], mlp.inputs, axis=1)


def _child(kind: str, seeds: Sequence[int], writer: int) -> None:
    with tempfile.TemporaryDirectory() as name, os.fdopen(writer, "w") as lines:
        os.environ["TMPDIR"] = tempfile.tempdir = name
        os.chdir(name)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        watch = Watch(Path(name))
        for seed in seeds:
            answers, fault = [], ""
            try:
                answers = read_one(kind, seed, Path(name), watch, size + SPARE)
            except BaseException as error:
                fault = f"{type(error).__name__}: {error}"[:900]
            lines.write(json.dumps([seed, answers, fault]) + "\n")
            lines.flush()
    os._exit(0)


def main() -> int:
    first, end = map(int, ("0:" + sys.argv[1]).split(":")[-2:])
    failed = 0
    for kind in sys.argv[2:] or KINDS:
        start, counts, faults = time.monotonic(), Counter[str](), dict[int, str]()
        spoilt_file(kind, random.Random(0))  # noqa: S311 (imports what every child would)
        for place in range(first, end, BATCH):
            seeds = list(range(place, min(place + BATCH, end)))
            found, wrong = batch(seeds, partial(_child, kind))
            counts.update(found)
            faults.update(wrong)
            for seed, fault in wrong.items():
                print(f"{kind} {seed}: {fault}", flush=True)
        told = ", ".join(f"{answer}: {n:,}" for answer, n in sorted(counts.items()))
        print(f"{kind}: {end - first:,} files, {len(faults)} faults; {told}; "
              f"{time.monotonic() - start:.0f} s", flush=True)  # fmt: skip
        failed += len(faults)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
