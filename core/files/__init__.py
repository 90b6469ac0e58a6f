"""Files written whole or not at all, and the small formats of our own."""
