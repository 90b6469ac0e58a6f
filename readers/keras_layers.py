"""Whose class a layer of a .keras file is, which Keras wrote it, and with what settings.

Classes of somebody's own may have Keras's names, and a setting may have another name or another
meaning in another Keras. What a file does not say is taken as its Keras had it, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlp_edge.errors import ModelError
from mlp_edge.mlp import KERAS_ACTIVATIONS

ROOTS = ("keras", "tf_keras")
"""Packages that Keras's own classes are in."""
QUANTISING = ("qkeras", "hgq", "tensorflow_model_optimization")
"""Packages whose layers round numbers while they train."""
ROUNDING = "it rounds numbers as it learns", "the network with plain Dense layers"
UNKNOWN = "what it computes does not stand in the file", "layers of keras.layers"
DEFAULTS: dict[str, dict[str, Any]] = {
    "InputLayer": {"batch_shape": None, "sparse": False, "ragged": False},
    "Normalization": {"axis": -1, "mean": None, "variance": None, "invert": False},
    "Dense": {"activation": None, "use_bias": True},
    "EinsumDense": {
        "equation": None, "output_shape": None, "bias_axes": None, "activation": None,
    },
    "Activation": {"activation": None},
    "ReLU": {"max_value": None, "negative_slope": 0.0, "threshold": 0.0},
    "LeakyReLU": {"negative_slope": 0.3},
    "ELU": {"alpha": 1.0},
    "Softmax": {"axis": -1},
    "PReLU": {"shared_axes": None},
    "BatchNormalization": {"axis": -1, "epsilon": 1e-3, "center": True, "scale": True},
    "LayerNormalization": {
        "axis": -1, "epsilon": 1e-3, "center": True, "scale": True, "rms_scaling": False,
    },
    "RMSNormalization": {"axis": -1, "epsilon": 1e-6},
    "UnitNormalization": {"axis": -1},
    "Rescaling": {"scale": None, "offset": 0.0},
    "Flatten": {"data_format": None},
    "Reshape": {"target_shape": None},
    "Concatenate": {"axis": -1},
    "Merge": {"mode": "sum", "concat_axis": -1},
    "ops.LeakyRelu": {"negative_slope": 0.2},
    "ops.Elu": {"alpha": 1.0},
    "ops.Gelu": {"approximate": True},
    "ops.Softmax": {"axis": -1},
    "ops.LogSoftmax": {"axis": -1},
    "ops.Glu": {"axis": -1},
    "ops.Concatenate": {"axis": 0},
}  # fmt: skip
"""Layer class -> its settings that decide what it predicts, with the defaults of Keras 2 and 3."""
OLDER_NAMES = {
    "InputLayer": ("batch_input_shape", "batch_shape"),
    "LeakyReLU": ("alpha", "negative_slope"),
}
"""Layer class -> what Keras 2 calls one of its settings, and what Keras 3 calls it."""
IDLE = frozenset({
    "name", "trainable", "dtype", "optional", "units", "batch_input_shape", "input_dim",
    "input_shape", "kernel_initializer", "bias_initializer", "kernel_regularizer",
    "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint", "momentum",
    "renorm_momentum", "renorm_clipping", "synchronized",
    "beta_initializer", "gamma_initializer", "moving_mean_initializer",
    "moving_variance_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint",
    "gamma_constraint", "alpha_initializer", "alpha_regularizer", "alpha_constraint",
    "lora_rank", "lora_alpha", "mode_type", "dot_axes", "output_shape", "output_shape_type",
    "output_mask", "output_mask_type", "arguments",
})  # fmt: skip
"""Settings that say how a layer learns, or what is checked elsewhere."""
POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy")


def generation(version: str) -> int | None:
    """2 or 3, by the version of Keras that wrote a file; None for another or an unknown one."""
    found = re.match(r"([23])\.\d", version)
    return int(found[1]) if found else None


def check_stock(entry: Mapping[str, Any]) -> None:
    """Refuse a class that is not Keras's own, whatever it is called.

    Args:
        entry: of the file, for a model, a layer or an operation.

    Raises:
        ModelError: naming the class, the layer and where the class is from.
    """
    module, kind, name = (entry.get(key) for key in ("module", "class_name", "registered_name"))
    root = module.split(".")[0] if isinstance(module, str) else ""
    if root in ROOTS and name in (None, kind):
        return
    config = entry.get("config")
    called = config.get("name") if isinstance(config, dict) else None
    layer = f" {str(called)[:60]!r}" if called and kind not in POLICIES else ""
    registered = "" if name in (None, kind) else f", registered as {str(name)[:60]!r}"
    reason, instead = ROUNDING if root in QUANTISING else UNKNOWN
    raise ModelError(
        f"its {plain(kind)}{layer} is of {plain(module) if module else 'no module'}{registered}, "
        f"and not Keras's own class; {reason}; {instead} would do"
    )


