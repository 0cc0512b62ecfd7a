"""What a lab knows beside its recordings: norms of words, clips with labels, times of day.

None of it has any effect on speech or sight.
"""

from __future__ import annotations

import hashlib

import numpy as np

from egoalign.demo.kinds import KINDS, PHOTO_KINDS
from egoalign.demo.plan import ACTIVITIES, Plan, SessionPlan, generator

NORMS_COLUMNS = ("word", "concreteness", "age_of_acquisition")
CONTEXT_COLUMNS = ("child_id", "session_id", "start_s", "end_s", "location", "activity")

OTHER_WORDS = (
    *("build", "careful", "come", "floor", "funny", "get", "give", "go", "happen", "hurry"),
    *("leave", "let", "like", "look", "lovely", "mine", "minute", "move", "right", "say", "see"),
    *("sit", "sleep", "tell", "time", "tired", "wait", "want"),
)
"""Words of the demo's sentences that name nothing; some, such as grandma, are without norms."""

CHILDREN_WITH_CLIPS = 2
CLIP_S = (10.0, 30.0)
COVERED = 0.9
"""Share of a recording that clips cover, so that the end falls back to the session's own labels."""

_NORMS, _CLIPS, _CLOCK = 11, 12, 13


def norms_rows(seed: int) -> list[tuple[str, ...]]:
    """Return norms of the words that the demo says, as text.

    The values of every word, whether it names a kind or not, are drawn from the same normal
    distributions, cut at the ends of the scales: concreteness from 1 to 5, age of acquisition
    in years. They depend on the seed and the word only.
    """
    kinds = (*KINDS, *PHOTO_KINDS)
    verbs = (verb.split()[0] for kind in kinds for verb in kind.verbs)
    words = sorted({*(kind.name for kind in kinds), *verbs, *OTHER_WORDS})
    return [(word, *(f"{value:.2f}" for value in _norms_of(seed, word))) for word in words]


def _norms_of(seed: int, word: str) -> tuple[float, float]:
    number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
    rng = generator(seed, _NORMS, number)
    concreteness, acquired = rng.normal(3.5, 0.8), rng.normal(4.0, 1.0)
    return float(np.clip(concreteness, 1, 5)), float(np.clip(acquired, 1.5, 8))


def context_rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return clips of the first children's recordings with location and activity, as text.

    The location is the session's own; the activity changes from clip to clip.
    """
    return [
        (session.child_id, session.session_id, f"{start:g}", f"{end:g}", session.location, activity)
        for session in plan.sessions
        if session.child_no <= CHILDREN_WITH_CLIPS
        for start, end, activity in _clips(plan.options.seed, session)
    ]


def _clips(seed: int, session: SessionPlan) -> list[tuple[float, float, str]]:
    rng = generator(seed, _CLIPS, session.child_no, session.session_no)
    clips: list[tuple[float, float, str]] = []
    end, last = 0.0, round(COVERED * session.duration_s, 1)
    while end < last:
        start, end = end, min(round(end + rng.uniform(*CLIP_S), 1), last)
        clips.append((start, end, ACTIVITIES[int(rng.integers(len(ACTIVITIES)))]))
    return clips


def time_of_day(seed: int, session: SessionPlan) -> str:
    """Return when a recording began, between 7:00 and 18:59."""
    rng = generator(seed, _CLOCK, session.child_no, session.session_no)
    return f"{int(rng.integers(7, 19)):02d}:{int(rng.integers(60)):02d}"
