"""Pictures and texts as unit vectors of a vision-language model."""
