"""Chips, simulated: a header built for each, run, and its instructions counted."""
