"""Modules of PyTorch, as an ``Mlp``: an ``nn.Sequential`` of layers and activations.

Only what computes by PyTorch's own ``forward`` is read, as nothing else tells what is done in which
order. PyTorch is not imported: whoever holds a module has imported it.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp_edge.errors import ModelError
from mlp_edge.mlp import Mlp, Rows
from mlp_edge.proof.original import Original, PredictAny, in_doubles
from mlp_edge.readers.assembling.assembly import Assembly
from mlp_edge.readers.importing.imported import Imported, named
from mlp_edge.readers.keras_layers import article
from mlp_edge.readers.objects.naming import after_class
from mlp_edge.readers.objects.torch_classes import check_plain, kind_of
from mlp_edge.readers.objects.torch_layers import Layer, read_layer

DIFFERING = (
    "BatchNorm1d", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
    "FeatureAlphaDropout", "RReLU",
)  # fmt: skip
"""Classes that compute otherwise in training mode."""
MADE_UP = "the names, the labels and the threshold are made up: the module has none"


def read_torch(source: Any) -> Imported:
    """Read a module.

    Raises:
        ModelError: naming the layer that cannot be read, and why.
    """
    name = f"the {type(source).__name__}"
    for _ in _layers(source, name):
        pass  # nothing is copied, or looked up, that has code of its own
    module = copy.deepcopy(source).eval()  # which training goes on with as it likes
    assembly, dtypes = Assembly(), set[str]()
    value = assembly.given(None)
    for layer, own in _layers(module, name):
        value = read_layer(Layer(layer, own, assembly, dtypes), value)
    network = assembly.finished([value], name)
    mlp = named(after_class(module), network)
    torch = sys.modules["torch"]
    found = Imported(
        mlp,
        "PyTorch",
        f"PyTorch {torch.__version__}",
        (*_remarks(source, dtypes, mlp), *network.notes),
        network.folded,
        made_up=MADE_UP,
        unfolded=network.steps,
    )
    steps = in_doubles(mlp) if dtypes == {"float64"} else found.steps
    predict = _predicting(torch, module, bool(network.notes))
    return found._replace(original=Original(type(module).__name__, "PyTorch", predict, steps))


def check_no_weights(source: Any) -> None:
    """Refuse weights without a module: they do not tell what is done with them.

    Raises:
        ModelError: for a dict of tensors.
    """
    values = source.values() if isinstance(source, Mapping) else ()
    if any(type(value).__module__.partition(".")[0] == "torch" for value in values):
        raise ModelError(
            f"{len(values)} tensors do not tell the layers that they belong to; an nn.Sequential, "
            "after load_state_dict(…), would do"
        )


def _predicting(torch: Any, module: Any, logarithms: bool) -> PredictAny:
    """The module's own prediction, in evaluation mode and the numbers of its parameters."""
    first = next(iter(module.parameters()))

    def predict(rows: Rows) -> NDArray[Any]:
        with torch.no_grad():
            given = torch.from_numpy(rows.copy()).to(device=first.device, dtype=first.dtype)
            answers: NDArray[Any] = module(given).cpu().double().numpy()
        return np.exp(answers) if logarithms else answers

    return predict


def _remarks(source: Any, dtypes: set[str], mlp: Mlp) -> Iterator[str]:
    others = sorted(dtypes - {"float32"})
    if others:
        yield f"the module computes in {' and '.join(others)}, and mlp-edge in float32"
    training = [each for each in source.modules() if each.training]
    differing = sorted({kind_of(each) for each in training} & {*DIFFERING})
    if differing:
        yield (
            f"the module is in training mode, where {' and '.join(differing)} compute otherwise; "
            "what was read is what it predicts after eval()"
        )
    if mlp.task == "regression":
        yield (
            "the module ends without a Sigmoid of one unit or a Softmax: what it gives counts as "
            "values; nn.Sequential(module, nn.Softmax(dim=1)) would give probabilities"
        )


def _layers(module: Any, source: str, path: str = "") -> Iterator[tuple[Any, str]]:
    """The layers of a module in their order, and what messages call them.

    Raises:
        ModelError: naming one that computes by code of its own.
    """
    if check_plain(module, source) != "Sequential":
        yield module, source
        return
    for name, child in module._modules.items():
        place = f"{path}.{name}" if path else name
        yield from _layers(child, f"layer {place!r:.60}, {article(type(child).__name__)},", place)
