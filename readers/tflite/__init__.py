"""TFLite files of others, alone or in C arrays."""
