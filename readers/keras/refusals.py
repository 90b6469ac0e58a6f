"""Why a layer of Keras is not read, and what would do."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from mlp_edge.readers.keras_layers import article

READ = (
    "Dense, EinsumDense, Activation, ReLU, LeakyReLU, PReLU, ELU, Softmax, Add, Subtract, "
    "Multiply, Average, Maximum, Minimum, Concatenate, BatchNormalization, LayerNormalization, "
    "UnitNormalization, RMSNormalization, Normalization, Rescaling, Flatten, Reshape, Dropout and "
    "the noise layers"
)
STOCK = "layers of keras.layers"
EARLIER = "columns that are numbers, made before the model,"
PLAIN = "the network with plain Dense layers"


class Refusal(NamedTuple):
    """Classes that are not read.

    Attributes:
        names: of classes, with a * where anything may stand.
        reason: a clause that follows "which".
        instead: what would do; "" for nothing.
    """

    names: Sequence[str]
    reason: str
    instead: str = ""


REFUSALS = (
    Refusal(("Lambda", "__lambda__"), "holds code of its own", STOCK),
    Refusal(("Embedding", "ReversibleEmbedding"), "looks numbers up by an index",
            "a Dense layer on one column per category"),
    Refusal(("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing"),
            "makes numbers of words or codes", EARLIER),
    Refusal(("CategoryEncoding",), "makes columns of categories", EARLIER),
    Refusal(("Discretization",), "makes categories of numbers", EARLIER),
    Refusal(("Masking",), "tells layers what to skip of a sequence", "the model without it"),
    Refusal(("Dot",), "multiplies rows with each other"),
    Refusal(("Permute",), "turns lines into columns", "columns in that order"),
    Refusal(("RepeatVector",), "makes a sequence of a row", "a Concatenate of the row with itself"),
    Refusal(("ops.Slice", "ops.Split", "ops.Take"), "takes some numbers of a row",
            "an Input for each part"),
    Refusal(("ops.Matmul", "ops.Dot", "ops.Einsum", "ops.Tensordot"), "multiplies matrices",
            "a Dense layer"),
    Refusal(("ops.Power",), "takes powers", "keras.ops.square"),
    Refusal(("ops.Mean", "ops.Sum", "ops.Max", "ops.Min", "ops.Var", "ops.Std"),
            "makes one number of several", "a Dense layer, or a LayerNormalization,"),
    Refusal(("ThresholdedReLU",), "jumps at its threshold", "a ReLU"),
    Refusal(("GroupNormalization",), "normalises by what a part of the row holds",
            "a LayerNormalization"),
    Refusal(("SpectralNormalization",), "wraps another layer", "that layer, with its weights,"),
    Refusal(("Quantize*", "QDense*", "QActivation*", "QBatchNormalization", "QAdaptiveActivation",
             "HDense*", "HActivation", "HQuantize", "Quantizer"),
            "computes with rounded numbers while it trains", PLAIN),
    Refusal(("PruneLowMagnitude", "ClusterWeights"), "wraps another layer while it trains",
            "the model after strip_pruning() or strip_clustering()"),
    Refusal(("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper", "TFOpLambda",
             "SlicingOpLambda", "TensorFlowOpLayer"),
            "holds a model or an operation of another library", STOCK),
    Refusal(("TimeDistributed",), "repeats a layer over a sequence"),
    Refusal(("Bidirectional", "*LSTM*", "*GRU*", "*RNN*"), "is recurrent"),
    Refusal(("*Conv*",), "is a convolution"),
    Refusal(("*Pool*",), "takes the mean or the largest of neighbours"),
    Refusal(("*Attention*",), "weighs a row by itself"),
    Refusal(("*Padding*", "*Cropping*", "*Crop", "*Sampling*", "Random*", "Resizing",
             "SpatialDropout*"), "is for images or sequences"),
)  # fmt: skip


def refusal(kind: str, source: str) -> str:
    """Why a layer is not read, in one sentence.

    Args:
        kind: its class.
        source: what messages call it.
    """
    # HDF5 of Keras 3 does not tell a function from a layer without settings to train.
    known = {each: found for found in REFUSALS for each in found.names}
    kind, found = next(
        ((each, known[name]) for each in (kind, kind.removeprefix("ops.")) for name in known
         if fnmatchcase(each, name)), (kind, None),
    )  # fmt: skip
    if found is None:
        return f"{source} is {article(kind)}, which mlp-edge does not read here; it reads {READ}"
    end = f"; {found.instead} would do" if found.instead else ""
    called = f"keras.{kind}" if kind.startswith("ops.") else article(kind)
    return f"{source} is {called}, which {found.reason}: no layer of an MLP{end}"
