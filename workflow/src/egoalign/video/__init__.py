"""Videos: what they are (probe), which seconds are wanted (grid), and their pictures (decode)."""
