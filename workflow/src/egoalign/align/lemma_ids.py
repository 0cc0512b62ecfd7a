"""Numbers of lemmas in the corpus, so that tables outside the private zone hold no words."""

from __future__ import annotations

from collections.abc import Mapping


def corpus_lemma_ids(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the id of each lemma: the most frequent first, equally frequent ones by alphabet.

    Parameters
    ----------
    counts : mapping of str to int
        How often each lemma is a content word, over all sessions.
    """
    order = sorted(counts, key=lambda lemma: (-counts[lemma], lemma))
    return {lemma: f"l{place:05d}" for place, lemma in enumerate(order)}
