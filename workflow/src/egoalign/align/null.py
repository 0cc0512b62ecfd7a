"""The scores that an utterance would have with sight that does not belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from egoalign.align.score import Pictures, blocks_of_equal_length
from egoalign.video.window import Windows

FEWEST_WINDOWS = 5
"""Fewer distinct runs of pictures than this to draw from give no null."""

TOO_FEW = "fewer than 5 other windows in the session"


@dataclass(frozen=True)
class Null:
    """What a null scheme gives each utterance: arrays of shape (n,), NaN where there is none.

    Attributes
    ----------
    mean, sd : numpy.ndarray
        Of the draws; the standard deviation with n - 1.
    difference, z : numpy.ndarray
        Score less mean, and the same in standard deviations.
    percentile : numpy.ndarray
        (draws below the score + (ties + 1) / 2) / (draws + 1).
    draw : numpy.ndarray
        The first draw.
    draws : numpy.ndarray
        int64: how many draws there are.
    choices : numpy.ndarray
        int64: how many different runs or texts there were to draw from; 0 for an utterance
        without score.
    """

    mean: np.ndarray
    sd: np.ndarray
    difference: np.ndarray
    z: np.ndarray
    percentile: np.ndarray
    draw: np.ndarray
    draws: np.ndarray
    choices: np.ndarray

    @classmethod
    def nothing(cls, n: int) -> Null:
        """Return the null of n utterances of which none has a draw yet."""
        mean, sd, difference, z, percentile, draw = (np.full(n, np.nan) for _ in range(6))
        draws, choices = (np.zeros(n, dtype=np.int64) for _ in range(2))
        return cls(mean, sd, difference, z, percentile, draw, draws, choices)

    def put(self, rows: np.ndarray, score: np.ndarray, drawn: np.ndarray) -> None:
        """Fill in the utterances `rows`.

        Parameters
        ----------
        rows : numpy.ndarray
            Positions, shape (m,).
        score : numpy.ndarray
            Their own scores, shape (m,).
        drawn : numpy.ndarray
            Scores of their draws, shape (m, k), NaN where there are fewer than k. A row that has
            none stays without null.
        """
        has = ~np.isnan(drawn)
        some = has.any(axis=1)
        rows, score, drawn, has = rows[some], score[some], drawn[some], has[some]
        if not rows.size:
            return
        draws = has.sum(axis=1)
        below = (drawn < score[:, None]).sum(axis=1)
        ties = (drawn == score[:, None]).sum(axis=1)
        mean = np.where(has, drawn, 0.0).sum(axis=1) / draws
        squares = np.where(has, drawn - mean[:, None], 0.0) ** 2
        self.mean[rows], self.difference[rows] = mean, score - mean
        self.percentile[rows] = (below + (ties + 1) / 2) / (draws + 1)
        self.draw[rows] = drawn[np.arange(rows.size), has.argmax(axis=1)]
        self.draws[rows] = draws
        several = draws > 1
        sd = np.sqrt(squares.sum(axis=1)[several] / (draws[several] - 1))
        self.sd[rows[several]] = sd
        # All draws equal, to within rounding: no spread to divide by.
        spread = np.nanmax(drawn[several], axis=1) > np.nanmin(drawn[several], axis=1)
        spreading = rows[several][spread]
        self.z[spreading] = self.difference[spreading] / sd[spread]


def shuffled_null(
    texts: np.ndarray,
    pictures: Pictures,
    windows: Windows,
    text_ids: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> Null:
    """Score each text against runs of pictures that belong to other utterances of the session.

    A draw takes another utterance, with replacement, and the run of as many pictures as the own
    window has, beginning where the other's window begins (moved back if it would pass the end).
    Own and drawn score are thus maxima over equally many pictures, so that the number of pictures
    cannot make a difference. Utterances with the same words, and runs that touch the stretch from
    the own window's first picture to its last, are never drawn.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures : Pictures
        The decoded pictures.
    windows : Windows
        The pictures of each utterance.
    text_ids : numpy.ndarray
        What tells equal words, shape (n,).
    draws : int
        Draws an utterance.
    rng : numpy.random.Generator
        Source of the draws.
    """
    null = Null.nothing(windows.count.size)
    scored = np.flatnonzero(windows.count > 0)
    begins = windows.points[windows.offsets[scored]]
    for length, rows in blocks_of_equal_length(windows):
        own = windows.equally_long(rows)
        starts = np.minimum(begins, pictures.count - length)
        eligible = (starts + length <= own[:, :1]) | (starts > own[:, -1:])
        eligible &= text_ids[scored] != text_ids[rows, None]
        null.choices[rows] = _distinct_starts(starts, eligible)
        enough = null.choices[rows] >= FEWEST_WINDOWS
        rows, own, eligible = rows[enough], own[enough], eligible[enough]
        if not rows.size:
            continue
        values = pictures.cosines(texts[rows])
        best = sliding_maximum(values, length)
        drawn = np.take_along_axis(best, starts[_draw(eligible, draws, rng)], axis=1)
        score = np.take_along_axis(values, own, axis=1).max(axis=1)
        null.put(rows, score, drawn)
    return null


def first_eligible(values: np.ndarray, eligible: np.ndarray, draws: int) -> np.ndarray:
    """Return the first `draws` values of each row that are eligible, and NaN where there are fewer.

    Taking the first eligible of draws that come in random order is drawing among the eligible.

    Parameters
    ----------
    values, eligible : numpy.ndarray
        Shape (n, m).
    draws : int
        Columns wanted.

    Returns
    -------
    numpy.ndarray
        Shape (n, min(draws, m)).
    """
    if eligible[:, :draws].all():
        return np.array(values[:, :draws], dtype=np.float64)
    order = np.argsort(~eligible, axis=1, kind="stable")[:, :draws]
    taken = np.array(np.take_along_axis(values, order, axis=1), dtype=np.float64)
    taken[~np.take_along_axis(eligible, order, axis=1)] = np.nan
    return taken


def columns_needed(eligible: np.ndarray, draws: int) -> int:
    """Return how many columns hold the first `draws` eligible ones of every row that has so many.

    Parameters
    ----------
    eligible : numpy.ndarray
        bool, shape (n, m).
    draws : int
        Columns wanted.
    """
    reached = np.cumsum(eligible, axis=1) >= draws
    enough = reached[:, -1]
    if not enough.all():
        return int(eligible.shape[1])
    return int(reached.argmax(axis=1).max(initial=0)) + 1


def sliding_maximum(values: np.ndarray, length: int) -> np.ndarray:
    """Return the maxima of all runs of `length` columns.

    Windows are doubled until two of them cover a run, so the cost grows with log2(length).

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n, f) with f >= length.
    length : int
        Columns in a run.

    Returns
    -------
    numpy.ndarray
        Shape (n, f - length + 1); column k is the maximum of columns k to k + length - 1.
    """
    width = 1
    while 2 * width <= length:
        values = np.maximum(values[:, :-width], values[:, width:])
        width *= 2
    rest = length - width
    return np.maximum(values[:, : values.shape[1] - rest], values[:, rest:])


def _distinct_starts(starts: np.ndarray, eligible: np.ndarray) -> np.ndarray:
    """Return how many different starts, shape (m,), each row of `eligible`, (n, m), allows."""
    order = np.argsort(starts, kind="stable")
    group_begins = np.flatnonzero(np.diff(starts[order], prepend=-1))
    return np.logical_or.reduceat(eligible[:, order], group_begins, axis=1).sum(axis=1)


def _draw(eligible: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw columns that are true in each row, evenly and with replacement: (n, m) to (n, draws)."""
    n_eligible = eligible.sum(axis=1)
    eligible_first = np.argsort(~eligible, axis=1, kind="stable")
    ranks = (rng.random((eligible.shape[0], draws)) * n_eligible[:, None]).astype(np.int64)
    return np.take_along_axis(eligible_first, ranks, axis=1)
