"""What commands print, and where."""
