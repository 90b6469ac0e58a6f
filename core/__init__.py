"""mlp-edge: what you trained is what runs, everywhere, and here is the proof.

``mlp_edge.train(…)`` and ``mlp_edge.open(…)`` give a ``Model``: predict, evaluate, export, prove,
measure. ``mlp_edge.load`` opens a model directory, a .keras, .onnx, .tflite, .h, .js or .py file to
predict with, and no more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp_edge.api.benching import BenchReport
    from mlp_edge.api.comparing.comparison import Comparison
    from mlp_edge.api.costing import CostReport
    from mlp_edge.api.doctor.diagnosis import Diagnosis, doctor
    from mlp_edge.api.evaluation.evaluation import Evaluation
    from mlp_edge.api.exporting.exporting import Export
    from mlp_edge.api.importing.import_report import ImportReport
    from mlp_edge.api.importing.importing import import_model
    from mlp_edge.api.inspection.inspecting import Inspection, inspect
    from mlp_edge.api.model import Model
    from mlp_edge.api.model import open_model as open  # noqa: A004 (as one says it: mlp_edge.open)
    from mlp_edge.api.parity.parity_report import ParityReport
    from mlp_edge.api.predicting import PredictedTable
    from mlp_edge.api.reporting.facts import Report
    from mlp_edge.api.streamed_table import StreamedTable
    from mlp_edge.api.training.trained import Training
    from mlp_edge.api.training.training import train
    from mlp_edge.api.verifying import Verification, verify
    from mlp_edge.runtime.load import load
    from mlp_edge.runtime.predictor import Predictor

__version__ = "0.1.0"

# The front door. The one place where core names rooms above it, and only when asked: importing
# mlp_edge costs nothing.
_DOOR = {
    "BenchReport": "mlp_edge.api.benching:BenchReport",
    "Comparison": "mlp_edge.api.comparing.comparison:Comparison",
    "CostReport": "mlp_edge.api.costing:CostReport",
    "Diagnosis": "mlp_edge.api.doctor.diagnosis:Diagnosis",
    "Evaluation": "mlp_edge.api.evaluation.evaluation:Evaluation",
    "Export": "mlp_edge.api.exporting.exporting:Export",
    "ImportReport": "mlp_edge.api.importing.import_report:ImportReport",
    "Inspection": "mlp_edge.api.inspection.inspecting:Inspection",
    "Model": "mlp_edge.api.model:Model",
    "ParityReport": "mlp_edge.api.parity.parity_report:ParityReport",
    "PredictedTable": "mlp_edge.api.predicting:PredictedTable",
    "Predictor": "mlp_edge.runtime.predictor:Predictor",
    "Report": "mlp_edge.api.reporting.facts:Report",
    "StreamedTable": "mlp_edge.api.streamed_table:StreamedTable",
    "Training": "mlp_edge.api.training.trained:Training",
    "Verification": "mlp_edge.api.verifying:Verification",
    "doctor": "mlp_edge.api.doctor.diagnosis:doctor",
    "import_model": "mlp_edge.api.importing.importing:import_model",
    "inspect": "mlp_edge.api.inspection.inspecting:inspect",
    "load": "mlp_edge.runtime.load:load",
    "open": "mlp_edge.api.model:open_model",
    "train": "mlp_edge.api.training.training:train",
    "verify": "mlp_edge.api.verifying:verify",
}
__all__ = [
    "BenchReport",
    "Comparison",
    "CostReport",
    "Diagnosis",
    "Evaluation",
    "Export",
    "ImportReport",
    "Inspection",
    "Model",
    "ParityReport",
    "PredictedTable",
    "Predictor",
    "Report",
    "StreamedTable",
    "Training",
    "Verification",
    "__version__",
    "doctor",
    "import_model",
    "inspect",
    "load",
    "open",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _DOOR:
        module, _, attribute = _DOOR[name].partition(":")
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'mlp_edge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
