"""An artifact on a runtime, opened, and what is wrong with it before it is asked anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from mlp_edge.errors import InputError, ModelError, first_line
from mlp_edge.files.writing import sha256
from mlp_edge.half_precision import half_precision
from mlp_edge.integers.quantised import HIGHEST
from mlp_edge.integers.quantised_file import SUFFIX, QuantisationParameters, read_parameters
from mlp_edge.mlp import Mlp, Predict, Rows
from mlp_edge.parity.diagnose import differences, other_integers, other_numbers
from mlp_edge.parity.integers import unproved
from mlp_edge.proof.golden import Golden, disagreement
from mlp_edge.reading import read_file
from mlp_edge.runtime import Opened, Runtime
from mlp_edge.runtime.verify import again, damage_of, is_listed
from mlp_edge.settings import setting


class Entry:
    """One line to be.

    Attributes:
        path: the artifact.
        runtime: what is to run it.
        missing: what would bring the runtime, or None.
        dtype: as its card has it; "float32" where nobody could ask.
        numbers: of an artifact in integers, those that it is held to; None where they are no good.
        predict: None where there is nothing to ask.
        says: what is wrong, a sentence each.
    """

    def __init__(
        self,
        path: Path,
        runtime: Runtime,
        stack: ExitStack,
        mlp: Mlp,
        listed: Mapping[str, str],
        trust: bool,
    ) -> None:
        self.path, self.runtime = path, runtime
        self.predict: Predict | None = None
        self.parameters: QuantisationParameters | None = None
        self.dtype = "float32"
        self.says: list[str] = []
        self.missing = runtime.missing()
        if self.missing:
            return
        try:
            content = read_file(path, f"{path}: is gone; {again(path)}")
            if path.suffix == ".h" and not trust:
                _check_listed(path, listed)
            opened = stack.enter_context(runtime.open(path))
            self.dtype = opened.card.dtype if opened.card else "float32"
            predict = _careful(opened.predict, mlp)
            self.says = list(_claims(path, content, opened, mlp, listed))
            if self.dtype in HIGHEST:
                self.parameters = _parameters(path, content, self, mlp, listed)
                if self.parameters is None:
                    return
            self.says += _golden(path, opened.golden, predict, self.dtype)
            self.predict = predict
        except (InputError, OSError) as error:
            self.says.append(str(error))


def _check_listed(header: Path, listed: Mapping[str, str]) -> None:
    """Refuse to compile a header that was changed since it was exported: it is a program."""
    if is_listed(header, listed):
        return
    found = "lists another file of this name" if header.name in listed else "does not list it"
    raise ModelError(
        f"model.json {found}; a header is a program, so nobody compiled it; {again(header)}, "
        f"{setting('trust', True)} compiles it all the same"
    )


def _careful(predict: Predict, mlp: Mlp) -> Predict:
    """The same function; what it cannot do is a ModelError, whatever its runtime raises."""

    def asked(rows: Rows) -> Rows:
        try:
            answers = predict(rows)
        except Exception as error:
            raise ModelError(
                f"does not take rows of {mlp.inputs} readings ({first_line(error)}); it is another "
                "model's, or damaged"
            ) from error
        if answers.shape != (len(rows), mlp.outputs):
            raise ModelError(f"gives {answers.shape[-1]} outputs where the model has {mlp.outputs}")
        return answers

    return asked


def _claims(
    path: Path, content: bytes, opened: Opened, mlp: Mlp, listed: Mapping[str, str]
) -> Iterator[str]:
    """What a file says about itself that is not so."""
    if damage := damage_of(path, content):
        yield f"{damage}; {again(path)}"
    if listed.get(path.name, sha256(content)) != sha256(content):
        yield f"model.json lists another file of this name; {again(path)}"
    wrong = differences(opened.card, mlp)
    yield from wrong
    if wrong or opened.card is None or path.suffix == ".h":
        return
    if opened.card.dtype == "float32":
        yield from other_numbers(content, mlp)
    elif opened.card.dtype == "float16":
        yield from other_numbers(content, half_precision(mlp), ("<f4", "<f2"))


def _parameters(
    path: Path, content: bytes, entry: Entry, mlp: Mlp, listed: Mapping[str, str]
) -> QuantisationParameters | None:
    """The integers beside an artifact; what is wrong with them is added to what the entry says."""
    place = path.with_suffix(SUFFIX)
    try:
        parameters = read_parameters(place)
        parameters.check(mlp, place)
    except ModelError as error:
        entry.says.append(str(error))
        return None
    if parameters.quantised.dtype != entry.dtype:
        entry.says.append(f"{place}: holds {parameters.quantised.dtype}, the file {entry.dtype}")
        return None
    written = sha256(read_file(place))
    if listed.get(place.name, written) != written:
        entry.says.append(f"model.json lists another {place.name}; {again(place)}")
    entry.says += unproved(parameters.quantised)
    if path.suffix != ".h":
        entry.says += other_integers(content, parameters.quantised)
    return parameters


def _golden(path: Path, rows: Golden | None, predict: Predict, dtype: str) -> list[str]:
    """What is wrong with the golden rows that a file carries; [] if nothing is."""
    if rows is None:
        # Of a dynamic file nothing is proved, so it may carry none.
        return [] if dtype == "dynamic" else [f"carries no golden rows; {again(path)}"]
    wrong = disagreement(rows, predict)
    return [wrong] if wrong else []
