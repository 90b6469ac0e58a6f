"""Names of TFLite's operators, without its schema."""

from __future__ import annotations

CODES = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE", 7: "EMBEDDING_LOOKUP", 9: "FULLY_CONNECTED", 14: "LOGISTIC", 16: "LSTM",
    17: "MAX_POOL_2D", 18: "MUL", 19: "RELU", 20: "RELU_N1_TO_1", 21: "RELU6", 22: "RESHAPE",
    25: "SOFTMAX", 28: "TANH", 32: "CUSTOM", 36: "GATHER", 39: "TRANSPOSE", 40: "MEAN", 41: "SUB",
    42: "DIV", 43: "SQUEEZE", 44: "UNIDIRECTIONAL_SEQUENCE_LSTM", 45: "STRIDED_SLICE", 47: "EXP",
    49: "SPLIT", 50: "LOG_SOFTMAX", 53: "CAST", 54: "PRELU", 55: "MAXIMUM", 56: "ARG_MAX",
    57: "MINIMUM", 58: "LESS", 59: "NEG", 61: "GREATER", 62: "GREATER_EQUAL", 63: "LESS_EQUAL",
    64: "SELECT", 65: "SLICE", 69: "TILE", 70: "EXPAND_DIMS", 73: "LOG", 74: "SUM", 75: "SQRT",
    76: "RSQRT", 77: "SHAPE", 78: "POW", 82: "REDUCE_MAX", 83: "PACK", 88: "UNPACK", 92: "SQUARE",
    94: "FILL", 98: "LEAKY_RELU", 99: "SQUARED_DIFFERENCE", 101: "ABS", 102: "SPLIT_V",
    106: "ADD_N", 111: "ELU", 114: "QUANTIZE", 117: "HARD_SWISH", 123: "SELECT_V2",
    126: "BATCH_MATMUL", 130: "BROADCAST_TO", 150: "GELU", 152: "RELU_0_TO_1", 158: "SIGN",
}  # fmt: skip
"""Number of an operator in TFLite's schema -> its name."""


def name_of(code: int) -> str:
    """The name of an operator, or its number where it is a rare one."""
    return CODES.get(code, f"number {code}")
