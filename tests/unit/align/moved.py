"""Corpora of vectors in which sight follows or precedes speech by a known time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from egoalign.align.lag import lag_profile, profile_rows
from egoalign.align.score import Pictures
from egoalign.tables import LAG_PROFILE, conform
from egoalign.video.window import Windows, find_windows
from tests.unit.align.made import unit


@dataclass
class Moved:
    """A session: vectors of utterances and of each second, and the seconds of each utterance."""

    texts: np.ndarray
    pictures: np.ndarray
    windows: Windows

    @property
    def seen(self) -> Pictures:
        vectors = self.pictures.astype(np.float32)
        return Pictures(vectors, np.arange(len(vectors)))


def moved_session(
    rng: np.random.Generator,
    lag_s: float,
    planted: float,
    seconds: int = 240,
    n_utterances: int = 40,
    smooth: float = 0.8,
    width: int = 32,
) -> Moved:
    """Return a session in which `planted` of the utterances have their text in view, moved.

    Neighbouring pictures correlate by `smooth`, as those of a room do.
    """
    start = np.sort(rng.uniform(0, seconds - 10, n_utterances))
    length = rng.choice([0.2, 1.5, 3.0, 6.0, 9.0], n_utterances)
    texts = rng.normal(size=(n_utterances, width))
    pictures = rng.normal(size=(seconds, width))
    for k in range(1, seconds):
        pictures[k] = smooth * pictures[k - 1] + np.sqrt(1 - smooth**2) * pictures[k]
    for i in np.flatnonzero(rng.random(n_utterances) < planted):
        second = round(start[i] + length[i] / 2 + lag_s)
        if 0 <= second < seconds:
            pictures[second] += 2 * texts[i]
    grid = np.arange(seconds, dtype=float)
    return Moved(
        unit(texts).astype(np.float32), unit(pictures), find_windows(grid, start, start + length, 1)
    )


def profile_table(
    session: Moved, child_id: str, session_id: str, rng: np.random.Generator, reach_s: float = 30.0
) -> pa.Table:
    """Return table LAG_PROFILE of a session, with subset all alone."""
    n = len(session.texts)
    profile = lag_profile(
        session.texts,
        session.seen,
        np.ones(len(session.pictures), dtype=bool),
        session.windows,
        np.ones((1, n), dtype=bool),
        1.0,
        reach_s,
        200,
        rng,
    )
    assert profile is not None
    owner = {"child_id": child_id, "session_id": session_id, "model_id": "tiny"}
    return conform(LAG_PROFILE, list(profile_rows(profile, ["all"], 1.0, owner)))


def moved_corpus(
    seed: int, lag_s: float, planted: float, children: int = 6, sessions: int = 2, **more: int
) -> list[pa.Table]:
    """Return the lag profiles of a corpus."""
    rng = np.random.default_rng(seed)
    return [
        profile_table(moved_session(rng, lag_s, planted, **more), f"c{child}", f"s{session}", rng)
        for child in range(children)
        for session in range(sessions)
    ]
