"""Figures of a paper, each from tables alone, with the numbers it shows written beside it."""
