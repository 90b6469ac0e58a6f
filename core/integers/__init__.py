"""Networks in integers: what they are, and what they answer to the bit."""
