"""Other data sets: pictures with captions, scored as the corpus is, for comparison."""
