"""When each picture of a recording is on screen, and which stretches have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
"""Stands for a picture that cannot be had."""


@dataclass(frozen=True)
class Gap:
    """A stretch of which no picture can be had, ends in seconds, and why."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, eq=False)
class Timeline:
    """The pictures of a recording on its own clock, which begins with the first picture.

    Attributes
    ----------
    length_s : float
        End of the clock in seconds, gaps included.
    shown_s : ndarray of float64, shape (n,)
        Seconds at which each picture appears, ascending.
    key : ndarray of bool, shape (n,)
        Whether the picture decodes by itself.
    grace_s : float
        A picture that appears this little after a second counts as on screen then.
    gaps : tuple of Gap
        Stretches without pictures, ascending.
    """

    length_s: float
    shown_s: NDArray[np.float64]
    key: NDArray[np.bool_]
    grace_s: float
    gaps: tuple[Gap, ...] = ()

    def picture_at(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the place of the picture on screen at each second, or `NOWHERE` in a gap.

        That is the last picture that appears not later than the second.
        """
        places = np.searchsorted(self.shown_s, np.asarray(seconds) + self.grace_s, side="right") - 1
        places = np.maximum(places, 0 if self.shown_s.size else NOWHERE)
        for gap in self.gaps:
            places[self._inside(gap, np.asarray(seconds))] = NOWHERE
        return np.asarray(places, dtype=np.int64)

    def nearest_key(
        self, seconds: NDArray[np.float64], tolerance_s: float, usable: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return the place of the nearest key picture, or `NOWHERE` where none is near enough.

        Parameters
        ----------
        seconds : ndarray of float64, shape (m,)
            When.
        tolerance_s : float
            How far the picture's appearance may be from the second.
        usable : ndarray of bool, shape (n,)
            Which pictures may be taken.
        """
        places = np.flatnonzero(self.key & usable)
        found = np.full(len(seconds), NOWHERE, dtype=np.int64)
        if not places.size:
            return found
        times = self.shown_s[places]
        after = np.clip(np.searchsorted(times, seconds), 0, len(times) - 1)
        before = np.maximum(after - 1, 0)
        closer = np.abs(times[before] - seconds) <= np.abs(times[after] - seconds)
        nearest = np.where(closer, before, after)
        near = np.abs(times[nearest] - seconds) <= tolerance_s + self.grace_s
        found[near] = places[nearest[near]]
        return found

    def why_nowhere(self, second: float) -> str | None:
        """Return why there is no picture at a second, or None where there is one."""
        for gap in self.gaps:
            if self._inside(gap, np.array([second]))[0]:
                return gap.reason
        return None

    def _inside(self, gap: Gap, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say which seconds lie in a gap; the last second of the clock does, if it ends it."""
        end_s = np.inf if gap.end_s >= self.length_s else gap.end_s
        return (seconds + self.grace_s >= gap.start_s) & (seconds + self.grace_s < end_s)


def join(timelines: Sequence[Timeline]) -> Timeline:
    """Return the timeline of recordings played one after another."""
    starts_s = np.cumsum([0.0, *(line.length_s for line in timelines)])
    pairs = list(zip(starts_s.tolist(), timelines, strict=False))
    return Timeline(
        float(starts_s[-1]),
        np.concatenate([line.shown_s + start_s for start_s, line in pairs]),
        np.concatenate([line.key for line in timelines]),
        min(line.grace_s for line in timelines),
        tuple(
            Gap(gap.start_s + start_s, gap.end_s + start_s, gap.reason)
            for start_s, line in pairs
            for gap in line.gaps
        ),
    )
