"""Which words were spoken while which pictures were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spoken:
    """The stretches of pictures over which each text was spoken.

    Attributes
    ----------
    texts : numpy.ndarray
        int64: the distinct texts, rising.
    begins, ends : numpy.ndarray
        int64: of every stretch, sorted by text and begin: number of the text times `size` plus
        where the stretch begins, and the same of the last end among those up to it.
    size : int
        More than any position.
    """

    texts: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    size: int

    @classmethod
    def of(cls, texts: np.ndarray, first: np.ndarray, last: np.ndarray, size: int) -> Spoken:
        """Make the index of n stretches.

        Parameters
        ----------
        texts : numpy.ndarray
            What tells equal words, int64 of shape (n,).
        first, last : numpy.ndarray
            First and last picture of each stretch, int64 of shape (n,), below `size`.
        size : int
            Number of pictures.
        """
        distinct, number = np.unique(texts, return_inverse=True)
        begins, ends = number * size + first, number * size + last
        order = np.argsort(begins, kind="stable")
        # Numbers of texts rise, so the running maximum never reaches over into the next text.
        return cls(distinct, begins[order], np.maximum.accumulate(ends[order]), size)

    def over(self, texts: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Say of each text whether it was spoken over any picture of each run.

        Parameters
        ----------
        texts : numpy.ndarray
            Shape (n,).
        first, last : numpy.ndarray
            First and last picture of m runs, shape (m,), or of m runs a text, shape (n, m).

        Returns
        -------
        numpy.ndarray
            bool, shape (n, m).
        """
        shape = (texts.size, first.shape[-1])
        found = np.zeros(shape, dtype=bool)
        if not self.texts.size:
            return found
        number = np.minimum(np.searchsorted(self.texts, texts), self.texts.size - 1)
        known = np.flatnonzero(self.texts[number] == texts)
        base = number[known, None] * self.size
        upto = base + np.broadcast_to(last, shape)[known]
        place = np.searchsorted(self.begins, upto, side="right") - 1
        since = base + np.broadcast_to(first, shape)[known]
        # Of all stretches that begin before the run ends, one must end after it begins.
        found[known] = (place >= 0) & (self.ends[place] >= since)
        return found
