"""Pictures: what is in them, and that nothing a table holds breaks them."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from support.graphs import Layers, residual
from support.networks import encoded, network

from mlp_edge.feature import Feature
from mlp_edge.mlp import Floats, Mlp
from mlp_edge.plots import (
    Judged,
    of_folds,
    of_importance,
    of_judged,
    of_network,
    of_sizes,
    of_table,
    of_training,
    of_tuning,
    rendered,
)
from mlp_edge.plots.calibration import binned
from mlp_edge.plots.rendering import settle

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = ("$x_1$", "<script>alert('&')</script>", "two\nlines\tand \x00\x1b[0m",
           "\N{GRINNING FACE} \ud800",
           "a very long name " * 40, "", r"\frac{1}{0} ^_{}%", "$")  # fmt: skip


def judged(
    task: str = "binary", classes: int = 2, rows: int = 200, seed: int = 0, **changes: Any
) -> Judged:
    """A model that is right more often than not, beside one that is a little less so."""
    random = np.random.default_rng(seed)
    truth: Any = np.concatenate([np.arange(classes), random.integers(0, classes, rows)])[:rows]
    labels = tuple(f"class {index}" for index in range(classes))
    if task == "binary":
        middle = truth[:, None] * 0.3 + 0.35
        outputs, baseline = (middle + random.uniform(-0.3, 0.3, (rows, 1)) for _ in range(2))
    elif task == "multiclass":
        outputs, baseline = (
            random.dirichlet(np.full(classes, 0.2), rows) * 0.7 + np.eye(classes)[truth] * 0.3
            for _ in range(2)
        )
    else:
        labels = ()
        truth = random.normal(50, 10, (rows, classes)).astype(np.float32)
        outputs, baseline = (truth + random.normal(0, spread, truth.shape) for spread in (2, 4))
    fields = {
        "name": "net",
        "task": task,
        "targets": tuple(f"y{index}" for index in range(1 if labels else classes)),
        "labels": labels,
        "truth": truth,
        "outputs": outputs.astype(np.float32),
        "baseline": baseline.astype(np.float32),
        "threshold": 0.5,
        "part": "held-out rows",
    }
    return Judged(**{**fields, **changes})


def texts(figure: Any) -> list[str]:
    """Everything that a picture says."""
    shown = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    return [text for text in shown if text.strip()]


def said(figure: Any) -> str:
    return " ".join(" ".join(texts(figure)).split())


def checked(figures: dict[str, Any]) -> dict[str, bytes]:
    """The pictures as files that other programs can read: PNG, and well-formed SVG."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = rendered(figures).files
    assert files.keys() == {f"{name}.{suffix}" for name in figures for suffix in ("png", "svg")}
    for name, content in files.items():
        if name.endswith("png"):
            assert content.startswith(PNG)
        else:
            root = ElementTree.fromstring(content)  # noqa: S314 (our own)
            assert root.tag.endswith("svg")
    return files


def overlapping(figure: Any) -> list[tuple[str, str]]:
    """Texts that lie on each other, and texts that leave the picture."""
    settle(figure)
    whole, hidden = figure.bbox, undrawn(figure)
    shown = [
        (text, artist.get_window_extent())
        for artist in figure.findobj(Text)
        if (text := artist.get_text()).strip()
        and artist.get_visible() and id(artist) not in hidden
    ]  # fmt: skip
    found = [
        (text, "the edge")
        for text, box in shown
        if min(box.x0, box.y0) < -1 or box.x1 > whole.x1 + 1 or box.y1 > whole.y1 + 1
    ]
    for place, (text, box) in enumerate(shown):
        for other, second in shown[place + 1 :]:
            # Boxes have a line's height; letters have less.
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            up = min(box.y1, second.y1) - max(box.y0, second.y0)
            if across > 2 and up > 6:
                found.append((text, other))
    return found


