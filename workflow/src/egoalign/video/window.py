"""Which points of the grid belong to an utterance: the one rule for decoding and for scoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from egoalign.config import WindowOptions

GRACE_S = 1e-6
"""Times are compared with this much grace, for sums of decimals are not exact."""


@dataclass(frozen=True)
class Windows:
    """The grid points, or pictures, of each of n utterances.

    Attributes
    ----------
    points : numpy.ndarray
        int64: positions, those of the first utterance first, rising within an utterance.
    offsets : numpy.ndarray
        int64, shape (n + 1,): utterance i has ``points[offsets[i]:offsets[i + 1]]``.
    nearest : numpy.ndarray
        bool, shape (n,): no point lay inside and the nearest stands in.
    """

    points: NDArray[np.int64]
    offsets: NDArray[np.int64]
    nearest: NDArray[np.bool_]

    @property
    def count(self) -> NDArray[np.int64]:
        """Points of each utterance, shape (n,)."""
        return np.diff(self.offsets)

    def of(self, utterances: NDArray[np.bool_]) -> Windows:
        """Return the windows without the points of all but these utterances."""
        return self._only(self.points, np.repeat(utterances, self.count))

    def among(self, kept: NDArray[np.bool_]) -> Windows:
        """Return the windows over the points that are `kept`, at their positions among those."""
        return self._only(np.cumsum(kept)[self.points] - 1, kept[self.points])

    def take(self, rows: NDArray[np.int64]) -> Windows:
        """Return the windows of utterances in the order of `rows`, which may repeat."""
        count = self.count[rows]
        offsets = np.concatenate([[0], np.cumsum(count)])
        index = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], count)
        return Windows(self.points[index], offsets.astype(np.int64), self.nearest[rows])

    def at(self, kept: NDArray[np.bool_]) -> Windows:
        """Return the windows without the points that are not `kept`, at their own positions."""
        return self._only(self.points, kept[self.points])

    def _only(self, points: NDArray[np.int64], stays: NDArray[np.bool_]) -> Windows:
        offsets = np.concatenate([[0], np.cumsum(stays)])[self.offsets]
        return Windows(points[stays], offsets, self.nearest & (np.diff(offsets) > 0))

    def equally_long(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the points of utterances that have k each, shape (len(rows), k)."""
        length = self.offsets[rows[0] + 1] - self.offsets[rows[0]]
        return self.points[self.offsets[rows, None] + np.arange(length)]


@dataclass(frozen=True)
class TimedWords:
    """The middle in seconds of each timed word, and the position of the utterance it is in."""

    utterance: NDArray[np.int64]
    middle_s: NDArray[np.float64]


NO_TIMED_WORDS = TimedWords(np.empty(0, np.int64), np.empty(0))


def timed_words(utterance_ids: Sequence[str], words: Iterable[Mapping[str, Any]]) -> TimedWords:
    """Return the words that have a start and an end.

    Parameters
    ----------
    utterance_ids : sequence of str
        The utterances, in the order that their windows shall have.
    words : iterable of mapping
        Rows of table WORDS.
    """
    place = {utterance_id: i for i, utterance_id in enumerate(utterance_ids)}
    timed = [
        (place[word["utterance_id"]], (word["start_s"] + word["end_s"]) / 2)
        for word in words
        if word["start_s"] is not None and word["end_s"] is not None
    ]
    if not timed:
        return NO_TIMED_WORDS
    utterance, middle_s = zip(*timed, strict=True)
    return TimedWords(np.array(utterance, np.int64), np.array(middle_s, np.float64))


def find_windows(
    seconds: NDArray[np.float64],
    start_s: ArrayLike,
    end_s: ArrayLike,
    reach_s: float,
    options: WindowOptions | None = None,
    words: TimedWords = NO_TIMED_WORDS,
) -> Windows:
    """Say which grid points each utterance uses.

    The window of an utterance is [start - before, end + after]. With ``points: all`` it has every
    grid point inside, or the one nearest its middle where there is none; with ``number`` so many
    nearest its middle; with ``words`` the one nearest the middle of each timed word, whatever
    the window, or as with ``all`` where no word is timed. Of two equally near, the earlier counts.

    Parameters
    ----------
    seconds : numpy.ndarray
        The grid, rising, shape (f,).
    start_s, end_s : array_like
        Utterances in seconds, shape (n,); one that has NaN, or ends before it starts, has no point.
    reach_s : float
        How far a nearest point may be: the distance of two grid points.
    options : WindowOptions, optional
        The config's `align.window`.
    words : TimedWords
        Used with ``points: words``.
    """
    options = options or WindowOptions()
    start, end = np.asarray(start_s, np.float64), np.asarray(end_s, np.float64)
    valid = np.isfinite(start) & np.isfinite(end) & (end >= start)
    start = np.where(valid, start, 0.0) - options.before_s
    end = np.where(valid, end, 0.0) + options.after_s
    first = np.searchsorted(seconds, start - GRACE_S, side="left")
    count = np.searchsorted(seconds, end + GRACE_S, side="right") - first
    middle = (start + end) / 2
    nearest = valid & (count == 0) & _in_reach(seconds, middle, reach_s)
    number, by_number = 1, nearest
    if options.points == "number":
        number, by_number = min(options.number, seconds.size), valid & ((count > 0) | nearest)
    first = np.where(by_number, _nearest(seconds, middle, number), first)
    count = np.where(by_number, number, np.where(valid, count, 0))
    utterance = np.repeat(np.arange(start.size), count)
    points = np.arange(utterance.size) - np.repeat(np.cumsum(count) - count - first, count)
    if options.points == "words":
        near = valid[words.utterance] & _in_reach(seconds, words.middle_s, reach_s)
        by_word = np.zeros(start.size, dtype=bool)
        by_word[words.utterance[near]] = True
        nearest &= ~by_word
        other = ~by_word[utterance]
        utterance = np.concatenate([utterance[other], words.utterance[near]])
        points = np.concatenate([points[other], _nearest(seconds, words.middle_s[near], 1)])
        both = np.unique(utterance * seconds.size + points)
        utterance, points = np.divmod(both, max(seconds.size, 1))
    offsets = np.searchsorted(utterance, np.arange(start.size + 1))
    return Windows(points.astype(np.int64), offsets.astype(np.int64), nearest)


def within(seconds: NDArray[np.float64], start_s: float, end_s: float) -> NDArray[np.bool_]:
    """Say of each second whether it lies in the closed stretch."""
    return (seconds >= start_s - GRACE_S) & (seconds <= end_s + GRACE_S)


def _nearest(
    seconds: NDArray[np.float64], middle_s: NDArray[np.float64], number: int
) -> NDArray[np.int64]:
    """Return where the run of the `number` grid points nearest each middle begins."""
    if number >= seconds.size:
        return np.zeros(middle_s.shape, dtype=np.int64)
    # A run gives up its first point for the one after it once that is nearer to the middle.
    even_s = (seconds[:-number] + seconds[number:]) / 2
    return np.searchsorted(even_s, middle_s - GRACE_S, side="left").astype(np.int64)


def _in_reach(
    seconds: NDArray[np.float64], middle_s: NDArray[np.float64], reach_s: float
) -> NDArray[np.bool_]:
    """Say whether a grid point is near enough to each middle."""
    if not seconds.size:
        return np.zeros(middle_s.shape, dtype=bool)
    distance = np.abs(seconds[_nearest(seconds, middle_s, 1)] - middle_s)
    return np.asarray(distance <= reach_s + GRACE_S)
