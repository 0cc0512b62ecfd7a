"""What a demo corpus will hold, from a seed: children, sessions, and how their speech goes."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

import numpy as np

from egoalign.config import DemoOptions
from egoalign.demo.video_kinds import VIDEO_KINDS, VideoKind
from egoalign.log import UserError
from egoalign.tables import DAYS_PER_MONTH, months

VIDEO_FPS = 8
"""Pictures per second of the demo videos."""

SIZES = ((480, 854), (854, 480))
"""Width and height of portrait and landscape videos, in pixels."""

FIRST_AGE_MONTHS, LAST_AGE_MONTHS, CENTRE_AGE_MONTHS = 6.0, 30.0, 18.0

LOCATIONS = ("kitchen", "living room", "bedroom", "playroom")
ACTIVITIES = ("play", "meal", "reading", "dressing")

FILES = (
    ("plain", "json"),
    ("turned", "csv"),
    ("hevc", "srt"),
    ("web", "vtt"),
    ("uneven", "cha"),
    ("chapters", "eaf"),
)
"""Kind of video, and suffix of the transcripts, of the first, second ... child; then again."""

WITHOUT_SPEAKERS = ("vtt",)
"""Transcripts of these suffixes do not say who speaks; an RTTM file beside them does."""

_SESSION, _CHILD, _WORD = 1, 2, 3


@dataclass(frozen=True)
class SpeechModel:
    """Parameters of the speech, above all of how it agrees with sight.

    P(an utterance that names a word refers to what the child looks at) is, on the logit scale,
    ``intercept + child + session + age_slope * (months - 18) + speaker + word``, with normal child,
    session and word effects. Where it refers, it may lead or trail the look.
    """

    intercept: float = 0.3
    child_sd: float = 0.5
    session_sd: float = 0.3
    word_sd: float = 0.4
    age_slope_per_month: float = 0.04
    speaker: tuple[tuple[str, float], ...] = (
        ("female_adult", 0.2),
        ("male_adult", 0.0),
        ("other_child", -0.5),
        ("key_child", 0.4),
    )
    speaker_share: tuple[tuple[str, float], ...] = (
        ("female_adult", 0.46),
        ("male_adult", 0.2),
        ("other_child", 0.14),
        ("key_child", 0.2),
    )
    naming_share: float = 0.55
    leads_share: float = 0.12
    trails_share: float = 0.12
    mean_gap_s: float = 1.4


SPEECH = SpeechModel()


@dataclass(frozen=True)
class SessionPlan:
    """One recording to be made.

    Attributes
    ----------
    effect : float
        The session's own effect on the logit scale.
    agreement : float
        Intercept, child, session and age effects together, on the logit scale.
    transcript_offset_s : float
        What must be added to the transcript's times to have times in the video.
    """

    child_id: str
    session_id: str
    child_no: int
    session_no: int
    age_days: float
    duration_s: float
    size: tuple[int, int]
    video_kind: VideoKind
    transcript_format: str
    location: str
    activity: str
    effect: float
    agreement: float
    transcript_offset_s: float = 0.0
    exclude_reason: str | None = None
    exclude_intervals: tuple[tuple[float, float], ...] = ()

    @property
    def videos(self) -> tuple[str, ...]:
        """Paths of the video's files, in order, within the corpus folder."""
        names = self.video_kind.file_names(self.session_id)
        return tuple(f"videos/{self.child_id}/{name}" for name in names)

    @property
    def transcript(self) -> str:
        """Path of the transcript within the corpus folder."""
        return f"transcripts/{self.child_id}/{self.session_id}.{self.transcript_format}"

    @property
    def rttm(self) -> str | None:
        """Path of the speakers' turns within the corpus folder, where a file holds them."""
        if self.transcript_format not in WITHOUT_SPEAKERS:
            return None
        return f"rttm/{self.child_id}/{self.session_id}.rttm"


@dataclass(frozen=True)
class ChildPlan:
    """One child: id, labels, effect on the logit scale, and recordings by rising age."""

    child_id: str
    sex: str
    effect: float
    sessions: tuple[SessionPlan, ...]


