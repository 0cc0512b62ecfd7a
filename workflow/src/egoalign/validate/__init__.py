"""Agreement of the score with what people say of the same pairs."""
