"""Opens an artifact on a runtime, and says what is wrong with it before it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
from mlp_edge.runtime.runtime import RawFunctions
from mlp_edge.runtime.verify import PROGRAMS, again, damage_of, is_listed
from mlp_edge.settings import setting


@dataclass(frozen=True, eq=False)
class Entry:
    """One line to be.

    Attributes:
        path: the artifact.
        runtime: what is to run it.
        missing: what would bring the runtime, or None.
        dtype: as its card has it; "float32" where it could not be opened.
        parameters: what an artifact in integers is compared with; None where they are no good.
        predict: None where there is nothing to run.
        says: what is wrong, a sentence each.
        raw: the functions of a header in integers that take counts; None where it has none.
    """

    path: Path
    runtime: Runtime
    missing: str | None = None
    dtype: str = "float32"
    parameters: QuantisationParameters | None = None
    predict: Predict | None = None
    says: Sequence[str] = ()
    raw: RawFunctions | None = None


def open_entry(
    path: Path,
    runtime: Runtime,
    stack: ExitStack,
    mlp: Mlp,
    listed: Mapping[str, str],
    trust: bool,
    held: bool = False,
) -> Entry:
    """Open an artifact on a runtime, and check what it says about itself.

    Args:
        path: the artifact.
        runtime: what is to run it.
        stack: closes the artifact.
        mlp: the original's network.
        listed: name -> SHA-256 of the files that the model directory lists.
        trust: run a program that is not listed, too.
        held: whether integers are those of a stranger's file, which stand in no file beside it.
    """
    entry = Entry(path, runtime, runtime.missing())
    if entry.missing:
        return entry
    try:
        content = read_file(path, f"{path}: is gone; {again(path)}")
        if path.suffix in PROGRAMS and not trust:
            _check_listed(path, listed)
        opened = stack.enter_context(runtime.open(path))
        entry = replace(entry, dtype=opened.card.dtype if opened.card else "float32")
        entry = replace(entry, says=list(_claims(path, content, opened, mlp, listed)))
        if entry.dtype in HIGHEST and not held:
            parameters, says = _parameters(path, content, entry.dtype, mlp, listed)
            entry = replace(entry, parameters=parameters, says=[*entry.says, *says])
            if parameters is None:
                return entry
        predict = _careful(opened.predict, mlp)
        says = _golden(path, opened.golden, predict, entry.dtype)
        return replace(entry, predict=predict, says=[*entry.says, *says], raw=opened.raw)
    except (InputError, OSError) as error:
        return replace(entry, says=[*entry.says, str(error)])


def _check_listed(path: Path, listed: Mapping[str, str]) -> None:
    """Refuse to run a program that was changed since it was exported."""
    if is_listed(path, listed):
        return
    found = "lists another file of this name" if path.name in listed else "does not list it"
    program = PROGRAMS[path.suffix]
    raise ModelError(
        f"model.json {found}; {program.what} is a program, so nobody {program.done} it; "
        f"{again(path)}, {setting('trust', True)} {program.runs} it all the same"
    )


def _careful(predict: Predict, mlp: Mlp) -> Predict:
    """The same function; what it cannot do is a ModelError, whatever its runtime raises."""

    def asked(rows: Rows) -> Rows:
        try:
            predictions = predict(rows)
        except ModelError:  # which says itself what is wrong
            raise
        except Exception as error:
            raise ModelError(
                f"does not take rows of {mlp.inputs} readings ({first_line(error)}); it is another "
                "model's, or damaged"
            ) from error
        if predictions.shape != (len(rows), mlp.outputs):
            raise ModelError(
                f"gives {predictions.shape[-1]} outputs where the model has {mlp.outputs}"
            )
        return predictions

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
    if wrong or opened.card is None or path.suffix in PROGRAMS:
        return
    if opened.card.dtype == "float32":
        yield from other_numbers(content, mlp)
    elif opened.card.dtype == "float16":
        yield from other_numbers(content, half_precision(mlp), ("<f4", "<f2"))


def _parameters(
    path: Path, content: bytes, dtype: str, mlp: Mlp, listed: Mapping[str, str]
) -> tuple[QuantisationParameters | None, list[str]]:
    """The quantisation parameters beside an artifact, if they fit it, and what is wrong."""
    place = path.with_suffix(SUFFIX)
    try:
        parameters = read_parameters(place)
        parameters.check(mlp, place)
    except ModelError as error:
        return None, [str(error)]
    if parameters.quantised.dtype != dtype:
        return None, [f"{place}: holds {parameters.quantised.dtype}, the file {dtype}"]
    says = []
    written = sha256(read_file(place))
    if listed.get(place.name, written) != written:
        says.append(f"model.json lists another {place.name}; {again(place)}")
    says += unproved(parameters.quantised)
    if path.suffix not in PROGRAMS:
        says += other_integers(content, parameters.quantised)
    return parameters, says


def _golden(path: Path, rows: Golden | None, predict: Predict, dtype: str) -> list[str]:
    """What is wrong with the golden rows that a file carries; [] if nothing is."""
    if rows is None:
        # Of a dynamic file nothing is proved, so it may carry none.
        return [] if dtype == "dynamic" else [f"carries no golden rows; {again(path)}"]
    wrong = disagreement(rows, predict)
    return [wrong] if wrong else []