@dataclass(frozen=True)
class Plan:
    """The whole corpus to be made."""

    options: DemoOptions
    children: tuple[ChildPlan, ...]

    @property
    def sessions(self) -> tuple[SessionPlan, ...]:
        """Every session, child by child."""
        return tuple(session for child in self.children for session in child.sessions)

    def session(self, child_id: str, session_id: str) -> SessionPlan:
        """Return one session.

        Raises
        ------
        UserError
            The corpus has no such session.
        """
        for session in self.sessions:
            if (session.child_id, session.session_id) == (child_id, session_id):
                return session
        known = ", ".join(f"{one.child_id}/{one.session_id}" for one in self.sessions)
        raise UserError(
            f"--child {child_id} --session {session_id}: the demo corpus has no such session; "
            f"it has {known}"
        )


def generator(seed: int, *numbers: int) -> np.random.Generator:
    """Return the random numbers of one purpose, child and session.

    The numbers begin at 1: numpy pads short seeds with zeros, so a 0 would not tell them apart.
    """
    return np.random.default_rng([seed, *numbers])


def word_effect(seed: int, kind: str) -> float:
    """Return a word's effect on the logit scale; it depends on the seed and the word only."""
    number = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:4], "big")
    return float(generator(seed, _WORD, number).normal(0.0, SPEECH.word_sd))


def refer_probability(seed: int, session: SessionPlan, speaker: str, kind: str) -> float:
    """Return P(an utterance that names `kind` refers to what the child looks at)."""
    logit = session.agreement + dict(SPEECH.speaker)[speaker] + word_effect(seed, kind)
    return 1.0 / (1.0 + math.exp(-logit))


def corpus_plan(options: DemoOptions) -> Plan:
    """Draw the plan of a demo corpus; equal options give equal plans.

    Parameters
    ----------
    options : DemoOptions
        Seed, number of children, fewest and most sessions, shortest and longest session.
    """
    counts = np.rint(np.linspace(*options.sessions, options.children)).astype(int)
    children = tuple(
        _child(options, number, int(count)) for number, count in enumerate(counts, start=1)
    )
    return Plan(options, _with_exercises(children))


def _child(options: DemoOptions, number: int, n_sessions: int) -> ChildPlan:
    rng = generator(options.seed, _CHILD, number)
    effect = float(rng.normal(0.0, SPEECH.child_sd))
    sex = ("female", "male")[int(rng.integers(2))]
    first = rng.uniform(FIRST_AGE_MONTHS, 14.0)
    step = min(rng.uniform(2.0, 4.0), (LAST_AGE_MONTHS - first) / max(n_sessions - 1, 1))
    sessions = tuple(
        _session(options, number, index, (first + step * (index - 1)), effect)
        for index in range(1, n_sessions + 1)
    )
    return ChildPlan(f"D{number:02d}", sex, effect, sessions)


def _session(
    options: DemoOptions, child_no: int, session_no: int, age_months: float, child_effect: float
) -> SessionPlan:
    rng = generator(options.seed, _SESSION, child_no, session_no)
    effect = float(rng.normal(0.0, SPEECH.session_sd))
    age_days = float(round(age_months * DAYS_PER_MONTH))
    shortest, longest = options.duration_s
    video_kind, transcript_format = FILES[(child_no - 1) % len(FILES)]
    # Short sessions are the more common ones, as in real corpora.
    duration_s = shortest + (longest - shortest) * rng.beta(1.0, 2.5)
    return SessionPlan(
        child_id=f"D{child_no:02d}",
        session_id=f"s{session_no}",
        child_no=child_no,
        session_no=session_no,
        age_days=age_days,
        duration_s=round(duration_s * VIDEO_FPS) / VIDEO_FPS,
        size=SIZES[(child_no + session_no) % 2],
        video_kind=VIDEO_KINDS[video_kind],
        transcript_format=transcript_format,
        location=LOCATIONS[int(rng.integers(len(LOCATIONS)))],
        activity=ACTIVITIES[int(rng.integers(len(ACTIVITIES)))],
        effect=effect,
        agreement=SPEECH.intercept
        + child_effect
        + effect
        + SPEECH.age_slope_per_month * (months(age_days) - CENTRE_AGE_MONTHS),
    )


def _with_exercises(children: tuple[ChildPlan, ...]) -> tuple[ChildPlan, ...]:
    """Give some sessions of the last child what real corpora have: exclusions and a late clock."""
    *others, last = children
    sessions = list(last.sessions)
    if len(sessions) >= 3:
        sessions[0] = replace(sessions[0], transcript_offset_s=-2.5)
        sessions[1] = replace(sessions[1], exclude_intervals=((8.0, 12.5),))
        sessions[2] = replace(sessions[2], exclude_reason="consent withdrawn")
    return (*others, replace(last, sessions=tuple(sessions)))
