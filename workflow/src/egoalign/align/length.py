"""What a greatest cosine owes to the number of pictures it is taken over."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from egoalign.align.null import sliding_maximum
from egoalign.align.score import Pictures
from egoalign.align.spoken import Spoken

MOST_TEXTS = 128
"""Texts of a session that the gain is measured with."""

FEWEST_RUNS = 5
"""A text with fewer unrelated runs of some length than this does not count for it."""


def length_gain(
    texts: np.ndarray,
    codes: np.ndarray,
    pictures: Pictures,
    places: np.ndarray,
    spoken: Spoken,
    lengths: Iterable[int],
) -> dict[int, float]:
    """Return how much the greatest cosine of n unrelated pictures in a row exceeds that of one.

    For each text, the mean over all runs of n consecutive pictures of the run's greatest cosine,
    less the mean over single pictures; runs over which the same words were spoken are left out.
    The mean of that over texts is the expected gain. As the runs are those of the recording, their
    greatest cosines hold however alike neighbouring pictures are: n pictures that are all the same
    gain nothing, independent ones gain most.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vectors of distinct texts, shape (t, d).
    codes : numpy.ndarray
        What tells equal words, shape (t,).
    pictures : Pictures
        The f decoded pictures.
    places : numpy.ndarray
        Where on the grid each lies, shape (f,).
    spoken : Spoken
        The words over the grid.
    lengths : iterable of int
        The n asked for.

    Returns
    -------
    dict of int to float
        NaN where no text has `FEWEST_RUNS` unrelated runs of that length.
    """
    lengths = list(lengths)
    if not texts.size or not pictures.count:
        return dict.fromkeys(lengths, np.nan)
    values = pictures.cosines(texts)
    touched = spoken.over(codes, places, places)
    level = _row_means(values, ~touched)
    gains = {}
    for length in lengths:
        gains[length] = np.nan
        if length <= pictures.count:
            free = ~sliding_maximum(touched, length)
            gain = _row_means(sliding_maximum(values, length), free) - level
            gain = gain[free.sum(axis=1) >= FEWEST_RUNS]
            if gain.size:
                gains[length] = float(gain.mean())
    return gains


def _row_means(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the mean of the kept values of each row, NaN where there is none."""
    counts = kept.sum(axis=1)
    sums = np.where(kept, values, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(counts.size, np.nan), where=counts > 0)
