"""The seconds at which a video is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from egoalign.config import WindowOptions
from egoalign.tables import NO_SPEECH
from egoalign.video.probe import Probe
from egoalign.video.timeline import NOWHERE
from egoalign.video.window import GRACE_S, NO_TIMED_WORDS, TimedWords, find_windows, within


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
    window: WindowOptions | None = None,
    words: TimedWords = NO_TIMED_WORDS,
    keyframe_tolerance_s: float | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of table ``frames`` of one session.

    Parameters
    ----------
    probe : Probe
        The video; one that is not readable has no rows.
    fps : float
        Grid points per second.
    mode : str
        ``all``: every grid point is wanted; ``speech``: only those that an utterance uses, as
        `egoalign.video.window.find_windows` says.
    utterances : iterable of (start_s, end_s)
        On the clock of the video, with None where unknown; used by mode ``speech``.
    exclude_intervals : iterable of (start_s, end_s)
        Closed stretches of the video that must not be looked at: neither a grid point within nor
        a picture that appeared within is wanted.
    excluded : bool
        The whole session is left out by the lab.
    window, words : WindowOptions, TimedWords
        The config's `align.window` and the words it may need; used by mode ``speech``.
    keyframe_tolerance_s : float, optional
        Where given, the nearest picture that decodes by itself stands for a grid point that is
        not farther than this, whether it comes before or after.
    """
    timeline = probe.timeline
    if timeline is None:
        return []
    seconds = grid_seconds(timeline.length_s, fps)
    places = timeline.picture_at(seconds)
    intervals = list(exclude_intervals)
    if keyframe_tolerance_s is not None:
        open_to_use = ~_within_any(timeline.shown_s, intervals)
        keys = timeline.nearest_key(seconds, keyframe_tolerance_s, open_to_use)
        places = np.where(keys == NOWHERE, places, keys)
    had = places != NOWHERE
    shown_s = np.where(had, timeline.shown_s[places], np.nan)
    reasons: list[str | None] = [None] * len(seconds)
    if mode == "speech":
        start_s, end_s = np.array(list(utterances), dtype=np.float64).reshape(-1, 2).T
        used = find_windows(seconds, start_s, end_s, 1 / fps, window, words).points
        reasons = [NO_SPEECH] * len(seconds)
        for place in used:
            reasons[place] = None
    for place in np.flatnonzero(_within_any(seconds, intervals) | _within_any(shown_s, intervals)):
        reasons[place] = "excluded interval"
    if excluded:
        reasons = ["session excluded"] * len(seconds)
    return [
        {
            "frame_id": place,
            "requested_s": second,
            "shown_s": float(shown) if is_had else None,
            "wanted": reason is None,
            "reason": reason if is_had or reason else timeline.why_nowhere(second),
        }
        for place, (second, shown, is_had, reason) in enumerate(
            zip(seconds.tolist(), shown_s, had, reasons, strict=True)
        )
    ]


def _within_any(
    seconds: NDArray[np.float64], intervals: Sequence[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Say which seconds lie in one of the closed intervals."""
    found = np.zeros(len(seconds), dtype=bool)
    for interval in intervals:
        found |= within(seconds, *interval)
    return found
