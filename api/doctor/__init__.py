"""What this machine can do, and what brings the rest."""
