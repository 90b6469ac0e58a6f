"""Who made a model directory: a signature over every file of it, and what is refused without."""
