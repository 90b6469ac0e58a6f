"""The notebook runs, and shows what it showed."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from sessions import NOTEBOOK, masked, play_notebook
from support.chips import BY_NAME, require


def shown(notebook: NotebookNode) -> list[str]:
    """The text of every output, but for what differs between machines: figures and warnings."""
    texts = [
        "\n".join([output.get("text", ""), *output.get("data", {}).values()])
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    return [masked(re.sub(r"<p>.*?</p>|e\+00", "", text)) for text in texts]


@pytest.mark.slow
def test_the_notebook_shows_what_it_showed(tmp_path: Path) -> None:
    require(BY_NAME["avr"])
    recorded = nbformat.read(NOTEBOOK, as_version=4)
    assert shown(play_notebook(tmp_path)) == shown(recorded)
    assert any("PASS" in text for text in shown(recorded))