def undrawn(figure: Any) -> set[int]:
    """The ids of texts that axes keep and do not show: without a frame, or beyond the limits."""
    found = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = (high - low) / 1e6
            for tick in axis.get_major_ticks():
                if not (axes.axison and low - slack <= tick.get_loc() <= high + slack):
                    found.add(id(tick.label1))
            if not axes.axison:
                found.add(id(axis.label))
    return found


def trials(count: int = 12) -> list[dict[str, Any]]:
    random = np.random.default_rng(0)
    return [
        {
            "number": number,
            "score": None if number == 3 else float(random.uniform(0.7, 0.8)),
            "deviation": None if number == 3 else 0.02,
            "hidden": [[], [8], [64, 64], [16, 8, 4]][number % 4],
            "learning_rate": None if not number else float(10 ** random.uniform(-4, -1)),
            "dropout": float(random.choice([0.0, 0.2, 0.4])),
            "l2": 0.0 if number % 3 == 0 else float(10 ** random.uniform(-6, -2)),
            "batch_normalization": bool(number % 2),
        }
        for number in range(count)
    ]


def sizes() -> list[dict[str, Any]]:
    """Five sizes in three dtypes, the last of which does not fit, and one that was not trained."""
    hidden = ([], [4], [12, 8], [16, 8], [64, 32])
    found = [
        {
            "hidden": widths, "dtype": dtype, "score": 0.6 - place / 50, "error": 0.02,
            "flash": None, "count": 2000 * (place + 1) ** 2 * factor, "counts": "cycles",
            "over": ["too slow"] if place == 4 else [], "front": dtype == "int8",
            "chosen": place == 3 and dtype == "int8",
        }
        for place, widths in enumerate(hidden)
        for dtype, factor in (("int8", 1), ("int24", 2), ("float32", 8))
    ]  # fmt: skip
    return [*found, {**found[-1], "score": None, "error": None}]


def table(features: int, rows: int = 80) -> tuple[tuple[Feature, ...], Floats]:
    random = np.random.default_rng(0)
    named = tuple(Feature(f"x{index}", unit="mm") for index in range(features))
    return named, random.normal(size=(rows, features)).astype(np.float32)


HISTORY = [
    {"accuracy": 0.5 + epoch / 100, "loss": 1 / epoch, "val_accuracy": 0.6, "val_loss": 0.5}
    for epoch in range(1, 41)
]
FOLDS = {
    "mlp": {"accuracy": [0.8, 0.7, 0.75], "auc": [0.8, 0.9, float("nan")]},
    "linear": {"accuracy": [0.7, 0.7, 0.7], "auc": [0.8, 0.8, 0.8]},
    "prior": {"accuracy": [0.5, 0.5, 0.5], "auc": [float("nan")] * 3},
}


def shuffled(count: int) -> dict[str, tuple[float, float]]:
    """Importances, the least first, one of them below 0."""
    return {f"column {index}": (index / 10 - 0.1, 0.02) for index in range(count)}


def every_picture() -> dict[str, Any]:
    """One of each, under names of their own."""
    features, rows = table(5)
    mlp = network((5, 12, 3), "relu", "multiclass")
    made = {
        "binary": of_judged(judged()),
        "few": of_judged(judged("multiclass", 4)),
        "many": of_judged(judged("multiclass", 20, 400)),
        "values": of_judged(judged("regression", 2)),
        "training": of_training(HISTORY, 7),
        "table": of_table(features, rows, rows[:30]),
        "network": of_network(mlp),
        "tuning": of_tuning(trials(), "auc", True, baseline=0.75),
        "sizes": of_sizes(sizes(), "log_loss", "uno", baseline=0.55),
        "folds": of_folds(FOLDS),
        "shuffled": of_importance(shuffled(6), "log_loss", 154, 10, (("column 0", "column 3"),)),
    }
    return {f"{of}_{name}": figure for of, every in made.items() for name, figure in every.items()}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Any]:
    return every_picture()


