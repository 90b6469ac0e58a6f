"""Trainings, told to the libraries that track them."""
