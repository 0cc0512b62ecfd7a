"""The corpus: which children and recordings there are, and what became of each recording."""
