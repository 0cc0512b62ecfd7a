"""Numbers leave, words and pictures stay: the private zone of the results."""