EVERY = (
    "binary_confusion", "binary_calibration", "binary_roc", "binary_precision_recall",
    "few_confusion", "few_calibration", "few_roc", "few_precision_recall",
    "many_confusion", "many_calibration", "many_roc", "many_precision_recall",
    "values_residuals", "training_learning", "table_features", "network_architecture",
    "tuning_tuning", "sizes_sizes", "folds_cross_validation",
    "shuffled_importance",
)  # fmt: skip


def test_every_picture_is_made(pictures: dict[str, Any]) -> None:
    assert tuple(pictures) == EVERY


@pytest.mark.parametrize("name", EVERY)
def test_no_text_lies_on_another_or_is_cut_off(name: str, pictures: dict[str, Any]) -> None:
    assert overlapping(pictures[name]) == []


@pytest.mark.parametrize("name", EVERY)
def test_text_is_large_enough_to_read(name: str, pictures: dict[str, Any]) -> None:
    shown = [text for text in pictures[name].findobj(Text) if text.get_text().strip()]
    sizes = {text.get_fontsize() for text in shown}
    assert min(sizes) >= 11


def test_the_same_pictures_are_the_same_bytes_whatever_the_user_has_set(tmp_path: Path) -> None:
    """In another process, with a matplotlibrc that would spoil them; which stays as it was."""
    (tmp_path / "matplotlibrc").write_text("font.size: 40\naxes.facecolor: red\nsvg.fonttype: path")
    program = (
        "import sys, matplotlib, test_plots\n"
        "names = [name for name in matplotlib.rcParams if not name.startswith('backend')]\n"
        "before = [matplotlib.rcParams[name] for name in names]\n"
        "print(matplotlib.rcParams['font.size'], *test_plots.hashes())\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert [matplotlib.rcParams[name] for name in names] == before\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parent,
        env={
            **os.environ, "MATPLOTLIBRC": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
    )  # fmt: skip
    assert other.stderr == ""
    assert other.stdout.split() == ["40.0", *hashes()]


def hashes() -> list[str]:
    """Of pictures that have all that could differ: an image, bars, dots, a legend, patches."""
    figures = {
        **of_judged(judged("regression", 1, 2500)),
        **of_network(network((2, 3, 1), "relu", "regression")),
        "calibration": of_judged(judged(rows=40))["calibration"],
    }
    return [sha256(content).hexdigest() for content in rendered(figures).files.values()]


def test_a_file_says_nothing_of_the_day_or_of_matplotlibs_version() -> None:
    figures = of_folds(FOLDS)
    files = rendered(figures).files
    assert files == rendered(figures).files
    for content in files.values():
        assert b"atplotlib v" not in content
        assert b"dc:date" not in content


# What is in them.


def test_confusion_counts_every_row() -> None:
    one = judged(threshold=0.6)
    called = one.outputs[:, 0] > np.float32(0.6)
    cells = texts(of_judged(one)["confusion"])
    for truth in (0, 1):
        for answer in (0, 1):
            inside = (one.truth == truth) & (called == answer)
            share = inside.sum() / (one.truth == truth).sum()
            assert f"{inside.sum()}\n{100 * share:.0f} %" in cells
    accuracy = (called == one.truth).mean()
    figure = of_judged(one)["confusion"]
    assert f"this network {100 * accuracy:.1f} %" in said(figure)
    assert "linear baseline" in said(figure)


def test_curves_name_the_scores_of_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    one = judged()
    assert one.baseline is not None
    figures = of_judged(one)
    for name, measure in (("roc", roc_auc_score), ("precision_recall", average_precision_score)):
        words = said(figures[name])
        assert f"this network {measure(one.truth, one.outputs[:, 0]):.3f}" in words
        assert f"linear baseline {measure(one.truth, one.baseline[:, 0]):.3f}" in words
        assert "chance" in words


def test_several_classes_have_the_mean_of_their_scores() -> None:
    from sklearn.metrics import roc_auc_score

    for classes in (4, 9):
        one = judged("multiclass", classes)
        shares = one.outputs.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)
        mean = roc_auc_score(one.truth, shares, multi_class="ovr")
        words = said(of_judged(one)["roc"])
        assert f"this network, mean {mean:.3f}" in words
        assert ("“class 3”" in words) == (classes == 4)


