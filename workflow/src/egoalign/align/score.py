"""How near the pictures of an utterance are to its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from egoalign.video.window import Windows

BLOCK = 512
"""Utterances compared with all pictures at a time; bounds the memory."""

DECIMALS = 6
"""Cosines are rounded to this, well below the error of float16 embeddings, so that equal
pictures tie exactly on every machine."""


@dataclass(frozen=True)
class Pictures:
    """Unit float32 vectors of f pictures, of one or several tiles each, in order.

    Attributes
    ----------
    vectors : numpy.ndarray
        Shape (v, d) with v >= f: the tiles of a picture stand together.
    first : numpy.ndarray
        int64, shape (f,), rising from 0: where each picture's tiles begin.
    """

    vectors: np.ndarray
    first: np.ndarray

    @property
    def count(self) -> int:
        """Number of pictures."""
        return self.first.size

    def cosines(self, texts: np.ndarray) -> np.ndarray:
        """Return each text's cosine with each picture, (n, f): the greatest over its tiles."""
        values = cosines(texts, self.vectors)
        if self.count == self.vectors.shape[0]:
            return values
        return np.maximum.reduceat(values, self.first, axis=1)


@dataclass(frozen=True)
class Scores:
    """Least, mean and greatest cosine of each utterance, and the position of the greatest.

    Each has shape (n,); values are NaN and positions -1 where an utterance has no picture.
    """

    least: np.ndarray
    mean: np.ndarray
    greatest: np.ndarray
    argmax: np.ndarray


def reals(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of numbers as float64, NaN where they are missing."""
    return np.array(column.to_numpy(), dtype=np.float64)


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


def similarity(text: np.ndarray, picture: np.ndarray) -> float:
    """Return the cosine of a text, shape (d,), and a picture, (tiles, d): the greatest of them."""
    return float(cosines(text[None], picture).max())


def score_windows(texts: np.ndarray, pictures: Pictures, windows: Windows) -> Scores:
    """Score each utterance against its pictures.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vector of each utterance's words, shape (n, d).
    pictures : Pictures
        The decoded pictures.
    windows : Windows
        The pictures of each utterance. Where several are equally near, argmax is the earliest.
    """
    n = windows.count.size
    least, mean, greatest = (np.full(n, np.nan) for _ in range(3))
    argmax = np.full(n, -1, dtype=np.int64)
    for _, rows in blocks_of_equal_length(windows):
        inside = windows.equally_long(rows)
        values = np.take_along_axis(pictures.cosines(texts[rows]), inside, axis=1)
        least[rows], mean[rows], greatest[rows] = (
            values.min(axis=1),
            values.mean(axis=1),
            values.max(axis=1),
        )
        argmax[rows] = inside[np.arange(rows.size), values.argmax(axis=1)]
    return Scores(least, mean, greatest, argmax)


def mean_of_top(texts: np.ndarray, pictures: Pictures, windows: Windows, top: int) -> np.ndarray:
    """Return the mean of the `top` greatest cosines of each utterance, or of all if fewer.

    Parameters
    ----------
    texts, pictures, windows
        As in `score_windows`.
    top : int
        How many.
    """
    mean = np.full(windows.count.size, np.nan)
    for length, rows in blocks_of_equal_length(windows):
        inside = windows.equally_long(rows)
        values = np.take_along_axis(pictures.cosines(texts[rows]), inside, axis=1)
        mean[rows] = np.sort(values, axis=1)[:, max(length - top, 0) :].mean(axis=1)
    return mean


def blocks_of_equal_length(windows: Windows) -> Sequence[tuple[int, np.ndarray]]:
    """Return (number of pictures, utterances that have so many), at most `BLOCK` at a time."""
    blocks = []
    for length in np.unique(windows.count[windows.count > 0]):
        rows = np.flatnonzero(windows.count == length)
        blocks += [(int(length), rows[i : i + BLOCK]) for i in range(0, rows.size, BLOCK)]
    return blocks
