"""Write who speaks when as the Voice Type Classifier does: RTTM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from egoalign.demo.lines import VOICE_TYPES, spoken_lines
from egoalign.demo.plan import SessionPlan
from egoalign.demo.speech import Utterance

_ANYBODY = "SPEECH"
_MOST_OFF_S = 0.1


def rttm_text(
    session: SessionPlan, utterances: Sequence[Utterance], rng: np.random.Generator
) -> str:
    """Return the turns of a session, which start and end a little off the utterances.

    Each is there twice, as the speaker's and as speech of anybody.

    Parameters
    ----------
    session : SessionPlan
        Its clock is that of the transcript.
    utterances : sequence of Utterance
        In the order of time, at least 0.1 s apart.
    rng : numpy.random.Generator
        How far the turns are off.
    """
    turns = []
    for line in spoken_lines(utterances, VOICE_TYPES, session.transcript_offset_s):
        off_s = rng.uniform(-_MOST_OFF_S, _MOST_OFF_S, 2)
        start_s = max(0.0, line.start_s + off_s[0])
        times = f"{start_s:.3f} {line.end_s + off_s[1] - start_s:.3f}"
        turns += [
            f"SPEAKER {session.session_id} 1 {times} <NA> <NA> {label} <NA> <NA>\n"
            for label in (line.label, _ANYBODY)
        ]
    return "".join(turns)