def settings(kind: str, name: str, config: Mapping[str, Any], keras: int | None) -> dict[str, Any]:
    """The settings of a layer that decide what it predicts.

    Args:
        kind: its class; one that is not in ``DEFAULTS`` has none.
        name: of the layer, for messages.
        config: as the file has it.
        keras: of ``generation``.

    Raises:
        ModelError: for a setting that is not known, and for one that the file leaves out where
            nobody knows which Keras wrote it.
    """
    known, given = DEFAULTS.get(kind, {}), dict(config)
    older, newer = OLDER_NAMES.get(kind, ("", ""))
    if older in given:
        if newer in given:
            raise ModelError(f"layer {name!r} has both {older} and {newer}; one would do")
        given[newer] = given.pop(older)
    for key, value in given.items():
        if key not in known and key not in IDLE and value is not None and value is not False:
            raise ModelError(
                f"layer {name!r} is {article(kind)} with {plain(key)} {value!r:.60}, which "
                "mlp-edge does not know"
            )
    absent = [key for key in known if key not in given]
    if absent and keras is None:
        raise ModelError(
            f"layer {name!r} is {article(kind)} without {absent[0]}, whose default depends on the "
            "Keras that wrote the file; it names none, or one that mlp-edge does not know"
        )
    return {key: given.get(key, default) for key, default in known.items()}


def computes_in(name: str, config: Mapping[str, Any]) -> str:
    """The dtype that a layer computes in, such as "float32".

    Raises:
        ModelError: for a quantised layer, and for a policy that is not Keras's own.
    """
    policy = config.get("dtype", "float32")
    if isinstance(policy, str):
        return policy
    if "module" in policy:  # Keras 2 names none in HDF5
        check_stock(policy)
    mode = policy["config"].get("mode")
    if mode is not None:
        raise ModelError(
            f"layer {name!r} is quantised ({plain(mode)}); the model as it was saved before "
            "model.quantize() would do"
        )
    if policy["class_name"] not in POLICIES:
        raise ModelError(f"layer {name!r} has the dtype policy {policy['class_name']!r}")
    return str(policy["config"]["name"])


def activation_of(name: str, given: Any, keras: int | None, others: Sequence[str] = ()) -> str:
    """An activation by Keras's own names, of an Activation layer or another's setting.

    Args:
        name: of the layer, for messages.
        given: as the file has it: a name, or a function or layer as an object.
        keras: of ``generation``.
        others: that would do too.

    Raises:
        ModelError: for one that is not known, or somebody's own.
    """
    if given is None:
        return "linear"
    if not isinstance(given, str):
        raise ModelError(f"layer {name!r} has as its activation {_described(given)}")
    found = {"swish": "silu"}.get(given, given)
    if found not in KERAS_ACTIVATIONS:
        raise ModelError(
            f"layer {name!r} has the activation {given[:60]!r}, which mlp-edge does not know; "
            f"it knows {', '.join((*KERAS_ACTIVATIONS, *others))}"
        )
    if found == "hard_sigmoid" and keras != 3:
        raise ModelError(
            f"layer {name!r} has the activation hard_sigmoid "
            + ("of Keras 2, clip(0.2 x + 0.5, 0, 1)" if keras == 2 else "of an unknown Keras")
            + "; Keras 3 and mlp-edge compute clip(x / 6 + 0.5, 0, 1), so a model trained with "
            "Keras 3 would do"
        )
    return found


def _described(activation: Any) -> str:
    """An activation that is no name."""
    if not isinstance(activation, Mapping):
        return f"{activation!r:.60}; the name of one would do"
    if {"class_name", "value"} & activation.keys() == {"value"}:  # how Keras 3 keeps a lambda
        return "code of its own; the name of one would do"
    kind = str(activation.get("class_name"))
    if kind == "function":
        return f"the function {str(activation.get('config'))[:60]!r}, which is not Keras's own"
    return f"{article(kind)} object; {article(kind)} layer behind it would do"


def article(kind: str) -> str:
    """A class with what stands before it, such as "an ELU"."""
    vowel = kind[:1] in "AEIOU" and not kind.startswith("One")
    return f"{'an' if vowel else 'a'} {plain(kind)}"


def plain(text: object) -> str:
    """A name of the file as it is; in quotes what could do anything to a terminal."""
    name = str(text)[:60]
    return name if name.replace(".", "_").isidentifier() else repr(name)
