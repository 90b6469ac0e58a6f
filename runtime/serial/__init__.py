"""A board on the desk, asked over its serial port."""
