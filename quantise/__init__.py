"""Quantisation: an ``Mlp`` and calibration rows in, the same network in integers out."""

from mlp_edge.quantise.network import quantise

__all__ = ["quantise"]
