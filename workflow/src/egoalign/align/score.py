"""Which pictures belong to an utterance, and how near they are to its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCK = 512
"""Utterances compared with all pictures at a time; bounds the memory."""

DECIMALS = 6
"""Cosines are rounded to this, well below the error of float16 embeddings, so that equal
pictures tie exactly on every machine."""


@dataclass(frozen=True)
class Windows:
    """The run of decoded pictures of each utterance, as positions among the decoded ones.

    Attributes
    ----------
    first, count : numpy.ndarray
        Shape (n,), int64: position of the first picture and how many; count 0 for none.
    nearest : numpy.ndarray
        Shape (n,), bool: no picture lay inside and the nearest one stands in.
    """

    first: np.ndarray
    count: np.ndarray
    nearest: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Least, mean and greatest cosine of each utterance, and the position of the greatest.

    Each has shape (n,); values are NaN and positions -1 where an utterance has no picture.
    """

    least: np.ndarray
    mean: np.ndarray
    greatest: np.ndarray
    argmax: np.ndarray


def find_windows(
    seconds: np.ndarray, start_s: np.ndarray, end_s: np.ndarray, reach_s: float
) -> Windows:
    """Find the pictures of each utterance: those in [start, end], else the one nearest its middle.

    Parameters
    ----------
    seconds : numpy.ndarray
        Grid seconds of the decoded pictures, rising, shape (f,).
    start_s, end_s : numpy.ndarray
        Utterances in seconds, shape (n,); NaN where an utterance may not have pictures.
    reach_s : float
        How far from the middle the nearest picture may be. Of two equally near, the earlier.
    """
    usable = np.isfinite(start_s) & np.isfinite(end_s)
    start, end = np.where(usable, start_s, 0.0), np.where(usable, end_s, 0.0)
    first = np.searchsorted(seconds, start, side="left")
    count = np.searchsorted(seconds, end, side="right") - first
    nearest = np.zeros(usable.shape, dtype=bool)
    if seconds.size:
        middle = (start + end) / 2
        after = np.clip(np.searchsorted(seconds, middle), 0, seconds.size - 1)
        before = np.maximum(after - 1, 0)
        earlier_is_nearer = middle - seconds[before] <= np.abs(seconds[after] - middle)
        candidate = np.where(earlier_is_nearer, before, after)
        within_reach = np.abs(seconds[candidate] - middle) <= reach_s
        nearest = usable & (count <= 0) & within_reach
        first, count = np.where(nearest, candidate, first), np.where(nearest, 1, count)
    count = np.where(usable & (count > 0), count, 0)
    return Windows(np.where(count > 0, first, 0), count, nearest)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return float16 unit vectors, shape (n, d), as float32 with their length made 1 again."""
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(lengths > 0.5):
        raise ValueError("an embedding is not a unit vector")
    return vectors / lengths


def cosines(texts: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Return the cosines of unit vectors, (n, d) and (f, d), as float64 of shape (n, f)."""
    return np.round((texts @ pictures.T).astype(np.float64), DECIMALS)


def score_windows(texts: np.ndarray, pictures: np.ndarray, windows: Windows) -> Scores:
    """Score each utterance against its pictures.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vector of each utterance's words, shape (n, d).
    pictures : numpy.ndarray
        Unit float32 vectors of the decoded pictures, shape (f, d).
    windows : Windows
        The pictures of each utterance. Where several are equally near, argmax is the earliest.
    """
    n = windows.count.size
    least, mean, greatest = (np.full(n, np.nan) for _ in range(3))
    argmax = np.full(n, -1, dtype=np.int64)
    for length, rows in blocks_of_equal_length(windows):
        inside = windows.first[rows, None] + np.arange(length)
        values = np.take_along_axis(cosines(texts[rows], pictures), inside, axis=1)
        least[rows], mean[rows], greatest[rows] = (
            values.min(axis=1),
            values.mean(axis=1),
            values.max(axis=1),
        )
        argmax[rows] = windows.first[rows] + values.argmax(axis=1)
    return Scores(least, mean, greatest, argmax)


def blocks_of_equal_length(windows: Windows) -> Sequence[tuple[int, np.ndarray]]:
    """Return (number of pictures, utterances that have so many), at most `BLOCK` at a time."""
    blocks = []
    for length in np.unique(windows.count[windows.count > 0]):
        rows = np.flatnonzero(windows.count == length)
        blocks += [(int(length), rows[i : i + BLOCK]) for i in range(0, rows.size, BLOCK)]
    return blocks
