"""The speech of a demo scene: who says what when, and what an utterance is meant to refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from egoalign.demo.plan import SPEECH, SessionPlan, refer_probability
from egoalign.demo.sentences import naming_sentence, other_sentence

SHORTEST_S, LONGEST_S = 0.3, 4.0
LONGEST_LAG_S = 6.0
_ABSENT_SHARE = 0.8


@dataclass(frozen=True)
class Look:
    """A kind that the camera attends to, from `start_s` to `end_s` of the session."""

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True)
class Named:
    """What an utterance names.

    Attributes
    ----------
    kind : str
        The kind.
    p_refers : float
        P(an utterance of this speaker that names this kind refers), by the speech model.
    refers : bool
        It names what is, soon will be or just was looked at.
    timing : str or None
        ``"with"`` the look, or the word ``"leads"`` or ``"trails"`` it; None unless it refers.
    """

    kind: str
    p_refers: float
    refers: bool
    timing: str | None = None


@dataclass(frozen=True)
class Utterance:
    """One planned utterance: seconds from the start of the video, words, and what it names."""

    start_s: float
    end_s: float
    text: str
    speaker: str
    named: Named | None = None

    @property
    def kind(self) -> str | None:
        """The kind it names."""
        return self.named.kind if self.named else None

    @property
    def middle_s(self) -> float:
        """Middle of the utterance."""
        return (self.start_s + self.end_s) / 2

    @property
    def words(self) -> list[str]:
        """The words of the text."""
        return self.text.split()


def draw_looks(
    rng: np.random.Generator, kinds: Sequence[str], start_s: float, end_s: float
) -> list[Look]:
    """Let the camera attend to one kind after another, two to five seconds each.

    Parameters
    ----------
    kinds : sequence of str
        Two or more kinds that the scene holds; none is looked at twice in a row.
    start_s, end_s : float
        The scene's part of the session.
    """
    looks: list[Look] = []
    now = start_s
    while now < end_s:
        others = [kind for kind in kinds if not looks or kind != looks[-1].kind]
        until = now + rng.uniform(2.0, 5.0)
        if end_s - until < 2.0:
            until = end_s
        looks.append(Look(now, until, str(rng.choice(others))))
        now = until
    return looks


def draw_speech(
    rng: np.random.Generator,
    seed: int,
    session: SessionPlan,
    looks: Sequence[Look],
    present: Sequence[str],
    kinds: Sequence[str],
) -> list[Utterance]:
    """Draw the utterances of one scene, in order of time and without overlap.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of every choice but the parameters.
    seed : int
        Seed of the corpus, from which the words' effects come.
    session : SessionPlan
        The recording, with its agreement of speech and sight.
    looks : sequence of Look
        What the camera attends to; the scene lasts from the first to the last.
    present : sequence of str
        The kinds that the scene holds, in view or not.
    kinds : sequence of str
        Every kind of the source.
    """
    speakers, shares = zip(*SPEECH.speaker_share, strict=True)
    now = looks[0].start_s + 0.2 + rng.exponential(SPEECH.mean_gap_s)
    utterances: list[Utterance] = []
    while True:
        speaker = str(rng.choice(speakers, p=shares))
        named = _draw_named(rng, seed, session, speaker, now, looks, present, kinds)
        kind = named.kind if named else None
        text = naming_sentence(rng, speaker, kind) if kind else other_sentence(rng, speaker)
        # About three words a second, and never two speakers equally fast.
        length = 0.1 + 0.3 * len(text.split()) * rng.uniform(0.75, 1.35)
        end = now + float(np.clip(length, SHORTEST_S, LONGEST_S))
        if end > looks[-1].end_s:
            return utterances
        utterances.append(Utterance(round(now, 3), round(end, 3), text, speaker, named))
        now = end + 0.1 + rng.exponential(SPEECH.mean_gap_s)


def _draw_named(
    rng: np.random.Generator,
    seed: int,
    session: SessionPlan,
    speaker: str,
    now: float,
    looks: Sequence[Look],
    present: Sequence[str],
    kinds: Sequence[str],
) -> Named | None:
    """Draw what an utterance beginning `now` names and whether it refers, or None for nothing."""
    if rng.random() >= SPEECH.naming_share:
        return None
    kind, timing = _draw_referent(rng, now, looks)
    chance = refer_probability(seed, session, speaker, kind)
    if rng.random() < chance:
        return Named(kind, chance, True, timing)
    looked_at = {look.kind for look in looks}
    absent = [kind for kind in kinds if kind not in present]
    unseen = [kind for kind in present if kind not in looked_at]
    pool = absent if absent and (rng.random() < _ABSENT_SHARE or not unseen) else unseen
    # These weights make P(refers) given the named word exactly that of the speech model.
    chances = np.array([refer_probability(seed, session, speaker, kind) for kind in pool])
    at = int(rng.choice(len(pool), p=(1 - chances) / (1 - chances).sum()))
    return Named(pool[at], float(chances[at]), False)


def _draw_referent(rng: np.random.Generator, now: float, looks: Sequence[Look]) -> tuple[str, str]:
    """Return the kind looked at now, or, at times, the one looked at just after or before."""
    at = max(index for index, look in enumerate(looks) if look.start_s <= now)
    draw = rng.random()
    if draw < SPEECH.leads_share:
        if at + 1 < len(looks) and looks[at + 1].start_s - now <= LONGEST_LAG_S:
            return looks[at + 1].kind, "leads"
    elif (
        draw < SPEECH.leads_share + SPEECH.trails_share
        and at > 0
        and now - looks[at - 1].end_s <= LONGEST_LAG_S
    ):
        return looks[at - 1].kind, "trails"
    return looks[at].kind, "with"
