"""Runtimes: one file per place to run, each opening a file and predicting."""
