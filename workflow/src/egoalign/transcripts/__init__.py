"""Transcripts: readers of each format, and one canonical table of utterances."""
