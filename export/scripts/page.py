"""What every script says of a model, in whatever language, and the template that it fills."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
import numpy as np

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.errors import ModelError
from mlp_edge.export.c import banner
from mlp_edge.export.c.layer_table import layer_lines
from mlp_edge.export.c.text import quoted
from mlp_edge.export.scripts.statements import Body, float_body, integer_body, reads_directly
from mlp_edge.integers.quantised import Quantised
from mlp_edge.mlp import Floats, Mlp, diagonals_of
from mlp_edge.proof.c_replay import replay
from mlp_edge.proof.golden import golden_integers, readings


@dataclass(frozen=True)
class Page:
    """One model as a script.

    Attributes:
        mlp: the network, under the name of the file.
        dtype: what its numbers are.
        body: what it computes.
        rows: golden rows by what they are, (inputs,) float32 each.
        predictions: theirs, (n, outputs) float32, to the bit.
    """

    mlp: Mlp
    dtype: str
    body: Body
    rows: dict[str, Floats]
    predictions: Floats

    @property
    def topology(self) -> str:
        """Widths and activations of a chain; how large a graph is."""
        if not self.mlp.is_chain:
            return f"{self.mlp.topology}, listed below"
        activations = ", ".join(layer.activation for layer in self.mlp.layers)
        return f"{self.mlp.topology} ({activations}), {self.mlp.parameters} weights and biases"

    @property
    def layer_lines(self) -> list[str]:
        """What each layer of a graph reads; none of a chain."""
        if self.mlp.is_chain:
            return []
        elementwise = {
            number
            for number, layer in enumerate(self.mlp.layers, start=1)
            if diagonals_of(layer.weights) is not None
        }
        return layer_lines(self.mlp, elementwise, factors=False)

    def command(self, name: str) -> str:
        """What writes this file again, of the format of that name."""
        dtype = "" if self.dtype == "float32" else f" --dtype {self.dtype}"
        called = self.mlp.name.removesuffix(f"_{self.dtype}")
        return f"mlp-edge export --format {name}{dtype} --name {called}"

    @property
    def reads_directly(self) -> bool:
        """Whether the inputs of layer 1 are the readings, with fills."""
        return reads_directly(self.mlp)

    @property
    def codes(self) -> bool:
        """Whether a feature is a category."""
        return any(feature.codes for feature in self.mlp.features)

    @property
    def features(self) -> list[str]:
        """A line or more per feature."""
        return banner.feature_lines(self.mlp)

    @property
    def missing(self) -> str | None:
        """A sentence about missing readings, where it is the same for all features."""
        return banner.missing_line(self.mlp)

    @property
    def target(self) -> str | None:
        """The predicted column, where it is one."""
        return quoted(self.mlp.targets[0]) if len(self.mlp.targets) == 1 else None

    @property
    def meanings(self) -> list[str]:
        """What each output is."""
        return list(banner.meanings(self.mlp, prefix=""))

    @property
    def threshold(self) -> str | None:
        """Of a binary model, in all the digits of a float64."""
        return repr(float(self.mlp.threshold)) if self.mlp.task == "binary" else None

    @property
    def card(self) -> str:
        """What programs read: one line of JSON."""
        return Card.of(self.mlp, self.dtype).to_json()

    def rows_of_bits(self) -> Iterator[tuple[str, list[int], list[int]]]:
        """Each golden row: what it is, the bits of its readings and of its predictions."""
        for (what, row), predicted in zip(self.rows.items(), self.predictions, strict=True):
            yield what, _bits(row), _bits(predicted)

    def kernels(self, library: str, more: str = "") -> list[str]:
        """The functions that the model calls, with all that those call, in the file's order.

        Args:
            library: the file of ``script_modules/`` that has them, blank lines between them.
            more: further text of the model that calls some.
        """
        calls = " ".join(statement.expression for statement in self.body.statements)
        return _needed(library, f"{self.body.known} {calls} {more}")


def float_page(mlp: Mlp) -> Page:
    """A model in float32.

    Raises:
        ModelError: when the reciprocal of a standard deviation is not a normal float32 number.
    """
    rows = readings(mlp)
    predictions = replay(mlp, np.array([*rows.values()], np.float32))
    return Page(mlp, "float32", float_body(mlp), rows, predictions)


def integer_page(mlp: Mlp, quantised: Quantised) -> Page:
    """A model in int8, int16 or int24.

    Raises:
        ModelError: for several heads, which integers do not have.
    """
    if len(mlp.heads) > 1:
        raise ModelError(f"{quantised.dtype} takes a network with one output layer")
    predictions = golden_integers(mlp, quantised).predictions
    body = integer_body(mlp, quantised)
    return Page(mlp, quantised.dtype, body, readings(mlp), predictions)


def _bits(values: Floats) -> list[int]:
    # NaN has many bit patterns; this is the one that every processor makes.
    plain = np.where(np.isnan(values), np.float32(np.nan), values).astype(np.float32)
    found: list[int] = plain.view(np.uint32).tolist()
    return found


_DEFINED = re.compile(r"^(?:function|const|def) (\w+)|, (\w+) = new |^(\w+) = ", re.MULTILINE)


def _needed(library: str, text: str) -> list[str]:
    """The blocks of a library that a text names, with those that they name."""
    blocks = _text(library).strip("\n").split("\n\n")
    names = [_names(block) for block in blocks]
    wanted, found = text, set[int]()
    while True:
        words = set(re.findall(r"\w+", wanted))
        more = {n for n, defined in enumerate(names) if defined & words} - found
        if not more:
            return [blocks[number] for number in sorted(found)]
        found |= more
        wanted = " ".join(_code(blocks[number]) for number in more)


def _names(block: str) -> set[str]:
    return {name for found in _DEFINED.findall(block) for name in found if name}


def _code(block: str) -> str:
    """A block without its comments, whose words name nothing."""
    return re.sub(r"/\*.*?\*/|#.*", "", block, flags=re.DOTALL if "/*" in block else 0)


def filled(template: str, filters: Sequence[Callable[..., str]], mlp: Mlp, **values: object) -> str:
    """A template filled with what it asks for.

    Args:
        template: its file in ``script_modules/``.
        filters: functions that it calls by their names.
        mlp: the network.
        values: everything else.
    """
    environment = jinja2.Environment(  # noqa: S701 (no HTML)
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for function in filters:
        environment.filters[function.__name__] = function
    found = environment.from_string(_text(template))
    return found.render(mlp=mlp, version=__version__, **values)


@cache
def _text(name: str) -> str:
    return files("mlp_edge.script_modules").joinpath(name).read_text(encoding="ascii")