def test_the_threshold_is_marked_on_the_curve() -> None:
    one = judged(threshold=0.55)
    called = one.outputs[:, 0] > np.float32(0.55)
    found, alarms = called[one.truth == 1].mean(), called[one.truth == 0].mean()
    axes = of_judged(one)["roc"].axes[0]
    [mark] = [line for line in axes.lines if line.get_label() == "threshold 0.55"]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (alarms, found)
    words = said(of_judged(one)["precision_recall"])
    assert f"{100 * found:.1f} % of “class 1” found" in words


def test_a_threshold_that_nothing_passes_is_said() -> None:
    figures = of_judged(judged(threshold=2.0))
    assert "no row is called “class 1”" in said(figures["precision_recall"])
    checked(figures)


@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=120),
    st.randoms(use_true_random=False),
)
def test_bins_hold_every_row_once(said: list[float], random: Any) -> None:
    probabilities = np.array(said)
    true = np.array([random.random() < value for value in said])
    bins = binned(probabilities, true)
    assert 1 <= len(bins.said) <= 10
    assert (np.diff(bins.said) > 0).all()
    assert ((bins.low <= bins.came) & (bins.came <= bins.high)).all()
    assert min(said) <= bins.said[0] + 1e-12
    assert bins.said[-1] <= max(said) + 1e-12
    if len(bins.said) == 1:
        assert bins.came[0] == pytest.approx(true.mean())


def test_residuals_name_every_models_error() -> None:
    one = judged("regression", 2)
    assert one.baseline is not None
    words = said(of_judged(one)["residuals"])
    for index in range(2):
        for model, outputs in (("this network", one.outputs), ("linear baseline", one.baseline)):
            off = outputs[:, index].astype(np.float64) - one.truth[:, index]
            assert f"{model}, RMSE {np.sqrt((off**2).mean()):.3g}" in words
        spread = one.truth[:, index].astype(np.float64).std()
        assert f"constant prediction, RMSE {spread:.3g}" in words


def test_learning_marks_the_epoch_that_was_kept() -> None:
    figure = of_training(HISTORY, 7)["learning"]
    assert "40 epochs, the weights of epoch 7 kept" in said(figure)
    settle(figure)
    assert [text for text in texts(figure) if text in ("training", "validation")] == [
        "training", "validation", "training", "validation",
    ]  # fmt: skip
    for axes in figure.axes:
        labels = {text.get_text(): text for text in axes.texts}
        for line, name in zip(axes.lines, ("training", "validation"), strict=False):
            end = axes.transData.transform((40, line.get_ydata()[-1]))[1]
            box = labels[name].get_window_extent()
            assert abs((box.y0 + box.y1) / 2 - end) < box.height
        training, validation, mark = axes.lines
        assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
        assert mark.get_xdata() == [7, 7]


def test_features_show_what_is_missing() -> None:
    features = (
        Feature("glucose", unit="mg/dl", sentinel=0.0),
        Feature("temp [°C]", unit="°C"),
        Feature("colour", categories=("red", "blue"), codes=(0, 1)),
    )
    rows = np.array([[0, 1, 0], [5, 2, 1], [np.nan, 3, 1], [7, 4, np.nan]], np.float32)
    figure = of_table(features, rows, rows[:2])["features"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "glucose [mg/dl]\n50.0 % missing (held out 50.0 %)",
        "temp [°C]\nnone missing",
        "colour\n25.0 % missing (held out 0.0 %)",
    ]
    bars = [patch.get_width() for patch in figure.axes[2].patches]
    assert bars == pytest.approx([2 / 3, 1 / 3])
    assert "3 features, 4 training rows, 2 held-out rows" in said(figure)


