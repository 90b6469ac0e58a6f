"""Sessions of the README, the guides, the tutorial and the notebook: read, run, written again.

env -u COLUMNS python tests/sessions.py
"""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from support.c_compiler import require
from support.commands import Typed, typed

from mlp_edge.data.sets import SETS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "TUTORIAL.md"
HOW_TO = ROOT / "docs" / "how-to"
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
STORY = (
    README,
    *(HOW_TO / f"{name}.md" for name in ("predict", "beginner-tutorials", "budget", "quantise")),
)
"""Pages whose sessions go on from each other, in one folder: the README trains the model."""
ALONE = (HOW_TO / "bring-your-own.md", HOW_TO / "sklearn-pytorch.md")
"""Pages that begin with a model of the reader's own; tests/docs plays each by itself."""
CONSOLE = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
COUNTED = r"^best of |-fold cross-validation|rows to train|^scores on "
"""Lines whose numbers are counts, the same on every machine."""
PYTHON = re.compile(r"(?<=```python\n).*?(?=```)", re.DOTALL)
SKETCH = re.compile(r"(?<=```cpp\n).*?(?=```)", re.DOTALL)


def commands(block: str) -> list[str]:
    """The lines of a console block that were typed."""
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def play(block: str, folder: Path) -> str:
    """Run a console block's commands in a folder; the block as it should read."""
    lines = []
    for command in commands(block):
        code, out, err = run_here(command, folder)
        if code:
            raise AssertionError(f"{command}: exit {code}\n{err}")
        output = "".join(f"{line.rstrip()}\n" for line in out.strip("\n").splitlines())
        lines.append(f"$ {command}\n{output}")
    return "\n".join(lines)


def run_here(command: str, folder: Path) -> Typed:
    """Run a line in a folder: mlp-edge in this process, which imports TensorFlow once for all."""
    program, *words = shlex.split(command)
    if program == "mlp-edge":
        with contextlib.chdir(folder):
            return typed(*words)
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )
    return Typed(done.returncode, done.stdout, done.stderr)


def masked(text: str) -> str:
    """What has to be the same on every machine: all but digits, alignment and the device."""
    text = re.sub(r"trained on .*, by", "trained, by", text)
    lines = [
        line if re.search(COUNTED, line) else re.sub(r"-?\d[\d.,]*(e-?\d+)?", "#", line)
        for line in text.splitlines()
    ]
    return re.sub(r"[ ─]+", " ", "\n".join(lines))


def run_python(code: str, folder: Path) -> None:
    """Run a page's Python in a folder; it has to end well."""
    with contextlib.chdir(folder):
        exec(compile(code, "page", "exec"), {"__name__": "__main__"})  # noqa: S102 (our own pages)


def compile_sketch(sketch: str, exports: Path, folder: Path) -> None:
    """Compile a page's sketch without a warning, the little of Arduino that it uses in front."""
    arduino = """
    #include <math.h>
    #define HIGH 1
    #define LOW 0
    #define OUTPUT 1
    #define LED_BUILTIN 13
    void pinMode(int, int);
    void digitalWrite(int, int);
    void delay(unsigned long);
    float read_sensor(int);
    struct SerialPort { void begin(long); void println(const char *); };
    extern SerialPort Serial;
    void setup();
    void loop();
    """
    require("g++")
    source = folder / "sketch.cpp"
    source.write_text(arduino + sketch, "utf-8")
    done = subprocess.run(
        ["g++", "-std=c++11", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow",
         "-Werror", "-I", str(exports), "-c", str(source), "-o", "/dev/null"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def tutorial_folder(folder: Path) -> Path:
    """A folder with the file that the tutorial's reader has: numbers without names."""
    lines = SETS["pima"].location.read_text("utf-8").splitlines()[1:]
    (folder / "pima-indians-diabetes.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def write(pages: Sequence[Path]) -> None:
    """Play every block of some pages in order, in one folder, and put the real output into them."""
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            text = CONSOLE.sub(lambda match: play(match[0], Path(folder)), page.read_text("utf-8"))
            page.write_text(text, "utf-8")


def play_notebook(folder: Path) -> NotebookNode:
    """The notebook with what its cells show when they run in a folder, and nothing of the run."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", resources=place).execute()
    del notebook.metadata["language_info"]
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        for output in cell.get("outputs", ()):
            if "text/html" in output.get("data", {}):
                del output.data["text/plain"]
    return notebook


def write_notebook() -> None:
    """Run the notebook and put what its cells show into it."""
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(play_notebook(Path(folder)), NOTEBOOK)


if __name__ == "__main__":
    write(STORY)
    write([TUTORIAL])
    write_notebook()
