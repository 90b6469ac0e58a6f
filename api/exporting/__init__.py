"""``Model.export``: files in float32 or smaller, and what those lose."""
