"""What a training does besides fitting a recipe: what is predicted, how it is evaluated, where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlp_edge.cluster import ENGINES, LOCAL, RAY
from mlp_edge.errors import RecipeError
from mlp_edge.mlp import TASKS, check_name
from mlp_edge.settings import declared, setting
from mlp_edge.training.default_recipe import AUTO, RECIPES
from mlp_edge.training.device import check_wanted

BLOCK = 1 << 18
"""Rows of a block of a stream, unless somebody says otherwise."""
TRACKERS = ("mlflow", "tensorboard")
"""Libraries that track trainings."""
LEAST = {"runs": 1, "repeats": 1, "tune": 1, "cv": 2, "block_rows": 1000, "workers": 1}
"""The least that a number may be."""


@dataclass(frozen=True)
class Plan:
    """The settings of a training that are no part of its recipe.

    Attributes:
        target: the columns to predict; () is the data set's own, or the last column.
        task: regression, binary or multiclass; None follows from the target.
        recipe: "auto" or "tutorial", where settings of the recipe come from that nobody chose;
            None is auto, or that of the model to go on training.
        strict: refuse a table that there are warnings about.
        start: a model directory to go on training, with its columns and its held-out rows.
        runs: how many seeds to train, from the recipe's seed up; the first is kept.
        tune: how many trials a search for a better recipe makes; None for no search.
        fit: a chip or board, such as uno: the best network that fits it is searched.
        budget: figure -> the most it may be, or a text such as "flash=8k,ram=500,cycles=20000";
            without ``fit``, of the first chip that can be simulated of avr and cortex-m4.
        cv: folds of a cross-validation, or of the search; None for none.
        repeats: how often the cross-validation is repeated, with other folds.
        plots: whether pictures are written to the model directory.
        name: of the model, a C identifier; None is the table's.
        calibration: whether training rows are kept with the model, to quantise it with.
        log: names of ``TRACKERS`` that are told of the training.
        device: auto, cpu, gpu or gpu:N.
        strategy: none, or mirrored to train on every GPU at once.
        tf32: let a GPU round products to TensorFloat-32.
        stream: read the table in blocks and never hold it; None where it is beyond memory, and
            for folders and patterns.
        block_rows: rows of a block of a stream: so many are shuffled among each other.
        engine: what fits the networks of a search or a cross-validation, and the blocks of
            ``workers``: "local", this process, or "ray".
        workers: blocks of a stream that are learned from side by side, from the same weights, which
            are averaged then; 1 for one block after another.
        address: of a Ray cluster; None for one of this machine.

    Raises:
        RecipeError: from the constructor, when settings contradict each other.
    """

    target: tuple[str, ...] = declared(
        (), "Column to predict, or several in a regression.", "Columns",
        shown="the last", repeat=True,
    )  # fmt: skip
    task: str | None = declared(
        None, "Task: regression, binary or multiclass.", "Columns", shown="detected"
    )
    recipe: str | None = declared(
        None, "Settings that are not typed: auto, for the table, or tutorial.", "Training",
        shown=AUTO,
    )  # fmt: skip
    strict: bool = declared(
        False, "Refuse a table that there are warnings about.", "Table", flag="--strict"
    )
    start: Path | None = declared(
        None, "Model directory to go on training.", "Training", flag="--from"
    )
    tune: int | None = declared(
        None, "Search layers, learning rate and regularisation in N trials.", "Overfitting"
    )
    fit: str | None = declared(
        None, "Search the best network that fits a chip or board, such as uno.", "Network",
        shown="no limit",
    )  # fmt: skip
    budget: str | Mapping[str, float] | None = declared(
        None, "Search the best network within limits such as flash=8k,ram=500,cycles=20000.",
        "Network", shown="no limit",
    )  # fmt: skip
    cv: int | None = declared(None, "Cross-validate in N folds.", "Evaluation", flag="--cv")
    repeats: int = declared(1, "Repeat the cross-validation N times.", "Evaluation")
    runs: int = declared(1, "Train N networks with different seeds; keep the first.", "Evaluation")
    plots: bool = declared(
        False, "Write plots of the training, PNG and SVG.", "Output", flag="--plots"
    )
    name: str | None = declared(
        None, "Name of the model, a C identifier.", "Output", shown="the table's"
    )
    calibration: bool = declared(
        True, "Keep up to 1,000 training rows with the model, for quantisation.", "Output"
    )
    log: tuple[str, ...] = declared(
        (), "Log the training to mlflow, tensorboard or both, such as mlflow,tensorboard.",
        "Output",
    )  # fmt: skip
    device: str = declared("auto", "Device to train on: auto, cpu, gpu or gpu:N.", "Hardware")
    strategy: str = declared(
        "none", "Use of several GPUs: none, or mirrored to train on all at once.", "Hardware"
    )
    tf32: bool = declared(
        False, "Let a GPU round to TensorFloat-32: faster, less precise.", "Hardware",
        flag="--tf32",
    )  # fmt: skip

    stream: bool | None = declared(
        None, "Whether to read the table in blocks and never hold it.", "Table",
        shown="by its size",
    )  # fmt: skip
    block_rows: int = declared(BLOCK, "Rows of a block, where the table is streamed.", "Table")

    engine: str = declared(
        LOCAL, "What fits folds, trials and blocks: local (this process) or ray.", "Hardware"
    )
    address: str | None = declared(
        None, "Address of a Ray cluster.", "Hardware", shown="Ray on this machine"
    )

    workers: int = declared(
        1, "Blocks of a stream learned from side by side; weights are averaged.", "Hardware"
    )

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        if self.task is not None and self.task not in TASKS:
            raise RecipeError(f"{setting('task', self.task)} is not one of {', '.join(TASKS)}")
        if self.recipe is not None and self.recipe not in RECIPES:
            raise RecipeError(
                f"{setting('recipe', self.recipe)} is not one of {', '.join(RECIPES)}"
            )
        for library in self.log:
            if library not in TRACKERS:
                raise RecipeError(f"{setting('log', library)} is not one of {', '.join(TRACKERS)}")
        check_wanted(self.device, self.strategy)
        self._check_engine()
        for name, least in LEAST.items():
            count = getattr(self, name)
            if count is not None and count < least:
                raise RecipeError(f"{setting(name)} is at least {least}; got {count}")
        if self.repeats > 1 and self.cv is None:
            raise RecipeError(
                f"{setting('repeats')} repeats a cross-validation; {setting('cv', 10)} asks for one"
            )

    def _check_engine(self) -> None:
        if self.engine not in ENGINES:
            raise RecipeError(
                f"{setting('engine', self.engine)} is not one of {', '.join(ENGINES)}"
            )
        if self.address is not None and self.engine != RAY:
            raise RecipeError(f"{setting('address')} takes {setting('engine', RAY)}")
        if self.engine == RAY and self.tune is None and self.cv is None and self.workers == 1:
            raise RecipeError(
                f"{setting('engine', RAY)} fits the networks of {setting('tune')} and of "
                f"{setting('cv')} side by side, and the blocks of a stream with "
                f"{setting('workers', 2)}"
            )
        if self.engine == RAY and self.strategy != "none":
            raise RecipeError(
                f"{setting('engine', RAY)} and {setting('strategy', self.strategy)} contradict "
                "each other: on Ray each network has a process of its own"
            )
        chip = "fit" if self.fit is not None else "budget" if self.budget is not None else None
        if self.engine == RAY and self.tune is not None and chip is not None:
            raise RecipeError(
                f"{setting('engine', RAY)} and {setting(chip)} contradict each other: a search for "
                "what fits a chip measures each network in this process; leave one out"
            )
        if self.workers > 1 and self.stream is False:
            raise RecipeError(
                f"{setting('workers', self.workers)} learn from blocks, and "
                f"{setting('stream', False)} reads the table as a whole; leave one out"
            )

    def check_streamed(self, weight: str | None, ensemble: int | None) -> None:
        """Refuse what takes the table in memory, where it is streamed.

        Args:
            weight: as ``Recipe.weight``.
            ensemble: as ``Recipe.ensemble``; None where nobody asked.

        Raises:
            RecipeError: naming the setting.
        """
        asked = {
            "start": self.start, "tune": self.tune, "fit": self.fit, "budget": self.budget,
            "cv": self.cv, "weight": weight, "ensemble": ensemble if ensemble != 1 else None,
        }  # fmt: skip
        for name, value in asked.items():
            if value is not None:
                raise RecipeError(
                    f"{setting(name)} takes the table in memory, and this one is streamed; leave "
                    f"it out, or read the table as a whole: {setting('stream', False)}, and for a "
                    f"large file {setting('max_bytes')}"
                )
        if self.strategy != "none":
            raise RecipeError(
                f"{setting('strategy', self.strategy)} takes the table in memory, and this one is "
                f"streamed, on one device; leave it out"
            )

    def check_going_on(self, group: str | None, columns: bool) -> None:
        """Refuse what a saved model has settled, where training goes on from one.

        Args:
            group: as ``Recipe.group``.
            columns: whether anything was said about columns.

        Raises:
            RecipeError: naming every setting that has to go.
        """
        chosen = (self.task, self.target, self.recipe, self.cv, self.tune, self.fit, self.budget)
        alone = (self.runs > 1, *chosen, group, columns)
        if self.start is not None and any(alone):
            names = ("runs", "task", "target", "recipe", "group", "cv", "fit", "budget")
            others = ", ".join(map(setting, names))
            raise RecipeError(
                f"{setting('start')} goes on with one saved model and its columns; leave out "
                f"{others}, {setting('tune')} and the settings of columns"
            )
