"""Whether a module computes what PyTorch's own class does, and which class that is."""

from __future__ import annotations

from typing import Any

from mlp_edge.errors import ModelError
from mlp_edge.readers.keras_layers import plain

OWN = "torch.nn.modules."
WOULD_DO = "an nn.Sequential, or the ONNX file that torch.onnx.export(…) makes of it, would do"
HOOKS = ("_forward_hooks", "_forward_pre_hooks")
SCRIPTED = ("torch.jit", "torch.fx", "torch.export", "torch._dynamo")
"""Packages of modules whose code was compiled or traced."""


def kind_of(module: Any) -> str:
    """The class of PyTorch that a module computes as; "" for code of its own."""
    classes = type(module).__mro__
    deciding = [
        next((each for each in classes if name in vars(each)), object)
        for name in ("forward", "__call__")
    ]
    if "forward" in vars(module) or not all(each.__module__.startswith(OWN) for each in deciding):
        return ""
    return next(each.__name__ for each in classes if each.__module__.startswith(OWN))


def check_plain(module: Any, source: str) -> str:
    """The class of PyTorch that a module computes as.

    Raises:
        ModelError: naming ``source``, for code of its own, and for hooks, which may change what
            it computes.
    """
    kind = kind_of(module)
    package = type(module).__module__
    if package.startswith(SCRIPTED):
        raise ModelError(
            f"{source} was compiled or traced by {plain(package)}, and no longer tells its layers; "
            f"{WOULD_DO}"
        )
    if not kind:
        raise ModelError(
            f"{source} has a forward() of its own, which does not tell what it does with its "
            f"layers; {WOULD_DO}"
        )
    if type(module).__name__.startswith("Lazy"):
        raise ModelError(f"{source} has no weights yet; a row that went through it would do")
    if any(getattr(module, name, None) for name in HOOKS):
        raise ModelError(
            f"{source} has a hook, which may change what it computes; without it would do: "
            "torch.nn.utils.prune.remove and remove_weight_norm take theirs off"
        )
    return kind
