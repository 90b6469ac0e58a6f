"""Tables that are read in pieces: folders and patterns of files, and files beyond memory."""
