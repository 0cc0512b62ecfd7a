"""What the corpus has to be judged: sessions, utterances and grid seconds, by id and by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.corpus.read import read_corpus
from egoalign.log import progress
from egoalign.tables import FRAMES, SESSIONS, UTTERANCES, read_table

SessionKey = tuple[str, str]
"""child_id and session_id."""

SECOND_TOLERANCE = 1e-3
"""How far a judgment's second may lie from the grid's, for CSV files that round."""


@dataclass(frozen=True)
class Spoken:
    """What was said, and when, in seconds from the start of the video."""

    text: str
    start_s: float | None
    end_s: float | None


@dataclass
class SessionIds:
    """The utterances and grid seconds of one session."""

    utterances: dict[str, Spoken] = field(default_factory=dict)
    seconds: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def grid_second(self, second: float) -> float | None:
        """Return the grid's own second, or None where the grid has none there."""
        if not self.seconds.size:
            return None
        nearest = float(self.seconds[np.abs(self.seconds - second).argmin()])
        return nearest if abs(nearest - second) <= SECOND_TOLERANCE else None


def load_ids(
    sessions: Path,
    frames_folder: Path,
    utterances_folder: Path,
    named: Iterable[SessionKey] | None = None,
) -> dict[SessionKey, SessionIds]:
    """Read the ids of sessions, but for excluded ones and those that are not in the corpus.

    Parameters
    ----------
    sessions : Path
        Table sessions.
    frames_folder, utterances_folder : Path
        Hold the tables of each session.
    named : iterable of (child_id, session_id), optional
        Which sessions; all where left out.
    """
    names = ("child_id", "session_id", "exclude")
    table = read_table(SESSIONS, sessions, names)
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    known = {(child, session) for child, session, exclude in rows if not exclude}
    corpus = {}
    wanted = sorted(known if named is None else known & set(named))
    for child, session in progress(wanted, "sessions", len(wanted)):
        spoken = read_table(
            UTTERANCES,
            utterances_folder / child / f"{session}.utterances.parquet",
            ["utterance_id", "text", "start_s", "end_s"],
        ).to_pylist()
        frames = frames_folder / child / f"{session}.frames.parquet"
        corpus[child, session] = SessionIds(
            {
                row["utterance_id"]: Spoken(row["text"], row["start_s"], row["end_s"])
                for row in spoken
            },
            read_table(FRAMES, frames, ["requested_s"])[0].to_numpy(),
        )
    return corpus


def sessions_by_name(children: Path, sessions: Path) -> dict[str, list[SessionKey]]:
    """Return the sessions that may be meant by the name of a recording.

    A recording is known by its ``source_name``, its video's name without suffix, or its
    ``session_id``; where a name is one of several of these, the first goes first.

    Parameters
    ----------
    children, sessions : Path
        The corpus tables that the lab wrote.
    """
    named: tuple[dict[str, list[SessionKey]], ...] = ({}, {}, {})
    for row in read_corpus(children, sessions).sessions:
        video = Path(row.videos[0]).stem if len(row.videos) == 1 else None
        for known, name in zip(named, (row.source_name, video, row.session_id), strict=True):
            if name:
                known.setdefault(name, []).append((row.child_id, row.session_id))
    return {name: keys for known in reversed(named) for name, keys in known.items()}


def missing(
    corpus: Mapping[SessionKey, SessionIds], child: str, session: str, utterance: str | None
) -> list[str]:
    """Return what the corpus lacks of a session and, where given, its utterance."""
    if (child, session) not in corpus:
        return [f"no session {session!r} of child {child!r} in the corpus, or it is excluded"]
    if utterance is not None and utterance not in corpus[child, session].utterances:
        return [f"no utterance {utterance!r} in session {session!r} of child {child!r}"]
    return []


def no_second(child: str, session: str, second: Any) -> str:
    """Return the words for a second that the grid of a session does not have."""
    return f"no grid second {second:g} in session {session!r} of child {child!r}"
