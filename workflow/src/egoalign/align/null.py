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
    """What the null gives each utterance: arrays of shape (n,), NaN where there is none.

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
    windows : numpy.ndarray
        int64: distinct runs of pictures that could be drawn; 0 for an utterance without score.
    """

    mean: np.ndarray
    sd: np.ndarray
    difference: np.ndarray
    z: np.ndarray
    percentile: np.ndarray
    draw: np.ndarray
    windows: np.ndarray


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
    n = windows.count.size
    mean, sd, difference, z, percentile, draw = (np.full(n, np.nan) for _ in range(6))
    distinct = np.zeros(n, dtype=np.int64)
    scored = np.flatnonzero(windows.count > 0)
    begins = windows.points[windows.offsets[scored]]
    for length, rows in blocks_of_equal_length(windows):
        own = windows.equally_long(rows)
        starts = np.minimum(begins, pictures.count - length)
        eligible = (starts + length <= own[:, :1]) | (starts > own[:, -1:])
        eligible &= text_ids[scored] != text_ids[rows, None]
        distinct[rows] = _distinct_starts(starts, eligible)
        enough = distinct[rows] >= FEWEST_WINDOWS
        rows, own, eligible = rows[enough], own[enough], eligible[enough]
        if not rows.size:
            continue
        values = pictures.cosines(texts[rows])
        best = sliding_maximum(values, length)
        drawn = np.take_along_axis(best, starts[_draw(eligible, draws, rng)], axis=1)
        score = np.take_along_axis(values, own, axis=1).max(axis=1)
        below = (drawn < score[:, None]).sum(axis=1)
        ties = (drawn == score[:, None]).sum(axis=1)
        mean[rows] = drawn.mean(axis=1)
        difference[rows] = score - mean[rows]
        percentile[rows] = (below + (ties + 1) / 2) / (draws + 1)
        draw[rows] = drawn[:, 0]
        if draws > 1:
            sd[rows] = drawn.std(axis=1, ddof=1)
            # All draws equal, to within rounding: no spread to divide by.
            spread = np.ptp(drawn, axis=1) > 0
            z[rows[spread]] = difference[rows[spread]] / sd[rows[spread]]
    return Null(mean, sd, difference, z, percentile, draw, distinct)


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
