"""Every file that comes in, read without running it."""
