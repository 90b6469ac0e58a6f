"""Networks in integers, and their exact predictions."""
