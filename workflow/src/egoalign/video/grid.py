"""The seconds at which a video is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from egoalign.video.probe import Probe

GRACE_S = 1e-6
"""Ends of intervals are compared with this much grace, for sums of decimals are not exact."""


def grid_seconds(duration_s: float, fps: float) -> NDArray[np.float64]:
    """Return 0, 1/fps, 2/fps ... up to the duration, in seconds.

    Parameters
    ----------
    duration_s : float
        Length of the video in seconds.
    fps : float
        Grid points per second.
    """
    return np.arange(int(np.floor((duration_s + GRACE_S) * fps)) + 1) / fps


def frames_table(
    probe: Probe,
    fps: float,
    mode: Literal["all", "speech"] = "all",
    utterances: Iterable[tuple[float | None, float | None]] = (),
    exclude_intervals: Iterable[tuple[float, float]] = (),
    excluded: bool = False,
) -> list[dict[str, Any]]:
    """Return the rows of table ``frames`` of one session.

    Parameters
    ----------
    probe : Probe
        The video; one that is not readable has no rows.
    fps : float
        Grid points per second.
    mode : str
        ``all``: every grid point is wanted; ``speech``: only those that an utterance uses, which
        are all within it, or the nearest to its middle where there is none.
    utterances : iterable of (start_s, end_s)
        On the clock of the video, with None where unknown; used by mode ``speech``.
    exclude_intervals : iterable of (start_s, end_s)
        Closed stretches of the video that must not be looked at.
    excluded : bool
        The whole session is left out by the lab.
    """
    if not probe.readable or probe.packets is None or probe.duration_s is None:
        return []
    seconds = grid_seconds(probe.duration_s, fps)
    shown_s = probe.packets.shown_s[probe.packets.picture_at(seconds)]
    reasons: list[str | None] = [None] * len(seconds)
    if mode == "speech":
        used = _used_by_speech(seconds, fps, utterances)
        reasons = [None if is_used else "no speech" for is_used in used]
    for start_s, end_s in exclude_intervals:
        for place in np.flatnonzero(_within(seconds, start_s, end_s)):
            reasons[place] = "excluded interval"
    if excluded:
        reasons = ["session excluded"] * len(seconds)
    return [
        {
            "frame_id": place,
            "requested_s": float(second),
            "shown_s": float(shown),
            "wanted": reason is None,
            "reason": reason,
        }
        for place, (second, shown, reason) in enumerate(zip(seconds, shown_s, reasons, strict=True))
    ]


def _within(seconds: NDArray[np.float64], start_s: float, end_s: float) -> NDArray[np.bool_]:
    return (seconds >= start_s - GRACE_S) & (seconds <= end_s + GRACE_S)


def _used_by_speech(
    seconds: NDArray[np.float64],
    fps: float,
    utterances: Iterable[tuple[float | None, float | None]],
) -> NDArray[np.bool_]:
    """Say of each grid second whether an utterance uses it."""
    used = np.zeros(len(seconds), dtype=bool)
    for start_s, end_s in utterances:
        if start_s is None or end_s is None or end_s < start_s:
            continue
        inside = _within(seconds, start_s, end_s)
        if not inside.any():
            distance = np.abs(seconds - (start_s + end_s) / 2)
            nearest = int(np.argmin(distance))
            inside[nearest] = distance[nearest] <= 1 / fps + GRACE_S
        used |= inside
    return used
