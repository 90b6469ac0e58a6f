"""TFLite files in float32 as strangers have them, made operator by operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

OPERATORS, KINDS = schema.BuiltinOperator, schema.TensorType
TYPES = {"float32": KINDS.FLOAT32, "float16": KINDS.FLOAT16, "int8": KINDS.INT8,
         "int32": KINDS.INT32}  # fmt: skip


class Graph:
    """A graph that grows at its end."""

    def __init__(self, width: int = 4) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version = 3
        self.model.subgraphs, self.model.operatorCodes = [self.graph], []
        self.model.buffers = [schema.BufferT()]
        self.graph.tensors, self.graph.operators = [], []
        self.last = self.tensor((1, width))
        self.graph.inputs = [self.last]

    def tensor(self, shape: Sequence[int], kind: str = "float32", data: Any = None) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type = list(shape), TYPES[kind]
        tensor.buffer = 0
        tensor.name = f"t{len(self.graph.tensors)}".encode()
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, array: Any) -> int:
        array = np.asarray(array)
        return self.tensor(array.shape, array.dtype.name, array)

    def add(
        self, name: str, inputs: Sequence[int], shape: Sequence[int], kind: int = 0,
        **options: Any,
    ) -> int:  # fmt: skip
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(OPERATORS, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes)
        self.model.operatorCodes.append(code)
        if kind:
            operator.builtinOptionsType = kind
            kinds = vars(schema.BuiltinOptions).items()
            class_name = next(key for key, value in kinds if value == kind and key[0].isupper())
            operator.builtinOptions = getattr(schema, f"{class_name}T")()
            for key, value in options.items():
                setattr(operator.builtinOptions, key, value)
        self.last = self.tensor(shape)
        operator.inputs, operator.outputs = list(inputs), [self.last]
        self.graph.operators.append(operator)
        return self.last

    def dense(self, weights: Any, bias: Any | None = None, fused: int = 0) -> int:
        given = [self.last, weights if isinstance(weights, int) else self.constant(weights)]
        given.append(-1 if bias is None else self.constant(bias))
        outputs = self.graph.tensors[given[1]].shape[0]
        return self.add("FULLY_CONNECTED", given, (1, outputs),
                        schema.BuiltinOptions.FullyConnectedOptions,
                        fusedActivationFunction=fused)  # fmt: skip

    def content(self, *outputs: int) -> bytes:
        self.graph.outputs = list(outputs) or [self.last]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
