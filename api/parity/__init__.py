"""``Model.parity``: every export held against the original."""
