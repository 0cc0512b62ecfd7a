"""Pictures, or vectors of pictures, that are numbered at a steady rate instead of timed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from egoalign.video.packets import GRACE_S
from egoalign.video.timeline import Gap, Timeline

LONGEST_S = 7 * 86_400.0
"""Numbers that reach beyond a week are dates or the like, not numbers of pictures."""


def numbered_timeline(
    numbers: NDArray[np.int64], per_second: float, why_missing: Mapping[int, str], otherwise: str
) -> Timeline:
    """Return the timeline of numbered pictures; a number that is missing has no picture.

    Parameters
    ----------
    numbers : ndarray of int64, shape (n,)
        Ascending and distinct, n >= 1; number 0 is second 0, and each stands until the next.
    per_second : float
        Numbers in a second.
    why_missing : mapping
        Reasons of single numbers.
    otherwise : str
        The reason of every other missing number.
    """
    end = int(numbers[-1]) + 1
    there = np.zeros(end, dtype=bool)
    there[numbers] = True
    gaps: list[Gap] = []
    for number in np.flatnonzero(~there).tolist():
        start_s, end_s = number / per_second, (number + 1) / per_second
        reason = why_missing.get(number, otherwise)
        if gaps and gaps[-1].end_s == start_s and gaps[-1].reason == reason:
            gaps[-1] = Gap(gaps[-1].start_s, end_s, reason)
        else:
            gaps.append(Gap(start_s, end_s, reason))
    return Timeline(
        length_s=end / per_second,
        shown_s=numbers / per_second,
        key=np.ones(numbers.size, dtype=bool),
        grace_s=min(GRACE_S, 0.5 / per_second),
        gaps=tuple(gaps),
    )
