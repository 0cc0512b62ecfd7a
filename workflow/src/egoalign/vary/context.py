"""What goes on while something is said: clips with labels, joined to speech by overlap in time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.config import ContextTable
from egoalign.corpus.prepare import typed
from egoalign.log import UserError, logger
from egoalign.transcripts.delimited import Line, read_lines
from egoalign.transcripts.segments import number
from egoalign.transcripts.text import decode

Key = tuple[str, str]
"""A session: child_id and session_id."""

IDS = ("child_id", "session_id")
TIMES = ("start_s", "end_s")
DECIMALS = 6
"""Overlaps that are equal to this many decimals of a second count as equal."""

MOST_NAMED = 5
"""How many unknown sessions a message names at most."""


@dataclass(frozen=True, eq=False)
class Context:
    """Clips of all sessions.

    Attributes
    ----------
    values : pyarrow.Table
        One row a clip, the columns that become predictors: numbers or text.
    rows : mapping
        Rows of each session's clips in `values`, by rising start.
    start_s, end_s : numpy.ndarray
        From the start of the video, one a row of `values`.
    """

    values: pa.Table
    rows: Mapping[Key, NDArray[np.int64]]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]

    def of(
        self, session: Key, start_s: NDArray[np.float64], end_s: NDArray[np.float64]
    ) -> pa.Table:
        """Return the values of the clip that each utterance of a session lies in most.

        Parameters
        ----------
        session : tuple of str
            child_id and session_id.
        start_s, end_s : numpy.ndarray
            Times of the utterances, NaN where not known, shape (n,).

        Returns
        -------
        pyarrow.Table
            n rows, missing where no clip overlaps.
        """
        own = self.rows.get(session, np.zeros(0, dtype=np.int64))
        place = overlapping(start_s, end_s, self.start_s[own], self.end_s[own])
        found = np.append(own, 0)[place]
        return self.values.take(pa.array(found, pa.int64(), mask=place < 0))


def overlapping(
    start_s: NDArray[np.float64],
    end_s: NDArray[np.float64],
    clip_start_s: NDArray[np.float64],
    clip_end_s: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the clip that overlaps each utterance longest.

    Of clips that overlap it equally long, the one that starts first; of these, the first given.
    An utterance without an end, or as long as nothing, lies in the clip that holds its start.

    Parameters
    ----------
    start_s, end_s : numpy.ndarray
        Times of the utterances, NaN where not known, shape (n,).
    clip_start_s, clip_end_s : numpy.ndarray
        Times of the clips, by rising start, shape (m,).

    Returns
    -------
    numpy.ndarray
        Position among the clips, -1 where none overlaps, shape (n,).
    """
    found = np.full(start_s.size, -1, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(start_s))
    if not known.size or not clip_start_s.size:
        return found
    begin, end = start_s[known], end_s[known]
    instant = ~(end > begin)
    # Clips before `first` have all ended, those from `last` on have not begun.
    first = np.searchsorted(np.maximum.accumulate(clip_end_s), begin, side="right")
    last = np.where(
        instant,
        np.searchsorted(clip_start_s, begin, side="right"),
        np.searchsorted(clip_start_s, end, side="left"),
    )
    count = np.maximum(last - first, 0)
    some = np.flatnonzero(count)
    if not some.size:
        return found
    of = np.repeat(some, count[some])
    offsets = np.cumsum(count[some]) - count[some]
    clip = np.arange(of.size) - np.repeat(offsets - first[some], count[some])
    shared = np.minimum(end[of], clip_end_s[clip]) - np.maximum(begin[of], clip_start_s[clip])
    shared = np.round(np.where(instant[of], clip_end_s[clip] > begin[of], shared), DECIMALS)
    longest = np.maximum.reduceat(shared, offsets)
    is_longest = np.flatnonzero(shared == np.repeat(longest, count[some]))
    _, at = np.unique(of[is_longest], return_index=True)
    best = is_longest[at]
    found[known[some]] = np.where(shared[best] > 0, clip[best], -1)
    return found


