"""How the score changes when speech is moved against sight: the lag profile of one session.

A lag of L seconds compares what is heard at t with what is seen at t + L: where the score is
greatest at a positive lag, sight comes later than speech, and the word leads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from egoalign.align.null import sliding_maximum
from egoalign.align.score import Pictures, blocks_of_equal_length
from egoalign.align.shift import FEWEST_SHIFTS, least_shift
from egoalign.video.window import Windows

FAR_S = 60.0
"""Shifts of at least this, or of a third of the recording if that is less, are far."""

TOO_SHORT = f"recording too short for {FEWEST_SHIFTS} far shifts"
ONLY_SPEECH = "only pictures during speech were encoded (encode.frames: speech)"
SWITCHED_OFF = "lag profiles are switched off (align.lags.profile)"
NOTHING_SCORED = "nothing to move: no score"
LAG, FAR = "lag", "far"
"""Kinds of rows of table LAG_PROFILE."""


@dataclass(frozen=True)
class Profile:
    """Sums over groups of utterances, g groups by s shifts of whole grid steps.

    Attributes
    ----------
    lags, far : numpy.ndarray
        int64: the lags, from the most negative, and the far shifts, circular and positive.
    count : dict of str to numpy.ndarray
        By kind ``lag`` or ``far``: utterances that have the shift, shape (g, s).
    score, difference : dict of str to numpy.ndarray
        Sums of their scores, and of scores less their own far means, shape (g, s).
    """

    lags: NDArray[np.int64]
    far: NDArray[np.int64]
    count: Mapping[str, NDArray[np.int64]]
    score: Mapping[str, NDArray[np.float64]]
    difference: Mapping[str, NDArray[np.float64]]


def far_distance(n_points: int, fps: float) -> int:
    """Return from how many grid steps on a shift is far, of a recording of `n_points`."""
    return least_shift(n_points, fps, FAR_S)


def lag_profile(
    texts: np.ndarray,
    pictures: Pictures,
    has_picture: NDArray[np.bool_],
    windows: Windows,
    groups: NDArray[np.bool_],
    fps: float,
    reach_s: float,
    draws: int,
    rng: np.random.Generator,
) -> Profile | None:
    """Score utterances against the pictures of their own window moved by every lag.

    The statistic at a shift is the greatest cosine over the run of as many consecutive grid points
    as the utterance has, begun so many points later. An utterance whose run passes an end of the
    recording, or holds a point without a picture, does not have that lag. Far shifts go round: a
    run begins anew at the start, but none is broken by the end.

    Texts and runs differ in their level, and not every utterance has every lag. So each score is
    taken less its own far mean, the mean of the same utterance's scores at all shifts that are far
    from this one. Without alignment a lag and a far shift are then exchangeable, whatever the
    length of the recording.

    Parameters
    ----------
    texts : numpy.ndarray
        Unit float32 vectors, shape (n, d).
    pictures : Pictures
        The decoded pictures.
    has_picture : numpy.ndarray
        Which grid points they are, shape (f,).
    windows : Windows
        The grid points of each utterance, on the whole grid; one without points takes no part.
    groups : numpy.ndarray
        Which utterances belong to each group, bool of shape (g, n).
    fps : float
        Grid points a second.
    reach_s : float
        Greatest lag either way.
    draws : int
        Far shifts that are kept at most, drawn without replacement.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Profile or None
        None where the recording has fewer than `FEWEST_SHIFTS` far shifts.
    """
    n_points = has_picture.size
    near = far_distance(n_points, fps)
    far = np.arange(near, n_points - near + 1)
    if far.size < FEWEST_SHIFTS:
        return None
    if far.size > draws:
        far = np.sort(rng.choice(far, draws, replace=False))
    reach = math.floor(reach_s * fps + 1e-9)
    lags = np.arange(-reach, reach + 1)
    sums = {
        kind: np.zeros((3, groups.shape[0], shifts.size))
        for kind, shifts in ((LAG, lags), (FAR, far))
    }
    begins = _begins(windows)
    for rows, at in scores_by_shift(texts, pictures, has_picture, windows):
        difference = at - _far_means(at, near)
        start = begins[rows, None] + lags
        inside = (start >= 0) & (start < n_points)
        for kind, shifts, had in ((LAG, lags, inside), (FAR, far, True)):
            part = difference[:, shifts % n_points]
            has = np.isfinite(part) & had
            of_group = groups[:, rows].astype(np.float64)
            for place, amount in enumerate((has, at[:, shifts % n_points], part)):
                sums[kind][place] += of_group @ np.where(has, amount, 0.0)
    return Profile(
        lags,
        far,
        {kind: np.rint(total[0]).astype(np.int64) for kind, total in sums.items()},
        {kind: total[1] for kind, total in sums.items()},
        {kind: total[2] for kind, total in sums.items()},
    )


def scores_by_shift(
    texts: np.ndarray, pictures: Pictures, has_picture: NDArray[np.bool_], windows: Windows
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield utterances, a block at a time, with their scores at every circular shift.

    Parameters
    ----------
    texts, pictures, has_picture, windows
        As for `lag_profile`.

    Yields
    ------
    rows : numpy.ndarray
        The utterances, shape (m,).
    at : numpy.ndarray
        Greatest cosine over the run begun 0, 1, ... f - 1 grid steps later, going round, shape
        (m, f); NaN where the run passes the end or lacks a picture.
    """
    n_points = has_picture.size
    begins = _begins(windows)
    for length, rows in blocks_of_equal_length(windows):
        values = np.full((rows.size, n_points), np.nan)
        values[:, has_picture] = pictures.cosines(texts[rows])
        # A run with a missing picture has no maximum: NaN goes through np.maximum.
        best = np.full((rows.size, n_points), np.nan)
        best[:, : n_points - length + 1] = sliding_maximum(values, length)
        moved = (begins[rows, None] + np.arange(n_points)) % n_points
        yield rows, np.take_along_axis(best, moved, axis=1)


