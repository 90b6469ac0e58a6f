"""Exporters: one file per format, each a pure function ``Mlp -> bytes``."""
