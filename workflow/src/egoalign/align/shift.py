"""The null of speech that is moved in time against the sight of its own session."""

from __future__ import annotations

import numpy as np

from egoalign.align.null import Null, first_eligible, sliding_maximum
from egoalign.align.score import Pictures, blocks_of_equal_length
from egoalign.align.spoken import Spoken
from egoalign.video.window import GRACE_S, Windows

FEWEST_SHIFTS = 20
TOO_SHORT = f"recording too short for {FEWEST_SHIFTS} distinct shifts"
TOO_FEW_SHIFTS = f"fewer than {FEWEST_SHIFTS} shifts meet a whole run of unrelated pictures"

MOST_CELLS = 2**22
"""Utterances times grid points worked on at a time; bounds the memory."""


def least_shift(grid_size: int, fps: float, min_shift_s: float) -> int:
    """Return the grid points of `min_shift_s`, or a third of the recording if that is less."""
    return int(max(1, np.ceil(min(min_shift_s * fps, grid_size / 3) - GRACE_S)))


def shifts_of(grid_size: int, fps: float, min_shift_s: float) -> np.ndarray:
    """Return the shifts in grid points that a recording allows.

    Parameters
    ----------
    grid_size : int
        Grid points of the recording, N.
    fps : float
        Grid points in a second.
    min_shift_s : float
        Least shift.

    Returns
    -------
    numpy.ndarray
        int64: m, m + 1 ... N - m with m the grid points of `min_shift_s`, or N / 3 if that is
        less: on the circle, no shift is nearer than m to none at all. Empty where these are fewer
        than `FEWEST_SHIFTS`.
    """
    least = least_shift(grid_size, fps, min_shift_s)
    shifts = np.arange(least, grid_size - least + 1)
    return shifts if shifts.size >= FEWEST_SHIFTS else shifts[:0]


def shift_null(
    texts: np.ndarray,
    pictures: Pictures,
    places: np.ndarray,
    windows: Windows,
    codes: np.ndarray,
    spoken: Spoken,
    score: np.ndarray,
    shifts: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> Null:
    """Score each text against its own session's pictures at other times.

    All utterances are moved along the grid by the same shift, on a circle. The run that
    a moved utterance meets has as many pictures as its own; it is not used where it reaches
    round the end, has a missing picture, or touches a stretch over which the same words were
    spoken. Shifts come in one random order for the whole session, without replacement; each
    utterance takes the first `draws` that can be used, or all where they are fewer.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures : Pictures
        The f decoded pictures.
    places : numpy.ndarray
        Where on the grid each picture lies, int64 of shape (f,), rising.
    windows : Windows
        The pictures of each utterance.
    codes : numpy.ndarray
        What tells equal words, shape (n,).
    spoken : Spoken
        The words over all points of the grid; its size is that of the grid.
    score : numpy.ndarray
        The utterances' own scores, shape (n,).
    shifts : numpy.ndarray
        As `shifts_of` gives them.
    draws : int
        Draws an utterance.
    rng : numpy.random.Generator
        Source of the order.
    """
    null = Null.nothing(windows.count.size)
    if not shifts.size:
        return null
    size = spoken.size
    has_picture = np.zeros(size, dtype=bool)
    has_picture[places] = True
    order = rng.permutation(shifts)
    for length, block in blocks_of_equal_length(windows):
        if length > size:
            continue
        whole = ~sliding_maximum(~has_picture[None], length)[0]
        for rows in np.array_split(block, -(-block.size * size // MOST_CELLS)):
            values = np.full((rows.size, size), -np.inf)
            values[:, places] = pictures.cosines(texts[rows])
            best = sliding_maximum(values, length)
            begins = places[windows.points[windows.offsets[rows]]]
            starts = (begins[:, None] + order) % size
            fits = starts <= size - length
            starts = np.where(fits, starts, 0)
            eligible = fits & whole[starts]
            eligible &= ~spoken.over(codes[rows], starts, starts + length - 1)
            null.choices[rows] = eligible.sum(axis=1)
            enough = null.choices[rows] >= FEWEST_SHIFTS
            drawn = first_eligible(np.take_along_axis(best, starts, axis=1), eligible, draws)
            null.put(rows[enough], score[rows[enough]], drawn[enough])
    return null
