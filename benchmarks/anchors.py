"""Stronger models than the tool's, on the folds of `defaults.py`, in an environment of their own.

    .venv/bin/python benchmarks/defaults.py --folds FOLDER
    python -m venv ANCHORS && ANCHORS/bin/pip install lightgbm pytabkit tabm
    ANCHORS/bin/python benchmarks/anchors.py FOLDER [--models LightGBM,RealMLP-TD-S] [--rows 1500]
    .venv/bin/python benchmarks/defaults.py --keep FILE --anchors FOLDER/anchors.json

Each has its package's defaults and takes the same encoded inputs. They need PyTorch, which is why
the project does not depend on them. Figures go into `FOLDER/anchors.json`, table by table.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

FOLDS = 5
LEAST = 1e-15
"""Probabilities are kept that far from 0, as scikit-learn's log loss keeps them."""


def lightgbm(regression: bool) -> Any:
    """LightGBM's defaults."""
    import lightgbm as package

    kind = package.LGBMRegressor if regression else package.LGBMClassifier
    return kind(random_state=0, verbose=-1)


def realmlp(regression: bool) -> Any:
    """RealMLP-TD-S (Holzmüller et al., 2024), as pytabkit has it."""
    import pytabkit

    kind = pytabkit.RealMLP_TD_S_Regressor if regression else pytabkit.RealMLP_TD_S_Classifier
    return kind(random_state=0, device="cpu", verbosity=0)


def tabm(regression: bool) -> Any:
    """TabM's defaults (Gorishniy et al., 2025), as pytabkit has them."""
    import pytabkit

    kind = pytabkit.TabM_D_Regressor if regression else pytabkit.TabM_D_Classifier
    return kind(random_state=0, device="cpu", verbosity=0)


MODELS = {"LightGBM": lightgbm, "RealMLP-TD-S": realmlp, "TabM-D": tabm}


def scores(model: Any, table: Any, number: int) -> dict[str, float]:
    """The table's metrics on the test rows of a fold."""
    inputs, targets = table[f"inputs{number}"], table[f"targets{number}"]
    rows, test = table[f"training{number}"], table[f"test{number}"]
    model.fit(inputs[rows], targets[rows])
    truth = targets[test]
    if str(table["task"]) == "regression":
        squares = float(np.mean((np.ravel(model.predict(inputs[test])) - truth) ** 2))
        rmse = squares**0.5 * float(table[f"scale{number}"][0])
        return {"r2": 1 - squares / float(np.var(truth)), "rmse": rmse}
    claimed = np.clip(np.asarray(model.predict_proba(inputs[test]), np.float64), LEAST, 1)
    claimed /= claimed.sum(axis=1, keepdims=True)
    right = claimed[np.arange(len(truth)), truth.astype(int)]
    hits = claimed.argmax(axis=1) == truth
    return {"accuracy": float(hits.mean()), "log_loss": float(-np.log(right).mean())}


def main() -> None:
    """Measure what is not in the file yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--rows", type=int, default=20_000, help="tables of at most so many rows")
    arguments = parser.parse_args()
    file = arguments.folder / "anchors.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for path in sorted(arguments.folder.glob("*.npz"), key=lambda each: each.stat().st_size):
        table = np.load(path)
        if len(table["targets0"]) > arguments.rows:
            continue
        for who in arguments.models.split(","):
            if who in found.get(path.stem, {}):
                continue
            began = time.perf_counter()
            regression = str(table["task"]) == "regression"
            every = [scores(MODELS[who](regression), table, number) for number in range(FOLDS)]
            values = {metric: [each[metric] for each in every] for metric in every[0]}
            found.setdefault(path.stem, {})[who] = values
            file.write_text(json.dumps(found))
            print(f"{path.stem} {who}: {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
