"""Smaller dtypes of a network: made, judged and chosen."""
