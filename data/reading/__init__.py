"""Bytes in, a table of text out."""
