"""The command line: one file per command; app.py only assembles them."""
