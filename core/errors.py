"""The error tree. A command turns each leaf into one sentence and an exit code.

MlpEdgeError                 anything that mlp-edge raises on purpose
├── InputError               exit 2: what the user gave cannot be used
│   ├── TableError           a table: missing, broken, text where a number belongs
│   ├── ModelError           a model file or directory: corrupt, foreign, of a newer format
│   │   ├── VerifyError      exit 1: a file that is not what was written
│   │   └── OpeningError     a file that is read here, and that its own program does not open
│   ├── RecipeError          options that contradict each other or the data
│   └── MissingError         an extra, a compiler or a runtime that is not installed
└── CheckError               exit 1: what was checked does not hold

Every message names what arrived and what would do. Anything else that escapes is a fault of
ours: exit 70, with the traceback.
"""

from __future__ import annotations


class MlpEdgeError(Exception):
    """Anything that mlp-edge raises on purpose. ``exit_code`` is what a command returns."""

    exit_code = 70


class InputError(MlpEdgeError):
    """What the user gave cannot be used."""

    exit_code = 2


class TableError(InputError):
    """A table that is missing, broken or does not fit the model."""


class ModelError(InputError):
    """A model file or directory that is corrupt, foreign or of a newer format."""


class VerifyError(ModelError):
    """A file that was to be verified, and is not what was written."""

    exit_code = 1


class OpeningError(ModelError):
    """A file that can be read, and that the program which should run it does not open."""


class RecipeError(InputError):
    """Options that contradict each other or the data."""


class MissingError(InputError):
    """An extra, a compiler or a runtime that is not installed."""


class CheckError(MlpEdgeError):
    """What was checked does not hold."""

    exit_code = 1


LONGEST = 400
"""Characters of what another library says; some quote the file that they could not read."""


def first_line(error: BaseException) -> str:
    """What another library's error says, cut to one line; its class when it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
