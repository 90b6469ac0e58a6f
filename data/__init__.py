"""Tables in: read, check, name, split; and the data sets that ship."""
