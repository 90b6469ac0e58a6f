"""What a model in memory is called: after its class."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between the words of a class's name."""


def after_class(model: Any) -> Path:
    """What stands for the path of its file: ``MLP_Classifier``, which makes mlp_classifier."""
    return Path(WORDS.sub("_", type(model).__name__))
