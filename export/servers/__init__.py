"""Packages of ONNX as model servers take them, one module per kind."""

from mlp_edge.export.servers import kserve, triton
from mlp_edge.export.servers.package import ServerPackage

SERVERS: tuple[ServerPackage, ...] = (triton.PACKAGE, kserve.PACKAGE)
"""Every kind, in the order in which they are shown."""
