"""Who made a model directory: signed, and verified."""
