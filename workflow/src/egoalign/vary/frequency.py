"""How frequent words are: in this corpus, in it without a child, and in general."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property

from egoalign.log import UserError

UNSEGMENTED = ("ja", "ko", "zh")
"""Languages of the general list that need further packages to part words."""

Frequency = Callable[[str], float | None]


def zipf(count: int, n_words: int, n_types: int) -> float | None:
    """Return a frequency on the Zipf scale: log10 of occurrences in 10^9 words.

    With one occurrence added to each type (Laplace), so that a word never heard has a value too:
    van Heuven, Mandera, Keuleers & Brysbaert (2014), Quarterly Journal of Experimental Psychology
    67, 1176-1190.

    Parameters
    ----------
    count : int
        Occurrences of the word.
    n_words : int
        Words in the corpus.
    n_types : int
        Distinct words among those that are counted.

    Returns
    -------
    float or None
        None of a corpus without words.
    """
    return math.log10((count + 1) / (n_words + n_types)) + 9 if n_words else None


class LemmaCounts:
    """How often each lemma is a content word in the recordings of each child."""

    def __init__(self) -> None:
        self._lemmas: dict[str, Counter[str]] = {}
        self._words: Counter[str] = Counter()

    def add(self, child_id: str, lemmas: Iterable[str], n_words: int) -> None:
        """Count a session: the lemmas of its content words, and all its words."""
        self._lemmas.setdefault(child_id, Counter()).update(lemmas)
        self._words[child_id] += n_words

    @cached_property
    def total(self) -> Counter[str]:
        """Occurrences of each lemma, over all children; asked for when all is counted."""
        total: Counter[str] = Counter()
        for own in self._lemmas.values():
            total.update(own)
        return total

    @cached_property
    def _only_of(self) -> Counter[str]:
        """Number of lemmas that occur with this child alone, by child."""
        return Counter(
            child_id
            for child_id, own in self._lemmas.items()
            for lemma, count in own.items()
            if count == self.total[lemma]
        )

    def log_freq(self, lemma: str) -> float | None:
        """Return the lemma's frequency in the corpus, on the Zipf scale."""
        return zipf(self.total[lemma], self._words.total(), len(self.total))

    def log_freq_others(self, lemma: str, child_id: str) -> float | None:
        """Return the same over the recordings of the other children."""
        own = self._lemmas.get(child_id, Counter())
        return zipf(
            self.total[lemma] - own[lemma],
            self._words.total() - self._words[child_id],
            len(self.total) - self._only_of[child_id],
        )


def general_frequency(language: str | None) -> Frequency:
    """Return a function that gives a word's frequency in general, on the Zipf scale, or None.

    The list is that of package wordfreq (Speer 2022, doi:10.5281/zenodo.7199437), a snapshot of
    2021 that counts forms, not lemmas; what is asked for is the form that the lemma has.

    Parameters
    ----------
    language : str or None
        Its code; without one there is no frequency.

    Raises
    ------
    UserError
        The list does not have the language.
    """
    if language is None:
        return lambda word: None
    from wordfreq import available_languages, zipf_frequency

    known = sorted(set(available_languages("best")) - set(UNSEGMENTED))
    if language not in known:
        near = difflib.get_close_matches(language.lower(), known, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"vary.predictors.general_frequency: found {language!r}; {hint}"
            f"expected one of {', '.join(known)}, or null"
        )

    def frequency(word: str) -> float | None:
        # The list says 0 of what it does not have.
        return zipf_frequency(word, language) or None

    return frequency
