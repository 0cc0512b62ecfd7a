"""Who speaks when: RTTM files, and the join of their turns with utterances."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from egoalign.log import logger
from egoalign.transcripts.lines import lines_of
from egoalign.transcripts.segments import NUMBER, TranscriptError, shown
from egoalign.transcripts.speakers import counted
from egoalign.transcripts.text import decode

MICROSECONDS = 1_000_000
"""Times are compared as whole microseconds, so that sums are exact and ties are ties."""

MAX_S = 1e6
"""A turn that begins or lasts longer is a mistake (11 days); sums stay exact below it."""

OTHER_TYPES = (
    *("SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "IP", "SU", "CB", "A/P", "SPKR-INFO"),
)
"""Types of lines that RTTM has beside SPEAKER."""

IGNORED = "SPEECH"
"""Label of the Voice Type Classifier for speech of anybody, beside the labels of who speaks."""


class RttmError(TranscriptError):
    """An RTTM file that cannot be read or used."""

    what = "RTTM"


@dataclass(frozen=True)
class Turns:
    """Turns of one recording: starts and ends in whole microseconds, and labels."""

    name: str
    start_us: np.ndarray
    end_us: np.ndarray
    labels: tuple[str, ...]

    @property
    def kinds(self) -> list[str]:
        """The distinct labels in alphabetical order."""
        return sorted(set(self.labels))


def read_rttm(path: str | Path, names: Sequence[str] | None = None) -> Turns:
    """Read the turns of one recording from an RTTM file.

    Parameters
    ----------
    path : str or Path
        The file; it may hold several recordings.
    names : sequence of str, optional
        What the recording may be called in it, the likeliest first. None: the file must hold one.

    Raises
    ------
    RttmError
        The file is missing or malformed, or none of its recordings has one of the names.
    """
    path = Path(path)
    try:
        text, _ = decode(path.read_bytes())
    except OSError as error:
        raise RttmError(str(path), "cannot be read", str(error.strerror)) from error
    return parse_rttm(text, str(path), names)


def parse_rttm(text: str, name: str, names: Sequence[str] | None = None) -> Turns:
    """Return the turns of one recording from the text of an RTTM file; see `read_rttm`."""
    recordings: dict[str, list[tuple[int, int, str]]] = {}
    for number, line in enumerate(lines_of(text.removeprefix("\ufeff")), start=1):
        fields = line.split()
        if not fields or fields[0].startswith(";;") or fields[0] in OTHER_TYPES:
            continue
        recording, start, end, label = _turn(fields, f"{name}, line {number}")
        turns = recordings.setdefault(recording, [])
        if label != IGNORED:
            turns.append((start, end, label))
    turns = recordings[_recording(list(recordings), name, names)] if recordings else []
    times = np.array([turn[:2] for turn in turns], dtype=np.int64).reshape(-1, 2)
    return Turns(name, times[:, 0], times[:, 1], tuple(turn[2] for turn in turns))


def speakers_by_overlap(
    start_s: Sequence[float | None], end_s: Sequence[float | None], turns: Turns
) -> list[str | None]:
    """Return the label that speaks longest during each utterance.

    The time that a label shares with an utterance is summed over its turns. Of labels that share
    the same time, to the microsecond, the first in alphabetical order is taken. An utterance
    without length counts as one microsecond, so it belongs to whoever speaks at that instant.

    Parameters
    ----------
    start_s, end_s : sequence of float or None
        The utterances, in seconds on the clock of the turns.
    turns : Turns
        The turns.

    Returns
    -------
    list of str or None
        One an utterance; None where it has no times, ends before it starts, or shares no time
        with any turn.
    """
    start, end = (np.array(times, dtype=np.float64) for times in (start_s, end_s))
    # Beyond the reach of any turn, a time is as good as at its edge; and NaN compares as false.
    timed = end >= start
    start_us, end_us = (
        np.rint(np.clip(np.where(timed, times, 0.0), -MAX_S, 3 * MAX_S) * MICROSECONDS)
        for times in (start, end)
    )
    start_us = start_us.astype(np.int64)
    end_us = np.maximum(end_us.astype(np.int64), start_us + 1)
    names, kinds = np.unique(np.array(turns.labels, dtype=np.str_), return_inverse=True)
    best = np.zeros(start.size, dtype=np.int64)
    who = np.full(start.size, -1)
    for index in range(names.size):
        own = kinds == index
        until = _spoken(np.stack([start_us, end_us]), turns.start_us[own], turns.end_us[own])
        shared = until[1] - until[0]
        longer = timed & (shared > best)
        best[longer], who[longer] = shared[longer], index
    return [str(names[index]) if index >= 0 else None for index in who]


def _spoken(until: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return how much of the turns lies before each time: the sum of (t - start) - (t - end)."""
    total = np.zeros(until.shape, dtype=np.int64)
    for edges, sign in ((np.sort(starts), 1), (np.sort(ends), -1)):
        passed = np.searchsorted(edges, until)
        sums = np.concatenate([[0], np.cumsum(edges)])
        total += sign * (passed * until - sums[passed])
    return total


def _turn(fields: list[str], place: str) -> tuple[str, int, int, str]:
    """Return recording, start, end and label of a line's fields."""
    if fields[0] != "SPEAKER":
        raise RttmError(
            place, "not a line of RTTM", f"found {shown(fields[0])}, expected SPEAKER first"
        )
    if len(fields) == 9:
        # The older form has no last field.
        fields = [*fields, "<NA>"]
    if len(fields) < 10:
        raise RttmError(
            place,
            f"{len(fields)} fields, expected 10",
            "SPEAKER recording channel onset duration <NA> <NA> label <NA> <NA>",
        )
    # A recording's name may hold blanks, so fields are counted from the end.
    recording = " ".join(fields[1:-8])
    if any(mark in field for field in fields[2:-8] for mark in ("SPEAKER", "<NA>")):
        raise RttmError(place, f"{len(fields)} fields, expected 10", "a line end may be missing")
    start, length = (
        _microseconds(fields[index], place, what) for index, what in ((-7, "onset"), (-6, "length"))
    )
    label = fields[-3]
    if label == "<NA>":
        raise RttmError(place, "no label", "found <NA>, expected who speaks in field 8")
    return recording, start, start + length, label


def _microseconds(field: str, place: str, what: str) -> int:
    """Return a field in seconds as whole microseconds."""
    if not NUMBER.fullmatch(field) or not 0 <= float(field) <= MAX_S:
        raise RttmError(
            place,
            f"{what} is not a time",
            f"found {shown(field)}, expected seconds from 0 to {MAX_S:.0f}",
        )
    return round(float(field) * MICROSECONDS)


def _recording(found: list[str], file: str, names: Sequence[str] | None) -> str:
    """Return the recording that has one of the names, or the only one."""
    stems = {re.sub(r"(?i)\.(?:wav|mp3|flac|mp4)$", "", name): name for name in reversed(found)}
    for name in names or ():
        if name in found:
            return name
        if name in stems:
            return stems[name]
    if len(found) > 1:
        raise RttmError(
            file,
            f"{len(found)} recordings, none of this session's name",
            f"found {counted(found)}; looked for {', '.join(names or ('nothing',))}; "
            "give source_name in the sessions table",
        )
    if names:
        logger.warning(
            "%s: its only recording is called %r, looked for %s; taken all the same",
            file,
            found[0],
            ", ".join(names),
        )
    return found[0]
