"""Pictures of a model, its training and its scores.

Every ``of_…`` returns matplotlib figures by name; ``rendered`` makes PNG and SVG of them. None
touches pyplot's state or the user's matplotlibrc, and the same figures are the same bytes.
"""

from mlp_edge.plots.architecture import of_network
from mlp_edge.plots.features import of_table
from mlp_edge.plots.folds import of_folds
from mlp_edge.plots.importance import of_importance
from mlp_edge.plots.judged import Judged
from mlp_edge.plots.learning import of_training
from mlp_edge.plots.rendering import rendered
from mlp_edge.plots.scored import of_judged
from mlp_edge.plots.sizes import of_sizes
from mlp_edge.plots.tuning import of_tuning

__all__ = [
    "Judged",
    "of_folds",
    "of_importance",
    "of_judged",
    "of_network",
    "of_sizes",
    "of_table",
    "of_training",
    "of_tuning",
    "rendered",
]
