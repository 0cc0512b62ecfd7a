"""The report's first page, its captions' numbers, and the status of every session."""
