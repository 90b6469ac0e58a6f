"""Speed, memory and flash: measured, and held to a budget."""