def test_architecture_names_what_the_network_is_made_of() -> None:
    features = (
        Feature("age", fill=30.0, indicator=True),
        Feature("colour", categories=("red", "blue"), codes=(0, 1)),
    )
    mlp = encoded(features, (6,), 1, "binary", labels=("no", "yes"))
    words = said(of_network(mlp)["architecture"])
    parts = ("4-6-1", f"{mlp.parameters} parameters", "1 filled", "1 “missing?”", "1 one-hot: 2",
             "1 standardised", "4 × 6", "+ 6 = 30", "relu", "sigmoid", "P(yes)", "age")  # fmt: skip
    for part in parts:
        assert part in words, part


def test_tuning_marks_the_best_trial() -> None:
    every = trials()
    best = max((trial for trial in every if trial["score"]), key=lambda trial: trial["score"])
    least = min((trial for trial in every if trial["score"]), key=lambda trial: trial["score"])
    for more, chosen in ((True, best), (False, least)):
        figure = of_tuning(every, "log_loss", more)["tuning"]
        assert f"best log loss {chosen['score']:.3g} in trial {chosen['number']}" in said(figure)
        assert "1 without a score" in said(figure)
        assert [axes.get_xlabel() for axes in figure.axes] == [
            "trial", "learning rate", "widest hidden layer", "hidden layers", "dropout", "L2",
            "batch normalisation",
        ]  # fmt: skip


def test_sizes_tell_the_choice_and_what_stands_below() -> None:
    figure = of_sizes(sizes(), "log_loss", "uno", baseline=0.55)["sizes"]
    words = said(figure)
    for part in ("Chosen: 16-8 in int8", "log loss against cycles", "int8, does not fit",
                 "linear baseline 0.55"):  # fmt: skip
        assert part in words, part
    [axes] = figure.axes
    assert axes.get_xlabel() == "cycles on uno, worst case"
    unsimulated = [{**one, "counts": "nothing", "count": None, "flash": 900} for one in sizes()]
    [axes] = of_sizes(unsimulated, "rmse", "esp8266")["sizes"].axes
    assert axes.get_xlabel() == "bytes of flash on esp8266"
    assert of_sizes(sizes()[-1:], "rmse", "uno") == {}


def test_importance_has_a_bar_for_each_column_the_most_important_on_top() -> None:
    [axes] = of_importance(shuffled(30), "auc", 1, 10, falls=True)["importance"].axes
    assert len(axes.patches) == len(axes.get_yticks()) == 24
    first, *_, last = [label.get_text() for label in axes.get_yticklabels()]
    assert (first, last) == ("column 29", "column 6")
    assert axes.patches[0].get_width() == pytest.approx(2.8)
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "ROC AUC falls by"
    said = texts(of_importance(shuffled(30), "auc", 1, 10)["importance"])
    assert any("24 most important of 30" in each and "1 row." in each for each in said)
    one = of_importance({"x": (0.0, 0.0)}, "rmse", 9, 10, (HOSTILE,))["importance"]
    assert overlapping(one) == []
    rendered({"importance": one})


def test_cross_validation_tells_means_and_deviations() -> None:
    figure = of_folds(FOLDS)["cross_validation"]
    words = texts(figure)
    named = ("this network", "linear baseline", "constant prediction")
    for text in (*named, "0.750 ± 0.050", "ROC AUC", "0.850 ± 0.071"):
        assert text in words, text
    assert "Cross-validation, 3 folds" in words


# What must not break them.


def test_rows_without_an_answer_are_left_out() -> None:
    one = judged()
    outputs = one.outputs.copy()
    outputs[:3] = np.nan
    figures = of_judged(replace(one, outputs=outputs))
    assert "197 held-out rows" in said(figures["roc"])
    assert of_judged(replace(one, outputs=np.full_like(outputs, np.nan))) == {}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_one_row(task: str) -> None:
    figures = of_judged(judged(task, 2 if task == "binary" else 3, rows=1))
    assert set(figures) == ({"residuals"} if task == "regression" else {"confusion", "calibration"})
    for figure in figures.values():
        assert "1 held-out row" in said(figure)
        assert "1 held-out rows" not in said(figure)
    checked(figures)


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_has_no_curves(only: int) -> None:
    figures = of_judged(replace(judged(), truth=np.full(200, only)))
    assert set(figures) == {"confusion", "calibration"}
    checked(figures)


