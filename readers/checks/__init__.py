"""Files of strangers, checked before a runtime sees them."""
