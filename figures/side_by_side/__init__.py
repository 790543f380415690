"""Theory on the left, measurement on the right, and one number that says how far they agree."""
