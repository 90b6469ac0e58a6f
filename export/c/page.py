"""What every header says, whatever its numbers, and the files that it is written to.

The pages are the templates of ``firmware_headers/templates/``: one file, or three for those who
compile several models (``split.py``).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import jinja2

from mlp_edge import __version__
from mlp_edge.card import Card
from mlp_edge.export.c import banner, predict
from mlp_edge.export.c.classify import Choice
from mlp_edge.export.c.constants import constant_lines
from mlp_edge.export.c.integers_raw import RawEntry
from mlp_edge.export.c.kernels import TYPES, embedded, prototype, readers, readers_in, source
from mlp_edge.export.c.labels import label_rows, label_size
from mlp_edge.export.c.layer_table import layer_lines
from mlp_edge.export.c.selftest import Tables
from mlp_edge.export.c.tables import Array, Layer
from mlp_edge.export.c.text import card_comment, comment_lines, literal, quoted
from mlp_edge.export.layout.memory import Memory, Place, vectors_of
from mlp_edge.export.layout.stack import ASYMMETRIC, GRAPH, stack_lines
from mlp_edge.mlp import Mlp
from mlp_edge.proof.checksum import BLANK, with_checksum

_NEAR_FLASH = 2**16
_LARGEST_ARRAY = 2**15 - 1


class Ends(NamedTuple):
    """What the int8 inputs and outputs of NAME_predict_int8 stand for; scales as literals."""

    input_scale: str
    input_zero_point: int
    output_scale: str
    output_zero_point: int


@dataclass(frozen=True)
class Page:
    """One model as C, before it is cut into files.

    Attributes:
        mlp: the network.
        dtype: what its numbers are.
        functions: the template of its functions.
        kernels: what they call, in order; some more than once.
        golden_kernels: what the self-test calls.
        tables: those of the readings and of the inputs.
        layers: weights, and what goes with them.
        output_tables: those behind the last layer.
        memory: what layers pass on.
        vector: type of a number there.
        arrays: bytes of the arrays that NAME_predict keeps on the stack, on AVR.
        encoding: calls from readings to the inputs of layer 1.
        calls: calls from there to the outputs, or to what stands in front of them.
        output_calls: calls from there to the outputs.
        choice: how a class is chosen.
        golden: the rows of the self-test; None for the weights alone.
        wide_inputs: whether the inputs have an array of their own, 16 bits each.
        quantised: type of an integer that the last layer gives.
        ends: of a stranger's network in integers, which has NAME_predict_int8; None of others.
        package: the kind of library that it goes into, with its self-test; None of files alone.
        raw: the functions for raw readings; None of a header without them.
        without_raw: why a header in integers has none; "" says nothing.
    """

    mlp: Mlp
    dtype: str
    functions: str
    kernels: Sequence[str]
    golden_kernels: Sequence[str]
    tables: Sequence[Array]
    layers: Sequence[Layer]
    output_tables: Sequence[Array]
    memory: Memory
    vector: str
    arrays: int
    encoding: Sequence[str]
    calls: Sequence[str]
    output_calls: Sequence[str]
    choice: Choice
    golden: Tables | None
    wide_inputs: bool = False
    quantised: str = "uint16_t"
    ends: Ends | None = None
    package: str | None = None
    raw: RawEntry | None = None
    without_raw: str = ""

    # The comment at the top

    @property
    def command(self) -> str:
        """What writes this file again, but for how many files it is split into."""
        wanted = "--format c" if self.package is None else f"--package {self.package}"
        if self.ends is not None:
            return f"mlp-edge export {wanted} --name {self.mlp.name}"
        dtype = "" if self.dtype == "float32" else f" --dtype {self.dtype}"
        name = self.mlp.name.removesuffix(f"_{self.dtype}")
        return f"mlp-edge export {wanted}{dtype} --name {name}"

    @property
    def topology(self) -> str:
        """Widths and activations of a chain; how large a graph is."""
        if not self._is_chain:
            return f"{self.mlp.topology}, listed below"
        activations = ", ".join(layer.activation for layer in self.layers)
        widths, parameters = self.mlp.topology, self.mlp.parameters
        if self.ends is not None:  # whose layers may be others than those in float32
            widths = "-".join(str(each.outputs) for each in self.layers)
            widths = f"{self.layers[0].inputs}-{widths}"
            parameters = sum(each.outputs * (each.inputs + 1) for each in self.layers)
        return f"{widths} ({activations}), {parameters} weights and biases"

    @property
    def _is_chain(self) -> bool:
        """Whether its layers are one after the other, as a stranger's integers always are."""
        return self.ends is not None or self.mlp.is_chain

    @property
    def layer_lines(self) -> list[str]:
        """What each layer of a graph reads; none of a chain."""
        if self._is_chain:
            return []
        elementwise = {layer.number for layer in self.layers if layer.diagonals}
        return layer_lines(self.mlp, elementwise, factors=self.dtype == "float32")

    @property
    def first_matrix(self) -> int | None:
        """The number of the first layer with weights of its own for every input."""
        return next((layer.number for layer in self.layers if layer.weights), None)

    @property
    def features(self) -> list[str]:
        """A line or more per feature."""
        return banner.feature_lines(self.mlp)

    @property
    def missing(self) -> str | None:
        """A sentence about missing readings, where it is the same for all features."""
        return banner.missing_line(self.mlp)

    @property
    def first_inputs(self) -> list[str]:
        """The inputs of layer 1 by name; none where they are the readings."""
        return [] if predict.reads_directly(self.mlp) else banner.input_lines(self.mlp)

    @property
    def encoded_width(self) -> str:
        """How many inputs layer 1 is given, as C."""
        return vectors_of(self.mlp, "")[0].constant

    @property
    def meanings(self) -> list[str]:
        """What each output is."""
        return list(banner.meanings(self.mlp))

    @property
    def stack(self) -> str:
        """How much stack NAME_predict takes, by chip."""
        kind, calls = self.measured_as, self.kernel_calls
        return stack_lines(self.mlp.name, kind, calls, self.arrays, self.wider_arrays)

    @property
    def wider_arrays(self) -> int:
        """How many bytes more the arrays take on chips whose integers of 24 bits take four."""
        return self.memory.width if self.dtype == "int24" else 0

    @property
    def measured_as(self) -> str:
        """Of which kind of header the stack was measured."""
        return self.dtype if self.ends is None else ASYMMETRIC

    @property
    def kernel_calls(self) -> Counter[str]:
        """How often each kernel is called, and whether the network is a graph."""
        parts = (*self.guard, *self.encoding, *self.calls, *self.output_calls, self.choice.call)
        shape = [] if self._is_chain else [GRAPH]
        return Counter(
            ["reject", *shape, *re.findall(r"\bmlp_edge_(?!avr_)(\w+)\(", "\n".join(parts))]
        )

    # The interface

    @property
    def codes(self) -> bool:
        """Whether a feature is a category."""
        return any(feature.codes for feature in self.mlp.features)

    @property
    def numbers(self) -> int | None:
        """How many features are standardised, where some are not."""
        count = len(self.mlp.encoding.numbers)
        scaled = any(table.name == "MEAN" for table in self.tables)
        return count if scaled and count < self.mlp.inputs else None

    @property
    def threshold(self) -> str | None:
        """Of a binary model."""
        return literal(self.mlp.threshold) if self.mlp.task == "binary" else None

    @property
    def clip(self) -> list[str]:
        """Lowest and highest prediction of a clipped regression."""
        return [literal(end) for end in self.mlp.clip or ()]

    @property
    def constants(self) -> list[str]:
        """Enums by name."""
        return constant_lines(self.mlp)

    @property
    def target(self) -> str | None:
        """The predicted column, where it is one."""
        return quoted(self.mlp.targets[0]) if len(self.mlp.targets) == 1 else None

    @property
    def integer_types(self) -> str:
        """What defines the types of integers that the tables or layers have."""
        return "\n".join(map(source, self._type_files))

    @property
    def _type_files(self) -> tuple[str, ...]:
        of_tables = {table.type for layer in self.layers for table in layer.tables}
        if self.dtype == "int24":
            return TYPES["mlp_edge_int24"]
        return TYPES["mlp_edge_multiplier"] if "mlp_edge_multiplier" in of_tables else ()

    @property
    def text_type(self) -> str:
        """The type of a label."""
        return source("text")

    # The tables

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each table, by its name without the model's."""
        sizes = {table.name: table.bytes for table in (*self.tables, *self.output_tables)}
        for layer in self.layers:
            sizes |= layer.sizes
        return sizes

    @property
    def fours(self) -> list[str]:
        """The tables for assembly on AVR."""
        return [layer.fours.name for layer in self.layers if layer.fours is not None]

    @property
    def plain_tables(self) -> set[str]:
        """Those that assembly does without."""
        return {
            name for layer in self.layers if layer.fours is not None for name in layer.plain_sizes
        }

    @property
    def sizes_on_avr(self) -> dict[str, int]:
        """Bytes of each table that an AVR links, where assembly has tables of its own."""
        plain = {name: size for name, size in self.sizes.items() if name not in self.plain_tables}
        return plain | {layer.fours.name: layer.fours.bytes for layer in self.layers if layer.fours}

    @property
    def table_bytes(self) -> str:
        """How large the tables are, as the comment at the top says it."""
        plain = sum(self.sizes.values())
        of_avr, others = sum(self.sizes_on_avr.values()), plain
        if self.dtype == "int24":
            others += sum(math.prod(layer.shape) for layer in self.layers)
        if of_avr == others:
            return f"{plain} bytes, in flash on AVR and ESP8266"
        return f"{of_avr} bytes on AVR, {others} elsewhere; in flash on AVR and ESP8266"

    @property
    def too_large(self) -> str | None:
        """Why no AVR can read the tables, as C quotes it; None where one can."""
        every = [*self.sizes_on_avr.values(), *(self.raw.sizes.values() if self.raw else ())]
        total, largest = sum(every), max(every, default=0)
        if total > _NEAR_FLASH:
            return f"{total} bytes of tables; an AVR reads 65536 bytes of flash (16-bit pointers)"
        if largest > _LARGEST_ARRAY:
            return f"a table of {largest} bytes; an array of avr-gcc holds 32767"
        return None

    @property
    def labels(self) -> list[str]:
        """The labels as C strings."""
        return label_rows(self.mlp)

    @property
    def label_size(self) -> int:
        """Bytes of the longest."""
        return label_size(self.mlp)

    # The functions and their kernels

    @property
    def guard(self) -> list[str]:
        """What rejects a row."""
        return predict.guard(self.mlp)

    @property
    def prototypes(self) -> list[str]:
        """Of the kernels that the functions call."""
        return [prototype(name) for name in dict.fromkeys(self._called)]

    @property
    def kernel_sources(self) -> list[str]:
        """Of those kernels and of all that they call."""
        return [source(name) for name in embedded(self._called, without=self._type_files)]

    @property
    def golden_sources(self) -> list[str]:
        """Of the kernels that the self-test needs beside them."""
        return [source(n) for n in embedded(self.golden_kernels, without=embedded(self._called))]

    @property
    def _called(self) -> list[str]:
        return [*self.kernels, *(self.raw.kernels if self.raw else ())]

    @property
    def raw_type(self) -> str:
        """The type of a table that raw readings take; "" where there is none."""
        needed = self.raw is not None and "RAW" in self.raw.sizes
        return source("raw_line") if needed else ""

    @property
    def raw_reads(self) -> list[str]:
        """The tables that NAME_predict_raw reads: not those that make integers of floats."""
        floats = {table.name for table in (*self.tables, *self.output_tables) if table.floats}
        return [*(self.raw.sizes if self.raw else ()), *(n for n in self.sizes if n not in floats)]

    # What layers of integers pass on

    def memory_places(self, *calls: str) -> list[Place]:
        """The variables that these calls name, in the array that all functions hand on."""
        named = set(re.findall(r"\b\w+\b", "\n".join(calls)))
        size = f"{self.mlp.name.upper()}_MEMORY"
        return [
            place._replace(start=place.start.replace("memory_size", size))
            for place in self.memory.places
            if place.name in named
        ]

    @property
    def readers(self) -> str:
        """The macros that read the tables."""
        return readers(self._readers())

    @property
    def golden_readers(self) -> str:
        """Those that only the self-test takes."""
        return readers({"BITS"} - self._readers())

    def _readers(self) -> set[str]:
        return {"FLOAT"} if self.golden is None else readers_in("".join(self.kernel_sources))

    # The end

    @property
    def card(self) -> str:
        """What programs read, as a comment."""
        units = self.raw.units if self.raw is not None and self.raw.unit_lines else None
        return card_comment(Card.of(self.mlp, self.dtype, units).to_json())


def single(page: Page) -> bytes:
    """A model in one header, ASCII, lines ended by a newline, with its checksum."""
    text = rendered("model.h.jinja", page, checksum=BLANK.decode())
    return with_checksum(text.encode("ascii"))


def rendered(template: str, page: Page, split: bool = False, **more: object) -> str:
    """A template filled with a page.

    Args:
        template: its file.
        page: the model.
        split: whether the model has three files.
        more: what else this template asks for.
    """
    return filled(
        template,
        page=page,
        mlp=page.mlp,
        name=page.mlp.name,
        NAME=page.mlp.name.upper(),
        version=__version__,
        flash=source("flash"),
        weights_only=page.golden is None,
        split=split,
        **more,
    )


def filled(template: str, **values: object) -> str:
    """A template filled with values; every one that it asks for has to be there."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 (C is not HTML)
        loader=jinja2.FunctionLoader(_template),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["comment"] = comment_lines
    return environment


def _template(name: str) -> str:
    folder = files("mlp_edge.firmware_headers").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="ascii")
