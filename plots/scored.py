"""All pictures of a model's predictions."""

from __future__ import annotations

from mlp_edge.plots.calibration import calibration
from mlp_edge.plots.confusion import confusion
from mlp_edge.plots.curves import precision_recall, roc
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.residuals import residuals
from mlp_edge.plots.style import Figure, styled


@styled
def of_judged(judged: Judged) -> dict[str, Figure]:
    """Draw a model's predictions beside the truth and the baselines.

    Rows whose prediction is NaN are left out; without any other row there is no picture.

    Returns:
        For classes "confusion", "calibration" and, where the truth has two classes or more, "roc"
        and "precision_recall"; for a regression "residuals".
    """
    judged = judged.with_predictions()
    if not len(judged.truth):
        return {}
    if judged.task == "regression":
        return {"residuals": residuals(judged)}
    figures = {"confusion": confusion(judged), "calibration": calibration(judged)}
    if (judged.truth != judged.truth[0]).any():
        figures |= {"roc": roc(judged), "precision_recall": precision_recall(judged)}
    return figures