def profile_rows(
    profile: Profile, subsets: list[str], fps: float, owner: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of table LAG_PROFILE.

    Parameters
    ----------
    profile : Profile
        Of the session.
    subsets : list of str
        Names of its groups.
    fps : float
        Grid points a second.
    owner : mapping
        child_id, session_id and model_id.
    """
    for group, subset in enumerate(subsets):
        for kind, shifts in ((LAG, profile.lags), (FAR, profile.far)):
            count = profile.count[kind][group]
            score, difference = (
                total[kind][group] / np.where(count, count, 1)
                for total in (profile.score, profile.difference)
            )
            for place, shift in enumerate(shifts.tolist()):
                has = bool(count[place])
                yield {
                    **owner,
                    "subset": subset,
                    "kind": kind,
                    "lag_s": shift / fps,
                    "n": int(count[place]),
                    "score_mean": float(score[place]) if has else None,
                    "difference_mean": float(difference[place]) if has else None,
                    "reason": None,
                }


def no_profile(reason: str, owner: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one row that a session without a profile has."""
    return {**owner, "subset": "all", "kind": LAG, "lag_s": 0.0, "n": 0, "reason": reason}


def _begins(windows: Windows) -> NDArray[np.int64]:
    """Return where each run begins: the run of as many points, about the middle of the own ones.

    Where the own points follow one another it is theirs.
    """
    begins = np.zeros(windows.count.size, dtype=np.int64)
    has = windows.count > 0
    first, last = (
        windows.points[windows.offsets[:-1][has]],
        windows.points[windows.offsets[1:][has] - 1],
    )
    begins[has] = first + (last - first + 1 - windows.count[has]) // 2
    return begins


def _far_means(at: NDArray[np.float64], near: int) -> NDArray[np.float64]:
    """Return for each shift the mean over all shifts that are at least `near` from it, circular.

    Parameters
    ----------
    at : numpy.ndarray
        Scores by shift from 0, shape (m, f), NaN where there is none.
    near : int
        Grid steps.

    Returns
    -------
    numpy.ndarray
        Shape (m, f); NaN where fewer than `FEWEST_SHIFTS` far shifts have a score.
    """
    has = np.isfinite(at)
    total, count = (
        amount.sum(axis=1, keepdims=True) - _circular_sums(amount, near - 1)
        for amount in (np.where(has, at, 0.0), has.astype(np.float64))
    )
    enough = count > FEWEST_SHIFTS - 0.5
    return np.where(enough, total / np.where(enough, count, 1.0), np.nan)


def _circular_sums(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the sums over columns k - reach to k + reach, columns going round: (m, f)."""
    around = np.concatenate([values[:, values.shape[1] - reach :], values, values[:, :reach]], 1)
    before = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(around, axis=1)], axis=1)
    return before[:, 2 * reach + 1 :] - before[:, : -2 * reach - 1]