def test_a_class_without_a_row_is_counted() -> None:
    one = judged("multiclass", 4)
    figures = of_judged(replace(one, truth=np.where(one.truth == 2, 1, one.truth)))
    for name in ("roc", "precision_recall"):
        assert "Classes without a row here, left out: 1." in said(figures[name])
    assert "class 2  (0)" in texts(figures["confusion"])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_constant_answers_and_no_baseline(task: str) -> None:
    one = judged(task, 2 if task == "binary" else 3)
    figures = of_judged(replace(one, outputs=np.full_like(one.outputs, 0.25), baseline=None))
    for figure in figures.values():
        assert "linear baseline" not in said(figure)
    checked(figures)


@pytest.mark.parametrize("classes", [12, 13, 200])
def test_many_classes(classes: int) -> None:
    one = judged("multiclass", classes, 3 * classes)
    figures = of_judged(replace(one, truth=np.roll(one.truth, 1)))
    assert overlapping(figures["confusion"]) == []
    assert ("Most frequent mistakes" in said(figures["confusion"])) == (classes > 12)


@pytest.mark.parametrize("width", [1, 784])
def test_one_feature_and_many(width: int) -> None:
    features, rows = table(width)
    figure = of_table(features, rows)["features"]
    assert len([axes for axes in figure.axes if axes.get_title(loc="left")]) == min(width, 24)
    assert ("The first 24 of 784 features." in said(figure)) == (width == 784)
    assert overlapping(figure) == []
    drawn = of_network(network((width, 100, 1), "relu", "regression"))
    assert overlapping(drawn["architecture"]) == []


def test_columns_without_a_reading_constant_and_extreme() -> None:
    features = (
        Feature("empty"), Feature("constant"), Feature("huge"), Feature("tiny"),
        Feature("empty category", categories=("a",), codes=(1,)),
        Feature("levels", categories=tuple(f"level {index}" for index in range(200)),
                codes=tuple(range(200))),
    )  # fmt: skip
    rows = np.zeros((50, 6), np.float32)
    rows[:, [0, 4]] = np.nan
    rows[:, 1] = 1e20
    rows[:, 2] = np.linspace(-3e38, 3e38, 50)
    rows[:, 3] = np.linspace(0, 1e-44, 50)
    rows[:, 5] = np.arange(50) % 20
    figures = of_table(features, rows, rows[:1])
    words = said(figures["features"])
    assert words.count("every reading missing") == 2
    assert "194 others" in words
    checked(figures)
    checked(of_table(features, rows[:1], None))
    checked(of_table(features, rows[:0], rows[:0]))


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_short_histories(epochs: int, validation: bool) -> None:
    history = [
        {name: value for name, value in logs.items() if validation or "val" not in name}
        for logs in HISTORY[:epochs]
    ]
    figures = of_training(history, None)
    assert set(figures) == ({"learning"} if epochs else set())
    for figure in figures.values():
        assert ("validation" in texts(figure)) == validation
        assert overlapping(figure) == []
    checked(figures)


def test_a_history_of_a_loss_alone_and_with_a_unit() -> None:
    checked(of_training([{"loss": 0.1}, {"loss": float("nan")}], None))
    assert len(of_training([{"loss": 0.1}], None)["learning"].axes) == 1
    figure = of_training([{"loss": 0.1, "mae": 2.0}], None, "deviations")["learning"]
    assert "mean absolute error\n[deviations]" in texts(figure)


