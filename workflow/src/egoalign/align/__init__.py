"""Scores of utterances against the pictures seen meanwhile, with their null."""
