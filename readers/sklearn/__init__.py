"""Estimators and pipelines of scikit-learn, as an ``Mlp``."""
