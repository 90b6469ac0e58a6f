"""What an answer in float32 may be off by, and rows with answers to hold it to."""
