"""Everything that a command does, as one call in Python with a typed result."""
