"""What a scan looks for: names, and what was said, whatever the capitals and the signs between."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORD = re.compile(r"[^\W_]+")

LEAST_WORDS = 3
"""Shorter sentences are said everywhere, so that to find one in a text means nothing."""

LEAST_LETTERS = 3
"""Shorter names are found in everything."""

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Return the words of a text, in small letters, without the signs between them."""
    return tuple(WORD.findall(text.casefold()))


class Needles:
    """Names and sentences that a text may not hold.

    Parameters
    ----------
    names : iterable of str
        Names of recordings and people, found as whole words.
    sentences : iterable of str
        What was said; those of at least `LEAST_WORDS` words are looked for.
    vocabulary : iterable of str
        Single words that were said, for columns of words.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        sentences: Iterable[str] = (),
        vocabulary: Iterable[str] = (),
    ) -> None:
        self.vocabulary = {word.casefold() for word in vocabulary}
        self._found: dict[Words, str] = {}
        self._begun: dict[Words, set[int]] = {}
        for name in names:
            if len("".join(words_of(name))) >= LEAST_LETTERS:
                self._add(words_of(name), f"the name '{name.strip()}'")
        for sentence in sentences:
            words = words_of(sentence)
            if len(words) >= LEAST_WORDS:
                self._add(words, f"the words '{' '.join(words)}'")

    def _add(self, words: Words, what: str) -> None:
        self._found.setdefault(words, what)
        self._begun.setdefault(words[:LEAST_WORDS], set()).add(len(words))

    def find(self, text: str) -> list[str]:
        """Return what of it stands in a text, each once, in the order of the text."""
        words = words_of(text)
        found: dict[str, None] = {}
        for i in range(len(words)):
            for n in range(1, LEAST_WORDS + 1):
                for length in self._begun.get(words[i : i + n], ()):
                    what = self._found.get(words[i : i + length])
                    if what:
                        found[what] = None
        return list(found)

    def is_column_of_words(self, values: Iterable[str]) -> bool:
        """Whether distinct values of a column are for the most part words that were said."""
        cells = {value.casefold() for value in values}
        return len(cells) >= 5 and 2 * len(cells & self.vocabulary) > len(cells)
