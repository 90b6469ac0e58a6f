"""Graphs of operators in the words of ONNX, whatever file they stand in, as dense layers."""