def test_deep_and_bare_networks() -> None:
    deep = of_network(network((3, *[8] * 12, 2), "relu", "multiclass"))["architecture"]
    assert "7 more" in said(deep)
    assert overlapping(deep) == []
    bare = of_network(network((2, 1), "relu", "regression", standardised=False))["architecture"]
    assert "prepared" not in said(bare)
    assert overlapping(bare) == []


def test_searches_without_a_score_and_with_one() -> None:
    diverged = {**trials(4)[3]}
    assert of_tuning([diverged], "auc", True) == {}
    assert of_tuning([], "auc", True) == {}
    figures = of_tuning(trials(1), "auc", True)
    assert len(figures["tuning"].axes) == 1
    checked(figures)


def test_folds_without_a_value() -> None:
    assert of_folds({}) == {}
    assert of_folds({"mlp": {}}) == {}
    checked(of_folds({"mlp": {"auc": [float("nan")]}, "prior": {"auc": []}}))
    figure = of_folds({"mlp": {"rmse": [54000.0, 55000.0]}})["cross_validation"]
    assert "54,500 ± 707" in texts(figure)


def test_hostile_names_are_text_and_short() -> None:
    count = len(HOSTILE)
    names = [name.replace("\ud800", "") for name in HOSTILE]
    features = tuple(Feature(f"{name}{index}", unit="$\\") for index, name in enumerate(names))
    rows = np.random.default_rng(0).normal(size=(30, count)).astype(np.float32)
    mlp = replace(network((count, 4, count), "relu", "multiclass"), features=features)
    one = judged("multiclass", count, labels=HOSTILE)
    figures = {
        "confusion": of_judged(one)["confusion"],
        "roc": of_judged(one)["roc"],
        **of_judged(judged("regression", 2, targets=HOSTILE[:2])),
        **of_table(features, rows),
        **of_network(mlp),
        **of_folds({"mlp": {name: [1.0, 2.0] for name in HOSTILE}}),
    }
    files = checked(figures)
    assert "$x_1$" in said(figures["confusion"])
    assert b"$x_1$" in files["confusion.svg"]
    assert b"&lt;script&gt;" in files["features.svg"]
    assert b"<script" not in files["features.svg"]
    for name in ("confusion", "roc", "features", "architecture", "cross_validation"):
        assert overlapping(figures[name]) == [], name
    long = [text for figure in figures.values() for text in texts(figure) if "very long" in text]
    assert long
    assert all(len(line) < 120 for text in long for line in text.split("\n"))


@settings(max_examples=5)
@given(st.lists(st.text(max_size=30), min_size=2, max_size=2, unique=True), st.text(max_size=30))
def test_any_label_and_target_can_be_drawn(labels: list[str], name: str) -> None:
    binary = of_judged(judged(labels=tuple(labels), rows=20))
    checked({"roc": binary["roc"]})
    checked(of_table([Feature(name, unit=name)], np.ones((3, 1), np.float32)))


def test_a_graph_says_what_each_layer_reads() -> None:
    made = Layers(3)
    gate = made.dense(4, "sigmoid", 0)
    value = made.dense(4, "tanh", 0, times=gate)
    added = made.elementwise("relu", value, gate)
    heads = made.dense(1, "linear", added), made.dense(2, "linear", 0, added)
    drawn = of_network(made.mlp(heads=heads))["architecture"]
    words = said(drawn)
    for text in ("of readings", "times dense 1", "of dense 2, dense 1", "unit by unit",
                 "of readings, dense 3", "predictions", "y2"):  # fmt: skip
        assert text in words
    assert overlapping(drawn) == []
    deep = of_network(residual(blocks=4))["architecture"]
    assert overlapping(deep) == []


def _mlp_of(task: str) -> Mlp:
    return network((3, 4, 2), "relu", task)  # type: ignore[arg-type]


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_has_an_architecture(task: str) -> None:
    names: Sequence[str] = _mlp_of(task).labels or _mlp_of(task).targets
    words = said(of_network(_mlp_of(task))["architecture"])
    for name in names:
        assert name in words