def read_context(
    options: ContextTable, sessions: Collection[Key], excluded: Collection[Key] = ()
) -> Context:
    """Read the table of clips, and log what is odd in it.

    Parameters
    ----------
    options : ContextTable
        The file, and the columns that become predictors.
    sessions, excluded : collection of (str, str)
        Sessions of the corpus, and those that the lab excludes, whose clips are passed over.

    Raises
    ------
    UserError
        The file cannot be read, a column is missing, a clip has no times or ends before it
        starts, or no clip belongs to a session of the corpus.
    """
    path = Path(options.path)
    try:
        text, _ = decode(path.read_bytes())
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); check vary.predictors.context"
        ) from error
    needed = dict.fromkeys(
        (*IDS, *TIMES, *options.columns), "see vary.predictors.context in the documentation"
    )
    rows: dict[Key, list[int]] = {}
    times: list[tuple[float, float]] = []
    cells: dict[str, list[str]] = {name: [] for name in options.columns}
    strangers: dict[Key, int] = {}
    passed_over = 0
    for line in read_lines(text, str(path), needed):
        session = (line.cells["child_id"].strip(), line.cells["session_id"].strip())
        if session in excluded:
            passed_over += 1
            continue
        if session not in sessions:
            strangers[session] = strangers.get(session, 0) + 1
            continue
        rows.setdefault(session, []).append(len(times))
        times.append(_times(line))
        for name, column in cells.items():
            column.append(line.cells[name].strip())
    if strangers:
        _tell_strangers(path, strangers, sessions, fatal=not times)
    start_s, end_s = np.array(times, dtype=np.float64).reshape(-1, 2).T
    ordered = {
        session: (own := np.array(mine, dtype=np.int64))[np.argsort(start_s[own], kind="stable")]
        for session, mine in rows.items()
    }
    overlaps = {session: _overlaps(start_s[own], end_s[own]) for session, own in ordered.items()}
    logger.info(
        "%s: %d clips of %d of %d sessions; %d of excluded sessions passed over",
        path,
        len(times),
        len(rows),
        len(sessions),
        passed_over,
    )
    if any(overlaps.values()):
        first = next(session for session, count in overlaps.items() if count)
        logger.warning(
            "%s: %d clips begin before an earlier one of their session has ended, first in %s; "
            "speech is given to the clip that it shares most time with",
            path,
            sum(overlaps.values()),
            "/".join(first),
        )
    values = pa.table({name: typed(column) for name, column in cells.items()})
    return Context(values, ordered, start_s, end_s)


def _times(line: Line) -> tuple[float, float]:
    """Return start and end of a clip."""
    start_s, end_s = (number(line.cells[name], line.place, name) for name in TIMES)
    if start_s is None or end_s is None or end_s <= start_s:
        raise UserError(
            f"{line.place}: clip from {line.cells['start_s']!r} to {line.cells['end_s']!r}; "
            "expected seconds from the start of the video, with start_s < end_s"
        )
    return start_s, end_s


def _overlaps(start_s: NDArray[np.float64], end_s: NDArray[np.float64]) -> int:
    """Count the clips, by rising start, that begin before an earlier one has ended."""
    return int((start_s[1:] < np.maximum.accumulate(end_s)[:-1]).sum())


def _tell_strangers(
    path: Path, strangers: Mapping[Key, int], sessions: Collection[Key], fatal: bool
) -> None:
    """Warn of clips of sessions that the corpus does not have; refuse a table of nothing else."""
    shown = ", ".join("/".join(session) for session in list(strangers)[:MOST_NAMED])
    more = len(strangers) - MOST_NAMED
    message = (
        f"{path}: {sum(strangers.values())} clips belong to no session of the corpus: {shown}"
        f"{f' and {more} more' if more > 0 else ''}"
    )
    if fatal:
        example = "/".join(next(iter(sessions), ("no", "session")))
        raise UserError(
            f"{message}; expected child_id and session_id as in sessions.tsv, such as {example}"
        )
    logger.warning("%s; check its child_id and session_id", message)
